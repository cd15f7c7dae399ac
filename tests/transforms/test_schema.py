"""A table is declared once, and a frame that is not what it declares is refused with a reason."""

from datetime import UTC, datetime

import polars as pl
import pytest

from transforms.catalog import TABLES
from transforms.raw import RAW_TABLES
from transforms.schema import LABEL, TIMESTAMP, Column, SchemaError, Table, check_schema, check_values

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class SmallParts(Table, layer="core", key=("part_id", "piece")):
    """One row per piece of a part. Answers: what is it made of?"""

    part_id = Column(pl.Int64(), "Part.")
    piece = Column(pl.String(), "Piece.", values=("lid", "pot"))
    weight = Column(pl.Float64(), "Weight. Empty where nobody weighed it.", nullable=True, minimum=0)
    made_at = Column(TIMESTAMP, "When.")


class LargeParts(SmallParts, layer="raw", key=("part_id",), name="big_parts", caveat="Heavy."):
    """One row per part. Answers: who lifts it?"""

    lifter = Column(LABEL, "Who lifts it.")


ROWS = [(1, "lid", 2.5, NOW), (1, "pot", None, NOW), (2, "lid", 0.0, NOW)]


def parts(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SmallParts.polars_schema(), orient="row")


GOOD = parts(*ROWS)


def test_a_declaration_gives_name_layer_key_and_schema():
    assert (SmallParts.name, SmallParts.layer, SmallParts.key) == ("small_parts", "core", ("part_id", "piece"))
    assert SmallParts.polars_schema() == pl.Schema(
        {"part_id": pl.Int64(), "piece": pl.String(), "weight": pl.Float64(), "made_at": TIMESTAMP}
    )


def test_a_table_inherits_the_columns_of_its_base_before_its_own():
    assert list(LargeParts.columns) == ["part_id", "piece", "weight", "made_at", "lifter"]
    assert list(SmallParts.columns) == ["part_id", "piece", "weight", "made_at"]
    assert (LargeParts.name, LargeParts.layer, LargeParts.caveat) == ("big_parts", "raw", "Heavy.")


@pytest.mark.parametrize("key", [("weight",), ("colour",), ("part_id", "weight")])
def test_a_key_must_be_declared_and_never_empty(key):
    with pytest.raises(SchemaError, match="are not declared, or are nullable"):
        type("Odd", (SmallParts,), {}, layer="core", key=key)


def test_a_frame_as_declared_passes():
    for frame in (GOOD, GOOD.lazy(), SmallParts.empty()):
        check_schema(SmallParts, frame)
    check_values(SmallParts, GOOD)
    check_values(SmallParts, SmallParts.empty())


def test_select_drops_what_is_not_declared_and_puts_the_rest_in_order():
    wide = GOOD.lazy().with_columns(extra=1).select("extra", "made_at", "weight", "piece", "part_id")
    check_schema(SmallParts, SmallParts.select(wide))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop("weight"), "small_parts: column weight is missing"),
        (lambda f: f.with_columns(extra=1), "small_parts: column extra is not declared"),
        (lambda f: f.cast({"part_id": pl.Int32}), "small_parts: column part_id is Int32, declared Int64"),
        (lambda f: f.select("piece", "part_id", "weight", "made_at"), "columns are in the order"),
        (lambda f: f.with_columns(pl.col.made_at.dt.replace_time_zone(None)), "column made_at is Datetime"),
        (lambda f: f.with_columns(pl.col.made_at.dt.cast_time_unit("ms")), "column made_at is Datetime"),
    ],
)
def test_a_frame_of_another_shape_is_refused_and_told_why(change, says):
    for frame in (change(GOOD), change(GOOD.lazy())):
        with pytest.raises(SchemaError) as refusal:
            check_schema(SmallParts, frame)
        assert says in str(refusal.value)


def test_all_differences_are_told_at_once():
    with pytest.raises(SchemaError, match=r"weight is missing.*tint is not declared"):
        check_schema(SmallParts, GOOD.drop("weight").with_columns(tint=1))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(None, "lid", 1.0, NOW)], "small_parts: part_id is empty in 1 row"),
        ([(1, "lid", 1.0, None), (2, "lid", 1.0, None)], "made_at is empty in 2 rows"),
        ([(1, "lid", -0.5, NOW)], "weight falls below 0"),
        ([(1, "jar", 1.0, NOW)], "piece holds ['jar'], allowed ['lid', 'pot']"),
        ([(1, "lid", 1.0, NOW), (1, "lid", 2.0, NOW)], "key ('part_id', 'piece') is not unique"),
    ],
)
def test_values_out_of_bounds_are_refused_and_told_why(rows, says):
    with pytest.raises(SchemaError) as refusal:
        check_values(SmallParts, parts(*rows))
    assert says in str(refusal.value)


def test_every_problem_of_the_values_is_told_at_once():
    with pytest.raises(SchemaError, match=r"piece holds.*; weight falls below 0"):
        check_values(SmallParts, parts((1, "jar", -1.0, NOW)))


def test_a_label_may_be_held_to_its_values():
    class Labelled(Table, layer="core", key=("name",)):
        """One row per name. Answers: which?"""

        name = Column(LABEL, "Name.", values=("a", "b"))

    assert Labelled.name == "labelled"
    check_values(Labelled, pl.DataFrame({"name": ["a", "b"]}, schema={"name": LABEL}))
    with pytest.raises(SchemaError, match="holds"):
        check_values(Labelled, pl.DataFrame({"name": ["a", "c"]}, schema={"name": LABEL}))


@pytest.mark.parametrize("table", [*TABLES, *RAW_TABLES], ids=lambda table: table.name)
def test_every_table_begins_with_its_grain_and_describes_every_column(table):
    assert table.__doc__.startswith("One row per ")
    for name, column in table.columns.items():
        assert column.description.endswith((".", "…")), name
        empty_when = "empty" in column.description.lower()
        assert empty_when or not column.nullable, f"{name} does not say when it is empty"
    check_schema(table, table.empty())
    check_values(table, table.empty())


def test_no_published_table_names_a_person():
    persons = {"assignee", "author", "account_id", "display_name", "email"}
    for table in TABLES:
        assert not persons & set(table.columns), table.name
        assert table.layer != "raw", table.name
