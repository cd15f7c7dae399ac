"""Which value stream takes which project and issue type: configured streams first, then one per project left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from transforms.site_names import find_ids
from transforms.walk import WorkflowError
from transforms.workflow_rules import StreamRules

SCOPE_SCHEMA = pl.Schema({"project_id": pl.Int64(), "issue_type_id": pl.Int64(), "value_stream": pl.String()})
"""One row per project and issue type seen."""


@dataclass(frozen=True)
class Claim:
    """A configured stream's claim, by ids; None claims all."""

    value_stream: str
    project_ids: frozenset[int] | None
    issue_type_ids: frozenset[int] | None

    def takes(self, project_id: int, issue_type_id: int) -> bool:
        """Whether the stream takes issues of this project and type."""
        is_project = self.project_ids is None or project_id in self.project_ids
        return is_project and (self.issue_type_ids is None or issue_type_id in self.issue_type_ids)

    @property
    def is_rest(self) -> bool:
        """Whether it names neither projects nor types, and so takes what no other takes."""
        return self.project_ids is None and self.issue_type_ids is None


def assign_scopes(
    configured: Sequence[StreamRules], issues: pl.DataFrame, projects: pl.DataFrame
) -> tuple[tuple[StreamRules, ...], pl.DataFrame]:
    """All streams, and the one each project and type belongs to (SCOPE_SCHEMA, sorted).

    The first configured stream that matches takes an issue; one that names neither projects nor types comes after all
    others. What none takes belongs to a stream of its project, named like it, with its key where that name is taken. A
    stream that takes nothing and names no stages is none. Raises WorkflowError for a project or type that is not there.
    """
    seen = issues.select("project_id", "project_key", "issue_type_id", "issue_type").unique().sort(pl.all())
    keys = dict(seen.select("project_id", "project_key").iter_rows())
    keys |= dict(projects.select("project_id", "project_key").iter_rows())
    claims = _claims(configured, keys, dict(seen.select("issue_type_id", "issue_type").iter_rows()))
    pairs = seen.select("project_id", "issue_type_id").unique().sort(pl.all()).rows()
    takers = {pair: next((c.value_stream for c in claims if c.takes(*pair)), None) for pair in pairs}
    left_over = {project_id for (project_id, _), taker in takers.items() if taker is None}
    names = _project_streams(left_over, keys, projects, {stream.name for stream in configured})
    rows = [(*pair, taker or names[pair[0]]) for pair, taker in takers.items()]
    own = tuple(StreamRules(names[project_id]) for project_id in sorted(names, key=lambda i: (keys[i], i)))
    taking = set(takers.values())
    kept = tuple(stream for stream in configured if stream.stages or stream.name in taking)
    return (*kept, *own), pl.DataFrame(rows, schema=SCOPE_SCHEMA, orient="row")


def _claims(configured: Sequence[StreamRules], project_keys: dict[int, str], types: dict[int, str]) -> list[Claim]:
    """Types are known from issues alone, so without any issue there is nothing to check them against."""
    if twice := [name for name, count in Counter(stream.name for stream in configured).items() if count > 1]:
        raise WorkflowError(f"flow.toml: two value streams are named '{twice[0]}'. Give each a name of its own.")
    claims = []
    for stream in configured:
        said_by = f"value stream '{stream.name}'"
        project_ids = find_ids("project", stream.project_keys, project_keys, said_by=said_by)
        type_ids = find_ids("issue type", stream.issue_types if types else (), types, said_by=said_by)
        claims.append(Claim(stream.name, project_ids or None, type_ids or None))
    return sorted(claims, key=lambda claim: claim.is_rest)


def told_without_issues(configured: Sequence[StreamRules], scopes: pl.DataFrame) -> list[str]:
    """A sentence for every configured stream no issue belongs to; ``scopes`` as assign_scopes gives them."""
    taking = set(scopes["value_stream"])
    return [
        f"flow.toml: no issue flows through value stream '{stream.name}', so there is nothing to say of it. If that is"
        " a mistake, mend its 'projects' or 'issue_types' under [[value_stream]]."
        for stream in configured
        if stream.name not in taking
    ]


def _project_streams(
    project_ids: Iterable[int], keys: dict[int, str], projects: pl.DataFrame, taken: set[str]
) -> dict[int, str]:
    names = keys | dict(projects.select("project_id", "project_name").iter_rows())
    uses = Counter(names.values())
    return {
        i: names[i] if uses[names[i]] == 1 and names[i] not in taken else f"{names[i]} ({keys[i]})" for i in project_ids
    }
