"""Landed items → the value columns of RawChanges: each distinct item is interpreted once.

What an item is called on a site was settled before landing (``fields``, ``scrub``); here are only canonical names.
"""

from __future__ import annotations

import polars as pl

from pipelines.jira.fields import FieldNames
from pipelines.jira.shapes import Item, Text
from transforms.raw import CHANGE_FIELD, CHANGE_FIELDS, LINK_KINDS

_SCHEMA = pl.Schema(
    {
        "field": CHANGE_FIELD, "from_id": pl.Int64(), "to_id": pl.Int64(),
        "from_key": pl.String(), "to_key": pl.String(),
        "link_kind": pl.Enum(LINK_KINDS), "from_name": pl.String(), "to_name": pl.String(),
    }
)  # fmt: skip

NAMES_SCHEMA = pl.Schema(
    {"field": pl.String(), "id": pl.Int64(), "name": pl.String(), "seen_at": pl.Datetime("us", "UTC")}
)
"""Names of statuses and resolutions as changelogs told them."""


ITEM_FIELDS = frozenset(CHANGE_FIELDS) - {"created"}


class ItemCodes(dict[Item, int]):
    """Distinct items in order of first appearance; looking up a new one adds it, or raises ValueError."""

    def __init__(self, names: FieldNames) -> None:
        super().__init__()
        self._names = names
        self._rows: list[tuple[object, ...]] = []

    def __missing__(self, item: Item) -> int:
        self._rows.append(_interpret(item, self._names))
        code = self[item] = len(self)
        return code

    def frame(self) -> pl.DataFrame:
        """One row per code, in code order."""
        return pl.DataFrame(self._rows, schema=_SCHEMA, orient="row", strict=True)


def seen_names(values: pl.DataFrame, last_seen: pl.DataFrame) -> pl.LazyFrame:
    """Every status and resolution that items name, NAMES_SCHEMA; one without a name goes by its id.

    ``values`` is the frame of the codes, ``last_seen`` has one row per used code: code, seen_at.
    """
    seen = values.lazy().with_row_index("code").join(last_seen.lazy(), on="code")
    named = seen.filter(pl.col("field").is_in(["status", "resolution"])).with_columns(pl.col("field").cast(pl.String()))
    sides = [
        named.select("field", id=f"{side}_id", name=f"{side}_name", seen_at="seen_at").drop_nulls("id")
        for side in ("from", "to")
    ]
    nameless = pl.col("name").is_null()
    return pl.concat(sides).with_columns(
        name=pl.col("name").fill_null(pl.col("id").cast(pl.String())),
        seen_at=pl.when(nameless).then(pl.lit(0).cast(NAMES_SCHEMA["seen_at"])).otherwise("seen_at"),
    )


def newest_names(names: pl.LazyFrame) -> pl.DataFrame:
    """One row per field, id: the name seen last; between two seen at once, the greater."""
    newest = names.sort("seen_at", "name").group_by("field", "id").last().sort("field", "id")
    return newest.select(NAMES_SCHEMA.names()).collect()


def _interpret(item: Item, names: FieldNames) -> tuple[object, ...]:
    if item.field not in ITEM_FIELDS:
        raise ValueError("an item names no field that lands")
    from_key = to_key = link_kind = None
    from_id: int | None = None
    to_id: int | None = None
    if item.field == "link":
        from_key, to_key = _text(item.from_), _text(item.to)
        link_kind = names.link_kind(str(item.to_string or item.from_string or ""))
    elif item.field == "key":
        from_key, to_key = _text(item.from_string), _text(item.to_string)
    elif item.field == "sprint":
        from_id, to_id = _first(item.from_), _last(item.to)
    else:
        from_id, to_id = _integer(item.from_), _integer(item.to)
    return item.field, from_id, to_id, from_key, to_key, link_kind, _text(item.from_string), _text(item.to_string)


def _integer(value: Text) -> int | None:
    return None if value is None or value == "" else int(value)


def _text(value: Text) -> str | None:
    return None if value is None else str(value)


def _first(sprint_ids: Text) -> int | None:
    return int(str(sprint_ids).split(",")[0]) if sprint_ids else None


def _last(sprint_ids: Text) -> int | None:
    return int(str(sprint_ids).rsplit(",", maxsplit=1)[-1]) if sprint_ids else None
