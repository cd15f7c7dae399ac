"""Contracts that hold between published tables, as queries for the rows that break them.

What a single column may hold is declared with the table and needs no query here. Nothing runs here either: queries are
run by ``pipelines.checks`` on the tables as they will be published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from transforms.schema import Table

Severity = Literal["critical", "warning"]
"""Whether a broken contract keeps a version from being published."""

LISTED_ISSUES = "listed_issues"
"""Temporary table of the audit: every ``issue_id`` Jira listed in this run."""


@dataclass(frozen=True)
class Contract:
    """A promise about a table: ``query`` finds the rows that break it; ``{batch}`` in it is the table itself."""

    table_name: str
    name: str
    says: str
    query: str
    needs: tuple[str, ...]
    severity: Severity = "critical"


def _parts_add_up(unit: str) -> Contract:
    parts = " + ".join(f"{kind}_{unit}" for kind in ("touch", "wait", "blocked", "unassigned", "done_gap"))
    return Contract(
        "issue_journeys",
        f"parts_add_up_{unit}",
        f"touch, wait, blocked, unassigned and done_gap add up to the span ({unit})",
        "\n".join(
            (
                f"SELECT issue_id, span_{unit}, {parts} AS parts_{unit}",
                "FROM {batch}",
                f"WHERE span_{unit} IS DISTINCT FROM {parts}",
            )
        ),
        ("issue_journeys",),
    )


def _without_gaps(table: str, order: str, says: str) -> Contract:
    return Contract(
        table,
        "contiguous",
        says,
        "\n".join(
            (
                "SELECT * FROM (",
                f"  SELECT issue_id, {order}, entered_at, left_at,",
                f"         lead(entered_at) OVER (PARTITION BY issue_id ORDER BY {order}) AS next_entered_at",
                "  FROM {batch})",
                "WHERE left_at < entered_at OR next_entered_at IS DISTINCT FROM left_at",
            )
        ),
        (table,),
    )


def _known_issue(table: str) -> Contract:
    return Contract(
        table,
        "issue_is_known",
        "every issue_id stands in core.issues",
        "\n".join(("SELECT DISTINCT issue_id", "FROM {batch}", "ANTI JOIN core.issues USING (issue_id)")),
        (table, "issues"),
    )


CONTRACTS: tuple[Contract, ...] = (
    _parts_add_up("ms"),
    _parts_add_up("working_ms"),
    _without_gaps("status_visits", "visit_number", "visits follow one another without gap or overlap"),
    _without_gaps("work_intervals", "interval_number", "intervals follow one another without gap or overlap"),
    *(_known_issue(table) for table in ("changes", "status_visits", "work_intervals", "issue_journeys")),
    Contract(
        "issues",
        "nothing_listed_is_lost",
        "every issue Jira listed stands in core.issues or, with a reason, in quality.quarantine",
        """
        SELECT issue_id FROM listed_issues
        ANTI JOIN {batch} USING (issue_id)
        ANTI JOIN quality.quarantine USING (issue_id)
        """,
        ("issues", "quarantine"),
    ),
    Contract(
        "changes",
        "history_ends_at_current_status",
        "the last status change leads to the status the issue has, wherever the history counts as complete",
        """
        SELECT issue_id, any_value(status_id) AS status_id, list(to_value) AS last_to FROM (
          SELECT issue_id, to_value, changed_at = max(changed_at) OVER (PARTITION BY issue_id) AS is_last
          FROM {batch} WHERE field = 'status')
        JOIN core.issues USING (issue_id)
        JOIN quality.completeness USING (issue_id)
        WHERE is_complete AND is_last
        GROUP BY issue_id HAVING NOT bool_or(to_value = status_id)
        """,
        ("changes", "issues", "completeness"),
    ),
    Contract(
        "work_intervals",
        "intervals_add_up_to_the_journey",
        "the intervals of an issue's first pass add up to its journey's span, elapsed and working",
        """
        SELECT issue_id, any_value(span_ms) AS span_ms, sum(elapsed_ms) AS intervals_ms,
               any_value(span_working_ms) AS span_working_ms, sum(working_ms) AS intervals_working_ms
        FROM {batch} JOIN core.issue_journeys USING (issue_id)
        WHERE pass_number = 1 AND kind IN ('touch', 'wait', 'blocked', 'unassigned', 'done_gap') AND NOT is_rolled_up
        GROUP BY issue_id
        HAVING sum(elapsed_ms) <> any_value(span_ms) OR sum(working_ms) <> any_value(span_working_ms)
        """,
        ("work_intervals", "issue_journeys"),
    ),
    Contract(
        "completeness",
        "histories_are_complete",
        "every issue's history was received whole",
        "SELECT issue_id, reason FROM {batch} WHERE NOT is_complete",
        ("completeness",),
        "warning",
    ),
    Contract(
        "statuses",
        "every_status_is_mapped",
        "every status has a stage and a work kind by rule",
        "SELECT status_id, status_name FROM {batch} WHERE is_unmapped",
        ("statuses",),
        "warning",
    ),
)


def contracts_for(tables: Iterable[type[Table]]) -> list[Contract]:
    """The contracts whose tables are all there."""
    names = {table.name for table in tables}
    return [contract for contract in CONTRACTS if names.issuperset(contract.needs)]
