"""The simulation itself, on streams of one or two stages small enough to work out by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest

from pipelines.sandbox.company.clocks import DAY, HOUR, WEEK, to_ms
from pipelines.sandbox.company.engine import Simulation
from pipelines.sandbox.company.people import BERLIN, NEW_YORK, Staff
from pipelines.sandbox.company.scenes import Span, hire_team, set_scene
from pipelines.sandbox.company.specs import PoolSpec, StageSpec, StreamSpec
from pipelines.sandbox.company.state import Blocker, Item

BEGIN = to_ms(datetime(2025, 1, 6, tzinfo=UTC))
"""A Monday."""


def spec(*stages: StageSpec, pools: tuple[PoolSpec, ...], **habits: object) -> StreamSpec:
    """A stream without accidents unless they are asked for."""
    quiet = {"cancel_share": 0.0, "drop_share": 0.0, "block_share": 0.0, "reopen_share": 0.0, "bug_share": 0.0}
    return StreamSpec("TST", "Test", BERLIN, stages, pools, **{"arrivals_per_week": 5.0, **quiet, **habits})


def simulate(
    stream: StreamSpec, weeks: int = 20, *, relief: Mapping[str, float] | None = None,
    blockers: tuple[Blocker, ...] = (), has_days_off: bool = False,
) -> list[Item]:  # fmt: skip
    """Every issue of a stream after so many weeks."""
    span = Span(BEGIN, BEGIN + weeks * WEEK)
    team = hire_team(stream, Staff(Random("tests")), span, has_days_off=has_days_off)
    return Simulation(set_scene(team, span, "tests", relief=relief, blockers=blockers)).run()


def names(item: Item) -> list[str]:
    """Statuses in order."""
    return [event.value for event in item.log if event.what == "status"]


def stays(item: Item, status: str) -> list[tuple[int, int]]:
    """Stays in a status that have ended."""
    events = [event for event in item.log if event.what in ("status", "cancel")]
    return [(a.at, b.at) for a, b in pairwise(events) if a.value == status]


BUILD = StageSpec("Build", "Building", "Ready", "builders", 4.0)
CHECK = StageSpec("Check", "Checking", "Ready to Check", "checkers", 4.0)
BUILDERS, CHECKERS = PoolSpec("builders", 1, BERLIN), PoolSpec("checkers", 1, BERLIN)


def test_an_issue_walks_through_queue_and_work_of_every_stage():
    items = simulate(spec(BUILD, CHECK, pools=(BUILDERS, CHECKERS)))
    walk = ["Backlog", "Ready", "Building", "Ready to Check", "Checking", "Done"]
    assert len([item for item in items if item.finished]) > 50
    assert all(names(item) == walk for item in items if item.finished)
    assert all(names(item) == walk[: len(names(item))] for item in items)


def test_without_a_queue_column_waiting_hides_in_the_active_status():
    hidden = StageSpec("Check", "Checking", "", "checkers", 4.0)
    items = simulate(spec(BUILD, hidden, pools=(BUILDERS, CHECKERS)))
    done = next(item for item in items if item.finished)
    assert names(done) == ["Backlog", "Ready", "Building", "Checking", "Done"]
    checker = [event for event in done.log if event.what == "assign"][-1]
    entered = next(event.at for event in done.log if event.value == "Checking")
    assert checker.at > entered, "it was picked up after it had come in"


def test_a_person_who_single_tasks_has_one_issue_active_at_a_time():
    items = simulate(spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0))
    spans = sorted(stay for item in items for stay in stays(item, "Building"))
    assert len(spans) > 100
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_a_person_with_three_slots_has_up_to_three_issues_active():
    pools = (PoolSpec("builders", 1, BERLIN, slots=3),)
    items = simulate(spec(BUILD, pools=pools, arrivals_per_week=20.0))
    edges = sorted((at, step) for item in items for a, b in stays(item, "Building") for at, step in ((a, 1), (b, -1)))
    level, highest = 0, 0
    for _, step in edges:
        level += step
        highest = max(highest, level)
    assert highest == 3


def test_multitasking_lengthens_stays_but_not_what_gets_done():
    single = simulate(spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0))
    triple = simulate(spec(BUILD, pools=(PoolSpec("builders", 1, BERLIN, slots=3),), arrivals_per_week=20.0))

    def mean_stay(items: list[Item]) -> float:
        lengths = [b - a for item in items for a, b in stays(item, "Building")]
        return sum(lengths) / len(lengths)

    finished = [sum(item.finished is not None for item in items) for items in (single, triple)]
    assert mean_stay(triple) > 2 * mean_stay(single)
    assert abs(finished[0] - finished[1]) <= 3


def test_saturated_people_finish_what_their_hours_allow():
    items = simulate(spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0), weeks=40)
    per_week = sum(item.finished is not None for item in items) / 40
    assert per_week == pytest.approx(40 / BUILD.hours, rel=0.08)


def test_nobody_works_at_night_or_on_weekends():
    items = simulate(spec(BUILD, CHECK, pools=(BUILDERS, CHECKERS)))
    for item in items:
        for event in item.log[2:]:
            local = (
                datetime.fromtimestamp(event.at / 1000, UTC).hour
                + 1
                + (event.at > to_ms(datetime(2025, 3, 30, tzinfo=UTC)))
            )
            assert 9 <= local <= 17
            assert datetime.fromtimestamp(event.at / 1000, UTC).weekday() < 5


def test_days_off_cost_capacity():
    rested = simulate(spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0), weeks=52, has_days_off=True)
    tireless = simulate(spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0), weeks=52)
    ratio = sum(i.finished is not None for i in rested) / sum(i.finished is not None for i in tireless)
    assert 0.75 < ratio < 0.95


def test_a_cover_works_while_the_only_member_is_away():
    alone = spec(BUILD, pools=(BUILDERS,), arrivals_per_week=20.0)
    covered = spec(BUILD, pools=(PoolSpec("builders", 1, BERLIN, has_cover=True),), arrivals_per_week=20.0)
    finished = [sum(i.finished is not None for i in simulate(s, 52, has_days_off=True)) for s in (alone, covered)]
    assert finished[1] > finished[0] * 1.05


def test_rework_returns_to_whoever_did_the_first_stage():
    strict = StageSpec("Check", "Checking", "Ready to Check", "checkers", 2.0, rework=0.5)
    items = simulate(spec(BUILD, strict, pools=(PoolSpec("builders", 3, BERLIN), CHECKERS)))
    returned = [item for item in items if names(item).count("Building") > 1]
    assert len(returned) > 20
    for item in returned:
        builders = [e.value for e in item.log if e.what == "assign" and e.value and e.value is not item.log[0].actor]
        assert item.owner is not None
        assert builders[0] is item.owner.person
        assert names(item)[4:6] == ["Checking", "Building"]


def test_nobody_checks_what_they_built():
    shared = (PoolSpec("builders", 3, BERLIN),)
    items = simulate(spec(BUILD, StageSpec("Check", "Checking", "Ready to Check", "builders", 2.0), pools=shared))
    for item in items:
        people = [event.value for event in item.log if event.what == "assign"]
        assert len(people) == len(set(people))


def test_people_who_prefer_to_start_let_finished_building_wait():
    def waits(bias: float) -> float:
        check = StageSpec("Check", "Checking", "Ready to Check", "builders", 3.0)
        shared = (PoolSpec("builders", 3, BERLIN, start_bias=bias),)
        items = simulate(spec(BUILD, check, pools=shared, arrivals_per_week=16.0), weeks=30)
        spans = [b - a for item in items for a, b in stays(item, "Ready to Check")]
        return sum(spans) / len(spans)

    assert waits(1.0) > 1.5 * waits(0.0)


def test_a_gate_lets_everything_out_that_waits_when_it_opens():
    gate = StageSpec("Release", "Released", "Ready for Release", gate_days=14)
    stream = spec(BUILD, gate, pools=(BUILDERS,), done_status="Released")
    items = simulate(stream)
    departures = sorted(item.finished for item in items if item.finished)
    days = sorted({at // DAY for at in departures})
    assert all((later - earlier) % 14 == 0 for earlier, later in pairwise(days))
    assert all("version" in [event.what for event in item.log] for item in items if item.finished)


def test_relieving_a_gate_makes_it_open_more_often():
    gate = StageSpec("Release", "Released", "Ready for Release", gate_days=14)
    stream = spec(BUILD, gate, pools=(BUILDERS,), done_status="Released")
    days = {item.finished // DAY for item in simulate(stream, relief={"Release": 0.5}) if item.finished}
    assert min(later - earlier for earlier, later in pairwise(sorted(days))) == 7


def test_bugs_on_the_fast_lane_pass_the_gate_at_once():
    gate = StageSpec("Release", "Released", "Ready for Release", gate_days=14)
    stream = spec(BUILD, gate, pools=(BUILDERS,), done_status="Released", bug_share=0.5, fast_lane=1.0)
    items = simulate(stream)
    fast = [b - a for item in items if item.kind == "Bug" for a, b in stays(item, "Ready for Release")]
    slow = [b - a for item in items if item.kind != "Bug" for a, b in stays(item, "Ready for Release")]
    assert max(fast) == HOUR
    assert max(slow) > 7 * DAY


def test_impediments_are_raised_and_lifted_and_the_work_goes_on():
    items = simulate(spec(BUILD, pools=(BUILDERS,), block_share=0.4))
    flags = [[e.value for e in item.log if e.what == "flag"] for item in items if item.finished]
    assert sum(bool(raised) for raised in flags) > 20
    assert all(raised in ([], [True, False]) for raised in flags)


def test_work_on_hold_returns_to_the_status_it_came_from():
    items = simulate(spec(BUILD, pools=(BUILDERS,), block_share=0.4, hold_status="On Hold"))
    held = [names(item) for item in items if item.finished and "On Hold" in names(item)]
    assert len(held) > 20
    assert all(walk == ["Backlog", "Ready", "Building", "On Hold", "Building", "Done"] for walk in held)


def test_an_issue_blocked_by_another_resumes_after_that_is_finished():
    others = tuple(Blocker("OTH", n, BEGIN, BEGIN + n * DAY // 2) for n in range(1, 270))
    items = simulate(spec(BUILD, pools=(BUILDERS,), block_share=0.5), blockers=others)
    links = [(item, event) for item in items for event in item.log if event.what == "link"]
    assert len(links) > 5
    for item, event in links:
        assert event.value.started < event.at < event.value.finished
        if item.finished:
            assert item.finished > event.value.finished


def test_cancelled_work_ends_without_being_finished():
    items = simulate(spec(BUILD, CHECK, pools=(BUILDERS, CHECKERS), cancel_share=0.3))
    cancelled = [item for item in items if item.cancelled]
    assert len(cancelled) > 15
    assert all(item.finished is None and item.log[-1].what == "cancel" for item in cancelled)
    assert {names(item)[-1] for item in cancelled} == {"Ready", "Ready to Check"}


def test_dropped_ideas_never_start():
    items = simulate(spec(BUILD, pools=(BUILDERS,), drop_share=0.3))
    dropped = [item for item in items if item.cancelled]
    assert len(dropped) > 10
    assert all(item.started is None and names(item) == ["Backlog"] for item in dropped)


def test_reopened_work_goes_back_to_the_first_stage_and_is_finished_again():
    items = simulate(spec(BUILD, pools=(BUILDERS,), reopen_share=0.4), weeks=40)
    again = [item for item in items if names(item).count("Done") == 2]
    assert len(again) > 20
    for item in again:
        assert names(item)[3:] == ["Done", "Building", "Done"]
        assert item.first_finished is not None and item.finished is not None
        assert item.first_finished < item.finished


def test_a_backlog_fed_stream_starts_when_people_are_free_and_never_runs_dry():
    items = simulate(
        spec(StageSpec("Build", "Building", "", "builders", 4.0), pools=(BUILDERS,), arrivals_per_week=0.0)
    )
    spans = sorted(stay for item in items for stay in stays(item, "Building"))
    idle = sum(later[0] - earlier[1] for earlier, later in pairwise(spans))
    assert idle < 2 * HOUR
    assert sum(item.started is None for item in items) >= 20


def test_a_limit_on_work_in_progress_holds_until_it_is_dropped():
    build, check = (
        StageSpec("Build", "Building", "", "builders", 4.0),
        StageSpec("Check", "Checking", "", "checkers", 8.0),
    )
    stream = spec(build, check, pools=(BUILDERS, CHECKERS), arrivals_per_week=0.0, wip_limit=6, wip_limit_days=70)
    items = simulate(stream)

    def in_progress(at: int) -> int:
        return sum(i.started is not None and i.started <= at and (i.finished or at + 1) > at for i in items)

    dropped = BEGIN + 10 * WEEK
    assert max(in_progress(BEGIN + day * DAY) for day in range(70)) == 6
    assert in_progress(dropped + 9 * WEEK) > 30


def test_a_relief_changes_nothing_before_it_begins_and_no_other_chance():
    span = Span(BEGIN, BEGIN + 20 * WEEK)
    team = hire_team(spec(BUILD, pools=(BUILDERS,)), Staff(Random("tests")), span, has_days_off=False)
    half = BEGIN + 10 * WEEK
    plain = Simulation(set_scene(team, span, "s")).run()
    eased = Simulation(set_scene(team, span, "s", relief={"Build": 0.5}, relief_from=half)).run()
    assert [item.created for item in plain] == [item.created for item in eased]
    before = [[(e.at, e.what) for e in item.log if e.at < half] for item in plain]
    assert before == [[(e.at, e.what) for e in item.log if e.at < half] for item in eased]
    late = [
        (a, b) for a, b in zip(plain, eased, strict=True) if a.finished and a.created > half and a.started == b.started
    ]
    assert late and all(b.finished and b.finished < a.finished for a, b in late if a.finished)


def test_late_friday_results_are_recorded_in_the_last_half_hour():
    approve = StageSpec("Approve", "Approving", "Waiting", "approver", 4.0, late_friday=1.0)
    items = simulate(spec(approve, pools=(PoolSpec("approver", 1, NEW_YORK),), arrivals_per_week=9.0))
    ends = [datetime.fromtimestamp(i.finished / 1000, UTC) for i in items if i.finished]
    fridays = [at for at in ends if at.weekday() == 4 and at.hour >= 19]
    assert len(fridays) > 10
    assert all(at.minute >= 30 for at in fridays)


def test_planning_meetings_alone_commit_work():
    items = simulate(spec(BUILD, pools=(BUILDERS,), planning_days=14))
    commitments = {event.at for item in items for event in item.log if event.value == "Ready"}
    assert 5 <= len(commitments) <= 10
    assert all((at - BEGIN) // DAY % 14 == 0 for at in commitments)
