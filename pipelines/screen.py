"""What a run shows while it works: a moving line on a terminal, plain lines elsewhere. Always on standard error.

What was found is said at the end, by ``pipelines.summary``; answers are laid out as tables on standard output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from pipelines.plain_text import plain_text

PIPED_WIDTH = 100_000
"""Characters of a line nobody sees on a screen: nothing is cut for whoever reads a pipe."""


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, is_folded: bool = False) -> None:
    """Print rows as a table, harmless to the terminal; ``is_folded`` breaks long cells into lines.

    A pipe gets every cell whole on one line.
    """
    console = Console()
    if not console.is_terminal and not is_folded:
        console = Console(width=PIPED_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = [[_cell(value) for value in row] for row in rows]
    for place, name in enumerate(columns):
        is_number = bool(cells) and all(row[place].justify == "right" or not row[place].plain for row in cells)
        table.add_column(
            Text(plain_text(name)),
            justify="right" if is_number else "left",
            overflow="fold" if is_folded else "ellipsis",
            no_wrap=not is_folded,
        )
    for row in cells:
        table.add_row(*row)
    console.print(table, markup=False, highlight=False)


def show_lines(lines: Iterable[str]) -> None:
    """Print lines of text, harmless to the terminal and as long as they are."""
    console = Console()
    for line in lines:
        console.print(Text(plain_text(line)), soft_wrap=True, highlight=False)


def _cell(value: Any) -> Text:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else plain_text(value)
    return Text(text, justify="right" if is_number else "left")


class Screen:
    """Tells progress for the length of a ``with`` block."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._moving = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._moving.add_task("Starting", total=None)

    def say(self, line: str) -> None:
        """Tell what is being done now."""
        line = plain_text(line)
        if self._console.is_terminal:
            self._moving.reset(self._task, description=line, total=None)
        else:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def count(self, done: int, total: int | None) -> None:
        """Tell how many issues have come; only a terminal shows it."""
        self._moving.update(self._task, completed=done, total=total)

    def __enter__(self) -> Self:
        self._moving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._moving.stop()
