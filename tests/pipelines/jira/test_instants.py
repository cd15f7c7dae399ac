"""Every way Jira writes an instant."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.jira.instants import EPOCH, MICROSECOND, read_instant, read_instants

INSTANT = 1_639_441_815_283_000
"""2021-12-14 00:30:15.283 UTC in microseconds."""


@pytest.mark.parametrize(
    "text",
    [
        "2021-12-14T00:30:15.283+0000",
        "2021-12-13T19:30:15.283-0500",
        "2021-12-14T06:00:15.283+0530",
        "2021-12-14T06:00:15.283+05:30",
        "2021-12-14T00:30:15.283Z",
        "2021-12-14T00:30:15.283000+00:00",
        "1639441815283",
        1639441815283,
    ],
)
def test_the_same_instant_is_read_from_every_form(text):
    assert read_instant(text) == INSTANT


def test_whole_seconds_need_no_fraction():
    assert read_instant("2021-12-14T00:30:15+0000") == INSTANT - 283_000


@pytest.mark.parametrize("text", ["2021-12-14T00:30:15.283", "2021-12-14T00:30:15.28300000", "2021-12-14"])
def test_an_instant_without_offset_is_refused(text):
    with pytest.raises(ValueError, match="no offset"):
        read_instant(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2021-13-14T00:30:15.283+0000", "2021-12-14T25:30:15.283+0000", "½"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError):
        read_instant(text)


@pytest.mark.parametrize("number", [-1, 10**17])
def test_milliseconds_outside_the_calendar_are_refused(number):
    with pytest.raises(ValueError, match="outside the calendar"):
        read_instant(number)


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_milliseconds_survive_exactly_in_every_offset(moment, offset_minutes):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    local = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))
    text = local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03}" + local.strftime("%z")
    assert read_instant(text) == (moment - EPOCH) // MICROSECOND


USUAL = st.builds(
    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{}{:02}{:02}".format,
    st.one_of(st.integers(1990, 2040), st.integers(0, 9999)), st.integers(0, 13), st.integers(0, 32),
    st.integers(0, 25), st.integers(0, 61), st.integers(0, 61), st.integers(0, 999), st.sampled_from("+-Z"),
    st.integers(0, 25), st.integers(0, 61),
)  # fmt: skip
"""Texts of the usual form, true dates or not."""


def told(read):
    """What reading gave, or that it refused."""
    try:
        return list(read())
    except ValueError:
        return "refused"


@given(st.lists(USUAL, max_size=4))
def test_instants_of_the_usual_form_are_read_in_bulk_as_one_by_one(texts):
    assert told(lambda: read_instants(texts)) == told(lambda: map(read_instant, texts))


@given(
    st.lists(
        st.one_of(
            st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}.000+0100"),
            st.integers(0, 10**13),
            st.integers(0, 10**13).map(str),
            st.sampled_from(["2021-12-14T00:30:15Z", -1, 2**70, "½", "2021-12-14T00:30:15.283+000\n", ""]),
        )
    )
)
def test_mixed_forms_are_read_in_bulk_as_one_by_one(values):
    assert told(lambda: read_instants(values)) == told(lambda: map(read_instant, values))


@pytest.mark.parametrize("text", ["2023-02-29T00:30:15.283+0000", "2021-12-14T00:30:15.283+2400", "x" * 28])
def test_one_text_that_is_no_instant_refuses_the_lot(text):
    with pytest.raises(ValueError):
        read_instants(["2021-12-14T00:30:15.283+0000", text])


def test_texts_that_only_together_have_the_usual_length_are_refused():
    usual = "2021-12-14T00:30:15.283+0000"
    with pytest.raises(ValueError):
        read_instants([usual[:-1], usual[-1] + usual])
