"""What administrators did to the site: statuses renamed, deleted or migrated in silence, issues moved elsewhere.

Only the silent migration breaks an issue's chain of statuses; everything else keeps it whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

from pipelines.sandbox.company import items as item_of
from pipelines.sandbox.company.clocks import DAY, HOUR
from pipelines.sandbox.company.drafts import Change, Draft, Move
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.reference import DELETED_STATUSES, ISSUE_TYPES, RENAMED_STATUS, status_id
from pipelines.sandbox.company.specs import StreamSpec

MIGRATED_AT = 1_736_035_200_000
"""5 January 2025, a Sunday: Core Services' Coding became In Development, and no history says so."""

STAGING_ENDED_AT = 1_746_057_600_000
"""1 May 2025: the Storefront gave up Ready for Staging; its issues had passed it by then."""

RENAMED_AT = 1_748_736_000_000
"""1 June 2025: QA Testing became In QA, under the same id."""


def rename_status(drafts: Sequence[Draft]) -> None:
    """Let histories before the renaming say the old name."""
    renamed, old_name, _ = RENAMED_STATUS
    for draft in drafts:
        for change in draft.changes:
            for item in change.items if change.at < RENAMED_AT else ():
                if item["field"] == "status":
                    item["fromString"] = old_name if item["from"] == renamed else item["fromString"]
                    item["toString"] = old_name if item["to"] == renamed else item["toString"]


def migrate_in_silence(drafts: Sequence[Draft]) -> None:
    """Give Core Services' In Development another id before the migration: what was in it then has a broken chain."""
    new, old = ("10003", "In Development"), (DELETED_STATUSES["Coding"], "Coding")
    for draft in drafts:
        for change in draft.changes:
            for item in change.items if change.at < MIGRATED_AT else ():
                if item["field"] == "status":
                    _rewrite_end(item, "from", new, old)
                    _rewrite_end(item, "to", new, old)


def _rewrite_end(item: item_of.Json, end: str, new: tuple[str, str], old: tuple[str, str]) -> None:
    if item[end] == new[0]:
        item[end], item[f"{end}String"] = old


def pass_staging(drafts: Sequence[Draft], rng: Random) -> None:
    """Put the deleted status between test and release of the Storefront's early issues."""
    staging = (DELETED_STATUSES["Ready for Staging"], "Ready for Staging")
    for draft in drafts:
        moves = draft.status_moves()
        for (change, item), (later, _) in pairwise(moves):
            if (
                item["toString"] == "Ready for Release"
                and later.at < STAGING_ENDED_AT
                and later.at - change.at > 2 * HOUR
            ):
                ready = (item["to"], item["toString"])
                item["to"], item["toString"] = staging
                at = change.at + HOUR + rng.randrange(min(2 * DAY, later.at - change.at - HOUR))
                draft.add(Change(at, change.author, [item_of.move_item(staging, ready)]))


def move_from(origin: StreamSpec, drafts: Sequence[Draft], mover: Person, rng: Random, count: int) -> None:
    """Let some issues begin in another project: half move while they wait, half while they are worked on."""
    rooms = ((draft, _room_to_move(draft)) for draft in drafts if draft.move is None)
    candidates = [(draft, *room) for draft, room in rooms if room]
    for place, (draft, waiting, working) in enumerate(rng.sample(candidates, min(count, len(candidates)))):
        low, high = working if place % 2 and working else waiting
        _move_at(draft, origin, low + (high - low) // 2, mover)


def _room_to_move(draft: Draft) -> tuple[tuple[int, int], tuple[int, int] | None] | None:
    """The stretch before the first change, and the first in active work; None where there is too little room."""
    moves = draft.status_moves()
    if len(moves) < 3 or draft.status[1] != draft.spec.backlog_status:
        return None
    if draft.changes[0].at - draft.created < 2 * HOUR:
        return None
    active = draft.spec.stages[0].active
    stretches = pairwise(moves)
    working = next(((a.at, b.at) for (a, item), (b, _) in stretches if item["toString"] == active), None)
    is_long = working and working[1] - working[0] > HOUR
    return (draft.created, draft.changes[0].at), working if is_long else None


def _move_at(draft: Draft, origin: StreamSpec, at: int, mover: Person) -> None:
    """Record everything before ``at`` in the origin's statuses, and the move itself with the jump to the new ones."""
    here = _counterparts(draft.spec, origin)
    draft.status = here[draft.status[1]]
    last, last_here = (status_id(draft.spec, draft.spec.backlog_status), draft.spec.backlog_status), draft.status
    for change, item in draft.status_moves():
        if change.at < at:
            last = (item["to"], item["toString"])
            before, last_here = last_here, here[item["toString"]]
            change.items.remove(item)
            change.items += [item_of.move_item(before, last_here)] if before != last_here else []
    draft.changes = [change for change in draft.changes if change.items or change is draft.parent_change]
    made = Change(at, mover, [] if last == last_here else [item_of.move_item(last_here, last)])
    if draft.kind == "Bug":
        made.items.append(item_of.type_item(ISSUE_TYPES["Task"], ISSUE_TYPES["Bug"]))
    draft.move = Move(origin, made)
    draft.add(made)


def _counterparts(spec: StreamSpec, origin: StreamSpec) -> Mapping[str, tuple[str, str]]:
    """Which status of the origin an issue was in when, seen from its present project, it was in that status."""
    backlog, active = origin.backlog_status, origin.stages[0].active
    queue = origin.stages[0].queue or backlog
    names = {spec.backlog_status: backlog, spec.stages[0].queue: queue, spec.stages[0].active: active}
    return {name: (status_id(origin, other), other) for name, other in names.items() if name}
