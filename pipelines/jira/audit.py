"""Does the bulk route of Jira Cloud leave out changes? A sample of issues is held against the route of one issue.

The bulk route tells no totals, so histories it leaves out show only where a chain of statuses breaks. What other
evidence a batch gives is free and only a suspicion, so suspects are asked about first; the rest of the sample is drawn.
Small runs are asked about whole. What follows from a shortage belongs to ``cloud``.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from pipelines.jira.instants import read_instant
from pipelines.jira.shapes import Item, LandedIssue, Text

AUDITED_SHARE = 0.0015
"""A request and a half per 1,000 issues, what the budget of four leaves."""

FEWEST_AUDITED = 15
"""A run of no more issues is audited whole."""

SAME_MOMENT_US = 2_000_000
"""Cloud dates the change of category by itself, a moment after the change of status."""


@dataclass
class Audit:
    """The audit of one run, shared by all its batches. ``is_failed`` once any changelog was short."""

    seed: float
    is_failed: bool = False
    issue_count: int = 0
    """Issues held against the other route so far."""

    def choose(self, lines: Mapping[int, LandedIssue], first: int, total: int) -> list[int]:
        """Issues to ask about, of a batch that begins at place ``first`` of ``total``; half of them suspects."""
        quota = _share_of(first + len(lines), total) - _share_of(first, total)
        dice = random.Random(f"{self.seed} {first}")
        suspects = find_suspects(lines)
        chosen = dice.sample(suspects, min(len(suspects), (quota + 1) // 2))
        rest = sorted(lines.keys() - set(chosen))
        chosen += dice.sample(rest, min(len(rest), quota - len(chosen)))
        self.issue_count += len(chosen)
        return chosen


def find_suspects(lines: Mapping[int, LandedIssue]) -> list[int]:
    """Issues whose changes do not lead to what they hold now, or that began elsewhere than most of their kind."""
    begins = {number: _first_status(issue) for number, issue in lines.items()}
    usual = _most_common_begins(lines, begins)
    return [
        number
        for number, issue in lines.items()
        if begins[number] != usual[_kind(issue)] or not (_leads_to_now(issue) and _explains_category(issue))
    ]


def _share_of(reached: int, total: int) -> int:
    """Issues audited of the first ``reached``: evenly spread over the run."""
    wanted = min(total, max(FEWEST_AUDITED, round(AUDITED_SHARE * total)))
    return wanted * min(reached, total) // max(1, total)


def _kind(issue: LandedIssue) -> tuple[str, str]:
    return str(issue.fields.project.id), str(issue.fields.issuetype.id)


def _most_common_begins(lines: Mapping[int, LandedIssue], begins: Mapping[int, str]) -> dict[tuple[str, str], str]:
    counted: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number, issue in lines.items():
        counted[_kind(issue)][begins[number]] += 1
    return {kind: begun.most_common(1)[0][0] for kind, begun in counted.items()}


def _first_status(issue: LandedIssue) -> str:
    moves = _items_of(issue, "status")
    return _plain(moves[0].from_ if moves else issue.fields.status.id)


def _leads_to_now(issue: LandedIssue) -> bool:
    """Whether the last changes of assignee, resolution and flag arrive at today's values; no change says nothing."""
    fields = issue.fields
    now = {
        "assignee": fields.assignee,
        "resolution": fields.resolution.id if fields.resolution else None,
        "flagged": int(fields.flagged),
    }
    changes = {field: _items_of(issue, field) for field in now}
    return all(not changes[field] or _plain(changes[field][-1].to) == _plain(now[field]) for field in now)


def _explains_category(issue: LandedIssue) -> bool:
    """Whether a change of status, or the creation, happened when Cloud says that the category last changed."""
    fields = issue.fields
    if fields.category_changed is None:
        return True
    moves = [step.created for step in issue.changelog.histories if any(item.field == "status" for item in step.items)]
    try:
        told = read_instant(fields.category_changed)
        return any(abs(read_instant(moment) - told) <= SAME_MOMENT_US for moment in (fields.created, *moves))
    except ValueError:
        return True


def _items_of(issue: LandedIssue, field: str) -> list[Item]:
    """Changes of a field, oldest first; in any order where an instant cannot be read."""
    found = [(step, item) for step in issue.changelog.histories for item in step.items if item.field == field]
    with suppress(ValueError):
        found.sort(key=lambda one: (read_instant(one[0].created), int(one[0].id)))
    return [item for _, item in found]


def _plain(value: Text) -> str:
    return "" if value is None else str(value)
