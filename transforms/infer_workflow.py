"""Build the workflow model: what a team configured, and the rest inferred from Jira's own data.

The one place where rules, issues and names meet. How a walk is inferred or configured belongs to
``transforms.inferred_walk`` and ``transforms.configured_walk``; reading flow.toml to ``pipelines.config``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from transforms.configured_changes import Definition, dated_definitions
from transforms.configured_walk import build_configured_walk
from transforms.inferred_walk import infer_walk
from transforms.site_names import SiteStatuses, find_ids
from transforms.status_names import is_discarding_resolution
from transforms.status_order import count_moves, count_precedence, first_entries, sample_issues, statuses_entered
from transforms.stream_scopes import assign_scopes
from transforms.walk import WalkStatus, WorkflowError, stages_of, walk_rows
from transforms.workflow import EARLIER_STATUS_SCHEMA, ValueStream, Workflow
from transforms.workflow_rules import StreamRules, WorkflowRules

__all__ = ["WorkflowError", "infer_workflow"]

UNASSIGNED_THRESHOLD = 0.6
"""A stream does not use assignment if more than this share of its delivered issues never had an assignee
(METHODS §1.1)."""

_ISSUE_COLUMNS = (
    "issue_id", "project_id", "project_key", "issue_type_id", "issue_type", "hierarchy_level", "status_id",
    "resolution_id", "assignee",
)  # fmt: skip

Frame = pl.DataFrame | pl.LazyFrame


@dataclass
class StreamEvidence:
    """What one stream shows: the statuses its issues had; and by a sample, where they rest and how they pass."""

    seen_ids: set[int] = field(default_factory=set)
    resting: dict[int, int] = field(default_factory=dict)
    precedence: dict[tuple[int, int], int] = field(default_factory=dict)
    moves: dict[tuple[int, int], int] = field(default_factory=dict)


def infer_workflow(
    rules: WorkflowRules, issues: Frame, changes: Frame, statuses: Frame, projects: Frame, resolutions: Frame
) -> Workflow:
    """The model of a site from its raw tables (RawIssues, RawChanges, RawStatuses, RawProjects, RawResolutions).

    Same rows in any order give the same model. Raises WorkflowError where ``rules`` name what the site does not have.
    """
    placed = issues.lazy().select(_ISSUE_COLUMNS).collect()
    streams, scopes = assign_scopes(rules.streams, placed, projects.lazy().collect())
    placed = _place_in_streams(placed, streams, scopes)
    evidence = _gather_evidence(placed, changes.lazy())
    seen_ids = {status_id for stream in evidence.values() for status_id in stream.seen_ids}
    site = SiteStatuses.read(statuses.lazy().collect(), seen_ids)
    walks = [_walk(stream, site, evidence[code]) for code, stream in enumerate(streams)]
    definitions = [dated_definitions(stream, walk, site) for stream, walk in zip(streams, walks, strict=True)]
    discarding = _discarding_ids(rules.discarding_resolutions, resolutions.lazy().collect())
    level = _flow_level(placed)
    delivered = _delivered(placed.filter(pl.col("hierarchy_level") == level), walks, discarding)
    models = _status_models(streams, definitions)
    without_assignment = _streams_without_assignment(delivered, changes.lazy())
    return Workflow(
        tuple(
            _value_stream(rules, stream, told, is_assignment_used=code not in without_assignment)
            for code, (stream, told) in enumerate(zip(streams, definitions, strict=True))
        ),
        models.filter(pl.col.until.is_null()).drop("until"),
        scopes,
        discarding,
        level,
        models.filter(pl.col.until.is_not_null()),
    )


def _place_in_streams(issues: pl.DataFrame, streams: Sequence[StreamRules], scopes: pl.DataFrame) -> pl.DataFrame:
    """The issues with ``stream_code``, the position of their stream."""
    codes = {"value_stream": [stream.name for stream in streams], "stream_code": range(len(streams))}
    coded = scopes.join(
        pl.DataFrame(codes, {"value_stream": pl.String(), "stream_code": pl.UInt32()}), on="value_stream"
    )
    return issues.join(coded.drop("value_stream"), on=["project_id", "issue_type_id"])


def _gather_evidence(issues: pl.DataFrame, changes: pl.LazyFrame) -> defaultdict[int, StreamEvidence]:
    evidence: defaultdict[int, StreamEvidence] = defaultdict(StreamEvidence)
    issue_streams = issues.lazy().select("issue_id", "stream_code")
    for code, status_id in statuses_entered(changes, issue_streams).iter_rows():
        evidence[code].seen_ids.add(status_id)
    for code, status_id in issues.select("stream_code", "status_id").unique().iter_rows():
        evidence[code].seen_ids.add(status_id)
    sample = sample_issues(issues.lazy()).collect()
    for code, status_id, issue_count in sample.group_by("stream_code", "status_id").len().iter_rows():
        evidence[code].resting[status_id] = issue_count
    sampled = sample.lazy().select("issue_id", "stream_code")
    entries = first_entries(changes, sampled)
    for code, earlier, later, issue_count in count_precedence(entries).iter_rows():
        evidence[code].precedence[earlier, later] = issue_count
    for code, old, new, move_count in count_moves(changes, sampled).iter_rows():
        evidence[code].moves[old, new] = move_count
    return evidence


def _walk(stream: StreamRules, site: SiteStatuses, evidence: StreamEvidence) -> list[WalkStatus]:
    """The walk before any change."""
    if stream.stages:
        return build_configured_walk(stream, site, evidence.seen_ids)
    seen = [site.by_id[i] for i in evidence.seen_ids]
    return infer_walk(seen, evidence.precedence, evidence.resting, evidence.moves)


def _value_stream(
    rules: WorkflowRules, stream: StreamRules, definitions: Sequence[Definition], *, is_assignment_used: bool
) -> ValueStream:
    """What the team says wins over what was detected."""
    return ValueStream(
        name=stream.name,
        calendar=stream.calendar or rules.calendar,
        commitment_order=definitions[-1].commitment_order,
        delivery=stream.delivery,
        is_assignment_used=is_assignment_used if stream.is_assignment_used is None else stream.is_assignment_used,
        reopen_horizon=rules.reopen_horizon,
        earlier=tuple((d.until, d.commitment_order) for d in definitions if d.until is not None),
    )


def _status_models(streams: Sequence[StreamRules], definitions: Sequence[Sequence[Definition]]) -> pl.DataFrame:
    """EARLIER_STATUS_SCHEMA of all definitions; ``until`` is empty for those that hold now."""
    frames = [EARLIER_STATUS_SCHEMA.to_frame()]
    for stream, told in zip(streams, definitions, strict=True):
        stages = stages_of(told[0].walk, (stage.name for stage in stream.stages))
        for definition in told:
            rows = walk_rows(stream.name, definition.walk, stages)
            frames.append(rows.select(pl.lit(definition.until, pl.Date).alias("until"), pl.all()))
    return pl.concat(frames)


def _discarding_ids(references: Sequence[str], resolutions: pl.DataFrame) -> frozenset[int]:
    names = dict(resolutions.select("resolution_id", "resolution_name").iter_rows())
    if references:
        return find_ids("resolution", references, names, said_by="workflow.discarding_resolutions")
    return frozenset(resolution_id for resolution_id, name in names.items() if is_discarding_resolution(name))


def _flow_level(issues: pl.DataFrame) -> int:
    """Standard issues, unless a scope holds nothing but sub-tasks."""
    return -1 if issues.height and (issues["hierarchy_level"] < 0).all() else 0


def _delivered(issues: pl.DataFrame, walks: Sequence[Sequence[WalkStatus]], discarding: frozenset[int]) -> pl.DataFrame:
    """The issues that now rest in a done status of their stream, under no discarding resolution."""
    done = [(code, s.status.status_id) for code, walk in enumerate(walks) for s in walk if s.work_kind == "done"]
    schema = {"stream_code": pl.UInt32(), "status_id": pl.Int64()}
    ends = pl.DataFrame(done, schema=schema, orient="row")
    is_discarded = pl.col("resolution_id").is_in(list(discarding)).fill_null(value=False)
    return issues.join(ends, on=["stream_code", "status_id"], how="semi").filter(~is_discarded)


def _streams_without_assignment(delivered: pl.DataFrame, changes: pl.LazyFrame) -> set[int]:
    """Codes of the streams in which most delivered issues never had an assignee, now or by the changelog."""
    is_assignment = pl.col("field") == "assignee"
    assigned = changes.filter(is_assignment, pl.any_horizontal(pl.col("from_id", "to_id").is_not_null()))
    shares = (
        delivered.lazy()
        .join(assigned.select("issue_id", has_been_assigned=True).unique(), on="issue_id", how="left")
        .group_by("stream_code")
        .agg(share=(pl.col("has_been_assigned").is_null() & pl.col("assignee").is_null()).mean())
        .filter(pl.col("share") > UNASSIGNED_THRESHOLD)
    )
    return set(shares.collect()["stream_code"])
