import pytest

from pipelines.sandbox import datacenter
from pipelines.sandbox.exchange import PageCaps, RefusedError
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import at, get, history, issue, moved, post, served, small_site


def search(site, **body):
    return datacenter.search_by_post(site, post({"jql": "ORDER BY id"} | body))


def ids(answer):
    return [int(found["id"]) for found in answer["issues"]]


def test_pages_follow_by_position_and_tell_the_total():
    answer = search(served(small_site()), startAt=4, maxResults=4)
    assert (ids(answer), answer["total"], answer["startAt"], answer["maxResults"]) == ([120, 121], 6, 4, 4)


def test_a_page_is_cut_to_the_cap_and_says_so():
    answer = search(served(small_site(), PageCaps(search_startat=2)), maxResults=1000)
    assert (ids(answer), answer["maxResults"], answer["total"]) == ([101, 102], 2, 6)


def test_a_page_of_no_issues_tells_the_total():
    answer = search(served(small_site()), maxResults=0)
    assert (answer["issues"], answer["total"]) == ([], 6)


def test_everything_without_order_comes_newest_key_first():
    answer = datacenter.search_by_post(served(small_site()), post({}))
    assert ids(answer) == [121, 105, 120, 110, 102, 101]


def test_seek_paging_ends_on_an_empty_page():
    site, last, seen = served(small_site()), 0, []
    while page := ids(search(site, jql=f"id > {last} ORDER BY id ASC", maxResults=2)):
        seen += page
        last = page[-1]
    assert seen == [101, 102, 105, 110, 120, 121]


def test_navigable_fields_come_unless_others_are_named():
    assert "summary" in search(served(small_site()))["issues"][0]["fields"]
    assert set(search(served(small_site()), fields=["status"])["issues"][0]["fields"]) == {"status"}
    bare = search(served(small_site()), fields=["id"])["issues"][0]
    assert ("fields" in bare, bare["key"]) == (False, "ABC-1")


def test_an_embedded_changelog_is_whole_oldest_first_and_without_field_ids():
    many = [history(n, 100 - n, moved("To Do", "Doing") | {"fieldId": "status"}) for n in range(1, 61)]
    changelog = search(served(site_from_issues([issue(1, "ABC-1", *many)])), expand=["changelog"])["issues"][0][
        "changelog"
    ]
    assert [int(recorded["id"]) for recorded in changelog["histories"]] == list(range(60, 0, -1))
    assert (changelog["startAt"], changelog["maxResults"], changelog["total"]) == (0, 60, 60)
    assert not any("fieldId" in part for recorded in changelog["histories"] for part in recorded["items"])


def test_a_recording_that_claims_more_than_it_lists_is_served_as_it_is():
    short = issue(1, "ABC-1", history(1, 1, moved("To Do", "Doing")))
    short["changelog"]["total"] = 8
    changelog = datacenter.get_issue(served(site_from_issues([short])), get("expand=changelog", issue="1"))["changelog"]
    assert (changelog["total"], len(changelog["histories"])) == (8, 1)


def test_the_same_search_can_be_asked_by_query_string():
    answer = datacenter.search_by_get(
        served(small_site()),
        get("jql=project=ABC order by id&startAt=1&maxResults=2&fields=status,created&expand=changelog"),
    )
    assert (ids(answer), answer["total"]) == ([102, 110], 4)
    assert set(answer["issues"][0]["fields"]) == {"status", "created"}
    assert answer["issues"][1]["changelog"]["total"] == 1


@pytest.mark.parametrize("asked", ["warn", "false", "none", "False"])
def test_without_validation_unknown_issues_are_passed_over(asked):
    site = served(small_site())
    assert ids(datacenter.search_by_get(site, get(f"jql=id in (101,5)&validateQuery={asked}"))) == [101]
    assert ids(search(site, jql="id in (101, 5)", validateQuery=False)) == [101]


@pytest.mark.parametrize(
    "body",
    [
        {"jql": "id in (101, 5)"},
        {"jql": "nonsense"},
        {"fields": "status"},
        {"nextPageToken": "x"},
        {"validateQuery": "warn"},
        {"validateQuery": "false"},
    ],
)
def test_what_a_search_cannot_be_asked_is_refused(body):
    with pytest.raises(RefusedError) as refused:
        search(served(small_site()), **body)
    assert refused.value.status == 400


def test_one_issue_comes_by_its_former_key_too():
    found = datacenter.get_issue(served(small_site()), get(issue="XYZ-9"))
    assert found["key"] == "ABC-3"
    assert found["self"] == "http://sandbox/rest/api/2/issue/110"
    assert "changelog" not in found


def test_the_site_tells_its_kind_and_its_clock():
    info = datacenter.get_server_info(served(small_site()), get())
    assert (info["deploymentType"], info["versionNumbers"]) == ("Server", [10, 3, 2])
    assert info["serverTime"] == at(48 + 1 / 60)


def test_the_caller_is_known_by_name_and_key():
    me = datacenter.get_myself(served(small_site()), get())
    assert (me["name"], me["key"]) == ("sandbox", "JIRAUSER10000")
    assert "accountId" not in me


def test_boards_do_not_say_where_they_belong_and_are_found_by_their_project():
    site = small_site()
    here = {"id": 7, "name": "ABC board", "type": "kanban", "location": {"projectId": 100, "projectKey": "ABC"}}
    site.boards = [here, here | {"id": 8, "location": {"projectId": 200, "projectKey": "XYZ"}}]
    told = {"id": 7, "name": "ABC board", "type": "kanban"}
    assert datacenter.page_boards(served(site), get("projectKeyOrId=ABC"))["values"] == [told]
    assert datacenter.get_board(served(site), get(board="7")) == told


def test_data_center_has_none_of_clouds_routes():
    paths = {path for _, path, _ in datacenter.DC_ROUTES}
    assert not any("bulkfetch" in path or path.endswith(("/jql", "/changelog", "/project/search")) for path in paths)
    assert not any(path.startswith("/rest/api/3/") for path in paths)
