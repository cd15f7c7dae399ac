"""Effects on what pages hold: repeated, shuffled, left out, cut short, written otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Literal

from pipelines.sandbox.exchange import RefusedError
from pipelines.sandbox.faults.effect import Call, Effect, change_entries
from pipelines.sandbox.instants import EPOCH, MILLISECOND, epoch_ms, jira_timestamp

Json = dict[str, Any]

HEAVY = {
    "changelog": {"changelog", "issueId"}, "fields": {"status"}, "details": {"issuelinks", "comment", "worklog"},
}  # fmt: skip
"""What an entry has, or what was asked for, that makes an answer hold a part of an issue."""

HISTORY_LISTS = ("changeHistories", "histories")


class MissingKey(Effect):
    """Good JSON that lacks the key every answer of its kind has, or has null there."""

    key: str = ""
    """Its name; by default what the route lists."""
    is_null: bool = False

    def fits(self, call: Call) -> bool:
        return bool(self.key or call.list_name)

    def content(self, call: Call, content: Any) -> Any:
        name = self.key or call.list_name
        rest = {other: value for other, value in content.items() if other != name}
        return rest | ({name: None} if self.is_null else {})


class Duplicates(Effect):
    """Entries come twice: the last ones of a page again at its end, or at the beginning of the next page."""

    count: int = 1
    where: Literal["page", "next page"] = "page"

    def fits(self, call: Call) -> bool:
        return bool(call.list_name)

    def content(self, call: Call, content: Any) -> Any:
        if self.where == "page":
            return change_entries(call, content, lambda entries: [*entries, *entries[-self.count :]])
        return change_entries(call, content, lambda entries: self._continued(call, entries))

    def _continued(self, call: Call, entries: list[Any]) -> list[Any]:
        """A page after the last entries of the page before it."""
        before: list[Any] = call.memory.get(call.chain, [])
        call.memory[call.chain] = entries[-self.count :]
        return [*before, *entries]


class Shuffled(Effect):
    """Entries of a page and the histories in them come in any order."""

    has_entries_shuffled: bool = True
    has_histories_shuffled: bool = True

    def fits(self, call: Call) -> bool:
        return bool(call.list_name) or call.asks("issue/{issue}")

    def content(self, call: Call, content: Any) -> Any:
        if not call.list_name:
            return self._within(call, content)
        return change_entries(call, content, lambda entries: self._entries(call, entries))

    def _entries(self, call: Call, entries: list[Json]) -> list[Json]:
        changed = [self._within(call, entry) for entry in entries]
        return call.dice.sample(changed, len(changed)) if self.has_entries_shuffled else changed

    def _within(self, call: Call, entry: Json) -> Json:
        return _map_histories(entry, _shuffler(call.dice)) if self.has_histories_shuffled else entry


def _shuffler(dice: Random) -> Any:
    return lambda histories: dice.sample(histories, len(histories))


def _map_histories(entry: Json, change: Any) -> Json:
    """An issue or a changelog with its histories changed; one without any as it is."""
    if "changelog" in entry:
        return entry | {"changelog": _map_histories(entry["changelog"], change)}
    return entry | {name: change(entry[name]) for name in HISTORY_LISTS if name in entry}


class LeftOut(Effect):
    """Issues are silently left out of a bulk answer: certain ones, else some chosen by the dice."""

    issues: tuple[int, ...] = ()
    count: int = 1

    def fits(self, call: Call) -> bool:
        return call.asks("issue/bulkfetch", "changelog/bulkfetch")

    def content(self, call: Call, content: Any) -> Any:
        gone = _chosen(call, content, self.issues, self.count)
        return _without(call, content, gone)


class IssueErrors(Effect):
    """Issues of a bulk fetch fail one by one, listed in ``issueErrors`` under a status of 200."""

    issues: tuple[int, ...] = ()
    count: int = 1
    message: str = "The issue could not be read."

    def fits(self, call: Call) -> bool:
        return call.asks("issue/bulkfetch")

    def content(self, call: Call, content: Any) -> Any:
        gone = _chosen(call, content, self.issues, self.count)
        errors = [{"id": str(issue_id), "errorMessage": self.message} for issue_id in sorted(gone)]
        return _without(call, content, gone) | {"issueErrors": [*content.get("issueErrors", ()), *errors]}


class CutChangelog(Effect):
    """Changelogs lack histories, the oldest or the newest; the total tells it, lies as well, or there is none."""

    lost: int = 1
    """Histories lost of each changelog struck."""
    end: Literal["oldest", "newest"] = "oldest"
    is_total_right: bool = True
    issues: tuple[int, ...] = ()
    """Issues struck; empty strikes all of an answer."""

    def fits(self, call: Call) -> bool:
        return call.asks("changelog/bulkfetch", "search", "search/jql", "issue/{issue}", "issue/bulkfetch")

    def content(self, call: Call, content: Any) -> Any:
        if not call.list_name:
            return self._cut(content)
        return change_entries(call, content, lambda entries: [self._cut(entry) for entry in entries])

    def _cut(self, entry: Json) -> Json:
        if self.issues and _issue_id(entry) not in self.issues:
            return entry
        if "changelog" in entry:
            changelog = _map_histories(entry["changelog"], self._kept)
            told = entry["changelog"]["total"] if self.is_total_right else len(changelog["histories"])
            return entry | {"changelog": changelog | {"total": told}}
        return _map_histories(entry, self._kept)

    def _kept(self, histories: Sequence[Json]) -> list[Json]:
        by_age = sorted(histories, key=lambda history: (_moment(history), int(history["id"])))
        gone = by_age[: self.lost] if self.end == "oldest" else by_age[len(by_age) - self.lost :]
        return [history for history in histories if history not in gone]


class HeavyIssue(Effect):
    """An answer that holds the changelog of certain issues, or another part of them, is refused as too much (504)."""

    issues: tuple[int, ...]
    status: int = 504
    part: Literal["changelog", "fields", "details"] = "changelog"
    """What of them is heavy; details are links, work logs and comments."""
    is_sent_alone: bool = False
    """The route of one issue gives it all the same."""

    def fits(self, call: Call) -> bool:
        alone = () if self.is_sent_alone else ("issue/{issue}", "issue/{issue}/changelog")
        return call.asks("changelog/bulkfetch", "issue/bulkfetch", "search", *alone)

    def content(self, call: Call, content: Any) -> Any:
        if call.asks("issue/{issue}/changelog"):
            held = {int(call.asked.path["issue"])} if self.part == "changelog" else set()
        else:
            entries = content.get(call.list_name) or [] if call.list_name else [content]
            asked = call.value("fields") or ()
            named = asked.split(",") if isinstance(asked, str) else asked
            held = {_issue_id(entry) for entry in entries if HEAVY[self.part] & {*entry, *named}}
        if held & set(self.issues):
            raise RefusedError(self.status, "The answer took too long.")
        return content


class CreatedForm(Effect):
    """Bulk changelogs date their histories otherwise than in milliseconds."""

    form: Literal["iso", "zulu", "offset", "digits"] = "iso"

    def fits(self, call: Call) -> bool:
        return call.asks("changelog/bulkfetch")

    def content(self, call: Call, content: Any) -> Any:
        return change_entries(call, content, lambda logs: [_map_histories(log, self._dated) for log in logs])

    def _dated(self, histories: Sequence[Json]) -> list[Json]:
        return [history | {"created": self._written(_moment(history))} for history in histories]

    def _written(self, moment: int) -> str:
        in_utc = jira_timestamp(EPOCH + moment * MILLISECOND)
        if self.form == "offset":
            return jira_timestamp(EPOCH + (moment + 19_800_000) * MILLISECOND).replace("+0000", "+0530")
        return {"iso": in_utc, "zulu": in_utc.replace("+0000", "Z"), "digits": str(moment)}[self.form]


def _moment(history: Json) -> int:
    """Milliseconds of a history, however another fault has written them."""
    written = history["created"]
    return int(written) if str(written).isdecimal() else epoch_ms(written)


def _issue_id(entry: Json) -> int:
    """Id of an issue, or of the issue a changelog is of."""
    return int(entry.get("issueId") or entry["id"])


def _chosen(call: Call, content: Json, issues: Sequence[int], count: int) -> set[int]:
    """The issues named, else as many of those present as the dice choose."""
    present = sorted({_issue_id(entry) for entry in content.get(call.list_name) or ()})
    return set(issues) or set(call.dice.sample(present, min(count, len(present))))


def _without(call: Call, content: Json, gone: set[int]) -> Json:
    """An answer without some issues."""
    kept: Json = change_entries(
        call, content, lambda entries: [entry for entry in entries if _issue_id(entry) not in gone]
    )
    return kept
