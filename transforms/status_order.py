"""In which order the statuses of a value stream really follow one another, counted over its issues.

Evidence and ordering only: what a status means belongs to ``transforms.status_names``, the walk that comes of both to
``transforms.inferred_walk``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import polars as pl

Node = TypeVar("Node", bound=Hashable)

SAMPLE_SIZE = 2_000
"""Issues per stream whose order is counted. It takes far fewer to tell a majority; all of a large site would cost most
of the time of this step."""


def statuses_entered(changes: pl.LazyFrame, issue_streams: pl.LazyFrame) -> pl.DataFrame:
    """One row per stream and status its changelogs name, as old or new one: stream_code, status_id."""
    moves = changes.filter(pl.col("field") == "status").join(issue_streams, on="issue_id")
    steps = moves.select("stream_code", "from_id", "to_id").unique().collect()
    sides = (steps.select("stream_code", status_id=side) for side in ("from_id", "to_id"))
    return pl.concat(sides).drop_nulls().unique()


def sample_issues(issue_streams: pl.LazyFrame, issues_per_stream: int = SAMPLE_SIZE) -> pl.LazyFrame:
    """At most so many issues of each stream, at even distances by id: old and new alike, the same ones every time."""
    stride = ((pl.len() - 1) // issues_per_stream + 1).over("stream_code")
    number = pl.col("issue_id").rank("ordinal").over("stream_code") - 1
    return issue_streams.filter(number % stride == 0)


def first_entries(changes: pl.LazyFrame, issue_streams: pl.LazyFrame) -> pl.DataFrame:
    """One row per issue and status its changelog names: stream_code, issue_id, status_id; in order of first entry.

    ``issue_streams`` has issue_id and stream_code; changes of other issues are left out. The old status of a change
    counts as entered just before it: so the initial status is there, and one that a broken chain leaves out.
    """
    moves = changes.filter(pl.col("field") == "status").join(issue_streams, on="issue_id", how="semi")
    return (
        pl.concat([_side(moves, "from_id", 0), _side(moves, "to_id", 1)])
        .filter(pl.col("status_id").is_not_null())
        .group_by("issue_id", "status_id")
        .agg(pl.col("entered_at").min(), pl.col("sequence").min())
        .join(issue_streams, on="issue_id")
        .sort("issue_id", "entered_at", "sequence", "status_id")
        .select("stream_code", "issue_id", "status_id")
        .collect()
    )


def count_precedence(entries: pl.DataFrame) -> pl.DataFrame:
    """One row per stream and pair of statuses: stream_code, earlier_id, later_id, issue_count.

    Counted are issues that first entered the one before the other. The sorted entries are laid beside themselves, one,
    two, three … rows on, as long as a row still meets its own issue: no join, no pairs in memory.
    """
    counts, distance = [_pairs_at(entries, 1)], 1
    while counts[-1].height:
        distance += 1
        counts.append(_pairs_at(entries, distance))
    pair = ("stream_code", "earlier_id", "later_id")
    return pl.concat(counts).group_by(pair).agg(pl.col("issue_count").sum()).sort(pair)


def count_moves(changes: pl.LazyFrame, issue_streams: pl.LazyFrame) -> pl.DataFrame:
    """One row per stream and direct step between two statuses: stream_code, from_id, to_id, move_count."""
    step = ("stream_code", "from_id", "to_id")
    moves = changes.filter(pl.col("field") == "status").join(issue_streams, on="issue_id").drop_nulls(step[1:])
    return moves.group_by(step).agg(move_count=pl.len().cast(pl.Int64)).sort(step).collect()


def order_by_majority(
    nodes: Sequence[Node], precedence: Mapping[tuple[Node, Node], int], expected: Iterable[tuple[Node, Node]] = ()
) -> list[Node]:
    """Put ``nodes`` in the order most issues take (ranked pairs, Tideman).

    ``precedence[a, b]`` issues entered a before b. The clearest majorities are settled first and one that contradicts
    them is passed over, so rework, skipped statuses and a rare detour do not turn the walk round. ``expected`` pairs
    (earlier, later) decide only where the issues do not. What is still open keeps the order of ``nodes``.
    """
    place = {node: bit for bit, node in enumerate(nodes)}
    after, before = [0] * len(nodes), [0] * len(nodes)
    for earlier, later in _strongest_first(place, precedence, expected):
        _settle(place[earlier], place[later], after, before)
    depth = [b.bit_count() - a.bit_count() for a, b in zip(after, before, strict=True)]
    return sorted(nodes, key=lambda node: (depth[place[node]], place[node]))


def _side(moves: pl.LazyFrame, column: str, offset: int) -> pl.LazyFrame:
    sequence = pl.col("history_id") * 2 + offset
    return moves.select("issue_id", status_id=column, entered_at="changed_at", sequence=sequence)


def _pairs_at(ordered: pl.DataFrame, distance: int) -> pl.DataFrame:
    return (
        ordered.lazy()
        .with_columns(later_id=pl.col("status_id").shift(-distance))
        .filter(pl.col("issue_id") == pl.col("issue_id").shift(-distance))
        .group_by("stream_code", earlier_id="status_id", later_id="later_id")
        .agg(issue_count=pl.len().cast(pl.Int64))
        .collect()
    )


def _strongest_first(
    place: Mapping[Node, int], precedence: Mapping[tuple[Node, Node], int], expected: Iterable[tuple[Node, Node]]
) -> list[tuple[Node, Node]]:
    margins = {
        (a, b): margin
        for a, b in precedence
        if a in place and b in place and (margin := precedence[a, b] - precedence.get((b, a), 0)) > 0
    }
    clear = sorted(margins, key=lambda pair: (-margins[pair], place[pair[0]], place[pair[1]]))
    return clear + [(a, b) for a, b in expected if (b, a) not in margins]


def _settle(earlier: int, later: int, after: list[int], before: list[int]) -> None:
    """Note that ``earlier`` comes before ``later``, with all that follows from it, unless the reverse is settled."""
    if earlier == later or after[later] >> earlier & 1 or after[earlier] >> later & 1:
        return
    sources, targets = before[earlier] | 1 << earlier, after[later] | 1 << later
    for bit in range(len(after)):
        if sources >> bit & 1:
            after[bit] |= targets
        if targets >> bit & 1:
            before[bit] |= sources
