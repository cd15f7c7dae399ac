"""How long a decision takes: from arriving at an approval to leaving it (METHODS §4.10)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl


def decision_latency(status_visits: pl.LazyFrame, approval_status_ids: Iterable[int]) -> pl.LazyFrame:
    """Latency of every decision taken: one row per finished visit of an approval status.

    issue_id, visit_number, left_at, latency_ms and latency_working_ms (int64 milliseconds).
    """
    is_decision = pl.col.status_id.is_in(list(approval_status_ids)) & pl.col.left_at.is_not_null()
    return status_visits.filter(is_decision).select(
        "issue_id", "visit_number", "left_at", latency_ms="elapsed_ms", latency_working_ms="working_ms"
    )
