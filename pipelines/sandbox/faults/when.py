"""Which requests a fault strikes: by route, place, share, time. The course over many requests is ``script``'s part."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pipelines.sandbox.faults.effect import Call, Effect


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which requests are struck. All conditions must hold; without any, every request that fits the effect is."""

    route: str = ""
    """Part of the route with names in braces, as ``issue/bulkfetch``; a pattern for the whole if it holds a ``*``."""
    method: str = ""
    """GET or POST."""
    contains: str = ""
    """Text in the body or the query string."""
    after_seconds: float = 0.0
    """Seconds of the site's clock since the sandbox began that must have passed."""
    after: int = 0
    """So many fitting requests are let through first."""
    nth: int | list[int] | None = None
    """Only the n-th fitting request, or several of them, counted from 1."""
    every: int | None = None
    """Only every k-th fitting request."""
    probability: float | None = None
    """Share of the fitting requests, chosen by the seed and what is asked, whatever order requests come in."""
    times: int | None = None
    """Strike at most so often."""

    def __post_init__(self) -> None:
        if self.every is not None and self.every < 1:
            raise ValueError("every must be 1 or more")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError("probability must lie between 0 and 1")
        if self.method not in ("", "GET", "POST"):
            raise ValueError("method must be GET or POST")
        if any(place < 1 for place in self.places or ()):
            raise ValueError("nth counts from 1")

    @property
    def places(self) -> list[int] | None:
        """The places of ``nth`` as a list."""
        return [self.nth] if isinstance(self.nth, int) else self.nth

    def concerns(self, call: Call) -> bool:
        """Tell whether a request is of the kind looked for, whatever its place."""
        is_route = fnmatchcase(call.route, self.route) if "*" in self.route else self.route in call.route
        if not is_route or self.method not in ("", call.method):
            return False
        text = f"{call.asked.body.decode(errors='replace')} {call.asked.query}"
        return self.contains in text

    def has_place(self, count: int) -> bool:
        """Tell whether the ``count``-th fitting request is one to strike."""
        if count <= self.after or (self.places is not None and count not in self.places):
            return False
        return self.every is None or (count - self.after) % self.every == 0


@dataclass(frozen=True)
class Fault:
    """An effect and the requests it strikes."""

    effect: Effect
    when: When = field(default_factory=When)
