"""Which definition of a value stream held at an instant, and where lives are cut because another one begins.

A definition is a stream's whole walk (stage, place and work kind of every status) with its commitment point. Ids are
stable, so a new column dates itself; definitions are for a status that a team uses otherwise from a day on. Every
instant is told by the definition that held then, from the local midnight with which its first day begins: an issue in
a status that becomes committed is started at that midnight, one in a status that comes to end work ends at it. What
was started stays so whatever holds later, and what had ended in a status stays ended until it leaves that status.
Whether a move goes back is judged, at both its ends, by the definition that held when it was made.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.local_days import midnight_of
from transforms.order import same_issue
from transforms.schema import LABEL, TIMESTAMP
from transforms.states import Timeline
from transforms.workflow import EARLIER_STATUS_SCHEMA, TERMINAL_KINDS, ValueStream, Workflow

ONE_STATUS = ["value_stream", "definition", "status_id"]
"""What a row of ``every_definition`` is of."""


NOWHERE = -1
"""Stands for the place before a visit where a terminal status, or a beginning outside the walk, lies before it."""


def begins_of(stream: ValueStream) -> list[datetime]:
    """When each definition of a stream but its first began, oldest first."""
    return [midnight_of(until, ZoneInfo(stream.calendar.zone)) for until, _ in stream.earlier]


def known_by(workflow: Workflow, as_of: datetime) -> Workflow:
    """The workflow without the changes that begin after ``as_of``: what holds then is what it holds now."""
    if all(begin <= as_of for stream in workflow.streams for begin in begins_of(stream)):
        return workflow
    streams, begun = [], [EARLIER_STATUS_SCHEMA.to_frame()]
    every = pl.concat([workflow.earlier_statuses, _as_earlier(workflow.statuses)])
    for stream in workflow.streams:
        held = [*stream.earlier, (None, stream.commitment_order)]
        count = sum(begin <= as_of for begin in begins_of(stream))
        streams.append(replace(stream, earlier=stream.earlier[:count], commitment_order=held[count][1]))
        own = every.filter(value_stream=stream.name)
        begun += [own.filter(pl.col.until.eq_missing(until)) for until, _ in held[:count]]
        begun.append(own.filter(pl.col.until.eq_missing(held[count][0])).with_columns(until=None))
    told = pl.concat(begun)
    now, before = told.filter(pl.col.until.is_null()).drop("until"), told.filter(pl.col.until.is_not_null())
    return replace(workflow, streams=tuple(streams), statuses=now, earlier_statuses=before)


def every_definition(workflow: Workflow) -> pl.DataFrame:
    """STATUS_MODEL_SCHEMA for every definition of every stream, with definition, commitment_order and is_committed.

    ``definition`` is the number of changes its stream had seen: 0 is the oldest. Terminal statuses are committed.
    """
    points = [
        (stream.name, until, number, order)
        for stream in workflow.streams
        for number, (until, order) in enumerate([*stream.earlier, (None, stream.commitment_order)])
    ]
    schema = {"value_stream": pl.String, "until": pl.Date, "definition": pl.Int64, "commitment_order": pl.Int32}
    rows = pl.concat([workflow.earlier_statuses, _as_earlier(workflow.statuses)]).join(
        pl.DataFrame(points, schema, orient="row"),
        on=["value_stream", "until"],
        nulls_equal=True,
        maintain_order="left",
    )
    is_reached = (pl.col.status_order >= pl.col.commitment_order).fill_null(False)
    return rows.with_columns(is_committed=pl.col.work_kind.is_in(TERMINAL_KINDS) | is_reached)


def _as_earlier(statuses: pl.DataFrame) -> pl.DataFrame:
    return statuses.select(pl.lit(None, pl.Date).alias("until"), pl.all())


def places(workflow: Workflow) -> pl.DataFrame:
    """Where each definition has the statuses of the walk.

    Columns: ONE_STATUS, stage_name, status_order, last_order (of its stage), is_committed.
    """
    model = every_definition(workflow).filter(pl.col.status_order.is_not_null())
    return model.select(
        pl.col.value_stream.cast(LABEL), "definition", "status_id", pl.col.stage_name.cast(LABEL), "status_order",
        "is_committed", last_order=pl.col.status_order.max().over("value_stream", "definition", "stage_name"),
    )  # fmt: skip


def definition_at(workflow: Workflow, at: str = "entered_at") -> pl.Expr:
    """Number of the definition that held in the row's value_stream at an instant."""
    name = pl.col.value_stream.cast(pl.String)
    seen = [
        ((name == stream.name) & (pl.col(at) >= begin)).cast(pl.Int64)
        for stream in workflow.streams
        for begin in begins_of(stream)
    ]
    return pl.sum_horizontal(pl.lit(0, pl.Int64), *seen).alias("definition")


def definition_numbers(workflow: Workflow, stream: np.ndarray, entered_at: pl.Series) -> np.ndarray:
    """The same for rows whose stream is a code."""
    numbers = np.zeros(len(stream), np.int64)
    for code, held in enumerate(workflow.streams):
        for begin in begins_of(held):
            numbers += (stream == code) & (entered_at >= begin).to_numpy()
    return numbers


def definition_timeline(placed: pl.DataFrame, workflow: Workflow, as_of: datetime) -> Timeline:
    """Which definition of its stream an issue lives under; cuts its life where another one begins."""
    rows = placed.select("issue_id", pl.col.value_stream.cast(pl.String)).join(
        _begins(workflow, as_of), on="value_stream"
    )
    changes = rows.select("issue_id", entered_at="begins_at", value="definition").sort("issue_id", "entered_at")
    return Timeline(placed.select("issue_id", value=pl.lit(0, pl.Int64)), changes)


def cut_visits(visits: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Status visits, a piece for every definition of their stream under which they lasted, up to one that ends them.

    ``visits`` hold at least issue_id, visit_number, value_stream, status_id, work_kind, entered_at and left_at. Their
    times, kind and, if it is there, stage become those of the piece; durations do not.
    """
    begins = _begins(workflow, as_of).select(pl.col.value_stream.cast(LABEL), "begins_at")
    if begins.is_empty():
        return visits
    later = visits.join(begins, on="value_stream").filter(
        pl.col.begins_at > pl.col.entered_at, pl.col.left_at.is_null() | (pl.col.begins_at < pl.col.left_at)
    )
    later = later.with_columns(entered_at="begins_at").drop("begins_at")
    cut = _told(pl.concat([visits, later]).sort("issue_id", "visit_number", "entered_at"), workflow)
    cut = cut.with_columns(is_end=pl.col.work_kind.is_in(TERMINAL_KINDS)).filter(~ended_before())
    return cut.with_columns(left_at=pl.coalesce(_next_piece(), "left_at")).select(visits.columns)


def cut_where_ended(visits: pl.DataFrame, workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """The same, cut only where a status that did not end work when it was entered came to do so while it lasted."""
    cut = cut_visits(visits, workflow, as_of)
    if len(cut) == len(visits):
        return visits
    is_end = pl.col.work_kind.is_in(TERMINAL_KINDS)
    cut = cut.filter(~_is_same_visit() | is_end)
    last = visits.select("issue_id", "visit_number", visit_left_at="left_at")
    cut = cut.join(last, on=["issue_id", "visit_number"], how="left", maintain_order="left")
    return cut.with_columns(left_at=pl.coalesce(_next_piece(), "visit_left_at")).select(visits.columns)


def since_entry(flag: str) -> pl.Expr:
    """Whether a flag has held on this row or one before it of the same visit."""
    return pl.when(pl.col(flag)).then(True).when(~_is_same_visit()).then(False).forward_fill()


def ended_before() -> pl.Expr:
    """Whether an earlier row of the same visit ``is_end``."""
    return _is_same_visit() & since_entry("is_end").shift(1)


def _is_same_visit() -> pl.Expr:
    return same_issue(1) & (pl.col.visit_number == pl.col.visit_number.shift(1)).fill_null(False)


def _next_piece() -> pl.Expr:
    """When the next piece of the same visit begins; empty for the last one."""
    return pl.when(_is_same_visit().shift(-1, fill_value=False)).then(pl.col.entered_at.shift(-1))


def _told(pieces: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Stage and kind of each piece's status, as the definition that held when it began has them."""
    held = every_definition(workflow).select(
        pl.col.value_stream.cast(LABEL), "definition", "status_id", pl.col.stage_name.cast(LABEL), "work_kind"
    )
    pieces = pieces.drop("stage_name", "work_kind", strict=False).with_columns(definition_at(workflow))
    return pieces.join(held, on=ONE_STATUS, how="left", maintain_order="left")


def _begins(workflow: Workflow, as_of: datetime) -> pl.DataFrame:
    """Every definition that began by ``as_of`` in place of another: value_stream, definition, begins_at."""
    begun = [
        (stream.name, number, at)
        for stream in workflow.streams
        for number, at in enumerate(begins_of(stream), start=1)
        if at <= as_of
    ]
    schema = {"value_stream": pl.String(), "definition": pl.Int64(), "begins_at": TIMESTAMP}
    return pl.DataFrame(begun, schema, orient="row")
