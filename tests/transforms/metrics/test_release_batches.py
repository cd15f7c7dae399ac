"""What went out together: versions, clusters of deliveries, how long work had waited, and what came back."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tests.builders import BOARD, Frames, frames, history, versions
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.issue_links import linked_pairs
from transforms.metrics.release_batches import ReleaseBatches, gather_release_batches

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
RELEASED = versions((7, "2026-03-10"), (8, "2026-03-24"), (9, None))


def batches(*told, released=RELEASED, as_of=AS_OF, raw=None):
    core = core_of(raw or frames(*told), WORKFLOW, as_of, released)
    made = gather_release_batches(
        core.raw_issues, core.raw_changes, core.status_visits, core.issue_journeys, core.releases, WORKFLOW, as_of
    )
    return checked(ReleaseBatches, made)


def done(key, at="2026-03-08 12:00", *, version=None):
    told = history(key).created("2026-03-02 09:00", status="Selected").to("In Progress", "2026-03-02 10:00")
    if version:
        told.release_in(version, "2026-03-02 11:00")
    return told.to("Done", at)


def bug(key, at, of):
    return history(key).created(at).edit("link", at, to_key=of, link_kind="other")


def as_bugs(raw, *keys):
    is_bug = pl.col.issue_key.is_in(keys)
    name = pl.when(is_bug).then(pl.lit("Bug")).otherwise("issue_type").alias("issue_type")
    return Frames(raw.issues.with_columns(name), raw.changes)


def test_a_version_is_a_batch_and_its_work_waits_from_done_to_noon():
    told = [done(f"G-{n}", version=7) for n in range(6)]
    [row] = batches(*told).to_dicts()
    assert (row["source"], row["release_id"], row["issue_count"]) == ("version", 7, 6)
    assert row["wait_days_p50"] == pytest.approx(2.0)
    assert row["wait_days_total"] == pytest.approx(12.0)
    assert (row["days_since_previous"], row["bug_count"], row["hotfix_count"]) == (None, 0, 0)


def test_work_counts_once_in_its_earliest_release():
    told = done("G-1").release_in(7, "2026-03-08 13:00").release_in(8, "2026-03-08 14:00")
    made = batches(told, done("G-2", version=8))
    assert made.select("release_id", "issue_count").rows() == [(7, 1), (8, 1)]
    assert made["days_since_previous"].to_list() == [None, pytest.approx(14.0)]


def test_work_done_after_its_release_has_not_waited_and_versions_not_out_are_no_release():
    made = batches(done("G-1", "2026-03-20 09:00", version=7), done("G-2", version=9))
    assert made.select("release_id", "wait_days_total").rows() == [(7, 0.0)]


def test_ready_is_the_queue_it_was_delivered_from():
    told = done("G-1", version=7)
    told = history("G-1").created("2026-03-02 09:00", status="Selected").release_in(7, "2026-03-02 10:00")
    told.to("Ready for Release", "2026-03-05 12:00").to("Done", "2026-03-10 12:00")
    assert batches(told)["wait_days_total"].to_list() == [pytest.approx(5.0)]


def test_without_versions_deliveries_close_together_are_a_batch():
    times = ("2026-03-08 12:00", "2026-03-08 12:30", "2026-03-08 13:00", "2026-03-08 13:31")
    made = batches(*(done(f"G-{n}", at) for n, at in enumerate(times)), released=None)
    assert made.select("source", "issue_count").rows() == [("deliveries", 3), ("deliveries", 1)]
    assert made["days_since_previous"][1] == pytest.approx(31 / 24 / 60)
    assert made["release_id"].null_count() == 2


def test_where_there_are_versions_other_deliveries_are_no_release():
    assert batches(done("G-1", version=7), done("G-2"))["issue_count"].to_list() == [1]


@pytest.mark.parametrize(
    ("at", "count"),
    [("2026-03-10 11:00", 0), ("2026-03-10 13:00", 1), ("2026-03-24 11:00", 1), ("2026-03-24 13:00", 0)],
)
def test_a_bug_linked_to_released_work_counts_for_fourteen_days(at, count):
    raw = as_bugs(frames(done("G-1", version=7), bug("B-1", at, "G-1")), "B-1")
    assert batches(raw=raw)["bug_count"].to_list() == [count]


def test_a_story_linked_to_released_work_is_no_bug_and_one_bug_counts_once():
    told = [done("G-1", version=7), done("G-2", version=7), bug("B-1", "2026-03-12 09:00", "G-1")]
    told[2].edit("link", "2026-03-12 10:00", to_key="G-2", link_kind="other")
    assert batches(*told)["bug_count"].to_list() == [0]
    assert batches(raw=as_bugs(frames(*told), "B-1"))["bug_count"].to_list() == [1]


def test_before_fourteen_days_have_passed_nothing_is_said_of_failures():
    released_at = datetime(2026, 3, 10, 11, tzinfo=UTC)
    young = batches(done("G-1", version=7), as_of=released_at + timedelta(days=13))
    assert young["bug_count"].to_list() == [None]
    assert "14 days have not passed" in young["note"][0]
    assert batches(done("G-1", version=7), as_of=released_at + timedelta(days=14))["bug_count"].to_list() == [0]


def test_a_hotfix_within_fourteen_days_is_a_failure_of_the_release_before():
    fixes = versions((7, "2026-03-10"), (8, "2026-03-13"))
    fixes = fixes.with_columns(version_name=pl.Series(["v7", "v7-hotfix"]))
    made = batches(done("G-1", version=7), done("G-2", version=8), released=fixes)
    assert made.select("is_hotfix", "hotfix_count").rows() == [(False, 1), (True, 0)]


def test_a_removed_link_and_a_dependency_are_no_links():
    one = done("G-1").edit("link", "2026-03-09 09:00", to_key="G-2", link_kind="other")
    one.edit("link", "2026-03-10 09:00", from_key="G-2", link_kind="other")
    one.edit("link", "2026-03-11 09:00", to_key="G-2", link_kind="blocks")
    raw = frames(one, done("G-2"))
    assert linked_pairs(*raw, AS_OF).is_empty()
    assert linked_pairs(*raw, datetime(2026, 3, 9, 12, tzinfo=UTC)).height == 2


def test_a_link_to_a_former_key_leads_to_the_issue_that_bore_it():
    raw = frames(done("G-1").rename("H-1", "2026-03-09 09:00"), bug("B-1", "2026-03-12 09:00", "G-1"))
    pairs = linked_pairs(*raw, AS_OF)
    keys = dict(raw.issues.select("issue_id", "issue_key").iter_rows())
    assert {(keys[a], keys[b]) for a, b, _ in pairs.rows()} == {("H-1", "B-1"), ("B-1", "H-1")}


def test_all_delivered_work_of_a_stream_without_versions_is_in_exactly_one_batch():
    told = [done(f"G-{n}", f"2026-03-{3 + n % 20:02d} 1{n % 7}:{n % 60:02d}") for n in range(50)]
    made = batches(*told, released=None)
    assert made["issue_count"].sum() == 50
    assert made["batch_number"].to_list() == list(range(1, len(made) + 1))
    assert (made["days_since_previous"].drop_nulls() > 0.5 / 24).all()
