"""The calendar in flow.toml: when a team works, and since when. What working time is belongs to ``transforms``."""

from __future__ import annotations

import itertools
import warnings
import zoneinfo
from datetime import date, time
from typing import Literal

import holidays as holiday_library
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from transforms.calendar import Openings, WorkingCalendar

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

HOLIDAY_YEARS = range(1995, 2046)
"""Years in which public holidays are laid into a calendar: older than any Jira, and some time ahead."""


class Section(BaseModel):
    """A table of flow.toml: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CalendarChange(Section):
    """Other working days or hours from a day on; what came before keeps the hours it had."""

    valid_from: date = Field(description="First day on which they hold.")
    days: tuple[Weekday, ...] | None = Field(
        None, min_length=1, description="Working days from then on; absent keeps those before."
    )
    hours: tuple[str, ...] | None = Field(
        None, min_length=1, description="Hours of a working day from then on; absent keeps those before."
    )

    @field_validator("hours", mode="before")
    @classmethod
    def _one_or_many(cls, hours: object) -> object:
        return (hours,) if isinstance(hours, str) else hours

    @field_validator("hours")
    @classmethod
    def _hours_are_stretches(cls, hours: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return hours and _stretches(hours)

    @model_validator(mode="after")
    def _says_something(self) -> CalendarChange:
        if self.days is None and self.hours is None:
            raise ValueError(f"the change of {self.valid_from} changes nothing; give it 'days' or 'hours'")
        return self


class CalendarSection(Section):
    """When a team works: working time is counted inside these hours."""

    zone: str | None = Field(None, description="IANA time zone; absent takes the zone of the Jira account.")
    days: tuple[Weekday, ...] = Field(WEEKDAYS[:5], min_length=1, description="Working days of the week.")
    hours: tuple[str, ...] = Field(
        ("09:00-17:00",),
        min_length=1,
        description='Hours of a working day: one stretch, or a list. "24:00" is midnight.',
    )
    country: str = Field("", description="Country whose public holidays are free (ISO code, as DE); empty knows none.")
    subdivision: str = Field("", description="State or region of it (as BE for Berlin); empty takes national holidays.")
    holidays: tuple[date, ...] = Field((), description="Further free days of this team.")
    change: tuple[CalendarChange, ...] = Field(
        (), description="Other days or hours from a day on, oldest first; the past keeps the hours it had."
    )

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in zoneinfo.available_timezones():
            raise ValueError(f'\'{zone}\' is not an IANA time zone; write it like "Europe/Berlin" or "UTC"')
        return zone

    @field_validator("hours", mode="before")
    @classmethod
    def _one_or_many(cls, hours: object) -> object:
        return (hours,) if isinstance(hours, str) else hours

    @field_validator("hours")
    @classmethod
    def _hours_are_stretches(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        return _stretches(hours)

    @model_validator(mode="after")
    def _changes_are_in_order(self) -> CalendarSection:
        for one, after in itertools.pairwise(self.change):
            if one.valid_from >= after.valid_from:
                raise ValueError("list the changes by 'valid_from', the oldest first and each day once")
        return self

    @model_validator(mode="after")
    def _holidays_are_known(self) -> CalendarSection:
        self.free_days()
        return self

    def free_days(self) -> frozenset[date]:
        """Public holidays of the country and the team's own free days."""
        if not self.country:
            if self.subdivision:
                raise ValueError("'subdivision' needs a 'country'")
            return frozenset(self.holidays)
        try:
            region = self.subdivision or None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # some countries are known for fewer years
                public = holiday_library.country_holidays(self.country, subdiv=region, years=HOLIDAY_YEARS)
        except NotImplementedError as error:
            raise ValueError(f"no public holidays are known for this country and subdivision ({error})") from None
        return frozenset(public) | frozenset(self.holidays)

    def working_calendar(self, account_zone: str) -> WorkingCalendar:
        """The calendar of the calculations; ``account_zone`` stands in where the file names none, or else UTC."""
        days, hours = self.days, self.hours
        held, earlier = _openings(days, hours), []
        for change in self.change:
            days, hours = change.days or days, change.hours or hours
            earlier.append((change.valid_from, held))
            held = _openings(days, hours)
        return WorkingCalendar(self.zone or account_zone or "UTC", held, self.free_days(), tuple(earlier))


def _stretches(hours: tuple[str, ...]) -> tuple[str, ...]:
    """The hours as they are; raises ValueError where they are none or overlap."""
    for (_, end), (start, _) in itertools.pairwise(sorted(_minutes(text) for text in hours)):
        if start < end:
            raise ValueError("the stretches overlap; write each hour once")
    return hours


def _openings(days: tuple[Weekday, ...], hours: tuple[str, ...]) -> Openings:
    stretches = sorted(_minutes(text) for text in hours)
    return tuple((WEEKDAYS.index(day), _clock(start), _clock(end)) for day in days for start, end in stretches)


def _minutes(text: str) -> tuple[int, int]:
    """Start and end of "09:00-17:00" in minutes after midnight."""
    try:
        start, end = (int(h) * 60 + int(m) for h, m in (part.split(":") for part in text.split("-")))
    except ValueError:
        raise ValueError(f"'{text}' is not a stretch of hours; write it like \"09:00-17:00\"") from None
    if not 0 <= start < end <= 24 * 60 or "60" in (part[-2:] for part in text.split("-")):
        raise ValueError(f"'{text}' does not run forward within one day")
    return start, end


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)
