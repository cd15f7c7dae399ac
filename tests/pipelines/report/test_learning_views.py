"""The sections about reviews, hand-offs, work at once, and what was learned late or never."""

from datetime import date

import pytest

from pipelines.report.sections import SECTIONS
from pipelines.report.views import (
    commitment_cadence,
    context_switching,
    feedback_loops,
    handoffs,
    late_changes,
    review_depth,
)
from pipelines.report.words import FIXED
from tests.pipelines.report.told import STREAM, version

NEW = (commitment_cadence, context_switching, feedback_loops, handoffs, late_changes, review_depth)


def plain(text):
    return text.replace(FIXED, " ")


def only(view, tmp_path, table, *rows):
    [entry] = view.build(version(tmp_path, {table: list(rows)}))
    assert bool(entry.finding) != bool(entry.reason)
    return entry


@pytest.mark.parametrize("view", NEW, ids=lambda module: module.VIEW.name)
def test_a_version_without_the_table_gets_no_invented_words(view, tmp_path):
    entries = list(view.build(version(tmp_path, {})))
    assert all(entry.reason and not entry.finding for entry in entries)
    assert view.VIEW in SECTIONS


def review(stage="Review", verdict="no", **said):
    known = {
        "stage_name": stage, "verdict": verdict, "review_count": 152, "review_minutes_p50": 240.0,
        "review_minutes_p50_low": 120.0, "short_approval_share": 0.42, "short_approval_share_low": 0.34,
        "short_approval_share_high": 0.5, "minutes_ratio": 0.5, "minutes_ratio_low": 0.3, "minutes_ratio_high": 0.8,
        "sentence": f"{stage}: reviews are waved through under load.",
    }  # fmt: skip
    return known | said


def test_stages_where_work_is_waved_through_come_first_and_are_marked(tmp_path):
    rows = [review("QA"), review("Review", "yes")]
    entry = only(review_depth, tmp_path, "metrics.review_depth", *rows)
    assert entry.finding == "Review: reviews are waved through under load."
    assert entry.extra["marked"] == [1]
    assert [plain(text) for text in entry.table[2]] == [
        "Review", "152", "240 [120, …]", "42 % [34 %, 50 %]", "0.5 [0.3, 0.8]", "waved through under load",
    ]  # fmt: skip


def test_where_nobody_can_tell_it_is_said_beside_where_reviews_hold(tmp_path):
    rows = [review("QA"), review("Review", "cannot_tell", short_approval_share=0.1)]
    assert plain(only(review_depth, tmp_path, "metrics.review_depth", *rows).finding) == (
        "Reviews in QA hold when much is waiting. Whether reviews in Review hold when much is waiting, the data cannot"
        " tell. In QA, 42 % [34 %, 50 %] of 152 reviews ended in approval within five working minutes."
    )


def test_reviews_of_a_small_team_are_not_told(tmp_path):
    entry = only(review_depth, tmp_path, "metrics.review_depth", review(verdict="suppressed"))
    assert "too small" in entry.reason


def test_a_small_team_beside_others_is_named_as_hidden(tmp_path):
    rows = [review("QA"), review("Security", "suppressed")]
    assert "too small: Security." in only(review_depth, tmp_path, "metrics.review_depth", *rows).caveat


def handed(**said):
    known = {
        "delivered_count": 263, "handoff_count": 550, "handoffs_per_delivered": 2.09,
        "handoffs_per_delivered_low": 1.98, "handoffs_per_delivered_high": 2.2,
        "handoffs_most": 7, "ping_pong_share": 0.06, "ping_pong_share_low": 0.04,
        "ping_pong_share_high": 0.1,
    }  # fmt: skip
    return known | said


def test_hand_offs_are_told_with_their_interval_and_number(tmp_path):
    entry = only(handoffs, tmp_path, "metrics.handoffs", handed())
    assert entry.finding == (
        "A delivered issue was handed from one person to another 2.1 [2, 2.2] times on average, at most 7 times (263"
        " issues)."
    )
    assert plain(dict(entry.facts)["To somebody and straight back"]) == "6 % [4 %, 10 %]"


@pytest.mark.parametrize(("count", "words"), [(None, "too small"), (3, "1 issue delivered: too few")])
def test_hand_offs_of_few_people_or_issues_are_not_told(tmp_path, count, words):
    row = handed(handoffs_per_delivered=None, handoff_count=count, delivered_count=1)
    assert words in only(handoffs, tmp_path, "metrics.handoffs", row).reason


def week(day, mean, **said):
    known = {
        "week_start_date": date(2026, 6, day), "is_complete_week": True, "team_count": 9, "parallel_issues_mean": mean,
        "parallel_issues_mean_low": 1.1, "parallel_issues_mean_high": 1.6, "many_parallel_share": 0.06,
        "many_parallel_share_low": 0.0, "many_parallel_share_high": 0.15,
    }  # fmt: skip
    return known | said


def test_the_last_complete_week_is_told_and_the_fullest(tmp_path):
    weeks = [week(22, 1.34), week(15, 1.9), week(29, 7.0, is_complete_week=False), week(1, None)]
    entry = only(context_switching, tmp_path, "metrics.context_switching_weekly", *weeks)
    assert plain(entry.finding) == (
        "In the week of 22 Jun 2026 a person with work in hand had 1.3 [1.1, 1.6] issues at once (9 people); 6 % [0 %,"
        " 15 %] of that time with three or more. The most was 1.9, in the week of 15 Jun 2026."
    )
    assert entry.caveat.startswith("1 week with fewer than five people")
    drawn = context_switching.shared(version(tmp_path, {"metrics.context_switching_weekly": weeks}))
    assert [row["issues"] for row in drawn[STREAM]["context_switching"]] == [1.9, 1.34]


def test_weeks_of_few_people_are_not_told(tmp_path):
    assert (
        "Fewer than five people"
        in only(context_switching, tmp_path, "metrics.context_switching_weekly", week(22, None)).reason
    )


def changed(**said):
    known = {
        "in_progress_count": 325, "late_edit_count": 3, "late_edited_issue_count": 1, "early_edit_count": 1,
        "joined_count": 251, "scope_added_count": 1, "scope_added_share": 0.91, "scope_added_share_low": 0.87,
        "scope_added_share_high": 0.94, "cancelled_count": 1, "ended_count": 272, "wasted_touch_working_days": 19.0,
        "late_estimate_change_count": 34, "late_estimate_raise_count": 30,
    }  # fmt: skip
    return known | said


def test_what_changed_after_the_start_is_counted_in_the_right_number(tmp_path):
    entry = only(late_changes, tmp_path, "metrics.late_changes", changed())
    assert plain(entry.finding) == (
        "Of 325 issues in progress, 1 had a text changed by 20 characters or more after work on it had started: 3"
        " edits, against 1 edit before the start. 1 issue of 251 (91 % [87 %, 94 %]) came under a parent after work"
        " under it had started. 1 started issue was cancelled, with at most 19 working days of touch in it."
    )
    assert entry.table[2] == ("Estimates changed", "34, 30 of them upwards", "325 in progress", "–")


def test_nothing_changed_is_a_finding_too(tmp_path):
    row = changed(late_edited_issue_count=0, scope_added_count=0, cancelled_count=0)
    assert only(late_changes, tmp_path, "metrics.late_changes", row).finding == (
        "No text of 325 issues in progress was changed after work on it had started. No work that had started was"
        " cancelled."
    )


def traced(**said):
    known = {
        "delivered_count": 192, "followed_count": 115, "commented_count": 2, "traced_count": 2, "traced_share": 0.017,
        "traced_share_low": 0.005, "traced_share_high": 0.06,
    }  # fmt: skip
    return known | said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {},
            "2 % [< 1 %, 6 %] have a trace of what came of them. Of the other 113 nobody recorded whether they worked.",
        ),
        ({"traced_count": 114}, "Of the other one nobody recorded whether it worked."),
        ({"traced_count": 0, "traced_share": 0.0}, "Of 115 nobody recorded whether they worked."),
        ({"traced_share": None, "traced_count": 1}, "1 has a trace of what came of it: too few for a share."),
        ({"traced_count": 115, "traced_share": 1.0}, "100 % [< 1 %, 6 %] have a trace of what came of them."),
    ],
)
def test_outcomes_nobody_looked_at_are_counted(tmp_path, said, words):
    entry = only(feedback_loops, tmp_path, "metrics.feedback_loops", traced(**said))
    assert plain(entry.finding).endswith(words)
    assert dict(entry.facts)["Commented on from outside the team"] == "2 of 115"


@pytest.mark.parametrize(("delivered", "words"), [(0, "No feature"), (4, "4 features delivered, none of them 60 days")])
def test_outcomes_are_asked_for_only_after_sixty_days(tmp_path, delivered, words):
    row = traced(followed_count=0, traced_share=None, delivered_count=delivered)
    assert only(feedback_loops, tmp_path, "metrics.feedback_loops", row).reason.startswith(words)


def taken(**said):
    known = {
        "committed_count": 299, "time_to_commit_days_p50": 3.7, "time_to_commit_days_p50_low": 2.9,
        "time_to_commit_days_p50_high": 3.8, "time_to_commit_days_p85": 6.7, "dispersion_index": 12.0,
        "dispersion_index_low": 7.6, "dispersion_index_high": 23.0, "planning_day_count": 10,
        "commitment_day_count": 13, "cadence_wait_days": 9.5,
    }  # fmt: skip
    return known | said


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (7.6, 23.0, "They are taken in batches, as a planning calendar makes them."),
        (0.2, 0.9, "They are taken evenly, week by week."),
        (0.2, 1.9, "Nothing tells whether they are taken in batches or evenly."),
        (None, None, "Whether they are taken in batches cannot be told."),
    ],
)
def test_batches_are_claimed_only_where_the_interval_says_so(tmp_path, low, high, words):
    row = taken(dispersion_index_low=low, dispersion_index_high=high)
    entry = only(commitment_cadence, tmp_path, "metrics.commitment_cadence", row)
    assert plain(entry.finding) == (
        f"Of 299 ideas taken, half had waited at most 3.7 days [2.9, 3.8] since they were written down, 85 % at most"
        f" 6.7 days. {words}"
    )
    assert dict(entry.facts)["80 % of the commitments fall on"] == "10 days of 13 with any"


def test_few_commitments_are_no_ground_for_a_percentile(tmp_path):
    row = taken(committed_count=1, time_to_commit_days_p50=None)
    assert only(commitment_cadence, tmp_path, "metrics.commitment_cadence", row).finding.startswith(
        "1 idea taken: too few to say how long it had waited."
    )
