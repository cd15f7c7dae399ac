"""How Jira writes a person and an instant. Fields and changelogs are made of them in ``fields`` and ``assemble``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.sandbox.company.clocks import from_ms
from pipelines.sandbox.company.people import Person

Json = dict[str, Any]

HALF_HOUR = 1_800_000


@lru_cache(maxsize=256)
def user(person: Person) -> Json:
    """A person as Jira shows them; one and the same dictionary wherever they occur."""
    return person.as_user()


def stamp(at: int, zone: str) -> str:
    """An instant as Jira writes it, in the offset that held in a zone."""
    hour, minutes, offset = _half_hour(at // HALF_HOUR, zone)
    rest = at % HALF_HOUR
    return f"{hour}{minutes + rest // 60_000:02d}:{rest // 1000 % 60:02d}.{rest % 1000:03d}{offset}"


@lru_cache(maxsize=1 << 17)
def _half_hour(number: int, zone: str) -> tuple[str, int, str]:
    """Local date and hour, first minute, and offset of a half hour since the epoch: no offset changes within one."""
    local = from_ms(number * HALF_HOUR).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%dT%H:}", local.minute, f"{local:%z}"
