"""Cloud's three ways to an issue's history: in bulk, page by page, and embedded with the oldest cut off.

Which issues are asked for by query is in ``cloud``; how one history is written is in ``issue_json``.
"""

import zlib
from operator import itemgetter
from typing import Any

from pipelines.sandbox.cloud_bodies import ChangelogsBody
from pipelines.sandbox.exchange import Asked, RefusedError, ServedSite, page, read_token, write_token
from pipelines.sandbox.issue_json import FieldIds, claimed_total, cloud_history, field_ids_of, histories

Json = dict[str, Any]
Dated = tuple[int, int, Json]
"""(epoch milliseconds, issue id, history as recorded)."""

MAX_ISSUES = 1000
MAX_FIELD_IDS = 10
MAX_HISTORIES = 10_000


def fetch_changelogs(served: ServedSite, asked: Asked) -> Json:
    """A page of histories of up to 1000 issues, oldest first whatever their issue; unknown issues are left out."""
    body = asked.read(ChangelogsBody)
    _check(body)
    asked_for = (",".join(body.issue_ids_or_keys), ",".join(body.field_ids))
    key, token = ("changelogs", zlib.crc32(repr(asked_for).encode())), body.next_page_token or None
    found: list[Dated] = served.chain(key, token, lambda: _dated_histories(served, body))
    start = read_token(token, *key) if token is not None else 0
    stop = start + min(body.max_results, served.caps.changelog_bulk)
    field_ids, wanted = field_ids_of(served), frozenset(body.field_ids)
    answer: Json = {"issueChangeLogs": _grouped(found[start:stop], field_ids, wanted)}
    if stop >= len(found):
        served.end_chain(key, token)
        return answer
    return answer | {"nextPageToken": write_token(*key, stop)}


def _check(body: ChangelogsBody) -> None:
    """Refuse with 400 what the description's bounds exclude."""
    if not 1 <= len(body.issue_ids_or_keys) <= MAX_ISSUES:
        raise RefusedError(400, f"issueIdsOrKeys: size must be between 1 and {MAX_ISSUES}")
    if len(body.field_ids) > MAX_FIELD_IDS or len(set(body.field_ids)) < len(body.field_ids):
        raise RefusedError(400, f"fieldIds: size must be between 0 and {MAX_FIELD_IDS}, without repetition")
    if not 1 <= body.max_results <= MAX_HISTORIES:
        raise RefusedError(400, f"maxResults: must be between 1 and {MAX_HISTORIES}")


def _dated_histories(served: ServedSite, body: ChangelogsBody) -> list[Dated]:
    """Every history with something asked for, by date, then issue."""
    field_ids, wanted = field_ids_of(served), frozenset(body.field_ids)
    known = {issue_id for name in body.issue_ids_or_keys if (issue_id := served.resolve(name)) is not None}
    found = [
        (created, issue_id, history)
        for issue_id in sorted(known)
        for created, history in histories(served.site.issues[issue_id])
        if not wanted or any(field_ids.of(item) in wanted for item in history["items"])
    ]
    return sorted(found, key=itemgetter(0, 1))


def _grouped(found: list[Dated], field_ids: FieldIds, wanted: frozenset[str]) -> list[Json]:
    """Put the histories of an issue together, issues in order of their first history here."""
    by_issue: dict[int, list[Json]] = {}
    for created, issue_id, history in found:
        by_issue.setdefault(issue_id, []).append(_bulk_history(history, created, field_ids, wanted))
    return [{"issueId": str(issue_id), "changeHistories": of_issue} for issue_id, of_issue in by_issue.items()]


def _bulk_history(history: Json, created: int, field_ids: FieldIds, wanted: frozenset[str]) -> Json:
    """A history as bulk answers hold it: dated in milliseconds, empty sides left out, other fields' items cut."""
    identified = ((field_ids.of(item), item) for item in history["items"])
    written: Json = {
        "id": history["id"],
        "created": created,
        "items": [_bulk_item(item, name) for name, item in identified if not wanted or name in wanted],
    }
    if history.get("author"):
        written["author"] = history["author"]
    return written


def _bulk_item(item: Json, field_id: str | None) -> Json:
    """An item with its field id and without empty sides."""
    written = {name: value for name, value in item.items() if value is not None}
    if field_id:
        written["fieldId"] = field_id
    return written


def page_changelog(served: ServedSite, asked: Asked) -> Json:
    """A page of one issue's histories, oldest first. ``total`` is what the recording claims."""
    issue, cap = served.issue(asked.path["issue"]), served.caps.changelog_page
    field_ids = field_ids_of(served)
    cut = page(histories(issue), asked, cap, default=cap)
    values = [cloud_history(history, field_ids) for _, history in cut["values"]]
    here = f"{served.url}/rest/api/3/issue/{issue['id']}/changelog?maxResults={cut['maxResults']}&startAt="
    following = {} if cut["isLast"] else {"nextPage": f"{here}{cut['startAt'] + cut['maxResults']}"}
    return cut | {"self": f"{here}{cut['startAt']}", "total": claimed_total(issue), "values": values} | following


def embedded_changelog(served: ServedSite, issue: Json) -> Json:
    """What ``expand=changelog`` adds to an issue: the newest histories only, newest first."""
    cap, field_ids = served.caps.changelog_embedded, field_ids_of(served)
    newest = [history for _, history in reversed(histories(issue))][:cap]
    return {
        "startAt": 0, "maxResults": len(newest), "total": claimed_total(issue),
        "histories": [cloud_history(history, field_ids) for history in newest],
    }  # fmt: skip
