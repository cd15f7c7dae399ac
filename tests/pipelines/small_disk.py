"""A disk of a few hundred kilobytes, or one that cannot be written: real file systems, mounted for a test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """An empty disk of that size at ``place``; skips the test where this account may not mount one."""
    place.mkdir(parents=True, exist_ok=True)
    if not _try("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)):
        pytest.skip("mounting a small file system needs root")
    try:
        yield place
    finally:
        _try("umount", "-l", str(place))


def resize(place: Path, kilobytes: int) -> None:
    """Make room, or take it."""
    assert _try("mount", "-o", f"remount,size={kilobytes}k", str(place))


def close(place: Path) -> None:
    """Let nobody write, as a disk does that met an error."""
    assert _try("mount", "-o", "remount,ro", str(place))


def free_kilobytes(place: Path) -> int:
    """Room that is left."""
    return shutil.disk_usage(place).free // 1024


def _try(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
