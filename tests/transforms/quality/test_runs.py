"""The record of runs grows by one row per published run."""

from datetime import UTC, datetime

import pytest

from transforms.quality.runs import Runs, add_run
from transforms.schema import SchemaError, check_schema, check_values

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def run(**said):
    usual = {
        "run_id": "r1",
        "version_id": "v1",
        "site_flavour": "cloud",
        "site_url": None,
        "as_of": MONDAY,
        "started_at": MONDAY,
        "finished_at": MONDAY,
        "issue_count": 1,
        "change_count": 2,
        "quarantined_count": 1,
        "quarantined_share": 0.5,
        "unmapped_share": 0.0,
        "request_count": 3,
        "failed_check_count": 0,
        "flow_version": "0.1.0",
        "withdrawn_at": None,
    }
    return usual | said


def test_the_first_run_stands_alone():
    frame = add_run(None, run()).collect()
    check_schema(Runs, frame)
    check_values(Runs, frame)
    assert frame.rows(named=True) == [run()]


def test_a_later_run_follows_the_earlier_ones():
    earlier = add_run(None, run())
    frame = add_run(earlier, run(run_id="r2", issue_count=5)).collect()
    check_values(Runs, frame)
    assert frame["run_id"].to_list() == ["r1", "r2"]
    assert frame["issue_count"].to_list() == [1, 5]


def test_a_run_cannot_be_on_record_twice():
    with pytest.raises(SchemaError, match="not unique"):
        check_values(Runs, add_run(add_run(None, run()), run()).collect())


def test_only_known_kinds_of_sites_are_recorded():
    with pytest.raises(SchemaError, match="site_flavour holds"):
        check_values(Runs, add_run(None, run(site_flavour="server")).collect())


def test_a_version_that_was_withdrawn_says_when():
    earlier = add_run(None, run())
    frame = add_run(earlier, run(run_id="r2", version_id="v2"), {"v1": MONDAY}).collect()
    check_schema(Runs, frame)
    assert frame["withdrawn_at"].to_list() == [MONDAY, None]


def test_a_version_that_was_given_back_is_not_withdrawn_any_more():
    withdrawn = add_run(None, run(), {"v1": MONDAY})
    assert add_run(withdrawn, run(run_id="r2", version_id="v2")).collect()["withdrawn_at"].to_list() == [None, None]
