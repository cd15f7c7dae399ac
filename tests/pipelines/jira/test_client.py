"""The session against a real HTTP server: what it detects, what it sends, and what it says when something is wrong."""

import traceback
from datetime import UTC, datetime

import pytest
from starlette.responses import JSONResponse, Response

from pipelines.jira.client import Connection, connect, connection_from_environment, connection_from_variables
from pipelines.jira.errors import (
    AnswerError,
    CredentialsError,
    ForbiddenError,
    JiraError,
    LoginPageError,
    MissingSettingError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    UnreachableError,
)
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.connection import Headers
from pipelines.sandbox.faults.contents import MissingKey
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, move
from tests.pipelines.jira.sites import EMAIL, FLAVOURS, TOKEN, connection_to, patient_gate, scripted, session_with

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
HTML = Response("<html><title>Log in</title></html>", media_type="text/html")


@pytest.fixture(scope="module")
def site():
    return site_from_issues([issue(10001, history(1, "2024-01-02T10:00:00.000+0000", move(1, 3)))], now=NOW)


def refused(site, *answers, on="", flavour="cloud"):
    """The error of connecting to a site that answers so."""
    with start(site, flavour, fault=scripted(*answers, on=on)) as sandbox, pytest.raises(JiraError) as caught:
        connect(connection_to(sandbox, flavour), patient_gate())
    return caught.value


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_session_knows_flavour_clock_and_time_zone(site, flavour):
    with start(site, flavour) as sandbox:
        session = session_with(sandbox, flavour)
    assert (session.flavour, session.server_time, session.time_zone) == (flavour, NOW, "Etc/UTC")
    assert session.site_url == sandbox.url, "the address the site tells, which need not be the one it was asked at"


def test_a_clock_missing_from_server_info_is_read_off_the_date_header(site):
    info = JSONResponse({"deploymentType": "Server", "version": "8.20"})
    with start(site, "dc", fault=scripted(info, on="serverInfo")) as sandbox:
        assert session_with(sandbox, "dc").server_time == NOW


@pytest.mark.parametrize("told", [{}, {"timeZone": None}])
def test_a_time_zone_that_is_not_told_is_not_taken_for_any(site, told):
    with start(site, "dc", fault=scripted(JSONResponse(told), on="myself")) as sandbox:
        assert session_with(sandbox, "dc").time_zone == ""


@pytest.mark.parametrize("date", ["soon", "Wed, 21 Oct 99999999999 07:28:00 GMT"])
def test_a_site_that_tells_no_time_is_refused_in_plain_words(site, date):
    dated = FaultScript.of(MissingKey(key="serverTime").on("serverInfo"), Headers({"Date": date}).on("serverInfo"))
    with start(site, "dc", faults=dated) as sandbox, pytest.raises(RefusedError, match="tells no time"):
        session_with(sandbox, "dc")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_wrong_token_is_refused_with_advice(site, flavour):
    with start(site, flavour) as sandbox, pytest.raises(CredentialsError) as caught:
        connect(connection_to(sandbox, flavour, token="wrong-secret"), patient_gate())
    assert "JIRA_API_TOKEN" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


def test_an_anonymous_answer_is_not_taken_for_a_login(site):
    anonymous = JSONResponse({"timeZone": "UTC"}, headers={"X-AUSERNAME": "anonymous"})
    assert isinstance(refused(site, anonymous, on="myself", flavour="dc"), CredentialsError)


def test_a_login_that_failed_silently_is_noticed(site):
    silent = JSONResponse({"timeZone": "UTC"}, headers={"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"})
    assert isinstance(refused(site, silent, on="myself", flavour="dc"), CredentialsError)


def test_a_redirect_to_a_login_page_is_not_followed(site):
    away = Response(status_code=302, headers={"Location": "https://sso.example.com/login?secret=1"})
    error = refused(site, away)
    assert isinstance(error, LoginPageError)
    assert "https://sso.example.com/login" in str(error)
    assert "secret=1" not in str(error)


def test_a_login_page_with_status_200_is_told_apart_from_jira(site):
    assert isinstance(refused(site, *[HTML] * 9), LoginPageError)


def test_a_page_in_the_place_of_one_answer_is_tried_again(site):
    with start(site, "cloud", fault=scripted(HTML, on="myself")) as sandbox:
        assert session_with(sandbox, "cloud").gate.retry_count == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, CredentialsError), (403, ForbiddenError), (404, NotFoundError), (400, RefusedError), (410, RefusedError)],
)
def test_a_refusal_is_not_tried_again(site, status, kind):
    answers = [JSONResponse({"errorMessages": ["No such thing."]}, status_code=status)]
    with start(site, "cloud", fault=scripted(*answers, on="myself")) as sandbox:
        with pytest.raises(kind) as caught:
            session_with(sandbox, "cloud")
        assert sandbox.requests["GET /rest/api/3/myself"] == 1
    assert "No such thing." in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(site, status):
    with start(site, "cloud", fault=scripted(Response(status_code=status), on="myself")) as sandbox:
        assert session_with(sandbox, "cloud").gate.retry_count == 1


def test_a_fault_that_does_not_pass_is_given_up_in_plain_words(site):
    error = refused(site, *[Response(status_code=503)] * 9)
    assert isinstance(error, OverloadedError)
    assert "503" in str(error)


@pytest.mark.parametrize("header", ["Sun, 22 Nov 2026 12:00:00 GMT", "1.5", "0", "soon"])
def test_no_form_of_retry_after_breaks_a_run(site, header):
    told = Response(status_code=429, headers={"Retry-After": header})
    with start(site, "cloud", fault=scripted(told, on="myself")) as sandbox:
        gate = patient_gate()
        gate.policy = type(gate.policy)(longest_wait=1e12)
        assert connect(connection_to(sandbox, "cloud"), gate).gate.retry_count == 1


@pytest.mark.parametrize("body", [b'{"timeZone": "UT', b"[1, 2]", b'{"timeZone": 7}'])
def test_an_answer_cut_off_or_of_another_shape_is_tried_again_then_refused(site, body):
    answer = Response(body, media_type="application/json")
    with start(site, "cloud", fault=scripted(answer, on="myself")) as sandbox:
        assert session_with(sandbox, "cloud").gate.retry_count == 1
    assert isinstance(refused(site, *[answer] * 9, on="myself"), AnswerError)


def test_an_unreachable_host_is_told_in_one_paragraph():
    with pytest.raises(UnreachableError) as caught:
        connect(Connection("http://127.0.0.1:9", None, "a-secret"), patient_gate())
    text = str(caught.value)
    assert "JIRA_URL" in text
    assert "\n" not in text
    assert "a-secret" not in text


@pytest.mark.parametrize(
    "url",
    [
        "company.atlassian.net", "ftp://x", "https://", "https://[x.example", "https://x.example:port",
        "https://me:pa55word@x.example", "https://:pa55word@x.example", "https://pa55word@x.example",
        "me:pa55word@x.example", "https://me:pa55/word@x.example", "https://x.example/?token=pa55word",
        "https://x.example/#pa55word", "https://me:pa55word@x\u2100.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_it_is_shown_anywhere(url):
    with pytest.raises(MissingSettingError, match=r"^JIRA_URL is not the address of a Jira site") as caught:
        connection_from_environment({"JIRA_URL": url, "JIRA_TOKEN": "a-secret"})
    assert "pa55" not in str(caught.value)
    assert "JIRA_TOKEN" in str(caught.value)


@pytest.mark.parametrize("url", ["https://x.example", "http://localhost:8080/", "https://x.example/jira"])
def test_an_address_with_a_path_or_a_port_is_one(url):
    assert connection_from_environment({"JIRA_URL": url, "JIRA_TOKEN": "a-secret"}).url == url


@pytest.mark.parametrize("name", ["JIRA_EMAIL", "JIRA_API_TOKEN"])
def test_a_login_no_header_can_hold_is_told_by_the_name_of_its_variable(name):
    login = {"JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": "t0ps3cret"}
    with pytest.raises(MissingSettingError, match=f"^{name} holds a character") as caught:
        connection_from_environment({"JIRA_URL": "https://x", **login, name: "t0ps\u2013cret"})
    assert "t0ps" not in str(caught.value)


def test_a_bearer_token_no_header_can_hold_is_told_by_the_name_of_its_variable():
    with pytest.raises(MissingSettingError, match=r"^JIRA_TOKEN holds a character"):
        connection_from_environment({"JIRA_URL": "https://x", "JIRA_TOKEN": "t0ps\u2013cret"})
    with pytest.raises(MissingSettingError, match=r"^BERLIN_TOKEN holds a character"):
        connection_from_variables({"BERLIN_TOKEN": "t0ps\u2013cret"}, "https://x", "BERLIN_TOKEN")


def test_no_error_shows_the_token_in_its_text_or_traceback(site):
    echo = JSONResponse({"errorMessages": [f"bad token {TOKEN}"]}, status_code=400)
    error = refused(site, echo, on="myself")
    shown = "".join(traceback.format_exception(error))
    assert TOKEN not in str(error) + shown
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_site_that_echoes_the_header_of_the_login_gives_nothing_away(site, flavour):
    async def echo(request):
        header = request.headers["Authorization"]
        return JSONResponse({"errorMessages": [f"Bad header {header}"]}, status_code=401)

    with start(site, flavour, fault=echo) as sandbox, pytest.raises(CredentialsError, match=r"Bad header \w+ \*\*\*\""):
        session_with(sandbox, flavour)


def test_a_connection_hides_its_token():
    assert "hush" not in repr(Connection("https://x.example", "a@example.com", "hush"))


def test_the_environment_of_a_cloud_site():
    found = connection_from_environment({"JIRA_URL": " https://x ", "JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": "t"})
    assert found == Connection("https://x", EMAIL, "t")


def test_the_environment_of_a_data_center_site():
    assert connection_from_environment({"JIRA_URL": "https://x", "JIRA_TOKEN": "t"}) == Connection(
        "https://x", None, "t"
    )


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "JIRA_URL"),
        ({"JIRA_URL": "u"}, "JIRA_TOKEN"),
        ({"JIRA_URL": "u", "JIRA_EMAIL": "e"}, "JIRA_API_TOKEN is not set"),
        ({"JIRA_URL": "u", "JIRA_API_TOKEN": "t"}, "JIRA_EMAIL is not set"),
        ({"JIRA_URL": "u", "JIRA_TOKEN": "t", "JIRA_API_TOKEN": "s"}, "Both"),
    ],
)
def test_a_missing_or_contradictory_variable_is_named(environment, named):
    with pytest.raises(MissingSettingError, match=named):
        connection_from_environment(environment)


def test_without_any_site_the_sandbox_is_offered():
    with pytest.raises(MissingSettingError, match="flow run --sandbox"):
        connection_from_environment({})
