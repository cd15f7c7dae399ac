"""Cumulative flow from the commitment to delivery, one band per stage. From metrics.cumulative_flow_daily."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts
from pipelines.report.words import counted, number

DAILY = timedelta(weeks=27)
"""So far back every day is drawn; before that Mondays, which look the same and need a seventh of the room."""

GIVEN_UP = "Given up"


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Heights of the bands on each drawn day; bands from top to bottom in the order of the walk."""
    bands = _bands(published)
    return {
        stream: {"cumulative_flow": rows}
        for (stream,), rows in grouped(bands.sort("stream", "date", "order").to_dicts(), "stream").items()
    }


def _bands(published: Published) -> pl.DataFrame:
    """Every committed stage's band, that of delivered work, and that of what was given up on the way."""
    flow, stages = published.scan("metrics.cumulative_flow_daily"), published.scan("core.stages")
    if flow is None or stages is None:
        return pl.DataFrame(schema={"stream": pl.String(), "date": pl.Date(), "order": pl.Int64()})
    committed = stages.filter("is_committed").select("stream", "stage_name")
    last = pl.col("flow_date").max() - DAILY
    days = flow.join(committed, on=["stream", "stage_name"], how="semi").filter(
        (pl.col("flow_date") >= last) | (pl.col("flow_date").dt.weekday() == 1)
    )
    days = days.sort("stream", "flow_date", "stage_order").with_columns(
        beyond=pl.col("reached_count").shift(-1).over("stream", "flow_date").fill_null(0)
    )
    band = {"stream": pl.col("stream"), "date": pl.col("flow_date")}
    stage_bands = days.select(
        **band,
        stage=pl.col("stage_name"),
        order=pl.col("stage_order").cast(pl.Int64()),
        count=pl.col("reached_count") - pl.col("beyond") - pl.col("discarded_count"),
        is_over=pl.col("is_terminal"),
    )
    given_up = days.group_by("stream", "flow_date").agg(pl.col("discarded_count").sum().alias("count"))
    given_up_band = given_up.filter(pl.col("count").max().over("stream") > 0).select(
        **band, stage=pl.lit(GIVEN_UP), order=pl.lit(998, pl.Int64()), count=pl.col("count"), is_over=pl.lit(True)
    )
    return pl.concat([stage_bands, given_up_band]).collect()


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period in which work was in progress."""
    doubts, verdicts, journeys = Doubts(published), Verdicts(published), _journeys(published)
    for stream, period, start, end in published.periods:
        counts = _counts(journeys.filter(stream=stream), start, end)
        if any(counts.values()):
            yield Entry(
                stream,
                period,
                finding=_finding(**counts),
                caveat=doubts.of(stream),
                extra={"marked": [verdicts.watched_stage(stream, period)]},
            )
        else:
            yield Entry(stream, period, reason="No work of this stream was in progress in the period.")


def _journeys(published: Published) -> pl.DataFrame:
    """When work that was really started was started, and when and how it ended; by days of its stream's zone."""
    journeys = published.scan("core.issue_journeys")
    if journeys is None:
        return pl.DataFrame(schema={"stream": pl.String()})
    really = journeys.filter("is_counted", ~pl.col("is_never_started"), pl.col("started_at").is_not_null())
    return really.select(
        "stream",
        "outcome",
        started=published.day_of("started_at"),
        ended=published.day_of("finished_at"),
    ).collect()


def _counts(journeys: pl.DataFrame, start: date, end: date) -> dict[str, int]:
    """What was started, and how much ended how, from a day to a day; what was in progress before and after."""
    if journeys.is_empty():
        return {}
    ended = pl.col("ended").is_between(start, end)
    before, after = (
        (pl.col("started") < day) & (pl.col("ended").is_null() | (pl.col("ended") >= day))
        for day in (start, end + timedelta(days=1))
    )
    counts = journeys.select(
        started=pl.col("started").is_between(start, end).sum(),
        delivered=(ended & (pl.col("outcome") == "delivered")).sum(),
        given_up=(ended & (pl.col("outcome") == "discarded")).sum(),
        gone=(ended & (pl.col("outcome") == "gone")).sum(),
        first=before.sum(),
        last=after.sum(),
    )
    return counts.row(0, named=True)


def _finding(*, started: int, delivered: int, given_up: int, gone: int, first: int, last: int) -> str:
    text = f"{counted(started, 'issue')} started, {delivered:,} delivered"
    text += f", {given_up:,} given up" if given_up else ""
    text += f", {gone:,} deleted, moved out or archived" if gone else ""
    if first == last:
        return f"{text}: as much is in progress as before, {number(last)}."
    return f"{text}: work in progress {'grew' if last > first else 'shrank'} from {number(first)} to {number(last)}."


VIEW = View(
    name="cumulative_flow",
    title="Cumulative flow",
    question="Does work come in faster than it gets out, and where does it pile up?",
    tables=("metrics.cumulative_flow_daily", "core.issue_journeys", "core.stages"),
    build=build,
    shared=shared,
    charts=("cumulative_flow",),
    note=(
        "A band is what has arrived in a stage and not gone further; its height is how much, its width how long."
        " A widening band is a pile. Work that only returned to an earlier stage stays in the band it had reached."
    ),
)
