"""The account as lines to read: a strip of touch and wait, every stretch with its reason, sums with their addends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.life.account import Account, Stretch, Sum
from pipelines.life.durations import in_words, sum_in_words
from pipelines.life.record import SPAN_KINDS
from pipelines.life.touch import KnownTouch
from pipelines.life.working_days import WEEKDAYS, calendar_in_words
from transforms.calendar import WorkingCalendar

MARKS = {"touch": "█", "wait": "░", "blocked": "▓", "unassigned": "▒", "done_gap": "─"}
"""One character of the strip by kind."""

STRIP_WIDTH = 72

COUNTED = {
    "backward_move_count": "moves back",
    "reopen_count": "reopenings",
    "handoff_count": "hand-offs",
    "continuity_break_count": "breaks in the log",
}


def told(account: Account, calendar: WorkingCalendar | None) -> Iterator[str]:
    """The whole account, line by line. Times of day are the calendar's."""
    zone = ZoneInfo(calendar.zone if calendar else "UTC")
    yield from _heading(account, calendar, zone)
    yield from _strip(account)
    yield from _stretches(account, zone)
    yield from _children(account)
    yield from _decisions(account, zone)
    yield from _sums(account)
    yield from _counts(account)
    yield from _doubts(account)


def strip(account: Account, width: int = STRIP_WIDTH) -> str:
    """The span as a row of marks to scale, each for what takes most of its stretch of time."""
    spans = [s for s in account.stretches if s.kind in MARKS and s.pass_number == 1]
    start, length = account.journey["started_at"], timedelta(milliseconds=account.journey["span_ms"])
    if not spans or not length:
        return ""
    step = length / width
    return "".join(
        MARKS[_longest(spans, start + step * n, start + step * (n + 1), account.as_of)] for n in range(width)
    )


def _longest(spans: list[Stretch], start: datetime, end: datetime, as_of: datetime) -> str:
    def overlap(stretch: Stretch) -> timedelta:
        return min(stretch.left_at or as_of, end) - max(stretch.entered_at, start)

    return max(spans, key=overlap).kind


def _heading(account: Account, calendar: WorkingCalendar | None, zone: ZoneInfo) -> Iterator[str]:
    journey = account.journey
    yield f"{journey['issue_key']}: {journey['issue_type']} of value stream {journey['value_stream']}, " + (
        f"{journey['outcome'].replace('_', ' ')}"
    )
    hours = f"calendar {calendar_in_words(calendar)}" if calendar else "times in UTC; the calendar is not at hand"
    yield f"As of {_at(account.as_of, zone)}; {hours}"
    yield ""
    yield f"Created  {_at(journey['created_at'], zone)}"
    yield f"Started  {_at(journey['started_at'], zone)}: {account.started_because}"
    yield f"Finished {_at(journey['finished_at'], zone)}: {account.finished_because}"
    if journey["first_finished_at"] not in (None, journey["finished_at"]):
        yield f"         It had first ended {_at(journey['first_finished_at'], zone)}; the time between is done_gap."


def _strip(account: Account) -> Iterator[str]:
    if row := strip(account):
        each = timedelta(milliseconds=account.journey["span_ms"]) / STRIP_WIDTH
        yield ""
        yield row
        legend = "  ".join(f"{mark} {kind}" for kind, mark in MARKS.items() if mark in row)
        yield f"{legend}  (a mark is {in_words(round(each.total_seconds()) * 1000)})"


def _stretches(account: Account, zone: ZoneInfo) -> Iterator[str]:
    yield ""
    for number, stretch in enumerate(account.stretches, 1):
        end = _at(stretch.left_at, zone) if stretch.left_at else "now"
        second = f" (life {stretch.pass_number})" if stretch.pass_number > 1 else ""
        held = f"{stretch.kind.upper()} in {stretch.stage_name}{second}"
        yield f"{number:3}  {_at(stretch.entered_at, zone)} → {end}  {held}"
        passed = f"{' → '.join(stretch.status_names)}: " if len(stretch.status_names) > 1 else ""
        assigned = f"; assigned to {stretch.assignee_name}" if stretch.assignee_name else ""
        yield f"     {passed}{stretch.why}{assigned}"
        if stretch.kind not in ("done", "discarded"):
            days = f" = {stretch.working_in_words}" if stretch.working_in_words and stretch.working_ms else ""
            yield f"     elapsed {in_words(stretch.elapsed_ms)}; working {in_words(stretch.working_ms)}{days}"


def _children(account: Account) -> Iterator[str]:
    if account.touch_union is None:
        return
    yield "It is measured through its children:"
    for child in account.children:
        yield f"     {child['issue_key']}: touch {in_words(child['touch_ms'])}, {child['outcome'].replace('_', ' ')}"
    yield f"     touch of any of them at a time: {account.touch_union.elapsed_in_words}"
    yield f"     touch of all of them, person-time: {account.child_touch_in_words}"


def _decisions(account: Account, zone: ZoneInfo) -> Iterator[str]:
    if not account.decisions:
        return
    yield ""
    yield "How long it was waited for somebody to move it on (metrics.decision_latency)"
    for one in account.decisions:
        latency = f"working {in_words(one.working_ms)}, elapsed {in_words(one.elapsed_ms)}"
        yield f"     out of {one.status_name}, {_at(one.left_at, zone)}: {latency}"


def _sums(account: Account) -> Iterator[str]:
    if account.journey["started_at"] is None:
        return
    yield ""
    yield "What the numbers are the sum of"
    for kind in SPAN_KINDS:
        if (total := account.sums[kind]).elapsed_ms and total.elapsed_in_words:
            yield from _sum(kind, total)
    names = " + ".join(kind for kind in SPAN_KINDS if account.sums[kind].elapsed_ms) or "nothing"
    yield from _sum("span", account.sums["span"], f"   ({names}, from start to finish)")
    for name, clock, says in (("cycle time", "cycle", "the span"), ("lead time", "lead", "created to finished")):
        if (elapsed := account.journey[f"{clock}_ms"]) is not None:
            working = in_words(account.journey[f"{clock}_working_ms"])
            yield f"  {name:10} {in_words(elapsed)}, working {working}   ({says})"
    yield from _known_touch(account)
    yield from _efficiency(account)
    if not account.agrees:
        yield "  These sums are not what core.issue_journeys holds: please report this issue's account."


def _sum(name: str, total: Sum, note: str = "") -> Iterator[str]:
    """A sum by the clock, and within working hours where that is another."""
    is_same = total.elapsed_in_words == total.working_in_words
    yield f"  {name:10} {total.elapsed_in_words}{', all of it working time' if is_same else ''}{note}"
    if not is_same:
        yield f"  {'':10} working: {total.working_in_words}"


def _known_touch(account: Account) -> Iterator[str]:
    """What parallel work and work logs leave of the touch, as far as the working store is at hand."""
    if not account.sums["touch"].working_ms or account.journey["is_rolled_up"]:
        return
    known = account.touch
    if known is None:
        yield "  shared touch and work logs are not at hand: they lie in the working store of the newest run"
        return
    note = "working time, divided by the issues its person had in touch at once"
    yield f"  {'shared':10} {_shared(known)}   ({note})"
    if known.logged_ms:
        yield f"  {'logged':10} {sum_in_words(known.logged_ms)}   (working time of the touch that work logs cover)"
    else:
        yield f"  {'logged':10} nothing: no work log lies within its touch, which says nothing about the work"


def _shared(known: KnownTouch) -> str:
    """The division with its result: "2 h + 2 h ÷ 2 = 3 h"."""
    parts = [
        in_words(part.working_ms) + (f" ÷ {part.issue_count}" if part.issue_count > 1 else "") for part in known.parts
    ]
    if len(parts) == 1 and known.parts[0].issue_count == 1:
        return parts[0]
    return f"{' + '.join(parts)} = {in_words(known.shared_ms)}"


def _efficiency(account: Account) -> Iterator[str]:
    shares = [f"{share:.1%} {name}" for name, share in account.efficiency.items() if share is not None]
    if shares:
        yield f"  touch is {', '.join(shares)} of the time before it was done (of one issue: no measure of anybody)"


def _counts(account: Account) -> Iterator[str]:
    journey = account.journey
    if account.rework.elapsed_ms:
        yield f"  of the touch, in second and later visits of a status: {account.rework.elapsed_in_words}"
    counted = [f"{word}: {journey[name]}" for name, word in COUNTED.items() if journey[name]]
    if counted:
        yield f"  {', '.join(counted)}"
    for life in account.passes:
        spent = f"touch {in_words(life['touch_ms'])}, wait {in_words(life['wait_ms'])}"
        yield f"  life {life['pass_number']}, counted apart: {spent}"


def _doubts(account: Account) -> Iterator[str]:
    yield ""
    journey = account.journey
    if account.completeness["is_complete"]:
        yield "The history is whole as far as can be proved (quality.completeness)."
    else:
        yield f"The history is in doubt: {account.completeness['reason']}."
    if journey["touch_ms_low"] != journey["touch_ms_high"]:
        low, high = in_words(journey["touch_ms_low"]), in_words(journey["touch_ms_high"])
        yield f"By the readings the log allows, touch lies between {low} and {high}."


def _at(instant: datetime | None, zone: ZoneInfo) -> str:
    if instant is None:
        return "–"
    local = instant.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{WEEKDAYS[local.weekday()]} {local.day} {local:%b %Y %H:%M}{seconds}"
