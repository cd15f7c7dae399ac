"""What flow.toml names, held against what a site is known to have before any of its issues is read.

Only what is certainly wrong is refused here. Statuses that old histories alone name are known when those were read:
the last word is ``transforms.infer_workflow``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from transforms.site_names import find_ids, find_stage, same_name, unknown_reference
from transforms.status_names import plain
from transforms.walk import WorkflowError
from transforms.workflow_rules import ChangeRules, StageRules, StreamRules, WorkflowRules

TYPO_LIKENESS = 0.8
"""Names as like as this are one name and a slip of the finger."""


@dataclass(frozen=True)
class KnownNames:
    """Names by id. ``issue_types`` is empty where nobody asked for them."""

    statuses: Mapping[int, str]
    projects: Mapping[int, str]
    """Keys of the projects in scope."""
    resolutions: Mapping[int, str]
    issue_types: Mapping[int, str]
    has_histories: bool = False
    """Whether the statuses that only histories name are among them, from an earlier reading."""


def check_names(rules: WorkflowRules, known: KnownNames) -> list[str]:
    """Sentences about names that only the histories can confirm. Raises WorkflowError for one that cannot be meant."""
    find_ids("resolution", rules.discarding_resolutions, known.resolutions, said_by="workflow.discarding_resolutions")
    for stream in rules.streams:
        said_by = f"value stream '{stream.name}'"
        find_ids("project", stream.project_keys, known.projects, said_by=said_by)
        find_ids("issue type", stream.issue_types if known.issue_types else (), known.issue_types, said_by=said_by)
    return [note for stream in rules.streams for note in _check_statuses(stream, known)]


def _check_statuses(stream: StreamRules, known: KnownNames) -> Iterator[str]:
    stages = [stage.name for stage in stream.stages]
    for change in stream.changes if stages else ():
        for stage in change.stages:
            find_stage(stage.name, stages, _where(change, stream))
    for reference, said_by in _references(stream):
        if _is_there(reference, known.statuses, stages if said_by.startswith("commitment") else ()):
            continue
        names = list(known.statuses.values())
        if not reference.isdecimal() and (known.has_histories or _is_slip(reference, names)):
            raise WorkflowError(unknown_reference("status", reference, names, said_by=said_by))
        yield (
            f"flow.toml: {said_by} names the status '{reference}', which the site does not list; it is looked for in"
            " the histories."
        )


def _references(stream: StreamRules) -> Iterator[tuple[str, str]]:
    """Every status a stream names, and where. A stage that will be inferred cannot be told from a wrong status."""
    for stage in stream.stages:
        for listed in (stage.wait, stage.touch, stage.blocked, stage.done, stage.discarded):
            yield from ((name.strip(), f"value stream '{stream.name}' (stage '{stage.name}')") for name in listed)
    if stream.commitment and stream.stages:
        yield stream.commitment.strip(), f"commitment of value stream '{stream.name}'"
    for change in stream.changes:
        parts: tuple[ChangeRules | StageRules, ...] = (change, *change.stages)
        for part in parts:
            for listed in (part.wait, part.touch, part.blocked, part.done, part.discarded):
                yield from ((name.strip(), _where(change, stream)) for name in listed)
        if change.commitment and stream.stages:
            yield change.commitment.strip(), f"commitment of {_where(change, stream)}"


def _where(change: ChangeRules, stream: StreamRules) -> str:
    return f"the change of {change.valid_from} in value stream '{stream.name}'"


def _is_there(reference: str, statuses: Mapping[int, str], stages: Iterable[str]) -> bool:
    is_id = reference.isdecimal() and int(reference) in statuses
    return is_id or any(same_name(name, reference) for name in (*statuses.values(), *stages))


def _is_slip(reference: str, names: Iterable[str]) -> bool:
    return bool(get_close_matches(plain(reference), {plain(name) for name in names}, n=1, cutoff=TYPO_LIKENESS))
