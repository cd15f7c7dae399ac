"""The product beside the brute force, case by case: what was found and what is true, for tests to hold together."""

import os
from collections.abc import Iterator
from datetime import datetime

import polars as pl
from hypothesis import HealthCheck, Phase, settings

from tests.chain import compute
from tests.oracle import Site
from tests.oracle_events import MINUTE, ms
from tests.oracle_life import Life, Stretch
from tests.strategies import Case

IS_SEARCH = "FLOW_EXAMPLES" in os.environ
"""Ordinary runs try the same sites every time and stop at the first failure; a search draws new ones and shrinks."""

EXAMPLES = int(os.environ.get("FLOW_EXAMPLES", "15"))
"""Small sites tried by each property."""

many = settings(
    deadline=None,
    max_examples=EXAMPLES,
    derandomize=not IS_SEARCH,
    database=None,
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if IS_SEARCH else [])],
    suppress_health_check=[HealthCheck.too_slow],
)
few = settings(many, max_examples=max(EXAMPLES // 3, 1))


def of_issue(table: pl.DataFrame, key: str) -> list[dict]:
    return table.filter(pl.col.issue_key == key).to_dicts()


def judged(case: Case) -> tuple[Site, dict[str, pl.DataFrame]]:
    told = case.frames_and_workflow()
    return Site(*case.frames, *told[1:], case.versions, case.tombstones), compute(*told, case.versions, case.tombstones)


def row_at(rows: list[dict], at: int) -> dict:
    (row,) = [r for r in rows if ms(r["entered_at"]) <= at and (r["left_at"] is None or at < ms(r["left_at"]))]
    return row


def plain(value: object) -> object:
    return ms(value) if isinstance(value, datetime) else value


def stretches(case: Case, table: str) -> Iterator[tuple[dict, Stretch]]:
    """Every stretch of the brute force, behind the row of ``table`` that holds at its start."""
    site, tables = judged(case)
    for key, life in site.lives.items():
        rows = of_issue(tables[table], key)
        for stretch in life.stretches:
            yield row_at(rows, stretch.start), stretch


def check_stretches(case: Case) -> None:
    """Assert that each stretch of the brute force is told by the row that holds at its start, and lies within it."""
    for row, stretch in stretches(case, "person_intervals"):
        found = [row[name] for name in ("kind", "stage_name", "pass_number", "is_rework", "kind_alternative")]
        assert found == [
            stretch.kind, stretch.stage, stretch.pass_number, stretch.is_rework, stretch.alternative,
        ]  # fmt: skip
        assert stretch.end <= ms(row["left_at"] or case.as_of)


def minutes(case: Case) -> Iterator[tuple[dict, Life, int]]:
    """Every minute of the first two days of a life, behind the interval that holds then."""
    site, tables = judged(case)
    for key, life in site.lives.items():
        rows = of_issue(tables["work_intervals"], key)
        first = -(-life.begin // MINUTE) * MINUTE
        for minute in range(first, min(life.as_of, first + 2 * 1440 * MINUTE), MINUTE):
            yield row_at(rows, minute), life, minute


def journeys(case: Case) -> Iterator[tuple[dict, dict]]:
    """The journey of every issue as it was found, and as the brute force tells it."""
    site, tables = judged(case)
    for key, life in site.lives.items():
        (row,) = of_issue(tables["issue_journeys"], key)
        expected = life.journey()
        yield {n: plain(row[n]) for n in expected}, expected
