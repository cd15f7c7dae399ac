"""Refusals over HTTP: every wording of a rate limit, failing servers, tokens, batches and queries refused."""

from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults.refusals import (
    REASONS,
    BadIssueKey,
    BatchLimit,
    EpochJqlRefused,
    ExpiredToken,
    Status,
    TooManyRequests,
)
from tests.pipelines.sandbox.sites import ms
from tests.pipelines.sandbox.troubled import troubled


@pytest.mark.parametrize("retry_after", [0, 1, 2.5, "999999", "soon", "-1"])
def test_a_rate_limit_says_when_to_come_back_in_any_wording(retry_after):
    with troubled(TooManyRequests(retry_after).on(times=1)) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(retry_after))
        assert answer.json()["errorMessages"] == ["Rate limit exceeded."]
        assert client.get("myself").status_code == 200


def test_a_rate_limit_can_name_a_date():
    with troubled(TooManyRequests(retry_after_date=90)) as client:
        answer = client.get("myself")
        told, now = (parsedate_to_datetime(answer.headers[name]) for name in ("Retry-After", "Date"))
        assert (told - now).total_seconds() == 90
        assert answer.headers["Retry-After"].endswith("GMT")


def test_a_rate_limit_of_a_gateway_says_nothing_at_all():
    with troubled(TooManyRequests(has_body=False)) as client:
        answer = client.get("myself")
        assert answer.status_code == 429
        assert answer.content == b""
        assert not [name for name in answer.headers if "retry" in name.lower() or "rate" in name.lower()]


@pytest.mark.parametrize(("reason", "told"), [*REASONS.items(), ("something new", "something new")])
def test_a_rate_limit_gives_its_reason(reason, told):
    with troubled(TooManyRequests(reason=reason)) as client:
        assert client.get("myself").headers["RateLimit-Reason"] == told


def test_a_rate_limit_tells_the_limit_and_when_it_resets():
    fault = TooManyRequests(5, limit=100, remaining=0, reset_after=3600, near_limit=True)
    with troubled(fault) as client:
        headers = client.get("myself").headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("100", "0")
        assert headers["X-RateLimit-NearLimit"] == "true"
        assert headers["X-RateLimit-Reset"] == "2026-03-04T09:01Z"
        assert datetime.fromisoformat(headers["X-RateLimit-Reset"]).tzinfo is not None


@pytest.mark.parametrize("status", [401, 403, 404, 408, 413, 500, 502, 503, 504])
def test_any_status_can_refuse(status):
    with troubled(Status(status).on(nth=1)) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.json()["errorMessages"]) == (status, ["Refused on purpose."])
        assert "Retry-After" not in answer.headers
        assert client.get("myself").status_code == 200


def test_a_failing_server_may_say_when_to_come_back_or_send_a_page_for_people():
    with troubled(Status(503, retry_after=7, is_html=True, message="Maintenance")) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
        assert answer.headers["content-type"].startswith("text/html")
        assert "<h1>Maintenance</h1>" in answer.text


def test_a_status_that_is_no_refusal_is_refused():
    with pytest.raises(ValueError, match="between 400 and 599"):
        Status(200)


@pytest.mark.parametrize("status", [400, 410])
@pytest.mark.parametrize("route", ["search/jql", "changelog/bulkfetch"])
def test_a_token_expires_and_only_requests_with_one_count(status, route):
    caps = PageCaps(search_ids=2, changelog_bulk=1)
    with troubled(ExpiredToken(status).on(route, times=1), caps=caps) as client:
        body = {"jql": "id > 0 ORDER BY id"} if route == "search/jql" else {"issueIdsOrKeys": ["101", "105"]}
        first = client.post(route, **body)
        assert first.status_code == 200
        on = body | {"nextPageToken": first.json()["nextPageToken"]}
        refused = client.post(route, **on)
        assert (refused.status_code, "expired" in refused.text) == (status, True)
        assert client.post(route, **on).status_code == 200


def test_a_site_without_the_raised_limit_refuses_large_batches():
    with troubled(BatchLimit(2)) as client:
        refused = client.issues(101, 102, 105)
        assert (refused.status_code, "between 1 and 2" in refused.text) == (400, True)
        assert client.issues(101, 102).status_code == 200
        assert client.changelogs(101, 102, 105).status_code == 400


def test_a_batch_too_large_can_be_413():
    with troubled(BatchLimit(2, status=413).on("issue/bulkfetch")) as client:
        assert client.issues(101, 102, 105).status_code == 413
        assert client.changelogs(101, 102, 105).status_code == 200


@pytest.mark.parametrize("is_named", [True, False])
def test_one_bad_key_refuses_the_whole_batch(is_named):
    with troubled(BadIssueKey("105", is_named=is_named).on("changelog")) as client:
        refused = client.changelogs(101, 105)
        assert (refused.status_code, "'105'" in refused.text) == (400, is_named)
        assert client.changelogs(101, 102).status_code == 200
        assert client.issues(101, 105).status_code == 200


@pytest.mark.parametrize("operator", [">=", ">", "<", "="])
def test_moments_in_bare_milliseconds_are_refused_and_dates_are_not(operator):
    with troubled(EpochJqlRefused(), flavour="dc") as client:
        refused = client.post("search", jql=f"project = ABC AND updated {operator} {ms(0)}")
        assert refused.status_code == 400
        assert f"Date value '{ms(0)}' for field 'updated' is invalid" in refused.json()["errorMessages"][0]
        assert client.post("search", jql=f'updated {operator} "2026-03-02 08:00"').status_code == 200
        assert client.post("search", jql="id > 5").status_code == 200
