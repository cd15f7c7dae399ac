"""The simulated company as a Jira site: big and old enough, shaped like Jira's own answers, whole where it must be."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest

from tests.pipelines.sandbox.company_views import (
    TRUTH,
    company,
    delivered_at,
    histories,
    instant,
    is_delivered,
    issues,
    items,
    moves,
    weekly_deliveries,
)

YEAR_AND_A_HALF = 78
PROJECTS = tuple(TRUTH)
WITHOUT_TRAIN = tuple(key for key in PROJECTS if key != "WEB")


def test_the_company_has_thousands_of_issues_over_a_year_and_a_half():
    site = company()
    oldest = min(instant(issue["fields"]["created"]) for issue in site.issues.values())
    assert 4300 <= len(site.issues) <= 6000
    assert site.now == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert site.now - oldest > timedelta(days=548)


@pytest.mark.parametrize("project", WITHOUT_TRAIN)
def test_every_stream_delivers_five_issues_in_nearly_every_week(project):
    counts = weekly_deliveries(project, YEAR_AND_A_HALF)
    assert median(counts) >= 8
    assert sum(count < 5 for count in counts) <= len(counts) * 0.2


def test_the_release_train_brings_ten_issues_a_fortnight():
    counts = weekly_deliveries("WEB", YEAR_AND_A_HALF)
    fortnights = [first + second for first, second in zip(counts[::2], counts[1::2], strict=True)]
    assert min(fortnights) >= 5
    assert sum(count < 10 for count in fortnights) <= 4


def test_nothing_happens_after_now():
    now = company().now
    for issue in issues(None):
        fields = issue["fields"]
        assert instant(fields["created"]) < now
        assert instant(fields["updated"]) <= now
        assert all(instant(history["created"]) <= now for history in issue["changelog"]["histories"])
        assert all(instant(said["created"]) <= now for said in fields["comment"]["comments"])


def test_no_history_is_older_than_its_issue():
    for issue in issues(None):
        created = instant(issue["fields"]["created"])
        assert all(instant(history["created"]) >= created for history in issue["changelog"]["histories"])


def test_issue_ids_ascend_in_order_of_creation():
    created = [instant(issue["fields"]["created"]) for issue in issues(None)]
    assert list(company().issues) == sorted(company().issues)
    assert created == sorted(created)
    assert all(issue["id"] == str(number) for number, issue in company().issues.items())


def test_history_ids_ascend_in_time_over_the_whole_site():
    every = [
        (int(history["id"]), instant(history["created"])) for issue in issues(None) for history in histories(issue)
    ]
    every.sort()
    assert len({number for number, _ in every}) == len(every)
    assert all(earlier <= later for (_, earlier), (_, later) in pairwise(every))


def test_histories_come_newest_first_as_on_cloud():
    for issue in issues(None):
        numbers = [int(history["id"]) for history in issue["changelog"]["histories"]]
        assert numbers == sorted(numbers, reverse=True)
        assert issue["changelog"]["total"] == len(numbers)


def test_keys_are_unique_and_count_up_from_one_in_every_project():
    keys = [issue["key"] for issue in issues(None)]
    assert len(set(keys)) == len(keys)
    for project in PROJECTS:
        own = {int(key.partition("-")[2]) for key in [*keys, *company().old_keys] if key.startswith(f"{project}-")}
        assert own == set(range(1, len(own) + 1))


def test_a_key_is_of_the_project_the_issue_is_in():
    assert all(issue["key"].startswith(f"{issue['fields']['project']['key']}-") for issue in issues(None))


def test_every_history_has_items_and_every_item_both_ends():
    wanted = {"field", "fieldtype", "from", "fromString", "to", "toString"}
    for issue in issues(None):
        for history in issue["changelog"]["histories"]:
            assert history["items"]
            for item in history["items"]:
                assert set(item) - {"fieldId"} == wanted
                assert item["fieldtype"] == ("custom" if item.get("fieldId", "").startswith("customfield_") else "jira")


def test_the_last_move_leads_to_the_current_status():
    for issue in issues(None):
        if moves(issue):
            assert moves(issue)[-1][2]["to"] == issue["fields"]["status"]["id"], issue["key"]


def test_chains_of_statuses_are_whole_but_for_the_silent_migration():
    broken = []
    for issue in issues(None):
        for (_, _, earlier), (_, _, later) in pairwise(moves(issue)):
            if earlier["to"] != later["from"]:
                broken.append((issue["fields"]["project"]["key"], earlier["toString"], later["fromString"]))
    assert set(broken) == {("CORE", "Coding", "In Development")}
    assert 3 <= len(broken) <= 12


def test_assignees_follow_one_another_and_end_at_the_current_one():
    for issue in issues(None):
        changes = [item for _, _, item in items(issue, "assignee")]
        assert all(earlier["to"] == later["from"] for earlier, later in pairwise(changes)), issue["key"]
        if changes:
            assert changes[-1]["to"] == (issue["fields"]["assignee"] or {}).get("accountId")


def test_resolution_says_how_it_ended():
    for issue in issues(None):
        fields = issue["fields"]
        changes = items(issue, "resolution")
        assert (fields["resolution"] is None) == (fields["resolutiondate"] is None)
        assert (fields["resolution"] or {}).get("id") == (changes[-1][2]["to"] if changes else None)
        if fields["status"]["statusCategory"]["key"] == "done":
            assert fields["resolution"] is not None, issue["key"]


def test_status_category_change_date_is_that_of_the_last_change_of_category():
    category = {status["id"]: status["statusCategory"]["key"] for status in company().statuses}
    for issue in issues(None):
        since = instant(issue["fields"]["created"])
        for at, _, item in moves(issue):
            old, new = (category.get(item[end], "indeterminate") for end in ("from", "to"))
            since = at if old != new else since
        assert instant(issue["fields"]["statuscategorychangedate"]) == since


def test_fix_versions_flags_and_sprints_are_what_the_changelog_leads_to():
    for issue in issues(None):
        fields = issue["fields"]
        versions: list[str] = []
        for _, _, item in items(issue, "Fix Version"):
            versions = [known for known in versions if known != item["from"]] + ([item["to"]] if item["to"] else [])
        assert [version["id"] for version in fields["fixVersions"]] == versions
        flags = items(issue, "Flagged")
        assert bool(fields["customfield_10021"]) == bool(flags and flags[-1][2]["to"])
        sprints = items(issue, "Sprint")
        named = ", ".join(str(sprint["id"]) for sprint in fields["customfield_10020"] or ())
        assert named == (sprints[-1][2]["to"] if sprints else "")


def test_texts_and_estimates_end_at_their_current_values():
    for issue in issues(None):
        fields = issue["fields"]
        for field in ("summary", "description"):
            edits = items(issue, field)
            assert all(earlier["toString"] == later["fromString"] for (*_, earlier), (*_, later) in pairwise(edits))
        if items(issue, "summary"):
            assert items(issue, "summary")[-1][2]["toString"] == fields["summary"]
        for at, _, item in items(issue, "timeoriginalestimate")[-1:]:
            assert item["to"] == str(fields["timeoriginalestimate"]), at


def test_current_statuses_are_listed_and_belong_to_their_project():
    listed = {status["id"] for status in company().statuses}
    for issue in issues(0):
        fields = issue["fields"]
        assert fields["status"]["id"] in listed
        assert TRUTH[fields["project"]["key"]].status(int(fields["status"]["id"]))


def test_every_status_of_the_walk_occurs():
    for project, truth in TRUTH.items():
        entered = Counter(int(item["to"]) for issue in issues(0, project) for _, _, item in moves(issue))
        unseen = {status.name for status in truth.statuses if status.order > 0 and not entered[status.status_id]}
        assert not unseen, project


def test_issue_types_span_three_levels_and_parents_are_one_above():
    level = {int(issue["id"]): issue["fields"]["issuetype"]["hierarchyLevel"] for issue in issues(None)}
    counts = Counter(level.values())
    assert set(counts) == {-1, 0, 1}
    assert counts[1] >= 100 and counts[-1] >= 100
    for issue in issues(None):
        parent = issue["fields"].get("parent")
        if parent:
            assert level[int(parent["id"])] == level[int(issue["id"])] + 1
            assert company().issues[int(parent["id"])]["key"] == parent["key"]


def test_sub_tasks_live_within_the_life_of_their_story():
    for issue in issues(-1):
        story = company().issues[int(issue["fields"]["parent"]["id"])]
        assert instant(issue["fields"]["created"]) >= instant(story["fields"]["created"])
        if is_delivered(story) and issue["fields"]["resolutiondate"]:
            assert instant(issue["fields"]["resolutiondate"]) <= delivered_at(story)


def test_people_are_written_out_so_that_scrubbing_can_be_proved():
    people = {}
    for issue in issues(None):
        for history in issue["changelog"]["histories"]:
            if "author" in history:
                people[history["author"]["accountId"]] = history["author"]
    humans = [person for person in people.values() if person["accountType"] == "atlassian"]
    assert len(humans) >= 40
    assert all("@" in person["emailAddress"] and " " in person["displayName"] for person in humans)
    assert len({person["displayName"] for person in humans}) == len(humans)
    assert len({person["timeZone"] for person in humans}) == 4


def test_summaries_descriptions_and_comments_name_people():
    names = {issue["fields"]["reporter"]["displayName"] for issue in issues(None)}
    in_summaries = sum(any(name in issue["fields"]["summary"] for name in names) for issue in issues(None))
    texts = [issue["fields"]["description"]["content"][0]["content"][0]["text"] for issue in issues(None)]
    remarks = [said for issue in issues(None) for said in issue["fields"]["comment"]["comments"]]
    assert in_summaries > 100
    assert all("@northwind-example.com" in text for text in texts)
    assert len(remarks) > 200
    assert len({said["id"] for said in remarks}) == len(remarks)


def test_instants_carry_milliseconds_and_the_offset_of_their_author():
    offsets = Counter(history["created"][-5:] for issue in issues(None) for history in issue["changelog"]["histories"])
    assert {"+0100", "+0200", "-0500", "-0400", "+0530", "+1200", "+1300"} <= set(offsets)
    assert all(history["created"][-9] == "." for issue in issues(0, "PAY") for history in histories(issue))


def test_boards_map_every_status_of_the_walk_to_one_column():
    for board in company().boards:
        truth = TRUTH[board["location"]["projectKey"]]
        mapped = [
            status["id"]
            for column in board["configuration"]["columnConfig"]["columns"]
            for status in column["statuses"]
        ]
        walk = {str(status.status_id) for status in truth.statuses if status.order >= 0}
        deleted = walk - {status["id"] for status in company().statuses}
        assert len(set(mapped)) == len(mapped)
        assert set(mapped) == walk - deleted


def test_limits_on_columns_never_bind():
    board = next(board for board in company().boards if board["location"]["projectKey"] == "WEB")
    limits = [column["max"] for column in board["configuration"]["columnConfig"]["columns"] if "max" in column]
    assert board["configuration"]["columnConfig"]["constraintType"] == "issueCount"
    assert limits and min(limits) >= 60


def test_reference_ids_used_by_issues_are_listed():
    site = company()
    fields = {field["id"] for field in site.fields}
    projects = {project["id"] for project in site.projects}
    types = {kind["id"] for kind in site.issue_types}
    for issue in issues(None):
        assert set(issue["fields"]) <= fields | {"comment"}
        assert issue["fields"]["project"]["id"] in projects
        assert issue["fields"]["issuetype"]["id"] in types
    assert set(site.versions) == {int(project) for project in projects}
