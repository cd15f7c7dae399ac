"""What only the site can tell: is it reached, who are we there, its clock, what we may see, which names hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from pipelines.config import FlowConfig
from pipelines.doctor.findings import Finding, caught, failed, skipped
from pipelines.jira import Connection, Gate, JiraSession, Reference, Scope, connect, policy_of
from pipelines.jira.errors import JiraError, UnreachableError
from pipelines.jira.faults import shown_url
from pipelines.jira.reference import fetch_reference, list_projects
from pipelines.jira.route import count_issues
from pipelines.jira.scope import ResolvedScope, resolve
from pipelines.settings import RunSettings
from pipelines.site_check import check_site
from transforms.walk import WorkflowError
from transforms.wording import counted

SKEW = timedelta(minutes=2)
"""Clocks further apart than this are told: a schedule runs by this machine's, the figures hold by the site's."""

CHECKS = ("variables", "reachability", "credentials", "clock", "projects", "issues", "boards", "flags", "names")


def check_site_of(settings: RunSettings) -> Iterator[Finding]:
    """Every check of the site, in order; what cannot be looked at because an earlier check failed is told so."""
    done: list[str] = []
    for finding in _checks(settings):
        done.append(finding.check)
        yield finding
    for check in CHECKS:
        if check not in done:
            yield skipped(check, f"{done[-1]} failed")


def _checks(settings: RunSettings) -> Iterator[Finding]:
    try:
        connection = settings.find_connection()
    except JiraError as error:
        yield failed("variables", error)
        return
    yield Finding("variables", "ok", f"The site is {shown_url(connection.url)}; the token is set.")
    try:
        session = connect(connection, Gate(policy_of(settings.config.jira.options())))
    except JiraError as error:
        yield from _not_connected(connection, error)
        return
    yield Finding("reachability", "ok", f"Jira {session.server_version or 'Cloud'} ({session.flavour}) answers.")
    yield Finding(
        "credentials", "ok", f"The token is accepted; the account's time zone is {session.time_zone or 'not told'}."
    )
    yield _clock(session, datetime.now(UTC))
    yield from _visible(settings, session)


def _not_connected(connection: Connection, error: JiraError) -> Iterator[Finding]:
    """An answer of any kind proves that the site was reached."""
    if isinstance(error, UnreachableError):
        yield failed("reachability", error)
        return
    yield Finding("reachability", "ok", f"{shown_url(connection.url)} answers.")
    yield failed("credentials", error)


def _clock(session: JiraSession, now: datetime) -> Finding:
    apart = abs(now - session.server_time)
    if apart > SKEW:
        told = f"This machine's clock and the site's are {round(apart.total_seconds()):,} seconds apart."
        return Finding(
            "clock", "warn", told, "Figures hold by the site's clock; set this machine's by NTP for the schedule."
        )
    return Finding("clock", "ok", f"Clocks agree within {round(apart.total_seconds())} seconds.")


def _visible(settings: RunSettings, session: JiraSession) -> Iterator[Finding]:
    """What the account sees of the scope, then what flow.toml names."""
    asked = settings.config.jira
    try:
        projects = list_projects(session)
        scope = resolve(Scope(asked.projects, asked.jql), projects)
        reference = fetch_reference(session, scope.projects)
    except JiraError as error:
        yield failed("projects", error)
        return
    keys = ", ".join(project.key for project in scope.projects)
    yield Finding("projects", "ok", f"In scope are {len(scope.projects)} of {len(projects)} visible projects: {keys}.")
    yield caught("issues", lambda: _issues(session, scope), JiraError)
    yield _boards(reference)
    yield _flags(reference, asked.flagged_field)
    yield _names(settings.config, lambda: check_site(settings.config, session, reference, settings.raw_folder))


def _issues(session: JiraSession, scope: ResolvedScope) -> Finding:
    count = count_issues(session, scope.jql)
    if count == 0:
        return Finding("issues", "warn", "No issue of the scope is visible.",
                       "Check [jira] jql in flow.toml and the account's Browse Projects permission.")  # fmt: skip
    about = f"The scope holds about {counted(count, 'issue')}." if count else "The scope holds issues."
    return Finding("issues", "ok", about)


def _boards(reference: Reference) -> Finding:
    if reference.boards:
        return Finding("boards", "ok", f"Boards of the scope: {len(reference.boards)}.")
    return Finding("boards", "warn", "No board is visible, so WIP limits and sprints stay unknown.",
                   "Let the account see the team's board, if there is one.")  # fmt: skip


def _flags(reference: Reference, named: str) -> Finding:
    if reference.field_names(named).ids_of("flagged"):
        return Finding("flags", "ok", "The field that flags impediments is found.")
    return Finding("flags", "warn", "No field flags impediments, so blocked time comes from statuses and links alone.",
                   "If the site has one, name its id as flagged_field in flow.toml.")  # fmt: skip


def _names(config: FlowConfig, check: Callable[[], list[str]]) -> Finding:
    try:
        notes = check()
    except WorkflowError as error:
        return failed("names", error)
    if notes:
        return Finding(
            "names", "warn", " ".join(notes), "If a name is wrong, the run will say so when it has read them."
        )
    if not config.value_stream:
        return Finding("names", "ok", "flow.toml names no value stream; nothing can be wrong.")
    return Finding("names", "ok", "The site has every project, type, status and resolution that flow.toml names.")
