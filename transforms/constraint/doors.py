"""Limits on how many issues a station holds, and issues that waited at its door: finished before they could leave.

What a limit does in a replay is ``engine``; here is how it shows in a log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from transforms.constraint.observed import Observed

AT_ONCE = timedelta(minutes=1)
"""An entry within it of an exit took the place that the exit freed."""

STOOD_SHARE = 0.1
"""Share of the time a station must have stood at its highest number for that to be a limit nobody told."""

COUPLED_SHARE, COUPLED_COUNT = 0.05, 8
"""Entries that must have taken a freed place at once, of all and at least."""

EXCEEDED_SHARE = 0.05
"""Share of the time for which a limit on the board may be exceeded and still counts as kept."""

LATE_STOOD_SHARE, LATE_EXCEEDED_SHARE = 0.25, 0.45
"""The same where moves are entered late: it stands at the limit most of the time, but seems to be exceeded often."""

CROWDED_SHARE = 0.04
"""Share of all changes that falls into one minute of the day from which that minute is a stand-up's."""

LATE_SHARE = 0.1
"""Share of a station's entries made at stand-ups from which moves are taken to be entered late."""

MICROSECOND = timedelta(microseconds=1)

DAY_MINUTES, MINUTE_US = 24 * 60, 60_000_000

_NEVER = np.zeros(0, np.int64)


class Limit(NamedTuple):
    """Most issues in a station, whether the board says so or it was found in the log, and how often it bound."""

    most: int
    source: str
    bound_share: float
    """Share of the time in which the station held that many or more."""


Limits = Mapping[tuple[str, str], Limit]
"""(value stream, station) → its limit."""


class Occupancy(NamedTuple):
    """A station's entries and exits (microseconds, ascending), and how many issues were in it after each change."""

    entries: np.ndarray
    exits: np.ndarray
    at: np.ndarray
    inside: np.ndarray

    def before(self, at: np.ndarray) -> np.ndarray:
        """Issues inside just before each instant."""
        place = np.searchsorted(self.at, at, "left") - 1
        number: np.ndarray = np.where(place >= 0, self.inside[np.maximum(place, 0)], 0)
        return number

    def shares_above(self) -> np.ndarray:
        """Share of the time with more than n issues inside, for n = 0, 1, …"""
        lasting = np.diff(self.at)
        held = np.bincount(self.inside[:-1], weights=lasting, minlength=1)
        total = max(float(held.sum()), 1.0)
        above: np.ndarray = 1 - np.cumsum(held) / total
        return above


def find_limits(visits: pl.DataFrame, said: Mapping[tuple[str, str], int]) -> Limits:
    """The limits that are kept: those on boards, and where boards are silent those that the log shows.

    ``visits``: value_stream, station, entered_at, left_at.
    """
    found: dict[tuple[str, str], Limit] = {}
    for key, occupancy in occupancies(visits).items():
        above = occupancy.shares_above()
        most = said.get(key)
        if most is not None and (most >= len(above) or above[most] <= EXCEEDED_SHARE or shows_limit(occupancy, most)):
            found[key] = Limit(most, "board", _at_least(above, most))
        elif most is None and (shown := shown_limit(occupancy)) is not None:
            found[key] = Limit(shown, "found", _at_least(above, shown))
    return found


def _at_least(above: np.ndarray, most: int) -> float:
    return float(above[most - 1]) if 0 < most <= len(above) else 0.0


def occupancies(visits: pl.DataFrame) -> dict[tuple[str, str], Occupancy]:
    """By stream and station, when issues came and went."""
    names = [pl.col(name).cast(pl.String) for name in ("value_stream", "station")]
    instants = [pl.col(name).dt.epoch("us") for name in ("entered_at", "left_at")]
    held = visits.group_by(names, maintain_order=True).agg(instants)
    return {(stream, station): _occupancy(_instants(entered), _instants(left))
            for stream, station, entered, left in held.iter_rows()}  # fmt: skip


def _instants(at: Sequence[int | None]) -> np.ndarray:
    return np.array([one for one in at if one is not None], dtype=np.int64)


def _occupancy(entered: np.ndarray, left: np.ndarray) -> Occupancy:
    """At one instant what goes, goes before what comes."""
    at = np.concatenate([left, entered])
    step = np.concatenate([np.full(len(left), -1), np.full(len(entered), 1)])
    order = np.lexsort((step, at))
    return Occupancy(np.sort(entered), np.sort(left), at[order], np.maximum(np.cumsum(step[order]), 0).astype(np.int64))


def shown_limit(occupancy: Occupancy) -> int | None:
    """The limit that a station's log shows, if it does: its highest number, or where it stands most of the time."""
    above = occupancy.shares_above()
    stood = np.diff(np.concatenate([[1.0], above])) * -1
    tried = (int(occupancy.inside.max(initial=0)), int(np.argmax(stood)) if len(stood) else 0)
    return next((most for most in tried if shows_limit(occupancy, most)), None)


def shows_limit(occupancy: Occupancy, most: int) -> bool:
    """Whether a station stood at a number for long, was hardly above it, and places were taken once they were free."""
    above = np.append(occupancy.shares_above(), [0.0, 0.0])
    if not 2 <= most < len(above) - 1:
        return False
    stood, exceeded = float(above[most - 1] - above[most]), float(above[most])
    is_exact = stood >= STOOD_SHARE and exceeded <= EXCEEDED_SHARE
    is_crowded = _is_crowded(occupancy.entries, occupancy.exits)
    is_late = stood >= LATE_STOOD_SHARE and exceeded <= LATE_EXCEEDED_SHARE and is_crowded.mean() >= LATE_SHARE
    if not (is_exact or is_late):
        return False
    entries = occupancy.entries[~is_crowded]
    freed = occupancy.exits[occupancy.before(occupancy.exits) >= most]
    taken = int(_follows(entries, freed).sum())
    return taken >= COUPLED_COUNT and taken >= COUPLED_SHARE * len(occupancy.entries)


def stream_limit(seen: Observed) -> int:
    """Most issues in the whole stream at once, where the period shows that what is delivered makes room for the next.

    0 where it shows no such limit. Shown as a station's is: the stream stands at the number for long, is hardly ever
    above it, and starts follow deliveries at once.
    """
    first, gone = seen.first_of_chain(), seen.is_over & (seen.following >= seen.size)
    occupancy = _occupancy(*(_microseconds(np.clip(at, 0, None)) for at in (seen.entered[first], seen.left[gone])))
    return shown_limit(occupancy) or 0


def _microseconds(hours: np.ndarray) -> np.ndarray:
    at: np.ndarray = np.round(hours * (timedelta(hours=1) / MICROSECOND)).astype(np.int64)
    return at


def entered_late(visits: pl.DataFrame) -> set[str]:
    """Value streams in which a tenth and more of all entries to a station is made at stand-ups.

    What moves at the moment at which a stage without work lets its issues go was moved by that release, not late.
    ``visits``: value_stream, station, entered_at, left_at, high_ms.
    """
    held = occupancies(visits)
    idle = visits.group_by("value_stream", "station").agg(pl.col.high_ms.sum() == 0).filter("high_ms")
    idle_keys = set(idle.select(pl.col("value_stream", "station").cast(pl.String)).iter_rows())
    late = {stream: [0, 0] for stream, _ in held}
    releases = {stream: _releases(held, {key for key in idle_keys if key[0] == stream}) for stream in late}
    for (stream, _), occupancy in held.items():
        crowded = _is_crowded(occupancy.entries, occupancy.exits) & ~_follows(occupancy.entries, releases[stream])
        late[stream][0] += int(crowded.sum())
        late[stream][1] += len(crowded)
    return {stream for stream, (crowded, entries) in late.items() if crowded >= LATE_SHARE * max(1, entries)}


def _releases(held: Mapping[tuple[str, str], Occupancy], idle: set[tuple[str, str]]) -> np.ndarray:
    """When three and more issues left one of the stations ``idle`` at once, ascending."""
    found = [_NEVER]
    for key in idle:
        exits = held[key].exits
        found.append(exits[:-2][exits[2:] - exits[:-2] <= AT_ONCE // MICROSECOND])
    return np.sort(np.concatenate(found))


def _is_crowded(at: np.ndarray, exits: np.ndarray) -> np.ndarray:
    """Whether each instant lies in a minute of the day into which improbably many changes fall."""
    minutes = np.concatenate([at, exits]) // MINUTE_US % DAY_MINUTES
    crowded = np.bincount(minutes, minlength=DAY_MINUTES) > CROWDED_SHARE * len(minutes)
    is_crowded: np.ndarray = crowded[at // MINUTE_US % DAY_MINUTES]
    return is_crowded


def _follows(at: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Whether each instant lies at, or at once after, one of the ``earlier`` ones."""
    if not len(earlier):
        return np.zeros(len(at), bool)
    place = np.searchsorted(earlier, at, "right") - 1
    near: np.ndarray = (place >= 0) & (at - earlier[np.maximum(place, 0)] <= AT_ONCE // MICROSECOND)
    return near


def with_doors(visits: pl.DataFrame, next_touches: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Add done_at and is_work_known: what left into a place that had just become free may have been done before.

    It was done at the latest when its worker turned to another issue (``next_touches``: visit, next_at, next_visit),
    and at that very time if the other had been there before, so that they only had to finish. Else they may have been
    without work, or without room for it: then done_at is the latest end. Visits that left freely, or stay, are done
    when they leave.
    """
    entered_next = pl.col.station.shift(-1).over("issue_id")
    moved = visits.with_columns(
        to=pl.when(pl.col.left_at == pl.col.entered_at.shift(-1).over("issue_id")).then(entered_next)
    )
    marked = moved.with_columns(
        at_door=_took_freed_place(moved, "to", "left_at", limits),
        was_there=~_took_freed_place(moved, "station", "entered_at", limits),
    )
    others = marked.select(
        next_visit="visit", other_entered_at="entered_at", other_has_queue="has_queue", was_there="was_there"
    )
    marked = marked.drop("was_there").join(next_touches, on="visit", how="left", maintain_order="left")
    marked = marked.join(others, on="next_visit", how="left", maintain_order="left")
    waited = pl.col.other_entered_at < pl.col.next_at - AT_ONCE
    had_choice = pl.when("other_has_queue").then(waited).otherwise("was_there")
    is_earlier = (pl.col.next_at < pl.col.left_at).fill_null(False)
    return marked.with_columns(
        done_at=pl.when(pl.col.at_door & is_earlier).then("next_at").otherwise("left_at"),
        is_work_known=~pl.col.at_door | (is_earlier & had_choice.fill_null(False)),
    ).drop("to", "next_at", "next_visit", "at_door", "was_there", "other_entered_at", "other_has_queue")


def _took_freed_place(visits: pl.DataFrame, place: str, at: str, limits: Limits) -> pl.Series:
    """Whether each visit came at once into a place of the station in column ``place`` that had just become free."""
    took = np.zeros(len(visits), bool)
    about = [visits[name].cast(pl.String).to_numpy() for name in ("value_stream", place)]
    instants = visits[at].dt.epoch("us").fill_null(-1).to_numpy()
    for (stream, station), occupancy in occupancies(visits).items():
        if (stream, station) in limits:
            freed = occupancy.exits[occupancy.before(occupancy.exits) >= limits[stream, station].most]
            here = (about[0] == stream) & (about[1] == station)
            took[here] = _follows(instants[here], freed)
    return pl.Series(took)
