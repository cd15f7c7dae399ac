"""Random sites, small pages, both flavours: what is extracted is the site's truth."""

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.jira.extract import extract
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, move
from tests.pipelines.jira.sites import FLAVOURS, session_with
from transforms.raw import RawChanges, RawIssues

ids = st.lists(st.integers(1, 10**6), unique=True, max_size=25)
statuses = st.lists(st.integers(1, 5), max_size=8)


@st.composite
def sites(draw):
    """Issues with random ids and random walks; history ids are unique on a site, as Jira's are."""
    issues, number = [issue(10**7)], 0
    for one in draw(ids):
        walk, steps = [1, *draw(statuses)], []
        for before, after in pairwise(walk):
            number += 1
            steps.append(history(number, f"2024-02-{1 + number % 28:02}T10:00:00.000+0100", move(before, after)))
        issues.append(issue(one, *draw(st.permutations(steps)), status=walk[-1]))
    return issues


def truth(issues):
    """(issue, history, from, to) of every status change."""
    return sorted(
        (int(one["id"]), int(step["id"]), int(change["from"]), int(change["to"]))
        for one in issues
        for step in one["changelog"]["histories"]
        for change in step["items"]
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(issues=sites(), page=st.integers(1, 9))
def test_what_is_extracted_is_the_sites_truth(flavour, issues, page):
    caps = PageCaps(search_ids=page, search_startat=page, changelog_bulk=page)
    with tempfile.TemporaryDirectory() as folder, start(site_from_issues(issues), flavour, page_caps=caps) as sandbox:
        store = Store(Path(folder), environment={"FLOW_PSEUDONYM_KEY": "a key for tests only"})
        extract(session_with(sandbox, flavour), Scope(), store)
        tables = build_raw_tables(store, Path(folder) / "raw_tables")
        changes = tables.scan(RawChanges).select("issue_id", "history_id", "from_id", "to_id").collect()
        extracted = tables.scan(RawIssues).select("issue_id", "status_id", "history_count").sort("issue_id").collect()
    assert sorted(changes.rows()) == truth(issues)
    assert extracted.rows() == sorted(
        (int(one["id"]), int(one["fields"]["status"]["id"]), len(one["changelog"]["histories"])) for one in issues
    )
