"""Real recordings come out of the sandbox as they went in, over HTTP, in both flavours."""

import gzip
import json

import pytest
import requests

from pipelines.sandbox.instants import epoch_ms
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues

RECORDINGS = ["aerogear", "devlake_merico", "drill", "improvingflow"]


@pytest.fixture(params=RECORDINGS)
def recording(request, shared_data):
    path = shared_data / "real" / f"{request.param}.jsonl.gz"
    issues = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return path, {issue["id"]: issue for issue in issues}


def facts(histories):
    """What a changelog says, whatever its order and the spelling of its dates."""
    return sorted(
        (
            epoch_ms(history["created"]),
            int(history["id"]),
            [tuple(item.get(side) for side in ("field", "from", "to", "toString")) for item in history["items"]],
        )
        for history in histories
    )


def test_cloud_gives_every_history_in_bulk(recording):
    path, issues = recording
    with start(site_from_issues(path), "cloud") as sandbox, requests.Session() as session:
        session.auth = ("sandbox@example.com", "sandbox-token")
        api, merged, body = f"{sandbox.url}/rest/api/3", {}, {"issueIdsOrKeys": list(issues), "maxResults": 50}
        while True:
            page = session.post(f"{api}/changelog/bulkfetch", json=body, timeout=10).json()
            for log in page["issueChangeLogs"]:
                merged.setdefault(log["issueId"], []).extend(log["changeHistories"])
            if "nextPageToken" not in page:
                break
            body["nextPageToken"] = page["nextPageToken"]
        fetched = session.post(
            f"{api}/issue/bulkfetch", json={"issueIdsOrKeys": list(issues)[:100], "fields": ["*all"]}, timeout=10
        ).json()
    for issue_id, issue in issues.items():
        assert facts(merged.get(issue_id, [])) == facts(issue["changelog"]["histories"])
    for found in fetched["issues"]:
        assert found["fields"] == issues[found["id"]]["fields"]


def test_cloud_names_the_field_of_every_status_change(recording):
    path, issues = recording
    recorded = sum(
        item["field"] == "status" and item["fieldtype"] == "jira"
        for issue in issues.values() for history in issue["changelog"]["histories"] for item in history["items"]
    )  # fmt: skip
    with start(site_from_issues(path), "cloud") as sandbox:
        page = requests.post(
            f"{sandbox.url}/rest/api/3/changelog/bulkfetch", auth=("sandbox@example.com", "sandbox-token"), timeout=10,
            json={"issueIdsOrKeys": list(issues), "maxResults": 10_000, "fieldIds": ["status"]},
        ).json()  # fmt: skip
    items = [item for log in page["issueChangeLogs"] for history in log["changeHistories"] for item in history["items"]]
    assert len(items) == recorded
    assert {item["fieldId"] for item in items} == {"status"}


def test_data_center_gives_every_issue_with_its_whole_changelog(recording):
    path, issues = recording
    with start(site_from_issues(path), "dc") as sandbox:
        answer = requests.post(
            f"{sandbox.url}/rest/api/2/search", headers={"Authorization": "Bearer sandbox-token"}, timeout=10,
            json={"jql": "ORDER BY id", "maxResults": 1000, "fields": ["*all"], "expand": ["changelog"]},
        ).json()  # fmt: skip
    assert [found["id"] for found in answer["issues"]] == sorted(issues, key=int)
    for found in answer["issues"]:
        recorded = issues[found["id"]]
        assert found["fields"] == recorded["fields"]
        assert found["changelog"]["total"] == recorded["changelog"]["total"]
        assert facts(found["changelog"]["histories"]) == facts(recorded["changelog"]["histories"])


def test_an_incomplete_recording_is_not_made_whole_on_cloud(shared_data):
    with start(site_from_issues(shared_data / "real" / "drill.jsonl.gz"), "cloud") as sandbox:
        url, credentials = f"{sandbox.url}/rest/api/3/issue/DRILL-138", ("sandbox@example.com", "sandbox-token")
        embedded = requests.get(url, params={"expand": "changelog"}, auth=credentials, timeout=10).json()["changelog"]
        paged = requests.get(f"{url}/changelog", auth=credentials, timeout=10).json()
    assert (embedded["total"], len(embedded["histories"])) == (8, 3)
    assert (paged["total"], len(paged["values"]), paged["isLast"]) == (8, 3, True)


def test_an_incomplete_recording_is_not_made_whole_on_data_center(shared_data):
    with start(site_from_issues(shared_data / "real" / "drill.jsonl.gz"), "dc") as sandbox:
        url, headers = f"{sandbox.url}/rest/api/2/issue/DRILL-138", {"Authorization": "Bearer sandbox-token"}
        embedded = requests.get(url, params={"expand": "changelog"}, headers=headers, timeout=10).json()["changelog"]
    assert (embedded["total"], len(embedded["histories"])) == (8, 3)
