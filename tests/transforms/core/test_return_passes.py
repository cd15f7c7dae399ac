"""Second lives: what came back long after it had been delivered, and what that cost."""

import pytest

from tests.builders import history
from tests.transforms.told import HOUR, checked, clock, tell
from transforms.core.return_passes import ReturnPasses, find_return_passes
from transforms.workflow import SPAN_KINDS

DAY = [f"2026-05-04 {hour:02}:00" for hour in range(24)]

NOW = "2026-05-04 17:00"

NEXT_YEAR = "2027-03-01 09:00"


def delivered(key="G-1"):
    """Worked on in March, delivered, and not heard of until May."""
    return history(key).created("2026-03-02 08:00").to("In Progress", "2026-03-02 09:00").to("Done", "2026-03-02 12:00")


def returns(*told, as_of=NOW, **how):
    made = checked(ReturnPasses, find_return_passes(tell(*told, as_of=as_of, **how).tables["work_intervals"].lazy()))
    return made.to_dicts()


def only(*told, **how):
    (row,) = returns(*told, **how)
    return row


def test_work_that_never_came_back_has_no_second_life():
    assert returns(delivered()) == []
    assert returns(delivered().to("In Progress", "2026-03-03 12:00").to("Done", "2026-03-04 12:00")) == []


def test_a_return_has_clocks_and_sums_of_its_own():
    story = delivered().to("Backlog", DAY[8]).to("In QA", DAY[9]).flag(DAY[10]).unflag(DAY[11])
    row = only(story.to("Ready for QA", DAY[12]).to("Done", DAY[14]))
    assert (row["pass_number"], row["outcome"], row["issue_key"]) == (2, "delivered", "G-1")
    assert [clock(row[at]) for at in ("returned_at", "started_at", "finished_at")] == [DAY[8], DAY[9], DAY[14]]
    assert (row["span_ms"], row["touch_ms"], row["blocked_ms"], row["wait_ms"]) == (
        5 * HOUR, 2 * HOUR, HOUR, 2 * HOUR,
    )  # fmt: skip
    assert row["span_working_ms"] == 5 * HOUR


def test_the_parts_of_a_return_add_up_to_its_span():
    story = delivered().to("In Progress", DAY[8]).assign(None, DAY[9]).to("Done", DAY[11]).to("In QA", DAY[12])
    row = only(story.to("Done", DAY[13]))
    for unit in ("ms", "working_ms"):
        assert sum(row[f"{kind}_{unit}"] for kind in SPAN_KINDS) == row[f"span_{unit}"]
    assert (row["done_gap_ms"], row["unassigned_ms"]) == (HOUR, 3 * HOUR)


@pytest.mark.parametrize(
    ("status", "outcome", "started"),
    [("Backlog", "not_started", None), ("In QA", "in_progress", DAY[9]), ("Cancelled", "discarded", DAY[9])],
)
def test_what_becomes_of_a_return(status, outcome, started):
    row = only(delivered().to("Backlog", DAY[8]).to(status, DAY[9]))
    assert (row["outcome"], row["started_at"] and clock(row["started_at"])) == (outcome, started)


def test_the_long_rest_in_done_belongs_to_no_sum():
    row = only(delivered().to("In QA", DAY[9]), as_of=DAY[11])
    assert (row["span_ms"], row["done_gap_ms"]) == (2 * HOUR, 0)


def test_each_later_return_is_a_row():
    story = delivered().to("In QA", DAY[9]).to("Done", DAY[10]).to("In QA", NEXT_YEAR)
    rows = returns(story, as_of="2027-03-01 12:00")
    assert [(row["pass_number"], row["outcome"]) for row in rows] == [(2, "delivered"), (3, "in_progress")]
    assert clock(rows[1]["returned_at"]) == NEXT_YEAR


def test_a_return_reopened_soon_goes_on():
    row = only(delivered().to("In QA", DAY[9]).to("Done", DAY[10]).to("In QA", DAY[11]).to("Done", DAY[12]))
    assert (row["span_ms"], row["done_gap_ms"], clock(row["finished_at"])) == (3 * HOUR, HOUR, DAY[12])


def test_discarded_work_that_comes_back_is_no_return():
    cancelled = history("G-1").created("2026-03-02 08:00").to("Cancelled", "2026-03-02 09:00").to("In QA", DAY[9])
    assert returns(cancelled) == []


def test_a_return_after_as_of_has_not_happened():
    assert returns(delivered().to("In QA", DAY[9]), as_of=DAY[8]) == []


def test_returns_of_several_issues_are_told_apart():
    rows = returns(delivered("G-1").to("In QA", DAY[9]), delivered("G-2"), delivered("G-3").to("Backlog", DAY[9]))
    assert {(row["issue_key"], row["outcome"]) for row in rows} == {("G-1", "in_progress"), ("G-3", "not_started")}
