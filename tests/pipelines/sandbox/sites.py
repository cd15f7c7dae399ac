"""Small Jira sites for the sandbox's tests, issue by issue."""

from datetime import UTC, datetime, timedelta

import msgspec
from starlette.datastructures import QueryParams

from pipelines.sandbox.exchange import Asked, PageCaps, ServedSite
from pipelines.sandbox.site import Site, site_from_issues

STATUSES = {
    "To Do": {"id": "1", "name": "To Do", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}},
    "Doing": {"id": "3", "name": "Doing", "statusCategory": {"id": 4, "key": "indeterminate", "name": "In Progress"}},
    "Done": {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}},
}
TYPES = {
    "Story": {"id": "10", "name": "Story", "subtask": False},
    "Bug": {"id": "11", "name": "Bug", "subtask": False},
    "Sub-task": {"id": "12", "name": "Sub-task", "subtask": True},
}
PROJECT_IDS = {"ABC": "100", "XYZ": "200"}
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
ANA = {"accountId": "ana", "displayName": "Ana", "active": True}


def at(hours: float) -> str:
    """Jira's timestamp of so many hours after Monday, 2 March 2026, 08:00 UTC."""
    return f"{MONDAY + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.000+0000"


def ms(hours: float) -> int:
    """The same instant in milliseconds since 1970."""
    return int((MONDAY + timedelta(hours=hours)).timestamp() * 1000)


def item(field: str, before: str | None, after: str | None, **more: str | None) -> dict:
    """A changelog item as Data Center writes it."""
    sides = {"from": before, "fromString": before, "to": after, "toString": after}
    return {"field": field, "fieldtype": "jira"} | sides | more


def moved(before: str, after: str) -> dict:
    """A status item between two of the known statuses."""
    return item("status", STATUSES[before]["id"], STATUSES[after]["id"], fromString=before, toString=after)


def history(history_id: int, hours: float, *items: dict) -> dict:
    """A history by Ana."""
    return {"id": str(history_id), "author": ANA, "created": at(hours), "items": list(items)}


def issue(
    issue_id: int, key: str, *histories: dict, created: float = 0, status: str = "To Do", **fields: object
) -> dict:
    """An issue of the project its key names."""
    project = key.partition("-")[0]
    values = {
        "project": {"id": PROJECT_IDS[project], "key": project, "name": f"Project {project}"},
        "issuetype": TYPES["Story"],
        "status": STATUSES[status],
        "created": at(created),
        "updated": histories[-1]["created"] if histories else at(created),
        "summary": f"About {key}",
    }
    return {"id": str(issue_id), "key": key, "fields": values | fields, "changelog": {"histories": list(histories)}}


def small_site() -> Site:
    """Six issues in two projects; ABC-3 was XYZ-9 before it moved."""
    return site_from_issues(
        [
            issue(
                101,
                "ABC-1",
                history(1, 1, moved("To Do", "Doing")),
                history(2, 5, moved("Doing", "Done")),
                status="Done",
            ),
            issue(102, "ABC-2", created=2, issuetype=TYPES["Bug"]),
            issue(105, "XYZ-1", history(3, 1, moved("To Do", "Doing")), created=0.5, status="Doing"),
            issue(
                110, "ABC-3", history(4, 30, item("Key", None, None, fromString="XYZ-9", toString="ABC-3")), created=3
            ),
            issue(120, "ABC-10", created=24, issuetype=TYPES["Bug"]),
            issue(121, "XYZ-2", created=48, issuetype=TYPES["Sub-task"]),
        ]
    )


def served(site: Site, caps: PageCaps | None = None, resolution_ms: int = 1) -> ServedSite:
    """A site behind a URL, without a server."""
    return ServedSite(site, "http://sandbox", caps or PageCaps(), resolution_ms)


def post(body: dict) -> Asked:
    """A request with a body."""
    return Asked(body=msgspec.json.encode(body))


def get(query: str = "", **path: str) -> Asked:
    """A request with a query string and names from the path."""
    return Asked(path, QueryParams(query))
