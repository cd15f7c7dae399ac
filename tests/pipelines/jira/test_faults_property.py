"""Whatever a site does: after at most three runs what was extracted is the site's truth, or the last run failed aloud.

An issue whose changelog no route gives whole may stay short where the tables say so; a quiet increment completes it.

``FUZZ_EXAMPLES`` says how many schedules are tried; ``make fuzz`` asks for tens of thousands.
"""

import os
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings

from pipelines.jira.errors import JiraError
from pipelines.jira.extract import extract
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import RawTables, build_raw_tables
from pipelines.sandbox.server import start
from pipelines.sandbox.site import Site
from tests.pipelines.jira.fault_strategies import Trouble, told_short, troubles
from tests.pipelines.jira.sites import session_with
from tests.pipelines.jira.truth import KEY, Truth, differences, site_truth
from transforms.raw import RawChanges, RawIssues, RawQuarantine, RawTombstones

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "80"))
pytestmark = pytest.mark.timeout(0)

EVERY_CENSUS = Options(census=Options().census * 0)

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


EVERYTHING = Options(census=Options().census * 0, full_refresh=Options().census * 0)


def store_in(folder) -> Store:
    return Store(Path(folder), environment={"FLOW_PSEUDONYM_KEY": KEY.decode()})


def run(sandbox, flavour, store, options=EVERY_CENSUS) -> bool:
    """Whether a run ended well."""
    try:
        extract(session_with(sandbox, flavour), Scope(), store, options=options)
    except JiraError:
        return False
    return True


def extracted(store, folder) -> tuple[pl.DataFrame, pl.DataFrame]:
    """RawIssues and RawChanges of the issues that are not gone."""
    return living(build_raw_tables(store, Path(folder) / "raw_tables"))


def living(tables: RawTables) -> tuple[pl.DataFrame, pl.DataFrame]:
    gone = tables.scan(RawTombstones).select("issue_id")
    issues, changes = (
        tables.scan(table).join(gone, on="issue_id", how="anti").collect() for table in (RawIssues, RawChanges)
    )
    return issues, changes


def wrong_or_silent(site: Site, store, folder) -> list[str]:
    """Differences from the site's truth, but for issues of which the tables say that they lack, or histories do."""
    tables = build_raw_tables(store, Path(folder) / "raw_tables")
    issues, changes = living(tables)
    told_short = issues.filter(pl.col("history_count") < pl.col("history_total"))["issue_id"].to_list()
    quarantined = tables.scan(RawQuarantine).collect()["issue_id"].to_list()
    told = ~pl.col("issue_id").is_in([*told_short, *quarantined])
    issues_true, changes_true = (table.filter(told) for table in site_truth(site))
    return differences(Truth(issues_true, changes_true), issues.filter(told), changes.filter(told))


@many
@example(trouble=told_short())
@given(trouble=troubles(has_changes=False, has_lag=False))
def test_a_run_on_a_quiet_site_yields_the_truth_or_fails_aloud(trouble: Trouble):
    with tempfile.TemporaryDirectory() as folder:
        store = store_in(folder)
        with start(trouble.site, trouble.flavour, faults=trouble.script, page_caps=trouble.caps) as sandbox:
            is_well = any(run(sandbox, trouble.flavour, store) for _ in range(3))
        if is_well:
            assert wrong_or_silent(trouble.site, store, folder) == []


@many
@example(trouble=told_short())
@given(trouble=troubles())
def test_after_trouble_on_a_site_that_changes_a_quiet_increment_finds_the_truth(trouble: Trouble):
    assert after_trouble(trouble, EVERY_CENSUS) == []


def test_an_issue_that_no_route_gives_whole_is_told_short_and_a_quiet_increment_completes_it(tmp_path):
    trouble, store = told_short(), store_in(tmp_path / "data")
    with start(trouble.site, trouble.flavour, faults=trouble.script, page_caps=trouble.caps) as sandbox:
        found = []
        for _ in range(2):
            assert run(sandbox, trouble.flavour, store)
            issues, _ = extracted(store, tmp_path)
            found.append(issues.select("issue_id", "history_count", "history_total").row(0))
    assert found == [(101, 1, 2), (101, 2, 2)]
    assert differences(site_truth(trouble.site), *extracted(store, tmp_path)) == []


@many
@given(trouble=troubles(is_harsh=True))
def test_after_answers_that_lie_without_a_trace_reading_everything_finds_the_truth(trouble: Trouble):
    assert after_trouble(trouble, EVERYTHING) == []


def after_trouble(trouble: Trouble, options: Options) -> list[str]:
    """What is wrong after two runs in trouble and a quiet one, which has to end well."""
    with tempfile.TemporaryDirectory() as folder:
        store = store_in(folder)
        with start(trouble.site, trouble.flavour, faults=trouble.script, page_caps=trouble.caps) as sandbox:
            for _ in range(2):
                run(sandbox, trouble.flavour, store)
        with start(trouble.site, trouble.flavour) as sandbox:
            assert run(sandbox, trouble.flavour, store, options)
        return differences(site_truth(trouble.site), *extracted(store, folder))
