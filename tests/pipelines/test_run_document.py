"""flow run --json: one document on standard output, whatever becomes of the run; progress stays on standard error."""

import json
from pathlib import Path

import pytest

from pipelines.run_document import document, written
from tests.flow_command import flow, serving
from tests.pipelines.sandbox.sites import small_site


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run of the small site as a script calls it."""
    data = tmp_path_factory.mktemp("scripted") / "data"
    with serving(small_site(), "cloud") as (_, variables):
        return data, flow("run", "--json", "--data", data, **variables)


def test_a_run_that_succeeds_ends_in_one_document(ended):
    data, outcome = ended
    assert outcome.exit_code == 0, outcome.error
    told = json.loads(outcome.output)
    assert told["exit_status"] == 0
    assert told["version_id"] == (data / "current").readlink().name
    assert [run["issue_count"] for run in told["runs"]] == [6]
    assert told["counts"]["issues"] == 6
    assert told["counts"]["quarantined_answers"] == 0
    assert all(Path(path).exists() for path in told["paths"].values())


def test_progress_goes_to_standard_error(ended):
    assert "Building the tables" in ended[1].error
    assert "Building the tables" not in ended[1].output


def test_every_verdict_of_the_last_26_weeks_is_a_row(published):
    told = json.loads(written(document(published.data)))
    query = "SELECT value_stream, sentence FROM metrics.constraint_verdicts WHERE period_kind = 'rolling_26_weeks'"
    assert told["verdicts"]
    assert {(row["value_stream"], row["sentence"]) for row in told["verdicts"]} == set(published.rows(query))


def test_what_the_audit_warns_of_stands_beside(published):
    told = document(published.data)
    [(count,)] = published.rows("SELECT count(*) FROM quality.validations WHERE NOT is_passed")
    assert len(told["warnings"]) == count
    [(incomplete,)] = published.rows("SELECT count(*) FROM quality.completeness WHERE NOT is_complete")
    assert told["counts"]["incomplete_histories"] == incomplete


def test_a_run_that_fails_ends_in_one_document_too(tmp_path):
    outcome = flow("run", "--json", "--data", tmp_path)
    told = json.loads(outcome.output)
    assert outcome.exit_code == told["exit_status"] == 2
    assert "JIRA_URL" in told["error"]
    assert told["error"] in outcome.error, "people read the same paragraph"


def test_without_json_a_failure_says_nothing_on_standard_output(tmp_path):
    assert flow("run", "--data", tmp_path).output == ""
