"""Data Center: seek paging that ends only on an empty page, and notices a server that ignores it."""

import msgspec
import pytest

from pipelines.jira import datacenter
from pipelines.jira.dc_search import search
from pipelines.jira.errors import AnswerError, NotAllowedError, OverloadedError, PagingError, TooHeavyError
from pipelines.jira.fields import ISSUE_FIELDS
from pipelines.jira.scrub import Scrubber
from tests.pipelines.jira.rest import CREATED, KEY, SITE_NAMES, ScriptedSession, history, issue, move

JQL = "project in (10)"


def page(*issues, total=None, size=100):
    return {"issues": list(issues), "total": len(issues) if total is None else total, "maxResults": size, "startAt": 0}


def pull(*answers):
    session = ScriptedSession("dc", answers)
    return list(datacenter.pull(session, JQL, Scrubber(SITE_NAMES, KEY))), session.asked


def test_pages_seek_above_the_last_id_until_one_is_empty():
    pages, asked = pull(page(issue(1), issue(4)), page(issue(9)), page())
    assert [[number for number, _ in one.lines] for one in pages] == [[1, 4, 9]]
    assert pages[0].covers == (0, None)
    assert [body["jql"] for _, body in asked] == [
        "(project in (10)) ORDER BY id ASC",
        "(project in (10)) AND id > 4 ORDER BY id ASC",
        "(project in (10)) AND id > 9 ORDER BY id ASC",
    ]
    assert {body["startAt"] for _, body in asked} == {0}


def test_fields_are_named_and_the_changelog_is_asked_for_as_a_list():
    _, asked = pull(page())
    path, body = asked[0]
    assert path == "/2/search"
    assert body["expand"] == ["changelog"]
    assert body["fields"] == [*ISSUE_FIELDS, "customfield_10021", "customfield_10014"]


def test_a_smaller_page_that_the_site_echoes_is_asked_for_from_then_on():
    _, asked = pull(page(issue(1), size=50), page(issue(2), size=50), page())
    assert [body["maxResults"] for _, body in asked] == [100, 50, 50]


@pytest.mark.parametrize(
    "answers",
    [[page(issue(1), issue(2)), page(issue(1), issue(2))], [page(issue(5)), page(issue(5))]],
)
def test_a_server_that_ignores_the_seek_stops_the_run(answers):
    with pytest.raises(PagingError, match="ignores the condition"):
        pull(*answers)


def test_a_page_in_any_order_or_with_an_issue_twice_is_taken_once():
    (one,), asked = pull(page(issue(2), issue(1), issue(2)), page())
    assert [number for number, _ in one.lines] == [1, 2]
    assert "id > 2 " in asked[1][1]["jql"]


def test_a_full_page_out_of_order_stops_the_run():
    many = [issue(n) for n in range(100, 0, -1)]
    with pytest.raises(PagingError, match="out of order"):
        pull(page(*many))


def test_no_issue_though_some_are_counted_is_a_failure():
    with pytest.raises(AnswerError, match="12 issues"):
        pull(*[page(total=12)] * 3)


def test_an_empty_page_that_contradicts_its_total_is_asked_for_again():
    (one,), _ = pull(page(total=1), page(issue(1)), page())
    assert len(one.lines) == 1


def test_a_page_too_heavy_for_the_site_is_halved():
    _, asked = pull(TooHeavyError("slow"), TooHeavyError("slow"), page(issue(1)), page())
    assert [body["maxResults"] for _, body in asked] == [100, 50, 25, 25]


def test_pages_grow_after_ten_good_ones_up_to_what_the_site_gives():
    pages = [page(issue(n), size=500) for n in range(1, 25)]
    _, asked = pull(*pages, page())
    assert [body["maxResults"] for _, body in asked][::10] == [100, 125, 156]


HEAVY = [TooHeavyError("slow")] * 7
"""Down to a page of one."""


def test_an_issue_too_heavy_for_a_search_is_read_on_its_own_route():
    (one,), asked = pull(*HEAVY, page(issue(4)), issue(4, history(5, CREATED, move(1, 3))), page(issue(9)), page())
    assert [number for number, _ in one.lines] == [4, 9]
    assert [place for place, _ in asked[6:9]] == ["/2/search", "/2/search", "/2/issue/4"]
    assert (asked[7][1]["fields"], "expand" in asked[7][1], asked[8][1]["expand"]) == (["id"], False, "changelog")
    assert (len(one.unreadable), one.unrepaired) == (0, ())


def test_an_issue_too_heavy_even_alone_lands_as_a_notice_and_is_asked_for_again_by_the_next_run():
    alone = [TooHeavyError("slow"), issue(4), TooHeavyError("slow")]
    (one,), _ = pull(*HEAVY, page(issue(4)), *alone, page(issue(9)), page())
    notice, line = (msgspec.json.decode(line) for _, line in one.lines)
    assert ("not even alone" in notice["unreadable"], notice["id"], line["id"]) == (True, "4", "9")
    assert (len(one.unreadable), one.unrepaired) == (1, (4,))


def test_many_issues_too_heavy_even_alone_stop_the_run():
    slow = TooHeavyError("slow")
    grown = {True: [slow], False: []}
    heavy = [
        answer for n in range(1, 31)
        for answer in (slow, page(issue(n)), slow, issue(n), slow, *grown[n % datacenter.GOOD_PAGES_PER_STEP == 0])
    ]  # fmt: skip
    with pytest.raises(TooHeavyError, match="more than 20"):
        pull(*HEAVY[1:], *heavy)


def test_a_site_that_tells_not_even_an_id_stops_the_run():
    with pytest.raises(OverloadedError):
        pull(*HEAVY, OverloadedError("slow"))


def test_an_empty_project_is_empty():
    (one,), _ = pull(page(total=0))
    assert (one.lines, one.covers) == ((), (0, None))


def test_ranges_read_before_are_not_read_again():
    session = ScriptedSession("dc", [page(issue(15)), page(), page(issue(40)), page()])
    pages = list(datacenter.pull(session, JQL, Scrubber(SITE_NAMES, KEY), [(0, 10), (20, 30)]))
    assert [one.covers for one in pages] == [(10, 20), (30, None)]
    assert "id > 10 AND id <= 20 " in session.asked[0][1]["jql"]


def test_the_changelogs_own_total_lands_beside_what_came():
    short = issue(1, history(5, CREATED, move(1, 3)))
    short["changelog"]["total"] = 8
    (one,), _ = pull(page(short), short, page())
    changelog = msgspec.json.decode(one.lines[0][1])["changelog"]
    assert (changelog["total"], changelog["received"], one.histories) == (8, 1, 1)


def test_an_issue_of_unknown_form_lands_as_a_notice():
    (one,), _ = pull(page(issue(1, created=None), issue(2)), page())
    assert ["unreadable" in msgspec.json.decode(line) for _, line in one.lines] == [True, False]
    assert len(one.unreadable) == 1


def test_an_issue_without_its_changelog_ends_the_run():
    bare = {key: value for key, value in issue(1).items() if key != "changelog"}
    with pytest.raises(AnswerError, match="changelog"):
        pull(page(bare))


def test_the_total_of_the_first_page_is_the_expected_number():
    pages, _ = pull(page(issue(1), total=2), page(issue(2), total=1), page())
    assert [one.total for one in pages] == [2]


def test_counting_asks_for_no_issue():
    session = ScriptedSession("dc", [page(total=42)])
    assert datacenter.count_issues(session, JQL) == 42
    assert session.asked[0][1]["maxResults"] == 0


def test_a_query_string_writes_truth_as_jira_reads_it():
    session = ScriptedSession("dc", [NotAllowedError("405"), page()])
    search(session, {"jql": JQL, "validateQuery": False}, dict)
    assert [asked["validateQuery"] for _, asked in session.asked] == [False, "false"]


def test_where_post_is_not_allowed_the_search_is_asked_by_get():
    """As read-only proxies want it: lists become texts, and nothing else changes."""
    pages, asked = pull(NotAllowedError("405"), page(issue(1)), NotAllowedError("405"), page())
    assert [number for number, _ in pages[0].lines] == [1]
    assert asked[1][1]["expand"] == "changelog"
    assert asked[1][1]["fields"].startswith("project,issuetype,")
    assert asked[1][1]["jql"] == asked[0][1]["jql"]
