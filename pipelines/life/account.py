"""The account of one issue: every published number, taken apart into the stretches it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pipelines.life.durations import sum_in_words
from pipelines.life.reasons import status_name, status_names, visit_at, why
from pipelines.life.record import SPAN_KINDS, Record, Row
from pipelines.life.touch import KnownTouch, merged
from pipelines.life.working_days import days_in_words, working_days
from transforms.calendar import WorkingCalendar

NOBODY_NAMED: Mapping[int, str] = MappingProxyType({})

GONE_WORDS = {
    "deleted_or_no_access": "it is gone: deleted, or hidden from the account that reads",
    "moved_out": "it is gone: moved out of the projects that are read",
    "archived": "it is gone: archived",
}
"""Why no search finds an issue any more (core.issues.gone_reason)."""

COUNTS = ("backward_move_count", "reopen_count", "handoff_count", "continuity_break_count")


@dataclass(frozen=True)
class Stretch:
    """One interval with its derivation."""

    entered_at: datetime
    left_at: datetime | None
    stage_name: str
    kind: str
    kind_alternative: str | None
    pass_number: int
    is_rework: bool
    status_names: list[str]
    elapsed_ms: int
    working_ms: int
    working_in_words: str
    """Day by day; empty where the calendar has changed since."""
    why: str
    assignee_name: str | None
    """Of somebody whom flow.toml names; nobody else is."""


@dataclass(frozen=True)
class Decision:
    """A move out of a waiting status: how long somebody had been waited for."""

    status_name: str
    left_at: datetime
    elapsed_ms: int
    working_ms: int


@dataclass(frozen=True)
class Sum:
    """A published duration and the stretches that add up to it."""

    elapsed_ms: int
    working_ms: int
    elapsed_in_words: str
    working_in_words: str


@dataclass(frozen=True)
class Account:
    """One issue's life. Durations in milliseconds; instants in UTC."""

    issue: Row
    journey: Row
    as_of: datetime
    started_because: str
    finished_because: str
    stretches: list[Stretch]
    sums: dict[str, Sum]
    """By kind, and ``span``: the kinds added up."""
    rework: Sum
    """Touch in second and later visits of a status."""
    agrees: bool
    """Every sum is the number published."""
    efficiency: dict[str, float | None]
    """Touch as a share of the span without done_gap, elapsed and working, and of working time what is shared and
    logged; empty where nothing was delivered or nothing is known."""
    completeness: Row
    decisions: list[Decision]
    touch: KnownTouch | None
    """What the working store knows of the touch; None where it is not at hand."""
    passes: list[Row] = field(default_factory=list)
    children: list[Row] = field(default_factory=list)
    touch_union: Sum | None = None
    """Of a parent: the stretches in which any child was touched."""
    child_touch_in_words: str = ""
    """Of a parent: the children's touch, added up."""


def account_for(
    record: Record,
    calendar: WorkingCalendar | None,
    touch: KnownTouch | None = None,
    names: Mapping[int, str] = NOBODY_NAMED,
) -> Account:
    """Derive every number of an issue; ``calendar`` is its value stream's, where it is known, ``touch`` likewise.

    ``names`` are display names of who was assigned, by interval number.
    """
    stretches = [_stretch(record, interval, calendar, names) for interval in record.intervals]
    first = [stretch for stretch in stretches if stretch.pass_number == 1]
    journey = record.journey
    sums = {kind: _sum([s for s in first if s.kind == kind]) for kind in SPAN_KINDS}
    if journey["is_rolled_up"]:
        sums = {kind: Sum(journey[f"{kind}_ms"], journey[f"{kind}_working_ms"], "", "") for kind in SPAN_KINDS}
    sums["span"] = _total([sums[kind] for kind in SPAN_KINDS])
    rework = _sum([s for s in first if s.kind == "touch" and s.is_rework])
    return Account(
        record.issue, journey, record.as_of, _why_started(record), _why_finished(record), stretches, sums, rework,
        _agrees(sums, rework, journey), _efficiency(sums, journey, touch), record.completeness, _decisions(record),
        touch, record.passes, record.children, *_of_children(record, calendar),
    )  # fmt: skip


def document(account: Account) -> dict[str, Any]:
    """The account as JSON values; instants stay datetimes."""
    journey = account.journey
    told = {name: journey[name] for name in ("site_name", "issue_id", "issue_key", "value_stream", "issue_type")}
    told |= {"outcome": journey["outcome"], "is_never_started": journey["is_never_started"], "as_of": account.as_of}
    told |= {name: journey[name] for name in ("created_at", "started_at", "first_finished_at", "finished_at")}
    told |= {"started_because": account.started_because, "finished_because": account.finished_because}
    told |= {"intervals": [vars(stretch) for stretch in account.stretches]}
    told |= {"sums": {kind: vars(total) for kind, total in account.sums.items()}, "rework_touch": vars(account.rework)}
    told |= {name: journey[name] for name in ("cycle_ms", "cycle_working_ms", "lead_ms", "lead_working_ms")}
    told |= {name: journey[name] for name in (*COUNTS, "touch_ms_low", "touch_ms_high", "child_touch_ms")}
    told |= {"sums_agree": account.agrees, "flow_efficiency": account.efficiency}
    told |= {"decisions": [vars(decision) for decision in account.decisions]}
    known = account.touch
    told |= {"shared_touch_working_ms": known.shared_ms if known else None}
    told |= {"logged_touch_working_ms": sum(known.logged_ms) if known else None}
    told |= {"is_complete": account.completeness["is_complete"], "doubt": account.completeness["reason"]}
    union = vars(account.touch_union) if account.touch_union else None
    return told | {"children": account.children, "child_touch_union": union, "return_passes": account.passes}


def _stretch(record: Record, interval: Row, calendar: WorkingCalendar | None, names: Mapping[int, str]) -> Stretch:
    copied = ("entered_at", "left_at", "stage_name", "kind", "kind_alternative", "pass_number", "is_rework")
    words = _days(calendar, interval["entered_at"], interval["left_at"] or record.as_of, interval["working_ms"])
    return Stretch(
        **{name: interval[name] for name in copied},
        status_names=status_names(record, interval),
        elapsed_ms=interval["elapsed_ms"],
        working_ms=interval["working_ms"],
        working_in_words=words,
        why=why(record, interval),
        assignee_name=names.get(interval["interval_number"]),
    )


def _days(calendar: WorkingCalendar | None, start: datetime, end: datetime, working_ms: int) -> str:
    """The working time day by day, if the calendar at hand still gives what was published."""
    days = working_days(calendar, start, end) if calendar else []
    is_same = calendar is not None and sum(day.working_ms for day in days) == working_ms
    return days_in_words(days) if is_same else ""


def _sum(stretches: Sequence[Stretch]) -> Sum:
    elapsed, working = ([getattr(s, name) for s in stretches] for name in ("elapsed_ms", "working_ms"))
    return Sum(sum(elapsed), sum(working), sum_in_words(elapsed), sum_in_words(working))


def _total(sums: Sequence[Sum]) -> Sum:
    present = [s for s in sums if s.elapsed_ms or s.working_ms]
    elapsed, working = [s.elapsed_ms for s in present], [s.working_ms for s in present]
    return Sum(sum(elapsed), sum(working), sum_in_words(elapsed), sum_in_words(working))


def _agrees(sums: dict[str, Sum], rework: Sum, journey: Row) -> bool:
    is_equal = [
        (total.elapsed_ms, total.working_ms) == (journey[f"{kind}_ms"], journey[f"{kind}_working_ms"])
        for kind, total in sums.items()
    ]
    return all(is_equal) and (journey["is_rolled_up"] or rework.elapsed_ms == journey["rework_touch_ms"])


def _efficiency(sums: dict[str, Sum], journey: Row, known: KnownTouch | None) -> dict[str, float | None]:
    def share(touched: int | None, name: str) -> float | None:
        whole = getattr(sums["span"], name) - getattr(sums["done_gap"], name)
        return touched / whole if touched is not None and whole and journey["outcome"] == "delivered" else None

    logged = sum(known.logged_ms) if known and known.logged_ms else None
    return {
        "elapsed": share(sums["touch"].elapsed_ms, "elapsed_ms"),
        "working": share(sums["touch"].working_ms, "working_ms"),
        "shared": share(known.shared_ms if known else None, "working_ms"),
        "logged": share(logged, "working_ms"),
    }


def _decisions(record: Record) -> list[Decision]:
    return [
        Decision(status_name(record, visit), visit["left_at"], visit["elapsed_ms"], visit["working_ms"])
        for visit in record.decisions
    ]


def _why_started(record: Record) -> str:
    started = record.journey["started_at"]
    if record.journey["is_rolled_up"]:
        return "the first of its children was started"
    if started is None:
        return "it has not been in a status at or after the commitment point"
    visit = visit_at(record, started)
    name = status_name(record, visit)
    if record.journey["is_never_started"]:
        return f"it entered {name} and had never been in a committed status before: it was over when it began"
    if visit["entered_at"] < started:
        return f"it was in {name}, in which work counts as started since that day (flow.toml)"
    return f"it first entered a status at or after the commitment point, {name}"


def _why_finished(record: Record) -> str:
    journey = record.journey
    if journey["finished_at"] is None:
        return "it is open; all sums run to the moment these tables speak of"
    if journey["is_rolled_up"]:
        return "the last of its children was finished"
    if journey["outcome"] == "gone":
        return f"{_why_gone(record.issue)}, as a run found at that moment; its time ends there"
    reason = f"it entered {status_name(record, visit_at(record, journey['finished_at']))}"
    if record.passes:
        return f"{reason}; it came back so much later that its second life is counted apart"
    if journey["reopen_count"]:
        return f"{reason} for good; it had ended before and come back (reopenings: {journey['reopen_count']})"
    return f"{reason} and has stayed ended"


def _why_gone(issue: Mapping[str, Any]) -> str:
    now = issue["moved_to_key"]
    return GONE_WORDS[issue["gone_reason"]] + (f", where it was {now} then" if now else "")


def _of_children(record: Record, calendar: WorkingCalendar | None) -> tuple[Sum | None, str]:
    """The union of the children's touch stretch by stretch, and their touch added up; nothing for other issues."""
    if not record.journey["is_rolled_up"]:
        return None, ""
    children = [child for child in record.child_intervals if child["kind"] == "touch"]
    touched = merged((child["entered_at"], child["left_at"] or record.as_of) for child in children)
    elapsed = [round((end - start).total_seconds() * 1000) for start, end in touched]
    working = [sum(d.working_ms for d in working_days(calendar, *pair)) for pair in touched] if calendar else []
    union = Sum(sum(elapsed), sum(working), sum_in_words(elapsed), sum_in_words(working))
    return union, sum_in_words([child["touch_ms"] for child in record.children])
