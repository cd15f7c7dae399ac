"""How people record their work: late and in bulk at stand-ups, without assignee, twice, or with second thoughts.

Each habit keeps an issue's chain of statuses whole. What administrators do to the site is ``upheavals``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import items as item_of
from pipelines.sandbox.company import texts
from pipelines.sandbox.company.clocks import DAY, HOUR, from_ms, to_ms
from pipelines.sandbox.company.drafts import Change, Draft, Recorder
from pipelines.sandbox.company.people import Person


def record_at_standups(recorder: Recorder, drafts: Sequence[Draft], rng: Random) -> None:
    """Let the coordinator record a share of all moves at the next stand-up; what came between is recorded then too."""
    for draft in drafts:
        until = 0
        for change in draft.changes:
            is_move = any(item["field"] == "status" for item in change.items)
            is_own = change.author is recorder.people[0]
            if change.at >= until and is_move and not is_own and rng.random() < recorder.spec.standup_share:
                until = next_standup(change.at, recorder.spec.zone) + rng.randrange(150_000)
            if change.at < until:
                change.at, change.author = until, recorder.people[0]


def next_standup(at: int, zone: str) -> int:
    """The next weekday's quarter past nine after a moment, in UTC ms."""
    local = from_ms(at).astimezone(ZoneInfo(zone))
    day = local.replace(hour=9, minute=15, second=0, microsecond=0)
    while day <= local or day.weekday() > 4:
        day = (day + timedelta(days=1)).replace(hour=9)
    return to_ms(day)


def forget_assignees(recorder: Recorder, drafts: Sequence[Draft], rng: Random, share: float) -> None:
    """Leave some active stretches without an assignee for their first part."""
    actives = {stage.active for stage in recorder.spec.stages}
    for draft in drafts:
        for change, later in list(pairwise(draft.changes)):
            enters = any(item["field"] == "status" and item["toString"] in actives for item in change.items)
            found = next((item for item in change.items if item["field"] == "assignee" and item["to"]), None)
            if enters and found and later.at - change.at > HOUR and rng.random() < share:
                change.items.remove(found)
                _unassign(change, found)
                at = change.at + int((later.at - change.at) * rng.uniform(0.1, 0.5))
                draft.add(Change(at, change.author, [found]))


def _unassign(change: Change, found: item_of.Json) -> None:
    """Take the former assignee off an issue whose next one comes later."""
    if found["from"]:
        nobody = dict.fromkeys(("to", "toString"))
        change.items.append(found | nobody)
        found["from"] = found["fromString"] = None


def transition_to_itself(drafts: Sequence[Draft], rng: Random, count: int) -> None:
    """Let some issues be moved to the status they are in."""
    stays = [
        (draft, change, item, later.at)
        for draft in drafts
        for (change, item), (later, _) in pairwise(draft.status_moves())
        if later.at - change.at > HOUR
    ]
    for draft, change, item, until in rng.sample(stays, min(count, len(stays))):
        here = (item["to"], item["toString"])
        draft.add(Change((change.at + until) // 2, change.author, [item_of.move_item(here, here)]))


def start_at_once(recorder: Recorder, drafts: Sequence[Draft], rng: Random, count: int) -> None:
    """Let some issues be created by whoever starts them, directly in progress."""
    active = recorder.spec.stages[0].active
    candidates = [draft for draft in drafts if any(item["toString"] == active for _, item in draft.status_moves())]
    for draft in rng.sample(candidates, min(count, len(candidates))):
        first, item = next(pair for pair in draft.status_moves() if pair[1]["toString"] == active)
        kept = [other for other in first.items if other is not item and other["field"] != "assignee"]
        taken = next((other for other in first.items if other["field"] == "assignee"), None)
        after = draft.changes[draft.changes.index(first) + 1 :]
        draft.created, draft.status = first.at, (item["to"], item["toString"])
        draft.reporter = first.author or draft.reporter
        draft.assignee = first.author if taken else None
        draft.changes = ([Change(first.at, first.author, kept)] if kept else []) + after
        draft.parent_change = draft.parent_change if draft.parent_change in draft.changes else None


def edit_texts(recorder: Recorder, drafts: Sequence[Draft], rng: Random, now: int) -> None:
    """Rewrite descriptions, summaries and estimates: mostly before work begins, often enough after."""
    for draft in drafts:
        ends = draft.changes[-1].at if draft.changes else now
        if rng.random() < 0.30:
            at = draft.created + rng.randrange(HOUR, max(2 * HOUR, ends - draft.created))
            _rewrite(recorder, draft, rng, min(at, now))
        if rng.random() < 0.15:
            _estimate_again(draft, rng, min(now, draft.created + rng.randrange(max(HOUR, (ends - draft.created) // 2))))


def _rewrite(recorder: Recorder, draft: Draft, rng: Random, at: int) -> None:
    if rng.random() < 0.25:
        old, draft.summary = draft.summary, texts.summary(rng, draft.kind, recorder.people)
        draft.add(Change(at, draft.reporter, [item_of.text_item("summary", old, draft.summary)]))
        return
    longer = texts.description(rng, recorder.people, rng.randrange(2, 7))
    old, draft.text = draft.text, longer
    draft.add(Change(at, draft.reporter, [item_of.text_item("description", old, longer)]))


def _estimate_again(draft: Draft, rng: Random, at: int) -> None:
    if draft.points is not None:
        old, draft.points = draft.points, draft.points + rng.choice((1, 2, 3, 5))
        draft.add(Change(at, draft.reporter, [item_of.points_item(old, draft.points)]))
    elif draft.estimate is not None:
        before, draft.estimate = draft.estimate, draft.estimate + 3600 * rng.choice((4, 8, 16))
        draft.add(Change(at, draft.reporter, [item_of.estimate_item(before, draft.estimate)]))


def comment(recorder: Recorder, drafts: Sequence[Draft], rng: Random, bot: Person) -> None:
    """Add remarks of people and of an app that reports builds."""
    for draft in drafts:
        for change, _ in draft.status_moves():
            if rng.random() < 0.04:
                author = bot if rng.random() < 0.4 else rng.choice(recorder.people)
                draft.comments.append(
                    (change.at + rng.randrange(2 * HOUR), author, texts.comment(rng, recorder.people))
                )


def blame_deliveries(drafts: Sequence[Draft], rng: Random) -> None:
    """Relate a fifth of the bugs to an issue that was finished in the three weeks before they were found."""
    finished = [(moves[-1][0].at, draft) for draft in drafts if len(moves := draft.status_moves()) > 3]
    for draft in drafts:
        if draft.kind == "Bug" and rng.random() < 0.2:
            recent = [other for at, other in finished if draft.created - 21 * DAY < at < draft.created]
            draft.related = rng.choice(recent) if recent else None


def lose_authors(drafts: Sequence[Draft], rng: Random, count: int) -> None:
    """Leave some histories without author, as anonymised or deleted accounts do."""
    changed = [draft for draft in drafts if draft.changes]
    for draft in rng.sample(changed, min(count, len(changed))):
        rng.choice(draft.changes).author = None
