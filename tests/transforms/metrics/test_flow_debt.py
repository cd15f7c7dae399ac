"""Flow debt: whether the young are finished before the old, read off the staircases of the cumulative flow."""

from datetime import timedelta

import numpy as np
import pytest

from tests.transforms.metrics.flow_frames import MONDAY, WORKFLOW, journeys
from transforms.metrics.flow_debt import add_flow_debt
from transforms.metrics.weekly_flow import flow_journeys, flow_weeks, weekly_flow

WEEKS = 16
DAY = timedelta(days=1)


def last_week(rows, weeks=WEEKS):
    made = flow_journeys(journeys(rows).lazy())
    flow = weekly_flow(made, flow_weeks(made, WORKFLOW, MONDAY + timedelta(weeks=weeks)))
    return add_flow_debt(flow, made).filter("is_complete").to_dicts()[-1]


def finished_by(order, count=52):
    """One start every other day; each finish takes, of what is in progress, the one that ``order`` chooses."""
    starts = [MONDAY + 2 * n * DAY for n in range(count)]
    open_work, rows, begun = [], [], 0
    for finish in (MONDAY + (2 * n + 9.5) * DAY for n in range(count)):
        while begun < count and starts[begun] < finish:
            open_work.append(starts[begun])
            begun += 1
        if open_work:
            rows.append((open_work.pop(order(open_work)), finish, "delivered"))
    return rows + [(start, None, "in_progress") for start in open_work]


def oldest(_):
    return 0


def youngest(_):
    return -1


def test_the_oldest_first_runs_up_no_debt():
    row = last_week(finished_by(oldest))
    assert (row["flow_debt_days"], row["flow_debt_days_low"], row["flow_debt_days_high"]) == (0.0, 0.0, 0.0)


def test_the_youngest_first_lets_the_rest_age():
    """Four are left lying, and one is started every other day."""
    row = last_week(finished_by(youngest), weeks=14)
    assert row["flow_debt_days"] == pytest.approx(8.0)
    assert row["flow_debt_days_low"] > 0


def test_old_work_finished_at_last_pays_back():
    """While work comes in the youngest is taken; what that left behind is finished at the end."""
    rows = finished_by(youngest, count=45)
    left = [start for start, finish, _ in rows if not finish]
    assert left == []
    assert last_week(rows)["flow_debt_days"] < 0 < last_week(rows, weeks=13)["flow_debt_days"]


def test_it_is_the_gap_between_the_cumulative_flow_and_the_cycle_times():
    """Read horizontally: from the k-th finish back to where the staircase of starts reaches k; by brute force."""
    rng = np.random.default_rng(4)
    rows = finished_by(lambda work: int(rng.integers(len(work))))
    since = MONDAY + timedelta(weeks=WEEKS - 13) - timedelta(hours=9)
    until = MONDAY + timedelta(weeks=WEEKS) - timedelta(hours=9)
    starts, finishes = sorted(row[0] for row in rows), sorted(row[1] for row in rows if row[1])
    levels = [(finish, sum(other <= finish for other in finishes)) for finish in finishes]
    read = [
        (finish - min(start for start in starts if sum(s <= start for s in starts) >= level)) / DAY
        for finish, level in levels
        if since <= finish < until
    ]
    cycles = [(finish - start) / DAY for start, finish, _ in rows if finish and since <= finish < until]
    assert last_week(rows)["flow_debt_days"] == pytest.approx(np.mean(read) - np.mean(cycles))


@pytest.mark.parametrize("end", ["discarded", "gone"])
def test_what_is_given_up_in_its_turn_is_no_debt_and_what_never_began_is_none_either(end):
    rows = [(*row[:2], row[2] if n % 3 else end) for n, row in enumerate(finished_by(oldest))]
    never = [(MONDAY + n * DAY, MONDAY + n * DAY, "delivered") for n in range(30)]
    assert last_week(rows + never)["flow_debt_days"] == 0.0


def steady(rng, discarded_share, weeks=60):
    """Work that comes and goes at the same rate; what will be given up is so after forty days on average."""
    count = int(rng.poisson(7 * weeks))
    starts, is_discarded = np.sort(rng.uniform(0, 7 * weeks, count)), rng.random(count) < discarded_share
    lasts = np.where(is_discarded, rng.exponential(40, count), rng.lognormal(np.log(6), 0.9, count))
    for start, days, is_given_up in zip(starts, lasts, is_discarded, strict=True):
        ended = start + days < 7 * weeks
        outcome = ("discarded" if is_given_up else "delivered") if ended else "in_progress"
        yield MONDAY + float(start) * DAY, MONDAY + float(start + days) * DAY if ended else None, outcome


@pytest.mark.parametrize("discarded_share", [0.0, 0.25])
def test_in_a_steady_stream_no_debt_shows_because_some_work_will_be_given_up(discarded_share):
    rng = np.random.default_rng(1)
    found = [last_week(list(steady(rng, discarded_share)), 60) for _ in range(20)]
    assert abs(np.mean([row["flow_debt_days"] for row in found])) < 1
    assert sum(row["flow_debt_days_low"] > 0 for row in found) <= 2


def test_ends_that_all_fall_in_one_week_say_nothing_of_how_much_weeks_differ():
    rows = [(MONDAY + n * DAY, MONDAY + 80 * DAY, "delivered") for n in range(20)]
    rows += [(MONDAY - n * DAY, None, "in_progress") for n in range(1, 9)]
    assert last_week(rows)["flow_debt_days"] is None


@pytest.mark.parametrize(("weeks", "count"), [(12, 52), (WEEKS, 9)])
def test_with_too_little_behind_it_is_withheld_and_named(weeks, count):
    row = last_week(finished_by(oldest, count), weeks)
    assert row["flow_debt_days"] is row["flow_debt_days_low"] is None
    assert row["debt_note"] == "flow debt needs 13 complete weeks, and 10 ends in 8 of them"
