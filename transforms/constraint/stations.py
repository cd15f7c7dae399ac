"""Which stages are one step of the work: a stage that is only a queue belongs to the step it waits for.

A queue whose issues leave together is no such queue but a gate, and stays a step of its own.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from transforms.definitions import definition_at
from transforms.metrics.bursts import number_bursts
from transforms.metrics.stage_stays import STAY_KINDS
from transforms.metrics.waiting_visits import BATCH_WINDOW
from transforms.order import same_issue
from transforms.workflow import Workflow

FOLLOWED = 0.7
"""Share of a queue's exits to the step behind it from which it is that step's queue."""

INSTANT = timedelta(microseconds=1)

GATE_BATCHED = 0.5
"""Share of a queue's exits in batches from which it is a gate."""


def stations_of(stages: pl.DataFrame, person_intervals: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Every stage that is not terminal and its station: value_stream, stage_name, station, has_queue.

    A station bears the name of the stage in which somebody works. Stages outside the walk have none.
    """
    walk = stages.filter(~pl.col.is_terminal & pl.col.is_committed).sort("value_stream", "stage_order")
    ahead = _followers(person_intervals, workflow)
    only_queue = pl.col.has_queue & ~pl.col.has_active
    following = pl.col("stage_name", "has_queue", "has_active").shift(-1).over("value_stream").name.prefix("next_")
    found = walk.with_columns(following).join(ahead, on=["value_stream", "stage_name"], how="left")
    is_queue_of_next = (
        only_queue
        & pl.col.next_has_active.fill_null(False)
        & ~pl.col.next_has_queue.fill_null(True)
        & (pl.col.next_stage_name == pl.col.follower)
        & (pl.col.follower_share >= FOLLOWED)
        & (pl.col.batched_share < GATE_BATCHED)
    ).fill_null(False)
    found = found.with_columns(station=pl.when(is_queue_of_next).then("next_stage_name").otherwise("stage_name"))
    return found.sort("value_stream", "stage_order").select(
        "value_stream", "stage_name", "station", has_queue=pl.col.has_queue.any().over("value_stream", "station")
    )


def _followers(person_intervals: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """By stage: where most of its exits go, their share of all exits, and the share of exits that are batched.

    What another definition puts into another stage left none.
    """
    ordered = person_intervals.filter(pl.col.kind.is_in(STAY_KINDS)).sort("issue_id", "entered_at")
    is_next = same_issue(-1) & (pl.col.left_at == pl.col.entered_at.shift(-1))
    is_put = definition_at(workflow, "left_at") > definition_at(workflow, "before")
    ordered = ordered.with_columns(before=pl.col.left_at - INSTANT).with_columns(is_put=is_put)
    moves = ordered.with_columns(to=pl.when(is_next).then(pl.col.stage_name.shift(-1)))
    exits = moves.filter(
        pl.col.left_at.is_not_null() & ~pl.col.is_put & (pl.col.to.is_null() | (pl.col.to != pl.col.stage_name))
    ).select("value_stream", "stage_name", "to", "left_at", "issue_id", leaver=pl.lit(1, pl.Int64))
    bursts = number_bursts(exits, ["value_stream", "stage_name", "leaver"], "left_at", BATCH_WINDOW)
    by = ["value_stream", "stage_name"]
    batched = bursts.group_by(by).agg(batched_share=pl.col.burst.is_not_null().mean(), exits=pl.len())
    most = exits.drop_nulls("to").group_by(*by, "to").agg(moved=pl.len()).sort("moved", "to", descending=[True, False])
    most = most.group_by(by, maintain_order=True).first()
    return batched.join(most, on=by, how="left").select(
        *by, "batched_share", follower="to", follower_share=pl.col.moved / pl.col.exits
    )
