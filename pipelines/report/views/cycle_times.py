"""Cycle times of delivered issues, one point each, with percentiles. From core.issue_journeys, metrics.cycle_times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import counted, days, joined, span
from transforms.metrics.at_risk import own_type

DAY_MS = 86_400_000

DRAWN = 30_000
"""Points in the whole file; more make it big without showing more."""

DRAWN_PER_STREAM = 3_000

SLOWEST = 10

LOOKED_AT = 5
"""Newest periods of a stream whose slowest issues are named: older ones are no longer there to be helped."""

POINT = {
    "stream": pl.String(), "issue_id": pl.Int64(), "issue_type": pl.String(), "date": pl.Date(), "key": pl.String(),
    "site": pl.String(), "days": pl.Float64(), "waited": pl.Float64(),
}  # fmt: skip

PERCENTILES = (("p50", "50 %"), ("p85", "85 %"), ("p95", "95 %"))


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Points by stream; where there are too many, an even sample that is the same in every run."""
    points = _points(published)
    limit = drawn_per_stream(len(published.streams))
    drawn = points.filter(pl.col("issue_id").hash(seed=7).rank("ordinal").over("stream") <= limit).drop("issue_id")
    return {
        stream: {"cycle_scatter": rows}
        for (stream,), rows in grouped(drawn.sort("stream", "date", "key").to_dicts(), "stream").items()
    }


def drawn_per_stream(streams: int) -> int:
    """Points a stream may have."""
    return max(300, min(DRAWN_PER_STREAM, DRAWN // max(streams, 1)))


def _points(published: Published) -> pl.DataFrame:
    journeys = published.scan("core.issue_journeys")
    if journeys is None:
        return pl.DataFrame(schema=POINT)
    return (
        journeys.filter(pl.col("cycle_ms").is_not_null() & pl.col("is_counted"))
        .select(
            "stream",
            "issue_id",
            own_type(),
            date=published.day_of("finished_at"),
            key=pl.col("issue_key"),
            site=pl.col("site_name"),
            days=(pl.col("cycle_ms") / DAY_MS).round(2),
            waited=(pl.col("wait_ms") / DAY_MS).round(2),
        )
        .collect()
    )


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream, period and type."""
    doubts = Doubts(published)
    slowest = _slowest(published)
    totals = dict(_points(published).group_by("stream").len().iter_rows())
    for row in published.rows("metrics.cycle_times"):
        stream, period = row["stream"], row["period"]
        kind = "" if row["issue_type"] == "All" else row["issue_type"]
        if not row["delivered_count"]:
            yield Entry(stream, period, kind, reason="Nothing that was really started was delivered in this period.")
            continue
        yield Entry(
            stream,
            period,
            kind,
            finding=_finding(row),
            caveat=joined(doubts.of(stream), withheld(row), _sampled(totals.get(stream, 0), len(published.streams))),
            charts={"cycle_scatter.lines": _lines(row)},
            extra={"links": slowest.get((stream, period, kind), [])},
        )


def _finding(row: Row) -> str:
    """Percentiles of what was delivered, and what they become when open work counts too."""
    said = f"{counted(row['delivered_count'], 'issue')} delivered"
    if (median := row["cycle_days_p50"]) is None:
        return f"{said}: too few for a percentile."
    text = f"{said}: half took at most {days(median)}{span(row['cycle_days_p50_low'], row['cycle_days_p50_high'])}"
    text += f", 85 % at most {days(row['cycle_days_p85'])}." if row["cycle_days_p85"] is not None else "."
    open_median = row["km_cycle_days_p50"]
    if open_median is not None and row["open_count"]:
        text += f" With the {row['open_count']:,} still open counted, half take at most {days(open_median)}"
        text += f", 85 % at most {days(row['km_cycle_days_p85'])}." if row["km_cycle_days_p85"] is not None else "."
    return text


def _lines(row: Row) -> list[Row]:
    """Percentiles to draw: of work delivered in the period."""
    found = [(text, row[f"cycle_days_{name}"]) for name, text in PERCENTILES]
    return [{"percentile": text, "days": round(value, 2)} for text, value in found if value is not None]


def withheld(row: Row) -> str:
    """Which figures a table withholds, and why."""
    return f"Withheld: {row['note']}." if row.get("note") else ""


def _sampled(total: int, streams: int) -> str:
    drawn = drawn_per_stream(streams)
    return f"{drawn:,} of {total:,} points are drawn, chosen evenly; percentiles are of all." if total > drawn else ""


def _newest(published: Published) -> list[tuple[str, str, date, date]]:
    """The latest period and the newest quarters of every stream."""
    streams: dict[str, list[tuple[str, str, date, date]]] = {}
    for period in published.periods:
        streams.setdefault(period[0], []).append(period)
    return [period for periods in streams.values() for period in periods[:LOOKED_AT]]


def _slowest(published: Published) -> dict[tuple[str, str, str], list[Row]]:
    """The slowest issues delivered in the newest periods, of each type and of all: what to look at first."""
    points = _points(published).drop("issue_id")
    found: dict[tuple[str, str, str], list[Row]] = {}
    for stream, period, start, end in _newest(published):
        inside = points.filter((pl.col("stream") == stream) & pl.col("date").is_between(start, end))
        kinds = ["", *inside["issue_type"].unique()]
        for kind in kinds:
            chosen = inside if not kind else inside.filter(pl.col("issue_type") == kind)
            top = chosen.sort("days", "key", descending=[True, False]).head(SLOWEST)
            found[stream, period, kind] = [
                {"site": row["site"], "key": row["key"], "text": days(row["days"])} for row in top.to_dicts()
            ]
    return found


VIEW = View(
    name="cycle_times",
    title="Cycle times",
    question="How long does work take from its start to its delivery, and how surely?",
    tables=("core.issue_journeys", "metrics.cycle_times"),
    build=build,
    shared=shared,
    charts=("cycle_scatter",),
    follows=("period", "type"),
    note="Every point is a delivered issue. Days are elapsed days, weekends included: that is what a customer waits.",
)
