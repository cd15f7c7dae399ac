"""Whether anybody recorded what came of delivered work: links and comments from outside, and silence as the finding."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, Frames, frames, history, issue_id_of
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.feedback_loops import FeedbackLoops, find_feedback_loops
from transforms.raw import RawComments

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def loops(*told, comments=(), bugs=(), as_of=AS_OF):
    """Row of the first quarter; ``comments`` are (key, when, who)."""
    raw = frames(*told)
    is_bug = pl.when(pl.col.issue_key.is_in(list(bugs))).then(pl.lit("Bug")).otherwise("issue_type")
    raw = Frames(raw.issues.with_columns(issue_type=is_bug), raw.changes)
    core = core_of(raw, WORKFLOW, as_of)
    rows = [(issue_id_of(key), n, at, PERSONS[who]) for n, (key, at, who) in enumerate(comments)]
    written = pl.DataFrame(rows, schema=RawComments.polars_schema(), orient="row").lazy()
    made = find_feedback_loops(core.raw_issues, core.raw_changes, written, core.issue_journeys, WORKFLOW, as_of)
    [row] = checked(FeedbackLoops, made).filter(period_start_date=date(2026, 1, 1)).to_dicts()
    return row


def done(key):
    return history(key).created(MONDAY - 3 * DAY, status="Selected").to("In Progress", MONDAY - DAY).to("Done", MONDAY)


def measured(key, at):
    """Another issue, linked to at some time."""
    return history(f"M-{key}").created(MONDAY - DAY).edit("link", at, to_key=key, link_kind="other")


@pytest.mark.parametrize(("days", "count"), [(-0.5, 0), (1, 1), (60, 1), (61, 0)])
def test_a_link_made_within_sixty_days_after_delivery_is_a_trace(days, count):
    row = loops(done("G-1"), measured("G-1", MONDAY + DAY * days))
    assert (row["delivered_count"], row["linked_count"], row["traced_count"]) == (1, count, count)


def test_a_bug_is_no_trace_of_an_outcome_and_no_feature():
    told = [done("G-1"), measured("G-1", MONDAY + DAY), done("B-1")]
    row = loops(*told, bugs=["M-G-1", "B-1"])
    assert (row["delivered_count"], row["traced_count"]) == (1, 0)


def test_a_comment_counts_from_outside_the_team_only():
    inside, outside = ("G-1", MONDAY + DAY, "ana"), ("G-1", MONDAY + 2 * DAY, "boss")
    assert loops(done("G-1"), comments=[inside])["commented_count"] == 0
    assert loops(done("G-1"), comments=[inside, outside])["commented_count"] == 1


def test_a_comment_before_the_delivery_says_nothing_of_the_outcome():
    assert loops(done("G-1"), comments=[("G-1", MONDAY - DAY, "boss")])["traced_count"] == 0


def test_the_first_trace_counts_and_a_feature_with_both_counts_once():
    told = [done(f"G-{n}") for n in range(6)] + [measured(f"G-{n}", MONDAY + 9 * DAY) for n in range(6)]
    row = loops(*told, comments=[(f"G-{n}", MONDAY + 4 * DAY, "boss") for n in range(6)])
    assert (row["linked_count"], row["commented_count"], row["traced_count"]) == (6, 6, 6)
    assert row["trace_days_p50"] == pytest.approx(4.0)


def test_before_sixty_days_are_over_a_feature_is_not_followed():
    told = [done("G-1"), measured("G-1", MONDAY + DAY)]
    row = loops(*told, as_of=MONDAY + 59 * DAY)
    assert (row["delivered_count"], row["followed_count"], row["traced_count"]) == (1, 0, 0)


def test_silence_is_a_share_of_zero_with_an_upper_end():
    row = loops(*(done(f"G-{n}") for n in range(40)))
    assert (row["followed_count"], row["traced_share"], row["traced_share_low"]) == (40, 0.0, 0.0)
    assert 0 < row["traced_share_high"] < 0.1
    assert row["trace_days_p50"] is None
    assert row["note"] == "p50 needs 6 traced features, there are 0"


def test_below_thirty_there_is_no_share_and_the_note_says_so():
    row = loops(done("G-1"))
    assert row["traced_share"] is None
    assert row["note"].startswith("traced_share needs 30 features followed for 60 days, there is 1")


def test_without_issues_there_are_no_rows():
    core = core_of(frames(history("E-1").created(MONDAY, issue_type="Epic")), WORKFLOW, AS_OF)
    made = find_feedback_loops(
        core.raw_issues, core.raw_changes, RawComments.empty().lazy(), core.issue_journeys, WORKFLOW, AS_OF
    )
    assert checked(FeedbackLoops, made).is_empty()
