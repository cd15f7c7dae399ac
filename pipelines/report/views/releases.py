"""How big releases are, how far apart, and whether fear makes them rarer. From release_batches and deploy_fear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import counted, days, figure_of, joined

BATCHED = 2.0
"""Mean issues of a release from which one can speak of batches; below it issues are delivered one by one."""

DRAWN = 600


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Releases of the streams that release in batches; the newest where there are too many."""
    return {
        stream: {"releases": [_point(row) for row in rows[-DRAWN:]]}
        for (stream,), rows in grouped(_releases(published), "stream").items()
        if _mean_size(rows) >= BATCHED
    }


def _releases(published: Published) -> list[Row]:
    """Every release with its day."""
    return published.rows("metrics.release_batches", date=published.day_of("released_at"))


def _point(row: Row) -> Row:
    return {
        "date": row["date"],
        "release": row["release_name"] or "deliveries together",
        "issues": row["issue_count"],
        "waited": round(row["wait_days_total"], 1),
        "kind": "hotfix" if row["is_hotfix"] else "release",
        "bugs": row["bug_count"],
    }


def _mean_size(rows: Sequence[Row]) -> float:
    return float(sum(row["issue_count"] for row in rows)) / len(rows)


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts = Doubts(published)
    batches = grouped(_releases(published), "stream")
    fears = {(row["stream"], row["period"]): row for row in published.rows("metrics.deploy_fear")}
    for stream, period, start, end in published.periods:
        whole = batches.get((stream,), [])
        rows = [row for row in whole if start <= row["date"] <= end]
        if not rows:
            yield Entry(stream, period, reason="Nothing was released or delivered in this period.")
            continue
        fear = fears.get((stream, period))
        yield Entry(
            stream,
            period,
            finding=joined(_finding(rows, is_batched=_mean_size(whole) >= BATCHED), _fear(fear)),
            caveat=doubts.of(stream),
        )


def _finding(rows: list[Row], *, is_batched: bool) -> str:
    issues = sum(row["issue_count"] for row in rows)
    if not is_batched:
        return f"{counted(issues, 'issue')} delivered in {counted(len(rows), 'release')}: one by one, not in batches."
    gaps = [row["days_since_previous"] for row in rows if row["days_since_previous"] is not None]
    text = f"{counted(len(rows), 'release')} of {figure_of(issues / len(rows), 'issue')} on average"
    text += f", {days(sum(gaps) / len(gaps))} apart" if gaps else ""
    waited = sum(row["wait_days_total"] for row in rows)
    bugs = sum(row["bug_count"] or 0 for row in rows)
    text += f". Finished work waited {days(waited / issues)} for its release." if issues else "."
    return text + (f" {counted(bugs, 'bug')} linked to them came up within 14 days." if bugs else "")


def _fear(row: Row | None) -> str:
    return f"Fear spiral? {row['sentence']}" if row else ""


VIEW = View(
    name="releases",
    title="Releases",
    question="Are releases getting bigger and rarer, and do bad ones make the next ones later?",
    tables=("metrics.release_batches", "metrics.deploy_fear"),
    build=build,
    shared=shared,
    charts=("releases",),
    note="Every point is a release, drawn by its size; big points had work wait long for them.",
)
