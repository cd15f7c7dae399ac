"""From drafts to REST-shaped issues: ids, keys, links, whole changelogs, and the fields that follow from them.

The last step: what happened after the site's ``now`` is cut here, and nothing is invented any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipelines.sandbox.company import items as item_of
from pipelines.sandbox.company.additions import EPIC_LINK_UNTIL
from pipelines.sandbox.company.drafts import Change, Draft
from pipelines.sandbox.company.fields import Standing, issue_fields
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.render import stamp, user

Json = dict[str, Any]

FIRST_ISSUE, FIRST_HISTORY = 10100, 200000


@dataclass(frozen=True)
class Assembly:
    """The finished issues, and the keys under which moved ones were known before."""

    issues: dict[int, Json]
    old_keys: dict[str, int]


@dataclass
class Links:
    """Links that still stand, by issue id."""

    standing: dict[int, list[Standing]] = field(default_factory=dict)
    count: int = 0

    def join(self, type_id: str, inward: Draft, outward: Draft) -> None:
        """Note a link on both its ends: ``inward`` is what ``outward`` depends on."""
        self.count += 1
        link_id = 30000 + self.count
        self.standing.setdefault(outward.issue_id, []).append(Standing(link_id, inward, type_id, is_inward=True))
        self.standing.setdefault(inward.issue_id, []).append(Standing(link_id, outward, type_id, is_inward=False))


def assemble(drafts: Iterable[Draft], now: int, seed: str) -> Assembly:
    """Make issues of all drafts created until ``now`` (UTC ms)."""
    ordered = sorted((draft for draft in drafts if draft.created < now), key=lambda draft: draft.created)
    _number(ordered, Random(f"{seed}/issue ids"))
    _name(ordered)
    links = _link(ordered, now)
    for draft in ordered:
        _finish_changes(draft, now)
    histories = _histories(ordered)
    issues = {draft.issue_id: _issue(draft, histories[draft.issue_id], links, now) for draft in ordered}
    return Assembly(issues, {draft.old_key: draft.issue_id for draft in ordered if draft.old_key})


def _number(drafts: Sequence[Draft], rng: Random) -> None:
    """Ids ascend in order of creation, with the gaps that other people's issues leave."""
    number = FIRST_ISSUE
    for draft in drafts:
        number += rng.choice((1, 1, 1, 2, 5))
        draft.issue_id = number


def _name(drafts: Sequence[Draft]) -> None:
    """Give keys in the order in which issues come into a project, whether created there or moved."""
    arrivals = [(draft.created, draft.issue_id, False, draft) for draft in drafts]
    arrivals += [(draft.move.change.at, draft.issue_id, True, draft) for draft in drafts if draft.move]
    counts: Counter[str] = Counter()
    for _, _, is_moved, draft in sorted(arrivals, key=lambda arrival: arrival[:3]):
        spec = draft.spec if is_moved or not draft.move else draft.move.origin
        counts[spec.key] += 1
        draft.old_key, draft.key = draft.key, f"{spec.key}-{counts[spec.key]}"
    for draft in drafts:
        if draft.move:
            moved = [item_of.key_item(draft.old_key, draft.key), item_of.project_item(draft.move.origin, draft.spec)]
            draft.move.change.items[:0] = moved


def _link(drafts: Sequence[Draft], now: int) -> Links:
    """Record every link on both ends."""
    by_item = {(draft.spec.key, draft.number): draft for draft in drafts if draft.number >= 0}
    links = Links()
    for draft in drafts:
        for link in draft.links:
            blocker = by_item[link.blocker.stream, link.blocker.number]
            _record_link(draft, blocker, link.at, link.author, is_removed=False)
            if link.removed_at and link.removed_at <= now:
                _record_link(draft, blocker, link.removed_at, link.author, is_removed=True)
            else:
                links.join("10000", blocker, draft)
        if draft.related:
            links.join("10003", draft.related, draft)
            phrase = item_of.link_item("relates to", draft.related.key)
            draft.add(Change(draft.created + 60_000, draft.reporter, [phrase]))
    return links


def _record_link(draft: Draft, blocker: Draft, at: int, author: Person | None, *, is_removed: bool) -> None:
    blocked_by = item_of.link_item("is blocked by", _key_at(blocker, at), is_removed=is_removed)
    blocks = item_of.link_item("blocks", _key_at(draft, at), is_removed=is_removed)
    draft.add(Change(at, author, [blocked_by]))
    blocker.add(Change(at, author, [blocks]))


def _key_at(draft: Draft, at: int) -> str:
    return draft.old_key if draft.move and at < draft.move.change.at else draft.key


def _finish_changes(draft: Draft, now: int) -> None:
    """Fill in the parent, cut the future, and let every change of assignee begin where the last one ended."""
    if draft.parent and draft.parent_change:
        is_early = draft.parent_change.at < EPIC_LINK_UNTIL
        make = item_of.epic_link_item if is_early else item_of.parent_item
        draft.parent_change.items = [make(str(draft.parent.issue_id), draft.parent.key)]
    draft.changes = [change for change in draft.changes if change.at <= now and change.items]
    held = item_of.assignee_item(None, draft.assignee)
    for change in draft.changes:
        for item in change.items:
            if item["field"] == "assignee":
                item["from"], item["fromString"] = held["to"], held["toString"]
                held = item


def _histories(drafts: Sequence[Draft]) -> dict[int, list[Json]]:
    """Histories of every issue, newest first as Cloud has them; their ids ascend in time over the whole site."""
    every = [(change.at, draft.issue_id, place) for draft in drafts for place, change in enumerate(draft.changes)]
    every.sort()
    numbers = {(issue_id, place): number for number, (_, issue_id, place) in enumerate(every)}
    return {
        draft.issue_id: [
            _history(FIRST_HISTORY + 3 * numbers[draft.issue_id, place], change)
            for place, change in reversed(list(enumerate(draft.changes)))
        ]
        for draft in drafts
    }


def _history(number: int, change: Change) -> Json:
    author = {"author": user(change.author)} if change.author else {}
    zone = change.author.zone if change.author else "Etc/UTC"
    return {"id": str(number)} | author | {"created": stamp(change.at, zone), "items": change.items}


def _issue(draft: Draft, histories: list[Json], links: Links, now: int) -> Json:
    changelog = {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories}
    fields = issue_fields(draft, links.standing.get(draft.issue_id, ()), now)
    return {"id": str(draft.issue_id), "key": draft.key, "fields": fields, "changelog": changelog}
