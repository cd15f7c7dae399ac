"""The value streams in flow.toml: which issues flow through them, their walk, and what is meant otherwise since when.

What the values mean to a calculation is decided in ``transforms``.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipelines.config_calendar import CalendarSection, Section
from transforms.core.stages import DELIVERED_STAGE
from transforms.workflow_rules import ChangeRules, StageRules

JOINS = ("+", ", ")
"""What stands between the names of several stages in the tables."""


def _ids_as_text(statuses: object) -> object:
    """A list of names and ids, the ids written as text."""
    return [str(s) if type(s) is int else s for s in statuses] if isinstance(statuses, list) else statuses


class StageSection(Section):
    """One stage of a value stream: its statuses by what is meant to happen in them."""

    name: str = Field(min_length=1, description="Name of the stage in the tables.")
    wait: tuple[str, ...] = Field((), description="Statuses (names or ids) in which it waits for its next person.")
    touch: tuple[str, ...] = Field((), description="Statuses in which somebody is meant to work on it.")
    blocked: tuple[str, ...] = Field((), description="Statuses that put it on hold.")
    done: tuple[str, ...] = Field((), description="Statuses in which it is delivered.")
    discarded: tuple[str, ...] = Field((), description="Statuses in which it is given up.")

    _ids_are_text = field_validator("wait", "touch", "blocked", "done", "discarded", mode="before")(_ids_as_text)

    @field_validator("name")
    @classmethod
    def _is_read_as_one(cls, name: str) -> str:
        if joins := [sign for sign in JOINS if sign in name]:
            raise ValueError(
                f"'{name}' would be read as several stages, whose names '{joins[0]}' joins; write it without, as"
                f" '{name.replace(joins[0], ' & ')}'"
            )
        return name

    @model_validator(mode="after")
    def _holds_what_it_says(self) -> StageSection:
        is_working = bool(self.wait or self.touch or self.blocked)
        if self.name == DELIVERED_STAGE and (is_working or (self.discarded and not self.done)):
            raise ValueError(
                f"'{DELIVERED_STAGE}' is what the stage of delivered work is called where a stream has none of its own;"
                " list nothing but 'done' and 'discarded' in it, or give it another 'name'"
            )
        return self

    def statuses(self) -> tuple[str, ...]:
        """All statuses of the stage, in walk order."""
        return self.wait + self.touch + self.blocked + self.done + self.discarded

    def rules(self) -> StageRules:
        """The same for the calculations."""
        return StageRules(**self.model_dump())


class ChangeOfStatuses(Section):
    """Statuses by what is meant to happen in them from a day on."""

    wait: tuple[str, ...] = Field((), description="Statuses (names or ids) in which work waits from then on.")
    touch: tuple[str, ...] = Field((), description="Statuses in which somebody is meant to work from then on.")
    blocked: tuple[str, ...] = Field((), description="Statuses that put it on hold from then on.")
    done: tuple[str, ...] = Field((), description="Statuses in which it is finished from then on.")
    discarded: tuple[str, ...] = Field((), description="Statuses in which it is given up from then on.")

    _ids_are_text = field_validator("wait", "touch", "blocked", "done", "discarded", mode="before")(_ids_as_text)

    @model_validator(mode="before")
    @classmethod
    def _delivers_as_always(cls, said: object) -> object:
        if isinstance(said, dict) and "delivery" in said:
            raise ValueError(
                "'delivery' cannot change on a day: times to a status and times to a release do not compare, so one of"
                " them holds in the whole history. Say it in [[value_stream]]; quality.restatements says what that"
                " restates. A status that ends work from a day on, or no longer does, is listed here as it is then"
            )
        return said

    def statuses(self) -> tuple[str, ...]:
        """All statuses listed."""
        return self.wait + self.touch + self.blocked + self.done + self.discarded


class StageChangeSection(ChangeOfStatuses):
    """A stage and the statuses that belong to it from a day on."""

    name: str = Field(min_length=1, description="Name of one of the stages.")

    @model_validator(mode="after")
    def _has_statuses(self) -> StageChangeSection:
        if not self.statuses():
            raise ValueError(
                f"nothing joins the stage '{self.name}'; list statuses as wait, touch, blocked, done or discarded"
            )
        return self


class ChangeSection(ChangeOfStatuses):
    """What is meant otherwise in a value stream from a day on; the past keeps what was meant."""

    valid_from: date = Field(description="First day on which it is.")
    commitment: str = Field(
        "", description="Status or stage at which work counts as started from then on; empty is as before."
    )
    stage: tuple[StageChangeSection, ...] = Field(
        (), description="Stages and the statuses that belong to them from then on, and belonged to others before."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> ChangeSection:
        listed = [*self.statuses(), *(status for stage in self.stage for status in stage.statuses())]
        if not listed and not self.commitment:
            raise ValueError(
                f"the change of {self.valid_from} names no status and no commitment; list statuses as wait, touch,"
                " blocked, done or discarded, give it a stage with some, or a commitment"
            )
        if twice := sorted({name for name in listed if listed.count(name) > 1}):
            raise ValueError(
                f"the change of {self.valid_from} lists '{twice[0]}' twice; give it one stage and one list"
            )
        return self

    def rules(self) -> ChangeRules:
        """The same for the calculations."""
        said = self.model_dump(exclude={"stage"})
        return ChangeRules(**said, stages=tuple(StageRules(**stage.model_dump()) for stage in self.stage))


class ValueStreamSection(Section):
    """One value stream: which issues flow through it, and its walk from idea to user."""

    name: str = Field(min_length=1, description="Name of the value stream in the tables.")
    site: str = Field(
        "", description="Name of the [[site]] it belongs to; empty: all, each with the site's name behind the stream's."
    )
    projects: tuple[str, ...] = Field(
        (), description="Keys of its projects; empty takes all. The first stream that takes an issue has it."
    )
    issue_types: tuple[str, ...] = Field((), description="Issue types that belong to it; empty takes all.")
    commitment: str = Field(
        "", description="Status or stage at which work counts as started; empty is the first one after the backlog."
    )
    delivery: Literal["status", "release"] = Field(
        "status", description="Work is delivered when it enters a done status, or when its version is released."
    )
    assignment: bool | None = Field(
        None, strict=True, description="Whether active work without an assignee is untouched; absent is detected."
    )
    calendar: CalendarSection | None = Field(
        None, description="Calendar of this stream; what it leaves out is taken from [calendar]."
    )
    stage: tuple[StageSection, ...] = Field((), description="Stages in walk order; none lets the walk be inferred.")
    change: tuple[ChangeSection, ...] = Field(
        (), description="What is meant otherwise from a day on, oldest first; the past keeps what was meant."
    )

    @model_validator(mode="after")
    def _names_are_used_once(self) -> ValueStreamSection:
        stages = [stage.name for stage in self.stage]
        statuses = [status for stage in self.stage for status in stage.statuses()]
        for what, names in (("stage", stages), ("status", statuses)):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what} '{twice[0]}' stands twice in value stream '{self.name}'; give it one place")
        return self

    @model_validator(mode="after")
    def _stages_have_statuses(self) -> ValueStreamSection:
        joined = {stage.name for change in self.change for stage in change.stage}
        if empty := [stage.name for stage in self.stage if not stage.statuses() and stage.name not in joined]:
            raise ValueError(f"stage '{empty[0]}' has no status; list some as wait, touch, blocked, done or discarded")
        return self

    @model_validator(mode="after")
    def _changes_are_in_order(self) -> ValueStreamSection:
        days = [change.valid_from for change in self.change]
        if days != sorted(set(days)):
            raise ValueError("list the changes by 'valid_from', the oldest first and each day once")
        return self
