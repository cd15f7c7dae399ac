"""Figures are written out the same way everywhere, and never round a fact away."""

from datetime import UTC, date, datetime

import pytest

from pipelines.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0, "0"), (0.04, "0.04"), (0.5, "0.5"), (1.0, "1"), (3.14159, "3.1"), (9.94, "9.9"), (9.96, "10"),
        (14.4, "14"), (100, "100"), (1204.4, "1,204"), (-0.32, "-0.32"), (-12.6, "-13"),
    ],
)  # fmt: skip
def test_a_figure_has_as_many_decimals_as_it_deserves(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (1, "1 day"), (1.04, "1 day"), (0.4, "0.4 days"), (14, "14 days"), (0, "0 days")]
)
def test_days_keep_their_unit_on_the_same_line(value, text):
    assert words.days(value) == text.replace(" ", words.FIXED)


def test_another_unit_can_be_named():
    assert words.days(2.5, "working day") == f"2.5{words.FIXED}working days"


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0, "0 %"), (0.001, "< 1 %"), (0.005, "< 1 %"), (0.49, "49 %"), (0.999, "> 99 %"), (1, "100 %")],
)
def test_what_is_more_than_nothing_is_never_nothing_and_what_is_not_all_never_all(share, text):
    assert words.percent(share) == text.replace(" ", words.FIXED)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (6.56, "+6.6 deliveries a month"), (10.2, "+10 deliveries a month"), (1.0, "+1 delivery a month"),
        (-1.0, "-1 delivery a month"), (-0.004, "no more deliveries"), (0.03, "no more deliveries"),
    ],
)  # fmt: skip
def test_a_change_of_deliveries_has_its_sign_and_number(change, text):
    assert words.deliveries(change) == text


def test_a_share_that_is_nothing_but_an_error_of_rounding_is_nothing():
    assert words.percent(1e-17) == f"0{words.FIXED}%"


def test_a_count_has_its_noun_in_the_right_number():
    assert words.counted(1, "issue") == "1 issue"
    assert words.counted(1204, "issue") == "1,204 issues"
    assert words.counted(0, "issue") == "0 issues"
    assert words.counted(None, "issue") == "–"


def test_an_interval_shows_an_open_end():
    assert words.span(3.14, 4.8) == " [3.1, 4.8]"
    assert words.span(None, 4.8) == " […, 4.8]"
    assert words.span(3.14, None) == " [3.1, …]"
    assert words.span(None, None) == ""


def test_an_interval_of_shares_needs_both_ends():
    assert words.percent_span(0.3, 0.5) == f" [30{words.FIXED}%, 50{words.FIXED}%]"
    assert words.percent_span(None, 0.5) == ""


def test_a_day_is_named_in_english_whatever_the_machine_speaks():
    assert words.day(date(2026, 6, 28)) == "28 Jun 2026"
    assert words.day(datetime(2026, 12, 1, 23, tzinfo=UTC)) == "1 Dec 2026"


def test_parts_are_listed_as_people_do():
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b"]) == "a and b"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_a_sentence_begins_large_and_ends():
    assert words.sentence("nothing moved") == "Nothing moved."
    assert words.sentence("Did it?") == "Did it?"
    assert words.sentence("  ") == ""


def test_only_sentences_that_say_something_are_joined():
    assert words.joined("A.", "", "B.") == "A. B."


@pytest.mark.parametrize(
    ("kind", "start", "is_complete", "name", "key"),
    [
        ("rolling_26_weeks", date(2025, 12, 29), True, "26 weeks to 28 Jun 2026", "latest"),
        ("quarter", date(2026, 1, 1), True, "Q1 2026", "2026-Q1"),
        ("quarter", date(2026, 4, 1), False, "Q2 2026 so far", "2026-Q2"),
        ("quarter", date(2025, 10, 1), True, "Q4 2025", "2025-Q4"),
    ],
)
def test_a_period_has_a_name_and_an_id(kind, start, is_complete, name, key):
    assert words.period_name(kind, start, date(2026, 6, 28), is_complete=is_complete) == name
    assert words.period_id(kind, start) == key


def test_what_speaks_of_the_whole_history_speaks_of_no_period():
    assert words.period_id("whole_history", date(2024, 1, 1)) == ""
