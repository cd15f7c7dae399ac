"""The stream week by week: WIP, Little's law, limits and critical WIP, by hand and as what must hold."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, board_column, board_columns, frames, history
from tests.chain import compute
from tests.strategies import cases
from tests.transforms.core.test_definitions import redefined
from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, delivered_weekly, journeys, redefined_from
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.critical_wip import add_critical_wip, week_working_ms
from transforms.metrics.flow_weekly import FlowWeekly, follow_flow
from transforms.metrics.stage_flow_weekly import StageFlowWeekly, follow_stages
from transforms.metrics.weekly_flow import flow_journeys, flow_weeks, weekly_flow
from transforms.metrics.weekly_limits import add_cycle_means, add_limits, add_start_finish_ratio
from transforms.schema import LABEL

DAY, WEEK = 86_400_000, 7 * 86_400_000
AS_OF = datetime(2026, 3, 18, 11, tzinfo=UTC)


def build(raw, workflow=WORKFLOW, as_of=AS_OF, columns=None):
    core = core_of(raw, workflow, as_of, board_columns=columns)
    persons = compute(raw, workflow, as_of)["person_intervals"].lazy()
    stage_flow = build_stages(core, workflow, as_of)
    made = follow_flow(core.issue_journeys, persons, core.stages, stage_flow.lazy(), workflow, as_of)
    return checked(FlowWeekly, made)


def build_stages(core, workflow, as_of=AS_OF):
    made = follow_stages(core.status_visits, core.work_intervals, core.issue_journeys, core.stages, workflow, as_of)
    return checked(StageFlowWeekly, made)


def week(table, monday):
    [row] = table.filter(week_start_date=monday).to_dicts()
    return row


def story(key, start, end=None, *, to="Done"):
    told = history(key).created("2026-03-01 08:00").to("In Progress", start)
    return told.to(to, end) if end else told


COMMITTED = {
    "Selected": ["Selected"], "Development": ["In Progress", "On Hold"], "Review": ["Ready for Review", "In Review"],
    "QA": ["Ready for QA", "In QA"], "Approval": ["Awaiting Approval"], "Release": ["Ready for Release"],
}  # fmt: skip


def limits(stages):
    return board_columns(*(board_column(name, COMMITTED[name], 2) for name in stages))


def test_work_in_progress_is_held_against_the_limits_of_all_stages_together():
    raw = frames(story("G-1", "2026-03-02 00:00"), story("G-2", "2026-03-02 00:00"), story("G-3", "2026-03-02 00:00"))
    row = week(build(raw, columns=limits(COMMITTED)), date(2026, 3, 2))
    assert row["wip_limit"] == 12
    assert row["wip_to_limit_ratio"] == pytest.approx(3 / 12)
    assert "no board limits" not in row["note"]


def test_one_stage_without_a_limit_leaves_the_stream_without_one():
    raw = frames(story("G-1", "2026-03-02 00:00"))
    row = week(
        build(raw, columns=limits([name for name in COMMITTED if name not in ("QA", "Release")])), date(2026, 3, 2)
    )
    assert row["wip_limit"] is row["wip_to_limit_ratio"] is None
    assert row["note"].startswith("no board limits QA, Release; ")


@pytest.fixture(scope="module")
def told():
    """One issue from Monday to Thursday, one from Tuesday to Tuesday, one open, one given up, two never begun."""
    return build(
        frames(
            story("G-1", "2026-03-02 00:00", "2026-03-05 00:00"),
            story("G-2", "2026-03-03 00:00", "2026-03-10 00:00"),
            story("G-3", "2026-03-06 00:00"),
            story("G-4", "2026-03-07 00:00", "2026-03-08 00:00", to="Cancelled"),
            history("G-5").created("2026-03-01 08:00").to("Done", "2026-03-04 08:00"),
            history("G-6").created("2026-03-01 08:00").to("Cancelled", "2026-03-04 08:00"),
        )
    )


def test_what_starts_and_ends_is_counted_where_it_does(told):
    row = week(told, date(2026, 3, 2))
    assert (row["started_count"], row["delivered_count"], row["left_by_delivery_count"]) == (4, 2, 1)
    assert (row["discarded_count"], row["net_flow"], row["wip_start"], row["wip_end"]) == (1, 2, 0, 2)
    assert week(told, date(2026, 3, 9))["wip_end"] == 1


def test_littles_law_by_hand(told):
    row = week(told, date(2026, 3, 2))
    assert (row["presence_ms"], row["present_count"]) == ((3 + 6 + 3 + 1) * DAY, 4)
    assert row["wip_mean"] == pytest.approx(13 / 7)
    assert (row["present_per_week"], row["residence_days"]) == (4.0, pytest.approx(13 / 4))


def test_ages_are_those_of_all_that_is_in_progress(told):
    row = week(told, date(2026, 3, 2))
    assert (row["wip_age_days_p50"], row["wip_age_days_p85"]) == (3.0, 6.0)


def test_a_running_week_is_counted_up_to_now_and_has_no_limits(told):
    row = week(told, date(2026, 3, 16))
    assert not row["is_complete_week"]
    assert (row["wip_mean"], row["wip_end"], row["regime_start_date"], row["delivered_signal"]) == (1.0, 1, None, None)


def test_figures_that_too_little_stands_behind_are_withheld_and_named(told):
    row = week(told, date(2026, 3, 2))
    for column in ("cycle_days_mean", "start_finish_ratio", "delivered_limit_high", "wip_to_critical_ratio"):
        assert row[column] is None
    for words in ("a mean needs 6 cycle times, there is 1", "limits need 12 complete weeks", "critical WIP needs"):
        assert words in row["note"]


def test_a_reopened_issue_is_in_progress_until_its_last_finish():
    again = story("G-1", "2026-03-02 00:00", "2026-03-05 00:00").to("In Progress", "2026-03-10 00:00")
    made = build(frames(again.to("Done", "2026-03-12 00:00")))
    assert [week(made, date(2026, 3, day))["delivered_count"] for day in (2, 9)] == [0, 1]
    assert week(made, date(2026, 3, 2))["wip_end"] == 1


def series(rows, weeks, workflow=WORKFLOW):
    made = flow_journeys(journeys(rows).lazy())
    flow = weekly_flow(made, flow_weeks(made, workflow, MONDAY + timedelta(weeks=weeks)))
    return add_start_finish_ratio(add_cycle_means(add_limits(flow, workflow), made)).filter("is_complete")


def test_limits_are_drawn_anew_where_the_definitions_change():
    changed = redefined_from(date(2025, 1, 6) + timedelta(weeks=20))
    made = series(delivered_weekly([6, 7, 5, 6, 8] * 8, 0.2), 40, changed)
    assert made["regime_start_date"].unique().sort().to_list() == [date(2025, 1, 6), date(2025, 5, 26)]


def test_limits_are_drawn_within_a_regime_and_anew_after_a_change():
    made = series(delivered_weekly([6, 7, 5, 6, 8] * 5 + [14, 15, 13, 16, 14] * 5, 0.2), 50)
    assert made["delivered_regime_mean"].unique().sort().to_list() == pytest.approx([6.4, 14.4])
    assert set(made["delivered_signal"]) == {"none"}
    assert made["regime_start_date"].n_unique() == 2


def test_a_week_out_of_the_ordinary_is_a_signal():
    counts = [6, 7, 5, 6, 8, 7, 6, 5] * 3
    counts[10] = 19
    made = series(delivered_weekly(counts, 0.2), 24)
    assert made["delivered_signal"].to_list()[10] == "above_limits"
    assert made["delivered_signal"].value_counts().filter(delivered_signal="none")["count"].item() == 23


def test_a_short_regime_has_no_limits():
    made = series(delivered_weekly([6] * 11, 0.2), 11)
    assert made["delivered_limit_low"].null_count() == 11
    assert made["limit_note"][0] == "limits need 12 complete weeks, this regime has 11"


def test_a_week_of_unusually_long_cycle_times_is_a_signal_though_as_much_was_delivered():
    """Limits by hand: logs of 0.2 and 0.3 days by turns have mean ln √0.06 and moving range ln 1.5."""
    days = [0.2, 0.3] * 12
    days[10] = 1.2
    calm, wild = (series(delivered_weekly([6] * 24, which), 24) for which in ([0.2, 0.3] * 12, days))
    assert calm["cycle_days_regime_mean"].unique().to_list() == pytest.approx([0.06**0.5])
    assert calm["cycle_days_limit_high"][0] == pytest.approx(0.06**0.5 * 1.5**2.66)
    assert calm["cycle_days_limit_low"][0] == pytest.approx(0.06**0.5 / 1.5**2.66)
    assert set(calm["cycle_days_signal"]) == {"none"}
    assert wild["cycle_days_signal"].to_list()[10] == "above_limits"
    assert wild["cycle_days_geometric_mean"].to_list()[10] == pytest.approx(1.2)
    assert set(wild["delivered_signal"]) == {"none"}


def test_a_week_without_deliveries_has_no_typical_cycle_time_and_does_not_count_for_its_limits():
    made = series(delivered_weekly([6] * 11 + [0, 6], [0.2, 0.3] * 6 + [0.2]), 13)
    assert made["cycle_days_geometric_mean"].to_list()[11] is made["cycle_days_signal"].to_list()[11] is None
    assert made["cycle_days_limit_high"].count() == 12
    few = series(delivered_weekly([6] * 11 + [0], [0.2, 0.3] * 6), 12)
    assert few["cycle_days_limit_high"].null_count() == 12
    assert few["limit_note"][0] == "limits of cycle times need 12 weeks that have some, this regime has 11"


def test_regimes_with_and_without_a_note_stand_side_by_side():
    changed = redefined_from(date(2025, 1, 6) + timedelta(weeks=20))
    made = series(delivered_weekly(([6, 7, 5, 6, 8] * 6)[:26], 0.2), 26, changed)
    assert made["limit_note"].unique(maintain_order=True).to_list() == [
        None, "limits need 12 complete weeks, this regime has 6",
    ]  # fmt: skip


def test_cycle_times_that_go_up_and_down_in_waves_say_that_their_limits_are_too_narrow():
    made = series(delivered_weekly([6] * 40, ([0.2] * 4 + [0.4] * 4) * 5), 40)
    assert "cycle times resemble those of the week before, so their limits are too narrow" in made["limit_note"][0]


def test_the_mean_cycle_time_has_students_interval():
    made = series(delivered_weekly([8], [2.0]) + delivered_weekly([2], [5.0]), 1)
    row = made.sort("week_start_date").to_dicts()[-1]
    assert row["cycle_days_mean"] == pytest.approx(2.6)
    half = 2.2622 * (10 / 9 * 9 * 0.16) ** 0.5 / 10**0.5
    assert row["cycle_days_mean_high"] - 2.6 == pytest.approx(half, rel=1e-3)


def test_starting_more_than_ends_shows_in_the_ratio():
    rows = delivered_weekly([6] * 14, 0.2)
    rows += [(MONDAY + timedelta(weeks=week, days=day), None, "in_progress") for week in range(14) for day in (1, 2, 3)]
    row = series(rows, 14).to_dicts()[-1]
    assert row["start_finish_ratio"] == pytest.approx(9 / 6)
    assert 1 < row["start_finish_ratio_low"] < 1.5 < row["start_finish_ratio_high"]


def test_critical_wip_is_the_slowest_stages_rate_times_the_work_itself():
    """Ten a week (5 × 8 hours), four working days of touch each: eight issues keep it busy."""
    flow = pl.DataFrame(
        {
            "value_stream": ["Golden"], "wip_mean": [40.0], "bottleneck_per_week": [10.0],
            "bottleneck_per_week_low": [8.0], "bottleneck_per_week_high": [12.5],
            "raw_process_ms": [4 * 8 * 3_600_000.0], "raw_process_ms_low": [3.2 * 8 * 3_600_000],
            "raw_process_ms_high": [5.0 * 8 * 3_600_000],
        },
        schema_overrides={"value_stream": LABEL},
    )  # fmt: skip
    [row] = add_critical_wip(flow, WORKFLOW).to_dicts()
    assert (row["raw_process_working_days"], row["critical_wip"]) == (pytest.approx(4), pytest.approx(8))
    assert row["wip_to_critical_ratio"] == pytest.approx(5)
    apart = 1.25 ** (2**0.5)
    assert (row["critical_wip_low"], row["critical_wip_high"]) == (pytest.approx(8 / apart), pytest.approx(8 * apart))
    assert (row["wip_to_critical_ratio_low"], row["wip_to_critical_ratio_high"]) == (
        pytest.approx(5 / apart), pytest.approx(5 * apart),
    )  # fmt: skip
    assert row["critical_note"] is None
    assert week_working_ms(WORKFLOW.streams[0].calendar) == 40 * 3_600_000


def test_an_overloaded_review_is_seen_in_critical_wip():
    """Three a week arrive at a review that takes one every second day: half a year later far too much is started."""
    start, stories = datetime(2025, 6, 2, 7, tzinfo=UTC), []
    free = start
    for n in range(120):
        arrives = start + timedelta(weeks=n // 3, days=n % 3)
        begins = max(arrives, free)
        free = begins + timedelta(days=2 + 2 * (begins.weekday() >= 3))
        told = history(f"O-{n}").created(arrives - timedelta(hours=1), status="Selected")
        stories.append(told.to("Ready for Review", arrives).to("In Review", begins).to("Done", free))
    row = week(build(frames(*stories), as_of=start + timedelta(weeks=40)), date(2026, 2, 23))
    assert row["bottleneck_per_week"] == pytest.approx(2.5, abs=0.1)
    assert row["raw_process_working_days"] == pytest.approx(2, abs=0.01)
    assert row["critical_wip"] == pytest.approx(1.0, abs=0.05)
    assert row["wip_to_critical_ratio_low"] > 10


@given(cases())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_wip_changes_by_net_flow_and_presence_is_time_in_progress(case):
    """ΔWIP = starts − ends in every week, and Σ presence = Σ spans of counted, really started work: to the ms."""
    made = build(*case.frames_and_workflow())
    assert (made["wip_end"] - made["wip_start"] == made["net_flow"]).all()
    assert (made["wip_start"] == made["wip_end"].shift(1))[1:].all()
    core = core_of(*case.frames_and_workflow())
    own = flow_journeys(core.issue_journeys).filter("is_in_flow")
    spans = own.select((pl.col.finished_at.fill_null(case.as_of) - pl.col.started_at).dt.total_milliseconds().sum())
    assert made["presence_ms"].sum() == spans.item()
    length = made["presence_ms"] / made["wip_mean"]
    law = made["present_per_week"] * made["residence_days"].fill_null(0) * DAY / WEEK
    assert made["wip_mean"].to_list() == pytest.approx(law.to_list())
    assert length.drop_nans().max() is None or length.drop_nans().max() <= WEEK * (1 + 1 / 168) + 1


def test_a_site_without_issues_has_no_weeks():
    assert build(frames()).is_empty()


def test_a_board_without_visible_queues_says_why_there_is_no_critical_wip():
    told = BOARD.workflow()
    made = build(frames(story("G-1", "2026-03-02 00:00")), told)
    assert made["wip_to_critical_ratio"].null_count() == len(made)
    assert all("critical WIP needs" in note for note in made["note"])


@pytest.mark.parametrize("day", [date(2026, 3, 9), date(2026, 3, 15)])
def test_the_week_in_which_definitions_change_says_what_the_day_itself_did(day):
    monday = date(2026, 3, 9)
    begins_earlier = redefined(BOARD.workflow(), (day, BOARD.workflow(commitment="In Progress")))
    raw = frames(history("G-1").created("2026-03-02 08:00", status="Selected"), story("G-2", "2026-03-02 09:00"))
    told = f"definitions changed on {day}: "
    made = build(raw, begins_earlier)
    assert week(made, monday)["started_count"] == 1, "nobody moved it: the day started it"
    assert week(made, monday)["note"].startswith(told)
    stages = build_stages(core_of(raw, begins_earlier, AS_OF), begins_earlier)
    for table in (made, stages):
        dated = table.filter(pl.col.note.str.contains(told, literal=True))["week_start_date"].unique().to_list()
        assert dated == [monday]


def test_other_hours_start_nothing_and_two_changes_in_a_week_are_both_told():
    other_hours = redefined_from(date(2026, 3, 11))
    raw = frames(story("G-1", "2026-03-02 09:00"))
    assert "definitions changed" not in "".join(build(raw, other_hours)["note"].drop_nulls())
    late = BOARD.workflow(commitment="In Progress")
    twice = redefined(BOARD.workflow(), (date(2026, 3, 10), late), (date(2026, 3, 11), BOARD.workflow()))
    assert "changed on 2026-03-10, 2026-03-11: " in week(build(raw, twice), date(2026, 3, 9))["note"]


def test_work_that_is_gone_leaves_the_flow_in_the_week_a_run_missed_it():
    told = flow_journeys(journeys([(MONDAY, MONDAY + timedelta(days=9), "gone")]).lazy())
    [first, second] = weekly_flow(told, flow_weeks(told, WORKFLOW, MONDAY + timedelta(days=13))).to_dicts()
    assert (first["started_count"], first["gone_count"]) == (1, 0)
    assert (second["gone_count"], second["discarded_count"], second["delivered_count"]) == (1, 0, 0)
