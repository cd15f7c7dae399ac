"""Rules that several tables keep in every row. A rule of one table stands in its declaration."""

from __future__ import annotations

from transforms.schema import RowRule
from transforms.workflow import SPAN_KINDS

WORKING_WITHIN_ELAPSED = RowRule("working time is no longer than elapsed time", "working_ms <= elapsed_ms")

WIP_BALANCES = RowRule(
    "WIP at the end is WIP at the start plus arrivals less departures",
    "wip_end = wip_start + arrival_count - departure_count",
)

LITTLES_LAW = RowRule(
    "mean WIP is what was present per week times how long it stayed",
    "abs(wip_mean - present_per_week * residence_days / 7) <= 1e-6 * greatest(1, wip_mean)",
)


def elapsed_between(start: str, end: str, elapsed: str, says: str) -> RowRule:
    """``elapsed`` milliseconds lie between two instants, once both are known."""
    return RowRule(says, f"{elapsed} = (epoch_us({end}) - epoch_us({start})) // 1000")


def partition_rules() -> dict[str, RowRule]:
    """The kinds of a span partition it, elapsed and working; no working time is longer than its elapsed time."""
    rules = {}
    for unit in ("ms", "working_ms"):
        says = f"touch, wait, blocked, unassigned and done_gap add up to the span ({unit})"
        parts = " + ".join(f"{kind}_{unit}" for kind in SPAN_KINDS)
        rules[f"parts_add_up_{unit}"] = RowRule(says, f"span_{unit} = {parts}")
    within = all_of(*(f"{part}_working_ms <= {part}_ms" for part in ("span", *SPAN_KINDS)))
    rules["working_within_elapsed"] = RowRule("no working time is longer than its elapsed time", within)
    return rules


def all_of(*conditions: str) -> str:
    """One condition of several."""
    return " AND ".join(conditions)


def close_to(left: str, right: str) -> str:
    """Equal but for what floating point leaves."""
    return f"abs({left} - ({right})) <= 1e-6 * greatest(1, abs({left}))"
