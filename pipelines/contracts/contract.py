"""What a contract is, and the facts it may ask for besides the published tables. The contracts lie beside."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.expectations import Expectation
from transforms.schema import Severity

LISTED_ISSUES = "listed_issues"
"""Every ``issue_id`` Jira listed in this run."""

LANDED_CHANGES = "landed_changes"
"""Every change that was read from Jira: raw_changes, without persons."""

LANDED_ISSUES = "landed_issues"
"""Every issue that was read from Jira: issue_id, updated_at."""

CHANGE_SEALS = "change_seals"
"""What the changes of each issue were when they were parsed: issue_id, and the numbers of ``pipelines.jira.seals``."""

THIS_RUN = "this_run"
"""One row: as_of, is_as_of_told, landed_at, and the limits of flow.toml's section audit."""

TABLE_BUILDS = "table_builds"
"""When this run, or an earlier one, computed each table: table_name, built_at."""

EARLIER_RUN = "earlier_run"
"""One row for the newest published run, none before the first: as_of, unmapped_share."""

EARLIER_TABLES = "earlier_tables"
"""Rows of the tables published now: table_name, row_count."""


@dataclass(frozen=True)
class Contract:
    """A promise about a table: ``query`` finds the rows that break it; ``{batch}`` in it is the table itself.

    ``needs`` names the tables and facts the query reads.
    """

    table_name: str
    name: str
    says: str
    query: str
    needs: tuple[str, ...]
    severity: Severity = "critical"

    def expectation(self) -> Expectation:
        """The same for the audit."""
        return Expectation(self.table_name, self.name, self.says, self.query, severity=self.severity)
