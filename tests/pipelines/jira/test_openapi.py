"""What is sent to Cloud agrees with Atlassian's own description of its API."""

import gzip
import json
import re

import jsonschema
import pytest

from pipelines.jira.extract import extract
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, move
from tests.pipelines.jira.sites import session_with

BODIES = {
    "/rest/api/3/search/jql": "SearchAndReconcileRequestBean",
    "/rest/api/3/issue/bulkfetch": "BulkFetchIssueRequestBean",
    "/rest/api/3/changelog/bulkfetch": "BulkChangelogRequestBean",
    "/rest/api/3/search/approximate-count": "JQLCountRequestBean",
}


@pytest.fixture(scope="module")
def description(shared_data):
    with gzip.open(shared_data / "openapi" / "jira-cloud-v3.json.gz") as file:
        return json.load(file)


@pytest.fixture(scope="module")
def requests_sent(tmp_path_factory):
    """(method, path, body) of every request of one extraction."""
    sent = []

    async def note(request):
        body = await request.body()
        sent.append((request.method, request.url.path, json.loads(body) if body else None))

    site = site_from_issues([issue(n, history(n, "2024-01-02T10:00:00.000+0000", move(1, 3))) for n in range(1, 30)])
    with start(site, "cloud", fault=note) as sandbox:
        store = Store(tmp_path_factory.mktemp("data"), environment={"FLOW_PSEUDONYM_KEY": "a key for tests only"})
        extract(session_with(sandbox, "cloud"), Scope(), store)
    return sent


@pytest.mark.parametrize("path", BODIES)
def test_bodies_are_as_the_description_says(description, requests_sent, path):
    bodies = [body for _, sent_path, body in requests_sent if sent_path == path]
    assert bodies
    for body in bodies:
        schema = {"$ref": f"#/components/schemas/{BODIES[path]}", "components": description["components"]}
        jsonschema.Draft4Validator(schema).validate(body)


def named(path):
    """A path with the names of its parameters in the place of ids."""
    return re.sub(r"/issue/\d+/", "/issue/{issueIdOrKey}/", path.replace("/project/10/", "/project/{projectIdOrKey}/"))


def test_every_route_asked_for_is_described(description, requests_sent):
    known = {(method.upper(), path) for path, methods in description["paths"].items() for method in methods}
    asked = {(method, named(path)) for method, path, _ in requests_sent}
    outside = {("GET", "/rest/agile/1.0/board"), ("GET", "/rest/api/2/serverInfo")}
    assert asked - known <= outside


def test_nothing_but_reading_is_asked_for(requests_sent):
    assert {path for method, path, _ in requests_sent if method != "GET"} <= set(BODIES)
