"""Tables of one issue that keep every contract, and the facts they are held against: what defects are planted in."""

from datetime import UTC, datetime, timedelta

import polars as pl

from pipelines.circumstances import Circumstances, ThisRun
from transforms.catalog import TABLES
from transforms.schema import TIMESTAMP

BY_NAME = {table.name: table for table in TABLES}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = 3_600_000


def hour(number):
    return MONDAY + timedelta(hours=number)


def filler(dtype):
    """Some value of a type, for columns a contract does not look at."""
    if dtype == TIMESTAMP:
        return MONDAY
    if isinstance(dtype, pl.Enum):
        return dtype.categories[0]
    return {pl.Boolean: False, pl.String: "x", pl.Categorical: "x", pl.Float64: 0.0, pl.Date: MONDAY.date()}.get(
        type(dtype), 0
    )


def rows(name, *given):
    """Rows of a published table of which only what matters is said."""
    table = BY_NAME[name]
    usual = {n: None if c.nullable else filler(c.dtype) for n, c in table.columns.items()}
    unknown = {key for row in given for key in row} - set(usual)
    assert not unknown, f"{name} has no column {unknown}"
    return pl.DataFrame([usual | row for row in given], schema=table.polars_schema())


def sound_tables():
    """One issue that went To Do (status 1) → Doing (3) and stays there: an hour of wait, three of touch so far."""
    return {
        "issues": rows("issues", {"issue_id": 1, "status_id": 3}),
        "changes": rows("changes", {"issue_id": 1, "field": "status", "to_value": 3, "changed_at": hour(1)}),
        "stages": rows("stages", {"stage_name": "x"}),
        "status_visits": rows("status_visits", visit(1, 1, 0, 1), visit(2, 3, 1, None, elapsed_ms=3 * HOUR)),
        "work_intervals": rows(
            "work_intervals",
            interval(1, "wait", 0, 1),
            interval(2, "touch", 1, None, elapsed_ms=3 * HOUR, working_ms=3 * HOUR),
        ),
        "issue_journeys": rows(
            "issue_journeys",
            {
                "is_counted": True,
                "issue_id": 1,
                "outcome": "in_progress",
                "started_at": hour(0),
                **{f"span_{unit}": 4 * HOUR for unit in ("ms", "working_ms")},
                **{f"touch_{unit}": 3 * HOUR for unit in ("ms", "working_ms")},
                **{f"wait_{unit}": HOUR for unit in ("ms", "working_ms")},
            },
        ),
        "statuses": rows(
            "statuses",
            {"status_id": 1, "decided_by": "category", "visit_count": 1, "elapsed_hours": 1.0},
            {"status_id": 3, "decided_by": "category", "visit_count": 1, "elapsed_hours": 3.0},
        ),
        "completeness": rows("completeness", {"issue_id": 1, "is_complete": True}),
        "quarantine": rows("quarantine", {"reference": "batch:7", "issue_id": 9, "reason": "no JSON"}),
    }


def visit(number, status_id, start, end, **more):
    ends = {"entered_at": hour(start), "left_at": None if end is None else hour(end)}
    usual = {"issue_id": 1, "visit_number": number, "status_id": status_id, "elapsed_ms": HOUR, "working_ms": HOUR}
    return usual | {"working_ms": (more or usual)["elapsed_ms"]} | ends | more


def interval(number, kind, start, end, **more):
    ends = {"entered_at": hour(start), "left_at": None if end is None else hour(end)}
    usual = {
        "issue_id": 1,
        "interval_number": number,
        "kind": kind,
        "pass_number": 1,
        "elapsed_ms": HOUR,
        "working_ms": HOUR,
    }
    return usual | ends | more


AS_OF = hour(4)

FACTS = {
    "listed_issues", "landed_changes", "landed_issues", "change_seals", "this_run", "table_builds", "earlier_run",
    "earlier_tables",
}  # fmt: skip
"""What a contract may need that is no published table."""


def circumstances(listed=(1, 9), **run):
    """An audit on the day the sound tables speak of."""
    return Circumstances(
        listed=pl.DataFrame({"issue_id": listed}, {"issue_id": pl.Int64}),
        run=ThisRun(**({"as_of": AS_OF, "landed_at": AS_OF} | run)),
        builds=pl.DataFrame({"table_name": [t.name for t in TABLES], "built_at": [AS_OF] * len(TABLES)}),
        earlier_run=pl.DataFrame({"as_of": [AS_OF], "unmapped_share": [0.1]}),
        earlier_tables=pl.DataFrame({"table_name": [t.name for t in TABLES], "row_count": [0] * len(TABLES)}),
    )
