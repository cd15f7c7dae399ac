"""Whoever tells that a disk is full or closed, the reader learns what to do."""

import errno
import os
import sqlite3
import subprocess
import sys

import duckdb
import polars as pl
import pytest

from pipelines.commands.one_paragraph import explain
from pipelines.storage_errors import explain_storage

FULL, CLOSED = "no room left on the disk", "may not be written"


def chained(error):
    """The error as Dagster hands it on."""
    outer = RuntimeError("Error occurred while handling output")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FULL),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), CLOSED),
        (OSError(errno.EROFS, "Read-only file system"), CLOSED),
        (OSError(errno.EIO, "Input/output error"), "reports a fault"),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), FULL),
        (duckdb.IOException("IO Error: Could not set lock on file work.duckdb"), "Another program has a file open"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), FULL),
        (sqlite3.OperationalError("database or disk is full"), FULL),
        (sqlite3.OperationalError("attempt to write a readonly database"), CLOSED),
    ],
)
def test_it_is_recognised_whoever_tells_it(error, says):
    for one in (error, chained(error)):
        told = explain_storage(one)
        assert says in told
        assert str(error) in told
        assert told.endswith("The published tables are as they were.")
        assert explain(one) == (told, 1)


def test_what_was_read_on_the_way_to_another_error_counts_too():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise ValueError("later")  # noqa: B904
    except ValueError as error:
        assert FULL in explain_storage(error)


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(errno.ECONNREFUSED, "refused"), OSError("no number"), FileNotFoundError(2, "x")]
)
def test_other_errors_are_not_blamed_on_the_disk(error):
    assert explain_storage(error) is None
    assert "unforeseen" in explain(error)[0]


def test_an_endless_chain_ends():
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert explain_storage(one) is None


def test_a_long_error_is_told_in_short():
    assert len(explain_storage(OSError(errno.ENOSPC, "x" * 5000))) < 900


FRAME = "pl.DataFrame({'a': range(900_000)})"

WRITERS = {
    "python": "open('f', 'wb').write(b'x' * 9_000_000)",
    "polars lazily": f"import polars as pl; {FRAME}.lazy().sink_parquet('f', compression='uncompressed')",
    "polars": f"import polars as pl; {FRAME}.write_parquet('f', compression='uncompressed')",
    "duckdb": "import duckdb; duckdb.connect('f').execute('create table t as select random() from range(900000)')",
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_real_limit_is_recognised_from_every_writer(writer, tmp_path):
    """A limit on the size of files stands for a full disk: every writer meets it for real."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from pipelines.storage_errors import explain_storage\n"
        f"try:\n    {WRITERS[writer]}\n"
        "except Exception as error:\n    print(explain_storage(error))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    assert FULL in ended.stdout, ended.stdout + ended.stderr
