"""What every status means in every value stream that uses it, how that was decided, and how much time depends on it."""

from __future__ import annotations

import polars as pl

from transforms.definitions import begins_of, every_definition
from transforms.schema import LABEL, TIMESTAMP, Column, RowRule, Table
from transforms.workflow import DECISIONS, WORK_KIND, Workflow

MS_PER_HOUR = 3_600_000

STATUS = ["value_stream", "status_id"]


DECISION_WORDS = {
    "config_id": "flow.toml lists its id",
    "config_name": "flow.toml lists its name",
    "name_pattern": "its name says so",
    "category": "Jira's status category says so",
    "unmapped": "no rule covers it, so it counts as wait",
}


class Statuses(Table, layer="core", key=("value_stream", "status_id")):
    """One row per status ever seen in a value stream. Answers: is it touch or wait, who says so, and what hangs on it?

    A status no rule covers is ``unmapped``: it counts as wait and stands here with its hours.
    """

    value_stream = Column(LABEL, "Value stream.")
    status_id = Column(pl.Int64(), "Status; ids are stable, names are not.")
    status_name = Column(
        pl.String(), "Current name, or the newest one a changelog gives. Empty if never named.", nullable=True
    )
    category = Column(
        pl.String(), "Jira's status category. Empty for a status the site no longer lists.", nullable=True
    )
    is_listed = Column(pl.Boolean(), "The site still lists it.")
    stage_name = Column(LABEL, "Stage it belongs to.", references="stages.stage_name")
    stage_order = Column(pl.Int32(), "Place of the stage in the walk, from 0.", minimum=0)
    status_order = Column(
        pl.Int32(), "Place of the status in the walk. Empty for blocked and unmapped ones.", nullable=True
    )
    work_kind = Column(WORK_KIND, "queue, active, blocked, done or discarded; as it is now.")
    stage_since_at = Column(
        TIMESTAMP,
        "Since when it belongs to this stage, where flow.toml says that it had another. Empty where it never changed.",
        nullable=True,
    )
    earlier_stage_names = Column(
        pl.String(),
        'Its stages before, as "Development until 2026-04-01", oldest first. Empty likewise.',
        nullable=True,
    )
    work_kind_since_at = Column(
        TIMESTAMP,
        "Since when, where flow.toml says that it was another before. Empty where it never changed.",
        nullable=True,
    )
    earlier_work_kinds = Column(
        pl.String(), 'What it was before, as "active until 2026-04-01", oldest first. Empty likewise.', nullable=True
    )
    is_unmapped = Column(pl.Boolean(), "No rule covers it.")
    decided_by = Column(LABEL, "Which rule decided stage and kind.", values=DECISIONS)
    decision = Column(pl.String(), "The rule in words.")
    visit_count = Column(pl.Int64(), "Visits of issues of the stream.", minimum=0)
    issue_count = Column(pl.Int64(), "Issues that visited it.", minimum=0)
    elapsed_hours = Column(pl.Float64(), "Hours issues spent in it, elapsed, terminal statuses included.", minimum=0)
    working_hours = Column(pl.Float64(), "Those within the calendar.", minimum=0)

    unmapped_as_decided = RowRule(
        "a status is unmapped exactly if no rule decided",
        "is_unmapped = (decided_by = 'unmapped')",
    )
    counts_fit = RowRule(
        "no more issues than visits, no more working than elapsed hours",
        "issue_count <= visit_count AND working_hours <= elapsed_hours + 1e-6",
    )


def explain_statuses(statuses: pl.LazyFrame, status_visits: pl.LazyFrame, workflow: Workflow) -> pl.LazyFrame:
    """Join the model with the time that depends on it; Statuses, from RawStatuses and StatusVisits."""
    hours = status_visits.group_by(STATUS).agg(
        visit_count=pl.len().cast(pl.Int64),
        issue_count=pl.col.issue_id.n_unique().cast(pl.Int64),
        elapsed_hours=pl.col.elapsed_ms.sum() / MS_PER_HOUR,
        working_hours=pl.col.working_ms.sum() / MS_PER_HOUR,
    )
    model = workflow.statuses.lazy().with_columns(pl.col("value_stream", "stage_name", "decided_by").cast(LABEL))
    named = (
        model.join(statuses, on="status_id", how="left")
        .join(hours, on=STATUS, how="left")
        .join(_earlier(workflow, "stage_name", "stage_since_at", "earlier_stage_names"), on=STATUS, how="left")
        .join(_earlier(workflow, "work_kind", "work_kind_since_at", "earlier_work_kinds"), on=STATUS, how="left")
    )
    return Statuses.select(
        named.with_columns(
            pl.col("visit_count", "issue_count", "elapsed_hours", "working_hours").fill_null(0),
            pl.col.is_listed.fill_null(False),
            is_unmapped=pl.col.decided_by == "unmapped",
            decision=pl.col.decided_by.cast(pl.String).replace_strict(DECISION_WORDS),
        ).sort("value_stream", "stage_order", "status_order", "status_id", nulls_last=True)
    )


def _earlier(workflow: Workflow, what: str, since: str, told: str) -> pl.LazyFrame:
    """Since when ``what`` each status is holds, where it was something else before, and what that was: since, told."""
    begins = {
        (s.name, until): at for s in workflow.streams for (until, _), at in zip(s.earlier, begins_of(s), strict=True)
    }
    ends = [(name, until, at) for (name, until), at in begins.items()]
    schema = {"value_stream": pl.String(), "until": pl.Date(), "at": TIMESTAMP}
    rows = (
        every_definition(workflow)
        .sort("value_stream", "status_id", "definition")
        .with_columns(is_last=(pl.col(what) != pl.col(what).shift(-1).over(STATUS)).fill_null(False))
    )
    ended = rows.filter("is_last").join(pl.DataFrame(ends, schema, orient="row"), on=["value_stream", "until"])
    words = pl.format("{} until {}", pl.col(what).cast(pl.String), pl.col.until.cast(pl.String))
    earlier = ended.sort("definition").group_by(STATUS, maintain_order=True)
    one = earlier.agg(pl.col.at.max().alias(since), words.str.join(", ").alias(told))
    return one.with_columns(pl.col.value_stream.cast(LABEL)).lazy()
