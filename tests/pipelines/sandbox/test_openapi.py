"""What Cloud's side takes and gives agrees with Atlassian's own description of it.

The description is read as its examples are written: instants end in ``+0000``. Two places are looser, as reality is:
a side of a changelog item may be null, and bulk answers date histories in milliseconds.
"""

import gzip
import json
from datetime import datetime

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.exceptions import OpenAPIError

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.company_views import company
from tests.pipelines.sandbox.sites import small_site

API = "/rest/api/3"
CREDENTIALS = ("sandbox@example.com", "sandbox-token")
NULLABLE_SIDES = ("from", "fromString", "to", "toString")
LOOSER_DATE = {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}]}

GETS = [
    "serverInfo", "myself", "field", "status", "resolution", "issueLinkType", "issuetype",
    "project/search", "project/search?expand=insight&startAt=1&maxResults=1", "project/{project}",
    "project/{project}/versions", "project/{project}/version", "project/{project}/statuses",
    "issue/{issue}", "issue/{issue}?expand=changelog&fields=status,created",
    "issue/{issue}/changelog", "issue/{issue}/changelog?startAt=1&maxResults=1",
    "search/jql?jql=id > 0 ORDER BY id&fields=status,issuetype&maxResults=2",
]  # fmt: skip

SEARCH = {"jql": "id > 0 ORDER BY id"}
POSTS = [
    ("search/jql", SEARCH),
    ("search/jql", SEARCH | {"fields": ["id"], "maxResults": 5000}),
    ("search/jql", SEARCH | {"fields": ["*all"], "maxResults": 1, "expand": "changelog"}),
    ("search/approximate-count", SEARCH),
    ("issue/bulkfetch", {"issueIdsOrKeys": ["{issue}", "NOPE-1"], "fields": ["status"]}),
    ("issue/bulkfetch", {"issueIdsOrKeys": ["{issue}"], "expand": ["changelog"]}),
    ("changelog/bulkfetch", {"issueIdsOrKeys": ["{issue}", "NOPE-1"], "maxResults": 1}),
    (
        "changelog/bulkfetch",
        {"issueIdsOrKeys": ["{issue}"], "fieldIds": ["status", "resolution"], "maxResults": 10_000},
    ),
]


def is_instant(text):
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@pytest.fixture(scope="module")
def description(shared_data):
    spec = json.loads(gzip.decompress((shared_data / "openapi" / "jira-cloud-v3.json.gz").read_bytes()))
    spec["paths"] = {path: spec["paths"][path] for path in spec["paths"] if path.startswith(API)}
    schemas = spec["components"]["schemas"]
    for side in NULLABLE_SIDES:
        schemas["ChangeDetails"]["properties"][side]["nullable"] = True
    schemas["Changelog"]["properties"]["created"] = LOOSER_DATE
    return spec


@pytest.fixture(
    scope="module", params=["made up", "the company", "aerogear", "devlake_merico", "drill", "improvingflow"]
)
def sandbox(request, shared_data):
    recorded = shared_data / "real" / f"{request.param}.jsonl.gz"
    made = {"made up": small_site, "the company": company}.get(request.param)
    site = made() if made else site_from_issues(recorded)
    with start(site, "cloud", page_caps=PageCaps(search_issues=max(7, len(site.issues) // 4))) as running:
        yield running


@pytest.fixture
def exchange(sandbox, description):
    """Send a request and hold both sides against the description."""
    places = {
        "issue": max(sandbox.site.issues.values(), key=lambda issue: len(issue["changelog"]["histories"]))["key"],
        "project": sandbox.site.projects[0]["key"],
    }
    config = Config(spec_validator_cls=None, extra_format_validators={"date-time": is_instant})
    openapi = OpenAPI.from_dict(description | {"servers": [{"url": sandbox.url}]}, config=config)

    def send(method, path, body=None):
        def fill(text):
            return text.replace("{issue}", places["issue"]).replace("{project}", places["project"])

        filled = None if body is None else json.loads(fill(json.dumps(body)))
        with requests.Session() as session:
            prepared = requests.Request(
                method, f"{sandbox.url}{API}/{fill(path)}", auth=CREDENTIALS, json=filled
            ).prepare()
            answer = session.send(prepared, timeout=10)
        asked = RequestsOpenAPIRequest(prepared)
        openapi.validate_request(asked)
        openapi.validate_response(asked, RequestsOpenAPIResponse(answer))
        return answer

    return send


@pytest.mark.parametrize("path", GETS)
def test_what_is_got_agrees_with_the_description(exchange, path):
    assert exchange("GET", path).status_code == 200


@pytest.mark.parametrize(("path", "body"), POSTS, ids=lambda value: str(value)[:60])
def test_what_is_posted_and_answered_agrees_with_the_description(exchange, path, body):
    assert exchange("POST", path, body).status_code == 200


def test_every_page_of_a_search_agrees_with_the_description(exchange, sandbox):
    body, seen = SEARCH | {"fields": ["status"], "maxResults": 5000}, []
    while True:
        page = exchange("POST", "search/jql", body).json()
        seen += [int(found["id"]) for found in page["issues"]]
        if page["isLast"]:
            break
        body = body | {"nextPageToken": page["nextPageToken"]}
    assert seen == sorted(sandbox.site.issues)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "issue/NOPE-1", None, 404),
        ("GET", "project/NOPE", None, 404),
        ("POST", "search/jql", {"jql": "nonsense"}, 400),
        ("GET", "search/jql?jql=nonsense", None, 400),
    ],
)
def test_refusals_are_statuses_the_description_knows(exchange, method, path, body, status):
    assert exchange(method, path, body).status_code == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("changelog/bulkfetch", {"issueIdsOrKeys": []}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": ["1"] * 1001}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "maxResults": 10_001}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "fieldIds": ["a"] * 2}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "startAt": 0}),
        ("issue/bulkfetch", {"issueIdsOrKeys": [1]}),
        ("search/jql", {"jql": "id > 0", "startAt": 0}),
        ("search/jql", {"jql": 5}),
    ],
)
def test_what_the_description_forbids_the_sandbox_refuses(exchange, sandbox, path, body):
    with pytest.raises(OpenAPIError):
        exchange("POST", path, body)
    answer = requests.post(f"{sandbox.url}{API}/{path}", json=body, auth=CREDENTIALS, timeout=10)
    assert answer.status_code == 400


def test_the_check_would_notice_an_answer_that_disagrees(exchange, sandbox):
    listed = sandbox.site.resolutions
    listed.append({"id": 5, "name": "A number for an id"})
    try:
        with pytest.raises(OpenAPIError):
            exchange("GET", "resolution")
    finally:
        listed.pop()
