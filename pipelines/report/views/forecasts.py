"""How much will be delivered by when, and how well such forecasts were kept. From forecasts and forecast_backtests."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import counted, day, joined, percent

PROMISE = 0.85
"""The certainty spoken of in words."""

SHARES = (("p50", 0.5), ("p70", 0.7), ("p85", 0.85), ("p95", 0.95))


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream: it looks ahead from now, whichever period is chosen."""
    doubts = Doubts(published)
    pasts = grouped(published.rows("metrics.forecast_backtests"), "stream")
    for (stream,), rows in grouped(published.rows("metrics.forecasts"), "stream").items():
        many = [row for row in rows if row["question"] == "how_many" and row["delivered_count"] is not None]
        past = pasts.get((stream,), [])
        if not many:
            yield Entry(stream, reason=_why_not(rows))
            continue
        yield Entry(
            stream,
            finding=joined(_finding(many, rows), *_record(past)),
            caveat=joined(_label(many[0]), doubts.of(stream)),
            charts={
                "forecast": [_bar(row) for row in many],
                "forecast_record": [point for row in past for point in _points(row)],
            },
        )


def _finding(many: list[Row], rows: list[Row]) -> str:
    promised = [row for row in many if row["certainty_share"] == PROMISE]
    if not promised:
        return ""
    weeks = promised[len(promised) // 2]
    issues, horizon = counted(weeks["delivered_count"], "issue"), f"the next {weeks['target_count']} weeks"
    text = f"With {percent(PROMISE)} certainty at least {issues} will be delivered in {horizon}"
    done = [r for r in rows if r["question"] == "when_open_work" and r["certainty_share"] == PROMISE and r["by_date"]]
    return (
        f"{text}; the {done[0]['target_count']:,} in progress have all left by {day(done[0]['by_date'])}."
        if done
        else f"{text}."
    )


def _record(past: list[Row]) -> list[str]:
    middle = sorted(past, key=lambda row: row["horizon_weeks"])[len(past) // 2 : len(past) // 2 + 1]
    return [f"Track record, {row['horizon_weeks']} weeks ahead: {row['sentence']}" for row in middle]


def _label(row: Row) -> str:
    """Nothing that draws from the past survives a trend, so an unstable stream's forecast carries that label."""
    return "" if row["is_stable"] else f"Read with care, {row['note'] or 'the stream is not stable'}."


def _why_not(rows: list[Row]) -> str:
    notes = [row["note"] for row in rows if row["note"]]
    return f"No forecast: {notes[0]}." if notes else "No forecast: too little was delivered."


def _bar(row: Row) -> Row:
    return {
        "weeks": f"{row['target_count']} weeks",
        "order": row["target_count"],
        "certainty": percent(row["certainty_share"]),
        "delivered": row["delivered_count"],
    }


def _points(row: Row) -> list[Row]:
    """Promised against kept, for each certainty."""
    return [
        {
            "weeks": f"{row['horizon_weeks']} weeks ahead",
            "order": row["horizon_weeks"],
            "promised": share,
            "kept": round(row[f"kept_{name}_share"], 3),
            "low": row[f"kept_{name}_share_low"],
            "high": row[f"kept_{name}_share_high"],
        }
        for name, share in SHARES
        if row[f"kept_{name}_share"] is not None
    ]


VIEW = View(
    name="forecasts",
    title="Forecast and its track record",
    question="How much will be delivered, and can that be believed?",
    tables=("metrics.forecasts", "metrics.forecast_backtests"),
    build=build,
    charts=("forecast", "forecast_record"),
    follows=(),
    note="At least so many, by certainty; and how often forecasts of the last year were kept: on the line is right.",
)
