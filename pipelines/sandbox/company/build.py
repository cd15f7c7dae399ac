"""The whole company as a Jira site: every stream simulated, recorded, muddled as real sites are, and assembled."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random

from pipelines.sandbox.company import additions, habits, upheavals
from pipelines.sandbox.company.assemble import assemble
from pipelines.sandbox.company.clocks import WEEK, from_ms, to_ms
from pipelines.sandbox.company.drafts import Draft, Recorder
from pipelines.sandbox.company.engine import Simulation
from pipelines.sandbox.company.people import Person, Staff
from pipelines.sandbox.company.reference import (
    ISSUE_TYPES,
    RESOLUTIONS,
    board,
    list_fields,
    list_statuses,
    project_id,
    project_json,
)
from pipelines.sandbox.company.scenes import Span, Team, hire_team, set_scene
from pipelines.sandbox.company.state import Blocker, Item
from pipelines.sandbox.company.streams import CORE, LAB, PLATFORM, STREAMS
from pipelines.sandbox.site import Site
from pipelines.sandbox.system_fields import LINK_TYPES

SEED = 20260630

NOW = datetime(2026, 6, 30, 16, tzinfo=UTC)
"""The company's clock stands still here."""

BEGIN = datetime(2024, 11, 4, 5, tzinfo=UTC)
"""A Monday, midnight in New York."""

WEEKS = 86
"""Whole weeks from BEGIN to NOW."""

Relief = Mapping[str, Mapping[str, float]]
"""Project key to factors on the hours of its stages or pools (a gate: on its interval)."""


def simulate_company(
    seed: int = SEED, *, weeks: int = WEEKS, relief: Relief | None = None, relief_weeks: int = 26,
    flag_name: str = "Flagged",
) -> Site:  # fmt: skip
    """Make the company's Jira site: ``weeks`` of history up to NOW, the same for the same arguments on every machine.

    With ``relief`` the same company, with the same issues and chances, in which the named stages or pools were faster
    in the last ``relief_weeks`` weeks: what truly follows from an intervention. ``flag_name`` is how ``/field`` calls
    the flag; changelogs say "Flagged" whatever the site's language.
    """
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        site = _simulate(seed, company_span(weeks), relief or {}, relief_weeks)
        site.fields = list_fields(flag_name)
        return site
    finally:
        if is_collecting:
            gc.enable()


def company_span(weeks: int = WEEKS) -> Span:
    """From a Monday (midnight in New York) so many weeks ago until NOW."""
    return Span(to_ms(BEGIN) + (WEEKS - weeks) * WEEK, to_ms(NOW))


def hire_company(seed: int, span: Span) -> tuple[tuple[Team, ...], tuple[Person, Person]]:
    """The team of every stream, and the two apps: one that moves issues, one that only comments."""
    staff = Staff(Random(f"{seed}/staff"))
    bots = (staff.install("Automation for Jira"), staff.install("Build Reporter"))
    return tuple(hire_team(spec, staff, span) for spec in STREAMS), bots


def _simulate(seed: int, span: Span, relief: Relief, relief_weeks: int) -> Site:
    """Make the site. A million small objects are made and none thrown away: the collector would only look at them."""
    teams, bots = hire_company(seed, span)
    drafts: list[Draft] = []
    recorders: list[Recorder] = []
    blockers: tuple[Blocker, ...] = ()
    for team in teams:
        key = team.spec.key
        scene = set_scene(
            team, span, str(seed), relief=relief.get(key), relief_from=span.end - relief_weeks * WEEK,
            blockers=blockers,
        )  # fmt: skip
        simulation = Simulation(scene)
        items = simulation.run()
        blockers = _more_blockers(blockers, key, items)
        recorder = Recorder(team, span, simulation.gate_openings, f"{seed}/{key}", bots[0])
        drafts += _record(recorder, items, bots[1])
        recorders.append(recorder)
    _move_between(drafts, Random(f"{seed}/moves"), recorders[0].people[0])
    upheavals.rename_status(drafts)
    return _site(drafts, recorders, span, str(seed))


def _more_blockers(known: Sequence[Blocker], key: str, items: Sequence[Item]) -> tuple[Blocker, ...]:
    """Issues that later streams may wait for, ascending by finish."""
    fresh = [Blocker(key, item.number, item.started, item.first_finished)
             for item in items if item.started is not None and item.first_finished]  # fmt: skip
    return tuple(sorted([*known, *fresh], key=lambda blocker: (blocker.finished, blocker.stream, blocker.number)))


def _record(recorder: Recorder, items: Sequence[Item], bot: Person) -> list[Draft]:
    """Record one stream with all its habits, and what surrounds its work."""
    rng = Random(f"{recorder.seed}/habits")
    drafts = recorder.record(items)
    subtasks = additions.add_subtasks(recorder, drafts, 0.15) if recorder.spec.key == "MOB" else []
    if recorder.spec.standup_share:
        habits.record_at_standups(recorder, drafts, rng)
    if recorder.spec.arrivals_per_week:
        habits.start_at_once(recorder, drafts, rng, 9)
    if recorder.spec.assigns:
        habits.forget_assignees(recorder, drafts, rng, 0.03)
    if recorder.spec.key == "WEB":
        upheavals.pass_staging(drafts, rng)
    habits.transition_to_itself(drafts, rng, 5)
    habits.blame_deliveries(drafts, rng)
    habits.edit_texts(recorder, drafts, rng, recorder.span.end)
    habits.comment(recorder, drafts, rng, bot)
    epics = additions.add_epics(recorder, drafts)
    habits.lose_authors(drafts, rng, 4)
    return drafts + subtasks + epics + additions.add_retroactive(recorder, 8)


def _move_between(drafts: Sequence[Draft], rng: Random, mover: Person) -> None:
    """Move a few issues out of the laboratory and the platform, then migrate Core Services' workflow in silence."""
    by_key = {spec.key: [draft for draft in drafts if draft.spec is spec and draft.number >= 0] for spec in STREAMS}
    for origin, target, count in ((LAB, "CORE", 10), (LAB, "PAY", 6), (PLATFORM, "WEB", 6)):
        upheavals.move_from(origin, by_key[target], mover, rng, count)
    upheavals.migrate_in_silence(by_key[CORE.key])


def _site(drafts: Sequence[Draft], recorders: Sequence[Recorder], span: Span, seed: str) -> Site:
    assembly = assemble(drafts, span.end, seed)
    return Site(
        issues=assembly.issues,
        statuses=list_statuses(),
        fields=list_fields("Flagged"),
        projects=[project_json(spec) for spec in STREAMS],
        versions={project_id(recorder.spec.key): list(recorder.versions.values()) for recorder in recorders},
        boards=[board(spec, span.begin, span.end) for spec in STREAMS],
        issue_link_types=list(LINK_TYPES),
        resolutions=RESOLUTIONS,
        issue_types=list(ISSUE_TYPES.values()),
        now=from_ms(span.end),
        old_keys=assembly.old_keys,
    )
