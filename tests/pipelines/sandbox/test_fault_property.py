"""Whatever faults meet in one script, the sandbox itself never fails, and the same seed makes the same trouble."""

import json

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.contents import (
    CreatedForm,
    CutChangelog,
    Duplicates,
    IssueErrors,
    LeftOut,
    MissingKey,
    Shuffled,
)
from pipelines.sandbox.faults.mutations import DeleteIssue, MoveIssue
from pipelines.sandbox.faults.paging import (
    EarlyEnd,
    IgnoredSeek,
    LastWithToken,
    LostEntries,
    NotLastWithoutToken,
    RepeatedToken,
    ShortPage,
    SmallerPage,
    SpreadHistories,
    Warnings,
    WrongTotal,
)
from pipelines.sandbox.faults.visibility import FrozenIndex, IndexLag, IssueGone, ProjectGone
from tests.pipelines.jira.fault_strategies import schedules
from tests.pipelines.sandbox.sites import small_site
from tests.pipelines.sandbox.test_gate import call
from tests.pipelines.sandbox.troubled import SEEK, troubled

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
IDS = ["101", "105", "110"]
GETS = ("myself", "serverInfo", "field", "project", "project/search", "issue/101?expand=changelog", "board")
POSTS = {
    "cloud": [
        ("search/jql", {"jql": SEEK, "fields": ["id"], "maxResults": 3}),
        ("search/approximate-count", {"jql": SEEK}),
        ("issue/bulkfetch", {"issueIdsOrKeys": IDS, "fields": ["status"]}),
        ("changelog/bulkfetch", {"issueIdsOrKeys": IDS, "maxResults": 2}),
    ],
    "dc": [("search", {"jql": SEEK, "expand": ["changelog"], "fields": ["status"], "maxResults": 3})],
}


def asked(client):
    """What becomes of a few requests: status and body, or the error; a token is followed once."""
    seen = [_outcome(lambda route=route: client.get(route)) for route in GETS]
    for route, body in POSTS[client.flavour]:
        answer = _outcome(lambda route=route, body=body: client.post(route, **body))
        seen.append(answer)
        if '"nextPageToken":"' in answer[1]:
            token = answer[1].partition('"nextPageToken":"')[2].partition('"')[0]
            seen.append(_outcome(lambda r=route, b=body, t=token: client.post(r, **b, nextPageToken=t)))
    return seen


def _outcome(ask):
    try:
        answer = ask()
    except requests.RequestException as error:
        return (0, type(error).__name__)
    return (answer.status_code, answer.text)


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_faults_that_meet_never_break_the_sandbox_itself(flavour):
    with troubled(flavour=flavour, caps=PageCaps(search_ids=2, search_startat=2)) as client:

        @QUICK
        @given(script=schedules(flavour, is_harsh=True, max_faults=6))
        def hold(script):
            client.sandbox.site = small_site()
            client.sandbox.set_faults(script)
            for status, text in asked(client):
                assert (status, text) != (500, "Internal Server Error")

        hold()
        client.sandbox.set_faults(None)
        assert client.fired == []
        assert all(status in (200, 404) for status, _ in asked(client))


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_the_same_script_makes_the_same_trouble(flavour):
    with troubled(flavour=flavour) as client:

        @settings(QUICK, max_examples=30)
        @given(script=schedules(flavour, is_harsh=True))
        def hold(script):
            runs = []
            for _ in range(2):
                client.sandbox.site = small_site()
                client.sandbox.set_faults(script)
                runs.append((asked(client), client.fired))
            assert runs[0] == runs[1]

        hold()


EFFECTS_ON_PAGES = [
    ShortPage(1), SmallerPage(1), SpreadHistories(), LostEntries(), RepeatedToken(), EarlyEnd(), NotLastWithoutToken(),
    LastWithToken(), Warnings(), WrongTotal(), IgnoredSeek(), MissingKey(), MissingKey(is_null=True), Duplicates(),
    Duplicates(where="next page"), Shuffled(), LeftOut(), IssueErrors(), CutChangelog(), CreatedForm("digits"),
    CreatedForm("iso"), IndexLag(60), FrozenIndex(), DeleteIssue(), MoveIssue(), ProjectGone("ABC"), IssueGone(101),
]  # fmt: skip


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
@pytest.mark.parametrize("first", EFFECTS_ON_PAGES, ids=lambda effect: effect.kind())
def test_any_two_faults_can_strike_one_request(first, flavour):
    """Without a server: an exception inside the sandbox fails the test."""
    with troubled(flavour=flavour, caps=PageCaps(search_ids=2, search_startat=2)) as client:
        gate = client.sandbox._gate
        for second in EFFECTS_ON_PAGES:
            client.sandbox.site = small_site()
            client.sandbox.set_faults(FaultScript.of(first, second))
            for route, body in POSTS[flavour]:
                path = client.url(route).removeprefix(client.sandbox.url)
                authorization = gate.authorizations[0]
                assert call(gate, "POST", path, body=json.dumps(body).encode(), authorization=authorization)[0] in (
                    200, 400,
                )  # fmt: skip


def test_no_faults_change_nothing():
    with troubled() as plain, troubled(*FaultScript().faults, seed=5) as other:
        mine, theirs = ([text.replace(c.sandbox.url, "") for _, text in asked(c)] for c in (plain, other))
        assert mine == theirs
