"""When an issue was blocked by another: from the link to its removal or to the blocker's end, whichever comes first.

A deleted blocker ends when a run missed it: Jira takes its links away and says so in no history.
Looks across issues, keyed by link, and is therefore no part of the per-issue transforms. What blocking means for an
issue's time is ``work_intervals``.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from transforms.definitions import cut_where_ended
from transforms.gone import gone_by
from transforms.order import ORDER, same_issue
from transforms.schema import TIMESTAMP
from transforms.states import Timeline
from transforms.workflow import TERMINAL_KINDS, Workflow

BLOCK_SCHEMA = pl.Schema(
    {
        "issue_id": pl.Int64(),
        "entered_at": TIMESTAMP,
        "left_at": TIMESTAMP,
        "is_blocker_unknown": pl.Boolean(),
        "is_left_unknown": pl.Boolean(),
    }
)
"""One row per stretch in which one link blocks an issue. ``is_blocker_unknown``: the blocker is outside the extract,
its end cannot be seen. ``is_left_unknown``: the link is older than the visible changelog; the
issue's start stands in. ``left_at`` is empty while it lasts."""

LINK_COLUMNS = ("issue_id", "key", "blocker_id", "entered_at", "history_id", "item_index", "is_made", "is_standing")
"""One row per making or removal of a link."""

VISIT_COLUMNS = ("issue_id", "visit_number", "value_stream", "status_id", "work_kind", "entered_at", "left_at")
"""What is read of StatusVisits."""

KEYS = ("from_key", "to_key", "link_kind")
"""What a change of a link or a key says."""

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""End of a stretch that lasts, where ends are compared."""


def find_dependencies(
    issues: pl.LazyFrame,
    changes: pl.LazyFrame,
    status_visits: pl.LazyFrame,
    tombstones: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> pl.DataFrame:
    """``dependency_intervals`` of whole tables, of which little is read.

    From RawIssues, RawChanges, StatusVisits and RawTombstones.
    """
    named = issues.select("issue_id", "issue_key", "created_at", "blocked_by_keys")
    linked = changes.filter(pl.col.field.is_in(["link", "key"])).select(*ORDER, "field", *KEYS)
    visits = status_visits.select(VISIT_COLUMNS)
    if workflow.is_redefined:
        visits = cut_where_ended(visits.collect(), workflow, as_of).lazy()
    left = pl.when(same_issue(-1)).then("left_at").alias("left_at")  # being gone revives nothing
    terminal = visits.with_columns(left).filter(pl.col.work_kind.is_in(TERMINAL_KINDS)).collect()
    deleted = gone_by(tombstones.filter(reason="deleted_or_no_access"), as_of)
    ends = [
        terminal.select(blocker_id="issue_id", ended_at="entered_at", revived_at="left_at"),
        deleted.select(blocker_id="issue_id", ended_at="gone_at", revived_at=pl.lit(None, TIMESTAMP)),
    ]
    is_deleted = pl.col.issue_id.is_in(deleted["issue_id"].implode())
    living_first = named.collect().sort(is_deleted, maintain_order=True)
    return dependency_intervals(living_first, linked.collect(), pl.concat(ends), as_of)


def dependency_intervals(
    issues: pl.DataFrame, changes: pl.DataFrame, ends: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Find every stretch in which an "is blocked by" link held up to ``as_of``, BLOCK_SCHEMA.

    ``ends`` are stretches that an issue spent in terminal statuses or deleted: blocker_id, ended_at, revived_at. A
    blocker that ends stops blocking for good; one that had ended before the link never blocks.
    """
    links = _link_stretches(issues, changes)
    if links.is_empty():
        return pl.DataFrame(schema=BLOCK_SCHEMA)
    first = _first_end_after(links, ends)
    left = pl.min_horizontal("left_at", "ended_at")
    blocks = links.join(first, on="link", how="left").with_columns(
        left_at=pl.when(left <= as_of).then(left), is_blocker_unknown=pl.col.blocker_id.is_null()
    )
    holds = (pl.col.left_at > pl.col.entered_at).fill_null(pl.col.entered_at <= as_of)
    return blocks.filter(holds).sort("issue_id", "entered_at", "left_at", "key", nulls_last=True).select(*BLOCK_SCHEMA)


def dependency_timeline(issues: pl.DataFrame, blocks: pl.DataFrame) -> Timeline:
    """Whether any of an issue's ``blocks`` holds, 0 or 1: overlapping links count once."""
    blocks = blocks.with_columns(pl.col.left_at.fill_null(FOREVER)).sort("issue_id", "entered_at", "left_at")
    reach = pl.col.left_at.cum_max().shift(1).over("issue_id")
    runs = blocks.with_columns(run=(reach.is_null() | (pl.col.entered_at > reach)).cum_sum())
    union = runs.group_by("run", maintain_order=True).agg(
        pl.col("issue_id", "entered_at").first(), pl.col.left_at.max()
    )
    on = union.select("issue_id", "entered_at", value=pl.lit(1, pl.Int64))
    ended = union.filter(pl.col.left_at < FOREVER)
    off = ended.select("issue_id", entered_at="left_at", value=pl.lit(0, pl.Int64))
    initial = issues.select("issue_id", value=pl.lit(0, pl.Int64))
    return Timeline(initial, pl.concat([on, off]).sort("issue_id", "entered_at"))


def _link_stretches(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """One row per stretch a link stood: link (number), issue_id, key, blocker_id, entered_at, left_at.

    left_at is empty while it stands. A blocker that moved is one blocker under all its keys.
    """
    names = _issue_of_key(issues, changes)
    made = _with_blocker(_link_changes(changes, "to_key", 1), names)
    undone = _with_blocker(_link_changes(changes, "from_key", 0), names)
    standing = _with_blocker(_standing(issues), names).join(made, on=["issue_id", "key"], how="anti")
    moves = pl.concat([made, undone, standing]).sort("issue_id", "key", "entered_at", "history_id", "item_index")
    moves = moves.join(issues.select("issue_id", "created_at"), on="issue_id", maintain_order="left")
    following = pl.struct("issue_id", "key") == pl.struct("issue_id", "key").shift(-1)
    preceding = (pl.struct("issue_id", "key") == pl.struct("issue_id", "key").shift(1)).fill_null(False)
    is_orphan = (pl.col.is_made == 0) & ~(preceding & (pl.col.is_made.shift(1) == 1))
    stretches = moves.with_columns(
        left_at=pl.when(is_orphan)
        .then("entered_at")
        .when(following.fill_null(False))
        .then(pl.col.entered_at.shift(-1)),
        entered_at=pl.when(is_orphan).then("created_at").otherwise("entered_at"),
        is_left_unknown=is_orphan | pl.col.is_standing,
        is_orphan=is_orphan,
    )
    return stretches.filter((pl.col.is_made == 1) | pl.col.is_orphan).with_row_index("link")


def _link_changes(changes: pl.DataFrame, key: str, is_made: int) -> pl.DataFrame:
    links = changes.filter((pl.col.field == "link") & (pl.col.link_kind == "blocked_by") & pl.col(key).is_not_null())
    return links.select(
        "issue_id",
        "history_id",
        "item_index",
        key=key,
        entered_at="changed_at",
        is_made=pl.lit(is_made, pl.Int8),
        is_standing=pl.lit(False),
    )


def _standing(issues: pl.DataFrame) -> pl.DataFrame:
    """Links that stand now, as old as their issues: for all anybody can see, where no change made them."""
    now = issues.select("issue_id", "created_at", key="blocked_by_keys").explode("key").filter(pl.col.key.is_not_null())
    return now.select(
        "issue_id",
        "key",
        history_id=pl.lit(0, pl.Int64),
        item_index=pl.lit(0, pl.Int32),
        entered_at="created_at",
        is_made=pl.lit(1, pl.Int8),
        is_standing=pl.lit(True),
    )


def _with_blocker(links: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Add blocker_id (empty for an issue outside the extract) and give every link the blocker's key of today."""
    named = links.join(names, on="key", how="left", maintain_order="left")
    return named.with_columns(key=pl.coalesce("key_now", "key")).drop("key_now").select(*LINK_COLUMNS)


def _issue_of_key(issues: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Every key an issue ever had: key, blocker_id, key_now. One in use now belongs to the first whom it names now."""
    now = issues.select(key="issue_key", blocker_id="issue_id")
    former = changes.filter(pl.col.field == "key").select(key="from_key", blocker_id="issue_id")
    every = pl.concat([now, former.drop_nulls()]).unique("key", keep="first", maintain_order=True)
    return every.join(now.rename({"key": "key_now"}), on="blocker_id")


def _first_end_after(links: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """First instant at or after a link's beginning at which its blocker is at its end: link, ended_at."""
    candidates = links.select("link", "blocker_id", "entered_at").join(ends, on="blocker_id")
    live = candidates.filter(pl.col.revived_at.is_null() | (pl.col.revived_at > pl.col.entered_at))
    return live.group_by("link").agg(pl.max_horizontal("entered_at", "ended_at").min().alias("ended_at"))
