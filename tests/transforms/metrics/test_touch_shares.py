"""Touch as an interval over periods: evidence ≤ shared ≤ what the status claims, and silence where nothing is known."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history, issue_id_of
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.bursts import human_events
from transforms.metrics.touch_shares import TouchShares, bound_touch, evidence_of, touch_of
from transforms.raw import RawChanges
from transforms.schema import TIMESTAMP

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
DAY = [f"2026-03-02 {hour:02}:00" for hour in range(24)]
PEOPLE = list(PERSONS)[:5]


def worked(key, start=DAY[9], end=DAY[13], person="ana"):
    """Waits an hour, is in progress from start to end, and is done."""
    begin = datetime.fromisoformat(start) - timedelta(hours=1)
    told = history(key).created(begin, assignee=person).to("Selected", begin, by="rel")
    return told.to("In Progress", start, by=person).to("Done", end, by=person)


def touch(*told, logs=None):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    evidence = evidence_of(human_events(raw.changes), logs)
    rows = touch_of(made["issue_journeys"], made["person_intervals"], evidence, WORKFLOW, AS_OF)
    return {row["issue_id"]: row for row in rows.to_dicts()}


def published(told, logs=None):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), raw.changes.lazy(), made["issue_journeys"].lazy())
    return checked(TouchShares, bound_touch(*lazy, WORKFLOW, AS_OF, None if logs is None else logs.lazy()))


def quarter(table):
    [row] = table.filter(period_kind="quarter", period_start_date=datetime(2026, 1, 1)).to_dicts()
    return row


def logs(*rows):
    told = [(issue_id_of(key), datetime.fromisoformat(at + "+01:00"), hours * 3600) for key, at, hours in rows]
    return pl.DataFrame(told, {"issue_id": pl.Int64, "started_at": TIMESTAMP, "seconds": pl.Int64}, orient="row")


def test_half_an_hour_before_something_done_by_hand_is_evidence():
    row = touch(worked("G-1"))[issue_id_of("G-1")]
    assert (row["from_evidence"], row["shared"], row["by_status"], row["whole"]) == (0.5, 4, 4, 4)


def test_events_close_together_prove_their_time_once():
    told = worked("G-1", end=DAY[12]).edit("summary", DAY[13])
    begun = history("G-2").created(DAY[8]).to("In Progress", DAY[9]).edit("summary", DAY[11], 3, 5)
    begun = begun.edit("description", "2026-03-02 11:10", 3, 50).to("Done", DAY[13])
    rows = touch(told, begun)
    assert rows[issue_id_of("G-1")]["from_evidence"] == pytest.approx(0.5)
    assert rows[issue_id_of("G-2")]["from_evidence"] == pytest.approx(2 / 3 + 0.5)


def test_bots_and_bulk_changes_prove_nothing():
    edited = [history(f"G-{n}").created(DAY[8]).to("In Progress", DAY[9], by="bot") for n in range(3)]
    edited = [told.edit("estimate", DAY[11], 1, 2).to("Done", DAY[13], by="bot") for told in edited]
    assert {row["from_evidence"] for row in touch(*edited).values()} == {0}
    assert [row["from_evidence"] for row in touch(*edited[:2]).values()] == pytest.approx([0.5, 0.5])


def test_comments_are_events_too():
    raw = frames(worked("G-1"))
    comment = {"issue_id": issue_id_of("G-1"), "created_at": AS_OF, "author": 7}
    comments = pl.DataFrame([comment], {"issue_id": pl.Int64, "created_at": TIMESTAMP, "author": pl.Int64})
    assert len(human_events(raw.changes, comments)) == len(human_events(raw.changes)) + 1


def test_an_event_nobody_is_known_to_have_caused_is_no_evidence():
    raw = frames(worked("G-1"))
    unknown = raw.changes.with_columns(author=pl.lit(None, pl.Int64))
    assert human_events(unknown.select(*RawChanges.columns)).is_empty()


def test_a_work_log_counts_within_touch():
    row = touch(worked("G-1"), logs=logs(("G-1", DAY[9], 3)))[issue_id_of("G-1")]
    assert row["from_evidence"] == 3.5


def test_touch_is_shared_with_what_is_held_in_parallel():
    rows = touch(worked("G-1"), worked("G-2", start=DAY[11], end=DAY[15]))
    assert [row["shared"] for row in rows.values()] == [3, 3]


def thirty(people=PEOPLE, hours=4):
    """One after the other for each person, thirty issues of the given length."""
    return [
        worked(f"G-{n}", f"2026-03-{2 + n // 5:02} 09:00", f"2026-03-{2 + n // 5:02} {9 + hours}:0{n % 5}",
               people[n % len(people)])
        for n in range(25)
    ]  # fmt: skip


def test_flow_efficiency_is_a_ratio_of_sums_between_two_bounds():
    row = quarter(published(thirty()))
    assert (row["delivered_count"], row["evidence_count"], row["note"]) == (25, 25, None)
    low, point, high = (row[f"flow_efficiency_{name}"] for name in ("from_evidence", "shared", "by_status"))
    assert 0.1 < low < point <= high <= 1
    assert low == pytest.approx(row["touch_from_evidence_working_days"] / row["whole_working_days"])
    assert row["flow_efficiency_from_evidence_low"] < low < row["flow_efficiency_from_evidence_high"]


def test_multitasking_lowers_the_share_and_not_the_claim_of_the_status():
    rows = [quarter(published(thirty(people)))["flow_efficiency_shared"] for people in (PEOPLE, [*PEOPLE[:4], "ana"])]
    assert rows[1] is None
    assert rows[0] is not None
    told = [worked(f"G-{n}", DAY[9], f"2026-03-02 13:{n:02}", PEOPLE[n % 5]) for n in range(25)]
    row = quarter(published(told))
    assert row["flow_efficiency_shared"] == pytest.approx(row["flow_efficiency_by_status"] / 5, rel=0.05)


def test_logs_that_exceed_the_shares_are_the_better_point():
    told = [worked(f"G-{n}", DAY[9], f"2026-03-02 13:{n:02}", PEOPLE[n % 5]) for n in range(25)]
    row = quarter(published(told, logs(*((f"G-{n}", DAY[9], 4) for n in range(25)))))
    assert row["flow_efficiency_shared"] == row["flow_efficiency_from_evidence"] > 0.8


def test_a_team_that_leaves_no_evidence_has_an_unknown_lower_bound_not_zero():
    row = quarter(published([*thirty()[:12], *(silent(n) for n in range(13))]))
    assert row["flow_efficiency_from_evidence"] is None
    assert row["flow_efficiency_shared"] is not None
    assert row["note"] == "evidence of work: unknown, left by 12 of 25 issues"


def silent(number):
    day = f"2026-03-{10 + number // 5:02}"
    told = history(f"S-{number}").created(f"{day} 08:00", assignee=PEOPLE[number % 5])
    return told.to("In Progress", f"{day} 09:00", by="bot").to("Done", f"{day} 13:00", by="bot")


def test_a_small_team_shows_what_its_statuses_claim_and_no_more():
    row = quarter(published(thirty(PEOPLE[:4])))
    assert row["flow_efficiency_shared"] is row["touch_from_evidence_working_days"] is None
    assert row["flow_efficiency_by_status"] is not None
    assert "fewer than 5 people" in row["note"]


def test_few_deliveries_or_few_hours_have_no_efficiency():
    few = quarter(published(thirty()[:19]))
    assert few["flow_efficiency_by_status"] is None
    assert few["note"] == "flow efficiency needs 20 deliveries, there are 19"
    short = quarter(published(thirty(hours=1)))
    assert (short["delivered_count"], short["flow_efficiency_by_status"]) == (25, None)
    assert short["note"] == "flow efficiency needs 40 working hours"


def test_a_site_without_issues_has_no_rows():
    raw = frames(worked("G-1"))
    made = compute(raw, WORKFLOW, AS_OF)
    none = made["issue_journeys"].clear().lazy()
    assert bound_touch(made["person_intervals"].lazy(), raw.changes.lazy(), none, WORKFLOW, AS_OF).collect().is_empty()
