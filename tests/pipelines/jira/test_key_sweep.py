"""Sites on which ``id > N`` compares keys within a project: by keys, nothing is lost and nothing is read twice."""

import pytest

from pipelines.jira import cloud_sweep, datacenter
from pipelines.jira.errors import PagingError, RefusedError
from pipelines.jira.extract import extract
from pipelines.jira.key_sweep import Keyed, sweep_by_key
from pipelines.jira.scope import Scope
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox import changes
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript, paging
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, move
from tests.pipelines.jira.sites import FLAVOURS, session_with
from transforms.raw import RawIssues

AS_JIRA_DOES = FaultScript.of(paging.IdsAsKeys())
SMALL = PageCaps(search_ids=7, search_startat=7, issues_named_fields=7)


def made(number, key):
    project = {"id": str(10 + len(key.rpartition("-")[0])), "key": key.rpartition("-")[0], "name": "A project"}
    return issue(number, history(number, "2024-02-01T10:00:00.000+0000", move(1, 3)), project=project, key=key)


def two_projects():
    """Ids of two projects mixed, gaps among them, and an old issue that moved in lately."""
    odd = [made(1000 + 7 * n, f"AB-{n + 1}") for n in range(20)]
    even = [made(1003 + 7 * n, f"ABC-{n + 1}") for n in range(20)]
    return site_from_issues([*odd, *even, made(900, "ABC-9000")])


def read(store, tmp_path):
    return build_raw_tables(store, tmp_path / "raw_tables").scan(RawIssues).collect()["issue_id"].sort().to_list()


@pytest.mark.parametrize("caps", [PageCaps(), SMALL])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_that_compares_keys_instead_of_ids_is_read_whole(flavour, caps, store, tmp_path):
    site = two_projects()
    with start(site, flavour, faults=AS_JIRA_DOES, page_caps=caps) as sandbox:
        done = extract(session_with(sandbox, flavour), Scope(), store)
    assert (read(store, tmp_path), done.warnings) == (sorted(site.issues), [])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_its_increments_find_what_changed_and_its_census_who_is_gone(flavour, store, tmp_path):
    site = two_projects()
    with start(site, flavour, faults=AS_JIRA_DOES) as sandbox:
        extract(session_with(sandbox, flavour), Scope(), store)
        changes.transition(site, 1003, "3")
        changes.delete(site, 1000)
        done = extract(session_with(sandbox, flavour), Scope(), store)
    assert (done.mode, done.issue_count, done.gone_count) == ("window", 1, 0)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_is_asked_once_whether_it_compares_ids(flavour):
    with start(two_projects(), flavour, faults=AS_JIRA_DOES) as sandbox:
        session = session_with(sandbox, flavour)
        sweep = cloud_sweep.sweep_ids if flavour == "cloud" else datacenter.sweep_ids
        swept = [sweep(session, "project in (12, 13)") for _ in range(2)]
    assert (session.compares_ids, len(swept[0])) == (False, 41)
    assert swept[0] == swept[1] == sorted(swept[0])


class Listing:
    """A site's issues by key, in pages of two; between pages something may happen to them."""

    def __init__(self, *keys, happens=()):
        self.keys = list(keys)
        self._happens = list(happens)

    def page(self, condition):
        shown = self._after(condition)
        if self._happens:
            self._happens.pop(0)(self.keys)
        return [Keyed(str(100 + int(key.rpartition("-")[2])), key) for key in shown[:2]]

    def _after(self, condition):
        named = condition.partition('"')[2].partition('"')[0]
        if condition.startswith("key"):
            if named not in self.keys:
                raise RefusedError("An issue with that key does not exist.", 400)
            return self.keys[self.keys.index(named) :]
        return [key for key in self.keys if (key.partition("-")[0] == named) == condition.startswith("project =")]


def test_a_page_begins_with_the_last_issue_of_the_one_before():
    assert sweep_by_key(Listing("A-1", "A-2", "A-3", "A-4", "A-5").page) == [101, 102, 103, 104, 105]


def test_a_last_issue_that_was_deleted_leaves_the_one_before_it_to_go_on_from():
    site = Listing("A-1", "A-2", "A-3", happens=[lambda keys: keys.remove("A-2")])
    assert sweep_by_key(site.page) == [101, 102, 103]


def test_where_all_of_a_page_was_deleted_its_project_is_read_anew():
    def delete_both(keys):
        del keys[:2]

    assert sweep_by_key(Listing("A-1", "A-2", "A-3", "A-4", happens=[delete_both]).page) == [101, 102, 103, 104]


def test_a_page_out_of_order_stops_the_run():
    with pytest.raises(PagingError, match="A-1 came after A-2"):
        sweep_by_key(Listing("A-2", "A-1").page)


def test_a_server_that_ignores_keys_stops_the_run():
    same = [Keyed("101", "A-1"), Keyed("102", "A-2")]
    with pytest.raises(PagingError, match="A-1 came though only issues from A-2 on"):
        sweep_by_key(lambda condition: same)
