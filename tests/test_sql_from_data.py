"""No statement is ever made from data: what is put into SQL by the program is listed here, piece by piece."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "pipelines").rglob("*.py"))
RUNNING = {"execute", "executemany", "sql", "query", "_execute", "text"}

OWN_PIECES = {
    "pipelines/checks.py": {"SAMPLE_ROWS"},  # a constant
    "pipelines/erase.py": {"name"},  # a table's quoted name, from the catalogue of our own file
    "pipelines/jira/ledger.py": {"_RUN_COLUMNS", "condition"},  # constants; a trait of a closed list
    "pipelines/jira/ledger_repair.py": {"table"},  # of a constant tuple
    "pipelines/warehouse.py": {"ddl.quoted(table.layer)", "where", "STORAGE_VERSION"},  # declared; a path, escaped
}
"""File → expressions whose value may become part of a statement: constants and declared names."""


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def pieces(path):
    """Expressions written into a text that is run as SQL, where it is run."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in RUNNING:
            for text in (node for argument in call.args[:1] for node in ast.walk(argument)):
                if isinstance(text, ast.FormattedValue):
                    yield ast.unparse(text.value)
                elif isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr == "format":
                    yield ast.unparse(text)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_listed_pieces_become_part_of_a_statement(path):
    assert set(pieces(path)) <= OWN_PIECES.get(name_of(path), set()), "a value belongs into the parameters"


@pytest.mark.parametrize("file", OWN_PIECES)
def test_every_listed_piece_is_still_there(file):
    assert set(pieces(ROOT / file)) == OWN_PIECES[file]


def test_a_value_in_a_statement_is_found(tmp_path):
    path = tmp_path / "x.py"
    path.write_text('c.execute(f"select * from t where key = \'{issue_key}\'")\nc.sql("from {}".format(name))\n')
    assert set(pieces(path)) == {"issue_key", "'from {}'.format(name)"}
