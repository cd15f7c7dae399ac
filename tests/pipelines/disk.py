"""Every byte below a folder, as it lies there and unpacked: for tests of what must not be on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import polars.selectors as cs
import zstandard

from tests.pipelines.report.packs import packs


def everything_on_disk(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file once: its bytes, followed by what they hold where they are packed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, b"\n".join([path.read_bytes(), *unpacked(path)])


def unpacked(path: Path) -> Iterator[bytes]:
    """What a packed file holds, as text."""
    if ".zst" in path.name:
        yield zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    elif path.suffix == ".html":
        yield from (text.encode() for text in packs(path.read_text(encoding="utf-8")).values())
    elif path.suffix == ".parquet":
        yield _texts(pl.read_parquet(path))
    elif path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as base:
            names = base.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            for schema, name in names:
                yield _texts(base.sql(f'FROM "{schema}"."{name}"').pl())


def _texts(frame: pl.DataFrame) -> bytes:
    """Every text, in lists too, and the names of columns."""
    texts = frame.select(cs.by_dtype(pl.String, pl.Categorical, pl.Enum) | cs.list())
    return (",".join(frame.columns) + "\n" + "\n".join(str(row) for row in texts.rows())).encode()
