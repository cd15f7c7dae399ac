import gzip
import json

import msgspec
import pytest

from pipelines.sandbox.cloud_bodies import ChangelogsBody, CountBody, IssuesBody, SearchBody

BODIES = {
    SearchBody: "SearchAndReconcileRequestBean",
    CountBody: "JQLCountRequestBean",
    IssuesBody: "BulkFetchIssueRequestBean",
    ChangelogsBody: "BulkChangelogRequestBean",
}


@pytest.fixture(scope="module")
def schemas(shared_data):
    packed = (shared_data / "openapi" / "jira-cloud-v3.json.gz").read_bytes()
    return json.loads(gzip.decompress(packed))["components"]["schemas"]


@pytest.mark.parametrize("body", list(BODIES), ids=lambda body: body.__name__)
def test_a_body_has_the_names_atlassian_describes(schemas, body):
    assert set(body.__struct_encode_fields__) == set(schemas[BODIES[body]]["properties"])


@pytest.mark.parametrize("body", list(BODIES), ids=lambda body: body.__name__)
def test_a_body_demands_what_atlassian_demands(schemas, body):
    required = [field.encode_name for field in msgspec.structs.fields(body) if field.required]
    assert required == schemas[BODIES[body]].get("required", [])


@pytest.mark.parametrize("body", list(BODIES), ids=lambda body: body.__name__)
def test_defaults_are_those_atlassian_describes(schemas, body):
    described = {name: of["default"] for name, of in schemas[BODIES[body]]["properties"].items() if "default" in of}
    ours = {field.encode_name: field.default for field in msgspec.structs.fields(body)}
    assert {name: ours[name] for name in described} == described


@pytest.mark.parametrize("body", list(BODIES), ids=lambda body: body.__name__)
def test_an_unknown_name_is_refused(body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"issueIdsOrKeys": ["1"], "startAt": 0}', type=body)


def test_the_nulls_that_the_jira_package_sends_are_read():
    body = msgspec.json.decode(b'{"jql": "id > 0", "expand": null, "properties": null}', type=SearchBody)
    assert (body.expand, body.properties, body.max_results) == (None, None, 50)
