"""Views for people with a BI tool: one wide, friendly view per subject in schema ``bi``, over the published tables.

A column that is a table's own is described as it is there. Nothing is computed here but days from milliseconds and
joins by key; every figure is the tables'.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines import ddl
from transforms.catalog import TABLES
from transforms.schema import Table
from transforms.workflow import SPAN_KINDS

SCHEMA = "bi"

DAY_MS = 86_400_000

Made = tuple[str, str, str]
"""Name, expression and meaning of a column that no table has as it is."""


@dataclass(frozen=True)
class View:
    """One view: ``says`` begins with the grain; a column is ``table.column`` or made."""

    name: str
    says: str
    columns: tuple[str | Made, ...]
    source: str
    """What stands behind FROM."""
    needs: tuple[str, ...]
    """Tables it reads."""

    def described(self, tables: Mapping[str, type[Table]]) -> Iterator[Made]:
        """Every column with its expression and meaning."""
        for column in self.columns:
            if isinstance(column, tuple):
                yield column
            else:
                table, _, name = column.partition(".")
                yield name, f"{table}.{ddl.quoted(name)}", ddl.published_columns(tables[table])[name].description


def _all_of(table_name: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table_name}.{name}" for name in names)


def _days(table_name: str, *names: str) -> tuple[Made, ...]:
    """Durations of a table in days, named after their milliseconds."""
    return tuple(
        (
            f"{name}_days",
            f"{table_name}.{name}_ms / {DAY_MS}.0",
            f"{table_name}'s {name}_ms in days of 24 hours. May be empty where that is.",
        )
        for name in names
    )


VIEWS: tuple[View, ...] = (
    View(
        "issues",
        "One row per issue: what it is, what became of it, how long it took and how that time was spent, in days.",
        (
            *_all_of("issues", "site_name", "issue_id", "issue_key", "value_stream", "project_key", "issue_type"),
            *_all_of("issues", "hierarchy_level", "resolution_name", "is_deleted", "gone_reason", "created_at"),
            *_all_of("issue_journeys", "is_counted", "is_rolled_up", "outcome", "is_never_started"),
            *_all_of("issue_journeys", "started_at", "finished_at"),
            *_days("issue_journeys", "lead", "cycle", "span", *SPAN_KINDS),
            (
                "wait_share",
                "issue_journeys.wait_ms / nullif(issue_journeys.span_ms, 0)",
                "Share of its span it waited for a next person. Empty before the start.",
            ),
            *_all_of("issue_journeys", "backward_move_count", "reopen_count", "handoff_count"),
            *_all_of("completeness", "is_complete"),
        ),
        "core.issues LEFT JOIN core.issue_journeys USING (site_name, issue_id)"
        " LEFT JOIN quality.completeness USING (site_name, issue_id)",
        ("issues", "issue_journeys", "completeness"),
    ),
    View(
        "intervals",
        "One row per stretch in which stage and kind of an issue hold, with what the issue is and became.",
        (
            *_all_of("work_intervals", "site_name", "issue_id", "interval_number", "issue_key", "value_stream"),
            *_all_of("issue_journeys", "issue_type", "hierarchy_level", "is_counted"),
            *_all_of("issue_journeys", "outcome", "started_at", "finished_at"),
            *_all_of("work_intervals", "pass_number", "stage_name"),
            *_all_of("stages", "stage_order"),
            *_all_of("work_intervals", "kind", "is_rework", "entered_at", "left_at"),
            *_days("work_intervals", "elapsed"),
            ("working_hours", "work_intervals.working_ms / 3600000.0", "Hours of it within the calendar."),
        ),
        "core.work_intervals JOIN core.issue_journeys USING (site_name, issue_id)"
        " LEFT JOIN core.stages ON stages.site_name = work_intervals.site_name"
        " AND stages.value_stream = work_intervals.value_stream AND stages.stage_name = work_intervals.stage_name",
        ("work_intervals", "issue_journeys", "stages"),
    ),
    View(
        "weekly_flow",
        "One row per value stream and week: what was started and delivered, what is in progress and how old it is.",
        (
            *_all_of("flow_weekly", "site_name", "value_stream", "week_start_date", "is_complete_week"),
            *_all_of("flow_weekly", "started_count", "delivered_count", "discarded_count", "net_flow"),
            *_all_of("flow_weekly", "wip_end", "wip_mean", "wip_age_days_p50", "wip_age_days_p85"),
            *_all_of("flow_weekly", "cycle_days_mean", "delivered_regime_mean", "delivered_signal"),
            *_all_of("flow_weekly", "cycle_days_geometric_mean", "cycle_days_signal"),
            *_all_of("flow_weekly", "flow_debt_days_low", "flow_debt_days_high", "note"),
        ),
        "metrics.flow_weekly",
        ("flow_weekly",),
    ),
    View(
        "stages",
        "One row per step from idea to user, newest 26 complete weeks: how long it takes, what waits before it.",
        (
            *_all_of("value_stream_map", "site_name", "value_stream", "stage_order", "stage_name", "step_kind"),
            *_all_of("value_stream_map", "period_start_date", "period_end_date", "arrival_count", "departure_count"),
            *_all_of("value_stream_map", "wip_end", "wip_mean", "delivered_count", "passed_count"),
            *_all_of("value_stream_map", "stage_days_per_delivered", "touch_days_per_delivered"),
            *_all_of("value_stream_map", "wait_days_per_delivered", "blocked_days_per_delivered"),
            *_all_of("value_stream_map", "gap_days_per_delivered", "cycle_share", "cycle_share_low"),
            *_all_of("value_stream_map", "cycle_share_high", "first_pass_yield_share", "sent_back_share", "note"),
        ),
        "metrics.value_stream_map WHERE period_kind = 'rolling_26_weeks'",
        ("value_stream_map",),
    ),
    View(
        "waits",
        "One row per stage in which waits ended, newest 26 complete weeks: how long work waited there, and for what.",
        (
            *_all_of("wait_causes", "site_name", "value_stream", "stage_name", "period_start_date", "period_end_date"),
            *_all_of("wait_causes", "visit_count", "issue_count"),
            *_days("wait_causes", "wait"),
            *_all_of("wait_causes", "unavailable_share", "blocked_share", "batch_share", "contention_share"),
            *_all_of("wait_causes", "prioritisation_share", "extraneous_share", "note"),
        ),
        "metrics.wait_causes WHERE period_kind = 'rolling_26_weeks'",
        ("wait_causes",),
    ),
    View(
        "constraints",
        "One row per value stream and period: which one stage is the constraint, how sure that is, what is left out.",
        (
            *_all_of("constraint_verdicts", "site_name", "value_stream", "period_kind", "period_start_date"),
            *_all_of("constraint_verdicts", "period_end_date", "verdict", "constraint_name", "largest_delay_name"),
            *_all_of("constraint_verdicts", "confidence", "sentence"),
            (
                "quarantined_share",
                "runs.quarantined_share",
                "Share of Jira's answers this leaves out, as of the site's newest run. Empty for older runs.",
            ),
        ),
        "metrics.constraint_verdicts JOIN (SELECT site_name, quarantined_share FROM quality.runs"
        " QUALIFY row_number() OVER (PARTITION BY site_name ORDER BY finished_at DESC) = 1) AS runs USING (site_name)",
        ("constraint_verdicts", "runs"),
    ),
    View(
        "caveats",
        "One row per rule the published tables do not keep: what stands beside every figure made of them.",
        (
            *_all_of("validations", "site_name", "table_name", "expectation", "statement", "severity"),
            *_all_of("validations", "failing_row_count", "failing_rows"),
        ),
        "quality.validations WHERE NOT is_passed",
        ("validations",),
    ),
)


def views_over(tables: Sequence[type[Table]] = TABLES) -> list[View]:
    """The views all of whose tables are there."""
    names = {table.name for table in tables}
    return [view for view in VIEWS if names.issuperset(view.needs)]


def view_statements(tables: Sequence[type[Table]] = TABLES) -> list[str]:
    """Schema, views and their comments, in the order to run them."""
    by_name = {table.name: table for table in tables}
    statements = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"]
    for view in views_over(tables):
        columns = list(view.described(by_name))
        selected = ",\n  ".join(f"{expression} AS {ddl.quoted(name)}" for name, expression, _ in columns)
        place = f"{SCHEMA}.{ddl.quoted(view.name)}"
        statements.append("\n".join((f"CREATE VIEW {place} AS SELECT", f"  {selected}", f"FROM {view.source}")))
        statements.append(f"COMMENT ON VIEW {place} IS {ddl.text(view.says)}")
        statements += [
            f"COMMENT ON COLUMN {place}.{ddl.quoted(name)} IS {ddl.text(meaning)}" for name, _, meaning in columns
        ]
    return statements


def views_page(tables: Sequence[type[Table]] = TABLES) -> str:
    """The views for the data dictionary."""
    by_name = {table.name: table for table in tables}
    doc = inspect.cleandoc(
        f"""
        ## {SCHEMA}

        Views over the tables above for BI tools, in `flow.duckdb` only: one per subject, durations in days.
        """
    )
    parts = [doc]
    for view in views_over(tables):
        rows = [f"| `{name}` | {meaning} |".replace("\n", " ") for name, _, meaning in view.described(by_name)]
        heading = (f"### {SCHEMA}.{view.name}", "", view.says, "", "| column | meaning |", "|---|---|")
        parts.append("\n".join((*heading, *rows)))
    return "\n" + "\n\n".join(parts) + "\n"
