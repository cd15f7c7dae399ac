from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.instants import EPOCH, MILLISECOND, epoch_ms, jira_timestamp


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1970-01-01T00:00:01.001+0000", 1001),
        ("2011-10-31T15:56:26.000-0400", 1_320_090_986_000),
        ("2026-03-02T13:30:00.000+05:30", 1_772_438_400_000),
        ("2026-03-02T08:00:00Z", 1_772_438_400_000),
        (1_772_438_400_123, 1_772_438_400_123),
    ],
)
def test_instants_are_read_in_every_way_jira_writes_them(written, expected):
    assert epoch_ms(written) == expected


def test_an_instant_without_offset_is_refused():
    with pytest.raises(ValueError, match="names no offset"):
        epoch_ms("2026-03-02T08:00:00.000")


def test_an_instant_is_written_in_utc_with_milliseconds():
    east = datetime(2026, 3, 2, 13, 30, 0, 7999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert jira_timestamp(east) == "2026-03-02T08:00:00.007+0000"


@given(st.integers(0, 4_000_000_000_000))
def test_writing_and_reading_an_instant_gives_it_back(instant_ms):
    assert epoch_ms(jira_timestamp(EPOCH + instant_ms * MILLISECOND)) == instant_ms
    assert EPOCH.tzinfo is UTC
