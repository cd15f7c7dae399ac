"""The sections about how work flows: cumulative flow, work in progress, cycle times, ages, output against delivery."""

from datetime import UTC, date, datetime, timedelta

from pipelines.report.views import ageing_work, cumulative_flow, cycle_times, divergence, work_in_progress
from pipelines.report.words import FIXED
from tests.pipelines.report.told import STREAM, step, version

DAY_MS = 86_400_000
JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def plain(text):
    return text.replace(FIXED, " ")


def only(entries, **chosen):
    [entry] = [e for e in entries if all(getattr(e, name) == value for name, value in chosen.items())]
    assert bool(entry.finding) != bool(entry.reason)
    return entry


def day(stage, order, reached, discarded=0, when=date(2026, 6, 1), **said):
    return {
        "stage_name": stage, "stage_order": order, "flow_date": when, "reached_count": reached,
        "discarded_count": discarded,
    } | said  # fmt: skip


def bands(published):
    return {row["stage"]: row["count"] for row in cumulative_flow.shared(published)[STREAM]["cumulative_flow"]}


def test_bands_are_what_stands_between_a_stage_and_the_next(tmp_path):
    days = [day("Development", 0, 10), day("Review", 1, 7), day("Done", 2, 4, is_terminal=True)]
    assert bands(version(tmp_path, {"metrics.cumulative_flow_daily": days})) == {
        "Development": 3,
        "Review": 3,
        "Done": 4,
    }


def test_what_was_given_up_leaves_its_band_for_one_of_its_own(tmp_path):
    days = [day("Development", 0, 10, 1), day("Review", 1, 7, 2), day("Done", 2, 4, is_terminal=True)]
    found = bands(version(tmp_path, {"metrics.cumulative_flow_daily": days}))
    assert found == {"Development": 2, "Review": 1, "Done": 4, "Given up": 3}
    assert sum(found.values()) == 10, "bands add up to what ever arrived"


def test_stages_before_the_commitment_are_no_band(tmp_path):
    stages = [{"stage_name": "Backlog"}, {"stage_name": "Done", "is_committed": True}]
    days = [day("Backlog", 0, 99), day("Done", 1, 4)]
    published = version(tmp_path, {"core.stages": stages, "metrics.cumulative_flow_daily": days})
    assert bands(published) == {"Done": 4}


def test_long_ago_only_mondays_are_drawn(tmp_path):
    last = date(2026, 6, 30)
    days = [day("Review", 0, 1, when=last - timedelta(days=n)) for n in range(400)]
    rows = cumulative_flow.shared(version(tmp_path, {"metrics.cumulative_flow_daily": days}))[STREAM]["cumulative_flow"]
    drawn = [row["date"] for row in rows]
    assert sum(when > last - timedelta(weeks=27) for when in drawn) == 27 * 7
    assert {when.weekday() for when in drawn if when < last - timedelta(weeks=27)} == {0}


def flow_week(start, **said):
    return {"week_start_date": start, "is_complete_week": True} | said


def work(number, started, ended=None, outcome="delivered", **said):
    """A journey that began and ended on the evening of a day, past midnight of its stream's zone."""
    late = {"started_at": started, "finished_at": ended}
    at = {name: when and datetime.combine(when, datetime.min.time(), UTC) for name, when in late.items()}
    usual = {"issue_id": number, "is_counted": True, "outcome": outcome if ended else "in_progress"}
    return usual | at | said


def test_growth_of_work_in_progress_is_told_in_numbers(tmp_path):
    may, june = date(2026, 5, 4), date(2026, 6, 8)
    before = [work(n, may) for n in range(10)]
    taken = [work(10 + n, june) for n in range(9)] + [work(30 + n, june, june) for n in range(8)]
    dropped = [work(50, may, june, "discarded"), work(51, may, june, is_never_started=True)]
    quarter = {"period_kind": "quarter", "period_start_date": date(2026, 6, 1), "period_end_date": date(2026, 8, 31)}
    tables = {
        "core.issue_journeys": [*before, *taken, *dropped],
        "metrics.value_stream_map": [step("Review") | quarter],
    }
    entry = only(cumulative_flow.build(version(tmp_path, tables)))
    assert entry.finding == "17 issues started, 8 delivered, 1 given up: work in progress grew from 11 to 19."


def test_work_belongs_to_the_period_in_which_it_ended_in_its_streams_zone(tmp_path):
    """Half past midnight of 1 April in Berlin is still March by UTC."""
    midnight = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    quarters = [
        {"period_kind": "quarter", "period_start_date": date(2026, m, 1), "period_end_date": date(2026, m + 2, d)}
        for m, d in ((1, 31), (4, 30))
    ]
    tables = {
        "core.issue_journeys": [journey(1, 3, midnight, started_at=midnight - timedelta(days=3))],
        "metrics.value_stream_map": [step("Review") | quarter for quarter in quarters],
        "metrics.cycle_times": [cycle("All") | quarter for quarter in quarters],
    }
    published = version(tmp_path, tables)
    flow = {entry.period: entry.finding for entry in cumulative_flow.build(published)}
    assert flow["2026-Q1"].startswith("1 issue started, 0 delivered: work in progress grew from 0 to 1")
    assert flow["2026-Q2"].startswith("0 issues started, 1 delivered: work in progress shrank from 1 to 0")
    slowest = {entry.period: [row["key"] for row in entry.extra["links"]] for entry in cycle_times.build(published)}
    assert slowest == {"2026-Q1": [], "2026-Q2": ["PAY-1"]}


def test_without_a_week_there_is_a_reason(tmp_path):
    assert "No work" in only(cumulative_flow.build(version(tmp_path, {}))).reason
    assert "No complete week" in only(work_in_progress.build(version(tmp_path, {}))).reason


def test_too_much_in_progress_is_said_as_a_multiple(tmp_path):
    known = {"wip_mean": 60.0, "critical_wip": 10.0, "wip_to_critical_ratio": 6.0, "wip_to_critical_ratio_low": 5.0}
    entry = only(work_in_progress.build(version(tmp_path, {"metrics.flow_weekly": [flow_week(JUNE.date(), **known)]})))
    assert entry.finding == (
        "In the week from 1 Jun 2026 on 60 issues were in progress; 10 would keep the slowest stage busy: 6 times"
        " as much [5, …]. Starting more makes everything later, not more."
    )


def test_critical_wip_is_a_line_of_its_own_only_where_it_is_known(tmp_path):
    weeks = [
        flow_week(date(2026, 6, 1), wip_mean=60.0),
        flow_week(date(2026, 6, 8), wip_mean=61.0, critical_wip=10.0, critical_wip_low=8.0),
    ]
    points = work_in_progress.shared(version(tmp_path, {"metrics.flow_weekly": weeks}))[STREAM]["work_in_progress"]
    assert [(row["line"], row["low"], row["issues"], row["high"]) for row in points] == [
        ("in progress", 60, 60, 60),
        ("in progress", 61, 61, 61),
        ("critical WIP", 8, 10, 10),
    ]


def test_where_critical_wip_is_not_known_its_reason_is_told(tmp_path):
    weeks = [flow_week(JUNE.date(), wip_mean=60.0, note="20 exits are needed, there are 3")]
    entry = only(work_in_progress.build(version(tmp_path, {"metrics.flow_weekly": weeks})))
    assert "cannot be told: 20 exits are needed, there are 3." in entry.finding


def journey(number, days, when=JUNE, **said):
    return {
        "issue_id": number, "issue_key": f"PAY-{number}", "issue_type": "Story", "cycle_ms": int(days * DAY_MS),
        "finished_at": when, "outcome": "delivered", "is_counted": True,
    } | said  # fmt: skip


def cycle(kind, **said):
    usual = {"issue_type": kind, "delivered_count": 40, "cycle_days_p50": 5.0, "cycle_days_p85": 12.0, "open_count": 3}
    return usual | {"km_cycle_days_p50": 7.0, "cycle_days_p50_low": 4.0, "cycle_days_p50_high": 6.0} | said


def test_percentiles_are_told_with_and_without_open_work(tmp_path):
    entry = only(cycle_times.build(version(tmp_path, {"metrics.cycle_times": [cycle("All")]})))
    assert plain(entry.finding) == (
        "40 issues delivered: half took at most 5 days [4, 6], 85 % at most 12 days. With the 3 still open counted,"
        " half take at most 7 days."
    )
    lines = entry.charts["cycle_scatter.lines"]
    assert lines == [{"percentile": "50 %", "days": 5.0}, {"percentile": "85 %", "days": 12.0}]


def test_every_type_speaks_for_itself(tmp_path):
    published = version(tmp_path, {"metrics.cycle_times": [cycle("All"), cycle("Bug", delivered_count=0)]})
    assert only(cycle_times.build(published), issue_type="").finding
    assert (
        "Nothing that was really started was delivered" in only(cycle_times.build(published), issue_type="Bug").reason
    )


def test_only_work_with_a_cycle_time_of_its_own_is_a_point(tmp_path):
    journeys = [journey(1, 3), journey(2, 4, is_counted=False), journey(3, 5) | {"cycle_ms": None}]
    points = cycle_times.shared(version(tmp_path, {"core.issue_journeys": journeys}))[STREAM]["cycle_scatter"]
    assert [(row["key"], row["days"], row["date"]) for row in points] == [("PAY-1", 3.0, JUNE.date())]


def test_too_many_points_are_sampled_evenly_and_alike_in_every_run(tmp_path):
    limit = cycle_times.drawn_per_stream(1)
    slow = limit + 500
    journeys = [journey(n, 1 + n % 10) for n in range(slow)]
    tables = {"core.issue_journeys": journeys, "metrics.cycle_times": [cycle("All")]}
    published = version(tmp_path, tables)
    points = cycle_times.shared(published)[STREAM]["cycle_scatter"]
    assert len(points) == limit
    assert points == cycle_times.shared(published)[STREAM]["cycle_scatter"]
    assert 0.08 < sum(row["days"] == 1 for row in points) / limit < 0.12, "no kind of issue is preferred"
    [entry] = cycle_times.build(published)
    assert f"{limit:,} of {slow:,} points are drawn" in entry.caveat


def test_many_streams_share_the_room():
    assert cycle_times.drawn_per_stream(1) == cycle_times.DRAWN_PER_STREAM
    assert cycle_times.drawn_per_stream(40) == cycle_times.DRAWN // 40
    assert cycle_times.drawn_per_stream(1000) == 300


def test_the_slowest_of_the_period_are_named_first(tmp_path):
    old = datetime(2024, 1, 1, tzinfo=UTC)
    journeys = [journey(1, 3), journey(2, 9), journey(3, 99, old), journey(4, 5, issue_type="Bug")]
    published = version(
        tmp_path, {"core.issue_journeys": journeys, "metrics.cycle_times": [cycle("All"), cycle("Bug")]}
    )
    whole = only(cycle_times.build(published), issue_type="").extra["links"]
    assert [row["key"] for row in whole] == ["PAY-2", "PAY-4", "PAY-1"]
    assert [row["key"] for row in only(cycle_times.build(published), issue_type="Bug").extra["links"]] == ["PAY-4"]


def test_of_long_past_quarters_no_slowest_issues_are_named(tmp_path):
    quarters = [
        {
            "period_kind": "quarter",
            "period_start_date": date(year, month, 1),
            "period_end_date": date(year, month + 2, 28),
        }
        for year in (2024, 2025)
        for month in (1, 4, 7, 10)
    ]
    old, new = datetime(2024, 1, 9, tzinfo=UTC), datetime(2025, 10, 9, tzinfo=UTC)
    tables = {
        "core.issue_journeys": [journey(1, 3, old), journey(2, 3, new)],
        "metrics.cycle_times": [cycle("All") | quarter for quarter in quarters],
        "metrics.value_stream_map": [step("Review") | quarter for quarter in quarters],
    }
    published = version(tmp_path, tables)
    assert only(cycle_times.build(published), period="2024-Q1").extra["links"] == []
    assert [row["key"] for row in only(cycle_times.build(published), period="2025-Q4").extra["links"]] == ["PAY-2"]


def open_issue(number, age, **said):
    return {
        "issue_id": number, "issue_key": f"PAY-{number}", "issue_type": "Story", "stage_name": "Review", "kind": "wait",
        "age_days": age, "stage_age_days": 1.0,
    } | said  # fmt: skip


def test_ages_are_held_against_what_was_promised(tmp_path):
    ageing = [open_issue(1, 4.0), open_issue(2, 30.0, is_over_service_level=True, is_blocked=True), open_issue(3, 9.0)]
    level = {"issue_type": "All", "expected_share": 0.85, "expectation_days": 20.0}
    published = version(tmp_path, {"metrics.ageing_work": ageing, "metrics.service_levels": [level]})
    entry = only(ageing_work.build(published))
    assert plain(entry.finding) == (
        "3 issues in progress, at least half of them 9 days old or older, 1 blocked. Going by the last half year 85 %"
        " are delivered within 20 days; older than what holds for their type: 1."
    )
    assert [row["key"] for row in entry.extra["links"]] == ["PAY-2", "PAY-3", "PAY-1"]
    assert plain(entry.extra["links"][0]["text"]) == "30 days, 1 day of it in Review – blocked"


def test_the_age_of_a_single_issue_is_its_own(tmp_path):
    entry = only(ageing_work.build(version(tmp_path, {"metrics.ageing_work": [open_issue(1, 4.0)]})))
    assert plain(entry.finding).startswith("1 issue in progress, 4 days old.")


def test_open_work_is_drawn_by_what_holds_now(tmp_path):
    ageing = [open_issue(1, 4.0), open_issue(2, 3.0, is_blocked=True), open_issue(3, 2.0, kind="done_gap")]
    points = ageing_work.shared(version(tmp_path, {"metrics.ageing_work": ageing}))[STREAM]["ageing_work"]
    assert [(row["state"], row["order"]) for row in points] == [("wait", 1), ("blocked", 1), ("done for now", 1)]


def test_nothing_in_progress_is_said_in_words(tmp_path):
    assert only(ageing_work.build(version(tmp_path, {}))).reason == "Nothing is in progress."


def test_divergence_is_told_by_its_table_and_shown_by_weeks(tmp_path):
    row = {"sentence": "Output is up, delivery is not."}
    weeks = [flow_week(JUNE.date(), started_count=9, delivered_count=4), flow_week(JUNE.date(), is_complete_week=False)]
    published = version(tmp_path, {"metrics.divergence_verdicts": [row], "metrics.flow_weekly": weeks})
    entry = only(divergence.build(published))
    assert entry.finding == "Output is up, delivery is not."
    drawn = divergence.shared(published)[STREAM]["divergence"]
    assert [(row["flow"], row["count"]) for row in drawn] == [("started", 9), ("delivered", 4)]
