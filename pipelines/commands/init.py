"""``flow init``: look at a site and write the flow.toml it needs, asking only what nobody can see from outside."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.one_paragraph import one_paragraph
from pipelines.commands.options import JsonOption, VerboseOption
from pipelines.config import config_path, load_config
from pipelines.config_errors import ConfigError
from pipelines.plain_text import plain_text
from transforms.wording import counted

if TYPE_CHECKING:
    from tomlkit.toml_document import TOMLDocument

    from pipelines.jira import JiraSession, Scope
    from pipelines.proposal import Proposal

ISSUES_PER_PROJECT = 2_000
"""As many as the inference counts the order of statuses over: more would cost time and decide nothing."""

CHOICES = ("wait", "touch", "blocked", "done", "discarded")


def init(
    config: Annotated[Path | None, typer.Option(help="File to write; otherwise FLOW_CONFIG or ./flow.toml.")] = None,
    project: Annotated[
        list[str] | None, typer.Option(help="Key of a project to read; again for more. None: all.")
    ] = None,
    issues: Annotated[int, typer.Option(min=1, help="Issues of each project to look at.")] = ISSUES_PER_PROJECT,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; leave open what only people know.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Put it into a file that is there, keeping its comments.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Read workflows and history of a site, and write a flow.toml with what they show."""
    with one_paragraph(is_verbose=verbose):
        place = config or config_path()
        document = _document(place, is_forced=force)
        from pipelines.flow_toml import write_proposal

        is_asking = not (yes or as_json) and is_interactive()
        proposal = _look(place, list(project or ()), issues, is_asking=is_asking)
        if project:
            document.setdefault("jira", {})["projects"] = list(project)
        answers, country = _ask(proposal) if is_asking else ({}, "")
        _write(place, write_proposal(document, proposal, answers, country))
        told = _summary(place, proposal)
        typer.echo(json.dumps(told, indent=1) if as_json else "\n".join(_lines(told)))


def is_interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty() and "CI" not in os.environ


def _document(place: Path, *, is_forced: bool) -> TOMLDocument:
    """The file as it is, or a new one. Raises ConfigError where one is there and nobody said to change it."""
    import tomlkit

    from pipelines.flow_toml import new_document

    if not place.exists():
        return new_document()
    if not is_forced:
        raise ConfigError(
            f"{place} is there already and stays as it is. --force puts the proposal into it: its value streams are"
            " replaced, its comments and everything else are kept. Or name another file with --config."
        )
    load_config(place)
    return tomlkit.parse(place.read_text(encoding="utf-8"))


def _look(place: Path, projects: list[str], per_project: int, *, is_asking: bool) -> Proposal:
    """Connect, read a sample and infer; what an existing file says of the scope holds."""
    from pipelines.jira import Gate, Scope, connect, policy_of, sample_site
    from pipelines.jira.faults import shown_url
    from pipelines.proposal import propose
    from pipelines.screen import Screen
    from pipelines.settings import environment_connection

    known = load_config(place) if place.exists() else None
    if known and known.site:
        raise ConfigError(
            f"{place} names several sites, and flow init looks at one: that of JIRA_URL. Let it write a file of its own"
            " with --config, and take over the value streams from there, each with its site."
        )
    jira = known.jira if known else None
    session = connect(environment_connection(), Gate(policy_of(jira.options())) if jira else None)
    scope = Scope(tuple(projects) or (jira.projects if jira else ()), jira.jql if jira else "")
    scope = _ask_scope(session, scope) if is_asking and not scope.project_keys else scope
    with Screen() as screen:
        screen.say(f"Reading {shown_url(session.connection.url)}")
        sample = sample_site(session, scope, per_project, screen.count)
        screen.say("Inferring value streams")
        return propose(sample, session.time_zone, session.server_time)


def _ask_scope(session: JiraSession, scope: Scope) -> Scope:
    """Of several projects, those that are meant; Enter takes all."""
    from pipelines.jira import Scope as Chosen
    from pipelines.jira.reference import list_projects

    visible = list_projects(session)
    if len(visible) < 2:
        return scope
    typer.echo("Projects: " + ", ".join(f"{project.key} ({plain_text(project.name)})" for project in visible))
    told = typer.prompt("Which of them (keys, separated by commas; Enter takes all)", default="", show_default=False)
    return Chosen(tuple(key.strip() for key in told.split(",") if key.strip()), scope.jql)


def _ask(proposal: Proposal) -> tuple[dict[tuple[str, int], str], str]:
    """Statuses no rule covers, the longest first, and whose public holidays are free."""
    import polars as pl

    answers: dict[tuple[str, int], str] = {}
    open_rows = proposal.statuses.filter(pl.col.is_unmapped).sort("elapsed_hours", descending=True)
    for row in open_rows.iter_rows(named=True):
        name, hours = plain_text(row["status_name"] or row["status_id"]), f"{row['elapsed_hours']:,.0f}"
        asked = f"'{name}' of {plain_text(row['value_stream'])} ({hours} h): {', '.join(CHOICES)}? Enter leaves it open"
        while (told := typer.prompt(asked, default="", show_default=False).strip().casefold()) not in ("", *CHOICES):
            typer.echo(f"'{plain_text(told)}' is none of them.")
        if told:
            answers[row["value_stream"], row["status_id"]] = told
    return answers, _ask_country()


def _ask_country() -> str:
    from pydantic import ValidationError

    from pipelines.config_calendar import CalendarSection

    while told := typer.prompt("Country whose public holidays are free (as DE; Enter knows none)", default="").strip():
        try:
            return CalendarSection(country=told.upper()).country
        except ValidationError:
            typer.echo(f"No public holidays are known for '{plain_text(told)}'; write its ISO code, like DE or US.")
    return ""


def _write(place: Path, text: str) -> None:
    """The file whole or not at all, and only if it can be read back."""
    fresh = place.with_name(f".{place.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        load_config(fresh)
        fresh.replace(place)
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror}. Name another file with --config.") from None
    finally:
        fresh.unlink(missing_ok=True)


def _summary(place: Path, proposal: Proposal) -> dict[str, Any]:
    """What was proposed and how sure that is, as JSON values."""
    decided = dict(proposal.statuses.group_by("decided_by").agg(_hours()).sort("decided_by").iter_rows())
    return {
        "path": str(place),
        "issues_read": proposal.read_count,
        "issues_listed": proposal.listed_count,
        "calendar": {"zone": proposal.calendar.zone, "hours": proposal.calendar.hours},
        "value_streams": {
            stream.name: proposal.statuses.filter(value_stream=stream.name)["stage_name"]
            .unique(maintain_order=True)
            .to_list()
            for stream in proposal.workflow.streams
        },
        "hours_by_decision": decided,
    }


def _hours() -> Any:
    import polars as pl

    return pl.col.elapsed_hours.sum().round(1)


def _lines(told: dict[str, Any]) -> list[str]:
    read = f"{told['issues_read']:,} of {counted(told['issues_listed'], 'issue')} read"
    lines = [f"{told['path']} written: {read}, hours {told['calendar']['hours']} in {told['calendar']['zone']}."]
    lines += [
        f"  {plain_text(name)}: {' → '.join(map(plain_text, stages))}" for name, stages in told["value_streams"].items()
    ]
    total = sum(told["hours_by_decision"].values()) or 1
    shares = ", ".join(f"{hours / total:.0%} by {how}" for how, hours in told["hours_by_decision"].items())
    return [*lines, f"Hours in statuses decided {shares}. Read it, correct it, then: flow run --config {told['path']}"]
