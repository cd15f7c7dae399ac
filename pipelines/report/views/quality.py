"""How whole the numbers are. From the tables of the schema quality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import NOTHING, counted, figure_of, joined, percent, sentence

SIGNS = (
    ("batch_share", "in batches"),
    ("stand_up_excess", "at stand-ups"),
    ("sub_minute_share", "under a minute"),
    ("bot_share", "by automation"),
    ("unmapped_share", "unmapped hours"),
)
HEAD = ("Stage", "Data quality", *(text.capitalize() for _, text in SIGNS), "Finest reading")


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period: what is whole, what is not, and each stage's log."""
    doubts = Doubts(published)
    checks = published.rows("quality.validations")
    unmapped = grouped(published.rows("core.statuses", pl.col("is_unmapped")), "stream")
    reasons = _reasons(published)
    for (stream, period), rows in grouped(doubts.logs, "stream", "period").items():
        yield Entry(
            stream,
            period,
            finding=joined(
                _histories(doubts, stream, reasons),
                _checks(published.of_its_site(checks, stream)),
                _unmapped(unmapped.get((stream,), [])),
            ),
            table=(HEAD, *(_line(row) for row in rows)),
        )


def _reasons(published: Published) -> dict[str, Counter[str]]:
    """Why histories are not whole, by stream."""
    broken, issues = published.scan("quality.completeness"), published.scan("core.issues")
    if broken is None or issues is None:
        return {}
    found = broken.filter(~pl.col("is_complete")).join(issues, on=["site_name", "issue_id"]).select("stream", "reason")
    counters: dict[str, Counter[str]] = {}
    for stream, reason in found.collect().iter_rows():
        counters.setdefault(stream, Counter())[reason] += 1
    return counters


def _histories(doubts: Doubts, stream: str, reasons: dict[str, Counter[str]]) -> str:
    total, broken = doubts.issue_counts[stream], doubts.incomplete[stream]
    text = f"{counted(total - broken, 'history', 'histories')} of {total:,} proved whole"
    if broken:
        [(most, _)] = reasons[stream].most_common(1)
        text += f"; {broken:,} not (mostly: {most})"
    quarantined = doubts.quarantined(stream)
    return f"{text}. {counted(quarantined, 'answer')} of Jira in quarantine on this site."


def _checks(checks: list[Row]) -> str:
    failed = [row for row in checks if not row["is_passed"]]
    text = f"{counted(len(checks), 'rule')} checked before publishing, {len(checks) - len(failed):,} held."
    told = [f"Warning: {row['statement']} ({counted(row['failing_row_count'], 'row')} not)" for row in failed]
    return joined(text, *(sentence(warning) for warning in told))


def _unmapped(rows: list[Row]) -> str:
    hours = sum(row["working_hours"] for row in rows)
    return f"{figure_of(hours, 'working hour')} in statuses no rule covers; counted as wait." if rows else ""


def _line(row: Row) -> list[str]:
    quality = row["data_quality"]
    finest = NOTHING if row["is_day_grained"] is None else "a day" if row["is_day_grained"] else "hours"
    shares = [percent(row[name]) for name, _ in SIGNS]
    return [row["stage_name"], NOTHING if quality is None else f"{quality:.2f}", *shares, finest]


VIEW = View(
    name="quality",
    title="How whole the numbers are",
    question="What is missing, and how far can the logs be trusted?",
    tables=(
        "quality.completeness",
        "quality.log_quality",
        "quality.validations",
        "quality.quarantine",
        "core.statuses",
    ),
    build=build,
    note=(
        "Data quality is 1 for a log without any sign of moves made afterwards. It is never a grade for people: it says"
        " how fine a figure of that stage may be read."
    ),
)
