"""Laying events and stretches into periods: nothing lost, nothing twice, clipped at local midnight."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.calendar import WorkingCalendar
from transforms.metrics.periods import periods, weeks
from transforms.metrics.slots import (
    events_in_periods,
    events_in_slots,
    stretches_in_periods,
    stretches_in_slots,
    working_between,
)
from transforms.schema import LABEL, TIMESTAMP
from transforms.workflow import STATUS_MODEL_SCHEMA, ValueStream, Workflow

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
FIRST = datetime(2025, 1, 15, tzinfo=UTC)
STREAMS = tuple(
    ValueStream(name, WorkingCalendar.weekdays(zone), commitment_order=1)
    for name, zone in (("Berlin", "Europe/Berlin"), ("Auckland", "Pacific/Auckland"))
)
WORKFLOW = Workflow(STREAMS, pl.DataFrame(schema=STATUS_MODEL_SCHEMA), pl.DataFrame())
PERIODS = periods(WORKFLOW, FIRST, AS_OF)
WEEKS = weeks(WORKFLOW, FIRST, AS_OF)

instants = st.datetimes(datetime(2025, 1, 15), datetime(2026, 6, 30), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)


def frame(*rows):
    schema = {"value_stream": LABEL, "begin": TIMESTAMP, "end": TIMESTAMP}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def test_quarters_begin_at_midnight_of_the_streams_own_zone():
    quarter = PERIODS.filter(pl.col.period_start_date == date(2026, 1, 1)).sort("value_stream")
    starts = dict(quarter.select("value_stream", "starts_at").iter_rows())
    assert starts["Berlin"] == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert starts["Auckland"] == datetime(2025, 12, 31, 11, tzinfo=UTC)


def test_the_rolling_window_ends_with_the_last_complete_week():
    [rolling] = PERIODS.filter(period_kind="rolling_26_weeks", value_stream="Berlin").to_dicts()
    assert rolling["period_start_date"] == date(2025, 12, 29)
    assert rolling["period_end_date"] == date(2026, 6, 28)
    assert rolling["is_complete"]


def test_the_running_quarter_is_cut_at_as_of():
    [running] = PERIODS.filter(period_start_date=date(2026, 4, 1), value_stream="Berlin").to_dicts()
    assert running["ends_at"] == AS_OF
    assert not running["is_complete"]


def test_weeks_begin_on_mondays_and_cover_the_whole_history():
    berlin = WEEKS.filter(value_stream="Berlin").sort("week_start_date")
    assert berlin["week_start_date"].dt.weekday().unique().to_list() == [1]
    assert berlin["starts_at"][0] <= FIRST
    assert berlin["ends_at"][-1] == AS_OF
    assert (berlin["ends_at"].shift(1) == berlin["starts_at"])[1:].all()


def test_an_event_at_the_edge_belongs_to_the_period_that_begins():
    edge = datetime(2026, 3, 31, 22, tzinfo=UTC)
    placed = events_in_periods(frame(("Berlin", edge, edge)), "begin", PERIODS)
    quarters = placed.filter(period_kind="quarter")
    assert quarters["period_start_date"].to_list() == [date(2026, 4, 1)]


@given(st.lists(st.tuples(st.sampled_from(["Berlin", "Auckland"]), instants), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_every_event_lies_in_exactly_one_week(rows):
    events = frame(*((stream, at, at) for stream, at in rows))
    placed = events_in_slots(events, "begin", WEEKS)
    assert len(placed) == len(events)
    assert placed.select(((pl.col.begin >= pl.col.starts_at) & (pl.col.begin < pl.col.ends_at)).all()).item()


@given(st.lists(st.tuples(st.sampled_from(["Berlin", "Auckland"]), instants, instants), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_a_stretch_keeps_its_length_over_the_weeks_it_touches(rows):
    stretches = frame(*((stream, min(a, b), max(a, b)) for stream, a, b in rows)).with_row_index("row")
    pieces = stretches_in_slots(stretches, "begin", "end", WEEKS, AS_OF)
    whole = stretches.select("row", whole=(pl.col.end - pl.col.begin).dt.total_milliseconds())
    summed = whole.join(pieces.group_by("row").agg(pl.col.slot_ms.sum()), on="row", how="left")
    assert summed["slot_ms"].to_list() == summed["whole"].to_list()


def test_a_stretch_older_than_the_grid_is_clipped_to_it():
    old = frame(("Berlin", datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)))
    pieces = stretches_in_periods(old, "begin", "end", PERIODS, AS_OF)
    assert pieces["begins_at"].to_list() == [datetime(2024, 12, 31, 23, tzinfo=UTC)]


def test_an_open_stretch_lasts_to_as_of():
    pieces = stretches_in_periods(frame(("Berlin", AS_OF - timedelta(hours=5), None)), "begin", "end", PERIODS, AS_OF)
    assert pieces.filter(period_kind="quarter")["slot_ms"].to_list() == [5 * 3_600_000]


@pytest.mark.parametrize(("stream", "hours"), [("Berlin", 8), ("Auckland", 5)])
def test_working_time_is_that_of_the_streams_calendar(stream, hours):
    """One UTC day: a whole working day in Berlin; in Auckland the afternoon of Monday and an hour of Tuesday."""
    rows = frame((stream, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 21, tzinfo=UTC)))
    assert working_between(rows, "begin", "end", WORKFLOW, AS_OF).to_list() == [hours * 3_600_000]
