"""JSON to columns: ``parse_lines`` beside an orjson loop that fills the same columns and the jira package's objects.

All read the same landed lines. Users of the package read instants by ``strptime`` (or dateutil, slower still), which is
half of what the walk costs; what it costs with the quickest reader of the standard library is shown beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from jira.resources import Issue

from benchmarks.protocol import Bar, Report, Variant, race
from pipelines.jira.fields import FieldNames
from pipelines.jira.parse import Line, parse_in_batches, parse_lines
from pipelines.jira.scrub import Scrubber
from pipelines.sandbox.big import big_site
from transforms.raw import RawChanges, RawIssues

TITLE = "JSON to columns"

PRODUCT, ORJSON, RESOURCES = "parse_lines", "orjson loop", "jira Resource objects"
QUICKER = f"{RESOURCES}, fromisoformat"

PATTERN = "%Y-%m-%dT%H:%M:%S.%f%z"

HISTORIES = 12
"""Histories an issue, about what PERFORMANCE's generator has."""

MEMORY_MB, MEMORY_SIZES = 250, (20_000, 100_000)

ISSUE_COLUMNS = (
    "issue_id",
    "issue_key",
    "project_id",
    "issue_type_id",
    "status_id",
    "created_at",
    "updated_at",
    "assignee",
)
Instant = Callable[[str], datetime]

CHANGE_COLUMNS = ("issue_id", "changed_at", "history_id", "item_index", "field", "from_id", "to_id", "author")


def landed_lines(issue_count: int) -> list[bytes]:
    """Landed lines of a generated site."""
    scrubber = Scrubber(FieldNames(), b"benchmark")
    return [scrubber.scrub_line(orjson.dumps(issue)) for issue in big_site(issue_count, HISTORIES).issues.values()]


def measure(issue_count: int, rounds: int) -> Report:
    """Race the parse, and hold its memory against its bar in processes of their own."""
    measured = race(TITLE, issue_count * HISTORIES, variants(landed_lines(issue_count)), rounds)
    bars = [
        Bar(f"{TITLE}: × {ORJSON}", measured.ratio(ORJSON), 1.7),
        Bar(f"{TITLE}: × {RESOURCES}", measured.ratio(RESOURCES), 12),
    ]
    bars += [Bar(f"{TITLE}: peak MB, {n:,} issues", _peak_of(n), MEMORY_MB, is_floor=False) for n in MEMORY_SIZES]
    return Report([measured], bars)


def variants(lines: Sequence[bytes]) -> list[Variant]:
    """The product's parse, the loop a good hand would write with orjson, and walks over the jira package's objects."""
    return [
        Variant(PRODUCT, partial(parse_lines, lines), rows),
        Variant(ORJSON, partial(_orjson, lines), rows),
        Variant(RESOURCES, partial(_resources, lines, _by_pattern), rows),
        Variant(QUICKER, partial(_resources, lines, datetime.fromisoformat), rows),
    ]


def rows(result: Any) -> pl.DataFrame:
    """All changes and all issues as one comparable frame."""
    issues, changes = result[0].select(ISSUE_COLUMNS), result[1].select(CHANGE_COLUMNS)
    numbers = issues.drop("issue_key").rename(lambda name: name if name == "issue_id" else f"issue_{name}")
    return changes.join(numbers, on="issue_id", how="full", coalesce=True)


def _orjson(lines: Sequence[bytes]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decode each line to dictionaries and append values to lists, all columns of both tables; then sort."""
    issues: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    for line in lines:
        raw = orjson.loads(line)
        fields, changelog, issue_id = raw["fields"], raw["changelog"], int(raw["id"])
        histories = {int(history["id"]): history for history in changelog["histories"]}
        issues.append(_issue_values(raw, fields, changelog, len(histories)))
        for history_id, history in histories.items():
            at, author = datetime.fromisoformat(history["created"]), history.get("author")
            for index, item in enumerate(history["items"]):
                changes.append((
                    issue_id, at, history_id, index, item["field"], _number(item.get("from")), _number(item.get("to")),
                    None, None, None, author, history.get("isAutomation", False),
                ))  # fmt: skip
    return _frames(issues, changes)


def _issue_values(raw: Any, fields: Any, changelog: Any, count: int) -> tuple[Any, ...]:
    kind, parent, resolution = fields["issuetype"], fields.get("parent") or {}, fields.get("resolution") or {}
    return (
        int(raw["id"]), raw["key"], int(fields["project"]["id"]), fields["project"]["key"], int(kind["id"]),
        kind["name"], kind.get("hierarchyLevel", -1 if kind.get("subtask") else 0), _number(parent.get("id")),
        parent.get("key"), int(fields["status"]["id"]),
        datetime.fromisoformat(fields["created"]), datetime.fromisoformat(fields["updated"]),
        _number(resolution.get("id")), fields.get("assignee"), fields.get("flagged", False),
        sorted(int(version["id"]) for version in fields.get("fixVersions", [])), None, changelog.get("total"), count,
        changelog.get("route"),
    )  # fmt: skip


def _resources(lines: Sequence[bytes], instant: Instant) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same through the jira package: one object per issue, history and item, attributes one by one."""
    issues: list[tuple[Any, ...]] = []
    changes: list[tuple[Any, ...]] = []
    for line in lines:
        issue = Issue({}, None, raw=json.loads(line))
        issues.append(_resource_values(issue, instant))
        for history in issue.changelog.histories:
            at, author = instant(history.created), getattr(history, "author", None)
            for index, item in enumerate(history.items):
                changes.append((
                    int(issue.id), at, int(history.id), index, item.field, _number(getattr(item, "from", None)),
                    _number(getattr(item, "to", None)), None, None, None, author, False,
                ))  # fmt: skip
    return _frames(issues, changes)


def _resource_values(issue: Any, instant: Instant) -> tuple[Any, ...]:
    fields, kind = issue.fields, issue.fields.issuetype
    parent, resolution = getattr(fields, "parent", None), getattr(fields, "resolution", None)
    return (
        int(issue.id), issue.key, int(fields.project.id), fields.project.key, int(kind.id), kind.name,
        getattr(kind, "hierarchyLevel", 0), _number(getattr(parent, "id", None)), getattr(parent, "key", None),
        int(fields.status.id), instant(fields.created), instant(fields.updated),
        _number(getattr(resolution, "id", None)), getattr(fields, "assignee", None), getattr(fields, "flagged", False),
        sorted(int(version.id) for version in getattr(fields, "fixVersions", [])), None,
        getattr(issue.changelog, "total", None), len(issue.changelog.histories),
        getattr(issue.changelog, "route", None),
    )  # fmt: skip


def _frames(issues: list[tuple[Any, ...]], changes: list[tuple[Any, ...]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    changed = pl.DataFrame(changes, schema=RawChanges.polars_schema(), orient="row")
    order = ["issue_id", "changed_at", "history_id", "item_index"]
    return pl.DataFrame(issues, schema=RawIssues.polars_schema(), orient="row"), changed.sort(order)


def _by_pattern(text: str) -> datetime:
    return datetime.strptime(text, PATTERN)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _peak_of(issue_count: int) -> float:
    """Peak memory, MB, of a process that parses so many landed lines batch by batch and keeps nothing."""
    program = f"from benchmarks.json_columns import parse_streaming; parse_streaming({issue_count})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def parse_streaming(issue_count: int) -> None:
    """Parse as a run does, batch by batch, and print the most memory this process has held, in MB.

    From /proc: what getrusage tells includes the parent's memory at the fork.
    """
    scrubber = Scrubber(FieldNames(), b"benchmark")
    site = big_site(issue_count, HISTORIES)
    lines = (Line(f"line:{n}", scrubber.scrub_line(orjson.dumps(site.issues[n]))) for n in site.issues)
    for frames in parse_in_batches(lines, FieldNames()):
        del frames
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) / 1e3)
