"""What flow.toml says of a stream's walk from a day on: statuses of another kind or stage, another commitment point.

Resolved against the walk they belong to. What a definition is, and which holds when, is said in ``definitions``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from transforms.configured_walk import KIND_OF_LISTING, find_commitment
from transforms.site_names import SiteStatuses, find_stage, same_name, unknown_reference
from transforms.walk import WalkStatus, WorkflowError, first_committed_order, stages_of
from transforms.walk_order import join_stages
from transforms.workflow import TERMINAL_KINDS
from transforms.workflow_rules import ChangeRules, StreamRules


@dataclass(frozen=True)
class Definition:
    """A walk, its commitment point, and the first day on which they no longer held; None for those of today."""

    walk: Sequence[WalkStatus]
    commitment_order: int
    until: date | None = None


@dataclass(frozen=True)
class Meaning:
    """What a change says a status is from then on."""

    status_id: int
    work_kind: str
    stage_name: str | None
    """None: the one it was in."""


def dated_definitions(rules: StreamRules, walk: Sequence[WalkStatus], site: SiteStatuses) -> list[Definition]:
    """The definitions of a stream, oldest first: the walk as listed or inferred, and what each change makes of it.

    The commitment point is where flow.toml says; where it says nothing, it stays with the status it was inferred at.
    Raises WorkflowError for a status or stage that is not in the walk, a status outside the walk that comes to end
    work, and for what a change leaves as it was.
    """
    first = first_committed_order(walk)
    inferred_ids = frozenset(status.status.status_id for status in walk if status.status_order == first)
    stages = stages_of(walk, (stage.name for stage in rules.stages))
    begun = _Changing(rules, site, stages, inferred_ids, walk, rules.commitment)
    order, definitions = begun.commitment_order(f"value stream '{rules.name}'"), list[Definition]()
    for change in rules.changes:
        definitions.append(Definition(begun.walk, order, change.valid_from))
        where = f"the change of {change.valid_from} in value stream '{rules.name}'"
        begun = begun.after(change, where)
        order = begun.commitment_order(where)
    return [*definitions, Definition(begun.walk, order)]


@dataclass(frozen=True)
class _Changing:
    """A walk on its way through the changes of a stream."""

    rules: StreamRules
    site: SiteStatuses
    stages: list[str]
    inferred_ids: frozenset[int]
    """Statuses at which a commitment point that flow.toml does not name was inferred, before any change."""
    walk: Sequence[WalkStatus]
    commitment: str

    def commitment_order(self, where: str) -> int:
        """The status_order at which work is committed."""
        if self.commitment:
            return find_commitment(self.commitment, self.walk, where)
        held = [s.status_order for s in self.walk if s.status.status_id in self.inferred_ids]
        return min((order for order in held if order is not None), default=0)

    def after(self, change: ChangeRules, where: str) -> _Changing:
        """What the change makes of it."""
        meanings = self._meanings(change, where)
        kinds = [
            replace(s, work_kind=meanings[s.status.status_id].work_kind) if s.status.status_id in meanings else s
            for s in self.walk
        ]
        joins = {i: meaning.stage_name for i, meaning in meanings.items() if meaning.stage_name is not None}
        changed = replace(self, walk=join_stages(kinds, joins, self.stages))
        if change.commitment:
            return changed._recommitted(change.commitment, where)
        if not changed._has_commitment():
            raise WorkflowError(
                f"flow.toml: {where} takes the last status out of '{self.commitment}', at which work counts as started."
                " Give the change a 'commitment': the status or stage at which work counts as started from then on."
            )
        return changed

    def _has_commitment(self) -> bool:
        """Whether what the commitment names is still in the walk; one that is inferred always is."""
        return not self.commitment or any(_is_called(status, self.commitment) for status in self.walk)

    def _recommitted(self, commitment: str, where: str) -> _Changing:
        recommitted = replace(self, commitment=commitment)
        order = recommitted.commitment_order(where)
        if self._has_commitment() and self.commitment_order(where) == order:
            raise WorkflowError(
                f"flow.toml: {where} leaves the commitment where it was, at '{commitment}'. Say under [[value_stream]]"
                " where work counted as started before, and in the change where it does from then on."
            )
        return recommitted

    def _meanings(self, change: ChangeRules, where: str) -> dict[int, Meaning]:
        held = {status.status.status_id: status for status in self.walk}
        meanings: dict[int, Meaning] = {}
        for meaning in self._told(change, held, where):
            _refuse(held[meaning.status_id], meaning, is_twice=meaning.status_id in meanings, where=where)
            meanings[meaning.status_id] = meaning
        return meanings

    def _told(self, change: ChangeRules, held: Mapping[int, WalkStatus], where: str) -> Iterator[Meaning]:
        parts = [(change, None), *((stage, find_stage(stage.name, self.stages, where)) for stage in change.stages)]
        for part, stage_name in parts:
            for key, kind in KIND_OF_LISTING.items():
                for reference in getattr(part, key):
                    for status_id in _find(reference, held, self.site, where):
                        yield Meaning(status_id, kind, stage_name)


def _is_called(status: WalkStatus, reference: str) -> bool:
    names = (str(status.status.status_id), status.status.name, status.stage_name)
    return any(same_name(name, reference) for name in names)


def _find(reference: str, held: Mapping[int, WalkStatus], site: SiteStatuses, where: str) -> list[int]:
    found, _ = site.find(reference, held.keys()) or ([], None)
    if ids := [status.status_id for status in found if status.status_id in held]:
        return ids
    names = [status.status.name for status in held.values()]
    raise WorkflowError(
        unknown_reference("status", reference, names, said_by=where, listed=names, list_is="Its statuses are")
    )


def _refuse(status: WalkStatus, meaning: Meaning, *, is_twice: bool, where: str) -> None:
    """Raise WorkflowError for what cannot change on a day, or does not."""
    said = f"flow.toml: {where}"
    name = status.status.name
    is_moved = meaning.stage_name is not None and meaning.stage_name != status.stage_name
    if is_twice:
        raise WorkflowError(f"{said} names '{name}' twice. Give it one stage and one list.")
    if status.status_order is None and meaning.work_kind in TERMINAL_KINDS:
        raise WorkflowError(
            f"{said} lets '{name}' end work, but it lies outside the walk (on hold, or in no stage). List it under"
            " [[value_stream.stage]] as wait or touch."
        )
    if is_moved and status.decided_by == "unmapped":
        raise WorkflowError(
            f"{said} puts '{name}' into the stage '{meaning.stage_name}', but no stage had it before. List it under"
            " [[value_stream.stage]], in the stage it belonged to or in this one."
        )
    if status.work_kind == meaning.work_kind and not is_moved:
        raise WorkflowError(
            f"{said} leaves '{name}' as it was. List under [[value_stream.stage]] what it meant before, and in the"
            " change what it means from then on."
        )
