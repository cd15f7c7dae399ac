"""The audit asks about suspects first, about small runs wholly, and a shortage it finds is read on the other route."""

from itertools import pairwise

import msgspec
import pytest

from pipelines.jira.audit import Audit, find_suspects
from pipelines.jira.errors import AnswerError, OverloadedError
from pipelines.jira.extract import extract
from pipelines.jira.scope import Scope
from pipelines.jira.shapes import LandedIssue
from pipelines.jira.site_store import Store
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.big import big_site
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.contents import CutChangelog, HeavyIssue, LeftOut
from pipelines.sandbox.faults.refusals import Status
from pipelines.sandbox.server import start
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import CREATED, history, issue, item, move, scrubbed
from tests.pipelines.jira.sites import session_with
from tests.pipelines.jira.truth import KEY, differences, site_truth
from transforms.raw import RawChanges, RawIssues

ON_BULK = "changelog/bulkfetch"


def landed(*issues):
    lines = [msgspec.json.decode(line, type=LandedIssue) for line in scrubbed(*issues)]
    return {int(line.id): line for line in lines}


def at(hour):
    return f"2024-01-02T{hour:02}:00:00.000+0000"


def walk(number, *statuses, **fields):
    steps = [history(10 * number + n, at(n), move(*pair)) for n, pair in enumerate(pairwise(statuses))]
    return issue(number, *steps, status=statuses[-1], **fields)


def pulled(site, tmp_path, *faults):
    """The extraction of a Cloud site in trouble, and what is in its tables."""
    store = Store(tmp_path, environment={"FLOW_PSEUDONYM_KEY": KEY.decode()})
    with start(site, "cloud", faults=FaultScript.of(*faults)) as sandbox:
        done = extract(session_with(sandbox, "cloud"), Scope(), store)
        requests = sandbox.requests.copy()
    tables = build_raw_tables(store, tmp_path / "raw_tables")
    return done, requests, tables.scan(RawIssues).collect(), tables.scan(RawChanges).collect()


def singles(requests):
    return sum(count for route, count in requests.items() if route.endswith("/changelog"))


def test_a_beginning_unlike_that_of_its_kind_is_suspect():
    lines = landed(walk(1, 1, 2, 3), walk(2, 1, 2, 3), walk(3, 2, 3))
    assert find_suspects(lines) == [3]


def test_other_types_may_begin_elsewhere():
    bug = {"id": "2", "name": "Bug", "subtask": False}
    assert find_suspects(landed(walk(1, 1, 2), walk(2, 1, 2), walk(3, 2, 3, issuetype=bug))) == []


def test_an_issue_that_never_changed_began_where_it_is():
    assert find_suspects(landed(walk(1, 1, 2), walk(2, 1, 2), walk(3, 3), walk(4, 1))) == [3]


@pytest.mark.parametrize(
    ("changed", "now"),
    [
        (item("assignee", None, "ana"), {"assignee": {"accountId": "ben"}}),
        (item("assignee", None, "ana"), {"assignee": None}),
        (item("resolution", None, "5"), {"resolution": None}),
        (item("Flagged", "", "[10019]", "", "Impediment", fieldtype="custom"), {"customfield_10021": None}),
    ],
)
def test_a_value_that_the_last_change_does_not_lead_to_is_suspect(changed, now):
    plain = issue(2, history(20, at(1), changed), **now)
    assert find_suspects(landed(issue(1), plain, issue(3))) == [2]


def test_values_that_changes_lead_to_are_not_suspect_in_whatever_order_they_came():
    steps = [history(12, at(2), item("assignee", "ana", "ben")), history(11, at(1), item("assignee", None, "ana"))]
    flag = history(13, at(3), item("Flagged", "", "[10019]", "", "Impediment", fieldtype="custom"))
    told = issue(1, *steps, flag, assignee={"accountId": "ben"}, customfield_10021=[{"id": "10019"}])
    assert find_suspects(landed(told)) == []


def test_a_value_held_from_the_beginning_is_not_suspect():
    assert find_suspects(landed(issue(1, assignee={"accountId": "ana"}, resolution={"id": "5"}))) == []


def test_a_category_that_changed_when_no_status_did_is_suspect():
    told = {"statuscategorychangedate": at(7)}
    lines = landed(walk(1, 1, 2, **told), walk(2, 1, 2), walk(3, 1, 2, statuscategorychangedate=at(0)))
    assert find_suspects(lines) == [1]


def test_a_category_dated_by_the_creation_or_a_moment_after_a_change_is_not_suspect():
    late = at(1).replace(":00.000", ":01.400")
    lines = landed(issue(1, statuscategorychangedate=CREATED), walk(2, 3, 1, 2, statuscategorychangedate=late))
    assert find_suspects(lines) == []


def test_a_small_run_is_audited_whole():
    audit, lines = Audit(seed=1.0), landed(*(issue(n) for n in range(1, 16)))
    assert sorted(audit.choose(lines, 0, 15)) == sorted(lines)
    assert audit.issue_count == 15


def test_a_large_run_is_audited_evenly_within_its_budget():
    audit, lines = Audit(seed=1.0), landed(*(issue(n) for n in range(1, 1001)))
    counts = [len(audit.choose(lines, start, 10_000)) for start in range(0, 10_000, 1000)]
    assert sum(counts) == 15
    assert set(counts) == {1, 2}
    assert sum(len(Audit(1.0).choose(lines, start, 100_000)) for start in range(0, 100_000, 1000)) == 150


def test_half_of_a_sample_are_suspects_where_there_are_so_many():
    lines = landed(*(walk(n, 1, 2) for n in range(1, 101)), *(walk(n, 2, 3) for n in range(101, 141)))
    chosen = Audit(seed=1.0).choose(lines, 0, len(lines))
    assert len(chosen) == len(set(chosen)) == 15
    assert sum(number > 100 for number in chosen) >= 8


def test_samples_differ_from_run_to_run():
    lines = landed(*(issue(n) for n in range(1, 201)))
    assert Audit(1.0).choose(lines, 0, 200) != Audit(2.0).choose(lines, 0, 200)
    assert Audit(1.0).choose(lines, 0, 200) == Audit(1.0).choose(lines, 0, 200)


def test_oldest_changes_that_the_bulk_route_always_leaves_out_are_found_and_everything_read_otherwise(tmp_path):
    """Chains that lack their beginning hold together, so nothing in the answers themselves betrays the loss."""
    site = big_site(60, 6)
    done, requests, *frames = pulled(site, tmp_path, CutChangelog(lost=2, end="oldest").on(ON_BULK))
    assert differences(site_truth(site), *frames) == []
    assert singles(requests) >= 60
    assert "was read on its own" in done.warnings[0]
    assert set(frames[0]["repair_route"]) == {"single"}


def test_what_was_read_before_the_shortage_was_found_is_read_again(tmp_path):
    """Only an issue of the second thousand is short; a suspect, so it is asked about."""
    site = site_from_issues([walk(n, 1, 2, 3) for n in range(1, 1004)])
    fault = CutChangelog(lost=1, end="oldest", issues=(1003,)).on(ON_BULK)
    _, requests, *frames = pulled(site, tmp_path, fault)
    assert differences(site_truth(site), *frames) == []
    assert singles(requests) >= 1003
    assert frames[0].height == 1003


def test_a_site_whose_bulk_route_is_whole_is_asked_about_a_sample_only(tmp_path):
    done, requests, *_ = pulled(big_site(60, 6), tmp_path)
    assert singles(requests) == done.audited_count == 15
    assert done.warnings == []


def test_a_shortage_that_a_second_reading_mends_leaves_the_bulk_route_its_trust(tmp_path):
    site = big_site(10, 6)
    done, requests, *frames = pulled(site, tmp_path, CutChangelog(lost=1, end="oldest").on(ON_BULK, times=1))
    assert differences(site_truth(site), *frames) == []
    assert done.warnings == []
    assert singles(requests) == 10


def test_a_changelog_left_out_as_a_whole_is_found(tmp_path):
    site = site_from_issues([issue(n, history(n, CREATED, move(3, 1)), status=1) for n in range(1, 6)])
    done, _, *frames = pulled(site, tmp_path, LeftOut(issues=(3,)).on(ON_BULK))
    assert differences(site_truth(site), *frames) == []
    assert done.warnings


def test_an_audit_that_is_denied_an_issue_that_is_there_stops_the_run(tmp_path):
    with pytest.raises(AnswerError, match="proved whole"):
        pulled(big_site(3, 2), tmp_path, Status(404).on("issue/{issue}/changelog"))


@pytest.mark.parametrize("status", [413, 500, 504])
@pytest.mark.parametrize("heavy", [(3,), tuple(range(1, 6))])
def test_an_audit_that_is_not_sent_what_it_asks_for_stops_the_run(tmp_path, heavy, status):
    """Nobody could say then whether the bulk route told all of it."""
    site = site_from_issues([walk(n, 1, 2, 3) for n in range(1, 6)])
    short = CutChangelog(lost=1, end="oldest").on(ON_BULK)
    with pytest.raises(OverloadedError):
        pulled(site, tmp_path, short, HeavyIssue(heavy, status).on("issue/{issue}/changelog"))
