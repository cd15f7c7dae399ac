"""flow sql: the published tables answer; nothing else can be read or written, and a mistake costs one paragraph."""

import csv
import io
import json

import pytest

from tests.flow_command import flow


def asked(published, *arguments):
    return flow("sql", *arguments, "--data", published.data)


def test_an_answer_is_a_table_with_its_columns(published):
    told = asked(published, "SELECT issue_key, span_ms FROM core.issue_journeys ORDER BY issue_key").output
    head, *rows = told.splitlines()
    assert head.split() == ["issue_key", "span_ms"]
    assert rows[0].split() == ["ABC-1", "14400000"]
    assert len(rows) == 6


def test_json_and_csv_are_for_scripts(published):
    question = "SELECT issue_key, created_at FROM core.issues ORDER BY issue_key LIMIT 2"
    rows = json.loads(asked(published, question, "--json").output)
    assert rows[0] == {"issue_key": "ABC-1", "created_at": "2026-03-02 08:00:00+00:00"}
    table = list(csv.DictReader(io.StringIO(asked(published, question, "--csv").output)))
    assert [row["issue_key"] for row in table] == [row["issue_key"] for row in rows]


def test_an_empty_answer_is_no_mistake(published):
    assert json.loads(asked(published, "SELECT 1 AS one WHERE false", "--json").output) == []
    assert asked(published, "SELECT 1 AS one WHERE false").output.split() == ["one"]


def test_more_rows_than_a_screen_holds_are_counted(published):
    told = asked(published, "SELECT * FROM range(1000)").output
    assert "… and 800 more rows" in told
    assert len(asked(published, "SELECT * FROM range(1000)", "--csv").output.splitlines()) == 1001


def test_wide_cells_reach_a_pipe_whole(published):
    assert "x" * 3000 in asked(published, "SELECT repeat('x', 3000) AS wide").output


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM core.isues", "isues"),
        ("SELECT nothing FROM core.issues", "nothing"),
        ("CREATE TABLE core.mine (x INT)", "read-only"),
        ("DELETE FROM core.issues", "read-only"),
        ("COPY core.issues TO 'stolen.csv'", "disabled"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("ATTACH 'other.duckdb'", "disabled"),
        ("SET enable_external_access = true", "cannot"),
        ("SELECT * FROM read_csv('https://example.com/x.csv')", "disabled"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_paragraph(published, tmp_path, monkeypatch, question, word):
    monkeypatch.chdir(tmp_path)
    ended = asked(published, question)
    assert ended.exit_code == 2, ended.error
    assert ended.output == ""
    assert ended.error.startswith("flow: DuckDB cannot answer this.")
    assert len(ended.error.splitlines()) == 1
    assert word in ended.error.casefold()
    assert list(tmp_path.iterdir()) == []


def test_a_question_changes_nothing(published):
    before = (published.data / "flow.duckdb").read_bytes()
    asked(published, "CREATE TEMP TABLE mine AS SELECT 1; SELECT * FROM mine")
    assert (published.data / "flow.duckdb").read_bytes() == before


def test_without_published_tables_the_way_to_them_is_told(tmp_path):
    ended = flow("sql", "SELECT 1", "--data", tmp_path / "none")
    assert ended.exit_code == 1
    assert "flow run" in ended.error


def test_two_forms_at_once_are_refused(published):
    ended = asked(published, "SELECT 1", "--csv", "--json")
    assert ended.exit_code == 2
    assert "--csv and --json" in ended.error


def test_names_that_would_move_the_terminal_are_shown_as_they_are_written(published):
    told = asked(published, "SELECT '[red]x[/red]' || chr(27) || '[2J' AS name").output
    assert "\x1b" not in told
    assert "[red]x[/red]�[2J" in told
