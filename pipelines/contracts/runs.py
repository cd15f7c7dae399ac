"""Contracts between this run and what is published: as much as before, no older, no more that is unmapped or unread.

The limits are those of flow.toml's section audit; each rule says which option lets a run through that is right.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.contracts.contract import EARLIER_RUN, EARLIER_TABLES, THIS_RUN, Contract
from transforms.schema import Table

UNMAPPED_SHARE = """
coalesce(sum(elapsed_hours) FILTER (WHERE is_unmapped), 0)
  / nullif(sum(elapsed_hours) FILTER (WHERE work_kind NOT IN ('done', 'discarded')), 0)
"""
"""Share of the hours before the end that lie in statuses no rule covers; over core.statuses."""

GROWING = ("issues", "changes", "status_visits", "work_intervals", "issue_journeys")
"""Tables that only grow: what is gone from Jira stays in them."""

RUNS = (
    Contract(
        "quarantine",
        "quarantined_share_within_limit",
        "no more of Jira's answers lie in quarantine than audit.quarantine_limit_share allows",
        """
        SELECT reference, issue_id, reason, quarantined_count, issue_count FROM {batch},
          (SELECT count(*) AS quarantined_count FROM quality.quarantine),
          (SELECT count(*) AS issue_count FROM core.issues), this_run
        WHERE quarantined_count > quarantine_limit_share * (issue_count + quarantined_count)
        """,
        ("quarantine", "issues", THIS_RUN),
    ),
    Contract(
        "quarantine",
        "nothing_is_quarantined",
        "every answer of Jira could be used",
        "SELECT reference, issue_id, reason FROM {batch}",
        ("quarantine",),
        "warning",
    ),
    Contract(
        "statuses",
        "unmapped_hours_are_no_more_than_before",
        "the share of hours in statuses no rule covers has not risen by more than audit.unmapped_rise_share since the"
        " published run; map them in flow.toml",
        f"""
        SELECT value_stream, status_id, status_name, elapsed_hours FROM {{batch}}
        WHERE is_unmapped AND (SELECT {UNMAPPED_SHARE} FROM core.statuses)
          > (SELECT unmapped_share + unmapped_rise_share FROM earlier_run, this_run)
        ORDER BY elapsed_hours DESC
        """,
        ("statuses", EARLIER_RUN, THIS_RUN),
    ),
    Contract(
        "issues",
        "as_of_does_not_go_back",
        "the tables speak of a moment no earlier than the published ones, unless --as-of says so",
        """
        SELECT this_run.as_of, earlier_run.as_of AS published_as_of, '{batch}' AS of_table FROM this_run, earlier_run
        WHERE this_run.as_of < earlier_run.as_of AND NOT is_as_of_told
        """,
        ("issues", EARLIER_RUN, THIS_RUN),
    ),
)


def volumes_of(table: type[Table]) -> Iterator[Contract]:
    """A table that only grows keeps most of its rows; one that was filled is not empty."""
    if table.name in GROWING:
        yield Contract(
            table.name,
            "as_many_rows_as_before",
            "no more rows are gone since the published version than audit.volume_drop_share allows",
            "\n".join(
                (
                    "SELECT now_count, row_count AS published_count",
                    "FROM (SELECT count(*) AS now_count FROM {batch}), earlier_tables, this_run",
                    f"WHERE table_name = '{table.name}' AND now_count < (1 - volume_drop_share) * row_count",
                )
            ),
            (table.name, EARLIER_TABLES, THIS_RUN),
        )
    elif {"week_start_date", "flow_date", "period_start_date"} & set(table.key):
        yield Contract(
            table.name,
            "not_empty_all_at_once",
            "a table of the past that had rows in the published version has some",
            "\n".join(
                (
                    "SELECT row_count AS published_count",
                    "FROM (SELECT count(*) AS now_count FROM {batch}), earlier_tables, this_run",
                    f"WHERE table_name = '{table.name}' AND now_count = 0 AND row_count > 0 AND volume_drop_share < 1",
                )
            ),
            (table.name, EARLIER_TABLES, THIS_RUN),
        )
