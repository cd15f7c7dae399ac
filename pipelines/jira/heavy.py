"""What a site cannot send of one issue, told apart from a site that is not well at the moment.

A short outage refuses everything, a heavy issue only itself: between two tries the site has to tell the issue's id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import TooHeavyError
from pipelines.jira.shapes import UnreadableIssue
from transforms.wording import counted

T = TypeVar("T")

MOST_TOO_HEAVY = 20
"""Issues of a run that a site does not send with others, or not even alone; with more of them the run stops."""
REASON = (
    "the site does not send this issue, not even alone (too slow, too large, or it fails over it); every run asks for"
    " it again"
)


def asked_twice(session: JiraSession, issue_id: int, ask: Callable[[], T]) -> T:
    """What a divisible request for one issue brings. Raises TooHeavyError where it fails though the site is well.

    Raises NotFoundError where the issue is gone, OverloadedError where the site is not well, other JiraError.
    """
    try:
        return ask()
    except TooHeavyError:
        session.read("GET", f"{session.api}/issue/{issue_id}", msgspec.Raw, params={"fields": "id"})
        return ask()


def notice(issue_id: int) -> UnreadableIssue:
    """What lands of an issue that was not sent even alone."""
    return UnreadableIssue(REASON, str(issue_id))


def check_not_too_many(issue_ids: Collection[int], error: TooHeavyError | None = None) -> None:
    """Raise TooHeavyError, with what the site said last where that is at hand, if these issues are too many."""
    if len(issue_ids) > MOST_TOO_HEAVY:
        raise TooHeavyError(
            f"{error or ''} {counted(len(issue_ids), 'issue')} could not be had as others are ({min(issue_ids)} among"
            f" them), more than {MOST_TOO_HEAVY}: the site is not well. Nothing was published; run again later.".strip()
        )
