"""Golden answers under the names and in the units of the product's own columns.

The golden file speaks of queue, cycle and seconds; the tables of wait, span and milliseconds. Instants stay integers
(milliseconds since the epoch), so that the same answers judge the oracle, the functions and the published tables.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.golden.adapter import STATUSES
from tests.oracle_events import ms

Answer = dict[str, Any]

KINDS = {"queue": "wait", "touch": "touch", "blocked": "blocked", "unassigned": "unassigned", "done_gap": "done_gap"}
"""Golden word to the product's word."""

COUNTS = {
    "backward_moves": "backward_move_count", "reopens": "reopen_count", "handoffs": "handoff_count",
    "continuity_breaks": "continuity_break_count",
}  # fmt: skip


def expected_journey(answer: Answer) -> Answer:
    """What a golden answer says, as columns of core.issue_journeys; counts it leaves out are not judged."""
    row = {"outcome": answer["outcome"]} | {
        "started_at": instant(answer["started"]), "finished_at": instant(answer["finished"]),
        "span_ms": answer["cycle_s"] * 1000, "span_working_ms": answer["cycle_ws"] * 1000,
    }  # fmt: skip
    for golden, ours in KINDS.items():
        row |= {f"{ours}_ms": answer[f"{golden}_s"] * 1000, f"{ours}_working_ms": answer[f"{golden}_ws"] * 1000}
    row |= {ours: answer[golden] for golden, ours in COUNTS.items() if golden in answer}
    row["is_never_started"] = "never_started" in answer.get("quality", ())
    if "rework_touch_s" in answer:
        row["rework_touch_ms"] = answer["rework_touch_s"] * 1000
    if "first_finished" in answer:
        row["first_finished_at"] = instant(answer["first_finished"])
    if "touch_bounds_s" in answer:
        row["touch_ms_low"], row["touch_ms_high"] = (bound * 1000 for bound in answer["touch_bounds_s"])
    return row


def expected_clocks(answer: Answer) -> Answer:
    """Cycle and lead time: only of delivered work that was really started."""
    is_real = answer["outcome"] == "delivered" and "never_started" not in answer.get("quality", ())
    return {
        "lead_ms": answer["lead_s"] * 1000 if is_real else None,
        "cycle_ms": answer["cycle_s"] * 1000 if is_real else None,
        "cycle_working_ms": answer["cycle_ws"] * 1000 if is_real else None,
    }


def expected_rollup(answer: Answer) -> Answer:
    """What a golden answer says of an epic, as columns of core.issue_journeys."""
    return {
        "started_at": instant(answer["started"]), "finished_at": instant(answer["finished"]),
        "span_ms": answer["cycle_s"] * 1000, "touch_ms": answer["union_touch_s"] * 1000,
        "wait_ms": answer["wait_s"] * 1000, "child_touch_ms": answer["sum_touch_s"] * 1000,
    }  # fmt: skip


def expected_visits(answer: Answer) -> dict[int, int]:
    """How often which status (by id) was visited."""
    return {int(STATUSES[name]["id"]): count for name, count in answer["visits"].items()}


def instant(text: str | None) -> int | None:
    """Milliseconds since the epoch of a golden instant."""
    return None if text is None else ms(datetime.fromisoformat(text))
