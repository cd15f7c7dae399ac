"""What the metrics make of a stream that had another definition before: each event by the one that held then."""

from datetime import date, datetime

import polars as pl
from hypothesis import given

from tests.builders import BOARD, board_column, board_columns, frames, history
from tests.strategies import dated_cases
from tests.transforms.core.against_brute_force import many
from tests.transforms.core.test_definitions import redefined, with_meanings
from tests.transforms.metrics.metric_frames import core_of
from transforms.core.changes import publish_changes
from transforms.core.return_passes import find_return_passes
from transforms.definitions import cut_visits, cut_where_ended
from transforms.metrics.backward_moves import backward_moves
from transforms.metrics.exits import waiting_exits
from transforms.metrics.failure_demand import measure_failure_demand
from transforms.metrics.flow_weekly import add_wip_limit
from transforms.metrics.late_changes import measure_late_changes
from transforms.metrics.rework_edges import trace_rework_edges
from transforms.metrics.stage_stays import stage_pieces, stage_runs, visits_then
from transforms.metrics.value_stream_map import map_value_streams
from transforms.quality.log_detectors import exits_of, status_moves

DAY, MIDNIGHT = date(2026, 3, 11), datetime.fromisoformat("2026-03-11T00:00+01:00")
AS_OF = datetime.fromisoformat("2026-06-30T16:00+00:00")

NOW = BOARD.workflow()
REVIEW_WAS_DEVELOPMENT = redefined(
    NOW, (DAY, with_meanings(NOW, {10002: ("queue", "Development"), 10003: ("active", "Development")}))
)
"""The stage Review begins on the day; its statuses were part of the development before."""

COMMITTED_LATE = redefined(NOW, (DAY, BOARD.workflow(commitment="In Progress")))
"""Before the day work counted as started late, in development; from then on when it is selected."""

COMMITTED_EARLY = redefined(BOARD.workflow(commitment="In Progress"), (DAY, NOW))
"""The other way round."""


def reviewed():
    """In Review from the day before to the day after, back to development, and done."""
    told = history("G-1").created("2026-03-02 09:00", status="Selected").to("In Progress", "2026-03-03 09:00")
    told.to("In Review", "2026-03-10 12:00").to("In Progress", "2026-03-12 12:00")
    return told.to("Done", "2026-03-13 12:00")


def tables(workflow):
    core = core_of(frames(reviewed()), workflow, AS_OF)
    return (
        core.status_visits.collect(),
        core.work_intervals.collect(),
        core.issue_journeys.collect(),
        core.stages.collect(),
    )


@given(dated_cases())
@many
def test_backward_moves_are_those_of_the_journeys(case):
    core = core_of(*case.frames_and_workflow())
    journeys = core.issue_journeys.collect()
    visits = cut_where_ended(core.status_visits.collect(), case.workflow, case.as_of)
    moves, _ = backward_moves(visits, core.work_intervals.collect(), journeys, case.workflow)
    told = journeys.filter(pl.col.backward_move_count > 0).select("issue_id", pl.col.backward_move_count.cast(pl.Int64))
    counted = moves.group_by("issue_id").agg(backward_move_count=pl.len().cast(pl.Int64))
    assert counted.sort("issue_id").rows() == told.sort("issue_id").rows()


@given(dated_cases())
@many
def test_visits_as_told_then_are_cut_and_lose_no_time(case):
    visits = core_of(*case.frames_and_workflow()).status_visits.collect()
    told = visits_then(visits, case.workflow, case.as_of)
    key = ["issue_id", "visit_number"]
    spent = told.group_by(key).agg(pl.col("elapsed_ms", "working_ms").sum()).sort(key)
    assert spent.equals(visits.select(*key, "elapsed_ms", "working_ms").sort(key))


def test_a_move_back_is_one_between_the_stages_of_its_day():
    visits, intervals, journeys, _ = tables(REVIEW_WAS_DEVELOPMENT)
    moves, exits = backward_moves(visits, intervals, journeys, REVIEW_WAS_DEVELOPMENT)
    assert moves.select("from_stage_name", "to_stage_name").rows() == [("Review", "Development")]
    assert exits["from_stage_name"].to_list() == ["Selected", "Review", "Development"], "the day itself is no exit"


def test_a_walk_goes_from_stage_to_stage_on_the_day_and_not_back():
    visits, _, journeys, _ = tables(REVIEW_WAS_DEVELOPMENT)
    runs = stage_runs(visits_then(visits, REVIEW_WAS_DEVELOPMENT, AS_OF), journeys, REVIEW_WAS_DEVELOPMENT)
    assert runs.select("stage_name", "is_sent_back").rows() == [
        ("Selected", False), ("Development", False), ("Review", True), ("Development", False), ("Done", False),
    ]  # fmt: skip


def test_what_waits_before_the_commitment_is_cut_too():
    before = with_meanings(NOW, {1: ("active", "Selected")})
    workflow = redefined(NOW, (DAY, before))
    core = core_of(frames(history("G-1").created("2026-03-09 09:00")), workflow, AS_OF)
    visits = visits_then(core.status_visits.collect(), workflow, AS_OF)
    pieces = stage_pieces(core.work_intervals.collect(), visits, core.issue_journeys.collect()["issue_id"])
    assert pieces.select("stage_name", "kind", "is_upstream", "left_at").rows() == [
        ("Selected", "touch", True, MIDNIGHT), ("Backlog", "wait", True, None),
    ]  # fmt: skip


def stages_left(told, workflow):
    raw = frames(told)
    core = core_of(raw, workflow, AS_OF)
    moves = status_moves(raw.issues, raw.changes, core.issue_journeys.collect(), AS_OF)
    return exits_of(moves, cut_visits(core.status_visits.collect(), workflow, AS_OF), workflow)["stage_name"].to_list()


def test_an_exit_is_one_from_the_stage_the_status_had_then():
    for midnight, stage in (("2026-03-11 00:00", "Development"), ("2026-03-11 00:01", "Review")):
        told = history("G-1").created("2026-03-09 09:00", status="In Review").to("In QA", midnight)
        assert stages_left(told, REVIEW_WAS_DEVELOPMENT) == [stage]


def waits(workflow, entered):
    told = history("G-1").created("2026-03-02 09:00").to("Selected", entered)
    raw = frames(told.to("In Progress", "2026-03-20 12:00"))
    core = core_of(raw, workflow, AS_OF)
    ids = core.issue_journeys.collect()["issue_id"]
    return waiting_exits(core.status_visits.collect(), ids, raw.changes, workflow)["stage_name"].to_list()


def test_a_wait_is_one_of_committed_work_by_the_definition_of_its_entry():
    assert waits(COMMITTED_EARLY, "2026-03-10 12:00") == ["Selected"]
    assert waits(COMMITTED_EARLY, "2026-03-12 12:00") == []
    assert waits(COMMITTED_LATE, "2026-03-10 12:00") == []
    assert waits(COMMITTED_LATE, "2026-03-12 12:00") == ["Selected"]


def retreats(workflow, back):
    told = history("G-1").created("2026-03-02 09:00", status="In Progress").to("Selected", back)
    core = core_of(frames(told), workflow, AS_OF)
    made = measure_late_changes(
        publish_changes(core.raw_changes), core.status_visits, core.issue_journeys, workflow, AS_OF
    ).collect()
    return made.filter(period_start_date=date(2026, 1, 1))["back_to_backlog_count"].item()


def test_work_goes_back_to_the_backlog_where_its_new_status_is_before_the_commitment_then():
    assert (retreats(COMMITTED_EARLY, "2026-03-10 12:00"), retreats(COMMITTED_EARLY, "2026-03-12 12:00")) == (0, 1)
    assert (retreats(COMMITTED_LATE, "2026-03-10 12:00"), retreats(COMMITTED_LATE, "2026-03-12 12:00")) == (1, 0)


def test_another_commitment_is_no_way_back():
    told = history("G-1").created("2026-03-02 09:00", status="Selected").to("Backlog", "2026-03-12 12:00")
    core = core_of(frames(told), COMMITTED_EARLY, AS_OF)
    changes = publish_changes(core.raw_changes)
    made = measure_late_changes(changes, core.status_visits, core.issue_journeys, COMMITTED_EARLY, AS_OF).collect()
    assert made["back_to_backlog_count"].sum() == 0


def test_a_stage_that_once_was_committed_tells_until_when():
    stages = {row["stage_name"]: row for row in tables(COMMITTED_EARLY)[3].to_dicts()}
    assert (stages["Selected"]["is_committed"], stages["Selected"]["committed_until_date"]) == (True, DAY)
    assert (stages["Development"]["is_committed"], stages["Development"]["committed_until_date"]) == (True, None)
    assert not stages["Backlog"]["is_committed"]


def test_a_stage_that_has_no_status_any_more_stays_and_says_what_it_had():
    without = with_meanings(NOW, {10002: ("queue", "QA"), 10003: ("active", "QA")})
    gone = redefined(without, (DAY, NOW))
    stages = {row["stage_name"]: row for row in tables(gone)[3].to_dicts()}
    assert stages["Review"]["status_names"] == "Status 10002, Status 10003"
    assert (stages["Review"]["has_queue"], stages["Review"]["has_active"]) == (True, True)
    assert (stages["Review"]["is_committed"], stages["Review"]["committed_until_date"]) == (True, DAY)


def test_the_limit_of_a_stream_is_that_of_the_stages_in_which_work_counts_as_started_now():
    columns = board_columns(*(board_column(name, [name], 2) for name in ("Selected", "In Progress")))
    stages = core_of(frames(reviewed()), COMMITTED_EARLY, AS_OF, board_columns=columns).stages.collect()
    told = stages.filter(pl.col.stage_name.is_in(["Selected", "Development"])).with_columns(wip_limit=pl.lit(2))
    flow = add_wip_limit(pl.DataFrame({"value_stream": stages["value_stream"][:1], "wip_mean": [1.0]}), told)
    assert flow["wip_limit"].to_list() == [2]


def test_the_map_keeps_the_steps_of_the_past():
    core = core_of(frames(reviewed()), COMMITTED_EARLY, AS_OF)
    made = map_value_streams(
        core.raw_issues, core.status_visits, core.work_intervals, core.issue_journeys, core.stages, core.releases,
        COMMITTED_EARLY, AS_OF,
    ).collect()  # fmt: skip
    kinds = dict(made.select("stage_name", "step_kind").unique().iter_rows())
    assert (kinds["Selected"], kinds["Backlog"]) == ("flow", "upstream")
    first = made.filter(stage_name="Selected", period_start_date=date(2026, 1, 1)).row(0, named=True)
    assert first["stage_days_total"] == 1.0


ENDS_EARLIER = redefined(with_meanings(NOW, {10003: ("done", "Review")}), (DAY, NOW))
"""Before the day review is work; from then on it ends work."""


def reviewed_until(back):
    """In review from the day before on, and back to development later."""
    told = history("G-1").created("2026-03-02 09:00", status="In Progress").to("In Review", "2026-03-10 12:00")
    return frames(told.to("In Progress", back) if back else told)


def test_a_visit_in_which_work_ends_on_a_day_is_cut_there():
    core = core_of(reviewed_until(None), ENDS_EARLIER, AS_OF)
    visits = cut_where_ended(core.status_visits.collect(), ENDS_EARLIER, AS_OF)
    assert visits.select("work_kind", "entered_at", "left_at").rows()[1:] == [
        ("active", datetime.fromisoformat("2026-03-10T12:00+01:00"), MIDNIGHT), ("done", MIDNIGHT, None),
    ]  # fmt: skip


def test_work_that_leaves_where_it_ended_on_a_day_is_reopened_and_not_sent_back():
    raw = reviewed_until("2026-03-12 12:00")
    core = core_of(raw, ENDS_EARLIER, AS_OF)
    demand = measure_failure_demand(
        core.raw_issues, core.raw_changes, core.status_visits, core.issue_journeys,
        find_return_passes(core.work_intervals), ENDS_EARLIER, AS_OF,
    )  # fmt: skip
    assert demand.collect().filter(period_start_date=date(2026, 1, 1))["reopened_count"].item() == 1
    edges = trace_rework_edges(core.status_visits, core.work_intervals, core.issue_journeys, ENDS_EARLIER, AS_OF)
    assert edges.collect().is_empty()
    assert trace_rework_edges(core.status_visits, core.work_intervals, core.issue_journeys, NOW, AS_OF).collect().height


def test_what_ended_by_the_definition_of_its_day_leaves_the_stage_in_which_it_ended():
    """Whatever its status means when it is left: log quality counts no exit of the stage which that belongs to then."""
    ends = with_meanings(NOW, {10003: ("done", "Done")})
    ended_before, ends_since = redefined(NOW, (DAY, ends)), redefined(ends, (DAY, NOW))
    for entered, stage in (("2026-03-10 12:00", "Done"), ("2026-03-11 00:00", "Review")):
        told = history("G-1").created("2026-03-02 09:00", status="In Progress").to("In Review", entered)
        assert stages_left(told.to("In QA", "2026-03-12 12:00"), ended_before) == ["Development", stage]
    for back, stage in (("2026-03-11 00:00", "Review"), ("2026-03-12 12:00", "Done")):
        told = history("G-1").created("2026-03-02 09:00", status="In Progress").to("In Review", "2026-03-10 12:00")
        assert stages_left(told.to("In Progress", back), ends_since) == ["Development", stage]


def test_a_wait_that_a_definition_ends_is_nobodys_decision():
    workflow = redefined(with_meanings(NOW, {10002: ("done", "Review")}), (DAY, NOW))
    raw = frames(
        history("G-1").created("2026-03-02 09:00", status="In Progress").to("Ready for Review", "2026-03-10 12:00")
        .to("In Review", "2026-03-12 12:00")
    )  # fmt: skip
    core = core_of(raw, workflow, AS_OF)
    ids = core.issue_journeys.collect()["issue_id"]
    visits = core.status_visits.collect()
    assert waiting_exits(cut_where_ended(visits, workflow, AS_OF), ids, raw.changes, workflow).is_empty()
    assert waiting_exits(visits, ids, raw.changes, NOW).height == 1
