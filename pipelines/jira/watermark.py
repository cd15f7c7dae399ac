"""How a moment is written in JQL so that the site understands it: epoch milliseconds, or minutes in the user's zone.

A quoted date means the searching user's own zone; unquoted milliseconds mean the same everywhere, and are asked for
once whether the site takes them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import RefusedError
from pipelines.jira.ledger import Ledger
from pipelines.jira.route import has_match

Form = Literal["epoch", "quoted"]

QUOTED_SLACK = timedelta(hours=1, minutes=1)
"""Quoted dates are cut to the minute, and one hour a year comes twice."""

UNKNOWN_ZONE_SLACK = timedelta(hours=24)
"""Where the zone of the account is unknown here, every zone is allowed for."""


def updated_since(since: datetime, form: Form, time_zone: str) -> str:
    """The JQL clause for issues updated at ``since`` or later, or a little earlier; an empty zone is an unknown one."""
    if form == "epoch":
        return f"updated >= {max(0, int(since.timestamp() * 1000))}"
    try:
        local = since.astimezone(ZoneInfo(time_zone)) - QUOTED_SLACK
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = since - UNKNOWN_ZONE_SLACK
    return f'updated >= "{local:%Y-%m-%d %H:%M}"'


def find_form(ledger: Ledger, session: JiraSession, scope_jql: str) -> Form:
    """The form this site takes: asked once per version of the site, then remembered."""
    name = f"instant_form {session.flavour} {session.server_version}"
    known = ledger.fact(name)
    if known is None:
        known = "epoch" if _takes_milliseconds(session, scope_jql) else "quoted"
        ledger.note_fact(name, known)
    return "epoch" if known == "epoch" else "quoted"


def _takes_milliseconds(session: JiraSession, scope_jql: str) -> bool:
    """Tomorrow must match nothing and 1970 everything; a site that refuses, or takes numbers otherwise, fails."""
    tomorrow = int((session.server_time + timedelta(days=1)).timestamp() * 1000)
    try:
        return not has_match(session, f"({scope_jql}) AND updated >= {tomorrow}") and has_match(
            session, f"({scope_jql}) AND updated >= 0"
        )
    except RefusedError:
        return False
