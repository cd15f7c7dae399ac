"""A published version of any size, made by columns: what a large company's tables would hold. Nothing is measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from transforms.catalog import TABLES
from transforms.schema import Column, Table

DECLARED = {f"{table.layer}.{table.name}": table for table in TABLES}
AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
LAST = date(2026, 6, 28)
STAGES = ("Backlog", "Analysis", "Development", "Review", "QA", "Security", "Approval", "Staging", "Release", "Done")
TYPES = ("Story", "Bug", "Task", "Spike", "Incident")
DAY_MS = 86_400_000

Frames = Mapping[str, pl.DataFrame]


def write_version(folder: Path, issues: int, streams: int = 20, years: int = 5, seed: int = 1) -> Path:
    """Write the tables the report reads, with so many issues over so many streams and years; returns the folder."""
    for name, frame in _frames(issues, streams, years, np.random.default_rng(seed)).items():
        table = DECLARED[name]
        path = folder / "parquet" / table.layer / f"{table.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        filled = frame.select(_filled(table, frame)).select(pl.lit("acme").alias("site_name"), pl.all())
        filled.write_parquet(path)
    return folder


def _frames(issues: int, streams: int, years: int, draw: np.random.Generator) -> Frames:
    names = [f"Stream {number:02}" for number in range(streams)]
    periods = _periods(years)
    return {
        "core.issues": _issues(issues, names),
        "core.issue_journeys": _journeys(issues, names, years, draw),
        "core.stages": _stages(names).with_columns(zone_name=pl.lit("UTC")),
        "metrics.value_stream_map": _map(names, periods),
        "metrics.cycle_times": _cycle_times(names, periods),
        "metrics.ageing_work": _ageing(issues // 10, names, draw),
        "metrics.cumulative_flow_daily": _cumulative(names, years, issues),
        "metrics.flow_weekly": _weeks(names, years),
        "metrics.stage_flow_weekly": _weeks(names, years).join(_stages(names), on="value_stream"),
        "metrics.release_batches": _releases(names, years),
        "quality.completeness": _issues(issues, names).select("issue_id", is_complete=pl.col("issue_id") % 50 != 0),
        "quality.runs": pl.DataFrame({"version_id": ["v1"], "as_of": [AS_OF], "finished_at": [AS_OF]}),
    }


def _periods(years: int) -> pl.DataFrame:
    quarters = pl.date_range(date(LAST.year - years, 7, 1), date(LAST.year, 4, 1), "3mo", eager=True)
    table = pl.DataFrame({"period_start_date": quarters}).with_columns(
        period_kind=pl.lit("quarter"),
        period_end_date=pl.col("period_start_date").dt.offset_by("3mo").dt.offset_by("-1d"),
    )
    latest = table.tail(1).with_columns(
        period_kind=pl.lit("rolling_26_weeks"),
        period_start_date=pl.lit(LAST - timedelta(days=181)),
        period_end_date=pl.lit(LAST),
    )
    return pl.concat([latest, table]).with_columns(is_complete_period=pl.lit(True))


def _issues(count: int, names: list[str]) -> pl.DataFrame:
    numbers = np.arange(count)
    return pl.DataFrame({"issue_id": numbers, "value_stream": np.array(names)[numbers % len(names)]}).with_columns(
        issue_key=pl.format("KEY-{}", "issue_id")
    )


def _journeys(count: int, names: list[str], years: int, draw: np.random.Generator) -> pl.DataFrame:
    days = draw.lognormal(2.5, 1.0, count)
    back = draw.integers(0, years * 365, count)
    return _issues(count, names).with_columns(
        issue_type=pl.Series(np.array(TYPES)[draw.integers(0, len(TYPES), count)]),
        cycle_ms=pl.Series((days * DAY_MS).astype(np.int64)),
        wait_ms=pl.Series((days * DAY_MS * 0.7).astype(np.int64)),
        finished_at=pl.lit(AS_OF) - pl.duration(days=pl.Series(back)),
        outcome=pl.lit("delivered"),
        is_counted=pl.lit(True),
    )


def _stages(names: list[str]) -> pl.DataFrame:
    stages = (
        pl.DataFrame({"stage_name": STAGES})
        .with_row_index("stage_order")
        .with_columns(
            pl.col("stage_order").cast(pl.Int32()),
            is_committed=pl.col("stage_order") > 0,
            is_terminal=pl.col("stage_name") == "Done",
        )
    )
    return pl.DataFrame({"value_stream": names}).join(stages, how="cross")


def _map(names: list[str], periods: pl.DataFrame) -> pl.DataFrame:
    steps = _stages(names).join(periods, how="cross").with_columns(
        step_kind=pl.when("is_committed").then(pl.lit("flow")).otherwise(pl.lit("upstream")),
        visit_count=100, delivered_count=500, passed_count=500, wait_days_total=900.0,
    )  # fmt: skip
    spent = {"stage": 3.0, "wait": 2.0, "touch": 0.9, "blocked": 0.1, "unassigned": 0.0, "gap": 2.0}
    return steps.with_columns(
        pl.lit(days).alias(f"{kind}_{unit}_per_delivered")
        for kind, days in spent.items()
        for unit in ("days", "working_days")
    )


def _cycle_times(names: list[str], periods: pl.DataFrame) -> pl.DataFrame:
    kinds = pl.DataFrame({"issue_type": ["All", *TYPES]})
    rows = pl.DataFrame({"value_stream": names}).join(periods, how="cross").join(kinds, how="cross")
    return rows.with_columns(delivered_count=500, cycle_days_p50=12.0, cycle_days_p85=34.0, cycle_days_p95=63.0)


def _ageing(count: int, names: list[str], draw: np.random.Generator) -> pl.DataFrame:
    return _issues(count, names).with_columns(
        issue_type=pl.Series(np.array(TYPES)[draw.integers(0, len(TYPES), count)]),
        stage_name=pl.Series(np.array(STAGES[1:-1])[draw.integers(0, len(STAGES) - 2, count)]),
        kind=pl.lit("wait"), age_days=pl.Series(draw.lognormal(2.5, 1.0, count)), stage_age_days=pl.lit(3.0),
    )  # fmt: skip


def _cumulative(names: list[str], years: int, issues: int) -> pl.DataFrame:
    days = pl.date_range(LAST - timedelta(days=365 * years), LAST, "1d", eager=True)
    rate = issues / len(names) / len(days)
    rows = _stages(names).join(pl.DataFrame({"flow_date": days}).with_row_index("day"), how="cross")
    reached = (pl.col("day").cast(pl.Float64()) * rate + 10 * (10 - pl.col("stage_order"))).cast(pl.Int64())
    return rows.with_columns(reached_count=reached)


def _weeks(names: list[str], years: int) -> pl.DataFrame:
    mondays = pl.date_range(LAST - timedelta(days=6 + 7 * 52 * years), LAST - timedelta(days=6), "7d", eager=True)
    counts = {"started_count": 9, "delivered_count": 8, "left_by_delivery_count": 8, "arrival_count": 9}
    known = {
        "departure_count": 8,
        "wip_mean": 60.0,
        "queue_mean": 31.0,
        "critical_wip": 9.5,
        "wip_to_critical_ratio": 6.3,
    }
    rows = pl.DataFrame({"value_stream": names}).join(pl.DataFrame({"week_start_date": mondays}), how="cross")
    return rows.with_columns(is_complete_week=pl.lit(True), **{k: pl.lit(v) for k, v in (counts | known).items()})


def _releases(names: list[str], years: int) -> pl.DataFrame:
    days = pl.datetime_range(AS_OF - timedelta(days=365 * years), AS_OF, "7d", eager=True)
    rows = pl.DataFrame({"value_stream": names}).join(pl.DataFrame({"released_at": days}), how="cross")
    numbered = rows.with_columns(batch_number=pl.int_range(pl.len(), dtype=pl.Int32()).over("value_stream"))
    return numbered.with_columns(issue_count=12, days_since_previous=7.0, wait_days_total=40.0)


def _filled(table: type[Table], frame: pl.DataFrame) -> list[pl.Expr]:
    """Declared columns in their order: those that are there, and the least the others can say."""
    return [
        (pl.col(name) if name in frame.columns else _least(column)).cast(column.dtype, strict=False).alias(name)
        for name, column in table.columns.items()
    ]


def _least(column: Column) -> pl.Expr:
    if column.nullable:
        return pl.lit(None)
    if column.values:
        return pl.lit(column.values[0])
    least = {pl.Boolean: False, pl.Date: LAST, pl.Datetime: AS_OF, pl.String: "x", pl.Categorical: "x"}
    return pl.lit(least.get(column.dtype.base_type(), 0))
