"""Later runs read what changed, and everything where they cannot build on what was read before."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pipelines.jira.extract import extract
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.watermark import updated_since
from pipelines.sandbox import changes
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.contents import CutChangelog, MissingKey
from pipelines.sandbox.faults.refusals import EpochJqlRefused, Status
from pipelines.sandbox.server import start
from tests.pipelines.jira.sites import FLAVOURS, session_with
from tests.pipelines.jira.visits import ALWAYS, HOUR, Visits, the_site
from transforms.raw import RawChanges, RawIssues, RawStatusVersions


def test_a_second_run_on_an_unchanged_site_reads_no_issue(visits):
    first = visits.run()
    assert (first.mode, first.issue_count) == ("full", 30)
    issues, history_rows = visits.table(RawIssues), visits.table(RawChanges)
    second = visits.run()
    assert (second.mode, second.issue_count) == ("window", 0)
    assert visits.table(RawIssues).equals(issues)
    assert visits.table(RawChanges).equals(history_rows)


def test_only_what_changed_is_read_and_takes_the_place_of_what_was(visits):
    visits.run()
    changes.transition(visits.site, 105, "1")
    changed = visits.run()
    assert changed.issue_count == 1
    issues = visits.table(RawIssues)
    assert issues["issue_id"].is_unique().all()
    assert issues.filter(issue_id=105)["status_id"].to_list() == [1]
    assert visits.table(RawChanges).filter(issue_id=105).height == 2


def test_the_watermark_is_the_sites_clock_when_the_run_began(visits):
    first = visits.run()
    assert first.watermark == first.server_time
    assert visits.run().since == first.server_time - Options().overlap


def test_a_failed_run_moves_no_watermark(visits):
    first = visits.run()
    changes.transition(visits.site, 105, "1")
    visits.sandbox._gate.served.hidden_projects.add(10)
    with pytest.raises(Exception, match="Unknown project"):
        visits.run()
    visits.sandbox._gate.served.hidden_projects.clear()
    assert visits.run().since == first.server_time - Options().overlap


def test_once_a_day_an_increment_reaches_back_a_day(visits):
    visits.run()
    assert visits.run(after=HOUR).since == visits.site.now - HOUR - Options().overlap
    first = visits.site.now - HOUR
    assert visits.run(after=timedelta(hours=24)).since == first - timedelta(hours=24) - Options().overlap


def test_a_change_the_index_learns_of_half_a_day_late_is_found_by_the_next_days_run(visits):
    day = timedelta(days=1)
    visits.run()
    visits.site.now += day - timedelta(hours=6)
    changes.transition(visits.site, 105, "1")
    visits.sandbox._gate.served.index_lag_ms = 12 * 3_600_000
    for _ in range(2):
        visits.run(after=timedelta(hours=6) if _ == 0 else day)
    assert visits.table(RawChanges).filter(issue_id=105).height == 2


def test_after_some_days_everything_is_read_again(visits):
    visits.run()
    assert visits.run(after=timedelta(days=7)).mode == "full"


def test_a_site_whose_clock_went_back_is_read_anew(visits):
    visits.run()
    assert visits.run(after=-timedelta(days=1)).mode == "full"


def test_a_change_that_leaves_updated_alone_is_found_by_reading_everything(visits):
    visits.run()
    changes.transition(visits.site, 105, "1", is_silent=True)
    visits.run()
    assert visits.table(RawChanges).filter(issue_id=105).height == 1
    visits.run(Options(full_refresh=timedelta(0)))
    assert visits.table(RawChanges).filter(issue_id=105).height == 2


def test_what_was_not_asked_for_before_is_read_of_all_issues(visits):
    visits.run(Options(has_worklogs=False))
    assert (visits.run(Options(has_worklogs=False)).mode, visits.run().mode) == ("window", "full")


def test_another_pseudonym_key_reads_everything_so_that_nobody_counts_twice(visits, tmp_path):
    visits.run()
    visits._store = Store(tmp_path / "data", "site", {"FLOW_PSEUDONYM_KEY": "another key for tests only"})
    assert visits.run().mode == "full"


def test_another_site_under_the_same_name_is_read_anew_and_keeps_nothing_of_the_first(visits):
    visits.run()
    for number in range(101, 129):
        changes.delete(visits.site, number)
    other = session_with(visits.sandbox, visits._flavour)
    for address in ("https://jira.example.com:8443/jira", "https://jira.example.com:8444/jira"):
        other.site_url = address
        assert extract(other, visits._scope, visits._store).mode == "full"
    assert visits.table(RawIssues)["issue_id"].to_list() == [129, 130]


def test_a_wider_scope_is_read_whole(visits):
    visits.run()
    visits._scope = Scope(("ABC", "XYZ"))
    assert (visits.run().mode, visits.table(RawIssues).height) == ("full", 31)


def test_a_status_classed_anew_has_a_row_for_each_time(visits):
    visits.run()
    visits.site.statuses[0] = visits.site.statuses[0] | {"statusCategory": {"key": "done"}}
    visits.run()
    first = int(visits.site.statuses[0]["id"])
    categories = visits.table(RawStatusVersions).filter(status_id=first).sort("valid_from_at")["category"].to_list()
    assert categories == ["indeterminate", "done"]


def test_a_status_that_is_no_longer_listed_has_a_row_that_says_so_until_it_is_back(visits):
    visits.run()
    waiting = visits.site.statuses.pop()
    for _ in range(2):
        visits.run()
    visits.site.statuses.append(waiting)
    visits.run()
    rows = visits.table(RawStatusVersions).filter(status_id=1).sort("valid_from_at")
    assert rows.select("status_name", "category", "is_listed").rows() == [
        ("Status 1", "new", True), ("Status 1", "new", False), ("Status 1", "new", True)
    ]  # fmt: skip


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_that_refuses_milliseconds_is_asked_in_the_users_zone(flavour, store, tmp_path):
    site = the_site()
    site.me["timeZone"] = "Asia/Kolkata"
    asked = []

    async def listen(request):
        asked.append(msgspec.json.decode(await request.body() or b"{}").get("jql", ""))

    with start(site, flavour, faults=FaultScript.of(EpochJqlRefused()), fault=listen) as sandbox:
        visits = Visits(sandbox, flavour, store, tmp_path)
        visits.run()
        changes.transition(site, 105, "1")
        assert visits.run().issue_count == 1
    assert any('updated >= "' in jql for jql in asked)


def short_first_run(store, tmp_path):
    """A Data Center site of which one issue came short and could not be repaired: its visits, now without trouble."""
    cut, refused = CutChangelog(issues=(105,)).on("*/search"), Status(400).on("issue/{issue}")
    with start(the_site(), "dc", faults=FaultScript.of(cut, refused)) as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        assert visits.run().broken_count == 1
    return sandbox.site


def test_an_issue_that_a_failed_repair_left_short_is_read_again_by_the_next_increment(store, tmp_path):
    with start(short_first_run(store, tmp_path), "dc") as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        assert visits.table(RawChanges).filter(issue_id=105).is_empty()
        second = visits.run()
        assert (second.mode, second.issue_count, second.broken_count) == ("window", 1, 0)
        assert visits.table(RawChanges).filter(issue_id=105).height == 1
        assert visits.run().issue_count == 0


def test_an_issue_that_stays_short_is_tried_in_every_increment(store, tmp_path):
    site = short_first_run(store, tmp_path)
    site.issues[105]["changelog"]["total"] = 9
    with start(site, "dc") as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        assert [visits.run().broken_count for _ in range(2)] == [1, 1]


def test_an_issue_left_short_and_deleted_since_is_not_asked_for(store, tmp_path):
    site = short_first_run(store, tmp_path)
    changes.delete(site, 105)
    with start(site, "dc") as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        visits.run(options=ALWAYS)
        assert visits.run().issue_count == 0


def test_how_a_short_changelog_became_whole_stands_beside_the_issue(store, tmp_path):
    with start(the_site(), "dc", faults=FaultScript.of(CutChangelog(issues=(105,)).on("*/search"))) as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        visits.run()
        routes = dict(visits.table(RawIssues).select("issue_id", "repair_route").rows())
    assert {number: route for number, route in routes.items() if route} == {105: "expanded"}


def test_no_hour_is_lost_where_the_zone_of_the_account_is_not_told(store, tmp_path):
    site = the_site()
    site.me["timeZone"] = "America/Los_Angeles"
    faults = FaultScript.of(EpochJqlRefused(), MissingKey(key="timeZone").on("myself"))
    with start(site, "dc", faults=faults) as sandbox:
        visits = Visits(sandbox, "dc", store, tmp_path)
        visits.run()
        site.now += HOUR
        changes.transition(site, 105, "1")
        assert visits.run().issue_count == 1


@pytest.mark.parametrize("zone", ["", "Europe", "Nowhere/Else", "../x"])
def test_every_zone_is_allowed_for_where_the_accounts_is_unknown(zone):
    assert updated_since(datetime(2026, 3, 2, 12, tzinfo=UTC), "quoted", zone) == 'updated >= "2026-03-01 12:00"'


def test_no_instant_before_1970_is_ever_asked_for():
    assert updated_since(datetime(1969, 12, 31, tzinfo=UTC), "epoch", "UTC") == "updated >= 0"
