"""Cloud: batches lose no issue and no part of a changelog."""

import msgspec
import pytest

from pipelines.jira import cloud
from pipelines.jira.cloud_changelogs import ChangelogReader
from pipelines.jira.errors import (
    AnswerError,
    NotFoundError,
    OverloadedError,
    PagingError,
    RefusedError,
    TooHeavyError,
)
from pipelines.jira.fields import ISSUE_FIELDS, SYSTEM_FIELD_IDS
from pipelines.jira.scrub import Scrubber
from tests.pipelines.jira.cloud_answers import JQL, bare, log, page
from tests.pipelines.jira.rest import CREATED, KEY, SITE_NAMES, ScriptedSession, history, move


def pull(*answers):
    """Pulled batches of a session that answers so; one worker's worth of requests, so the order is known."""
    session = ScriptedSession("cloud", answers)
    return list(cloud.pull(session, JQL, Scrubber(SITE_NAMES, KEY))), session.asked


def test_issues_and_changelogs_of_a_batch_are_joined_by_issue():
    (batch,), asked = pull(
        page(1, 2), page(), {"issues": [bare(1), bare(2)], "issueErrors": []},
        {"issueChangeLogs": [log(2, history(7, CREATED, move(1, 3))), log(1, history(5, CREATED, move(1, 3)))]},
    )  # fmt: skip
    landed = {number: msgspec.json.decode(line) for number, line in batch.lines}
    assert [landed[n]["changelog"]["histories"][0]["id"] for n in (1, 2)] == ["5", "7"]
    assert asked[2][1] == {
        "issueIdsOrKeys": ["1", "2"],
        "fields": [*ISSUE_FIELDS, "statuscategorychangedate", "customfield_10021", "customfield_10014"],
    }
    assert asked[3][1] == {"issueIdsOrKeys": ["1", "2"], "maxResults": 10_000}


def test_a_changelog_spread_over_pages_is_whole_and_without_repetition():
    first, second = history(5, CREATED, move(1, 2)), history(6, CREATED, move(2, 3))
    (batch,), _ = pull(
        page(1), page(), {"issues": [bare(1)]},
        {"issueChangeLogs": [log(1, first)], "nextPageToken": "x"},
        {"issueChangeLogs": [log(1, first, second)]},
    )  # fmt: skip
    changelog = msgspec.json.decode(batch.lines[0][1])["changelog"]
    assert [one["id"] for one in changelog["histories"]] == ["5", "6"]
    assert (changelog["received"], batch.histories) == (2, 2)


def test_a_changelog_token_that_is_always_sent_again_stops_the_run():
    again = {"issueChangeLogs": [], "nextPageToken": "x"}
    with pytest.raises(PagingError, match="same page token"):
        pull(page(1), page(), {"issues": [bare(1)]}, *[again] * 8)


def test_an_expired_changelog_token_begins_the_chain_anew():
    whole = {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]}
    (batch,), asked = pull(
        page(1), page(), {"issues": [bare(1)]}, {"issueChangeLogs": [], "nextPageToken": "x"},
        RefusedError("token expired"), whole,
    )  # fmt: skip
    assert batch.histories == 1
    assert "nextPageToken" not in asked[-1][1]


def test_a_chain_cut_before_its_end_is_noticed_by_who_was_touched_later():
    """Issue 2 was updated after the newest history that came: it is asked for again, and tells what was cut."""
    late = "2024-01-05T09:00:00.000+0000"
    first, last = log(1, history(5, CREATED, move(1, 3))), log(2, history(6, late, move(1, 3)))
    answers = [
        page(1, 2), page(), {"issues": [bare(1), bare(2, updated=late)]}, {"issueChangeLogs": [first]},
        {"issueChangeLogs": [last]}, {"issueChangeLogs": [first, last]},
    ]  # fmt: skip
    (batch,), asked = pull(*answers)
    assert batch.histories == 2
    assert asked[4][1]["issueIdsOrKeys"] == ["2"]


def test_a_comment_after_the_last_change_costs_one_more_question_for_that_issue():
    late = "2024-01-05T09:00:00.000+0000"
    (_,), asked = pull(
        page(1, 2), page(), {"issues": [bare(1), bare(2, updated=late)]},
        {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]}, {"issueChangeLogs": []},
    )  # fmt: skip
    assert [body["issueIdsOrKeys"] for path, body in asked if "changelog" in path] == [["1", "2"], ["2"]]


def refused_log(*single):
    """Issues 1 and 2 of which the bulk route refuses the changelog of the second; then what other routes answer."""
    return pull(
        page(1, 2), page(), {"issues": [bare(1), bare(2)]}, RefusedError("bad"),
        {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]}, RefusedError("bad"), *single,
    )  # fmt: skip


def test_a_changelog_the_bulk_route_refuses_is_read_on_the_route_of_its_issue():
    (batch,), asked = refused_log({"values": [history(6, CREATED, move(1, 3))], "total": 1})
    changelog = msgspec.json.decode(dict(batch.lines)[2])["changelog"]
    assert (changelog["received"], changelog["total"], changelog["route"]) == (1, 1, "single")
    assert (batch.repaired_count, asked[-1][0]) == (1, "/3/issue/2/changelog")


def test_a_changelog_too_heavy_for_the_bulk_route_is_read_on_the_route_of_its_issue():
    (batch,), asked = pull(
        page(2), page(), {"issues": [bare(2)]}, TooHeavyError("slow"),
        {"values": [history(6, CREATED, move(1, 3))], "total": 1},
    )  # fmt: skip
    assert (batch.histories, asked[-1][0]) == (1, "/3/issue/2/changelog")


def test_a_changelog_too_heavy_even_alone_makes_a_notice_that_the_next_run_asks_for_again():
    (batch,), _ = pull(
        page(1, 2), page(), {"issues": [bare(1), bare(2)]}, TooHeavyError("slow"),
        {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]}, TooHeavyError("slow"), TooHeavyError("slow"),
        bare(2), TooHeavyError("slow"),
    )  # fmt: skip
    line, notice = (msgspec.json.decode(line) for _, line in batch.lines)
    assert (line["id"], notice["id"], "not even alone" in notice["unreadable"]) == ("1", "2", True)
    assert (len(batch.unreadable), batch.unrepaired, batch.missing) == (1, (2,), ())


def test_a_refused_changelog_that_its_own_route_tells_short_is_told_short():
    short = {"values": [history(6, CREATED, move(1, 3))], "total": 2, "isLast": True}
    (batch,), _ = refused_log(
        short, {"issues": [bare(2)]}, RefusedError("bad"), short, bare(2), NotFoundError("no other route")
    )
    changelog = msgspec.json.decode(dict(batch.lines)[2])["changelog"]
    assert (changelog["received"], changelog["total"], batch.unrepaired) == (1, 2, (2,))


def test_a_changelog_refused_on_every_route_stops_the_run():
    with pytest.raises(RefusedError):
        refused_log(RefusedError("bad"))


def test_an_issue_that_is_gone_when_its_refused_changelog_is_asked_for_is_missing():
    (batch,), _ = refused_log(NotFoundError("gone"), {"issues": []})
    assert ([number for number, _ in batch.lines], batch.missing) == ([1], (2,))


def test_a_refused_changelog_of_unknown_form_lands_as_a_notice():
    (batch,), _ = refused_log({"values": [{"id": "6", "created": CREATED, "items": 7}], "total": 1})
    assert "unreadable" in msgspec.json.decode(dict(batch.lines)[2])


def test_where_histories_are_dense_two_passes_name_the_fields():
    page_of = lambda token: {"issueChangeLogs": [], "nextPageToken": token}  # noqa: E731
    (batch,), asked = pull(
        page(1), page(), {"issues": [bare(1)]}, page_of("a"), page_of("b"),
        {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]},
        {"issueChangeLogs": [log(1, history(5, CREATED, move(1, 3)))]},
    )  # fmt: skip
    filters = [body.get("fieldIds") for path, body in asked if "changelog" in path]
    assert filters[:2] == [None, None]
    assert all("status" in names and len(names) <= 10 for names in filters[2:])
    assert {"status", "assignee", "issuelinks", "customfield_10021"} <= set(filters[2]) | set(filters[3])
    assert batch.histories == 1


def test_an_issue_without_any_history_lands_with_an_empty_changelog():
    (batch,), _ = pull(page(1), page(), {"issues": [bare(1)]}, {"issueChangeLogs": []})
    assert msgspec.json.decode(batch.lines[0][1])["changelog"] == {"received": 0}


def test_listed_issues_that_are_not_handed_out_are_missing_and_not_asked_for_changes():
    errors = [{"id": "2", "errorMessage": "gone"}]
    (batch,), asked = pull(
        page(1, 2, 3), page(), {"issues": [bare(3), bare(1)], "issueErrors": errors}, {"issueChangeLogs": []}
    )
    assert [number for number, _ in batch.lines] == [1, 3]
    assert batch.missing == (2,)
    assert asked[-1][1]["issueIdsOrKeys"] == ["1", "3"]


def test_when_all_of_a_batch_is_gone_no_changelog_is_asked_for():
    (batch,), asked = pull(page(1), page(), {"issues": [], "issueErrors": []})
    assert (batch.lines, batch.missing, len(asked)) == ((), (1,), 3)


def test_a_refused_large_batch_is_asked_for_in_hundreds():
    ids = range(1, 151)
    found = [bare(n) for n in ids]
    (batch,), asked = pull(
        page(*ids),
        page(),
        RefusedError("too many"),
        {"issues": found[:100]},
        {"issues": found[100:]},
        {"issueChangeLogs": []},
    )
    assert [len(body["issueIdsOrKeys"]) for path, body in asked if path == "/3/issue/bulkfetch"] == [150, 100, 50]
    assert len(batch.lines) == 150


def test_one_issue_that_spoils_its_batch_is_found_by_halving():
    session = AnsweringSession(8, spoilt=5)
    (batch,) = cloud.pull(session, JQL, Scrubber(SITE_NAMES, KEY))
    assert [number for number, _ in batch.lines] == [1, 2, 3, 4, 6, 7, 8]
    assert batch.missing == (5,)


def test_a_batch_too_heavy_for_the_site_is_halved_until_it_passes():
    session = AnsweringSession(8, most=3)
    (batch,) = cloud.pull(session, JQL, Scrubber(SITE_NAMES, KEY))
    assert [number for number, _ in batch.lines] == list(range(1, 9))


def test_an_issue_too_heavy_for_the_bulk_route_is_read_on_its_own_route():
    (batch,), asked = pull(page(2), page(), TooHeavyError("slow"), bare(2), {"issueChangeLogs": []})
    assert ([number for number, _ in batch.lines], len(batch.unreadable)) == ([2], 0)
    assert asked[3][0] == "/3/issue/2"


def test_an_issue_too_heavy_even_alone_lands_as_a_notice_and_is_asked_for_again_by_the_next_run():
    (batch,), _ = pull(
        page(1, 2), page(), TooHeavyError("slow"), {"issues": [bare(1)]}, TooHeavyError("slow"), TooHeavyError("slow"),
        bare(2), TooHeavyError("slow"), {"issueChangeLogs": []},
    )  # fmt: skip
    line, notice = (msgspec.json.decode(line) for _, line in batch.lines)
    assert (line["id"], notice["id"], "not even alone" in notice["unreadable"]) == ("1", "2", True)
    assert (len(batch.unreadable), batch.unrepaired, batch.missing) == (1, (2,), ())


def test_a_site_that_was_not_well_for_a_moment_is_asked_once_more_before_an_issue_counts_as_too_heavy():
    (batch,), asked = pull(
        page(2), page(), TooHeavyError("slow"), TooHeavyError("slow"), bare(2), bare(2), {"issueChangeLogs": []}
    )
    assert ([number for number, _ in batch.lines], batch.unreadable, batch.unrepaired) == ([2], (), ())
    assert [body["fields"] == "id" for path, body in asked[3:6] if path == "/3/issue/2"] == [False, True, False]


def test_a_site_that_stays_unwell_stops_the_run():
    with pytest.raises(OverloadedError, match="down"):
        pull(page(2), page(), TooHeavyError("slow"), TooHeavyError("slow"), OverloadedError("down"))


def test_many_issues_that_pass_only_alone_stop_the_run():
    """A bulk route that is broken would cost hours, issue by issue."""
    with pytest.raises(TooHeavyError, match="more than 20"):
        list(cloud.pull(AnsweringSession(30, most=0, has_own_route=True), JQL, Scrubber(SITE_NAMES, KEY)))


def test_an_issue_too_heavy_for_the_bulk_route_and_gone_by_then_is_missing():
    (batch,), _ = pull(page(2), page(), TooHeavyError("slow"), NotFoundError("gone"))
    assert (batch.lines, batch.missing) == ((), (2,))


def test_many_issues_too_heavy_even_alone_stop_the_run():
    with pytest.raises(TooHeavyError):
        list(cloud.pull(AnsweringSession(30, most=0), JQL, Scrubber(SITE_NAMES, KEY)))


def test_a_failed_batch_fails_the_pull():
    with pytest.raises(AnswerError):
        pull(page(1), page(), AnswerError("broken"))


def test_an_issue_or_history_of_unknown_form_lands_as_a_notice():
    (batch,), _ = pull(
        page(1, 2, 3), page(), {"issues": [bare(1, created=None), bare(2), bare(3)]},
        {"issueChangeLogs": [log(2, {"id": "9", "created": ["?"]}), log(3, history(5, CREATED, move(1, 3)))]},
        {"issueChangeLogs": []},
    )  # fmt: skip
    landed = [msgspec.json.decode(line) for _, line in batch.lines]
    assert ["unreadable" in one for one in landed] == [True, True, False]
    assert len(batch.unreadable) == 2


def test_a_second_thousand_is_a_second_batch():
    session = AnsweringSession(2500)
    batches = list(cloud.pull(session, JQL, Scrubber(SITE_NAMES, KEY)))
    assert [len(batch.lines) for batch in batches] == [1000, 1000, 500]
    assert [number for batch in batches for number, _ in batch.lines] == list(range(1, 2501))
    assert {batch.total for batch in batches} == {2500}


@pytest.mark.parametrize(
    ("answer", "expected"), [({"count": 7}, 7), (NotFoundError("no"), None), (RefusedError("no"), None)]
)
def test_the_sites_own_count_is_an_alarm_it_may_leave_out(answer, expected):
    assert cloud.count_issues(ScriptedSession("cloud", [answer]), JQL) == expected


class AnsweringSession(ScriptedSession):
    """Answers by what is asked, so that several workers may ask in any order.

    A batch with the ``spoilt`` issue is refused; one of more than ``most`` issues is too heavy.
    """

    def __init__(self, count, spoilt=None, most=10_000, has_own_route=False):
        super().__init__("cloud", [])
        self._ids, self._spoilt, self._most = range(1, count + 1), spoilt, most
        self._has_own_route = has_own_route

    def read(self, method, path, shape, params=None, body=None, *, is_divisible=False):
        if path.endswith("search/jql"):
            answer = page() if "id >" in body["jql"] else page(*self._ids)
        elif body is None:
            if not self._has_own_route and params["fields"] != "id":
                raise TooHeavyError("no answer in time")
            answer = bare(int(path.rsplit("/", 1)[-1]))
        else:
            self.check(body["issueIdsOrKeys"])
            issues = [bare(int(one)) for one in body["issueIdsOrKeys"]]
            answer = {"issues": issues} if path.endswith("issue/bulkfetch") else {"issueChangeLogs": []}
        return msgspec.json.decode(msgspec.json.encode(answer), type=shape)

    def check(self, asked):
        if str(self._spoilt) in asked:
            raise RefusedError("bad key")
        if len(asked) > self._most:
            raise TooHeavyError("no answer in time")


@pytest.mark.parametrize(("custom_count", "firm"), [(4, ["status", "assignee", "flag"]), (5, ["status", "assignee"])])
def test_what_intervals_are_made_of_is_read_in_every_pass_as_far_as_that_is_free(custom_count, firm):
    customs = ["flag", *(f"custom{n}" for n in range(custom_count - 1))]
    passes = ChangelogReader(ScriptedSession("cloud", []), customs, ["flag"]).passes
    assert len(passes) == 2
    assert all(names[: len(firm)] == firm and len(names) <= 10 for names in passes)
    assert {*SYSTEM_FIELD_IDS, *customs} == {name for names in passes for name in names}
    assert len([name for names in passes for name in names]) == len(SYSTEM_FIELD_IDS) + custom_count + len(firm)
