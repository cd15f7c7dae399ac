"""Kill a step of file work before each of its steps in turn, in a child process, as a power cut or ``kill -9`` would.

Python tells an audit hook of every file it opens, renames, links or removes; the child kills itself at the chosen one,
so nothing is cleaned up. Not for work that uses threads, which a fork does not take along.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

WATCHED = ("open", "os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
LONGEST = 400
"""More steps than this mean that the work never ends."""


def killed_everywhere(prepared: Path, scratch: Path, work: Callable[[Path], object]) -> Iterator[Path]:
    """A copy of ``prepared`` for each step of ``work`` before which it was killed; ends when it ran to its end."""
    for step in range(LONGEST):
        copy = shutil.copytree(prepared, scratch / f"{step}", symlinks=True)
        was_killed = _in_a_child(lambda copy=copy, step=step: _run_until(step, copy, work))
        yield copy
        if not was_killed:
            return
    raise AssertionError(f"not done after {LONGEST} steps")


def _in_a_child(work: Callable[[], object]) -> bool:
    """Whether the child was killed; raises AssertionError if it failed in any other way."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(status)


def _run_until(step: int, folder: Path, work: Callable[[Path], object]) -> None:
    left = step

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event not in WATCHED or not str(arguments[0]).startswith(str(folder)):
            return
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    sys.addaudithook(count)
    work(folder)
