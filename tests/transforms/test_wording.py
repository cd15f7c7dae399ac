"""One is told as one, and every published note says it that way."""

import polars as pl
import pytest

from transforms.wording import counted, lacking, one_or_many, there_are


@pytest.mark.parametrize(("count", "said"), [(0, "0 issues"), (1, "1 issue"), (2, "2 issues"), (1204, "1,204 issues")])
def test_one_is_never_many(count, said):
    assert counted(count, "issue") == said


def test_a_plural_of_its_own_is_given():
    assert [counted(count, "history", "histories") for count in (1, 3)] == ["1 history", "3 histories"]


def test_there_is_one_and_there_are_others():
    assert [there_are(count) for count in (0, 1, 2)] == ["there are 0", "there is 1", "there are 2"]


def test_a_column_says_what_is_lacking_and_nothing_where_it_is_empty():
    rows = pl.DataFrame({"count": [0, 1, 5, None]})
    said = rows.select(lacking("p50 needs 6 issues", "count").alias("said"))["said"].to_list()
    assert said == [f"p50 needs 6 issues, {there}" for there in ("there are 0", "there is 1", "there are 5")] + [None]


def test_a_columns_count_stands_in_one_form_or_the_other():
    rows = pl.DataFrame({"count": [1, 2]})
    said = rows.select(said=one_or_many("count", "{} exit lies there", "{} exits lie there"))["said"].to_list()
    assert said == ["1 exit lies there", "2 exits lie there"]
