"""What was only found out after the commitment: edits before and after it, late scope, and what was given up."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.builders import BOARD, frames, history
from tests.strategies import cases
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.core.changes import publish_changes
from transforms.metrics.late_changes import INCIDENCE, LateChanges, measure_late_changes

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
Q1 = date(2026, 1, 1)
MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def measure(raw, workflow=WORKFLOW, as_of=AS_OF):
    core = core_of(raw, workflow, as_of)
    changes = publish_changes(core.raw_changes)
    return checked(LateChanges, measure_late_changes(changes, core.status_visits, core.issue_journeys, workflow, as_of))


def late(*told, start=Q1, as_of=AS_OF):
    [row] = measure(frames(*told), as_of=as_of).filter(period_start_date=start).to_dicts()
    return row


def started(key, at=MONDAY, **how):
    return history(key).created(at - DAY, **how).to("In Progress", at)


def test_edits_count_before_or_after_the_start_by_how_much_the_text_changed():
    told = history("G-1").created(MONDAY).edit("description", MONDAY, None, 300).to("In Progress", MONDAY + DAY)
    told.edit("description", MONDAY + 2 * DAY, 300, 450).edit("summary", MONDAY + 2 * DAY, 60, 30)
    row = late(told.to("Done", MONDAY + 3 * DAY).edit("description", MONDAY + 4 * DAY, 450, 900))
    assert (row["early_edit_count"], row["early_edited_character_count"]) == (1, 300)
    assert (row["late_edit_count"], row["late_edited_character_count"], row["late_edited_issue_count"]) == (2, 180, 1)


@pytest.mark.parametrize(("length", "count"), [(119, 0), (120, 1), (80, 1), (81, 0)])
def test_edits_of_less_than_twenty_characters_are_typos(length, count):
    assert late(started("G-1").edit("description", MONDAY + DAY, 100, length))["late_edit_count"] == count


def test_edits_by_automation_do_not_count():
    assert late(started("G-1").edit("description", MONDAY + DAY, 0, 900, by="bot"))["late_edit_count"] == 0


def test_an_estimate_that_stood_and_is_changed_after_the_start_counts():
    told = started("G-1").edit("estimate", MONDAY + DAY, None, 3).edit("estimate", MONDAY + 2 * DAY, 3, 8)
    told.edit("estimate", MONDAY + 3 * DAY, 8, 5)
    early = history("G-2").created(MONDAY).edit("estimate", MONDAY, 3, 8).to("In Progress", MONDAY + DAY)
    row = late(told, early)
    assert (row["late_estimate_change_count"], row["late_estimate_raise_count"]) == (2, 1)


def test_started_work_that_returns_before_the_commitment_counts_once():
    told = started("G-1").to("Backlog", MONDAY + DAY).to("In Progress", MONDAY + 2 * DAY)
    other = started("G-2").to("On Hold", MONDAY + DAY).to("Backlog", MONDAY + 2 * DAY)
    row = late(told, other, history("G-3").created(MONDAY))
    assert (row["in_progress_count"], row["back_to_backlog_count"]) == (2, 2)
    assert late(started("G-1").to("Done", MONDAY + DAY).to("Backlog", MONDAY + 9 * DAY))["back_to_backlog_count"] == 0


def epic_with(added_after, count=30):
    """An epic, a child of it that is started, and more children added some days after that start."""
    epic = history("E-1").created(MONDAY - 20 * DAY, issue_type="Epic")
    first = started("C-0", parent="E-1")
    return [
        epic,
        first,
        *(history(f"C-{n}").created(MONDAY + added_after * DAY, parent="E-1") for n in range(1, count)),
    ]


def test_children_added_after_work_under_the_epic_began_are_late_scope():
    row = late(*epic_with(3))
    assert (row["joined_count"], row["scope_added_count"]) == (30, 29)
    assert row["scope_added_share"] == pytest.approx(29 / 30)
    assert late(*epic_with(-2))["scope_added_count"] == 0


def test_an_issue_moved_under_an_epic_joins_when_it_is_moved():
    epic, first, *_ = epic_with(3)
    moved = history("M-1").created(MONDAY - 9 * DAY, parent="E-1").edit("parent", MONDAY + 5 * DAY, None, 1)
    row = late(epic, first, moved)
    assert (row["joined_count"], row["scope_added_count"]) == (2, 1)
    assert "scope_added_share needs 30 joined issues, there are 2" in row["note"]


def test_cancelled_work_wastes_its_touch_and_its_time():
    told = started("G-1").to("Ready for Review", MONDAY + DAY).to("Cancelled", MONDAY + 2 * DAY)
    never = history("G-2").created(MONDAY).to("Cancelled", MONDAY + DAY)
    row = late(told, never, started("G-3").to("Done", MONDAY + DAY))
    assert (row["cancelled_count"], row["ended_count"], row["cancelled_share"]) == (1, 2, None)
    assert row["wasted_touch_working_days"] == pytest.approx(1.0)
    assert row["wasted_span_working_days"] == pytest.approx(2.0)


def test_the_incidence_of_cancelling_lets_delivery_compete():
    """Of forty, ten are cancelled on day three and thirty delivered on day five: a quarter."""
    told = [started(f"C-{n}").to("Cancelled", MONDAY + 3 * DAY) for n in range(10)]
    told += [started(f"G-{n}").to("Done", MONDAY + 5 * DAY) for n in range(30)]
    row = late(*told)
    assert row["cancelled_share"] == 0.25
    assert row[INCIDENCE] == pytest.approx(0.25)
    assert row[f"{INCIDENCE}_low"] < 0.25 < row[f"{INCIDENCE}_high"]


def test_the_incidence_is_withheld_where_nothing_was_watched_so_long():
    told = [started(f"G-{n}").to("Cancelled", MONDAY + 3 * DAY) for n in range(30)]
    told += [started(f"O-{n}") for n in range(30)]
    row = late(*told, as_of=MONDAY + 20 * DAY)
    assert row[INCIDENCE] is None
    assert f"{INCIDENCE}: too little was watched so long" in row["note"]


@given(cases())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_everything_counts_in_one_quarter(case):
    raw, workflow, as_of = case.frames_and_workflow()
    made = measure(raw, workflow, as_of).filter(period_kind="quarter")
    journeys = core_of(raw, workflow, as_of).issue_journeys.collect()
    mine = journeys.filter((pl.col.hierarchy_level == workflow.flow_level) & ~pl.col.is_rolled_up)
    ended = mine.filter(pl.col.started_at.is_not_null() & ~pl.col.is_never_started & (pl.col.finished_at < as_of))
    assert made["ended_count"].sum() == ended.height
    assert made["cancelled_count"].sum() == ended.filter(outcome="discarded").height
    assert (made["wasted_touch_working_days"] <= made["wasted_span_working_days"] + 1e-9).all()
    assert (made["scope_added_count"] <= made["joined_count"]).all()
