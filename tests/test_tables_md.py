"""The data dictionary is what the declarations say."""

import pytest

from pipelines.ddl import published_key
from pipelines.tables_md import PLACE, first_sentences, render
from tests.pipelines.toy_tables import Depots, Parcels
from transforms.catalog import TABLES


def test_the_committed_dictionary_is_fresh():
    assert PLACE.read_text(encoding="utf-8") == render(), "run `make tables`"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_a_section_with_grain_key_and_every_column(table):
    section = render().partition(f"### {table.layer}.{table.name}\n")[2].partition("\n### ")[0]
    assert section.lstrip().startswith("One row per")
    assert f"Key: {', '.join(f'`{name}`' for name in published_key(table))}." in section
    for name in table.columns:
        assert f"| `{name}` |" in section


def test_a_caveat_bounds_and_values_are_told():
    page = render([Parcels, Depots])
    assert "**Caveat:** Closed depots are missing." in page
    assert "| `colour` | VARCHAR | Colour of the wrapping. One of `red`, `blue`. |" in page
    assert "| `carrier` | VARCHAR, may be empty | Who carried it. Empty for a pigeon. One of `van`, `ship`. |" in page
    assert "It's only here for tests." in page


def test_layers_stand_in_the_order_of_the_catalogue():
    page = render([Parcels, Depots])
    assert page.index("## core") < page.index("### core.parcels") < page.index("## quality")


def test_first_sentences_are_one_line_without_the_rest():
    assert first_sentences(Parcels) == (
        "One row per leg of a parcel's journey. Answers: whose is it, and when did it move?"
    )
