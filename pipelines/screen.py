"""What a run shows while it works: a moving line on a terminal, plain lines elsewhere. Always on standard error.

What was found is said at the end, by ``pipelines.summary``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

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
