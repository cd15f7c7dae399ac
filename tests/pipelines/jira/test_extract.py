"""Extraction over HTTP, on both flavours: the whole site lands, scrubbed, or the run does not count."""

import gzip
import itertools

import msgspec
import pytest
from starlette.responses import JSONResponse, Response

from pipelines.jira.errors import AnswerError, ForbiddenError, MissingSettingError, OverloadedError, ScopeError
from pipelines.jira.extract import extract
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox import changes
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.contents import CutChangelog, HeavyIssue, LeftOut
from pipelines.sandbox.faults.refusals import Status
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, item, move
from tests.pipelines.jira.sites import FLAVOURS, TOKEN, scripted, session_with
from transforms.raw import RawIssues, RawQuarantine

RECORDED = ("aerogear", "devlake_merico", "drill", "improvingflow")
BROKEN_ON_THE_SITE = "Not whole on any route (quality.completeness names them): 1 changelog."
"""DRILL-138 jumps without a word."""
SECRET = "ZQsecretQZ"


def at(n):
    return f"2024-01-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:00.000+0000"


def small_site(count=7, **fields):
    return site_from_issues([issue(n, history(n, at(n), move(1, 3)), **fields) for n in range(101, 101 + count)])


def run(site, flavour, store, scope=None, fault=None, caps=None, faults=None, **kwargs):
    with start(site, flavour, fault=fault, faults=faults, page_caps=caps) as sandbox:
        return extract(session_with(sandbox, flavour), scope or Scope(), store, **kwargs)


def landed(store, extraction):
    return [msgspec.json.decode(line) for sha in extraction.batches for line in store.landing.read_issues(sha)]


def every_byte(store):
    """Content of all landed files, uncompressed, and of the ledger."""
    content = b"".join(store.landing.read_reference(path.name.split(".")[0]) for path in files(store, "reference"))
    lines = (line for path in files(store, "issues") for line in store.landing.read_issues(path.name.split(".")[0]))
    return content + b"".join(lines) + (store.landing.folder.parents[1] / "work.duckdb").read_bytes()


def files(store, kind):
    return sorted((store.landing.folder / kind).iterdir())


@pytest.fixture(scope="module")
def recorded(shared_data):
    issues = []
    for name in RECORDED:
        with gzip.open(shared_data / "real" / f"{name}.jsonl.gz") as file:
            issues += [msgspec.json.decode(line) for line in file]
    return issues


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_recorded_issue_comes_back_with_every_history(recorded, store, flavour):
    extraction = run(site_from_issues(recorded), flavour, store, caps=PageCaps(search_ids=50, changelog_bulk=2000))
    lines = landed(store, extraction)
    expected = {int(one["id"]): len(one["changelog"]["histories"]) for one in recorded}
    assert {int(one["id"]): one["changelog"]["received"] for one in lines} == expected
    assert [int(one["id"]) for one in lines] == sorted(expected)
    assert (extraction.issue_count, extraction.history_count) == (243, sum(expected.values()))
    assert extraction.warnings == [BROKEN_ON_THE_SITE]


def test_both_flavours_land_the_same_issues(recorded, tmp_path):
    def of(flavour):
        store = Store(tmp_path / flavour, environment={"FLOW_PSEUDONYM_KEY": "a key for tests only"})
        lines = landed(store, run(site_from_issues(recorded), flavour, store))
        for one in lines:
            one["changelog"].pop("total", None)
            for step in one["changelog"].get("histories", ()):
                step.update(author=None, id=int(step["id"]), created=None)
            one["changelog"].get("histories", []).sort(key=lambda step: step["id"])
            one["fields"] = one["fields"]["status"]["id"]
        return lines

    assert of("cloud") == of("dc")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_name_address_or_text_of_a_site_reaches_the_disk(store, flavour):
    person = {
        "accountId": SECRET,
        "name": SECRET,
        "key": SECRET,
        "displayName": SECRET,
        "emailAddress": f"{SECRET}@x.org",
    }
    texts = item("summary", None, None, SECRET, SECRET), item("description", None, None, SECRET, SECRET)
    others = item("labels", "", "", SECRET, SECRET), item("assignee", SECRET, None, SECRET, None)
    site = site_from_issues(
        [
            issue(
                101, history(5, at(5), move(1, 3), *texts, *others, author=person), assignee=person, reporter=person,
                creator=person, summary=SECRET, description=SECRET, labels=[SECRET],
                comment={"comments": [{"body": SECRET}]},
            )
        ]
    )  # fmt: skip
    for listed in (*site.projects, *site.statuses, *site.resolutions):
        listed["description"] = SECRET
    site.projects[0]["lead"] = person
    extraction = run(site, flavour, store)
    assert extraction.issue_count == 1
    assert SECRET.encode() not in every_byte(store)
    assert TOKEN.encode() not in every_byte(store)
    assert landed(store, extraction)[0]["changelog"]["histories"][0]["author"] >= 0


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_complete_run_becomes_the_current_state(store, flavour):
    extraction = run(small_site(), flavour, store)
    current = store.ledger.latest_complete()
    assert current.run_id == extraction.run_id
    assert current.as_of == current.server_started_at == extraction.server_time
    (batch,) = store.ledger.batches(current.run_id, "issues")
    assert (batch.sha, batch.ids) == (extraction.batches[0], tuple(range(101, 108)))
    assert store.ledger.batches(current.run_id, "reference")[0].sha == extraction.reference_sha


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_run_that_fails_leaves_the_former_state(store, flavour):
    first = run(small_site(), flavour, store)
    on = "changelog/bulkfetch" if flavour == "cloud" else "/search"
    with pytest.raises(OverloadedError):
        run(small_site(9), flavour, store, fault=scripted(*[Response(status_code=503)] * 99, on=on))
    assert store.ledger.latest_complete().run_id == first.run_id


def test_landing_an_unchanged_site_again_adds_no_file(store):
    site = small_site()
    run(site, "cloud", store)
    before = files(store, "issues"), files(store, "reference")
    run(site, "cloud", store)
    assert (files(store, "issues"), files(store, "reference")) == before


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_progress_tells_how_many_of_how_many(store, flavour):
    told = []
    run(small_site(2345), flavour, store, progress=lambda done, total: told.append((done, total)))
    assert [total for _, total in told] == [2345] * len(told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert (len(told), told[-1]) == (3, (2345, 2345))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_requests_for_a_thousand_issues_stay_few(store, flavour):
    with start(small_site(2000), flavour) as sandbox:
        extract(session_with(sandbox, flavour), Scope(), store, options=Options(has_links=False, has_worklogs=False))
        asked = {route: n for route, n in sandbox.requests.items() if "search" in route or "bulkfetch" in route}
    asked.pop("POST /rest/api/3/search/approximate-count", None)
    asked.pop("GET /rest/api/3/project/search", None)
    assert sum(asked.values()) / 2 <= (4 if flavour == "cloud" else 12)


def test_a_cloud_site_is_never_asked_for_embedded_changelogs(store):
    with start(small_site(), "cloud") as sandbox:
        extract(session_with(sandbox, "cloud"), Scope(), store)
        assert not any(route.endswith("issue/{issue}") for route in sandbox.requests)
        assert any(route.endswith("issue/{issue}/changelog") for route in sandbox.requests)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_only_the_projects_in_scope_are_read(store, flavour):
    other = {"id": "11", "key": "XYZ", "name": "Other"}
    site = site_from_issues([issue(1), issue(2, project=other, key="XYZ-2")])
    extraction = run(site, flavour, store, Scope(("XYZ",)))
    assert [one["key"] for one in landed(store, extraction)] == ["XYZ-2"]
    assert extraction.project_keys == ("XYZ",)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_jql_narrows_the_scope(store, flavour):
    extraction = run(small_site(), flavour, store, Scope((), "key = ABC-103"))
    assert [one["key"] for one in landed(store, extraction)] == ["ABC-103"]


def test_an_unknown_project_stops_before_anything_is_written(store):
    with pytest.raises(ScopeError, match="NOPE"):
        run(small_site(), "cloud", store, Scope(("NOPE",)))
    assert not store.landing.folder.exists()
    assert store.ledger.latest_complete() is None


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_empty_scope_is_said_aloud(store, flavour):
    extraction = run(small_site(), flavour, store, Scope((), "created >= 4102444800000"))
    assert extraction.issue_count == 0
    assert "No issue matches the scope" in extraction.warnings[0]


def test_a_sweep_that_finds_nothing_where_the_site_counts_some_is_repeated(store):
    nothing = JSONResponse({"issues": [], "isLast": True})
    assert run(small_site(), "cloud", store, fault=scripted(nothing, on="search/jql")).issue_count == 7


def test_a_sweep_that_finds_too_few_again_and_again_fails(store):
    nothing = JSONResponse({"issues": [], "isLast": True})
    with pytest.raises(AnswerError, match="7 issues"):
        run(small_site(), "cloud", store, fault=scripted(*[nothing] * 9, on="search/jql"))
    assert store.ledger.latest_complete() is None


def test_a_count_that_is_known_to_be_wrong_can_be_left_aside(store):
    count = JSONResponse({"count": 100})
    options = Options(count_tolerance=1.0)
    extraction = run(small_site(), "cloud", store, fault=scripted(count, on="approximate-count"), options=options)
    assert (extraction.expected_count, extraction.issue_count) == (100, 7)
    assert "counts about 100 issues and lists 7, twice" in extraction.warnings[0]


def test_issues_that_vanish_during_the_run_are_missing_and_said_aloud(store):
    served = []

    async def delete_one(request):
        if "issue/bulkfetch" in request.url.path and 103 in served[0].site.issues:
            changes.delete(served[0].site, 103)

    with start(small_site(), "cloud", fault=delete_one) as sandbox:
        served.append(sandbox)
        extraction = extract(session_with(sandbox, "cloud"), Scope(), store)
    assert extraction.missing == [103]
    assert "not handed out" in extraction.warnings[0]


def test_an_issue_left_out_of_a_bulk_answer_is_asked_for_again(store):
    left_out = FaultScript.of(LeftOut(issues=[103]).on("issue/bulkfetch", nth=1))
    extraction = run(small_site(), "cloud", store, faults=left_out)
    assert (extraction.issue_count, extraction.missing) == (7, [])


def test_passing_faults_cost_retries_and_no_issue(store):
    rhythm = itertools.cycle([False, False, True])

    async def every_third(request):
        return Response(status_code=502) if next(rhythm) else None

    extraction = run(small_site(), "cloud", store, fault=every_third)
    assert extraction.issue_count == 7
    assert extraction.retry_count > 3


def test_as_of_is_the_sites_clock_unless_told(store):
    first = run(small_site(), "cloud", store)
    assert first.as_of == first.server_time
    told = first.server_time.replace(year=2023)
    assert run(small_site(), "cloud", store, as_of=told).as_of == told


@pytest.mark.parametrize("name", ["../up", "", "a/b", ".hidden", "a b"])
def test_a_site_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(MissingSettingError, match="site name"):
        Store(tmp_path, name)


@pytest.mark.parametrize("part", ["changelog", "fields"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_issue_the_site_cannot_send_is_told_and_read_by_the_next_run_that_gets_it(flavour, part, store, tmp_path):
    site, options = small_site(), Options()
    first = run(site, flavour, store, faults=FaultScript.of(HeavyIssue((103,), part=part)), options=options)
    assert first.warnings == ["In quarantine, of unknown form or too heavy for the site to send: 1 issue."]
    tables = build_raw_tables(store, tmp_path / "first")
    assert tables.scan(RawQuarantine).collect()["issue_id"].to_list() == [103]
    assert tables.scan(RawIssues).collect().height == len(site.issues) - 1
    second = run(site, flavour, store, options=options)
    assert (second.mode, second.warnings) == ("window", [])
    assert build_raw_tables(store, tmp_path / "second").scan(RawIssues).collect().height == len(site.issues)


@pytest.mark.parametrize("part", ["changelog", "fields", "details"])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_some_heavy_issues_side_by_side_do_not_stop_a_run(flavour, part, store, tmp_path):
    heavy = HeavyIssue((*range(101, 109), *range(110, 290, 18)), part=part)
    done = run(small_site(200), flavour, store, faults=FaultScript.of(heavy))
    assert any("18 issues" in warning for warning in done.warnings)
    again = run(small_site(200), flavour, store, faults=FaultScript.of(heavy))
    assert (again.mode, any("18 issues" in warning for warning in again.warnings)) == ("window", True)
    tables = build_raw_tables(store, tmp_path / "tables")
    assert tables.scan(RawQuarantine).collect().height == (0 if part == "details" else 18)


@pytest.mark.parametrize("route", ["issue/bulkfetch", "changelog/bulkfetch"])
def test_a_short_outage_costs_no_issue(route, store, tmp_path):
    """What is published keeps an issue that an outage of some seconds kept from being sent."""
    site = small_site(1)
    run(site, "cloud", store)
    out = [Response(status_code=502)] * 7

    async def outage(request):
        return out.pop() if out and (len(out) < 7 or route in request.url.path) else None

    done = run(site, "cloud", store, fault=outage, options=FULL)
    assert out == []
    assert (done.unreadable_count, done.warnings) == (0, [])
    assert build_raw_tables(store, tmp_path / "tables").scan(RawIssues).collect().height == 1


def test_a_run_taken_up_tells_the_notices_of_before_and_keeps_the_projects_of_the_issues(store):
    site, odd = small_site(), small_site()
    odd.issues[103]["fields"]["assignee"] = "nobody"
    run(site, "cloud", store)
    project = store.ledger.known_projects(store.ledger.latest_complete().era)[103]
    with pytest.raises(ForbiddenError):
        run(odd, "cloud", store, faults=FaultScript.of(Status(403).on("approximate-count")), options=FULL)
    done = run(odd, "cloud", store, options=FULL)
    assert (done.is_resumed, done.unreadable_count) == (True, 1)
    assert store.ledger.known_projects(store.ledger.latest_complete().era)[103] == project


FULL = Options(full_refresh=Options().census * 0)


def test_an_issue_that_was_not_sent_and_then_deleted_is_missed_in_its_project(store):
    site = small_site()
    run(site, "cloud", store)
    project = store.ledger.known_projects(store.ledger.latest_complete().era)[103]
    run(site, "cloud", store, faults=FaultScript.of(HeavyIssue((103,), part="fields")), options=FULL)
    assert project > 0
    assert store.ledger.known_projects(store.ledger.latest_complete().era)[103] == project


def test_an_issue_told_twice_in_one_run_counts_once(store):
    """Both the window and the doubt of a failed audit ask for it."""
    short = CutChangelog(lost=1, end="oldest").on("changelog/bulkfetch")
    faults = FaultScript.of(short, HeavyIssue((103,), part="fields"))
    done = run(small_site(), "cloud", store, faults=faults)
    assert ("was read on its own" in done.warnings[0], done.unreadable_count) == (True, 1)
