"""The lines a manager reads at the end of a run, from published tables only. What a number means is said in METHODS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.published import reading_published
from transforms.statistics.order_statistics import MINIMUM_SAMPLE
from transforms.wording import counted

DAY_MS = 86_400_000

_DELIVERED = """
SELECT count(*), quantile_disc(wait_ms, 0.5), sum(wait_ms), sum(touch_ms), sum(cycle_ms)
FROM core.issue_journeys
WHERE outcome = 'delivered' AND cycle_ms IS NOT NULL AND is_counted
"""

_LARGEST_WAIT = """
WITH told AS (
  SELECT stage_name, has_active, kind, work_intervals.elapsed_ms, entered_at,
         min(entered_at) FILTER (kind = 'touch') OVER (PARTITION BY site_name, issue_id, stage_name) AS begun_at
  FROM core.work_intervals
  JOIN core.issue_journeys USING (site_name, issue_id, value_stream)
  JOIN core.stages USING (site_name, value_stream, stage_name)
  WHERE pass_number = 1 AND outcome = 'delivered' AND cycle_ms IS NOT NULL AND is_counted
)
SELECT stage_name,
       bool_or(has_active) AND 2 * sum(elapsed_ms) FILTER (entered_at < begun_at OR begun_at IS NULL) >= sum(elapsed_ms)
FROM told WHERE kind = 'wait'
GROUP BY stage_name ORDER BY sum(elapsed_ms) DESC, stage_name LIMIT 1
"""
"""The stage most waited for, and whether it was waited for before: it has work, and most of the wait came before that
had begun. Else it is waited in."""

_DOUBTS = """
SELECT (SELECT count(*) FROM quality.completeness WHERE NOT is_complete),
       (SELECT count(*) FROM quality.quarantine),
       (SELECT coalesce(sum(elapsed_hours), 0) FROM core.statuses WHERE is_unmapped)
"""


_VERDICTS = """
SELECT sentence FROM metrics.constraint_verdicts
WHERE period_kind = 'rolling_26_weeks'
ORDER BY array_position(['strong', 'moderate', 'weak', 'none'], confidence), site_name, value_stream
"""
"""Surest first."""

SHOWN_VERDICTS = 6
"""Value streams whose verdict ends a run; the report has all of them."""


def summarise(data: Path) -> list[str]:
    """What the published tables say, and where to look next; one line each."""
    with reading_published(data) as tables:
        return [_findings(tables), *_doubts(tables), "", *_verdicts(tables), *_next_steps(data, tables)]


def find_counts(data: Path) -> dict[str, float]:
    """How many issues and tables there are, and how many of the issues are delivered or doubtful."""
    with reading_published(data) as tables:
        incomplete, quarantined, unmapped_hours = _row(tables, _DOUBTS)
        return {
            "issues": _row(tables, "SELECT count(*) FROM core.issues")[0],
            "delivered": _row(tables, _DELIVERED)[0],
            "incomplete_histories": incomplete,
            "quarantined_answers": quarantined,
            "unmapped_hours": unmapped_hours,
            "tables": _row(tables, "SELECT count(*) FROM duckdb_tables()")[0],
        }


def doubts_of(data: Path) -> list[str]:
    """What stands beside the numbers, in sentences."""
    with reading_published(data) as tables:
        return _doubts(tables)


def _findings(tables: duckdb.DuckDBPyConnection) -> str:
    """Waiting of delivered work in one sentence or two; no median of fewer than it takes."""
    issues = _row(tables, "SELECT count(*) FROM core.issues")[0]
    delivered, median, wait, touch, cycle = _row(tables, _DELIVERED)
    if not delivered:
        return f"{counted(issues, 'issue')}, none of them started and delivered yet: there is no cycle time to split."
    text = f"{counted(issues, 'issue')}, {delivered:,} of them delivered. Delivered work spent "
    if delivered >= MINIMUM_SAMPLE[0.5]:
        text += f"a median of {_days(median)} waiting between steps; {_share(wait, cycle)} of its cycle time was"
        text += f" waiting, {_share(touch, cycle)} touch"
    else:
        text += f"{_share(wait, cycle)} of its cycle time waiting, {_share(touch, cycle)} in touch"
    return f"{text}{_most_waited(tables) if wait else ''}."


def _most_waited(tables: duckdb.DuckDBPyConnection) -> str:
    stage, is_before = _row(tables, _LARGEST_WAIT)
    return f"; most of the waiting was {'before' if is_before else 'in'} {stage}"


def _verdicts(tables: duckdb.DuckDBPyConnection) -> list[str]:
    """What limits each value stream, over the last 26 weeks, with a line between two of them."""
    sentences = [sentence for (sentence,) in tables.execute(_VERDICTS).fetchall()]
    hidden = len(sentences) - SHOWN_VERDICTS
    more = [f"{counted(hidden, 'more value stream')}: metrics.constraint_verdicts"] if hidden > 0 else []
    return [line for shown in (*sentences[:SHOWN_VERDICTS], *more) for line in (shown, "")]


def _doubts(tables: duckdb.DuckDBPyConnection) -> list[str]:
    """What stands beside the numbers, said only where there is something to say."""
    incomplete, quarantined, unmapped_hours = _row(tables, _DOUBTS)
    lines = []
    if incomplete or quarantined:
        lines.append(f"Incomplete histories: {incomplete:,}; answers in quarantine: {quarantined:,} (schema quality).")
    if unmapped_hours:
        hours = counted(round(unmapped_hours), "hour")
        lines.append(f"In statuses no rule covers, counted as wait: {hours} (core.statuses).")
    return lines


def _next_steps(data: Path, tables: duckdb.DuckDBPyConnection) -> list[str]:
    [count] = _row(tables, "SELECT count(*) FROM duckdb_tables()")
    return [
        f"Report   {data / 'report.html'} (flow report --open)",
        f"DuckDB   {data / 'flow.duckdb'} (open it read-only)",
        f"Parquet  {data / 'parquet'}/<schema>/<table>.parquet",
        f"Audit    {data / 'current' / 'audit.html'}: every rule the tables keep, and what to be careful with",
        f"Tables   {count} of them: flow tables; what every column means: transforms/TABLES.md",
        "Graph    make dev, then http://localhost:3000",
    ]


def _row(tables: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return tables.execute(query).fetchone() or ()


def _days(ms: float) -> str:
    days = ms / DAY_MS
    return f"{days:.1f} days" if days >= 1 else f"{ms / 3_600_000:.1f} hours"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "0%"
