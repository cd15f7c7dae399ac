"""Why a stretch of an issue's life is touch or wait: the status, the rule that decided it, and what lay over it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pipelines.life.record import Record, Row

RELEASE_WAIT = "it is done and waits for the release of its version"

_WORDS = {
    "not_started": "{name} lies before the commitment point",
    "touch": "{name} is work ({decision})",
    "wait": "{name} is a wait ({decision})",
    "unassigned": "{name} is work, and nobody was assigned",
    "done_gap": "{name} had ended it, and it came back",
    "done": "{name} ends it ({decision})",
    "discarded": "{name} gives it up ({decision})",
}


def why(record: Record, interval: Row) -> str:
    """The reason for one interval's kind, in words."""
    visit = visit_at(record, interval["entered_at"])
    kind = interval["kind"]
    if kind == "blocked":
        reason = _why_blocked(record, visit, interval["entered_at"])
    elif kind == "wait" and visit["work_kind"] == "done":
        reason = RELEASE_WAIT
    elif kind == "discarded" and visit["work_kind"] == "done":
        reason = f"{status_name(record, visit)} under a resolution that gives it up"
    else:
        decision = record.statuses.get(visit["status_id"], {}).get("decision", "no rule is known")
        reason = _WORDS[kind].format(name=status_name(record, visit), decision=decision)
    if interval["kind_alternative"]:
        reason += f"; in doubt: by the other reading of the log this is {interval['kind_alternative']}"
    return reason


def visit_at(record: Record, at: datetime) -> Row:
    """The visit that holds at an instant; of several that begin there the last."""
    return next((visit for visit in reversed(record.visits) if visit["entered_at"] <= at), record.visits[0])


def status_names(record: Record, interval: Row) -> list[str]:
    """The statuses an interval lies in, in the order of the visits."""
    end = interval["left_at"] or record.as_of
    visits = [visit_at(record, interval["entered_at"])]
    visits += [visit for visit in record.visits if interval["entered_at"] < visit["entered_at"] < end]
    return [status_name(record, visit) for visit in visits]


def status_name(record: Record, visit: Row) -> str:
    """The name of a visit's status in quotes, or its id."""
    name = record.statuses.get(visit["status_id"], {}).get("status_name")
    return f"'{name}'" if name else f"status {visit['status_id']}"


def _why_blocked(record: Record, visit: Row, at: datetime) -> str:
    """By precedence of telling: its status, its flag, the links that held."""
    if _kind_at(record, visit, at) == "blocked":
        return f"{status_name(record, visit)} puts it on hold"
    causes = ["it was flagged as impeded"] if _is_flagged(record, at) else []
    if keys := sorted(set(_blocking_keys(record, at))):
        causes.append(f"it was blocked by {', '.join(keys)}")
    return " and ".join(causes) or "a flag or link older than its history blocked it"


def _kind_at(record: Record, visit: Row, at: datetime) -> str:
    """The work kind of a visit's status: as it was at the entry, or as it is since it is so."""
    status = record.statuses.get(visit["status_id"], {})
    since = status.get("work_kind_since_at")
    return str(status["work_kind"] if since and since <= at else visit["work_kind"])


def _is_flagged(record: Record, at: datetime) -> bool:
    """The flag as its last change left it; before any, as the first change found it."""
    changes = [change for change in record.changes if change["field"] == "flagged"]
    earlier = [change["to_value"] for change in changes if change["changed_at"] <= at]
    first = [change["from_value"] for change in changes[:1]]
    return bool((earlier or first or [0])[-1])


def _blocking_keys(record: Record, at: datetime) -> Iterator[str]:
    """Keys this issue was linked to as blocked by, whose link had not been removed."""
    links = [c for c in record.changes if c["field"] == "link" and c["link_kind"] == "blocked_by"]
    made = {change["to_key"] for change in links if change["to_key"] and change["changed_at"] <= at}
    for key in made:
        events = [c for c in links if key in (c["from_key"], c["to_key"]) and c["changed_at"] <= at]
        if events[-1]["to_key"] == key:
            yield key
    yield from {c["from_key"] for c in links if c["from_key"] and c["changed_at"] > at} - made
