"""How far a stage's log can be trusted: every sign by a small story, and even spread as the innocent case."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, Frames, frames, history
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked, core_of
from tests.transforms.told import with_issue
from transforms.quality.completeness import prove_completeness
from transforms.quality.log_quality import LogQuality, judge_logs, stream_quality

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1 = date(2026, 1, 1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def judge(raw, workflow=WORKFLOW, as_of=AS_OF):
    core = core_of(raw, workflow, as_of)
    whole = prove_completeness(core.raw_issues, core.status_visits)
    made = judge_logs(
        core.raw_issues, core.raw_changes, core.status_visits, core.issue_journeys, whole, workflow, as_of
    )
    return checked(LogQuality, made)


def stage(table, name, start=Q1):
    [row] = table.filter(stage_name=name, period_start_date=start).to_dicts()
    return row


def moved(key, at, *, by="ana", status="In Progress"):
    """In a status from long before until it moves to review at ``at``."""
    return history(key).created("2025-12-01 09:00", status=status).to("In Review", at, by=by)


def at(day, hour=9.0):
    """An hour of a working day after Monday, 5 January, in Berlin."""
    return MONDAY + timedelta(days=day + 2 * (day // 5), hours=hour - 1)


def spread(count=40, by="ana"):
    """One change a day and a half, at ever other times of the day."""
    return [moved(f"S-{n}", at(n, 9 + (n * 5) % 8), by=by) for n in range(count)]


def test_changes_spread_over_days_and_hours_show_no_sign():
    row = stage(judge(frames(*spread())), "Development")
    assert (row["exit_count"], row["human_count"], row["visit_count"]) == (40, 40, 40)
    assert (row["batch_share"], row["bot_share"], row["sub_minute_share"]) == (0, 0, 0)
    assert row["stand_up_excess"] < 0.05
    assert row["data_quality"] > 0.9
    assert row["is_day_grained"] is False
    assert row["note"] is None


def burst(n, count, seconds=90, by="ana"):
    return [moved(f"B-{n}-{k}", at(n) + timedelta(seconds=seconds * k), by=by) for k in range(count)]


@pytest.mark.parametrize(
    ("count", "seconds", "share"),
    [(3, 90, 1.0), (3, 150, 1.0), (3, 151, 0.0), (2, 1, 0.0), (4, 150, 1.0)],
)
def test_three_issues_within_five_minutes_by_one_person_are_a_batch(count, seconds, share):
    told = [issue for n in range(10) for issue in burst(n, count, seconds)]
    assert stage(judge(frames(*told)), "Development")["batch_share"] == share


def test_one_issue_moved_three_times_is_no_batch_and_neither_are_three_people():
    told = []
    for n in range(20):
        one = moved(f"O-{n}", at(n)).to("In QA", at(n) + timedelta(minutes=1))
        told.append(one.to("Ready for Release", at(n) + timedelta(minutes=2)))
        told += [moved(f"{by}-{n}", at(n), by=by) for by in ("ben", "chi")]
    assert judge(frames(*told))["batch_share"].drop_nulls().to_list().count(0) >= 3


def test_automation_makes_no_batches_and_takes_nothing_away():
    told = [issue for n in range(10) for issue in burst(n, 3, by="bot")]
    row = stage(judge(frames(*told)), "Development")
    assert (row["bot_share"], row["human_count"], row["batch_share"]) == (1.0, 0, None)
    assert row["data_quality"] == 1.0
    assert "batch and stand-up need 20 human changes, there are 0" in row["note"]


def test_everything_moved_at_nine_is_a_stand_up_and_good_to_the_day_only():
    told = [moved(f"N-{n}", at(n, 9 + (n % 3) / 12)) for n in range(40)]
    row = stage(judge(frames(*told)), "Development")
    assert row["stand_up_share"] == 1.0
    assert row["stand_up_excess"] > 0.8
    assert row["is_day_grained"] is True
    assert row["data_quality"] < 0.2


def test_the_time_of_day_is_local_through_the_change_to_summer_time():
    told = [history(f"N-{n}").created("2025-12-01 09:00", status="In Progress") for n in range(40)]
    for n, one in enumerate(told):
        one.to("In Review", f"{date(2026, 3, 10) + timedelta(days=n % 20)} 09:0{n % 10}")
    assert stage(judge(frames(*told)), "Development")["stand_up_share"] == 1.0


def test_visits_of_less_than_a_minute_are_counted_of_those_that_ended():
    told = [moved(f"M-{n}", at(n, 9 + n % 7)) for n in range(30)]
    for n, one in enumerate(told):
        one.to("In QA", at(n, 9 + n % 7) + timedelta(seconds=59 if n < 15 else 60))
    row = stage(judge(frames(*told)), "Review")
    assert (row["visit_count"], row["sub_minute_share"]) == (30, 0.5)
    assert stage(judge(frames(*told)), "Development")["sub_minute_share"] == 0


def test_a_break_of_the_chain_counts_for_the_stage_it_follows():
    told = [*spread(30), moved("X-1", at(1)).to("Done", at(2), claims="In QA")]
    made = judge(frames(*told))
    assert stage(made, "Review")["break_count"] == 1
    assert stage(made, "Development")["break_count"] == 0


def test_work_that_skips_the_whole_flow_lowers_every_stage():
    skipped = [history(f"N-{n}").created("2026-01-05 09:00").to("Done", at(n, 9 + n % 7)) for n in range(10)]
    walked = [moved(f"W-{n}", at(n, 9 + n % 7)).to("Done", at(n, 10 + n % 7)) for n in range(30)]
    row = stage(judge(frames(*skipped, *walked)), "Development")
    assert (row["delivered_count"], row["never_started_share"]) == (40, 0.25)
    assert row["data_quality"] == pytest.approx(0.75 * (1 - row["stand_up_excess"]))


def test_a_change_before_the_creation_is_impossible():
    raw = with_issue(frames(*spread()), "S-0", created_at=at(30))
    assert stage(judge(raw), "Development")["impossible_count"] == 1


def test_a_change_after_as_of_is_impossible_only_if_jira_knows_of_no_update_since():
    """Read at the 35th working day: five changes lie ahead, legitimately where the issue was updated since."""
    stuck = frames(*spread())
    touched = Frames(stuck.issues.with_columns(updated_at=pl.lit(AS_OF)), stuck.changes)
    for raw, counts in ((touched, (35, 0)), (stuck, (40, 5))):
        row = stage(judge(raw, as_of=at(35)), "Development")
        assert (row["exit_count"], row["impossible_count"]) == counts


def test_hours_in_unmapped_statuses_are_told_and_lower_the_quality_of_their_stage():
    told = [moved(f"U-{n}", at(n, 9 + n % 7), status="Strange") for n in range(30)]
    row = stage(judge(frames(*told)), "Unmapped")
    assert row["unmapped_share"] == 1.0
    assert row["unmapped_hours"] == row["elapsed_hours"] > 0
    assert row["data_quality"] == 0.0
    assert stage(judge(frames(*told)), "Review")["unmapped_hours"] == 0


def test_incomplete_logs_are_a_share_of_the_issues_in_the_stage():
    raw = with_issue(frames(*spread(40)), "S-3", history_total=9)
    row = stage(judge(raw), "Development")
    assert (row["issue_count"], row["incomplete_share"]) == (40, pytest.approx(1 / 40))


def test_below_twenty_changes_a_log_is_not_judged():
    row = stage(judge(frames(*spread(19))), "Development")
    assert row["data_quality"] is row["batch_share"] is row["is_day_grained"] is None
    assert row["note"].startswith("data_quality needs 20 changes, there are 19")


def test_every_stage_that_is_not_terminal_has_a_row_in_every_period():
    made = judge(frames(*spread()))
    names = {"Backlog", "Selected", "Development", "Review", "QA", "Approval", "Release", "Unmapped"}
    assert set(made.filter(period_start_date=Q1)["stage_name"]) == names
    assert len(made) == len(names) * made.select("period_kind", "period_start_date").unique().height


def test_random_times_of_day_are_rarely_taken_for_a_stand_up():
    """200 changes a quarter at random within office hours: what looks like an excess stays below a twentieth."""
    rng = np.random.default_rng(4)
    told = [moved(f"R-{n}", at(int(n % 60), float(rng.uniform(9, 17))), by="ana") for n in range(200)]
    assert stage(judge(frames(*told)), "Development")["stand_up_excess"] < 0.05


@given(cases())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_quality_lies_between_0_and_1_and_breaks_are_those_of_the_visits(case):
    raw, workflow, as_of = case.frames_and_workflow()
    made = judge(raw, workflow, as_of)
    for share in [name for name in made.columns if name.endswith(("_share", "excess", "data_quality"))]:
        assert made[share].drop_nulls().is_between(0, 1).all(), share
    visits = core_of(raw, workflow, as_of).status_visits.collect()
    ongoing = visits.filter(~visits["work_kind"].is_in(["done", "discarded"]))
    left = ongoing.filter(ongoing["left_at"] < as_of)
    quarters = made.filter(period_kind="quarter")
    assert quarters["break_count"].sum() == ongoing["doubtful_status_id"].is_not_null().sum()
    assert quarters["visit_count"].sum() == len(left), "a period ends before as_of: what is left just then is not in it"


def test_what_a_stream_lost_counts_by_visits_and_coarse_instants_do_not():
    """Thirty of Development and ten of Review ended, one in ten of Review after a break: 1 − 1/10 × 10/40."""
    rows = pl.DataFrame(
        {"value_stream": ["S", "S", "S"], "period_kind": ["quarter"] * 3, "period_start_date": [Q1] * 3,
         "visit_count": [30, 10, 0], "break_share": [0.0, 0.1, None], "never_started_share": [None] * 3,
         "impossible_share": [0.0, 0.0, None], "unmapped_share": [0.0] * 3, "incomplete_share": [0.0] * 3,
         "batch_share": [1.0] * 3, "stand_up_excess": [1.0] * 3},
        schema_overrides={"never_started_share": pl.Float64},
    )  # fmt: skip
    assert stream_quality(rows) == {
        ("S", "quarter", "2026-01-01"): pytest.approx(0.975)
    }
    told = [moved(f"N-{n}", at(n, 9 + (n % 3) / 12)) for n in range(40)]
    assert min(stream_quality(judge(frames(*told))).values()) > 0.9
