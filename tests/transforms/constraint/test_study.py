"""One stream in one period, from what is seen to rows: what keeps it from speaking, and what its rows must agree on."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.transforms.constraint.observations import DONE, delivered_of, observed, served_in_turn
from tests.transforms.constraint.test_model import two_stations
from transforms.constraint.deliveries import Deliveries
from transforms.constraint.doors import Limit
from transforms.constraint.study import DRAWS, Question, seed_of, study

HORIZON = 1040.0
PERIOD = {
    "value_stream": "Golden", "period_kind": "rolling_26_weeks", "period_start_date": date(2025, 1, 6),
    "period_end_date": date(2025, 7, 6), "is_complete_period": True, "definition_version": "v1",
}  # fmt: skip
BOUND = {"A": Limit(9, "board", 0.5)}


def asked(seen=None, **more):
    seen = observed(two_stations(), 2, horizon=HORIZON, people=3) if seen is None else seen
    question = Question("Golden", PERIOD, seen, (np.zeros(0), np.zeros(0)), {}, is_late=False, is_team_large=True)
    return replace(question, **({"delivered": delivered_of(seen)} | more))


@pytest.fixture(scope="module")
def seen():
    return observed(two_stations(), 2, horizon=HORIZON, people=3)


@pytest.fixture(scope="module")
def answer(seen):
    return study(asked(seen))


def test_the_busy_reviewer_is_named(answer):
    assert (answer.verdict["verdict"], answer.verdict["constraint_name"]) == ("constraint_stage", "B")
    assert answer.verdict["reasons"] is None


def test_every_what_if_carries_its_n(answer):
    counts = {(row["delivered_count"], row["replay_count"]) for row in answer.reliefs}
    assert counts == {(answer.verdict["delivered_count"], DRAWS)}


def test_the_shares_of_worlds_won_are_all_worlds(answer):
    assert sum(row["win_share"] for row in answer.reliefs if row["win_share"] is not None) == pytest.approx(1)


def test_figures_of_people_are_hidden_from_small_teams():
    rows = study(asked(is_team_large=False, redefined_on=date(2025, 3, 1))).evidence
    assert {row["people_count"] for row in rows} == {None}
    assert all("hidden" in row["note"] or "people" in row["note"] for row in rows)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"quality": 0.55}, "a verdict needs a log of quality 0.6, it is 0.55"),
        ({"redefined_on": date(2025, 3, 1)}, "a verdict needs one definition, another holds from 2025-03-01 on"),
    ],
)
def test_what_the_ground_does_not_carry_is_not_said(more, says):
    found = study(asked(**more))
    assert (found.verdict["verdict"], found.verdict["confidence"]) == ("insufficient_data", "none")
    assert found.verdict["reasons"] == says
    assert says in found.verdict["sentence"]
    assert found.reliefs == []
    assert len(found.evidence) == 2


def test_late_entry_and_limits_that_bind_make_it_weak_at_most():
    found = study(asked(is_late=True, limits=BOUND))
    assert found.verdict["confidence"] in ("weak", "none")
    assert "entered at stand-ups" in found.verdict["reasons"]


def test_work_that_nobody_saw_begin_or_end_makes_it_weak_at_most():
    seen = observed(two_stations(), 2, horizon=HORIZON, people=3)
    hidden = replace(seen, has_queue=np.array([True, False]), is_known=seen.station == 0)
    found = study(asked(hidden, limits=BOUND))
    assert found.verdict["confidence"] in ("weak", "none")
    assert "nobody knows when work in B began or waited for room" in found.verdict["reasons"]


def test_the_seed_is_the_streams_and_the_periods_own():
    seeds = {seed_of(stream, date(2025, month, 1)) for stream in ("A", "B") for month in (1, 4)}
    assert len(seeds) == 4
    assert seed_of("A", date(2025, 1, 1)) == seed_of("A", date(2025, 1, 1))


def test_a_stream_without_a_delivery_says_what_is_missing():
    visits = served_in_turn(np.arange(1, 30) * 12.0, [2.0] * 29, to=DONE)
    open_ones = [visit._replace(left=np.nan) for visit in visits]
    found = study(asked(observed(open_ones, 1, horizon=HORIZON)))
    assert found.verdict["reasons"].startswith("a verdict needs 30 deliveries, there are 0")


def test_a_months_figures_are_those_of_calendar_weeks(seen, answer):
    """The same visits, of people who work half of every week: half as much a month, from twice as many weeks."""
    slow = study(asked(replace(seen, weeks=52.0, week_edges=np.arange(53) * 20.0, day_hours=4.0)))
    assert (answer.verdict["week_count"], slow.verdict["week_count"]) == (26, 52)
    assert slow.verdict["constraint_name"] == answer.verdict["constraint_name"]
    assert slow.verdict["cycle_working_days_p50"] == pytest.approx(2 * answer.verdict["cycle_working_days_p50"])
    for row, same in zip(slow.reliefs, answer.reliefs, strict=True):
        assert row["delivered_per_month"] == pytest.approx(same["delivered_per_month"] / 2)
        assert row["cycle_working_days_p50_change"] == pytest.approx(2 * same["cycle_working_days_p50_change"])


def test_too_few_calendar_weeks_are_not_made_up_for_by_their_hours(seen):
    brief = replace(seen, weeks=7.9, week_edges=np.arange(8) * 130.0)
    assert study(asked(brief)).verdict["reasons"] == "a verdict needs 8 complete weeks, there are 7"


def test_the_headline_tells_what_the_journeys_tell(seen):
    """Medians are type 1, and waiting is theirs: the replay's own visits have no say in either."""
    hours = np.array([1, 1, 1, 9, 9, 9] * 5)
    told = Deliveries(np.sort(hours) * 3_600_000, 75 * 3_600_000, {"B": 30 * 3_600_000})
    row = study(asked(seen, delivered=told)).verdict
    assert row["delivered_count"] == 30
    parts = ("cycle_working_days_p50", "wait_of_cycle_working_days", "constraint_wait_of_cycle_working_days")
    assert [row[name] for name in parts] == pytest.approx([1 / 8, 1 / 16, 1 / 40])


def test_five_deliveries_have_no_median(seen):
    few = Deliveries(np.arange(1, 6) * 3_600_000)
    assert study(asked(seen, delivered=few)).verdict["cycle_working_days_p50"] is None


def test_where_no_column_shows_the_wait_it_is_told_as_the_replays(seen):
    blind = replace(seen, has_queue=np.array([True, False]))
    row = study(asked(blind, delivered=delivered_of(seen))).verdict
    assert row["constraint_wait_of_cycle_working_days"] is None
    assert ", 0.0 before" not in row["sentence"]
    if row["halved_cycle_working_days_p50"] is not None and row["confidence"] in ("strong", "moderate"):
        assert "Halve the wait before B, which no column shows, and the median" in row["sentence"]
