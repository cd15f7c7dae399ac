"""The search of Jira Data Center, asked in the way that gets through.

POST has no limit of length. Proxies that let nobody write, and small servers that stand in for Jira, take GET only.
What is searched for belongs to ``datacenter`` and ``details``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import NotAllowedError

T = TypeVar("T")


def search(session: JiraSession, body: dict[str, Any], shape: type[T], *, is_divisible: bool = False) -> T:
    """One page of a search by POST, or by GET where POST is not allowed. Raises JiraError."""
    path = f"{session.api}/search"
    try:
        return session.read("POST", path, shape, body=body, is_divisible=is_divisible)
    except NotAllowedError:
        params = {name: _in_query(value) for name, value in body.items()}
        return session.read("GET", path, shape, params=params, is_divisible=is_divisible)


def _in_query(value: Any) -> Any:
    """A value of a body as a query string holds it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else value
