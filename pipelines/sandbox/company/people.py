"""Who works in the simulated company: identities, time zones, public holidays and vacations.

Nobody here is real. Which stage a person serves belongs to ``streams``; what they do to ``engine``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from pipelines.sandbox.company.clocks import WorkClock, weekday_openings

BERLIN, NEW_YORK, KOLKATA, AUCKLAND = "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"

_HOLIDAYS = {
    BERLIN: """
        2024-12-25 2024-12-26 2025-01-01 2025-04-18 2025-04-21 2025-05-01 2025-05-29 2025-06-09 2025-10-03 2025-12-25
        2025-12-26 2026-01-01 2026-04-03 2026-04-06 2026-05-01 2026-05-14 2026-05-25 2026-10-03 2026-12-25
    """,
    NEW_YORK: """
        2024-11-28 2024-12-25 2025-01-01 2025-01-20 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-11-27 2025-12-25
        2026-01-01 2026-01-19 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-11-26 2026-12-25
    """,
    KOLKATA: """
        2024-12-25 2025-01-14 2025-03-14 2025-04-18 2025-05-01 2025-08-15 2025-10-02 2025-10-20 2025-12-25 2026-01-26
        2026-03-04 2026-04-03 2026-05-01 2026-10-02 2026-11-09 2026-12-25
    """,
    AUCKLAND: """
        2024-12-25 2024-12-26 2025-01-01 2025-01-02 2025-02-06 2025-04-18 2025-04-21 2025-04-25 2025-06-02 2025-06-20
        2025-10-27 2025-12-25 2025-12-26 2026-01-01 2026-01-02 2026-02-06 2026-04-03 2026-04-06 2026-06-01
    """,
}

HOLIDAYS = {zone: frozenset(date.fromisoformat(day) for day in days.split()) for zone, days in _HOLIDAYS.items()}
"""Written down rather than computed, so that the company never changes with a library."""

DOMAIN = "northwind-example.com"

_FIRST_NAMES = """
    Aarav Anika Zoë Mateo Léa Jonas Mia Rohan Priya Tane Aroha Wiremu Hana Emil Clara Oskar Noor Imani Grace Diego Lucía
    Ethan Chloe Ravi Meera Arjun Sofie Lars Greta Felix Ines Tomás Nia Caleb Ruby Hemi Kiri Manaia Isla Finn Owen Yara
"""

_LAST_NAMES = """
    Müller Sharma Okafor Rossi Nguyen Weber Patel Ngata Thompson García Lindqvist Iyer Kowalski Brandt Walker Rao Menon
    O'Connor Fischer Tamati Schröder Alvarez Hughes Krüger Banerjee Parata Novak Bennett Castillo Vogel Das Hoffmann
"""


FIRST_NAMES, LAST_NAMES = tuple(_FIRST_NAMES.split()), tuple(_LAST_NAMES.split())


@dataclass(frozen=True)
class Person:
    """An account of the simulated site."""

    account_id: str
    display_name: str
    email: str
    zone: str
    account_type: str = "atlassian"
    start_hour: int = 9
    """Local hour at which the eight-hour day begins."""

    def as_user(self) -> dict[str, object]:
        """The account as Jira Cloud shows it inside issues and histories."""
        mail = {"emailAddress": self.email} if self.email else {}
        return mail | {
            "accountId": self.account_id,
            "accountType": self.account_type,
            "active": True,
            "displayName": self.display_name,
            "timeZone": self.zone,
        }


@dataclass
class Staff:
    """Hires people one after the other; no display name is given twice."""

    rng: Random
    taken: set[str] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)

    def hire(self, zone: str, start_hour: int = 9) -> Person:
        """A new colleague with a mailbox in DOMAIN."""
        name = self._free_name()
        mailbox = name.lower().replace(" ", ".").replace("'", "")
        person = Person(self._account(), name, f"{mailbox}@{DOMAIN}", zone, start_hour=start_hour)
        self.people.append(person)
        return person

    def install(self, name: str) -> Person:
        """An app: it has an account, but no mailbox worth the name and no working hours."""
        app = Person(self._account(), name, "", "Etc/GMT", account_type="app", start_hour=0)
        self.people.append(app)
        return app

    def _free_name(self) -> str:
        while True:
            name = f"{self.rng.choice(FIRST_NAMES)} {self.rng.choice(LAST_NAMES)}"
            if name not in self.taken:
                self.taken.add(name)
                return name

    def _account(self) -> str:
        return f"712020:{self.rng.getrandbits(96):024x}"


def vacation_days(rng: Random, first: date, last: date, *, days_per_year: int = 26) -> frozenset[date]:
    """Days off: blocks of one or two weeks and single days, about ``days_per_year`` weekdays a year."""
    off: set[date] = set()
    wanted = days_per_year * (last - first).days / 365
    while len(off) < wanted:
        begin = first + timedelta(days=rng.randrange((last - first).days))
        length = rng.choice((1, 2, 5, 7, 12, 12))
        off |= {day for day in (begin + timedelta(days=n) for n in range(length)) if day.weekday() < 5}
    return frozenset(off)


def work_clock(
    person: Person, first: date, last: date, days_off: frozenset[date] = frozenset(), late_by: int = 0
) -> WorkClock:
    """The person's weekdays without ``days_off``; each day begins and ends up to ``late_by`` ms later than the hour."""
    rng = Random(person.account_id)
    openings = weekday_openings(person.zone, person.start_hour, first, last)
    delays = [rng.randrange(late_by) if late_by else 0 for _ in openings]
    return WorkClock(
        (start + delay, end + delay)
        for (day, start, end), delay in zip(openings, delays, strict=True)
        if day not in days_off
    )


def cover_clock(person: Person, first: date, last: date, absences: frozenset[date]) -> WorkClock:
    """Openings of a deputy: only on the days on which the one whom they stand in for is away."""
    holidays = HOLIDAYS[person.zone]
    openings = weekday_openings(person.zone, person.start_hour, first, last)
    return WorkClock((start, end) for day, start, end in openings if day in absences and day not in holidays)
