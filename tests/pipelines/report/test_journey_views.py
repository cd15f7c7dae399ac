"""The sections about the journey: the map, the watched stage, what the waiting is made of."""

import pytest

from pipelines.report.views import constraint_flow, value_stream_map, wait_causes
from pipelines.report.words import FIXED
from tests.pipelines.report.told import LATEST, QUARTER, STREAM, step, version

DAY_MS = 86_400_000


def plain(text):
    return text.replace(FIXED, " ")


def only(view, published):
    [entry] = view.build(published)
    assert bool(entry.finding) != bool(entry.reason), "an entry either finds something or says why not"
    return entry


UNSTARTED = {f"cycle_{kind}_days_per_delivered": 0.0 for kind in ("wait", "touch", "blocked", "unassigned")} | {
    "cycle_days_per_delivered": 0.0
}


def test_the_map_says_where_the_time_goes(tmp_path):
    backlog = step("Backlog", step_kind="upstream", stage_order=0, **UNSTARTED)
    review = step("Review", stage_order=2, wait_days_per_delivered=9.5, gap_days_per_delivered=9.5)
    review |= {"cycle_wait_days_per_delivered": 9.5, "cycle_days_per_delivered": 10.5, "stage_days_per_delivered": 10.5}
    steps = [backlog, step("Development", stage_order=1), review]
    entry = only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": steps}))
    assert plain(entry.finding) == (
        "From its start a delivered issue took 14 days on average: 12 days waiting and 2 days in touch. The longest"
        " wait is before Review: 9.5 days. Before its start 3 days passed."
    )


def test_work_sent_back_before_the_start_is_still_under_way(tmp_path):
    steps = [step("Backlog", step_kind="upstream"), step("Development", stage_order=1)]
    finding = plain(only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": steps})).finding)
    assert finding.startswith("From its start a delivered issue took 6 days on average: 4 days waiting")
    assert "Before its start" not in finding


def test_time_on_hold_before_the_start_is_not_told_as_time_from_it_on(tmp_path):
    held = step("On hold", stage_days_per_delivered=33.0, blocked_days_per_delivered=30.0)
    finding = plain(only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": [held]})).finding)
    assert "took 3 days on average: 2 days waiting and 1 day in touch." in finding
    assert finding.endswith("Before its start 30 days passed.")


def test_the_time_done_before_a_reopening_is_part_of_the_journey_and_said(tmp_path):
    steps = [step(name, done_gap_days_per_delivered=11.0) for name in ("Development", "Review")]
    finding = plain(only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": steps})).finding)
    assert (
        "took 17 days on average: 4 days waiting, 2 days in touch and 11 days done before it was reopened." in finding
    )


def test_the_wait_for_a_release_comes_after_the_journey(tmp_path):
    after = step("Awaiting release", step_kind="downstream", stage_order=9, wait_days_per_delivered=8.0, **UNSTARTED)
    steps = [step("Development"), after | {"has_active": False}]
    finding = plain(only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": steps})).finding)
    assert finding == (
        "From its start a delivered issue took 3 days on average: 2 days waiting and 1 day in touch. The longest wait"
        " is in Awaiting release: 8 days. Done work waited 8 days for its release."
    )


def test_a_wait_after_a_stage_was_begun_is_a_wait_in_it(tmp_path):
    steps = [step("Development", gap_days_per_delivered=0.5)]
    published = version(tmp_path, {"metrics.value_stream_map": steps})
    assert "The longest wait is in Development" in only(value_stream_map, published).finding


def test_a_stage_that_is_nothing_but_a_queue_is_waited_in(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Approval", has_active=False)]})
    assert "The longest wait is in Approval" in only(value_stream_map, published).finding


def test_the_map_tells_flow_efficiency_as_the_interval_it_is(tmp_path):
    share = {"flow_efficiency_from_evidence": 0.05, "flow_efficiency_shared": 0.17, "flow_efficiency_by_status": 0.2}
    entry = only(value_stream_map, version(tmp_path, {"metrics.touch_shares": [share]}))
    assert plain(entry.finding).endswith("Of its working time, 17 % was worked on [5 %, 20 %] (evidence to status).")


def test_without_evidence_the_lower_bound_is_unknown_and_not_nothing(tmp_path):
    share = {"flow_efficiency_shared": 0.17, "flow_efficiency_by_status": 0.2}
    entry = only(value_stream_map, version(tmp_path, {"metrics.touch_shares": [share]}))
    assert plain(entry.finding).endswith("Of its working time, 17 % was worked on, at most 20 % by status.")


def test_steps_are_drawn_in_the_order_of_the_walk_with_all_their_time(tmp_path):
    steps = [step("Review", stage_order=2), step("Development", stage_order=1, blocked_days_per_delivered=0.4567)]
    drawn = only(value_stream_map, version(tmp_path, {"metrics.value_stream_map": steps})).extra["steps"]
    assert [row["stage"] for row in drawn] == ["Development", "Review"]
    assert drawn[0]["blocked"] == 0.457
    assert (drawn[1]["wait"], drawn[1]["touch"], drawn[1]["wait_working"]) == (2, 1, 2)


def test_from_too_few_deliveries_no_journey_is_drawn(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Review", delivered_count=5)]})
    entry = only(value_stream_map, published)
    assert entry.reason.startswith("5 issues delivered in this period")
    assert "steps" not in entry.extra


def test_every_period_has_its_own_map(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Review"), step("Review", **QUARTER)]})
    assert [entry.period for entry in value_stream_map.build(published)] == ["latest", "2026-Q2"]


def week(stage, day, **said):
    start = LATEST["period_start_date"].replace(month=1, year=2026, day=day)
    usual = {"stage_name": stage, "week_start_date": start, "is_complete_week": True, "queue_mean": 4.0}
    return usual | {"arrival_count": 10, "departure_count": 8} | said


def test_without_a_verdict_the_stage_with_the_most_waiting_is_watched_and_it_says_so(tmp_path):
    steps = [step("Development", wait_days_total=5.0), step("Review", wait_days_total=50.0, stage_order=1)]
    weeks = [week("Review", 5), week("Review", 12, queue_mean=9.0), week("Development", 5)]
    tables = {"metrics.value_stream_map": steps, "metrics.stage_flow_weekly": weeks}
    entry = only(constraint_flow, version(tmp_path, tables))
    assert entry.finding == (
        "Review (no constraint is named; it holds the most waiting): 20 came and 16 left in 2 weeks (5 Jan 2026"
        " to 18 Jan 2026); its queue went from 4 to 9."
    )
    assert [row["queue"] for row in entry.charts["constraint_queue"]] == [4, 9]
    assert len(entry.charts["constraint_flow"]) == 4


def test_of_a_constraint_of_several_stages_that_with_the_most_waiting_is_watched(tmp_path):
    pool = {"verdict": "constraint_pool", "constraint_name": "Development+Review", "confidence": "strong"}
    steps = [step("Development", wait_days_total=5.0), step("Review", wait_days_total=50.0), step("QA")]
    tables = {
        "metrics.constraint_verdicts": [pool | {"constraint_stage_names": "Development, Review", "sentence": "…"}],
        "metrics.value_stream_map": [*steps, step("Release", wait_days_total=99.0)],
        "metrics.stage_flow_weekly": [week("Review", 5), week("Development", 5), week("Release", 5)],
    }
    assert only(constraint_flow, version(tmp_path, tables)).finding.startswith("Review: 10 came and 8 left in 1 week")


def test_a_running_week_is_not_drawn(tmp_path):
    weeks = [week("Review", 5), week("Review", 12, is_complete_week=False)]
    steps = [step("Review", wait_days_total=50.0)]
    tables = {"metrics.value_stream_map": steps, "metrics.stage_flow_weekly": weeks}
    assert len(only(constraint_flow, version(tmp_path, tables)).charts["constraint_queue"]) == 1


def test_where_nothing_waited_no_stage_is_watched(tmp_path):
    published = version(tmp_path, {"metrics.value_stream_map": [step("Review", wait_days_total=0.0)]})
    assert only(constraint_flow, published).reason.startswith("No stage of this stream held any waiting work")


def wait(stage, **causes):
    known = {f"{cause}_ms": int(days * DAY_MS) for cause, days in causes.items()}
    return {"stage_name": stage, "visit_count": 2, "wait_ms": sum(known.values())} | known


def test_the_largest_cause_within_working_hours_calls_for_its_answer(tmp_path):
    causes = wait("Review", unavailable=6, blocked=0, batch=0, contention=3, prioritisation=1, extraneous=0)
    entry = only(wait_causes, version(tmp_path, {"metrics.wait_causes": [causes]}))
    assert plain(entry.finding) == (
        "A wait in Review took 5 days on average; 60 % of that lay outside working hours. Of the rest 75 % was spent"
        " behind work that had come earlier: give the stage capacity."
    )
    pieces = {row["cause"]: row["days"] for row in entry.charts["wait_causes"]}
    assert pieces["behind earlier work"] == 1.5
    assert sum(pieces.values()) == 5


@pytest.mark.parametrize(
    ("cause", "answer"),
    [
        ("blocked", "was blocked: unblock it."),
        ("batch", "was waiting for the batch it left with: release it more often."),
        ("prioritisation", "was spent behind work that came later: limit and order what is in progress."),
        ("extraneous", "was time in which nobody was visibly busy: talk"),
    ],
)
def test_every_cause_has_its_own_answer(tmp_path, cause, answer):
    none = dict.fromkeys(("unavailable", "blocked", "batch", "contention", "prioritisation", "extraneous"), 0)
    causes = wait("Review", **none | {cause: 2})
    assert answer in only(wait_causes, version(tmp_path, {"metrics.wait_causes": [causes]})).finding


def test_what_is_withheld_for_a_small_team_is_one_piece_so_that_the_wait_stays_whole(tmp_path):
    row = {"stage_name": "Review", "visit_count": 1, "wait_ms": 10 * DAY_MS, "unavailable_ms": 6 * DAY_MS}
    entry = only(wait_causes, version(tmp_path, {"metrics.wait_causes": [row | {"note": "team of 3"}]}))
    pieces = {piece["cause"]: piece["days"] for piece in entry.charts["wait_causes"]}
    assert pieces["withheld: team too small"] == 4
    assert "Withheld: team of 3." in entry.caveat


def test_stages_of_waiting_stand_in_the_order_of_the_walk(tmp_path):
    rows = [wait(stage, unavailable=1, blocked=1) for stage in ("Review", "Development")]
    charts = only(wait_causes, version(tmp_path, {"metrics.wait_causes": rows})).charts["wait_causes"]
    assert list(dict.fromkeys(row["stage"] for row in charts)) == ["Development", "Review"]


def test_a_stream_is_named_by_every_entry(tmp_path):
    for view in (value_stream_map, constraint_flow):
        assert only(view, version(tmp_path, {})).stream == STREAM
