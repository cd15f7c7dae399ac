"""A bounded look at a site before the first run: reference data, and some issues of every project with their histories.

Nothing lands on the disk. A whole, provable reading is ``extract``; what is made of a sample belongs to ``proposal``.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from pipelines.jira import cloud, datacenter
from pipelines.jira.client import JiraSession
from pipelines.jira.errors import JiraError
from pipelines.jira.extraction import Progress
from pipelines.jira.parse import Line, parse_in_batches
from pipelines.jira.pulled import Pulled
from pipelines.jira.reference import Reference, SiteProject, fetch_reference, list_projects
from pipelines.jira.route import sweep_ids
from pipelines.jira.scope import Scope, resolve
from pipelines.jira.scrub import Scrubber
from pipelines.jira.small_tables import site_tables
from transforms.raw import RawChanges, RawIssues, RawProjects, RawResolutions, RawStatuses
from transforms.schema import Table

IDS_PER_QUERY = 500
"""Data Center is asked for so many issues by their ids at once."""

ISSUES_FOR_ZONES = 100
"""Newest issues of a project whose people's time zones are counted."""


@dataclass(frozen=True)
class SiteSample:
    """What a sample shows. ``tables`` are RawIssues, RawChanges, RawStatuses, RawProjects and RawResolutions."""

    reference: Reference
    tables: dict[type[Table], pl.DataFrame]
    listed: dict[int, int]
    """Issues the site lists, by project id."""
    read: dict[int, int]
    """Issues that were read, by project id."""
    zones: dict[int, Counter[str]]
    """Time zones of the people issues belong to, by project id; nothing else of them is looked at."""

    @property
    def is_whole(self) -> bool:
        """Whether every issue listed was read."""
        return self.listed == self.read


def sample_site(session: JiraSession, scope: Scope, per_project: int, progress: Progress) -> SiteSample:
    """Read at most ``per_project`` issues of every project, at even distances by id. Raises JiraError."""
    resolved = resolve(scope, list_projects(session))
    reference = fetch_reference(session, resolved.projects)
    scrubber = Scrubber(reference.field_names(), secrets.token_bytes(32))
    lines: list[Line] = []
    listed, read, zones = {}, {}, {}
    for project in resolved.projects:
        within = f"project in ({project.id})" + (f" AND ({scope.jql})" if scope.jql.strip() else "")
        ids = sweep_ids(session, within)
        chosen = ids[:: (len(ids) - 1) // per_project + 1] if ids else []
        pulled = [Line("sample", text) for part in _pull(session, chosen, scrubber) for _, text in part.lines]
        lines += pulled
        key = int(project.id)
        listed[key], read[key], zones[key] = len(ids), len(pulled), _zones(session, project)
        progress(len(lines), None)
    return SiteSample(reference, _tables(reference, lines), listed, read, zones)


def _pull(session: JiraSession, ids: Sequence[int], scrubber: Scrubber) -> Iterator[Pulled]:
    if session.flavour == "cloud":
        yield from cloud.fetch(session, ids, scrubber)
        return
    for start in range(0, len(ids), IDS_PER_QUERY):
        some = ", ".join(map(str, ids[start : start + IDS_PER_QUERY]))
        yield from datacenter.pull(session, f"id in ({some})", scrubber)


def _tables(reference: Reference, lines: Iterable[Line]) -> dict[type[Table], pl.DataFrame]:
    parsed = list(parse_in_batches(lines, reference.field_names()))
    issues = pl.concat([RawIssues.empty(), *(frames.issues for frames in parsed)])
    changes = pl.concat([RawChanges.empty(), *(frames.changes for frames in parsed)])
    names = pl.concat([frames.names for frames in parsed]) if parsed else _no_names(reference)
    site = site_tables(reference, names)
    return {RawIssues: issues, RawChanges: changes} | {t: site[t] for t in (RawStatuses, RawProjects, RawResolutions)}


def _no_names(reference: Reference) -> pl.DataFrame:
    [frames] = [*parse_in_batches([Line("none", b"{}")], reference.field_names())]
    return frames.names


class _Person(msgspec.Struct, rename="camel"):
    time_zone: str = ""
    account_type: str = ""


class _People(msgspec.Struct):
    assignee: _Person | None = None
    reporter: _Person | None = None


class _Issue(msgspec.Struct):
    fields: _People


class _Page(msgspec.Struct):
    issues: list[_Issue] = []


def _zones(session: JiraSession, project: SiteProject) -> Counter[str]:
    """Zones of the people of a project's newest issues; none where the site does not tell."""
    route = "search/jql" if session.flavour == "cloud" else "search"
    body = {
        "jql": f"project in ({project.id}) ORDER BY id DESC",
        "fields": ["assignee", "reporter"],
        "maxResults": ISSUES_FOR_ZONES,
    }
    try:
        page = session.read("POST", f"{session.api}/{route}", _Page, body=body)
    except JiraError:
        return Counter()
    people = [person for issue in page.issues for person in (issue.fields.assignee, issue.fields.reporter) if person]
    return Counter(person.time_zone for person in people if person.time_zone and person.account_type != "app")
