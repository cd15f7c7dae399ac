"""Links, work logs and comments: asked for apart, without texts, whole where an issue shows only the first."""

import pytest
from starlette.responses import JSONResponse, Response

from pipelines.jira.details import DetailReader
from pipelines.jira.errors import RefusedError, TooHeavyError
from pipelines.jira.extract import extract
from pipelines.jira.heavy import MOST_TOO_HEAVY
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.contents import HeavyIssue
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import CREATED, issue
from tests.pipelines.jira.sites import FLAVOURS, scripted, session_with
from transforms.raw import RawComments, RawIssues, RawWorklogs

SECRET = "ZQsecretQZ"
ANA = {"accountId": "ana", "name": "ana", "displayName": SECRET}
BLOCKS = {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
LINK = {"id": "1", "type": BLOCKS, "inwardIssue": {"id": "7", "key": "ABC-7", "fields": {"summary": SECRET}}}


def comment(number):
    return {"id": str(number), "author": ANA, "body": SECRET, "created": CREATED}


def worklog(number, seconds=3600):
    return {"id": str(number), "author": ANA, "comment": SECRET, "started": CREATED, "timeSpentSeconds": seconds}


def the_site(comment_total=2):
    comments = {"comments": [comment(1), comment(2)], "total": comment_total, "maxResults": 2, "startAt": 0}
    logs = {"worklogs": [worklog(5)], "total": 1, "maxResults": 20, "startAt": 0}
    return site_from_issues([issue(101, issuelinks=[LINK], comment=comments, worklog=logs), issue(102)])


def tables(site, flavour, store, tmp_path, options=None, **kwargs):
    with start(site, flavour, **kwargs) as sandbox:
        extract(session_with(sandbox, flavour), Scope(), store, options=options)
    return build_raw_tables(store, tmp_path / "raw_tables")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_links_work_logs_and_comments_are_read(flavour, store, tmp_path):
    read = tables(the_site(), flavour, store, tmp_path)
    assert read.scan(RawIssues).collect()["blocked_by_keys"].to_list() == [["ABC-7"], []]
    assert read.scan(RawComments).collect()["comment_id"].to_list() == [1, 2]
    logs = read.scan(RawWorklogs).collect()
    assert logs.select("issue_id", "worklog_id", "seconds").rows() == [(101, 5, 3600)]
    assert logs["author"].null_count() == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_text_of_a_note_lands(flavour, store, tmp_path):
    tables(the_site(), flavour, store, tmp_path)
    for path in (store.landing.folder / "issues").iterdir():
        assert SECRET not in b"".join(store.landing.read_issues(path.name.split(".")[0])).decode()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_who_wants_none_of_it_is_not_made_to_pay(flavour, store, tmp_path):
    read = tables(the_site(), flavour, store, tmp_path, Options(has_links=False, has_worklogs=False))
    assert read.scan(RawIssues).collect()["blocked_by_keys"].to_list() == [None, None]
    assert read.scan(RawComments).collect().height == 0


def test_comments_beyond_those_shown_are_paged(store, tmp_path):
    more = JSONResponse({"comments": [comment(2), comment(3)], "total": 3})
    read = tables(the_site(comment_total=3), "cloud", store, tmp_path, fault=scripted(more, on="/comment"))
    assert read.scan(RawComments).collect()["comment_id"].to_list() == [1, 2, 3]


def warnings_of(site, flavour, store, **kwargs):
    with start(site, flavour, **kwargs) as sandbox:
        return extract(session_with(sandbox, flavour), Scope(), store).warnings


def test_a_list_of_comments_that_ends_before_its_total_is_told(store):
    refused = JSONResponse({"errorMessages": ["no"]}, 404)
    assert warnings_of(the_site(comment_total=3), "cloud", store, fault=scripted(refused, on="/comment")) == [
        "Jira refused links, work logs or comments of 1 issue, or told only a part of them; the rest is missing."
    ]


def test_a_list_of_comments_whose_next_page_is_empty_is_told(store):
    empty = JSONResponse({"comments": [], "total": 3})
    (told,) = warnings_of(the_site(comment_total=3), "cloud", store, fault=scripted(empty, on="/comment"))
    assert "comments of 1 issue," in told


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_issues_whose_details_are_refused_are_counted_and_told(flavour, store, monkeypatch):
    def refuse(self, ids):
        raise RefusedError("no")

    monkeypatch.setattr(DetailReader, "_ask", refuse)
    (told,) = warnings_of(the_site(), flavour, store)
    assert "comments of 2 issues," in told


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_where_all_details_come_nothing_is_told(flavour, store):
    assert warnings_of(the_site(), flavour, store) == []


def test_a_batch_whose_details_are_too_heavy_is_halved(store, tmp_path, monkeypatch):
    ask = DetailReader._ask

    def one_only(self, ids):
        if len(ids) > 1:
            raise TooHeavyError("slow")
        return ask(self, ids)

    monkeypatch.setattr(DetailReader, "_ask", one_only)
    assert tables(the_site(), "cloud", store, tmp_path).scan(RawComments).collect().height == 2


SLOW = Response("slow", 504)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_issue_whose_details_are_too_heavy_even_alone_lands_without_them_and_is_told(flavour, store, monkeypatch):
    ask = DetailReader._ask

    def heavy(self, ids):
        if 101 in ids:
            raise TooHeavyError("slow")
        return ask(self, ids)

    monkeypatch.setattr(DetailReader, "_ask", heavy)
    (told,) = warnings_of(the_site(), flavour, store)
    assert "comments of 1 issue," in told


def test_comments_too_heavy_for_a_page_of_their_own_are_told(store):
    (told,) = warnings_of(the_site(comment_total=3), "cloud", store, fault=scripted(*[SLOW] * 4, on="/comment"))
    assert "comments of 1 issue," in told


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_where_many_details_are_too_heavy_even_alone_the_run_stops(flavour, store, monkeypatch):
    def heavy(self, ids):
        raise TooHeavyError("slow")

    monkeypatch.setattr(DetailReader, "_ask", heavy)
    many = site_from_issues([issue(number) for number in range(101, 101 + MOST_TOO_HEAVY + 1)])
    with pytest.raises(TooHeavyError):
        warnings_of(many, flavour, store)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_details_that_were_too_heavy_are_asked_for_again_by_the_next_run(flavour, store, tmp_path):
    with start(the_site(), flavour, faults=FaultScript.of(HeavyIssue((101,), part="details"))) as sandbox:
        (told,) = extract(session_with(sandbox, flavour), Scope(), store).warnings
    assert "comments of 1 issue," in told
    assert build_raw_tables(store, tmp_path / "first").scan(RawComments).collect().height == 0
    with start(the_site(), flavour) as sandbox:
        second = extract(session_with(sandbox, flavour), Scope(), store)
    assert (second.mode, second.warnings) == ("window", [])
    assert build_raw_tables(store, tmp_path / "second").scan(RawComments).collect().height == 2
