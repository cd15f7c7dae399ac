"""Faults in order, and the course they take over the requests of one running sandbox.

Which requests one fault strikes is told in ``when``, what happens to them by its effect (``catalogue``); reading
scripts from files is ``files``' part. A script is a description and may serve many sandboxes; ``Course`` holds what one
sandbox has seen of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pipelines.sandbox.faults.effect import Call, Effect
from pipelines.sandbox.faults.when import Fault, When
from pipelines.sandbox.site import Site


class FaultScriptError(ValueError):
    """A fault script cannot be read, or speaks of something unknown. The message is one paragraph."""


@dataclass(frozen=True)
class FaultScript:
    """Faults in order. Every fault counts every request that fits it; all that strike one request act in order."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0
    seconds_per_request: float = 0.0
    """How far each request moves the site's clock."""

    @classmethod
    def of(cls, *faults: Fault | Effect, seed: int = 0, seconds_per_request: float = 0.0) -> FaultScript:
        """A script of faults; a bare effect strikes every request that fits it."""
        listed = tuple(Fault(fault) if isinstance(fault, Effect) else fault for fault in faults)
        return cls(listed, seed, seconds_per_request)

    def check(self, site: Site) -> None:
        """Raise FaultScriptError where a fault names a project or status that the site does not have."""
        for place, fault in enumerate(self.faults, 1):
            try:
                fault.effect.check(site)
            except KeyError as error:
                raise FaultScriptError(f"Fault {place} ({fault.effect.kind()}): the site has no {error}.") from None


@dataclass(frozen=True)
class Fired:
    """A fault that struck."""

    place: int
    """Place of the fault in the script, from 0."""
    kind: str
    request: str
    """Method and route."""


@dataclass(frozen=True)
class Struck:
    """An effect at work on one request."""

    effect: Effect
    call: Call


@dataclass
class Course:
    """A script as it goes on in one sandbox."""

    script: FaultScript
    began_at: datetime
    """The site's clock when the sandbox began."""
    fired: list[Fired] = field(default_factory=list)
    _counts: Counter[int] = field(default_factory=Counter)
    _strikes: Counter[int] = field(default_factory=Counter)
    _seen: Counter[tuple[int, str]] = field(default_factory=Counter)
    _memories: dict[int, dict[Any, Any]] = field(default_factory=dict)

    def strike(self, call: Call) -> list[Struck]:
        """Effects at work on a request, in order; whoever strikes is noted in ``fired``."""
        site = call.served.site
        site.now += timedelta(seconds=self.script.seconds_per_request)
        return list(self._strike(call, (site.now - self.began_at).total_seconds()))

    def _strike(self, call: Call, seconds: float) -> Iterable[Struck]:
        for place, fault in enumerate(self.script.faults):
            if seconds < fault.when.after_seconds or not fault.when.concerns(call) or not fault.effect.fits(call):
                continue
            self._counts[place] += 1
            dice = self._dice(place, call)
            if not self._hits(place, fault.when, dice):
                continue
            self._strikes[place] += 1
            self.fired.append(Fired(place, fault.effect.kind(), f"{call.method} {call.route}"))
            yield Struck(fault.effect, replace(call, dice=dice, memory=self._memories.setdefault(place, {})))

    def _hits(self, place: int, when: When, dice: Random) -> bool:
        """Tell whether a counted request is struck."""
        if when.times is not None and self._strikes[place] >= when.times:
            return False
        return when.has_place(self._counts[place]) and (when.probability is None or dice.random() < when.probability)

    def _dice(self, place: int, call: Call) -> Random:
        """Dice that fall alike whenever the same is asked for the same time, whichever worker comes first."""
        asked = f"{call.method} {call.route} {sorted(call.asked.path.items())} {call.asked.query} {call.asked.body!r}"
        self._seen[place, asked] += 1
        return Random(f"{self.script.seed}/{place}/{self._seen[place, asked]}/{asked}")
