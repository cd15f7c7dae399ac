"""What was only learned, or given up, after work had started. From metrics.late_changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.by_period import entry_per_row, share_of
from pipelines.report.words import NOTHING, counted, days, joined

HEAD = ("After work had started", "How often", "Of", "Share")


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    return entry_per_row(published, "metrics.late_changes", _nothing, _told)


def _told(row: Row) -> dict[str, Any]:
    return {"finding": joined(_edits(row), _scope(row), _cancelled(row)), "table": [HEAD, *_lines(row)]}


def _edits(row: Row) -> str:
    edited, all_of_them = row["late_edited_issue_count"], counted(row["in_progress_count"], "issue")
    if not edited:
        return f"No text of {all_of_them} in progress was changed after work on it had started."
    before = counted(row["early_edit_count"], "edit")
    return (
        f"Of {all_of_them} in progress, {edited:,} had a text changed by 20 characters or more after work on"
        f" {'it' if edited == 1 else 'them'} had started: {counted(row['late_edit_count'], 'edit')}, against {before}"
        " before the start."
    )


def _scope(row: Row) -> str:
    if not row["scope_added_count"]:
        return ""
    share = f" ({share_of(row, 'scope_added_share')})" if row["scope_added_share"] is not None else ""
    return (
        f"{counted(row['scope_added_count'], 'issue')} of {row['joined_count']:,}{share} came under a parent after work"
        " under it had started."
    )


def _cancelled(row: Row) -> str:
    if not row["cancelled_count"]:
        return "No work that had started was cancelled."
    was, it = ("was", "it") if row["cancelled_count"] == 1 else ("were", "them")
    return (
        f"{counted(row['cancelled_count'], 'started issue')} {was} cancelled, with at most"
        f" {days(row['wasted_touch_working_days'], 'working day')} of touch in {it}."
    )


def _lines(row: Row) -> list[tuple[str, ...]]:
    progress, ended = f"{row['in_progress_count']:,} in progress", f"{row['ended_count']:,} ended"
    raised = f"{row['late_estimate_change_count']:,}, {row['late_estimate_raise_count']:,} of them upwards"
    return [
        ("Texts edited", f"{row['late_edit_count']:,}", progress, NOTHING),
        ("Estimates changed", raised if row["late_estimate_change_count"] else "0", progress, NOTHING),
        ("Moved back before the commitment", f"{row['back_to_backlog_count']:,}", progress, NOTHING),
        (
            "Added under a parent at work", f"{row['scope_added_count']:,}", f"{row['joined_count']:,} added",
            share_of(row, "scope_added_share"),
        ),
        ("Cancelled", f"{row['cancelled_count']:,}", ended, share_of(row, "cancelled_share")),
    ]  # fmt: skip


def _nothing(row: Row) -> str:
    return "" if row["in_progress_count"] else "Nothing was in progress in this period."


VIEW = View(
    name="late_changes",
    title="Changes after the start",
    question="How much did we only learn, or give up, after committing to it?",
    tables=("metrics.late_changes",),
    build=build,
    note="Texts count by how much longer or shorter they became; what was rewritten at the same length is not seen.",
)
