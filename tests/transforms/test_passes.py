"""Where a journey ends: reopened work goes on, work that comes back late begins anew."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from transforms.passes import mark_passes
from transforms.schema import TIMESTAMP

DAY_ONE = datetime(2026, 3, 1, tzinfo=UTC)

HORIZON = timedelta(days=30)

STATES = {"b": (False, False, False), "w": (False, False, True), "D": (True, False, True), "X": (True, True, True)}
"""Backlog, at work, done and discarded: terminal, discarded, committed."""

Step = tuple[str, float]


def rows(*lives: list[Step]) -> pl.DataFrame:
    """One issue per life: (state, day it begins)."""
    told = [
        (issue, DAY_ONE + timedelta(days=day), *STATES[state])
        for issue, life in enumerate(lives)
        for state, day in life
    ]
    schema = {
        "issue_id": pl.Int64, "entered_at": TIMESTAMP, "is_terminal": pl.Boolean, "is_discarded": pl.Boolean,
        "is_committed": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(told, schema=schema, orient="row")


def marked(*lives: list[Step], horizon: timedelta = HORIZON) -> list[str]:
    """Every row in short: pass number, then F(inal), g(ap), s(tarted) or - ."""
    frame = rows(*lives)
    us = np.full(len(frame), int(horizon.total_seconds() * 1e6))
    found = mark_passes(frame, us)
    assert found.columns[-4:] == ["is_final", "is_gap", "pass_number", "has_started"]
    return [
        f"{n}{'F' if final else 'g' if gap else 's' if started else '-'}"
        for n, final, gap, started in found.select("pass_number", "is_final", "is_gap", "has_started").rows()
    ]


def test_work_starts_at_its_first_committed_row_and_ends_in_the_stretch_that_is_not_left():
    assert marked([("b", 0), ("b", 1), ("w", 2), ("b", 3), ("D", 4)]) == ["1-", "1-", "1s", "1s", "1F"]


def test_work_left_open_has_no_final_stretch():
    assert marked([("b", 0), ("w", 2)]) == ["1-", "1s"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(29, ["1s", "1g", "1s"]), (30, ["1s", "1g", "1s"]), (30 + 1 / 86_400_000, ["1s", "1F", "2s"])],
)
def test_a_reopening_after_more_than_the_horizon_begins_a_new_pass(days, expected):
    assert marked([("w", 0), ("D", 1), ("w", 1 + days)]) == expected


def test_the_new_pass_starts_when_it_is_committed_again():
    assert marked([("w", 0), ("D", 1), ("b", 50), ("w", 51), ("D", 52)]) == ["1s", "1F", "2-", "2s", "2F"]


def test_discarded_work_that_comes_back_goes_on_however_late():
    assert marked([("w", 0), ("X", 1), ("w", 90), ("D", 91)]) == ["1s", "1g", "1s", "1F"]


def test_a_terminal_stretch_is_one_whatever_it_passes_through():
    assert marked([("w", 0), ("D", 1), ("D", 20), ("w", 40)]) == ["1s", "1F", "1F", "2s"]
    assert marked([("w", 0), ("D", 1), ("D", 20)]) == ["1s", "1F", "1F"]
    assert marked([("w", 0), ("D", 1), ("w", 2), ("D", 3), ("D", 4)]) == ["1s", "1g", "1s", "1F", "1F"]


def test_what_a_terminal_stretch_was_last_decides_whether_it_was_delivered():
    assert marked([("w", 0), ("D", 1), ("X", 2), ("w", 90)]) == ["1s", "1g", "1g", "1s"]
    assert marked([("w", 0), ("X", 1), ("D", 2), ("w", 90)]) == ["1s", "1F", "1F", "2s"]
    assert marked([("w", 0), ("X", 1), ("D", 90), ("w", 90)]) == ["1s", "1g", "1g", "1s"]


def test_every_late_return_is_a_pass_of_its_own():
    life = [("w", 0), ("D", 1), ("w", 40), ("D", 41), ("w", 50), ("D", 51), ("w", 90)]
    assert marked(life) == ["1s", "1F", "2s", "2g", "2s", "2F", "3s"]


def test_passes_are_counted_issue_by_issue():
    late = [("w", 0), ("D", 1), ("w", 40)]
    assert marked(late, [("b", 0)], late, [("D", 0)]) == ["1s", "1F", "2s", "1-", "1s", "1F", "2s", "1F"]


def test_an_issue_that_begins_where_another_ended_has_not_started():
    assert marked([("w", 0), ("D", 1)], [("b", 2), ("w", 3)]) == ["1s", "1F", "1-", "1s"]
    assert marked([("D", 0)], [("D", 1)]) == ["1F", "1F"]


def test_each_row_has_its_own_horizon():
    frame = rows([("w", 0), ("D", 1), ("w", 11)], [("w", 0), ("D", 1), ("w", 11)])
    horizons = np.array([5] * 3 + [20] * 3) * 86_400_000_000
    assert mark_passes(frame, horizons)["pass_number"].to_list() == [1, 1, 2, 1, 1, 1]


def test_a_horizon_of_nothing_makes_every_reopening_a_return():
    life = [("w", 0), ("D", 1), ("w", 1.001), ("D", 2)]
    assert marked(life, horizon=timedelta(0)) == ["1s", "1F", "2s", "2F"]


def test_no_issues_no_passes():
    assert mark_passes(rows(), np.array([], dtype=np.int64)).is_empty()
