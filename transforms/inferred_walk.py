"""The walk of a value stream that nobody described: from Jira's categories, names, and the order issues really take.

Counting that order belongs to ``transforms.status_order``, reading names to ``transforms.status_names``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise, permutations

from transforms.stage_names import name_stages, topic_rank
from transforms.status_names import (
    CATEGORY_LABELS,
    NamedStatus,
    StatusDecision,
    decide_by_name,
    is_backlog_name,
    is_reopened,
    plain,
    says_chosen,
    says_waiting,
)
from transforms.status_order import order_by_majority
from transforms.walk import DISCARDED_STAGE, DONE_STAGE, ON_HOLD_STAGE, UNMAPPED_STAGE, WalkStatus

Precedence = Mapping[tuple[int, int], int]
"""(earlier status id, later status id) -> issues that first entered the one before the other."""


Moves = Mapping[tuple[int, int], int]
"""(old status id, new status id) -> changes from the one directly to the other."""

MAIN_EXIT = 0.5
"""A wait belongs to the work that follows if at least this share of what leaves it goes there at once."""


class Part(IntEnum):
    """Parts of a walk in order; a status belongs to one whatever its issues do."""

    BACKLOG = 0
    REOPENED = 1
    WORK = 2
    DONE = 3
    DISCARDED = 4
    OUTSIDE = 5


@dataclass(frozen=True)
class Label:
    """What a team takes for one status: same name, same kind. A site may hold many a "To Do", each with its own id."""

    plain_name: str
    work_kind: str
    part: Part


def infer_walk(
    statuses: Sequence[NamedStatus], precedence: Precedence, resting: Mapping[int, int], moves: Moves | None = None
) -> list[WalkStatus]:
    """The walk over ``statuses``; ``resting`` counts the issues that are in a status now.

    Waiting statuses of category To Do come first, then the rest, then what is done, then what is discarded; within each
    part in the order most issues take. Statuses of one label share one place.
    """
    ordered = sorted(statuses, key=lambda status: status.status_id)
    decisions = _decide(ordered, precedence, resting)
    labels = _move_late_waits({s: _label(s, d) for s, d in decisions.items()}, precedence)
    walk = _order(labels, precedence)
    names = {label: status.name for status, label in reversed(labels.items())}
    stages = _stages(walk, names, _between_labels(labels, moves or {}))
    return [
        WalkStatus(
            status,
            stages[label],
            walk.index(label) if label in walk else None,
            label.work_kind,
            decisions[status].decided_by,
        )
        for status, label in labels.items()
    ]


def _decide(
    statuses: Sequence[NamedStatus], precedence: Precedence, resting: Mapping[int, int]
) -> dict[NamedStatus, StatusDecision]:
    """By category and name; and where issues pass through a done status that says it waits, it is a wait.

    They pass through "Ready for Release" if more of them went on to another done status than rest in it now.
    """
    decisions = {status: decide_by_name(status) for status in statuses}
    done = {s for s, d in decisions.items() if d.work_kind == "done"}
    ends = [s.status_id for s in done if not says_waiting(s.name)]
    for status in done:
        went_on = max((precedence.get((status.status_id, end), 0) for end in ends), default=0)
        if says_waiting(status.name) and went_on > resting.get(status.status_id, 0):
            decisions[status] = StatusDecision("queue", "name_pattern")
    return decisions


def _label(status: NamedStatus, decision: StatusDecision) -> Label:
    return Label(plain(status.name), decision.work_kind, _part(status, decision))


def _part(status: NamedStatus, decision: StatusDecision) -> Part:
    kind = decision.work_kind
    if kind == "blocked" or decision.decided_by == "unmapped":
        return Part.OUTSIDE
    if kind in ("done", "discarded"):
        return Part.DONE if kind == "done" else Part.DISCARDED
    if is_reopened(status.name):
        return Part.REOPENED
    is_early = status.category == "new" or (status.category not in CATEGORY_LABELS and is_backlog_name(status.name))
    return Part.BACKLOG if is_early else Part.WORK


def _move_late_waits(labels: dict[NamedStatus, Label], precedence: Precedence) -> dict[NamedStatus, Label]:
    """Put a status of category To Do among the work where more issues enter it after work than before it.

    New statuses get that category unless somebody thinks of it ("Ready for QA"). What is called a backlog stays one.
    """
    counts = _between_labels(labels, precedence)
    work = [label for label in set(labels.values()) if label.part == Part.WORK]

    def place(label: Label) -> Label:
        lead = sum(counts[other, label] - counts[label, other] for other in work)
        is_late = label.part == Part.BACKLOG and lead > 0 and not is_backlog_name(label.plain_name)
        return replace(label, part=Part.WORK) if is_late else label

    return {status: place(label) for status, label in labels.items()}


def _order(labels: Mapping[NamedStatus, Label], precedence: Precedence) -> list[Label]:
    """The labels of the walk, part by part."""
    counts = _between_labels(labels, precedence)
    walk: list[Label] = []
    for part in Part:
        members = [label for label in dict.fromkeys(labels.values()) if label.part == part != Part.OUTSIDE]
        walk += order_by_majority(members, counts, _expected(members))
    return walk


def _between_labels(labels: Mapping[NamedStatus, Label], precedence: Precedence) -> Counter[tuple[Label, Label]]:
    by_id = {status.status_id: label for status, label in labels.items()}
    counts: Counter[tuple[Label, Label]] = Counter()
    for (earlier, later), issue_count in precedence.items():
        if earlier in by_id and later in by_id:
            counts[by_id[earlier], by_id[later]] += issue_count
    return counts


def _expected(labels: Sequence[Label]) -> Iterator[tuple[Label, Label]]:
    """Pairs in the order work usually takes, for where too few issues show it.

    Backlog before what is chosen; development before review before release; of one topic the wait before the work.
    """
    usual = {label: place for label in labels if (place := _usual_place(label)) is not None}
    for earlier, later in permutations(usual, 2):
        if usual[earlier] < usual[later]:
            yield earlier, later


def _usual_place(label: Label) -> tuple[int, bool] | None:
    if label.part == Part.BACKLOG:
        return (int(says_chosen(label.plain_name)), False)
    rank = topic_rank(label.plain_name)
    return None if rank is None else (rank, label.work_kind == "active")


def _stages(walk: Sequence[Label], names: Mapping[Label, str], moves: Counter[tuple[Label, Label]]) -> dict[Label, str]:
    """Stage of every label: by topic where work is open, one stage each for what is done, discarded, held, unmapped."""
    tails = {"done": DONE_STAGE, "discarded": DISCARDED_STAGE, "blocked": ON_HOLD_STAGE}
    stages = {label: tails.get(label.work_kind, UNMAPPED_STAGE) for label in names}
    open_labels = [label for label in walk if label.work_kind in ("queue", "active")]
    leads = [_leads(label, following, moves) for label, following in pairwise(open_labels)]
    named = name_stages([names[label] for label in open_labels], [*leads, False])
    for label, stage in zip(open_labels, map(_single, named), strict=True):
        stages[label] = f"{stage} (open)" if stage in (*tails.values(), UNMAPPED_STAGE) else stage
    return stages


def _single(stage: str) -> str:
    """Without the signs that join the names of several stages, so that one is never taken for two: Dev & Test."""
    return re.sub(r"\s*\+\s*", " & ", stage.replace("++", "pp")).replace(", ", " / ").strip(" &")


def _leads(label: Label, following: Label, moves: Counter[tuple[Label, Label]]) -> bool:
    """Whether a wait is the wait for the work that follows it. "Selected" alone is the choice, a stage of its own."""
    if (label.work_kind, following.work_kind) != ("queue", "active"):
        return False
    if label.part != Part.WORK and not says_waiting(label.plain_name):
        return False
    exits = sum(count for (old, new), count in moves.items() if old == label and new != label)
    return exits > 0 and moves[label, following] >= MAIN_EXIT * exits
