"""How words and rows travel inside the file: rows as columns, JSON that can end no element, and packed with gzip.

What they say belongs to ``views``; that packed text is unpacked again, to ``scripts``.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from pipelines.report.published import Row


def packed(text: str) -> Markup:
    """The text compressed, in signs that can stand inside a script element; the same text always gives the same."""
    return Markup(base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode())


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows as columns, which is a third of the room; texts and days as numbers into a list of those that differ."""
    names = list(rows[0]) if rows else []
    return {"count": len(rows), "columns": {name: _column([row[name] for row in rows]) for name in names}}


def is_rows(value: Any) -> bool:
    """Whether it is a list of rows, and not a list of something else."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _column(values: list[Any]) -> dict[str, Any]:
    if not any(isinstance(value, str | date) for value in values):
        return {"values": values}
    places: dict[Any, int] = {}
    codes = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return {"list": list(places), "codes": codes}


def embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that can stand inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False)
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the report's data")
