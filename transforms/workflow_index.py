"""The workflow laid out in arrays, so that millions of rows look their status, stream and calendar up by position.

Only look-ups; the meaning of the model is said in ``transforms.workflow``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np
import polars as pl

from transforms.calendar import WorkingClock
from transforms.definitions import definition_numbers, every_definition
from transforms.order import in_order
from transforms.workflow import TERMINAL_KINDS, Workflow

NO_ORDER = -1
"""Order of a status outside the walk."""


class WorkflowIndex:
    """Arrays by stream code and by status row, and one working clock over all calendars."""

    def __init__(self, workflow: Workflow, first: datetime, last: datetime) -> None:
        """Index ``workflow`` for instants in ``[first, last]``."""
        self.workflow = workflow
        calendars = list(dict.fromkeys(stream.calendar for stream in workflow.streams))
        self.clock = WorkingClock(calendars, first, last)
        self.calendar = np.array([calendars.index(stream.calendar) for stream in workflow.streams], dtype=np.int64)
        blocks = self._statuses()
        self.statuses, self._per_definition = pl.concat(blocks), len(blocks[0])
        stream, status_id = (blocks[0][name].to_numpy() for name in ("stream", "status_id"))
        self._width = int(status_id.max(initial=0)) + 1
        self._keys = stream * self._width + status_id

    def locate(self, stream: np.ndarray, status_id: np.ndarray) -> np.ndarray:
        """Row of ``statuses`` for each pair of stream code and status id, as the oldest definition has it.

        Raises ValueError for a status the workflow does not know in that stream.
        """
        wanted = stream * self._width + status_id
        places: np.ndarray = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        if len(unknown := np.flatnonzero((self._keys[places] != wanted) | (status_id >= self._width))):
            name = self.workflow.streams[int(stream[unknown[0]])].name
            raise ValueError(f"status {status_id[unknown[0]]} of value stream {name!r} is not in the workflow model")
        return places

    def held(self, row: np.ndarray, stream: np.ndarray, entered_at: pl.Series) -> np.ndarray:
        """Row of ``statuses``, by the definition that held in the stream at each instant, for rows of the oldest."""
        if not self.workflow.is_redefined:
            return row
        held: np.ndarray = row + self._per_definition * definition_numbers(self.workflow, stream, entered_at)
        return held

    def _statuses(self) -> list[pl.DataFrame]:
        """STATUS_MODEL_SCHEMA in look-up order, with stream codes and the flags the hot paths ask for.

        One block per definition, all alike in their order; a stream that changed less often repeats its last one.
        """
        every = every_definition(self.workflow).with_columns(
            pl.col.status_order.fill_null(NO_ORDER),
            stream=pl.col.value_stream.replace_strict(self.workflow.stream_codes(), return_dtype=pl.Int64),
            last=pl.col.definition.max().over("value_stream"),
            is_terminal=pl.col.work_kind.is_in(TERMINAL_KINDS),
        )
        count = 1 + max((len(stream.earlier) for stream in self.workflow.streams), default=0)
        is_held = [pl.col.definition == pl.min_horizontal(pl.lit(number), "last") for number in range(count)]
        blocks = [in_order(every.filter(held), ["stream", "status_id"]) for held in is_held]
        known = [block.select("stream", "status_id") for block in blocks]
        if not all(statuses.equals(known[0]) for statuses in known):
            raise ValueError("the definitions of a value stream do not hold the same statuses")
        return blocks


def assign_streams(issues: pl.DataFrame, workflow: Workflow) -> pl.DataFrame:
    """Name the value stream of every issue: ``issues`` in order of id with value_stream and its code ``stream``.

    Raises ValueError for a project and type the workflow does not place.
    """
    scopes = workflow.scopes.with_columns(
        stream=pl.col.value_stream.replace_strict(workflow.stream_codes(), return_dtype=pl.Int64)
    )
    placed = issues.join(scopes, on=["project_id", "issue_type_id"], how="left", maintain_order="left")
    if (lost := placed.filter(pl.col.value_stream.is_null())).height:
        raise ValueError(
            f"no value stream takes issue {lost['issue_key'][0]}: its project and type are not in the workflow"
        )
    return in_order(placed, ["issue_id"])


def covered_stretch(instants: Iterable[pl.Series], as_of: datetime) -> tuple[datetime, datetime]:
    """First and last instant that occur, ``as_of`` included."""
    ends = [end for series in instants for end in (series.min(), series.max()) if isinstance(end, datetime)]
    return min([*ends, as_of]), max([*ends, as_of])
