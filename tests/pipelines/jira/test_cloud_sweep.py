"""The sweep of Cloud trusts no end."""

import pytest

from pipelines.jira import cloud
from pipelines.jira.errors import PagingError, RefusedError
from tests.pipelines.jira.cloud_answers import JQL, page
from tests.pipelines.jira.rest import ScriptedSession


def sweep(*answers):
    session = ScriptedSession("cloud", answers)
    return cloud.sweep_ids(session, JQL), session.asked


def test_a_sweep_asks_on_above_the_last_id_until_nothing_comes():
    ids, asked = sweep(page(1, 2, token="a", last=False), page(5, last=True), page(9, last=True), page(last=True))
    assert ids == [1, 2, 5, 9]
    assert [body["jql"] for _, body in asked] == [
        "(project in (10)) ORDER BY id ASC",
        "(project in (10)) ORDER BY id ASC",
        "(project in (10)) AND id > 5 ORDER BY id ASC",
        "(project in (10)) AND id > 9 ORDER BY id ASC",
    ]


def test_a_sweep_asks_for_ids_only_and_hands_back_the_token():
    _, asked = sweep(page(1, token="a"), page(2), page())
    assert asked[0] == (
        "/3/search/jql",
        {"jql": "(project in (10)) ORDER BY id ASC", "fields": ["id"], "maxResults": 5000},
    )
    assert asked[1][1]["nextPageToken"] == "a"
    assert "nextPageToken" not in asked[2][1]


def test_a_short_page_is_not_the_end():
    assert sweep(page(1, token="a"), page(token="b"), page(2), page())[0] == [1, 2]


def test_a_page_token_sent_again_begins_a_new_chain_above_what_is_certain():
    ids, asked = sweep(page(1, token="a"), page(2, token="a"), page(2, 3), page())
    assert ids == [1, 2, 3]
    assert "id > 1 " in asked[2][1]["jql"]
    assert "nextPageToken" not in asked[2][1]


def test_a_page_token_that_is_always_sent_again_stops_the_run():
    with pytest.raises(PagingError, match="same page token"):
        sweep(page(1, token="a"), page(1, token="a"), *[page(token="a")] * 12)


@pytest.mark.parametrize(
    "answer", [page(1, token="a", last=True), page(1, last=False), page(1, warnings=[{"type": "TRUNCATED"}])]
)
def test_a_page_that_contradicts_itself_or_warns_is_read_again(answer):
    assert sweep(answer, page(1), page())[0] == [1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(1, token="a", last=True), "contradicts"),
        (page(1, last=False), "contradicts"),
        (page(1, warnings=[{"type": "TRUNCATED"}]), "not whole"),
    ],
)
def test_a_page_that_always_contradicts_itself_or_warns_stops_the_run(answer, said):
    with pytest.raises(PagingError, match=said):
        sweep(*[answer] * 4)


def test_ids_in_any_order_or_twice_are_taken_once():
    assert sweep(page(5, 1, token="a"), page(3, 1), page(1, 3, 5), page())[0] == [1, 3, 5]


def test_a_chain_out_of_order_is_read_again_from_where_it_began_until_it_brings_nothing_new():
    """Its end may have come early: an empty page above its highest id would not show what lies below."""
    ids, asked = sweep(page(5, 1), page(5, 3, 1), page(3, 5, 1), page())
    assert ids == [1, 3, 5]
    assert ["id >" in body["jql"] for _, body in asked] == [False, False, False, True]


def test_a_chain_out_of_order_that_breaks_proves_nothing_and_is_read_anew():
    ids, asked = sweep(page(5, 1, token="a"), page(3, token="a"), page(1, 3, 5), page())
    assert ids == [1, 3, 5]
    assert "id >" not in asked[2][1]["jql"]


def test_a_seek_that_is_ignored_stops_the_run():
    with pytest.raises(PagingError, match="ignores the condition"):
        sweep(page(5), *[page(5)] * 4)


def test_an_expired_page_token_begins_a_new_chain():
    ids, asked = sweep(page(1, token="a"), RefusedError("token expired"), page(2), page())
    assert ids == [1, 2]
    assert "id > 1 " in asked[2][1]["jql"]


def test_a_query_that_is_refused_is_no_expired_token():
    with pytest.raises(RefusedError):
        sweep(RefusedError("bad jql"))


def test_an_empty_list_of_warnings_is_none():
    assert sweep(page(1, warnings=[]), page())[0] == [1]
