"""The walk from idea to user: the stages of every value stream in order. Their times are metrics."""

from __future__ import annotations

import polars as pl

from transforms.definitions import every_definition
from transforms.kinds import RELEASE_STAGE
from transforms.schema import LABEL, Column, Table
from transforms.wip_limits import NO_BOARD, find_stage_limits
from transforms.workflow import TERMINAL_KINDS, Workflow

DELIVERED_STAGE = "Delivered work"
"""Stage of delivered work, where a stream has none that is nothing else."""


class Stages(Table, layer="core", key=("value_stream", "stage_name")):
    """One row per stage of a value stream. Answers: which steps does work walk through, and in what order?"""

    value_stream = Column(LABEL, "Value stream.")
    zone_name = Column(pl.String(), "Time zone of its calendar, in which its days, weeks and periods begin.")
    stage_name = Column(LABEL, "Stage.")
    stage_order = Column(pl.Int32(), "Place in the walk, from 0.", minimum=0)
    is_committed = Column(pl.Boolean(), "Work in it counts as started, or did by an earlier definition.")
    committed_until_date = Column(
        pl.Date(), "First day on which work in it no longer counts as started. Empty where it does, or never did.",
        nullable=True,
    )  # fmt: skip
    is_terminal = Column(pl.Boolean(), "Work in it has ended.")
    has_queue = Column(pl.Boolean(), "Has a status in which work waits.")
    has_active = Column(pl.Boolean(), "Has a status in which somebody is meant to work.")
    status_names = Column(
        pl.String(), "Its statuses in order, separated by commas; of a stage that has none any more, those it had last."
    )
    wip_limit = Column(
        pl.Int64(), "Most issues meant to be in it, by the boards as they are now: Jira keeps no history of their"
        " limits, and a board whose filter hides issues limits fewer than are counted here. Empty where no board limits"
        " this stage alone (wip_limit_note).", nullable=True, minimum=0,
    )  # fmt: skip
    wip_limit_board_ids = Column(
        pl.String(), "Ids of the boards that limit it, separated by commas. Empty likewise.", nullable=True
    )
    wip_limit_note = Column(pl.String(), "Why no limit is known. Empty where one is, or work has ended.", nullable=True)


def order_stages(statuses: pl.LazyFrame, raw_board_columns: pl.LazyFrame, workflow: Workflow) -> pl.LazyFrame:
    """Gather statuses into stages; Stages, from Statuses. Those that end nothing come first, then where delivery lies.

    A stage is told as it is now, or as it was last where a later definition leaves it without statuses. Delivery by
    release adds a stage for the wait for it; and where all that delivers shares its stages with work, now or by an
    earlier definition, a stage of its own is added for what is delivered.
    """
    names = statuses.select(pl.col.value_stream.cast(pl.String), "status_id", "status_name").collect()
    model = every_definition(workflow).join(names, on=["value_stream", "status_id"], how="left")
    is_terminal = pl.col.work_kind.is_in(TERMINAL_KINDS)
    told = (
        model.sort("value_stream", "definition", "stage_order", "status_order", "status_id", nulls_last=True)
        .group_by("value_stream", "stage_name", "definition", "until", maintain_order=True)
        .agg(
            pl.col.stage_order.min(),
            pl.col.is_committed.any(),
            is_terminal=is_terminal.all(),
            delivers=(pl.col.work_kind == "done").any(),
            has_queue=(pl.col.work_kind == "queue").any(),
            has_active=(pl.col.work_kind == "active").any(),
            status_names=pl.col.status_name.fill_null(pl.col.status_id.cast(pl.String)).str.join(", "),
        )
    )
    stages = told.group_by("value_stream", "stage_name", maintain_order=True).agg(
        pl.col("stage_order", "has_queue", "has_active", "status_names").last(),
        pl.col.is_terminal.all() & ~_waits_for_release(workflow).any(),
        pl.col.delivers.any(),
        pl.col.is_committed.any(),
        committed_until_date=pl.col.until.filter("is_committed").last(),
    )
    stages = stages.with_columns(pl.col("value_stream", "stage_name").cast(LABEL)).sort("value_stream", "stage_order")
    stages = pl.concat([stages, _release_stages(stages, workflow), _delivered_stages(stages)])
    zones = {stream.name: stream.calendar.zone for stream in workflow.streams}
    limits = find_stage_limits(raw_board_columns, workflow).lazy()
    return Stages.select(
        stages.lazy()
        .join(limits, on=["value_stream", "stage_name"], how="left", maintain_order="left")
        .sort("value_stream", "is_terminal", pl.col.is_terminal & ~pl.col.delivers, "stage_order", maintain_order=True)
        .with_columns(
            zone_name=pl.col.value_stream.cast(pl.String).replace_strict(zones, return_dtype=pl.String),
            stage_order=pl.int_range(pl.len()).over("value_stream").cast(pl.Int32),
            wip_limit_note=pl.when(~pl.col.is_terminal & pl.col.wip_limit.is_null()).then(
                pl.col.wip_limit_note.fill_null(NO_BOARD)
            ),
        )
    )


def _waits_for_release(workflow: Workflow) -> pl.Expr:
    """Whether a stage is, in a stream that delivers by release, the one in which done work waits for it."""
    return pl.col.value_stream.cast(pl.String).is_in(workflow.by_release) & (pl.col.stage_name == RELEASE_STAGE)


def _release_stages(stages: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Where work waits between Done and its release, in streams that have no stage of that name themselves."""
    having = stages.filter(_waits_for_release(workflow))["value_stream"].cast(pl.String).to_list()
    missing = [name for name in workflow.by_release if name not in having]
    return _added(missing, stages, RELEASE_STAGE, "(done, not yet released)", is_terminal=False)


def _delivered_stages(stages: pl.DataFrame) -> pl.DataFrame:
    """Where delivered work lies, in streams in which every stage that delivers is one of work, too."""
    streams = stages.group_by("value_stream", maintain_order=True).agg(
        pl.col.delivers.any(), has_own=(pl.col.is_terminal & pl.col.delivers).any()
    )
    missing = streams.filter(pl.col.delivers & ~pl.col.has_own)["value_stream"].cast(pl.String).to_list()
    return _added(missing, stages, DELIVERED_STAGE, "(delivered)", is_terminal=True)


def _added(streams: list[str], stages: pl.DataFrame, name: str, holds: str, *, is_terminal: bool) -> pl.DataFrame:
    """A stage of no status of its own, behind the others of its kind in each of the streams."""
    last = int(stages["stage_order"].to_numpy().max(initial=0)) + 1
    return pl.DataFrame({"value_stream": streams}, schema={"value_stream": pl.String}).select(
        pl.col.value_stream.cast(LABEL),
        stage_name=pl.lit(name, LABEL),
        stage_order=pl.lit(last, pl.Int32),
        has_queue=pl.lit(not is_terminal),
        has_active=pl.lit(False),
        status_names=pl.lit(holds),
        is_terminal=pl.lit(is_terminal),
        delivers=pl.lit(is_terminal),
        is_committed=pl.lit(True),
        committed_until_date=pl.lit(None, pl.Date),
    )
