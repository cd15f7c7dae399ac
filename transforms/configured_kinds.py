"""Statuses that flow.toml says mean something else from a day on, resolved against the walk they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transforms.site_names import SiteStatuses, unknown_reference
from transforms.walk import WalkStatus, WorkflowError
from transforms.workflow import KindChange
from transforms.workflow_rules import KindRules, StreamRules

_KIND_OF_LISTING = {"wait": "queue", "touch": "active", "blocked": "blocked"}


def apply_kind_changes(rules: StreamRules, walk: Sequence[WalkStatus], site: SiteStatuses) -> list[WalkStatus]:
    """The walk with every status as it is now, and what it was before each change.

    Raises WorkflowError for a status that is not in the walk, that ends work, or that a change leaves as it was.
    """
    changed = {status.status.status_id: status for status in walk}
    for change in rules.changes:
        for key, kind in _KIND_OF_LISTING.items():
            for reference in getattr(change, key):
                for status_id in _find(reference, rules, change, changed, site):
                    changed[status_id] = _changed(changed[status_id], kind, rules, change)
    return list(changed.values())


def _find(
    reference: str, rules: StreamRules, change: KindRules, walk: dict[int, WalkStatus], site: SiteStatuses
) -> list[int]:
    found, _ = site.find(reference, walk.keys()) or ([], None)
    if ids := [status.status_id for status in found if status.status_id in walk]:
        return ids
    names = [status.status.name for status in walk.values()]
    said_by = f"the change of {change.valid_from} in value stream '{rules.name}'"
    raise WorkflowError(
        unknown_reference("status", reference, names, said_by=said_by, listed=names, list_is="Its statuses are")
    )


def _changed(status: WalkStatus, kind: str, rules: StreamRules, change: KindRules) -> WalkStatus:
    where = f"flow.toml: the change of {change.valid_from} in value stream '{rules.name}'"
    if status.is_terminal:
        raise WorkflowError(
            f"{where} names '{status.status.name}', which ends work. Only whether work waits, is worked on or is on"
            " hold can change on a day; a status that ends it must do so in the whole history."
        )
    if status.work_kind == kind:
        raise WorkflowError(
            f"{where} leaves '{status.status.name}' as it was. List under [[value_stream.stage]] what it meant before,"
            " and in the change what it means from then on."
        )
    earlier = KindChange(change.valid_from, status.status.status_id, status.work_kind)
    return replace(status, work_kind=kind, earlier=(*status.earlier, earlier))
