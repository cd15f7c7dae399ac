"""What was only learned, or given up, after work had started. From metrics.late_changes."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row
from pipelines.report.views.cycle_times import withheld
from pipelines.report.words import NOTHING, counted, days, joined, percent, percent_span

HEAD = ("After work had started", "How often", "Of", "Share")


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts = Doubts(published)
    for row in published.rows("metrics.late_changes"):
        stream, period = row["stream"], row["period"]
        if not row["in_progress_count"]:
            yield Entry(stream, period, reason="Nothing was in progress in this period.")
            continue
        yield Entry(
            stream,
            period,
            finding=joined(_edits(row), _scope(row), _cancelled(row)),
            caveat=joined(doubts.of(stream), withheld(row)),
            table=[HEAD, *_lines(row)],
        )


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
    share = f" ({_share(row, 'scope_added_share')})" if row["scope_added_share"] is not None else ""
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
            _share(row, "scope_added_share"),
        ),
        ("Cancelled", f"{row['cancelled_count']:,}", ended, _share(row, "cancelled_share")),
    ]  # fmt: skip


def _share(row: Row, name: str) -> str:
    return percent(row[name]) + percent_span(row[f"{name}_low"], row[f"{name}_high"])


VIEW = View(
    name="late_changes",
    title="Changes after the start",
    question="How much did we only learn, or give up, after committing to it?",
    tables=("metrics.late_changes",),
    build=build,
    note="Texts count by how much longer or shorter they became; what was rewritten at the same length is not seen.",
)
