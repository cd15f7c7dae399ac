"""Trouble below JSON, over HTTP: resets, silence, cut bodies, pages for people, headers, time."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from pipelines.sandbox.faults.connection import (
    Hang,
    Headers,
    Latency,
    LoginPage,
    NearLimit,
    NotJson,
    Reset,
    TokenBucket,
    Truncated,
)
from pipelines.sandbox.faults.contents import MissingKey
from pipelines.sandbox.faults.refusals import Status
from tests.pipelines.sandbox.troubled import troubled


def test_a_reset_connection_is_an_error_and_the_next_one_is_good():
    with troubled(Reset().on(times=1)) as client:
        with pytest.raises(requests.ConnectionError, match="reset"):
            client.get("myself")
        assert client.get("myself").status_code == 200
        assert client.fired == ["reset"]


def test_silence_lasts_until_the_client_gives_up():
    with troubled(Hang().on(times=1)) as client:
        with pytest.raises(requests.ReadTimeout):
            client.get("myself", timeout=0.2)
        assert client.get("myself").status_code == 200


def test_silence_ends_with_the_connection_after_its_time():
    with troubled(Hang(seconds=0.1).on(times=1)) as client:
        begin = time.perf_counter()
        with pytest.raises(requests.ConnectionError):
            client.get("myself")
        assert 0.09 < time.perf_counter() - begin < 3


def test_a_body_may_stop_halfway_and_say_no_more():
    with troubled(Hang(share=0.5).on(times=1)) as client, pytest.raises(requests.ConnectionError, match="timed out"):
        client.get("field", timeout=0.2)


def test_others_are_served_while_one_waits():
    with troubled(Hang().on("field")) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "field", 0.5)
        assert client.get("myself").status_code == 200
        assert not waiting.done()
        with pytest.raises(requests.ReadTimeout):
            waiting.result()


def test_a_stopped_sandbox_does_not_wait_for_the_silent():
    with troubled(Hang()) as client:
        with pytest.raises(requests.ReadTimeout):
            client.get("myself", timeout=0.1)
        begin = time.perf_counter()
    assert time.perf_counter() - begin < 3


def test_a_body_ends_too_early_with_the_connection():
    with troubled(Truncated(0.5).on(times=1)) as client:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            client.get("field")
        assert client.get("field").status_code == 200


def test_a_body_cut_by_a_proxy_has_the_right_length_and_broken_json():
    with troubled(Truncated(0.5, is_length_right=True).on(times=1)) as client:
        cut, whole = client.get("field"), client.get("field")
        assert cut.status_code == 200
        assert whole.content.startswith(cut.content)
        assert len(cut.content) == len(whole.content) // 2
        with pytest.raises(json.JSONDecodeError):
            json.loads(cut.content)


def test_a_login_page_is_html_with_200():
    with troubled(LoginPage()) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Log in" in answer.text


def test_a_login_page_may_be_elsewhere():
    with troubled(LoginPage(is_redirect=True)) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{client.sandbox.url}/login.jsp")


@pytest.mark.parametrize("text", ["OK", "", "{", "null"])
def test_an_answer_may_be_no_json_object(text):
    with troubled(NotJson(text)) as client:
        answer = client.get("myself")
        assert (answer.status_code, answer.text) == (200, text)


@pytest.mark.parametrize(("route", "key"), [("search/jql", "issues"), ("changelog/bulkfetch", "issueChangeLogs")])
def test_good_json_may_lack_what_its_route_lists(route, key):
    body = {"jql": "id > 0"} if route == "search/jql" else {"issueIdsOrKeys": ["101"]}
    with troubled(MissingKey().on(route, nth=1), MissingKey(is_null=True).on(route, nth=2)) as client:
        lacking, null, good = (client.post(route, **body).json() for _ in range(3))
        assert key not in lacking
        assert null[key] is None
        assert good[key]


def test_any_key_may_be_lacking():
    with troubled(MissingKey("timeZone").on("myself")) as client:
        assert "timeZone" not in client.get("myself").json()
        assert "timeZone" in client.sandbox.site.me


def test_latency_delays_each_request_but_not_one_after_the_other():
    with troubled(Latency(150)) as client, ThreadPoolExecutor(4) as pool:
        begin = time.perf_counter()
        answers = list(pool.map(lambda _: client.get("myself"), range(4)))
        took = time.perf_counter() - begin
        assert all(answer.status_code == 200 for answer in answers)
        assert 0.15 <= took < 0.55


def test_near_its_limit_a_good_answer_says_so():
    with troubled(NearLimit(200, 30, 120)) as client:
        answer = client.get("myself")
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-NearLimit"] == "true"
        assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == ("200", "30")
        assert answer.headers["X-RateLimit-Reset"] == "2026-03-04T08:03Z"


def test_data_centers_bucket_is_told_on_every_answer():
    with troubled(TokenBucket(remaining=0, retry_after=1), flavour="dc") as client:
        headers = client.get("myself").headers
        told = [headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "FillRate", "Interval-Seconds")]
        assert told == ["10", "0", "2", "1"]
        assert headers["retry-after"] == "1"


def test_a_header_can_be_set_and_taken_away_from_refusals_too():
    with troubled(
        Headers({"Date": "", "X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), Status(500).on("field")
    ) as client:
        for route, status in (("myself", 200), ("field", 500)):
            answer = client.get(route)
            assert answer.status_code == status
            assert "Date" not in answer.headers
            assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
