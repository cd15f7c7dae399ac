"""Stages, kinds and points are found whatever a team calls its statuses: the simulated company under other names.

Judged by the simulated truth, weighted by the hours issues spend in a status; the backlog is left out, which would
outweigh everything. The house's promise is nine tenths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl
import pytest

from pipelines.sandbox.company import company_truth, simulate_company
from pipelines.sandbox.company.truth import StatusTruth, StreamTruth
from tests.transforms.naming_styles import BARE_CHOICES, HELD_OUT, STYLES
from tests.transforms.workflow_frames import CALENDAR, frame, tables_of_recorded
from transforms.core.status_visits import build_status_visits
from transforms.infer_workflow import infer_workflow
from transforms.raw import RawProjects, RawStatuses
from transforms.workflow import Workflow
from transforms.workflow_rules import WorkflowRules

PROMISE = 0.9

OWN_NAMES = {"the company's own": {}}

ALL_STYLES = OWN_NAMES | STYLES | HELD_OUT


@dataclass(frozen=True)
class Company:
    """Raw tables of half a year of the company, and the hours by stream and status."""

    tables: tuple[pl.DataFrame, ...]
    statuses: dict[int, tuple[str, str | None]]
    hours: dict[tuple[str, int], float]


@cache
def company() -> Company:
    site = simulate_company(weeks=26)
    issues, changes, named, _, resolutions = tables_of_recorded(site.issues.values())
    projects = [{"project_id": int(p["id"]), "project_key": p["key"], "project_name": p["name"]} for p in site.projects]
    statuses = {i: (name, None) for i, name in named.select("status_id", "status_name").iter_rows()}
    statuses |= {int(s["id"]): (s["name"], s["statusCategory"]["key"]) for s in site.statuses}
    made = Company((issues, changes, frame(RawProjects, projects), resolutions), statuses, {})
    visits = build_status_visits(issues.lazy(), changes.lazy(), inferred(made, {}), site.now).collect()
    sums = visits.group_by("value_stream", "status_id").agg(pl.col.elapsed_ms.sum() / 3_600_000)
    made.hours.update({(stream, status): hours for stream, status, hours in sums.iter_rows()})
    return made


def inferred(of: Company, names: dict[str, str]) -> Workflow:
    issues, changes, projects, resolutions = of.tables
    rows = [
        {"status_id": i, "status_name": names.get(name, name), "category": category, "is_listed": category is not None}
        for i, (name, category) in of.statuses.items()
    ]
    rules = WorkflowRules(CALENDAR)
    return infer_workflow(rules, issues, changes, frame(RawStatuses, rows), projects, resolutions)


@dataclass
class Score:
    """Hours of statuses that are right, of all."""

    total: float = 0.0
    kinds: float = 0.0
    stages: float = 0.0
    points: float = 0.0

    def add(self, hours: float, *, kind: bool, stage: bool, point: bool) -> None:
        self.total += hours
        self.kinds += hours * kind
        self.stages += hours * stage
        self.points += hours * point

    def shares(self) -> tuple[float, float, float]:
        return self.kinds / self.total, self.stages / self.total, self.points / self.total


@cache
def score(style: str) -> dict[str, Score]:
    """By stream, how much of the proposal is right."""
    names = ALL_STYLES[style]
    workflow = inferred(company(), names)
    return {stream.name: judged(workflow, stream, names) for stream in company_truth()}


def judged(workflow: Workflow, stream: StreamTruth, names: dict[str, str]) -> Score:
    found = {row["status_id"]: row for row in workflow.statuses.iter_rows(named=True)
             if row["value_stream"] == stream.name}  # fmt: skip
    committed = next(s.commitment_order for s in workflow.streams if s.name == stream.name)
    first = next(s.order for s in stream.statuses if s.status_id == stream.commitment_status_id)
    told, total = [s for s in stream.statuses if s.status_id in found], Score()
    work = [s for s in told if s.kind not in ("done", "discarded")]
    for status in told:
        row = found[status.status_id]
        is_started = row["status_order"] is not None and row["status_order"] >= committed
        total.add(
            weight(stream, status),
            kind=row["work_kind"] == status.kind,
            stage=status not in work or is_stage_right(status, work, found, names),
            point=status.order < 0 or is_started == (status.order >= first),
        )
    return total


def weight(stream: StreamTruth, status: StatusTruth) -> float:
    """Hours; a terminal status or the backlog counts a little, so that to miss it shows."""
    is_long = status.kind in ("done", "discarded") or status.order == 0
    return 1.0 if is_long else company().hours[stream.name, status.status_id]


def is_stage_right(status, work, found, names) -> bool:
    """Whether exactly those statuses share its stage that should. A bare choice may stand alone or with its work."""
    mine = found[status.status_id]["stage_name"]
    together = {s.status_id for s in work if found[s.status_id]["stage_name"] == mine}

    def alone(s: StatusTruth) -> str:
        name = names.get(s.name, s.name)
        return name if name in BARE_CHOICES else s.stage

    right = [{s.status_id for s in work if of(s) == of(status)} for of in (alone, lambda s: s.stage)]
    return together in right


@pytest.mark.parametrize("style", ALL_STYLES)
def test_stages_kinds_and_points_are_found_under_every_name(style):
    for stream, found in score(style).items():
        assert min(found.shares()) >= PROMISE, (stream, found.shares())


@pytest.mark.parametrize("style", [*OWN_NAMES, *STYLES])
def test_in_the_languages_we_know_next_to_nothing_is_wrong(style):
    whole = Score()
    for found in score(style).values():
        for part in ("total", "kinds", "stages", "points"):
            setattr(whole, part, getattr(whole, part) + getattr(found, part))
    assert min(whole.shares()) >= 0.99


def test_a_board_that_hides_its_waits_is_not_given_any():
    """Mobile Apps has no queue columns after the choice: nothing may be called a wait there that is not."""
    [mobile] = [stream for stream in company_truth() if stream.project_key == "MOB"]
    rows = inferred(company(), STYLES["german"]).statuses.filter(pl.col.value_stream == mobile.name)
    kinds = dict(rows.select("status_id", "work_kind").iter_rows())
    assert [kinds[s.status_id] for s in mobile.statuses if s.order in (2, 3, 4)] == ["active"] * 3


def test_names_in_a_language_nobody_knows_fall_back_on_categories():
    names = {name: f"Zqx {number}" for number, name in enumerate(STYLES["german"])}
    rows = inferred(company(), names).statuses
    assert set(rows.filter(pl.col.work_kind == "active")["decided_by"]) == {"category"}
    assert "blocked" not in rows["work_kind"].cast(pl.String).to_list()
