"""Is a changelog whole? Each status change leaves the status the one before arrived at, the last arrives at today's.

Changes of one instant may come in any order, so it is asked whether some order makes a chain, which a count of arrivals
and departures answers. What is done about a broken chain belongs to ``repair``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from pipelines.jira.instants import read_instant
from pipelines.jira.shapes import LandedIssue

Step = tuple[str, str]
"""Status left, status arrived at."""

ANYWHERE = ""
"""The place of an issue whose status is not known yet."""

JUMPING_FIELDS = frozenset({"project", "issue_type", "key"})
"""A change of these may put an issue into another workflow's status without a word in the changelog."""


def is_whole(issue: LandedIssue) -> bool:
    """Whether the status changes make one chain up to the current status, and as many histories came as Jira counts.

    True as well for what cannot be judged: an unreadable instant is the parser's affair.
    """
    changelog = issue.changelog
    if changelog.total is not None and (changelog.received or 0) < changelog.total:
        return False
    place: str | None = ANYWHERE
    try:
        for steps, is_jump in _by_instant(issue):
            place = _after_jump(steps) if is_jump else _walk(str(place), steps)
            if place is None:
                return False
    except ValueError:
        return True
    return place in (ANYWHERE, str(issue.fields.status.id))


def _by_instant(issue: LandedIssue) -> Iterable[tuple[list[Step], bool]]:
    """Status steps of each instant, oldest first, and whether the issue changed its workflow in it."""
    dated = [(read_instant(history.created), history) for history in issue.changelog.histories]
    for _, group in groupby(sorted(dated, key=lambda one: one[0]), key=lambda one: one[0]):
        items = [item for _, history in group for item in history.items]
        steps = [(str(item.from_), str(item.to)) for item in items if item.field == "status"]
        is_jump = any(item.field in JUMPING_FIELDS for item in items)
        if steps or is_jump:
            yield steps, is_jump


def _after_jump(steps: Sequence[Step]) -> str:
    """Where an issue may be after changing its workflow: wherever its changes of that instant lead, if to one place."""
    ends = _ends(steps)[1]
    return ends[0] if len(ends) == 1 else ANYWHERE


def _walk(place: str, steps: Sequence[Step]) -> str | None:
    """Where a trail through all steps ends that begins at ``place``; None if there is no such trail."""
    begins, ends = _ends(steps)
    if len(begins) > 1 or not _is_connected(steps):
        return None
    if begins:
        return ends[0] if place in (ANYWHERE, begins[0]) else None
    if place == ANYWHERE:
        return steps[0][1] if len(steps) == 1 else ANYWHERE
    return place if any(place in step for step in steps) else None


def _ends(steps: Sequence[Step]) -> tuple[list[str], list[str]]:
    """Statuses left more often than arrived at, and the other way round; each as often as by how much."""
    surplus: Counter[str] = Counter(left for left, _ in steps)
    surplus.subtract(arrived for _, arrived in steps)
    return list((+surplus).elements()), list((-surplus).elements())


def _is_connected(steps: Sequence[Step]) -> bool:
    reached, grows = {steps[0][0], steps[0][1]}, True
    while grows:
        before = len(reached)
        reached |= {status for step in steps if reached & set(step) for status in step}
        grows = len(reached) > before
    return all(left in reached for left, _ in steps)
