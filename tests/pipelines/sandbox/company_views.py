"""The simulated company, made once a process, and plain ways to look at its issues: no code of the product is used."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pipelines.sandbox.company import company_truth, simulate_company
from pipelines.sandbox.site import Site

TRUTH = {stream.project_key: stream for stream in company_truth()}


@lru_cache(maxsize=1)
def company() -> Site:
    """The default company."""
    return simulate_company()


def issues(level: int | None = 0, project: str | None = None) -> Iterator[dict]:
    """Issues of a hierarchy level (None: of all) and project, ascending by id."""
    for issue in company().issues.values():
        fields = issue["fields"]
        if level is not None and fields["issuetype"]["hierarchyLevel"] != level:
            continue
        if project is None or fields["project"]["key"] == project:
            yield issue


def instant(text: str) -> datetime:
    """An instant as Jira writes it, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def histories(issue: dict) -> list[dict]:
    """An issue's histories, oldest first: by id."""
    return sorted(issue["changelog"]["histories"], key=lambda history: int(history["id"]))


def items(issue: dict, field: str) -> list[tuple[datetime, dict, dict]]:
    """Moment, history and item of every change of a field, oldest first."""
    return [
        (instant(history["created"]), history, item)
        for history in histories(issue)
        for item in history["items"]
        if item["field"] == field
    ]


def moves(issue: dict) -> list[tuple[datetime, dict, dict]]:
    """Every change of status, oldest first."""
    return items(issue, "status")


def is_delivered(issue: dict) -> bool:
    """Done by status, and not closed as something else."""
    fields = issue["fields"]
    return kind(fields["project"]["key"], fields["status"]["id"]) == "done" and fields["resolution"]["name"] == "Done"


def delivered_at(issue: dict) -> datetime:
    """When a delivered issue was last finished."""
    return instant(issue["fields"]["resolutiondate"])


def weekly_deliveries(project: str, weeks: int) -> list[int]:
    """Deliveries in each of the last ``weeks`` weeks, oldest first."""
    counts = [0] * weeks
    for issue in issues(0, project):
        if is_delivered(issue):
            age = (company().now - delivered_at(issue)) // timedelta(weeks=1)
            if age < weeks:
                counts[weeks - 1 - age] += 1
    return counts


def order(project: str, status_id: str) -> int:
    """The place of a status in the walk of its project."""
    return TRUTH[project].status(int(status_id)).order


def kind(project: str, status_id: str) -> str:
    """What a status truly means."""
    return TRUTH[project].status(int(status_id)).kind


def former_keys(issue: dict) -> list[str]:
    return [item["fromString"] for _, _, item in items(issue, "Key")]
