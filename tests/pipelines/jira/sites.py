"""Sandbox sites for the tests of extraction, and connections to them."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pipelines.jira.client import Connection, JiraSession, connect
from pipelines.jira.retry import Gate, RetryPolicy
from pipelines.sandbox.server import Sandbox

FLAVOURS = ("cloud", "dc")
TOKEN = "sandbox-token"
EMAIL = "sandbox@example.com"


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def patient_gate(concurrency: int = RetryPolicy.concurrency) -> Gate:
    """A gate that never really waits."""
    time = Time()
    return Gate(RetryPolicy(concurrency=concurrency), clock=lambda: time.now, sleep=time.sleep)


def connection_to(sandbox: Sandbox, flavour: str, token: str = TOKEN) -> Connection:
    return Connection(sandbox.url, EMAIL if flavour == "cloud" else None, token)


def session_with(sandbox: Sandbox, flavour: str, concurrency: int = RetryPolicy.concurrency) -> JiraSession:
    return connect(connection_to(sandbox, flavour), patient_gate(concurrency))


def scripted(*answers: Any, on: str = "") -> Callable[[Request], Any]:
    """A fault hook: the next of ``answers`` for each request whose path contains ``on``; then all pass."""
    rest = list(answers)

    async def fault(request: Request) -> Response | None:
        if rest and on in request.url.path:
            return rest.pop(0)
        return None

    return fault
