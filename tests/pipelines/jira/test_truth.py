"""The truth that extractions are held against is itself right, and notices what is not; so are the random sites."""

import copy
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from pipelines.jira.fields import SiteField, SiteLinkType, find_field_names
from pipelines.sandbox import changes
from pipelines.sandbox.big import big_site
from pipelines.sandbox.faults.catalogue import EFFECTS
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.fault_strategies import MEANWHILE, schedules, sites, troubles
from tests.pipelines.jira.rest import history, issue, item, move, parsed
from tests.pipelines.jira.truth import KEY, differences, pseudonym, site_truth
from tests.pipelines.sandbox.sites import small_site
from transforms.raw import RawChanges, RawIssues
from transforms.schema import check_schema

ANA = {"accountId": "ana", "name": "a", "key": "k"}
ROBOT = {"accountId": "r", "accountType": "app"}
AT = "2024-01-02T09:00:00.250+0530"
WHEN = datetime(2024, 1, 2, 3, 30, 0, 250_000, tzinfo=UTC)


def names_of(site):
    fields = [msgspec.convert(field, SiteField) for field in site.fields]
    return find_field_names(fields, [msgspec.convert(kind, SiteLinkType) for kind in site.issue_link_types])


def extracted(site):
    """The site through the product's own scrubber and parser, without any route in between."""
    frames = parsed(*(site.issues[issue_id] for issue_id in sorted(site.issues)), names=names_of(site))
    assert frames.quarantine.is_empty()
    return frames.issues, frames.changes


def one_issue(*items, **fields):
    return site_from_issues([issue(5, history(50, AT, *items, author=ANA), **fields)])


def changed(*items):
    rows = site_truth(one_issue(*items)).changes
    return [tuple(row[4:10]) for row in rows.iter_rows()]


def test_an_issue_is_read_column_by_column():
    site = one_issue(
        move(1, 3), assignee=ANA, resolution={"id": "9", "name": "Fixed"}, fixVersions=[{"id": "12"}, {"id": "11"}],
        parent={"id": "4", "key": "ABC-4"}, updated=AT,
    )  # fmt: skip
    (row,) = site_truth(site).issues.iter_rows(named=True)
    assert row == {
        "issue_id": 5, "issue_key": "ABC-5", "project_id": 10, "project_key": "ABC", "issue_type_id": 1,
        "issue_type": "Story", "hierarchy_level": 0, "parent_id": 4, "parent_key": "ABC-4", "status_id": 3,
        "created_at": datetime(2024, 1, 1, 9, tzinfo=UTC), "updated_at": WHEN, "resolution_id": 9,
        "assignee": pseudonym("ana"), "is_flagged": False, "fix_version_ids": [11, 12], "blocked_by_keys": [],
        "history_total": 1, "history_count": 1, "repair_route": None,
    }  # fmt: skip


def test_a_change_is_read_with_its_place_author_and_moment():
    site = site_from_issues([issue(5, history(50, AT, item("labels", None, None, "a", "b"), move(1, 3), author=ROBOT))])
    (row,) = site_truth(site).changes.iter_rows()
    assert row == (5, WHEN, 50, 0, "status", 1, 3, None, None, None, pseudonym("r"), True)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (item("assignee", "ana", None), ("assignee", pseudonym("ana"), None, None, None, None)),
        (item("summary", None, None, "abc", ""), ("summary", 3, 0, None, None, None)),
        (item("timeoriginalestimate", None, "3600", None, "3600"), ("estimate", None, 3600, None, None, None)),
        (item("Key", None, None, "XYZ-1", "ABC-5"), ("key", None, None, "XYZ-1", "ABC-5", None)),
        (item("Link", None, "ABC-7", None, "This issue is blocked by ABC-7"),
         ("link", None, None, None, "ABC-7", "blocked_by")),
        (item("Link", "ABC-7", None, "This issue blocks ABC-7"), ("link", None, None, "ABC-7", None, "blocks")),
        (item("Fix Version", None, "12", None, "1.0"), ("fix_version", None, 12, None, None, None)),
        (item("Sprint", "7", "7, 12", fieldtype="custom"), ("sprint", 7, 12, None, None, None)),
        (item("Flagged", "", "[10019]", "", "Impediment", fieldtype="custom"), ("flagged", 0, 1, None, None, None)),
        (item("Flagged", "[10019]", "[]", "Impediment", "", fieldtype="custom"), ("flagged", 1, 0, None, None, None)),
    ],
)  # fmt: skip
def test_every_field_is_read_as_the_tables_describe_it(told, read):
    assert changed(told) == [read]


@pytest.mark.parametrize(
    "told", [item("labels"), item("status", fieldtype="custom"), item("Link", None, None, None, "x y")]
)
def test_what_flow_does_not_depend_on_is_no_change(told):
    assert changed(told) == []


def test_a_person_is_hashed_as_the_contract_says():
    assert pseudonym("ana", b"k") == pseudonym("ana", b"k") != pseudonym("ana", KEY)
    assert 0 <= pseudonym("ana") < 2**63
    assert pseudonym(None) is pseudonym("") is None


def test_only_what_a_search_finds_is_true():
    site = small_site()
    ids = site_truth(site).issues["issue_id"].to_list()
    assert ids == [101, 102, 105, 110, 120, 121]
    changes.archive_issue(site, 101)
    assert site_truth(site, projects=["ABC"]).issues["issue_id"].to_list() == [102, 110, 120]
    assert site_truth(site, hidden={100}).issues["issue_id"].to_list() == [105, 121]
    changes.archive_project(site, "XYZ")
    truth = site_truth(site)
    assert truth.issues["issue_id"].to_list() == [102, 110, 120]
    assert set(truth.changes["issue_id"]) <= {102, 110, 120}


def test_frames_have_the_declared_columns():
    truth = site_truth(big_site(5, 6))
    check_schema(RawIssues, truth.issues)
    check_schema(RawChanges, truth.changes)
    assert truth.changes.height == 30


def test_the_order_of_extraction_makes_no_difference():
    truth = site_truth(big_site(5, 6))
    assert differences(truth, truth.issues.reverse(), truth.changes.reverse()) == []


@pytest.mark.parametrize("way", ["lost", "doubled", "altered"])
def test_every_difference_is_noticed(way):
    truth = site_truth(big_site(5, 6))
    frames = {
        "lost": lambda frame: frame[1:],
        "doubled": lambda frame: pl.concat([frame, frame[:1]]),
        "altered": lambda frame: frame.with_columns(issue_id=pl.col("issue_id") + 1),
    }[way]
    told = differences(truth, frames(truth.issues), frames(truth.changes))
    assert {"lost": "missing", "doubled": "too many", "altered": "missing"}[way] in told[0]
    assert {line.partition(":")[0] for line in told} == {"issues", "changes"}


def test_one_value_of_one_row_is_noticed_unless_its_column_is_ignored():
    truth = site_truth(big_site(5, 6))
    other = truth.issues.with_columns(history_count=pl.lit(7, pl.Int32()))
    assert differences(truth, other, truth.changes) == []
    assert len(differences(truth, other, truth.changes, ignoring=())) == 2
    moved = truth.changes.with_columns(
        to_id=pl.when(pl.col("history_id") == truth.changes["history_id"][3]).then(99).otherwise("to_id")
    )
    assert len(differences(truth, truth.issues, moved)) == 2


@settings(max_examples=60, deadline=None)
@given(site=sites())
def test_random_sites_are_read_alike_by_truth_and_product(site):
    assert differences(site_truth(site), *extracted(site), ignoring=("blocked_by_keys",)) == []


@settings(max_examples=60, deadline=None)
@given(site=sites())
def test_random_sites_are_whole(site):
    for one in site.issues.values():
        steps = sorted(one["changelog"]["histories"], key=lambda step: int(step["id"]))
        moves = [part for step in steps for part in step["items"] if part["field"] == "status"]
        assert all(before["to"] == after["from"] for before, after in pairwise(moves))
        assert not moves or moves[-1]["to"] == one["fields"]["status"]["id"]
        instants = [datetime.fromisoformat(step["created"]) for step in steps]
        assert instants == sorted(instants)
        assert not steps or steps[-1]["created"] == one["fields"]["updated"]


def test_random_sites_know_flags_moves_at_once_and_coinciding_histories():
    seen = Counter()

    @settings(max_examples=100, database=None, deadline=None)
    @given(site=sites())
    def collect(site):
        told = site_truth(site).changes
        seen["flag"] += told.filter(field="flagged").height
        seen["two moves"] += told.filter(field="status", item_index=1).height
        first = told.filter(item_index=0)
        seen["coinciding"] += first.height - first.select("issue_id", "changed_at").unique().height

    collect()
    assert min(seen[kind] for kind in ("flag", "two moves", "coinciding")) > 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trouble=troubles(is_harsh=True))
def test_random_schedules_fit_their_sites_and_are_told(trouble):
    before = copy.deepcopy(trouble.site.issues)
    trouble.script.check(trouble.site)
    assert trouble.site.issues == before
    assert trouble.flavour in repr(trouble)
    assert all(type(fault.effect).__name__ in repr(trouble) for fault in trouble.script.faults)


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_random_schedules_know_most_kinds_of_trouble(flavour):
    seen = Counter()

    @settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(script=schedules(flavour, is_harsh=True))
    def collect(script):
        seen.update(fault.effect.kind() for fault in script.faults)

    collect()
    assert len(seen) >= 25
    assert seen.keys() <= EFFECTS.keys()


@settings(max_examples=30, deadline=None)
@given(effect=MEANWHILE)
def test_no_change_of_a_schedule_is_silent(effect):
    assert not getattr(effect, "is_silent", False)
