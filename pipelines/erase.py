"""``flow erase``: one person's pseudonym goes from everything that was ever read, and the proof that it has gone.

Only the working store knows persons, by a keyed hash; published tables name none. How landed batches are rewritten
belongs to ``pipelines.jira.erasure``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import polars.selectors as cs
import zstandard

from pipelines.config_errors import ConfigError
from pipelines.data_folder_lock import holding
from pipelines.jira import Store
from pipelines.jira.erasure import new_stranger, replace_person
from pipelines.persons import known_person
from transforms.wording import counted


class UnknownPersonError(ConfigError):
    """Nothing kept here stands under that account. The message is one paragraph that says what to check."""


class ErasureError(Exception):
    """The person still stands somewhere after all was rewritten. The message names the files."""


@dataclass(frozen=True)
class Erasure:
    """What was rewritten, and how much was searched afterwards without finding the person."""

    batch_count: int
    table_count: int
    file_count: int
    byte_count: int
    """Bytes of those files as they lie on disk."""

    def told(self) -> str:
        """The proof in one paragraph."""
        batches = counted(self.batch_count, "landed batch", "landed batches")
        return (
            f"Erased: in {batches} and {counted(self.table_count, 'private table')} a random number that nothing leads"
            " back from stands where the person stood, so every figure stays as it was. Proof: the person's hash does"
            f" not occur in {counted(self.file_count, 'file')} ({self.byte_count:,} bytes), searched as they lie on"
            " disk and unpacked. As long as Jira itself still names the account, the next"
            " reading brings it back: erase it there first."
        )


def erase_person(data: Path, account: str, environment: Mapping[str, str] | None = None) -> Erasure:
    """Erase an account (accountId; on Data Center the user's key) from a data folder, all its sites, and prove it.

    Raises UnknownPersonError where nothing stands under it, BusyError while a run is at work, LandingError where a
    batch is damaged, ErasureError if the hash is found after all.
    """
    environment = os.environ if environment is None else environment
    hashes = {folder: known_person(folder, account, environment) for folder in _stores_below(data)}
    known = {folder: person for folder, person in hashes.items() if person is not None}
    if not known:
        raise UnknownPersonError(_unknown(data, account))
    with ExitStack() as held:
        for folder in {data, *known}:
            held.enter_context(holding(folder))
        rewritten = [_replace_in(folder, person) for folder, person in known.items()]
        batches, tables = (sum(counts) for counts in zip(*rewritten, strict=True))
        if not batches + tables:
            raise UnknownPersonError(_unknown(data, account))
        return _proved(data, set(known.values()), batches, tables)


def places_of(data: Path, number: int) -> list[Path]:
    """Every file below ``data`` that holds a number, in figures or as an integer, packed or not."""
    return [path for path in _files(data) if _holds(path, number)]


def _stores_below(data: Path) -> list[Path]:
    """Folders with a working store of their own: the data folder, and that of each of several sites."""
    return [data, *(folder for folder in sorted((data / "sites").glob("*")) if folder.is_dir())]


def _replace_in(folder: Path, person: int) -> tuple[int, int]:
    """Put a stranger in the person's place; counts of landed batches and private tables that were rewritten."""
    stranger = new_stranger()
    sites = sorted(place.name for place in (folder / "raw").glob("*") if place.is_dir())
    batches = sum(replace_person(Store(folder, name), person, stranger) for name in sites)
    tables = sum(_replace_in_table(path, person, stranger) for path in sorted((folder / "work").rglob("*.parquet")))
    return batches, tables


def _replace_in_table(path: Path, person: int, stranger: int) -> bool:
    """Rewrite a private table if it names the person; its age, by which the newest is told, stays."""
    integers = pl.col(pl.Int64)
    frame = pl.scan_parquet(path)
    if pl.Int64() not in frame.collect_schema().dtypes():
        return False
    if not frame.select(pl.any_horizontal((integers == person).any())).collect().item():
        return False
    age = path.stat()
    fresh = path.with_name(f".{path.name}")
    frame.with_columns(integers.replace(person, stranger)).collect().write_parquet(fresh, compression="zstd")
    os.utime(fresh, ns=(age.st_atime_ns, age.st_mtime_ns))
    fresh.replace(path)
    return True


def _proved(data: Path, hashes: Iterable[int], batches: int, tables: int) -> Erasure:
    files = list(_files(data))
    if found := [path for person in hashes for path in places_of(data, person)]:
        raise ErasureError(
            f"The person still stands in {', '.join(map(str, found))}. Nothing else was left undone; remove or rebuild"
            " these files and run the command again."
        )
    return Erasure(batches, tables, len(files), sum(path.stat().st_size for path in files))


def _files(data: Path) -> Iterator[Path]:
    """Every file once, hidden ones included; links lead to what is found anyway."""
    for folder, _, names in os.walk(data):
        yield from (path for name in sorted(names) if (path := Path(folder, name)).is_file() and not path.is_symlink())


def _holds(path: Path, number: int) -> bool:
    content = path.read_bytes()
    if any(form in content for form in (b"%d" % number, number.to_bytes(8, "little"), number.to_bytes(8, "big"))):
        return True
    if ".zst" in path.name:
        with zstandard.ZstdDecompressor().stream_reader(content) as unpacked:
            return b"%d" % number in unpacked.read()
    if path.suffix == ".parquet":
        return _stands_in_table(pl.scan_parquet(path), number)
    return path.suffix == ".duckdb" and _stands_in_database(path, number)


def _stands_in_table(frame: pl.LazyFrame, number: int) -> bool:
    """Whether any value is the number, or any text holds its figures."""
    same = cs.by_dtype(pl.Int64, pl.UInt64) == number
    listed = cs.by_dtype(pl.List(pl.Int64)).list.contains(number)
    told = cs.by_dtype(pl.String, pl.Categorical).cast(pl.String).str.contains(str(number), literal=True)
    found = frame.select(same.any(), listed.any(), told.any()).collect()
    return any(any(row) for row in found.iter_rows())


def _stands_in_database(path: Path, number: int) -> bool:
    """The same of every table of a DuckDB file."""
    with duckdb.connect(path, read_only=True) as base:
        names = base.execute('SELECT format(\'"{}"."{}"\', schema_name, table_name) FROM duckdb_tables()').fetchall()
        return any(_stands_in_table(base.sql(f"FROM {name}").pl(lazy=True), number) for (name,) in names)


def _unknown(data: Path, account: str) -> str:
    return (
        f"Nothing under {data} stands for the account {account!r}, so nothing was changed. Name it as Jira does:"
        " accountId on Cloud, the user's key on Data Center, not an e-mail address; and give FLOW_PSEUDONYM_KEY if the"
        " data were read with it."
    )
