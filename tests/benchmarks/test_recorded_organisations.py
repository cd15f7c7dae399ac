"""What Jira would show of a simulated organisation is what happened in it, and the product reads it back."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from benchmarks.organisations import naive
from benchmarks.organisations.families import make_organisation
from benchmarks.organisations.judging import WHOLE
from benchmarks.organisations.model import BEGIN_OF_PERIOD, END, draw_chances
from benchmarks.organisations.product import Site
from benchmarks.organisations.recording import AS_OF, BEGIN, STYLES, instants, record
from benchmarks.organisations.simulation import simulate
from transforms.raw import RAW_TABLES
from transforms.schema import check_schema, check_values

ORGANISATIONS = tuple(make_organisation(f, 1, "tuning") for f in ("single", "wip_limit", "gate", "external", "rework"))


@cache
def recorded(style):
    return record(ORGANISATIONS, STYLES[style])


@cache
def site(style):
    return Site(recorded(style))


@cache
def run(organisation):
    return simulate(organisation, draw_chances(organisation, 0), keeps_log=True)


def of(frame, organisation):
    return frame.filter(pl.col.value_stream.cast(pl.String) == organisation.key)


@pytest.mark.parametrize("style", STYLES)
def test_the_tables_are_as_the_extraction_would_leave_them(style):
    for table in RAW_TABLES:
        check_schema(table, recorded(style)[table.name])
        check_values(table, recorded(style)[table.name])


@pytest.mark.parametrize("style", STYLES)
def test_every_change_begins_where_the_last_one_ended(style):
    changes = recorded(style)["raw_changes"].sort("issue_id", "history_id")
    assert changes.select((pl.col.changed_at >= pl.col.changed_at.shift(1).over("issue_id")).all()).item()
    for field in ("status", "assignee"):
        own = changes.filter(pl.col.field == field)
        follows = pl.col.from_id.eq_missing(pl.col.to_id.shift(1).over("issue_id"))
        is_first = pl.int_range(pl.len()).over("issue_id") == 0
        assert own.select((follows | is_first).all()).item(), field
        assert not own.select(pl.col.from_id.eq_missing(pl.col.to_id).any()).item(), field


@pytest.mark.parametrize("style", STYLES)
def test_an_issue_is_now_what_its_last_changes_made_it(style):
    issues, changes = recorded(style)["raw_issues"], recorded(style)["raw_changes"].sort("history_id")
    for field, column in (("status", "status_id"), ("assignee", "assignee")):
        last = changes.filter(pl.col.field == field).group_by("issue_id").agg(last=pl.col.to_id.last())
        both = issues.join(last, on="issue_id")
        assert both.select(pl.col(column).eq_missing(pl.col.last).all()).item(), field


@pytest.mark.parametrize("organisation", ORGANISATIONS, ids=lambda o: o.family)
def test_the_product_reads_back_when_work_started_and_finished(organisation):
    happened = run(organisation)
    journeys = of(site("clean").table("issue_journeys").collect(), organisation)
    told = journeys.filter(pl.col.outcome == "delivered").sort("issue_id")
    done = np.flatnonzero(happened.finished < END)
    assert (told["issue_id"] % 100_000 - 1).to_list() == done.tolist()
    assert told["finished_at"].equals(instants(happened.finished[done]).alias("finished_at"))
    assert told["started_at"].equals(instants(happened.started[done]).alias("started_at"))


def test_time_in_progress_is_the_simulated_one_in_working_time():
    happened = run(ORGANISATIONS[0])
    journeys = of(site("clean").table("issue_journeys").collect(), ORGANISATIONS[0])
    told = journeys.filter(pl.col.outcome == "delivered").sort("issue_id")["cycle_working_ms"].to_numpy() / 3_600_000
    done = happened.finished < END
    assert told == pytest.approx((happened.finished - happened.started)[done], abs=1e-5)


def test_the_map_has_the_stages_of_the_organisation_in_order():
    for organisation in ORGANISATIONS:
        steps = of(site("clean").table("value_stream_map").collect(), organisation)
        steps = steps.filter(period_kind=WHOLE.kind, step_kind="flow").sort("stage_order")
        assert steps["stage_name"].to_list() == [stage.name for stage in organisation.stages]


def test_deliveries_of_the_period_are_those_of_the_simulation():
    for organisation in ORGANISATIONS:
        steps = of(site("clean").table("value_stream_map").collect(), organisation).filter(period_kind=WHOLE.kind)
        assert steps["period_start_date"].unique().to_list() == [WHOLE.first]
        outcome = run(organisation).measure(BEGIN_OF_PERIOD, END)
        assert steps["delivered_count"].unique().to_list() == [outcome.deliveries]


def test_half_of_the_moves_are_recorded_at_a_stand_up():
    """And with them what the same issue did later that day."""
    moves = recorded("stand-up")["raw_changes"].filter(pl.col.field == "status")
    is_late = pl.col.changed_at.dt.time() == pl.time(9, 15)
    assert moves.select(is_late.mean()).item() == pytest.approx(0.6, abs=0.1)
    clean = recorded("clean")["raw_changes"].filter(pl.col.field == "status")
    assert clean.select(is_late.mean()).item() < 0.01


def test_nothing_is_recorded_before_it_happened():
    late, clean = (
        recorded(style)["raw_changes"].filter(pl.col.field == "resolution").select("issue_id", at="changed_at")
        for style in ("stand-up", "clean")
    )
    assert late.join(clean, on="issue_id").select((pl.col.at >= pl.col.at_right).all()).item()


def test_without_queue_columns_nothing_waits_by_status():
    kinds = site("no queues").table("work_intervals").filter(pl.col.kind == "wait").collect()
    assert set(kinds["stage_name"].cast(pl.String)) <= {"Release"}
    assert "wait" in site("clean").table("work_intervals").collect()["kind"].cast(pl.String)


def test_who_is_assigned_early_or_late_or_not_at_all_differs_between_teams():
    """Three habits, by the number of the organisation: whoever will do it, whoever did the last step, nobody."""
    organisations = [make_organisation("single", number, "tuning") for number in range(3)]
    changes = record(organisations, STYLES["no queues"])["raw_changes"]
    taken = changes.filter(pl.col.field == "assignee").with_columns(code=pl.col.issue_id // 100_000)
    moves = changes.filter(pl.col.field == "status").select("history_id", is_move=True)
    of_moves = taken.join(moves, on="history_id", how="left").group_by("code").agg(
        pl.col.is_move.is_not_null().mean(), cleared=pl.col.to_id.is_null().mean()
    )  # fmt: skip
    with_moves, cleared = (dict(of_moves.select("code", name).iter_rows()) for name in ("is_move", "cleared"))
    assert with_moves[0] == 1
    assert with_moves[1] == 0
    assert cleared == {0: 0, 1: 0, 2: pytest.approx(0.5, abs=0.1)}


def test_limits_stand_on_the_boards_of_teams_that_entered_them():
    organisations = [make_organisation("wip_limit", number, "tuning") for number in (0, 3)]
    columns = record(organisations, STYLES["clean"])["raw_board_columns"]
    told = columns.filter(pl.col.board_id == 1, pl.col.column_name != "Done")["wip_limit"].to_list()
    assert told == [stage.wip_limit for stage in organisations[0].stages]
    assert columns.filter(pl.col.board_id == 2)["wip_limit"].null_count() == len(organisations[1].stages) + 1


def test_flags_are_the_blocks():
    external = ORGANISATIONS[3]
    blocked = site("clean").table("work_intervals").filter(pl.col.kind == "blocked").collect()
    stages = of(blocked, external)["stage_name"].cast(pl.String).unique().to_list()
    assert stages == [external.stages[external.blocking.stage].name]


def test_the_period_begins_and_ends_with_a_week_of_the_simulation():
    first, last = instants(np.array([BEGIN_OF_PERIOD, END - 1e-6]))
    assert (first.date(), last.date().isoformat()) == (WHOLE.first, "2024-06-28")
    assert (BEGIN.weekday(), AS_OF.weekday()) == (0, 0)


def test_naive_methods_name_the_busy_stage_of_a_simple_stream():
    wanted = ("value_stream_map", "stage_flow_weekly")
    tables = {name: site("clean").table(name).collect() for name in wanted}
    for method in ("longest time", "longest queue", "largest wip", "lowest capacity"):
        score = getattr(naive, method.replace(" ", "_"))
        scores = score(tables, WHOLE.first, WHOLE.last).filter(value_stream=ORGANISATIONS[0].key)
        best = scores.filter(pl.col.score.is_not_null()).sort("score").row(-1, named=True)
        assert best["stage_name"] == "Development", method


def test_a_method_without_numbers_names_nothing():
    tables = {"constraint_evidence": evidence(None), "value_stream_map": None, "stage_flow_weekly": None}
    scores = naive.utilisation(tables, WHOLE.first, WHOLE.last)
    assert scores["score"].to_list() == [None]


def evidence(share):
    return pl.DataFrame(
        {"value_stream": ["A"], "stage_name": ["QA"], "period_start_date": [WHOLE.first],
         "period_end_date": [WHOLE.last], "utilisation_share": [share]},
        schema_overrides={"utilisation_share": pl.Float64},
    )  # fmt: skip
