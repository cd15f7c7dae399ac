"""What a section of the report is made of: a View once, and an Entry for everything a reader can choose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.report.published import Published, Row

Follows = Literal["period", "type"]


@dataclass(frozen=True)
class Entry:
    """What a section says of one stream; with a period or type, of these only."""

    stream: str
    period: str = ""
    issue_type: str = ""
    finding: str = ""
    """What there is to see, in words."""
    reason: str = ""
    """Why there is nothing to see. An entry has a finding or a reason."""
    caveat: str = ""
    """What limits the claim, said at its end."""
    facts: Sequence[tuple[str, str]] = ()
    """A name and a figure each."""
    charts: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Rows by the name of the chart that draws them."""
    table: Sequence[Sequence[str]] = ()
    """A head and rows, shown as a table."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only this section's own drawing needs."""


@dataclass(frozen=True)
class View:
    """One section."""

    name: str
    title: str
    question: str
    """What it answers, in one sentence."""
    tables: Sequence[str]
    build: Callable[[Published], Iterable[Entry]]
    charts: Sequence[str] = ()
    """Names of its charts in ``charts.CHARTS``, in the order they stand in."""
    follows: Sequence[Follows] = ("period",)
    """Which filters beside the value stream it follows."""
    note: str = ""
    """How to read it."""
    shared: Callable[[Published], Mapping[str, Mapping[str, Sequence[Row]]]] | None = None
    """Rows by stream and chart that hold for every entry; drawn from the chosen period, by their column ``date``."""
