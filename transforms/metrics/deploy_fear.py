"""The spiral in which bad releases make people release less often, and rarer releases are bigger and worse (§4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from transforms.metrics.period_tables import PERIOD_KEY, PeriodTable, cells, definition_version_column, note_column
from transforms.metrics.periods import PERIOD_KINDS, periods
from transforms.metrics.slots import events_in_periods
from transforms.schema import Column, RowRule
from transforms.statistics.order_statistics import Estimate
from transforms.statistics.rank_correlation import MINIMUM_PAIRS, spearman
from transforms.wording import counted, there_are
from transforms.workflow import Workflow

WHOLE = "whole_history"

ANSWERS = ("yes", "no", "cannot_tell")

NOT_FALLING = -0.3
"""Lower limit of a rank correlation above which "does not fall" counts as shown: an exact zero can never be."""

WEAK = 0.2
"""Rank correlation below which a yes would mean nothing, however sure: daily deliveries correlate surely and hardly."""

BOXES = {
    "batch_grows": "releases grow",
    "pause_grows": "they come ever further apart",
    "failures_keep_up": "bigger ones fail no less per issue",
    "pause_follows_failure": "after a bad one the next takes longer",
    "batch_follows_pause": "after a longer pause more goes out at once",
}
"""The five boxes, and what a yes says."""


def _box_columns() -> dict[str, Column]:
    columns = {}
    for box, words in BOXES.items():
        columns[box] = Column(pl.String(), f"Box: {words}.", values=ANSWERS)
        columns[f"{box}_correlation"] = Column(
            pl.Float64(), f"Rank correlation behind {box}. Empty when too little is known.", nullable=True
        )
        for end, side in (("low", "Lower"), ("high", "Upper")):
            columns[f"{box}_correlation_{end}"] = Column(
                pl.Float64(), f"{side} one-sided 90 % limit of {box}_correlation. Empty likewise.", nullable=True
            )
    return columns


class DeployFear(PeriodTable, layer="metrics", key=PERIOD_KEY):
    """One row per value stream and period, or whole history. Answers: do bad releases make the next ones rarer, bigger?

    Over releases that are no hotfixes: size against order, pause before against order, failures per issue against size,
    the next pause against failures, size against pause. A box is yes or no when the one-sided 90 % limit of Spearman's
    correlation says so; a yes also needs at least 0.2. The verdict is yes when a bad release is followed by a longer
    pause and two more boxes are yes; no when that box is no, or at least three are. Fewer than 12 cannot tell.
    """

    period_kind = Column(
        pl.String(), "Quarter, rolling 26 weeks, or everything up to as_of.", values=(*PERIOD_KINDS, WHOLE)
    )
    release_count = Column(pl.Int64(), "Releases that are no hotfixes.", minimum=0)
    followed_count = Column(pl.Int64(), "Of those, with the 14 days after them over and a next one known.", minimum=0)
    locals().update(_box_columns())
    yes_count = Column(pl.Int64(), "Boxes that are yes, 0–5.", minimum=0)
    verdict = Column(pl.String(), "Whether the spiral turns.", values=ANSWERS)
    sentence = Column(pl.String(), "The verdict in words.")
    definition_version = definition_version_column()
    note = note_column()

    yes_as_counted = RowRule(
        "yes_count is the number of boxes that are yes",
        "yes_count = " + " + ".join(f"({box} = 'yes')::INTEGER" for box in BOXES),
    )


def tell_deploy_fear(release_batches: pl.LazyFrame, workflow: Workflow, as_of: datetime) -> pl.LazyFrame:
    """Tick the five boxes of every stream; DeployFear, from ReleaseBatches."""
    releases = _planned(release_batches.collect())
    if releases.is_empty():
        return DeployFear.empty().lazy()
    first = releases["released_at"].min()
    assert isinstance(first, datetime)
    grid = periods(workflow, first, as_of)
    whole = _whole(workflow, releases, as_of)
    placed = pl.concat(
        [
            events_in_periods(releases, "released_at", grid),
            releases.join(whole, on="value_stream", maintain_order="left"),
        ],
        how="diagonal",
    )
    groups = {tuple(key): group.sort("batch_number") for key, group in placed.group_by(PERIOD_KEY, maintain_order=True)}
    rows = cells(workflow, pl.concat([grid, whole]))
    records = [_judged(groups.get(tuple(key))) for key in rows.select(PERIOD_KEY).iter_rows()]
    found = pl.DataFrame(records, schema={name: DeployFear.columns[name].dtype for name in records[0]})
    made = pl.concat([rows, found], how="horizontal").sort(PERIOD_KEY)
    return DeployFear.select(made.lazy())


def _planned(batches: pl.DataFrame) -> pl.DataFrame:
    """Releases that are no hotfixes: size, pause before, failures, next pause."""
    planned = batches.filter(~pl.col.is_hotfix).sort("value_stream", "batch_number")
    since = (pl.col.released_at - pl.col.released_at.shift(1).over("value_stream")).dt.total_milliseconds()
    planned = planned.select(
        "value_stream",
        "batch_number",
        "released_at",
        size=pl.col.issue_count.cast(pl.Float64),
        pause=since.cast(pl.Float64),
        failures=(pl.col.bug_count + pl.col.hotfix_count).cast(pl.Float64),
    )
    return planned.with_columns(next_pause=pl.col.pause.shift(-1).over("value_stream"))


def _whole(workflow: Workflow, releases: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """One more period per stream: from its first release to as_of."""
    rows = []
    for (name,), group in releases.group_by("value_stream", maintain_order=True):
        [stream] = [stream for stream in workflow.streams if stream.name == name]
        zone, first = ZoneInfo(stream.calendar.zone), group["released_at"][0]
        days = (first.astimezone(zone).date(), as_of.astimezone(zone).date())
        rows.append((name, WHOLE, *days, first, as_of, False))
    return pl.DataFrame(rows, schema=periods(workflow, as_of, as_of).schema, orient="row")


def _judged(group: pl.DataFrame | None) -> dict[str, Any]:
    """The five boxes, the verdict and its words for the releases of one stream and period."""
    count = 0 if group is None else group.height
    followed = 0 if group is None else group.select("failures", "next_pause").drop_nulls().height
    record: dict[str, Any] = {"release_count": count, "followed_count": followed}
    for box in BOXES:
        x, y = (np.empty(0), np.empty(0)) if group is None else _pair(group, box)
        found = spearman(x, y)
        record[box] = _answer(found, box)
        record |= dict(zip((f"{box}_correlation{end}" for end in ("", "_low", "_high")), found, strict=True))
    record["yes_count"] = sum(record[box] == "yes" for box in BOXES)
    record["verdict"] = _verdict(record)
    return record | {"sentence": _sentence(record), "note": _note(record)}


def _pair(group: pl.DataFrame, box: str) -> tuple[np.ndarray, np.ndarray]:
    order, per_issue = pl.col.batch_number.cast(pl.Float64), pl.col.failures / pl.col.size
    columns = {
        "batch_grows": (order, pl.col.size),
        "pause_grows": (order, pl.col.pause),
        "failures_keep_up": (pl.col.size, per_issue),
        "pause_follows_failure": (pl.col.failures, pl.col.next_pause),
        "batch_follows_pause": (pl.col.pause, pl.col.size),
    }
    known = group.select(x=columns[box][0], y=columns[box][1]).drop_nulls()
    return known["x"].to_numpy(), known["y"].to_numpy()


def _answer(found: Estimate, box: str) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "cannot_tell"
    if found.high < 0:
        return "no"
    is_shown = found.low > NOT_FALLING if box == "failures_keep_up" else found.low > 0 and found.value >= WEAK
    return "yes" if is_shown else "cannot_tell"


def _verdict(record: Mapping[str, Any]) -> str:
    if record["pause_follows_failure"] == "yes" and record["yes_count"] >= 3:
        return "yes"
    no_count = sum(record[box] == "no" for box in BOXES)
    return "no" if record["pause_follows_failure"] == "no" or no_count >= 3 else "cannot_tell"


def _sentence(record: Mapping[str, Any]) -> str:
    count, ticked = record["release_count"], [words for box, words in BOXES.items() if record[box] == "yes"]
    if count < MINIMUM_PAIRS:
        return f"Cannot tell: {count} {'release' if count == 1 else 'releases'}, a judgement needs {MINIMUM_PAIRS}."
    seen = f"{len(ticked)} of 5 signs over {counted(count, 'release')}" + (f": {'; '.join(ticked)}." if ticked else ".")
    opening = {
        "yes": "Fear of releasing feeds on itself: ", "no": "No spiral of fear: ", "cannot_tell": "Cannot tell: ",
    }  # fmt: skip
    return opening[record["verdict"]] + seen


def _note(record: Mapping[str, Any]) -> str | None:
    if record["release_count"] < MINIMUM_PAIRS:
        return f"all boxes need {MINIMUM_PAIRS} releases, {there_are(record['release_count'])}"
    empty = [box for box in BOXES if record[f"{box}_correlation"] is None]
    return f"{', '.join(empty)}: fewer than {MINIMUM_PAIRS} known, or they never vary" if empty else None
