"""Two Jira sites with the same issue ids and keys and other histories, and the flow.toml that reads both."""

from __future__ import annotations

from pathlib import Path

from pipelines.sandbox.site import Site, site_from_issues
from tests.pipelines.sandbox.sites import TYPES, history, issue, moved

BERLIN_TOKEN, OSLO_TOKEN = "ZQ-berlin-secret-QZ", "ZQ-oslo-secret-QZ"

WEEK = 7 * 24
ISSUES = 40
"""As many as fill the tables of a quarter."""


def busy_site(touch_hours: float, *, is_odd: bool = False) -> Site:
    """An issue every two days: some wait for a start, each takes ``touch_hours`` and more, the last stay open."""
    issues = []
    for number in range(1, ISSUES + 1):
        begun = 48.0 * number
        started = history(3 * number, begun + 20, moved("To Do", "Doing"))
        back = history(3 * number + 1, begun + 24, moved("Doing", "To Do"), moved("To Do", "Doing"))
        done = history(3 * number + 2, begun + 26 + touch_hours + number % 7, moved("Doing", "Done"))
        is_open = number > ISSUES - 5
        happened = [started, *([back] if number % 5 == is_odd else []), *([] if is_open else [done])]
        kind = TYPES["Bug" if number % 3 == is_odd else "Story"]
        status = "Doing" if is_open else "Done"
        issues.append(issue(100 + number, f"ABC-{number}", *happened, created=begun, status=status, issuetype=kind))
    return site_from_issues(issues)


def berlin() -> Site:
    return busy_site(5)


def oslo() -> Site:
    return busy_site(70, is_odd=True)


def write_config(path: Path, berlin_url: str, oslo_url: str) -> Path:
    """A flow.toml for both: Berlin is Cloud, Oslo Data Center; Berlin's stream is stated, Oslo's too."""
    path.write_text(
        f"""
        [[site]]
        name = "berlin"
        url = "{berlin_url}"
        email_env = "BERLIN_EMAIL"
        token_env = "BERLIN_TOKEN"
        [[site]]
        name = "oslo"
        url = "{oslo_url}"
        token_env = "OSLO_TOKEN"
        projects = ["ABC"]
        [[value_stream]]
        name = "Shop"
        site = "berlin"
        [[value_stream]]
        name = "Payments"
        site = "oslo"
        """
    )
    return path


def credentials(**other: str) -> dict[str, str]:
    """The variables both sites' credentials are in."""
    known = {"BERLIN_EMAIL": "sandbox@example.com", "BERLIN_TOKEN": BERLIN_TOKEN, "OSLO_TOKEN": OSLO_TOKEN}
    return known | other

