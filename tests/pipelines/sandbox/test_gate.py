import asyncio
import base64
import json

import pytest
from starlette.responses import JSONResponse

from pipelines.sandbox.exchange import RefusedError
from pipelines.sandbox.gate import Gate, basic
from tests.pipelines.sandbox.sites import served, small_site

LET_IN = "Bearer good"


def echo(site, asked):
    return {"path": dict(asked.path), "size": asked.query.get("size"), "body": asked.body.decode()}


def teapot(site, asked):
    raise RefusedError(418, "No coffee here.")


def broken(site, asked):
    raise ZeroDivisionError


ROUTES = [
    ("GET", "/thing/special", lambda site, asked: ["special"]),
    ("GET", "/thing/{name}", echo),
    ("POST", "/thing/{name}", echo),
    ("GET", "/teapot", teapot),
    ("GET", "/broken", broken),
]


def gate(fault=None):
    return Gate(served(small_site()), ROUTES, (LET_IN,), ("x-who", "ana"), fault)


def call(app, method, path, *, query="", body=b"", authorization=LET_IN):
    """Send one request through an ASGI application: (status, headers, content)."""
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "scheme": "http", "server": ("sandbox", 80),
        "headers": [(b"authorization", authorization.encode("latin-1"))] if authorization else [],
    }  # fmt: skip
    parts = [{"type": "http.request", "body": body[:3], "more_body": True}, {"type": "http.request", "body": body[3:]}]
    sent = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, json.loads(sent[1]["body"])


def test_a_request_reaches_its_route_with_names_query_and_whole_body():
    status, headers, content = call(gate(), "POST", "/thing/one", query="size=3", body=b"a longer body")
    assert status == 200
    assert content == {"path": {"name": "one"}, "size": "3", "body": "a longer body"}
    assert headers["content-type"] == "application/json"


def test_the_first_route_that_fits_answers():
    assert call(gate(), "GET", "/thing/special")[2] == ["special"]
    assert call(gate(), "GET", "/thing/other")[2]["path"] == {"name": "other"}


def test_who_is_let_in_is_told_who_it_is():
    assert call(gate(), "GET", "/thing/one")[1]["x-who"] == "ana"


@pytest.mark.parametrize("authorization", ["", "Bearer bad", "bearer good", "Bearer good ", "Bearer \xff"])
def test_nobody_else_is_let_in(authorization):
    status, headers, content = call(gate(), "GET", "/thing/one", authorization=authorization)
    assert (status, headers["www-authenticate"]) == (401, "Basic")
    assert content["errorMessages"] == ["Client must be authenticated to access this resource."]
    assert "x-who" not in headers


def test_credentials_are_asked_for_before_anything_is_told():
    assert call(gate(), "GET", "/nowhere", authorization="")[0] == 401
    assert call(gate(), "GET", "/nowhere")[0] == 404


def test_a_method_nobody_answers_is_404():
    assert call(gate(), "DELETE", "/thing/one")[0] == 404


def test_a_refusal_is_answered_with_its_status_and_message():
    status, _, content = call(gate(), "GET", "/teapot")
    assert (status, content) == (418, {"errorMessages": ["No coffee here."], "errors": {}})


def test_a_fault_of_the_sandbox_itself_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        call(gate(), "GET", "/broken")


def test_every_request_is_counted_whatever_becomes_of_it():
    app = gate()
    call(app, "GET", "/thing/one")
    call(app, "GET", "/thing/two", authorization="")
    call(app, "POST", "/thing/one")
    call(app, "GET", "/teapot")
    call(app, "PUT", "/nowhere")
    assert app.requests == {
        "GET /thing/{name}": 2, "POST /thing/{name}": 1, "GET /teapot": 1, "PUT (no route)": 1,
    }  # fmt: skip


def test_every_answer_is_dated_by_the_site():
    for path, authorization in (("/thing/one", LET_IN), ("/thing/one", ""), ("/nowhere", LET_IN)):
        assert call(gate(), "GET", path, authorization=authorization)[1]["date"] == "Wed, 04 Mar 2026 08:01:00 GMT"


def test_a_fault_is_asked_before_credentials_and_may_answer():
    async def login_page(request):
        return JSONResponse({"login": request.url.path}, 200)

    assert call(gate(login_page), "GET", "/thing/one", authorization="")[2] == {"login": "/thing/one"}


def test_a_fault_that_lets_through_leaves_the_body_whole():
    async def look(request):
        assert await request.body() == b"a longer body"

    assert call(gate(look), "POST", "/thing/one", body=b"a longer body")[2]["body"] == "a longer body"


def test_basic_credentials_are_written_as_browsers_do():
    assert base64.b64decode(basic("a@b.example", "tök:en").removeprefix("Basic ")).decode() == "a@b.example:tök:en"
