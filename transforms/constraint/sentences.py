"""The words of a verdict: what a vice president can say, and why no more can be said. Names come from the board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STAYS = 1.1
"""Factor up to which a median that grows is said to stay."""

Figures = Mapping[str, Any]
"""Columns of ConstraintVerdicts."""


def sentence(row: Figures, stream: str) -> str:
    """The verdict in words, with the benefit and the anti-benefit where they are known."""
    parts = [_time(row, stream), _finding(row)]
    if row["confidence"] in ("strong", "moderate"):
        parts += [_benefit(row), _anti_benefit(row)]
    return " ".join(part for part in parts if part)


def moved(before: Figures, now: Figures) -> str | None:
    """That the constraint moved, where both verdicts are sure enough and name different ones."""
    sure = ("strong", "moderate")
    if before["confidence"] not in sure or now["confidence"] not in sure:
        return None
    first, second = before["constraint_name"], now["constraint_name"]
    if first is None or second is None or first == second:
        return None
    year, week, _ = now["period_start_date"].isocalendar()
    return f"The constraint moved from {_shown(first)} to {_shown(second)} in week {week} of {year}."


def _time(row: Figures, stream: str) -> str:
    median, waiting = row["cycle_working_days_p50"], row["wait_of_cycle_working_days"]
    if median is None:
        return ""
    text = f"Work in {stream} takes a median of {_days(median)} working days"
    here, name = row["constraint_wait_of_cycle_working_days"], _waited_for(row)
    if waiting is not None:
        text += f", {_days(waiting)} of them waiting"
        text += " where a column shows it" if hides_wait(row) else ""
    if here is not None and name is not None:
        text += f", {_days(here)} before {_shown(name)}"
    return text + "."


def hides_wait(row: Figures) -> bool:
    """Whether no column shows what waits for what is named: then the waiting told is less than there is."""
    is_told = row["cycle_working_days_p50"] is not None and _waited_for(row) is not None
    return is_told and row["constraint_wait_of_cycle_working_days"] is None


def _waited_for(row: Figures) -> str | None:
    """What work waits for, where that is a place; others elsewhere are none."""
    name: str | None = row["constraint_name"] or row["largest_delay_name"]
    is_place = name != "Blocked" or row["constraint_stage_names"] is not None
    return name if is_place else None


_FINDINGS = {
    "constraint_stage": "The constraint is {constraint_name} (confidence: {confidence}).",
    "constraint_pool": "The constraint is the people who share {shared} (confidence: {confidence}).",
    "policy_gate": "The constraint is not work but a date: {constraint_name} opens by the calendar (confidence:"
    " {confidence}).",
    "external_block": "The constraint is waiting for others: issues blocked by something outside (confidence:"
    " {confidence}).",
    "intake_limited": "Nothing inside limits how much comes out: what is asked for does. The largest delay is"
    " {largest_delay_name} (confidence: {confidence}).",
    "insufficient_data": "Too little is known to name a constraint: {reasons}.",
}  # fmt: skip


def _finding(row: Figures) -> str:
    if row["verdict"] == "not_separable":
        return _undecided(row)
    words = {**row, "shared": _listed(row["constraint_stage_names"])}
    words |= {name: _shown(row[name] or "") for name in ("constraint_name", "largest_delay_name")}
    return _FINDINGS[row["verdict"]].format(**words)


def _undecided(row: Figures) -> str:
    first, second = row["candidate_name"], row["runner_up_name"]
    if first and second:
        return f"The data cannot separate {_shown(first)} from {_shown(second)}: {row['reasons']}."
    return f"No constraint can be named: {row['reasons']}."


def _benefit(row: Figures) -> str:
    median, more = row["halved_cycle_working_days_p50"], row["halved_delivered_per_month_change"]
    if median is None or more is None:
        return ""
    low, high = (_days(row[f"halved_cycle_working_days_p50_{end}"]) for end in ("low", "high"))
    before = row["cycle_working_days_p50"]
    verb = "falls to" if median < before - 0.05 else "stays at" if median < before * STAYS else "rises to"
    return f"Halve {_that_wait(row)} and the median {verb} about {_days(median)} [{low}–{high}], {_more(more)}."


def _that_wait(row: Figures) -> str:
    """The wait that was told before; one that only the replay sees is told as such."""
    name = _shown(_waited_for(row) or "")
    return f"the wait before {name}, which no column shows," if hides_wait(row) else "that wait"


def _more(change: float) -> str:
    if round(change) == 0:
        return "with no more deliveries"
    count = round(abs(change))
    return f"with {count} {'more' if change > 0 else 'fewer'} {'delivery' if count == 1 else 'deliveries'} a month"


def _anti_benefit(row: Figures) -> str:
    name, more, wip = row["faster_stage_name"], row["faster_delivered_per_month_change"], row["faster_wip_change"]
    if name is None or more is None or wip is None or name == row["constraint_name"]:
        return ""
    verb = "take away" if round(more) < 0 else "add"
    gain = "none" if round(more) == 0 else f"{abs(more):.0f} a month"
    text = f"{_shown(name)} 40 % faster would {verb} {gain}"
    if round(wip) > 0:
        text += f" and put {wip:.0f} more {'issue' if round(wip) == 1 else 'issues'} in progress"
    return text + "."


def _shown(name: str) -> str:
    """Stages that share their people with room around the sign that joins them."""
    return " + ".join(name.split("+"))


def _days(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _listed(names: str | None) -> str:
    parts = (names or "").split(", ")
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"
