"""A few issues at a time: nothing is lost, nothing comes twice, and the tables do not show it."""

from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chain import compute
from tests.strategies import cases
from transforms.parts import in_parts

IDS = pl.DataFrame({"issue_id": [3, 5, 8, 9, 12]})


def ids_of(frame):
    return frame["issue_id"].to_list()


def test_every_part_holds_the_rows_of_its_issues():
    rows = pl.DataFrame({"issue_id": [3, 3, 8, 8, 8, 12]})
    found = [(ids_of(some), ids_of(own)) for some, own in in_parts(IDS, rows, size=2)]
    assert found == [([3, 5], [3, 3]), ([8, 9], [8, 8, 8]), ([12], [12])]


def test_no_issue_is_one_part_with_all_columns():
    [(some, own)] = in_parts(IDS.clear(), IDS.clear())
    assert some.is_empty()
    assert own.schema == IDS.schema


@given(st.sets(st.integers(0, 50), max_size=20), st.lists(st.integers(0, 19), max_size=40), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_parts_put_together_are_the_whole(ids, picks, size):
    issues = pl.DataFrame({"issue_id": sorted(ids)}, schema={"issue_id": pl.Int64})
    rows = pl.DataFrame({"issue_id": sorted(sorted(ids)[p % len(ids)] for p in picks if ids)}, schema=issues.schema)
    told = list(in_parts(issues, rows, size=size))
    assert pl.concat(some for some, _ in told).equals(issues)
    assert pl.concat(own for _, own in told).equals(rows)
    assert all(set(ids_of(own)) <= set(ids_of(some)) for some, own in told)
    assert all(len(some) <= size for some, _ in told)


@given(cases())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tables_made_one_issue_at_a_time_are_those_made_at_once(case):
    raw, workflow, as_of = case.frames_and_workflow()
    whole = compute(raw, workflow, as_of)
    with patch.dict(in_parts.__kwdefaults__, size=1):
        single = compute(raw, workflow, as_of)
    for name, table in whole.items():
        assert single[name].equals(table), name
