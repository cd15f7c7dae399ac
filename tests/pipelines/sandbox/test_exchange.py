import msgspec
import pytest
from starlette.datastructures import QueryParams

from pipelines.sandbox.exchange import REMEMBERED, Asked, RefusedError, page, read_token, write_token
from tests.pipelines.sandbox.sites import get, post, served, small_site


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    size: int = 7


def test_a_body_is_read_as_its_shape():
    assert post({"size": 3}).read(Shape).size == 3
    assert Asked().read(Shape).size == 7


@pytest.mark.parametrize("body", [b'{"size": "3"}', b'{"other": 3}', b"{", b"[]"])
def test_a_body_of_another_shape_is_refused_with_400(body):
    with pytest.raises(RefusedError) as refused:
        Asked(body=body).read(Shape)
    assert refused.value.status == 400
    assert refused.value.body()["errorMessages"][0].startswith("Invalid request payload")


def test_a_refusal_is_written_as_jiras_error_collection():
    assert RefusedError(404, "No.", "Really.").body() == {"errorMessages": ["No.", "Really."], "errors": {}}


def test_numbers_and_lists_are_read_from_the_query_string():
    asked = Asked(query=QueryParams("startAt=5&fields=a,b&fields=c,"))
    assert asked.number("startAt", 0) == 5
    assert asked.number("maxResults", 50) == 50
    assert asked.names("fields") == ["a", "b", "c"]
    assert asked.names("expand") == []


@pytest.mark.parametrize("text", ["x", "1.5", "--1", "", "²"])
def test_what_is_no_number_is_refused_with_400(text):
    with pytest.raises(RefusedError, match="is not a whole number"):
        Asked(query=QueryParams({"startAt": text})).number("startAt", 0)


def test_a_token_gives_its_offset_back_to_the_same_query_only():
    token = write_token("search", "id > 5", 200)
    assert read_token(token, "search", "id > 5") == 200
    with pytest.raises(RefusedError, match="invalid or expired"):
        read_token(token, "search", "id > 6")


@pytest.mark.parametrize("token", ["nonsense!", "bm90IGpzb24=", "NQ==", "é", "W10="])
def test_a_token_nobody_wrote_is_refused(token):
    with pytest.raises(RefusedError, match="invalid or expired"):
        read_token(token, "search", "id > 5")


def test_a_page_is_cut_by_position_and_size():
    cut = page(list("abcde"), get("startAt=1&maxResults=2"), cap=50)
    assert cut == {"startAt": 1, "maxResults": 2, "total": 5, "isLast": False, "values": ["b", "c"]}
    assert page(list("abcde"), get("startAt=3&maxResults=2"), cap=50)["isLast"]


def test_a_page_is_never_larger_than_the_cap_and_says_so():
    cut = page(list("abcde"), get("maxResults=1000"), cap=3)
    assert (cut["maxResults"], cut["values"]) == (3, ["a", "b", "c"])


def test_a_page_beyond_the_end_is_empty_and_last():
    cut = page(list("abc"), get("startAt=9"), cap=50)
    assert (cut["values"], cut["isLast"]) == ([], True)


def test_only_the_last_few_searches_are_remembered():
    site = served(small_site())
    for number in range(REMEMBERED + 5):
        site.find(f"id > {number}")
    assert len(site.memory) == REMEMBERED
    assert ("jql", "id > 0", False) not in site.memory


def test_a_remembered_search_is_not_computed_again():
    site, calls = served(small_site()), []
    for _ in range(3):
        site.remember("it", lambda: calls.append(1))
    assert calls == [1]


def test_unknown_issues_and_projects_are_404():
    site = served(small_site())
    for lookup in (lambda: site.issue("ABC-99"), lambda: site.project("NOPE")):
        with pytest.raises(RefusedError) as refused:
            lookup()
        assert refused.value.status == 404


def test_a_project_is_found_by_id_and_by_key_in_any_case():
    site = served(small_site())
    assert site.project("abc")["id"] == site.project("100")["id"] == "100"


def test_a_query_jira_would_refuse_is_400():
    with pytest.raises(RefusedError) as refused:
        served(small_site()).find("nonsense")
    assert refused.value.status == 400
