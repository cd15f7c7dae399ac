"""Who is gone is noticed, kept, and taken back; what is doubtful is not believed."""

from datetime import timedelta

import polars as pl
import pytest

from pipelines.jira.errors import AnswerError
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.sandbox import changes
from pipelines.sandbox.server import start
from tests.pipelines.jira.visits import ALWAYS, Visits, the_site
from transforms.raw import RawChanges, RawIssues, RawTombstones


def test_who_went_before_the_scope_was_narrowed_is_not_missed_afterwards(visits):
    visits._scope = Scope(("ABC", "XYZ"))
    visits.run()
    changes.delete(visits.site, 105)
    visits.run(ALWAYS)
    visits._scope = Scope(("XYZ",))
    assert [visits.run(ALWAYS).missing for _ in range(2)] == [[], []]


def test_a_narrower_scope_buries_nobody(visits):
    visits._scope = Scope(("ABC", "XYZ"))
    visits.run()
    visits._scope = Scope(("XYZ",))
    visits.run(ALWAYS)
    assert (visits.table(RawIssues).height, visits.gone()) == (1, {})


def test_a_deleted_issue_gets_a_tombstone_and_keeps_its_history(visits):
    visits.run()
    changes.delete(visits.site, 105)
    done = visits.run(ALWAYS)
    assert (visits.gone(), done.gone_count) == ({105: "deleted_or_no_access"}, 1)
    assert visits.table(RawChanges).filter(issue_id=105).height == 1


def test_without_a_census_nobody_is_missed_until_it_is_due(visits):
    visits.run()
    changes.delete(visits.site, 105)
    visits.run()
    assert visits.gone() == {}
    visits.run(after=timedelta(hours=25))
    assert visits.gone() == {105: "deleted_or_no_access"}


def test_an_issue_moved_out_of_scope_is_told_from_a_deleted_one(visits):
    visits.run()
    changes.move(visits.site, 105, "XYZ")
    visits.run(ALWAYS)
    assert visits.gone() == {105: "moved_out"}
    assert visits.table(RawTombstones)["moved_to_key"].to_list() == [visits.site.issues[105]["key"]]


def test_an_issue_moved_within_the_scope_stays_one_history_with_both_keys(visits):
    visits._scope = Scope(("ABC", "XYZ"))
    visits.run()
    changes.move(visits.site, 105, "XYZ")
    visits.run(ALWAYS)
    assert visits.gone() == {}
    keys = visits.table(RawChanges).filter((pl.col("issue_id") == 105) & (pl.col("field") == "key"))
    assert keys.select("from_key", "to_key").rows() == [("ABC-105", "XYZ-901")]


def test_an_archived_issue_is_told_from_a_deleted_one(visits):
    visits.run()
    changes.archive_issue(visits.site, 105)
    visits.run(ALWAYS)
    assert visits.gone() == {105: "archived"}


def test_who_comes_back_is_taken_back(visits):
    visits.run()
    changes.archive_issue(visits.site, 105)
    visits.run(ALWAYS)
    changes.archive_issue(visits.site, 105, is_archived=False)
    assert visits.run(ALWAYS).issue_count == 1
    assert visits.gone() == {}


def test_when_most_issues_vanish_at_once_nobody_is_buried_and_it_is_said(visits):
    visits.run()
    for number in range(101, 125):
        changes.delete(visits.site, number)
    done = visits.run(ALWAYS)
    assert visits.gone() == {}
    assert "24 of 30 issues of project 10 are no longer listed" in " ".join(done.warnings)


@pytest.mark.parametrize("is_known", [False, True])
def test_when_too_many_listed_issues_are_not_handed_out_the_run_fails_and_buries_nobody(is_known, store, tmp_path):
    with start(the_site(), "cloud") as sandbox:
        visits = Visits(sandbox, "cloud", store, tmp_path)
        if is_known:
            visits.run()
        served = sandbox._gate.served
        served.hidden_issues, served.is_index_frozen = set(range(101, 131)), True
        with pytest.raises(AnswerError, match="30 issues that it does not hand out"):
            visits.run(Options(full_refresh=timedelta(0)))
        assert store.ledger.tombstones().is_empty()
        done = visits.run(Options(full_refresh=timedelta(0), are_losses_accepted=True))
        assert (done.gone_count, len(visits.gone())) == (30 if is_known else 0, 30)


def test_losses_that_are_accepted_are_believed(visits):
    visits.run()
    for number in range(101, 125):
        changes.delete(visits.site, number)
    visits.run(Options(census=timedelta(0), are_losses_accepted=True))
    assert len(visits.gone()) == 24


def test_a_project_that_can_no_longer_be_seen_buries_nobody(visits):
    visits._scope = Scope()
    visits.run()
    visits.sandbox._gate.served.hidden_projects.add(11)
    done = visits.run(ALWAYS)
    assert (visits.gone(), visits.table(RawIssues).height) == ({}, 31)
    assert "taken for a permission that was lost" in " ".join(done.warnings)


def test_issues_of_an_archived_project_are_archived(visits):
    visits._scope = Scope()
    visits.run()
    changes.archive_project(visits.site, "XYZ")
    visits.run(ALWAYS)
    assert visits.gone() == {900: "archived"}


def test_an_issue_the_index_learnt_of_too_late_is_found_by_the_census(visits):
    visits.run()
    changes.create(visits.site, "ABC")
    number = max(visits.site.issues)
    visits.sandbox._gate.served.hidden_issues.add(number)
    visits.run()
    visits.sandbox._gate.served.hidden_issues.clear()
    visits.run(after=timedelta(hours=3))
    assert number not in visits.table(RawIssues)["issue_id"]
    visits.run(ALWAYS)
    assert number in visits.table(RawIssues)["issue_id"]
