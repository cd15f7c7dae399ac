"""flow.toml written for people: every option with its meaning, every proposal with its reason; comments are kept.

What is proposed is decided in ``proposal``; what the options mean is declared in ``config``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import polars as pl
import tomlkit
from tomlkit.items import AoT, Array, Table
from tomlkit.toml_document import TOMLDocument

from pipelines.config import FlowConfig
from pipelines.config_calendar import WEEKDAYS, Section
from pipelines.plain_text import plain_text
from pipelines.proposal import Hours, Proposal
from transforms.site_names import same_name
from transforms.walk import UNMAPPED_STAGE
from transforms.wording import counted
from transforms.workflow import ValueStream

KEY_OF_KIND = {"queue": "wait", "active": "touch", "blocked": "blocked", "done": "done", "discarded": "discarded"}
"""Work kind of a status to the list of a stage that holds it, in the order they are walked."""

PREFACE = (
    "What your team decides. flow init proposed it from the history of your issues: correct what is wrong, flow doctor",
    "and flow run tell which names the site does not know. Hours are those issues spent in a status, by the clock.",
)

UNTIL_PROPOSED = {"zone": "UTC"}
"""What stands for an option without a default until a proposal fills it in."""

StatusRow = Mapping[str, Any]


def new_document() -> TOMLDocument:
    """A flow.toml before anything is proposed: every option with its default and what it means."""
    document = tomlkit.document()
    for line in PREFACE:
        document.add(tomlkit.comment(line))
    for name, field in FlowConfig.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            document.add(tomlkit.nl())
            document.add(name, _section(field.annotation))
    return document


def write_proposal(
    document: TOMLDocument, proposal: Proposal, answers: Mapping[tuple[str, int], str], country: str = ""
) -> str:
    """The document with a proposal in it, as text; ``answers`` give a list's name for statuses no rule covers.

    Value streams are replaced; of the calendar only what the proposal knows.
    """
    _put_calendar(document, proposal.calendar, country)
    if proposal.resolutions and "workflow" in document:
        told = ", ".join(map(plain_text, proposal.resolutions))
        document["workflow"]["discarding_resolutions"].comment(f"recognised now: {told}")
    document.pop("value_stream", None)
    streams = tomlkit.aot()
    for stream in proposal.workflow.streams:
        streams.append(_stream(proposal, stream, answers))
    document.append("value_stream", streams)
    return tomlkit.dumps(document)


def _section(model: type[Section]) -> Table:
    """A table of every option of a section with its default."""
    section = tomlkit.table()
    for name, field in model.model_fields.items():
        if any(isinstance(part, type) and issubclass(part, Section) for part in get_args(field.annotation)):
            continue  # a list of tables: an empty one would forbid to add any
        section.add(tomlkit.comment(field.description or ""))
        section.add(name, _on_a_line(UNTIL_PROPOSED.get(name, field.default)))
    return section


def _on_a_line(value: object) -> object:
    """A default as TOML can hold it beside others: a dictionary by itself would become a table below them."""
    if isinstance(value, dict):
        return tomlkit.inline_table()
    return list(value) if isinstance(value, tuple) else value


def _put_calendar(document: TOMLDocument, hours: Hours, country: str) -> None:
    calendar = document.setdefault("calendar", tomlkit.table())
    calendar["zone"] = hours.zone
    calendar["days"] = [WEEKDAYS[day] for day in hours.days]
    calendar["hours"] = hours.hours
    calendar["hours"].comment(hours.reason)
    if country:
        calendar["country"] = country


def _stream(proposal: Proposal, stream: ValueStream, answers: Mapping[tuple[str, int], str]) -> Table:
    rows = list(proposal.statuses.filter(pl.col.value_stream == stream.name).iter_rows(named=True))
    table = tomlkit.table()
    table.add(tomlkit.comment(f"Hours are counted over {_scope(proposal)}."))
    table.add("name", stream.name)
    table.add("projects", list(proposal.projects.get(stream.name, ())))
    committed = set(proposal.commitment_ids(stream))
    if first := [row for row in rows if row["status_id"] in committed]:
        table.add(tomlkit.comment("Work counts as started when it first enters this status or a later one."))
        table.add("commitment", _reference(first[0], rows))
    table.add("delivery", stream.delivery)
    _add_assignment(table, stream, is_sure=proposal.is_whole)
    if own := proposal.calendars.get(stream.name):
        table.add("calendar", _inline_calendar(own))
    _tell_unmapped(
        table, [row for row in rows if row["is_unmapped"] and (stream.name, row["status_id"]) not in answers]
    )
    table.add("stage", _stages(rows, stream.name, answers))
    return table


def _scope(proposal: Proposal) -> str:
    if proposal.is_whole:
        return f"all of {counted(proposal.listed_count, 'issue')}"
    return f"{proposal.read_count:,} of {counted(proposal.listed_count, 'issue')}"


def _add_assignment(table: Table, stream: ValueStream, *, is_sure: bool) -> None:
    value = "true" if stream.is_assignment_used else "false"
    table.add(tomlkit.comment("Whether active work without an assignee is nobody's work; as the history shows it."))
    if is_sure:
        table.add("assignment", stream.is_assignment_used)
    else:
        table.add(tomlkit.comment(f"assignment = {value}"))


def _inline_calendar(hours: Hours) -> Any:
    calendar = tomlkit.inline_table()
    calendar.update({"zone": hours.zone, "days": [WEEKDAYS[day] for day in hours.days], "hours": hours.hours})
    return calendar


def _tell_unmapped(table: Table, rows: Iterable[StatusRow]) -> None:
    for row in rows:
        name = plain_text(row["status_name"] or row["status_id"])
        table.add(
            tomlkit.comment(f"No rule covers '{name}' ({row['elapsed_hours']:,.0f} h). It counts as wait until a")
        )
        table.add(tomlkit.comment(f"stage lists it; its id is {row['status_id']}."))


def _stages(rows: Sequence[StatusRow], stream: str, answers: Mapping[tuple[str, int], str]) -> AoT:
    stages = tomlkit.aot()
    for name in dict.fromkeys(row["stage_name"] for row in rows if row["stage_name"] != UNMAPPED_STAGE):
        stages.append(_stage(name, [row for row in rows if row["stage_name"] == name], rows))
    for row in rows:
        if (key := answers.get((stream, row["status_id"]))) is not None:
            stages.append(_answered(row, key, rows))
    return stages


def _stage(name: str, members: Sequence[StatusRow], rows: Sequence[StatusRow]) -> Table:
    stage = tomlkit.table()
    stage.add("name", name)
    for kind, key in KEY_OF_KIND.items():
        listed = [row for row in members if row["work_kind"] == kind]
        if listed:
            stage.add(key, _listing(listed, rows))
    return stage


def _answered(row: StatusRow, key: str, rows: Sequence[StatusRow]) -> Table:
    """A stage of its own for a status somebody was asked about."""
    stage = tomlkit.table()
    stage.add("name", f"{row['status_name'] or row['status_id']} (stated)")
    stage.add(key, _listing([row], rows))
    return stage


def _listing(listed: Sequence[StatusRow], rows: Sequence[StatusRow]) -> Array:
    """References to statuses, a line each, with the hours that hang on them and the reason."""
    array, told = tomlkit.array(), dict[str, list[StatusRow]]()
    for row in listed:
        told.setdefault(_reference(row, rows), []).append(row)
    for reference, [row, *others] in told.items():
        name = "" if reference == row["status_name"] else f"{plain_text(row['status_name'])}, "
        hours = sum((other["elapsed_hours"] for other in others), row["elapsed_hours"])
        array.add_line(reference, comment=f"{name}{hours:,.0f} h: {row['decision']}")
    array.add_line(indent="")
    return array


def _reference(row: StatusRow, rows: Sequence[StatusRow]) -> str:
    """A listed name, where it means exactly the statuses that stand in the place of this one; else its id."""
    name, identity = row["status_name"], str(row["status_id"])
    if not name or name.strip().isdecimal():
        return identity
    namesakes = [other for other in rows if other["status_name"] and same_name(other["status_name"], name)]
    if not any(other["is_listed"] for other in namesakes):
        return identity
    places = {(other["stage_name"], other["work_kind"], other["status_order"]) for other in namesakes}
    return name if len(places) == 1 else identity
