"""The walk a team described in flow.toml, its references resolved against what the site really has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from transforms.site_names import SiteStatuses, same_name, unknown_reference
from transforms.status_names import Decision, NamedStatus, decide_by_name
from transforms.walk import DISCARDED_STAGE, DONE_STAGE, UNMAPPED_STAGE, WalkStatus, WorkflowError
from transforms.workflow import TERMINAL_KINDS
from transforms.workflow_rules import StageRules, StreamRules

KIND_OF_LISTING = {"wait": "queue", "touch": "active", "blocked": "blocked", "done": "done", "discarded": "discarded"}
"""Key of a stage in flow.toml -> work kind of what it lists, in the order the lists are walked."""


@dataclass(frozen=True)
class Listing:
    """One reference of flow.toml to a status, and where it stands."""

    stage_name: str
    key: str
    reference: str

    def __str__(self) -> str:
        return f"{self.key} of stage '{self.stage_name}'"


def build_configured_walk(rules: StreamRules, site: SiteStatuses, seen_ids: Collection[int]) -> list[WalkStatus]:
    """The listed statuses in the order listed, then every other one of ``seen_ids``.

    An unlisted status is terminal if Jira's category is done (or unknown, and its name says so). Any other counts as
    wait outside the walk and is marked ``unmapped``: never touch. Raises WorkflowError for a status that is unknown or
    listed twice.
    """
    listed = _resolve(rules, site, seen_ids)
    known = {s.status.status_id for s in listed}
    unlisted = [_decide_unlisted(site.by_id[i], rules.stages) for i in sorted(seen_ids) if i not in known]
    return _number([*listed, *unlisted])


def find_commitment(reference: str, walk: Sequence[WalkStatus], where: str) -> int:
    """Order of the status or stage that a commitment names; a status wins over a stage of the same name.

    ``where`` says of what in flow.toml. Raises WorkflowError if there is neither, or if it lies outside the walk.
    """
    named = [s for s in walk if str(s.status.status_id) == reference.strip() or same_name(s.status.name, reference)]
    chosen = named or [s for s in walk if same_name(s.stage_name, reference)]
    if not chosen:
        names = [name for s in walk for name in (s.status.name, s.stage_name)]
        said_by = f"commitment of {where}"
        list_is = "Its statuses and stages are"
        raise WorkflowError(
            unknown_reference("status or stage", reference, names, said_by=said_by, listed=names, list_is=list_is)
        )
    orders = [s.status_order for s in chosen if s.status_order is not None]
    if not orders:
        raise WorkflowError(
            f"flow.toml: commitment of {where} names '{reference}', which lies outside its walk (on hold, or in no"
            " stage), so no issue could start there. Name a status that waits, is worked in, or ends."
        )
    return min(orders)


def _resolve(rules: StreamRules, site: SiteStatuses, seen_ids: Collection[int]) -> list[WalkStatus]:
    places: dict[int, Listing] = {}
    walk = []
    for number, listing in enumerate(_listings(rules.stages)):
        found, decided_by = _find(listing, rules, site, seen_ids)
        for status in found:
            if (other := places.setdefault(status.status_id, listing)) is not listing:
                raise WorkflowError(_listed_twice(rules.name, status, other, listing))
            kind = KIND_OF_LISTING[listing.key]
            walk.append(WalkStatus(status, listing.stage_name, number, kind, decided_by))
    return walk


def _listings(stages: Iterable[StageRules]) -> Iterator[Listing]:
    for stage in stages:
        for key in KIND_OF_LISTING:
            for reference in getattr(stage, key):
                yield Listing(stage.name, key, reference)


def _find(
    listing: Listing, rules: StreamRules, site: SiteStatuses, seen_ids: Collection[int]
) -> tuple[list[NamedStatus], Decision]:
    if found := site.find(listing.reference, seen_ids):
        return found
    said_by = f"value stream '{rules.name}' ({listing})"
    names, listed = [s.name for s in site.by_id.values()], [site.by_id[i].name for i in seen_ids]
    list_is = "The statuses of its issues are"
    raise WorkflowError(
        unknown_reference("status", listing.reference, names, said_by=said_by, listed=listed, list_is=list_is)
    )


def _decide_unlisted(status: NamedStatus, stages: Sequence[StageRules]) -> WalkStatus:
    """A terminal status joins the team's own last stage of that kind, if it has one."""
    decision = decide_by_name(status)
    kind = decision.work_kind
    if status.category in ("new", "indeterminate") or kind not in TERMINAL_KINDS:
        return WalkStatus(status, UNMAPPED_STAGE, None, "queue", "unmapped")
    own = [stage.name for stage in stages if getattr(stage, kind)]
    stage_name = own[-1] if own else {"done": DONE_STAGE, "discarded": DISCARDED_STAGE}[kind]
    return WalkStatus(status, stage_name, status.status_id, kind, decision.decided_by)


def _number(walk: Sequence[WalkStatus]) -> list[WalkStatus]:
    """Number the walk: what is listed, what is done beside it, then what is discarded; blocked and unmapped get none.

    Statuses found by one listing share its place.
    """
    keys = sorted({_place(s) for s in walk if _is_walked(s)})
    return [replace(s, status_order=keys.index(_place(s)) if _is_walked(s) else None) for s in walk]


def _is_walked(status: WalkStatus) -> bool:
    return status.work_kind != "blocked" and status.status_order is not None


def _place(status: WalkStatus) -> tuple[bool, bool, int]:
    is_listed = status.decided_by in ("config_id", "config_name")
    return (status.work_kind == "discarded", not is_listed, status.status_order or 0)


def _listed_twice(stream: str, status: NamedStatus, first: Listing, second: Listing) -> str:
    return (
        f"flow.toml: value stream '{stream}' lists status '{status.name}' ({status.status_id}) twice: as {first}"
        f" (written '{first.reference}') and as {second} (written '{second.reference}'). A name stands for every status"
        " of that name. Give each status one place; where several share a name, list them by id."
    )
