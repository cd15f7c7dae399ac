"""Jira's own server computed how long 222 issues were in which status; the product agrees to the millisecond.

Jira stops the clock at the transition that set the resolution; so visits are clipped at ``cut_at``, and the status
entered there is a visit of no length (README of the shared data).
"""

import polars as pl
import pytest

from tests.flow_command import FLAVOURS, in_duckdb, published

COLUMNS = ("issue_key", "status_id", "visits", "millis")


@pytest.fixture(scope="module")
def by_jira(shared_data) -> pl.DataFrame:
    """What Jira computed: visits and milliseconds by issue and status."""
    told = pl.read_csv(shared_data / "real" / "time_in_status_by_jira.csv").rename({"key": "issue_key"})
    return told.with_columns(cut_at=pl.col.cut_at.str.to_datetime(time_zone="UTC", time_unit="us"))


def clipped(visits: pl.DataFrame, by_jira: pl.DataFrame) -> pl.DataFrame:
    """Visits and milliseconds by issue and status, up to the moment at which Jira stopped counting."""
    cuts = by_jira.select("issue_key", "cut_at").unique()
    held = visits.join(cuts, on="issue_key").filter(pl.col.entered_at <= pl.col.cut_at)
    left = pl.min_horizontal(pl.col.left_at.fill_null(pl.col.cut_at), "cut_at")
    spent = held.with_columns(millis=(left - pl.col.entered_at).dt.total_milliseconds())
    return spent.group_by("issue_key", "status_id").agg(visits=pl.len().cast(pl.Int64), millis=pl.col.millis.sum())


@pytest.mark.parametrize("read", [published, in_duckdb])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_time_in_status_is_what_jira_computed(recordings, by_jira, flavour, read):
    visits = read(recordings(flavour), "core", "status_visits")
    ours = set(clipped(visits, by_jira).select(COLUMNS).rows())
    theirs = set(by_jira.select(COLUMNS).rows())
    assert by_jira["issue_key"].n_unique() == 222
    assert (ours - theirs, theirs - ours) == (set(), set())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_elapsed_time_of_an_unclipped_visit_is_the_same_measure(recordings, by_jira, flavour):
    visits = published(recordings(flavour), "core", "status_visits")
    cuts = by_jira.select("issue_key", "cut_at").unique()
    whole = visits.join(cuts, on="issue_key").filter(pl.col.left_at <= pl.col.cut_at)
    elapsed = (whole["left_at"] - whole["entered_at"]).dt.total_milliseconds()
    assert whole["elapsed_ms"].to_list() == elapsed.to_list()
    assert len(whole) > 222


def test_both_flavours_tell_the_same(recordings):
    one, other = (published(recordings(f), "core", "status_visits") for f in FLAVOURS)
    told = ["issue_id", "visit_number", "status_id", "entered_at", "left_at"]
    assert one.select(told).sort(told).rows() == other.select(told).sort(told).rows()
