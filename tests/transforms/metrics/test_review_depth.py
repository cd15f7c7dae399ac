"""Rubber stamps: visits told by hand, contrasts with a known answer, and nothing said of a small team."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history, issue_id_of
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.review_contrast import Contrast, contrast, judge
from transforms.metrics.review_depth import ReviewDepth, measure_review_depth
from transforms.metrics.review_visits import add_escapes, add_sizes, review_visits
from transforms.statistics.order_statistics import Estimate

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
PEOPLE = list(PERSONS)[:5]


def tables(told):
    raw = frames(*told)
    return raw, compute(raw, WORKFLOW, AS_OF)


def visits(told):
    _, made = tables(told)
    found = review_visits(made["person_intervals"], made["status_visits"], made["issue_journeys"], WORKFLOW, AS_OF)
    return {(row["issue_id"], row["stage_name"]): row for row in found.sort("left_at").to_dicts()}


def review(told, key, stage="Review"):
    return visits(told)[issue_id_of(key), stage]


def story(key, begun="2026-03-02 08:30", by="ana"):
    return history(key).created("2026-03-02 08:00").to("In Progress", begun).assign(by, begun)


def test_a_review_is_as_long_as_its_touch_in_working_time():
    told = story("G-1").to("Ready for Review", "2026-03-02 09:00").to("In Review", "2026-03-02 16:30")
    row = review([told.to("Ready for QA", "2026-03-03 09:15")], "G-1")
    assert (row["minutes"], row["is_returned"], row["load"]) == (45.0, False, 0)


def test_two_reviews_at_once_share_the_minutes():
    told = [story(key, by="ben").to("In Review", "2026-03-02 10:00") for key in ("G-1", "G-2")]
    for n, issue in enumerate(told):
        issue.to("Ready for QA", f"2026-03-02 1{1 + n}:00")
    assert (review(told, "G-1")["minutes"], review(told, "G-2")["minutes"]) == (30.0, 90.0)


def test_load_is_what_waits_and_what_else_the_reviewer_has_at_hand():
    waiting = [story(f"W-{n}").to("Ready for Review", "2026-03-02 09:00") for n in range(3)]
    busy = story("B-1", "2026-03-02 08:30", "ben")
    mine = story("G-1", "2026-03-02 08:40", "chi").to("Ready for Review", "2026-03-02 09:30")
    mine.assign("ben", "2026-03-02 09:40").to("In Review", "2026-03-02 10:00").to("Ready for QA", "2026-03-02 11:00")
    assert review([*waiting, busy, mine], "G-1")["load"] == 4


def test_what_came_later_was_no_load():
    mine = story("G-1").to("In Review", "2026-03-02 10:00").to("Ready for QA", "2026-03-02 11:00")
    later = story("G-2").to("Ready for Review", "2026-03-02 10:30")
    assert review([mine, later], "G-1")["load"] == 1, "the second issue is still in development by the same person"


def test_a_review_that_sends_back_is_returned_even_by_way_of_a_hold():
    told = story("G-1").to("In Review", "2026-03-02 10:00").to("In Progress", "2026-03-02 11:00")
    assert review([told], "G-1")["is_returned"]
    held = story("G-2").to("In Review", "2026-03-02 10:00").to("On Hold", "2026-03-02 11:00")
    assert review([held.to("In Progress", "2026-03-02 12:00")], "G-2")["is_returned"]


def test_only_the_review_that_sent_it_back_is_returned():
    told = story("G-1").to("In Review", "2026-03-02 10:00").to("In Progress", "2026-03-02 11:00")
    told.to("In Review", "2026-03-02 12:00").to("Ready for QA", "2026-03-02 13:00")
    _, made = tables([told])
    found = review_visits(made["person_intervals"], made["status_visits"], made["issue_journeys"], WORKFLOW, AS_OF)
    assert found.sort("left_at")["is_returned"].to_list() == [True, False]


def test_what_was_only_moved_through_or_still_lasts_is_no_review():
    through = story("G-1").to("In Review", "2026-03-02 10:00:00").to("Ready for QA", "2026-03-02 10:00:30")
    lasts = story("G-2").to("In Review", "2026-03-02 10:00")
    assert visits([through, lasts]) == {}


def test_development_is_nobodys_review():
    told = story("G-1").to("Ready for QA", "2026-03-02 10:00").to("In QA", "2026-03-02 11:00")
    assert {stage for _, stage in visits([told.to("Done", "2026-03-02 12:00")])} == {"QA"}


def test_size_is_type_and_estimate_as_known_when_it_began():
    told = []
    for n, seconds in enumerate((3600, 7200, 10800)):
        issue = story(f"G-{n}").edit("estimate", "2026-03-02 09:00", None, seconds)
        told.append(issue.to("In Review", "2026-03-02 10:00").to("Done", "2026-03-02 11:00"))
    unknown = story("G-3").to("In Review", "2026-03-02 10:00").to("Done", "2026-03-02 11:00")
    late = unknown.edit("estimate", "2026-03-03 09:00", None, 99)
    raw, made = tables([*told, late])
    found = review_visits(made["person_intervals"], made["status_visits"], made["issue_journeys"], WORKFLOW, AS_OF)
    sized = add_sizes(found, made["issue_journeys"], raw.changes)
    sizes = dict(sized.select("issue_id", "size").iter_rows())
    assert [sizes[issue_id_of(f"G-{n}")] for n in range(4)] == ["Story small", "Story small", "Story large", "Story ?"]


def reviews(seconds_low, seconds_high, returned_low, returned_high, n=600, seed=2, sizes=("s",), confounded=False):
    """Reviews with a load of 0 to 8; under high load they take and return what is told. Known truth, no noise in load.

    ``confounded``: large reviews, which take ten times as long, come under low load alone more often.
    """
    rng = np.random.default_rng(seed)
    load = rng.integers(0, 9, n)
    is_high = load >= 5
    size = rng.integers(0, len(sizes), n)
    if confounded:
        size = (rng.random(n) < np.where(is_high, 0.2, 0.8)).astype(int)
    minutes = np.where(is_high, seconds_high, seconds_low) / 60 * rng.lognormal(0, 0.5, n) * 10**size
    return pl.DataFrame(
        {
            "load": load,
            "minutes": minutes,
            "is_returned": rng.random(n) < np.where(is_high, returned_high, returned_low),
            "escaped_bugs": rng.poisson(np.where(is_high, 0.5, 0.1)).astype(float),
            "size": [sizes[place] for place in size],
            "left_at": [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=5 * int(k)) for k in range(n)],
        }
    )


def verdict(*how, **more):
    return judge("Review", contrast(reviews(*how, **more), np.random.default_rng(0)))


def test_shorter_and_softer_reviews_under_load_are_a_risk():
    found = contrast(reviews(3600, 1200, 0.4, 0.1), np.random.default_rng(0))
    assert found.minutes_ratio.low < 1 / 3 < found.minutes_ratio.high
    assert found.returned_share_difference.low < -0.3 < found.returned_share_difference.high
    assert found.escaped_bugs_difference.low > 0
    said = judge("Review", found)
    assert said[0] == "yes"
    assert said[1].startswith(
        "Review: work may be waved through under load: with 5 or more issues at hand instead of 2"
    )


def test_reviews_that_hold_are_none():
    assert verdict(3600, 3600, 0.3, 0.3)[0] == "no"


def test_shorter_reviews_that_send_back_as_much_are_no_clear_risk():
    assert verdict(3600, 1200, 0.3, 0.3)[0] == "cannot_tell"


def test_what_sends_back_more_under_load_is_no_rubber_stamp():
    assert verdict(3600, 1200, 0.1, 0.5)[0] == "no"


def test_smaller_work_under_load_is_not_taken_for_shallow_reviews():
    """Raw medians fall to a tenth, yet reviews of one size take as long as ever."""
    told = reviews(3600, 3600, 0.3, 0.3, n=600, sizes=("s", "l"), confounded=True)
    by_load = told.group_by(pl.col.load >= 5).agg(pl.col.minutes.median()).sort("load")["minutes"]
    assert by_load[1] < 0.5 * by_load[0]
    found = contrast(told, np.random.default_rng(0))
    assert found.minutes_ratio.low < 1 < found.minutes_ratio.high
    assert judge("Review", found)[0] == "no"


def test_intervals_hold_the_truth_as_often_as_they_say():
    hits = 0
    for seed in range(40):
        found = contrast(reviews(3600, 1800, 0.3, 0.3, n=300, seed=seed), np.random.default_rng(seed))
        hits += found.minutes_ratio.low <= 0.5 <= found.minutes_ratio.high
    assert hits >= 36


def test_below_thirty_on_a_side_nothing_is_compared():
    found = contrast(reviews(3600, 1200, 0.4, 0.1, n=60), np.random.default_rng(0))
    said = judge("Review", found)
    assert found.minutes_ratio == Estimate(None, None, None)
    assert said[0] == "cannot_tell"
    assert "the contrast needs 30 reviews under low and under high load in 8 weeks, there are " in said[2]


def test_a_load_that_never_differs_says_nothing():
    even = reviews(3600, 1200, 0.4, 0.1).with_columns(load=pl.lit(3))
    found = contrast(even, np.random.default_rng(0))
    assert found == Contrast(0, 0, None, None)
    assert judge("Review", found)[2] == "loads hardly differ"


def test_bugs_of_the_last_thirty_days_are_not_yet_known():
    told = reviews(3600, 1200, 0.4, 0.1).with_columns(escaped_bugs=pl.lit(None, pl.Float64))
    found = contrast(told, np.random.default_rng(0))
    assert found.escaped_bugs_difference == Estimate(None, None, None)
    assert "escaped bugs need" in judge("Review", found)[2]


def test_a_bug_linked_within_thirty_days_has_escaped():
    good = story("G-1").to("In Review", "2026-03-02 10:00").to("Done", "2026-03-02 11:00")
    early = story("G-2").to("In Review", "2026-06-20 10:00").to("Done", "2026-06-20 11:00")
    raw, made = tables([good, early])
    journeys = made["issue_journeys"]
    bug = journeys.filter(pl.col.issue_id == issue_id_of("G-1")).with_columns(
        issue_id=pl.lit(7, pl.Int64), issue_type=pl.lit("Bug").cast(journeys.schema["issue_type"]),
        created_at=pl.lit(datetime(2026, 3, 20, tzinfo=UTC)).cast(journeys.schema["created_at"]),
    )  # fmt: skip
    issues = pl.concat([raw.issues, raw.issues[:1].with_columns(issue_id=pl.lit(7, pl.Int64), issue_key=pl.lit("B-7"))])
    link = raw.changes[:1].with_columns(
        issue_id=pl.lit(7, pl.Int64), field=pl.lit("link").cast(raw.changes.schema["field"]), to_key=pl.lit("G-1"),
        from_key=pl.lit(None, pl.String), link_kind=pl.lit("other").cast(raw.changes.schema["link_kind"]),
    )  # fmt: skip
    found = review_visits(made["person_intervals"], made["status_visits"], journeys, WORKFLOW, AS_OF)
    known = add_escapes(found, issues, pl.concat([raw.changes, link]), pl.concat([journeys, bug]), AS_OF)
    assert dict(known.select("issue_id", "escaped_bugs").iter_rows()) == {
        issue_id_of("G-1"): 1.0,
        issue_id_of("G-2"): None,
    }


def quarter(told):
    raw, made = tables(told)
    rows = checked(
        ReviewDepth,
        measure_review_depth(
            made["person_intervals"].lazy(), raw.issues.lazy(), raw.changes.lazy(), made["status_visits"].lazy(),
            made["issue_journeys"].lazy(), WORKFLOW, AS_OF,
        ),
    )  # fmt: skip
    return rows.filter(period_start_date=date(2026, 1, 1), stage_name="Review").to_dicts()


def reviewed(number, people):
    day = f"2026-03-{2 + number % 5 + 7 * (number // 10 % 4):02}"
    told = history(f"G-{number}").created(f"{day} 08:00", assignee=people[number % len(people)])
    told.to("In Progress", f"{day} 08:30").to("In Review", f"{day} 10:00")
    return told.to("Done", f"{day} 10:{4 + number % 50:02}")


def test_a_period_says_how_many_reviews_there_were_and_how_long_they_took():
    [row] = quarter([reviewed(n, PEOPLE) for n in range(40)])
    assert (row["review_count"], row["verdict"]) == (40, "cannot_tell")
    assert row["review_minutes_p50_low"] <= row["review_minutes_p50"] <= row["review_minutes_p50_high"]
    assert 0 < row["short_approval_share"] < 0.5


def test_a_team_of_four_is_suppressed():
    [row] = quarter([reviewed(n, PEOPLE[:4]) for n in range(40)])
    assert (row["verdict"], row["review_count"], row["sentence"]) == ("suppressed", None, None)
    assert row["note"] == "everything is withheld: fewer than 5 people stand behind it"
    figures = [name for name, column in ReviewDepth.columns.items() if column.nullable and name != "note"]
    assert all(row[name] is None for name in figures)


def test_nothing_reviewed_nothing_said():
    assert quarter([history("G-1").created("2026-03-02 08:00")]) == []
    assert quarter([]) == []


@pytest.mark.parametrize("end", ["low", "high"])
def test_intervals_enclose_their_values(end):
    found = contrast(reviews(3600, 1200, 0.4, 0.1), np.random.default_rng(0))
    for estimate in (found.minutes_ratio, found.returned_share_difference, found.escaped_bugs_difference):
        assert (estimate.value - getattr(estimate, end)) * (1 if end == "low" else -1) >= 0
