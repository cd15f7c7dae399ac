"""The state of an issue after every instant: its status and all timelines side by side."""

from datetime import UTC, datetime

import polars as pl

from transforms.schema import TIMESTAMP
from transforms.states import Timeline
from transforms.sweep import STATUS_STATES, holds, sweep

VISITS = {
    "issue_id": pl.Int64, "entered_at": TIMESTAMP, "visit_number": pl.Int32, "status_row": pl.Int64,
    "doubtful_row": pl.Int64, "is_revisit": pl.Boolean,
}  # fmt: skip
CHANGES = {"issue_id": pl.Int64, "entered_at": TIMESTAMP, "value": pl.Int64}


def at(hour: float) -> datetime:
    return datetime(2026, 3, 2, int(hour), round(hour % 1 * 60), tzinfo=UTC)


def visits(*rows: tuple[int, float, int]) -> pl.DataFrame:
    """Issue, hour and row of the status; the doubtful row is ten more, odd statuses are returns."""
    told = [(issue, at(hour), n, status, status + 10, bool(status % 2)) for n, (issue, hour, status) in enumerate(rows)]
    return pl.DataFrame(told, schema=VISITS, orient="row")


def timeline(initial: dict[int, int], *changes: tuple[int, float, int]) -> Timeline:
    told = [(issue, at(hour), value) for issue, hour, value in changes]
    begin = pl.DataFrame(list(initial.items()), schema={"issue_id": pl.Int64, "value": pl.Int64}, orient="row")
    return Timeline(begin, pl.DataFrame(told, schema=CHANGES, orient="row"))


def swept(frame: pl.DataFrame, as_of: float = 20, lasting: bool = True, **timelines: Timeline) -> list[tuple]:
    """Issue, hour, status and timelines of every step, or of those whose state lasts."""
    found = sweep(frame, timelines, at(as_of))
    assert found.columns == ["issue_id", "entered_at", *STATUS_STATES, *timelines]
    steps = found.filter(holds()) if lasting else found
    rows = steps.select("issue_id", "entered_at", "status_row", *timelines).rows()
    return [(issue, when.hour + when.minute / 60, *states) for issue, when, *states in rows]


def test_every_change_is_a_row_with_the_state_of_everything():
    flag, person = timeline({1: 0}, (1, 9, 1), (1, 11, 0)), timeline({1: 7}, (1, 9.5, 8))
    found = swept(visits((1, 8, 0), (1, 10, 1)), flag=flag, person=person)
    assert found == [
        (1, 8, 0, 0, 7), (1, 9, 0, 1, 7), (1, 9.5, 0, 1, 8), (1, 10, 1, 1, 8), (1, 11, 1, 0, 8),
    ]  # fmt: skip


def test_one_state_of_an_instant_lasts_the_one_after_all_that_happened_in_it():
    story, flag = visits((1, 8, 0), (1, 9, 1), (1, 9, 2)), timeline({1: 0}, (1, 9, 1))
    assert swept(story, flag=flag, gate=timeline({1: 1})) == [(1, 8, 0, 0, 1), (1, 9, 2, 1, 1)]


def test_every_step_of_an_instant_is_a_row_status_changes_first():
    story, flag = visits((1, 8, 0), (1, 9, 1), (1, 9, 2)), timeline({1: 0}, (1, 9, 1))
    assert swept(story, lasting=False, flag=flag) == [(1, 8, 0, 0), (1, 9, 1, 0), (1, 9, 2, 0), (1, 9, 2, 1)]


def test_an_issues_last_state_lasts_and_neighbours_of_another_issue_end_nothing():
    story = visits((1, 8, 0), (2, 8, 1), (2, 8, 2), (3, 8, 3))
    assert swept(story, flag=timeline({1: 0, 2: 0, 3: 0})) == [(1, 8, 0, 0), (2, 8, 2, 0), (3, 8, 3, 0)]


def test_a_timelines_own_changes_of_one_instant_end_in_the_last():
    assert swept(visits((1, 8, 0)), flag=timeline({1: 0}, (1, 9, 1), (1, 9, 0)))[-1] == (1, 9, 0, 0)


def test_issues_keep_their_states_to_themselves():
    found = swept(visits((1, 8, 0), (2, 7, 1), (2, 9, 2), (3, 8, 3)), flag=timeline({1: 1, 2: 0, 3: 1}, (2, 8, 1)))
    assert found == [(1, 8, 0, 1), (2, 7, 1, 0), (2, 8, 1, 1), (2, 9, 2, 1), (3, 8, 3, 1)]


def test_a_change_older_than_its_issue_counts_from_the_issues_beginning():
    assert swept(visits((1, 8, 0)), flag=timeline({1: 0}, (1, 7, 1))) == [(1, 8, 0, 1)]


def test_what_happens_after_as_of_is_not_seen():
    found = swept(visits((1, 8, 0)), as_of=9, flag=timeline({1: 0}, (1, 9, 1), (1, 9.5, 0)))
    assert found == [(1, 8, 0, 0), (1, 9, 0, 1)]


def test_a_change_of_an_issue_that_does_not_exist_yet_is_nobodys():
    late = timeline({1: 0, 2: 5}, (2, 7, 1))
    assert swept(visits((1, 8, 0)), as_of=9, flag=late) == [(1, 8, 0, 0)]


def test_timelines_may_know_issues_that_are_not_asked_for():
    assert swept(visits((2, 8, 0)), flag=timeline({1: 3, 2: 4, 3: 5})) == [(2, 8, 0, 4)]


def test_a_visits_own_states_hold_until_the_next_visit():
    found = sweep(visits((1, 8, 3), (1, 10, 4)), {"flag": timeline({1: 0}, (1, 9, 1))}, at(20))
    assert found.select("status_row", "doubtful_row", "is_revisit").rows() == [
        (3, 13, True), (3, 13, True), (4, 14, False),
    ]  # fmt: skip
