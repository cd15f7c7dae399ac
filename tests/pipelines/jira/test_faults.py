"""Every fault becomes one paragraph that names the site, says what to do, and gives nothing away."""

import pytest
import requests

from pipelines.jira import faults
from pipelines.jira.errors import (
    AnswerError,
    CredentialsError,
    ForbiddenError,
    JiraError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    UnreachableError,
)
from pipelines.jira.retry import PassingFaultError

SECRET = "hush-hush"
PLACE = faults.Place("https://jira.example.org/base", "GET", "/rest/api/2/myself", SECRET)


def response(status=400, body=b"", **headers):
    found = requests.Response()
    found.status_code = status
    found._content = body
    found.headers.update(headers)
    return found


def error_for(status, body=b""):
    found = faults.from_status(PLACE, status, response(status, body))
    return found.error if isinstance(found, PassingFaultError) else found


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (401, CredentialsError, "JIRA_API_TOKEN"),
        (403, ForbiddenError, "Browse Projects"),
        (404, NotFoundError, "JIRA_URL"),
        (400, RefusedError, "flow.toml"),
        (429, OverloadedError, "run again later"),
        (503, OverloadedError, "run again later"),
    ],
)
def test_every_status_has_its_error_and_its_advice(status, kind, advice):
    error = error_for(status)
    assert type(error) is kind
    assert advice in str(error)
    assert "https://jira.example.org/base" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
def test_the_sites_own_words_are_quoted_without_the_token(status):
    body = b'{"errorMessages": ["The value hush-hush\\n does not exist."], "errors": {"jql": "bad"}}'
    text = str(error_for(status, body))
    assert SECRET not in text
    assert "The value *** does not exist. bad" in text


@pytest.mark.parametrize("body", [b"<html>hush-hush</html>", b"\xff", b"[]", b""])
def test_what_is_no_message_is_not_quoted(body):
    assert "It said" not in str(error_for(400, body))


def test_a_long_message_is_cut():
    assert len(str(error_for(400, b'{"message": "' + b"x" * 5000 + b'"}'))) < 700


@pytest.mark.parametrize("kind", [requests.ConnectionError, requests.ReadTimeout, requests.exceptions.ProxyError])
def test_connections_and_timeouts_may_pass(kind):
    fault = faults.from_network(PLACE, kind(f"refused {SECRET}"))
    assert isinstance(fault, PassingFaultError)
    assert isinstance(fault.error, UnreachableError)
    assert SECRET not in str(fault.error)


def test_a_broken_off_answer_may_pass():
    fault = faults.from_network(PLACE, requests.exceptions.ChunkedEncodingError())
    assert isinstance(fault, PassingFaultError)
    assert isinstance(fault.error, AnswerError)


def test_a_certificate_does_not_mend_itself():
    error = faults.from_network(PLACE, requests.exceptions.SSLError("self-signed"))
    assert isinstance(error, UnreachableError)
    assert "REQUESTS_CA_BUNDLE" in str(error)


def test_a_request_that_cannot_be_sent_is_no_passing_fault():
    assert isinstance(faults.from_network(PLACE, requests.exceptions.InvalidHeader()), JiraError)


@pytest.mark.parametrize("body", [b'{"a": 1}', b"  [1]", b"\n{}"])
def test_json_passes_the_check(body):
    faults.check_is_json(PLACE, response(200, body))


@pytest.mark.parametrize("body", [b"<html>", b"", b"OK", b"null"])
def test_anything_else_does_not(body):
    with pytest.raises(PassingFaultError):
        faults.check_is_json(PLACE, response(200, body))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@x.example/jira/?token=1#x", "https://x.example/jira"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("/login?token=1", "/login"),
        ("x.example", "x.example"),
    ],
)
def test_addresses_are_shown_without_credentials_and_queries(url, shown):
    assert faults.shown_url(url) == shown


def test_a_place_hides_its_secret():
    assert SECRET not in repr(PLACE) + str(PLACE)
