"""Files that are whole or not there, whatever happens to the machine: written beside, flushed to disk, then renamed.

Whoever may lose a file with the machine, because the next run makes it again, needs none of this. What the files mean
belongs to those who write them.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""What only the owner may look into: everything that holds what was read from Jira, and the key."""


@contextmanager
def private_files() -> Iterator[None]:
    """Let every file made in the block be for its owner only; for those DuckDB makes, which asks for no mode itself.

    The whole process is bound by it meanwhile: nothing that others are to read may be written in the block.
    """
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_durably(target: Path, content: bytes, mode: int = PRIVATE_FILE) -> None:
    """Write a whole file or none; only its owner may read it unless ``mode`` says otherwise."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(target.parent)


def append_durably(target: Path, line: bytes) -> None:
    """Add a line to a file only its owner may read; what an interruption cut off before is ended first."""
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with os.fdopen(descriptor, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        is_cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        file.write((b"\n" if is_cut else b"") + line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync(target.parent)


LEAST_ROOM = 1 << 20
"""Bytes free below which a Parquet file that Polars could not finish is taken for one that found no room."""


@contextmanager
def writing_parquet(target: Path) -> Iterator[None]:
    """Say that the disk is full where Polars forgets why a file's end could not be written. Raises OSError (ENOSPC)."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        if shutil.disk_usage(target.parent).free >= LEAST_ROOM:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error


def sync(path: Path) -> None:
    """Flush one file, or the names in one folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush a folder with everything in it to disk, contents before names."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(place, name))
        sync(Path(place))


def point(link: Path, target: Path) -> None:
    """Let a symbolic link lead to ``target`` from one moment to the next, and for good."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    sync(link.parent)
