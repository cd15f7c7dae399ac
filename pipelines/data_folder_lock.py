"""One run at a time in a data folder, whoever started it: a command, Dagster, who erases or rolls back."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BusyError(Exception):
    """Another run is using the data folder."""


@contextmanager
def holding(data: Path) -> Iterator[None]:
    """Keep the data folder for one run; raises BusyError when another process has it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another run is working in {data.resolve()}. Wait until it has finished, or name another folder with"
                " --data."
            ) from None
        yield
