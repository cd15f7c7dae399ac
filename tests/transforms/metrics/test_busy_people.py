"""What people are busy with: against asking every stretch, and where one person holds thousands of issues at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.metrics.busy_people import busy_stretches, least_over, overlaps, parts_that_overlap
from transforms.schema import LABEL, TIMESTAMP
from transforms.workflow import INTERVAL_KIND

DAY = datetime(2026, 3, 2, tzinfo=UTC)
AS_OF = DAY + timedelta(days=40)

ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(0, 99)), max_size=30)


def hours(number):
    return DAY + timedelta(hours=number)


def touched(*stretches):
    """Touch of persons, one issue each: (person, first hour, last hour; None while it lasts)."""
    rows = [
        (number, person, "touch", "Development", hours(begin), None if end is None else hours(end))
        for number, (person, begin, end) in enumerate(stretches)
    ]
    schema = {
        "issue_id": pl.Int64(), "assignee": pl.Int64(), "kind": INTERVAL_KIND, "stage_name": LABEL,
        "entered_at": TIMESTAMP, "left_at": TIMESTAMP,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema, orient="row")
    return frame.with_columns(pass_number=pl.lit(1, pl.Int32), value_stream=pl.lit("A", LABEL))


@settings(deadline=None)
@given(ranges, st.integers(80, 90))
def test_the_least_of_the_ranges_over_a_place_is_that_of_asking_each(drawn, size):
    begin, length, values = (np.array(part, dtype=np.int64) for part in zip(*drawn, strict=True)) if drawn else [
        np.zeros(0, np.int64)
    ] * 3  # fmt: skip
    found = least_over(begin, begin + length, values, size)
    none = np.iinfo(np.int64).max
    asked = [min((v for b, n, v in drawn if b <= place < b + n), default=none) for place in range(size)]
    assert found.tolist() == asked


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 20), st.integers(1, 9)), max_size=12))
def test_what_somebody_holds_is_what_asking_every_hour_finds(drawn):
    stretches = [(person, begin, begin + length) for person, begin, length in drawn]
    busy = busy_stretches(touched(*stretches), AS_OF)
    for person in (1, 2):
        for hour in range(32):
            own = [(begin, end) for who, begin, end in stretches if who == person and begin <= hour < end]
            held = busy.filter(assignee=person).filter((pl.col.begin <= hours(hour)) & (pl.col.end > hours(hour)))
            told = held.select("parallel", "oldest_at").rows()
            assert told == ([(len(own), hours(min(own)[0]))] if own else [])


def test_one_person_may_hold_thousands_of_issues_at_once():
    """As the default assignee of a project does: pairs of an issue and a moment would not fit into memory."""
    count = 20_000
    frame = touched((1, 0, None)).select(pl.all().repeat_by(count).explode())
    place = pl.int_range(count)
    frame = frame.with_columns(issue_id=place, entered_at=pl.col.entered_at + pl.duration(seconds=place))
    busy = busy_stretches(frame, AS_OF)
    assert busy["parallel"].to_list() == list(range(1, count + 1))
    assert busy["oldest_at"].unique().to_list() == [DAY]


def test_a_few_at_a_time_give_the_same_overlaps():
    busy = busy_stretches(touched((1, 0, 5), (1, 3, 9), (2, 1, 4), (1, 20, None)), AS_OF)
    asked = pl.DataFrame(
        {"visit": range(4), "assignee": [1, 2, 3, 1], "begin": [hours(h) for h in (0, 2, 0, 30)],
         "end": [hours(h) for h in (40, 3, 9, 31)]},
        schema_overrides={"begin": TIMESTAMP, "end": TIMESTAMP},
    )  # fmt: skip
    whole = overlaps(asked, busy)
    assert whole["visit"].to_list() == [0, 0, 0, 0, 1, 3]
    for most in (1, 2, 100):
        assert pl.concat(parts_that_overlap(asked, busy, most)).equals(whole)
