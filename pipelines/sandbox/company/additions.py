"""Issues around the simulated work: epics above it, sub-tasks below it, and work that was entered when it was over.

Nobody in the simulation knows of them; they only make the site like others.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from pipelines.sandbox.company import items as item_of
from pipelines.sandbox.company.clocks import DAY, HOUR
from pipelines.sandbox.company.drafts import DONE, Change, Draft, Recorder
from pipelines.sandbox.company.people import Person

EPIC_SIZE = 20
OPEN_EPICS = 3
"""Epics that a stream's new issues are spread over at a time."""

EPIC_LINK_UNTIL = 1_740_787_200_000
"""Until March 2025 issues got their epic by the Epic Link field, then by their parent."""


def add_epics(recorder: Recorder, drafts: Sequence[Draft]) -> list[Draft]:
    """Put three quarters of the issues under epics, which start and end later than their children, or never end."""
    rng = Random(f"{recorder.seed}/epics")
    epics: list[Draft] = []
    shelves: list[list[Draft]] = [[] for _ in range(OPEN_EPICS)]
    for draft in drafts:
        shelf = rng.choice(shelves)
        if rng.random() < 0.75:
            shelf.append(draft)
        if len(shelf) >= EPIC_SIZE:
            epics.append(_epic(recorder, rng, shelf))
            shelf.clear()
    return epics + [_epic(recorder, rng, shelf) for shelf in shelves if shelf]


def _epic(recorder: Recorder, rng: Random, children: Sequence[Draft]) -> Draft:
    created = min(child.created for child in children) - HOUR - rng.randrange(6 * DAY)
    epic = recorder.draft("Epic", created, Random(rng.getrandbits(64)), "To Do")
    for child in children:
        _adopt(child, epic, rng)
    moves = [(change.at, item) for child in children for change, item in child.status_moves()]
    if moves:
        begun = min(at for at, _ in moves) + rng.randrange(12 * DAY)
        _move(epic, begun, "To Do", "In Progress")
        if rng.random() < 0.8:
            ended = max(begun, *(at for at, _ in moves)) + HOUR + rng.randrange(20 * DAY)
            _move(epic, ended, "In Progress", "Done")
    return epic


def _adopt(child: Draft, epic: Draft, rng: Random) -> None:
    child.parent = epic
    if rng.random() < 0.3:
        at = child.created + rng.randrange(5 * DAY)
        child.parent_change = Change(at, child.reporter, [])
        child.add(child.parent_change)


def _move(draft: Draft, at: int, old: str, new: str, author: Person | None = None) -> None:
    made = [item_of.status_item(draft.spec, old, new)]
    made += [item_of.resolution_item(None, DONE)] if new in {"Done", draft.spec.done_status} else []
    draft.add(Change(at, author or draft.reporter, made))


def add_subtasks(recorder: Recorder, drafts: Sequence[Draft], share: float) -> list[Draft]:
    """Split the first active stretch of some stories into two or three sub-tasks."""
    rng = Random(f"{recorder.seed}/subtasks")
    active = recorder.spec.stages[0].active
    subtasks: list[Draft] = []
    for draft in drafts:
        moves = draft.status_moves()
        stretch = next(((a, b) for (a, first), (b, _) in pairwise(moves) if first["toString"] == active), None)
        if draft.kind == "Story" and stretch and rng.random() < share and stretch[1].at - stretch[0].at > 3 * HOUR:
            subtasks += _split(recorder, rng, draft, *stretch)
    return subtasks


def _split(recorder: Recorder, rng: Random, story: Draft, begin: Change, end: Change) -> list[Draft]:
    count = rng.choice((2, 2, 3))
    length = (end.at - begin.at) // count
    found: list[Draft] = []
    for part in range(count):
        subtask = recorder.draft("Sub-task", begin.at + 60_000 * (part + 1), Random(rng.getrandbits(64)), "To Do")
        subtask.parent = story
        subtask.assignee = begin.author
        start = begin.at + part * length + 240_000 + rng.randrange(length // 4)
        _move(subtask, start, "To Do", "In Progress", begin.author)
        _move(
            subtask,
            max(start, begin.at + (part + 1) * length - rng.randrange(HOUR // 4)),
            "In Progress",
            "Done",
            begin.author,
        )
        found.append(subtask)
    return found


def add_retroactive(recorder: Recorder, count: int) -> list[Draft]:
    """Work that went straight from the backlog to done: it was over when it was written down."""
    rng = Random(f"{recorder.seed}/retroactive")
    clock = recorder.team.coordinator_clock
    found: list[Draft] = []
    for _ in range(count):
        created = clock.opens(rng.randrange(recorder.span.begin, recorder.span.end - 3 * DAY))
        draft = recorder.draft("Task", created, Random(rng.getrandbits(64)), recorder.spec.backlog_status)
        _move(
            draft, created + 60_000 + rng.randrange(30 * HOUR), recorder.spec.backlog_status, recorder.spec.done_status
        )
        found.append(draft)
    return found
