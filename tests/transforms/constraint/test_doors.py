"""Limits are found where boards are silent and believed where they are kept; what waits at a door is not at work."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.transforms.constraint.observations import Visit, observed, served_in_turn
from transforms.constraint.doors import entered_late, find_limits, stream_limit, with_doors

START = datetime(2025, 1, 6, 9, tzinfo=UTC)
KEY = ("Stream", "Review")


def visits(spans, station="Review"):
    """Stays in a station, in hours after START; an open end is None."""
    rows = [(n, "Stream", station, START + timedelta(hours=a), None if b is None else START + timedelta(hours=b))
            for n, (a, b) in enumerate(spans)]  # fmt: skip
    names = ("issue_id", "value_stream", "station", "entered_at", "left_at")
    return pl.DataFrame(rows, names, orient="row").with_columns(visit=pl.int_range(pl.len()), high_ms=1)


def full_station(most=3, count=60, seed=1):
    """A station in which a place is taken at the moment it is freed."""
    rng = np.random.default_rng(seed)
    free, spans = [0.0] * most, []
    for _ in range(count):
        begin = free.pop(0)
        end = begin + float(rng.exponential(5)) + 0.1
        spans.append((begin, end))
        free = sorted([*free, end])
    return spans


def loose_station(count=120, seed=2):
    """A station with as much room as is needed."""
    rng = np.random.default_rng(seed)
    came = np.sort(rng.uniform(0, 600, count))
    return [(float(at), float(at + rng.exponential(12))) for at in came]


def test_a_limit_that_no_board_tells_is_found():
    limit = find_limits(visits(full_station()), {})[KEY]
    assert (limit.most, limit.source) == (3, "found")
    assert limit.bound_share > 0.9


@pytest.mark.parametrize("seed", range(8))
def test_no_limit_is_found_where_there_is_none(seed):
    assert find_limits(visits(loose_station(seed=seed)), {}) == {}


def test_a_limit_on_the_board_that_is_kept_to_counts():
    limit = find_limits(visits(loose_station()), {KEY: 40})[KEY]
    assert (limit.most, limit.source, limit.bound_share) == (40, "board", 0)


def test_a_limit_on_the_board_that_nobody_keeps_to_does_not():
    assert find_limits(visits(loose_station()), {KEY: 1}) == {}


def test_the_board_is_believed_before_the_log():
    assert find_limits(visits(full_station()), {KEY: 3})[KEY].source == "board"


def walk(left_at_door, next_touch, other_came=1.0, has_queue=True):
    """One issue leaves Review when another leaves QA, whose only place it takes; its worker turns to a third."""
    told = [
        (1, "QA", 0, 10), (2, "Review", 2, left_at_door), (2, "QA", left_at_door, 20), (3, "Review", other_came, 30),
    ]  # fmt: skip
    rows = [(i, "Stream", s, START + timedelta(hours=a), START + timedelta(hours=b)) for i, s, a, b in told]
    frame = pl.DataFrame(rows, ["issue_id", "value_stream", "station", "entered_at", "left_at"], orient="row")
    frame = frame.with_columns(visit=pl.int_range(pl.len()), has_queue=pl.lit(has_queue))
    at = None if next_touch is None else START + timedelta(hours=next_touch)
    types = {"visit": pl.Int64, "next_at": frame.schema["left_at"], "next_visit": pl.Int64}
    touches = pl.DataFrame({"visit": [1], "next_at": [at], "next_visit": [None if at is None else 3]}, types)
    limits = find_limits(visits([(0, 10), (10, 20)], "QA"), {("Stream", "QA"): 1})
    found = with_doors(frame, touches, limits).sort("visit").to_dicts()[1]
    done = found["done_at"] - START
    return done / timedelta(hours=1), found["is_work_known"]


def test_what_waits_for_room_was_done_when_its_worker_turned_to_what_had_waited():
    assert walk(left_at_door=10, next_touch=6) == (6.0, True)


def test_who_turned_to_what_had_only_just_come_may_have_been_done_before():
    assert walk(left_at_door=10, next_touch=6, other_came=6) == (6.0, False)
    assert walk(left_at_door=10, next_touch=6, other_came=6, has_queue=False) == (6.0, True)


def test_when_they_did_not_nobody_knows():
    assert walk(left_at_door=10, next_touch=None) == (10.0, False)
    assert walk(left_at_door=10, next_touch=12) == (10.0, False)


def test_what_leaves_freely_was_done_when_it_left():
    assert walk(left_at_door=12, next_touch=6) == (12.0, True)


def test_a_tenth_of_all_moves_at_one_minute_of_the_day_is_a_stand_up():
    rng = np.random.default_rng(3)
    spread = visits([(float(24 * n + rng.uniform(0, 8)), 24 * n + 9.0 + n / 97) for n in range(80)])
    assert entered_late(spread) == set()
    standing = visits([(24.0 * n + (0.25 if n % 2 else float(rng.uniform(0, 8))), 24 * n + 12.3) for n in range(80)])
    assert entered_late(standing) == {"Stream"}


def test_what_a_release_moves_was_not_entered_late():
    """Once a week everything waiting is released at nine; what stood before moves up at the same moment."""
    week = 24.0 * 7
    rng = np.random.default_rng(4)
    spans = [(week * n + float(rng.uniform(1, 90)), week * (n + 1)) for n in range(30) for _ in range(3)]
    moved = visits([(week * (n + 1), week * (n + 1) + 5) for n in range(30) for _ in range(3)], "QA")
    released = visits(spans, "Release").with_columns(high_ms=pl.lit(0))
    assert entered_late(moved) == {"Stream"}
    assert entered_late(pl.concat([moved, released.with_columns(high_ms=pl.lit(0, pl.Int32))])) == set()


def in_progress(most, hours=400.0, seed=5):
    """Issues of one step of which there are never more than ``most``: the next starts when one is delivered."""
    rng = np.random.default_rng(seed)
    free, told = [0.0] * most, []
    while free[0] < hours:
        begin = free.pop(0)
        end = begin + 1 + float(rng.exponential(9))
        told.append(Visit(len(told), 0, begin, begin, end if end < hours else np.nan, len(told) % most))
        free = sorted([*free, end])
    return observed(told, 1, horizon=hours)


def test_a_limit_on_the_whole_stream_is_found():
    assert stream_limit(in_progress(5)) == 5


@pytest.mark.parametrize("seed", range(4))
def test_no_limit_on_the_stream_is_found_where_work_comes_as_it_likes(seed):
    rng = np.random.default_rng(seed)
    came = np.cumsum(rng.exponential(4.0, 90))
    assert stream_limit(observed(served_in_turn(came, rng.exponential(9.0, 90), 3), 1)) == 0
