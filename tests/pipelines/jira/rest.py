"""REST-shaped issues as small as a test needs, and a session that answers from a script."""

from collections.abc import Iterable
from typing import Any

import msgspec

from pipelines.jira.fields import FieldNames
from pipelines.jira.parse import RawFrames, parse_lines
from pipelines.jira.retry import Gate
from pipelines.jira.scrub import Scrubber

KEY = b"a key for tests only"

SITE_NAMES = FieldNames(
    custom_ids=(
        ("customfield_10021", "flagged"),
        ("customfield_10014", "parent"),
        ("customfield_10020", "sprint"),
        ("customfield_10036", "estimate"),
    ),
    listed_ids=frozenset({"status", "customfield_10021", "customfield_10099"}),
    other_phrases=frozenset({"relates to", "is cloned by"}),
)

CREATED = "2024-01-01T09:00:00.000+0000"


def item(field: str, old: Any = None, new: Any = None, old_text: Any = None, new_text: Any = None, **more: Any) -> dict:
    """One item of a system field, unless ``fieldtype`` or ``fieldId`` say otherwise."""
    return {
        "field": field,
        "fieldtype": "jira",
        "from": old,
        "fromString": old_text,
        "to": new,
        "toString": new_text,
    } | more


def move(old: int, new: int) -> dict:
    """A status item."""
    return item("status", str(old), str(new), f"Status {old}", f"Status {new}")


def history(number: int, created: Any, *items: dict, author: dict | None = None) -> dict:
    """One history."""
    return {"id": str(number), "created": created, "author": author, "items": list(items)}


def issue(number: int = 10001, *histories: dict, status: int = 3, key: str | None = None, **fields: Any) -> dict:
    """One issue with its changelog embedded, as Data Center sends it."""
    defaults = {
        "project": {"id": "10", "key": "ABC", "name": "Alphabet"},
        "issuetype": {"id": "1", "name": "Story", "subtask": False},
        "status": {"id": str(status), "name": f"Status {status}", "statusCategory": {"key": "indeterminate"}},
        "created": CREATED,
        "updated": CREATED,
        "resolution": None,
        "assignee": None,
        "fixVersions": [],
    }
    return {
        "id": str(number),
        "key": key or f"ABC-{number}",
        "fields": defaults | fields,
        "changelog": {
            "startAt": 0,
            "maxResults": len(histories),
            "total": len(histories),
            "histories": list(histories),
        },
    }


def scrubbed(*issues: dict, names: FieldNames = SITE_NAMES, key: bytes = KEY) -> list[bytes]:
    """Landed lines of these issues."""
    scrubber = Scrubber(names, key)
    return [scrubber.scrub_line(msgspec.json.encode(one)) for one in issues]


def parsed(*issues: dict, names: FieldNames = SITE_NAMES) -> RawFrames:
    """The raw frames of these issues, through scrubber and parser."""
    return parse_lines(scrubbed(*issues, names=names), names)


class ScriptedSession:
    """Stands in for a JiraSession: answers in the given order, whatever is asked, and remembers what was."""

    def __init__(self, flavour: str, answers: Iterable[Any]) -> None:
        self.flavour = flavour
        self.api = "/rest/api/3" if flavour == "cloud" else "/rest/api/2"
        self.gate = Gate()
        self.compares_ids = True
        self.asked: list[tuple[str, Any]] = []
        self._answers = iter(answers)

    def read(
        self, method: str, path: str, shape: Any, params: Any = None, body: Any = None, *, is_divisible: bool = False
    ) -> Any:
        """The next answer, decoded as a real session would, or raised if it is an exception."""
        self.asked.append(
            (path.rsplit("/api", maxsplit=1)[-1], msgspec.json.decode(msgspec.json.encode(body or params)))
        )
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.json.decode(msgspec.json.encode(answer), type=shape)
