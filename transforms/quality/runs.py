"""When the tables were made, from what and as of when. What a run found wrong belongs to ``validations``."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from transforms.schema import TIMESTAMP, Column, Table


class Runs(Table, layer="quality", key=("run_id",)):
    """One row per published run, the newest last. Answers: how fresh are the numbers, and what are they made from?"""

    run_id = Column(pl.String(), "Id of the run, as the scheduler knows it.")
    version_id = Column(pl.String(), "Version of the published tables: the folder they lie in.")
    site_flavour = Column(pl.String(), "Kind of Jira site.", values=("cloud", "dc"))
    site_url = Column(
        pl.String(), "The site's address in a browser, as the site tells it. Empty where it tells none.", nullable=True
    )
    as_of = Column(TIMESTAMP, "The moment the tables speak of; open work is measured up to it.")
    started_at = Column(TIMESTAMP, "When the run began, by the pipeline's clock.")
    finished_at = Column(TIMESTAMP, "When the tables were built and audited, just before they were published.")
    issue_count = Column(pl.Int64(), "Issues in core.issues.", minimum=0)
    change_count = Column(pl.Int64(), "Changes in core.changes.", minimum=0)
    quarantined_count = Column(
        pl.Int64(),
        "Answers of Jira that could not be used (quality.quarantine). Empty for older runs.",
        nullable=True,
        minimum=0,
    )
    quarantined_share = Column(
        pl.Float64(),
        "Share of them in all issues and them: what every number leaves out. Empty for older runs.",
        nullable=True,
        minimum=0,
        maximum=1,
    )
    unmapped_share = Column(
        pl.Float64(),
        "Share of the hours before the end that lie in statuses no rule covers. Empty for older runs.",
        nullable=True,
        minimum=0,
        maximum=1,
    )
    request_count = Column(pl.Int64(), "Requests made to Jira.", minimum=0)
    failed_check_count = Column(
        pl.Int64(), "Rules that failed without keeping the version from being published.", minimum=0
    )
    flow_version = Column(pl.String(), "Version of the calculations.")
    withdrawn_at = Column(
        TIMESTAMP, "When a rollback took this version away from readers. Empty while nobody has.", nullable=True
    )


def add_run(
    earlier: pl.LazyFrame | None, run: Mapping[str, object], withdrawn: Mapping[str, datetime] | None = None
) -> pl.LazyFrame:
    """Put this run's row after those published before it; ``withdrawn`` tells which versions were, and when; Runs."""
    row = pl.DataFrame([run], schema=Runs.polars_schema()).lazy()
    return mark_withdrawn(row if earlier is None else pl.concat([earlier, row]), withdrawn or {})


def mark_withdrawn(runs: pl.LazyFrame, withdrawn: Mapping[str, datetime]) -> pl.LazyFrame:
    """Tell of every run when its version was ``withdrawn``, and of no other that it was."""
    taken = pl.col.version_id.replace_strict(dict(withdrawn), default=None, return_dtype=TIMESTAMP)
    return runs.with_columns(withdrawn_at=taken if withdrawn else pl.lit(None, TIMESTAMP))
