"""What a disk has against being written to, told as one paragraph that says what to do.

Python, DuckDB, Polars and SQLite each tell it in their own way; here it is recognised whoever tells it. What is left in
place when a write fails belongs to those who write.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
BROKEN = frozenset({errno.EIO})

_WORDS = {
    "full": ("no space left on device", "disk quota exceeded", "file too large", "database or disk is full"),
    "closed": ("read-only file system", "permission denied", "operation not permitted", "readonly database"),
    "locked": ("could not set lock on file",),
    "broken": ("input/output error",),
}

_ADVICE = {
    "full": (
        "There is no room left on the disk ({detail}). Make room and run again: it goes on from what was read already."
        " Every version that is kept takes room, too; keep_versions in flow.toml says how many are."
    ),
    "closed": (
        "A file or folder may not be written ({detail}). Let the account that runs flow write there, or name another"
        " folder with --data."
    ),
    "locked": (
        "Another program has a file open that only flow may write ({detail}). Close it there and run again; data/work"
        " and work.duckdb are private, what is meant for readers is flow.duckdb, opened read-only."
    ),
    "broken": (
        "The disk reports a fault ({detail}). Check it, move the folder to a sound disk, and run again: what turns out"
        " damaged is rebuilt or read anew."
    ),
}

LONGEST_DETAIL = 300


def explain_storage(error: BaseException) -> str | None:
    """What hinders writing, and what to do; None where the error is of another kind."""
    for one in _chain(error):
        kind = _kind(one)
        if kind:
            detail = " ".join(str(one).split())[:LONGEST_DETAIL]
            return f"{_ADVICE[kind].format(detail=detail)} The published tables are as they were."
    return None


def _kind(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno is not None:
        numbers = {"full": FULL, "closed": CLOSED, "broken": BROKEN}
        return next((kind for kind, known in numbers.items() if error.errno in known), None)
    text = str(error).casefold()
    return next((kind for kind, words in _WORDS.items() if any(word in text for word in words)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
