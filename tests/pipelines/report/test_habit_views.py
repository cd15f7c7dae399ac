"""The sections about habits, promises and trust: rework, releases, approvals, decisions, forecasts, quality."""

from datetime import UTC, date, datetime

from pipelines.report.doubts import Doubts
from pipelines.report.views import approvals, decisions, forecasts, quality, releases, rework
from pipelines.report.words import FIXED
from tests.pipelines.report.told import STREAM, version


def plain(text):
    return text.replace(FIXED, " ")


def only(view, published, **chosen):
    [entry] = [e for e in view.build(published) if all(getattr(e, name) == value for name, value in chosen.items())]
    assert bool(entry.finding) != bool(entry.reason)
    return entry


def edge(source, target, lost, moves=4, **said):
    known = {"from_stage_name": source, "to_stage_name": target, "lost_days_total": lost, "move_count": moves}
    return known | said


def test_the_costliest_way_back_is_named_with_its_share(tmp_path):
    shares = {"sent_back_share": 0.13, "sent_back_share_low": 0.09, "sent_back_share_high": 0.17}
    edges = [edge("QA", "Development", 20.0), edge("Review", "Development", 80.0, **shares)]
    entry = only(rework, version(tmp_path, {"metrics.rework_edges": edges}))
    assert plain(entry.finding) == (
        "8 moves back cost 100 days in sum; the costliest way is Review → Development: 4 times, 80 days, 13 % [9 %, 17"
        " %] of what passed Review."
    )
    assert [row["way"] for row in entry.charts["rework"]] == ["Review → Development", "QA → Development"]


def test_a_way_nobody_went_in_the_period_is_not_drawn(tmp_path):
    edges = [edge("QA", "Development", 0.0, moves=0)]
    entry = only(rework, version(tmp_path, {"metrics.rework_edges": edges}))
    assert entry.finding == "No issue was sent back in this period."
    assert entry.charts == {}


def test_failure_demand_lies_between_two_bounds(tmp_path):
    row = {"failure_demand_share": 0.09, "failure_demand_upper_share": 0.34, "created_count": 300, "reopened_count": 8}
    entry = only(rework, version(tmp_path, {"metrics.failure_demand": [row]}))
    assert plain(entry.finding).endswith(
        "Of 308 arrivals at least 9 % and at most 34 % were there only because something had failed."
    )


def release(number, issues, **said):
    when = datetime(2026, 1, 5 + number, 12, tzinfo=UTC)
    return {"batch_number": number, "released_at": when, "issue_count": issues, "days_since_previous": 7.0} | said


def test_releases_are_told_by_size_and_pause(tmp_path):
    batches = [release(1, 10, wait_days_total=50.0, bug_count=2), release(2, 20, wait_days_total=40.0)]
    fear = {"sentence": "Cannot tell: 0 of 5 signs."}
    published = version(tmp_path, {"metrics.release_batches": batches, "metrics.deploy_fear": [fear]})
    assert plain(only(releases, published).finding) == (
        "2 releases of 15 issues on average, 7 days apart. Finished work waited 3 days for its release. 2 bugs linked"
        " to them came up within 14 days. Fear spiral? Cannot tell: 0 of 5 signs."
    )
    assert [row["issues"] for row in releases.shared(published)[STREAM]["releases"]] == [10, 20]


def test_a_release_stands_on_its_day_in_the_zone_of_its_stream(tmp_path):
    """Half past midnight of 29 June in Berlin, a day after the latest period has ended, is still 28 June by UTC."""
    late = release(1, 10) | {"released_at": datetime(2026, 6, 28, 22, 30, tzinfo=UTC)}
    published = version(tmp_path, {"metrics.release_batches": [late]})
    assert only(releases, published).reason == "Nothing was released or delivered in this period."
    assert releases.shared(published)[STREAM]["releases"][0]["date"] == date(2026, 6, 29)


def test_what_is_delivered_one_by_one_is_no_chart_of_releases(tmp_path):
    published = version(tmp_path, {"metrics.release_batches": [release(1, 1), release(2, 1)]})
    assert only(releases, published).finding == "2 issues delivered in 2 releases: one by one, not in batches."
    assert releases.shared(published) == {}


def test_a_period_without_releases_says_so(tmp_path):
    assert only(releases, version(tmp_path, {})).reason == "Nothing was released or delivered in this period."


def approval(stage, number, **said):
    known = {"stage_name": stage, "state": "published", "effective_approver_number": number, "top_approver_share": 0.9}
    return known | said


def test_a_single_point_of_approval_is_a_role_to_be_delegated(tmp_path):
    rows = [approval("Review", 3.0), approval("Sign-off", 1.2, absence_penalty_ratio=2.5)]
    entry = only(approvals, version(tmp_path, {"metrics.approver_concentration": rows}))
    assert entry.finding == (
        "Single point of approval: Sign-off. In Sign-off decisions are spread as if over 1.2 people: delegate, do not"
        " hurry. On days without a trace of the busiest role, waits begun take 2.5 times as long."
    )
    drawn = [(row["stage"], row["kind"]) for row in entry.charts["approvals"]]
    assert drawn == [("Sign-off", "single"), ("Review", "several")]


def test_where_many_decide_there_is_no_single_point(tmp_path):
    entry = only(approvals, version(tmp_path, {"metrics.approver_concentration": [approval("Review", 3.0)]}))
    assert entry.finding == "No single point of approval: fewest decide in Review, as if 3 people shared it."


def test_what_may_not_be_shown_is_named_but_not_drawn(tmp_path):
    rows = [approval("Review", 3.0), approval("Sign-off", None, state="suppressed", top_approver_share=None)]
    entry = only(approvals, version(tmp_path, {"metrics.approver_concentration": rows}))
    assert "team is too small: Sign-off." in entry.caveat
    assert len(entry.charts["approvals"]) == 1
    small = version(tmp_path / "small", {"metrics.approver_concentration": rows[1:]})
    assert (
        only(approvals, small).reason
        == "The teams of these stages are too small: figures would tell about single persons."
    )


def test_too_few_exits_are_another_reason(tmp_path):
    rows = [approval("Review", None, state="too_few_exits", top_approver_share=None)]
    assert "Fewer than 30 exits" in only(approvals, version(tmp_path, {"metrics.approver_concentration": rows})).reason


def hour(weekday, name, count, **said):
    return {"stage_name": "Review", "weekday_name": weekday, "hour_name": name, "exit_count": count} | said


def test_late_decisions_and_the_wait_behind_them_are_told(tmp_path):
    late = {
        "late_week_exit_share": 0.28,
        "late_week_following_wait_days_p50": 9.5,
        "other_following_wait_days_p50": 5.5,
    }
    whole = {"latency_working_days_p50": 0.5, "latency_working_days_p85": 2.0, "withheld_exit_count": 7}
    rows = [hour("All", "All", 90, **late, **whole), hour("Friday", "16", 20), hour("Monday", "09", 5)]
    entry = only(decisions, version(tmp_path, {"metrics.decision_latency": rows}))
    assert plain(entry.finding) == (
        "In Review, 90 decisions: half came within 0.5 working days, 85 % within 2 working days. Late in the week: 28 %"
        " of the decisions in Review come with less than two working hours left; half of them then wait 9.5 days or"
        " more, after other decisions 5.5 days."
    )
    assert [row["order"] for row in entry.charts["decisions"]] == [4, 0]
    assert "7 decisions in hours behind which fewer than five people stand are not drawn." in entry.caveat


def test_decisions_that_come_at_once_are_not_told_in_no_days(tmp_path):
    late = {"late_week_exit_share": 0.17}
    late |= {"late_week_following_wait_days_p50": 0.0, "other_following_wait_days_p50": 0.0}
    whole = {"latency_working_days_p50": 0.0, "latency_working_days_p85": 2.0}
    rows = [hour("All", "All", 90, **late, **whole), hour("Friday", "16", 20)]
    entry = only(decisions, version(tmp_path, {"metrics.decision_latency": rows}))
    assert plain(entry.finding) == (
        "In Review, 90 decisions: half came at once, 85 % within 2 working days. Late in the week: 17 % of the"
        " decisions in Review come with less than two working hours left; as after other decisions, at least half of"
        " what they let through is taken up at once."
    )


def test_hours_of_a_small_team_are_never_told(tmp_path):
    entry = only(decisions, version(tmp_path, {"metrics.decision_latency": [hour("All", "All", None)]}))
    assert "too small" in entry.reason
    assert entry.charts == {}


def promise(weeks, certainty, count, **said):
    known = {"question": "how_many", "target_count": weeks, "certainty_share": certainty, "delivered_count": count}
    return known | {"is_stable": True} | said


def test_a_forecast_is_told_with_its_certainty_and_its_record(tmp_path):
    rows = [promise(weeks, share, 10 * weeks) for weeks in (2, 6, 12) for share in (0.5, 0.85)]
    rows.append(promise(30, 0.85, None, question="when_open_work", by_date=date(2026, 9, 6)))
    past = {"horizon_weeks": 6, "sentence": "Kept as promised.", "kept_p85_share": 0.9}
    tables = {"metrics.forecasts": rows, "metrics.forecast_backtests": [past]}
    entry = only(forecasts, version(tmp_path, tables))
    assert plain(entry.finding) == (
        "With 85 % certainty at least 60 issues will be delivered in the next 6 weeks; the 30 in progress have all left"
        " by 6 Sep 2026. Track record, 6 weeks ahead: Kept as promised."
    )
    assert len(entry.charts["forecast"]) == 6
    assert [(row["promised"], row["kept"]) for row in entry.charts["forecast_record"]] == [(0.85, 0.9)]
    assert entry.caveat == ""


def test_a_forecast_of_an_unstable_stream_carries_that_label(tmp_path):
    rows = [promise(6, 0.85, 60, is_stable=False, note="not stable: WIP grows")]
    entry = only(forecasts, version(tmp_path, {"metrics.forecasts": rows}))
    assert entry.caveat == "Read with care, not stable: WIP grows."


def test_a_withheld_forecast_gives_its_reason(tmp_path):
    rows = [promise(6, 0.85, None, note="8 weeks are needed, there are 3")]
    entry = only(forecasts, version(tmp_path, {"metrics.forecasts": rows}))
    assert entry.reason == "No forecast: 8 weeks are needed, there are 3."


BROKEN = {"issue_id": 1, "is_complete": False, "reason": "a change is missing"}


def test_incomplete_histories_are_counted_with_their_commonest_reason(tmp_path):
    tables = {
        "core.issues": [{"issue_id": 1}, {"issue_id": 2}],
        "quality.completeness": [BROKEN, {"issue_id": 2, "is_complete": True}],
        "quality.quarantine": [{"reference": "b1:7", "reason": "no JSON"}],
        "quality.validations": [{"is_passed": True}, {"is_passed": False, "statement": "every history is whole"}],
        "quality.log_quality": [
            {"stage_name": "Review", "data_quality": 0.04, "batch_share": 0.85, "is_day_grained": True}
        ],
    }
    entry = only(quality, version(tmp_path, tables))
    assert plain(entry.finding) == (
        "1 history of 2 proved whole; 1 not (mostly: a change is missing). 1 answer of Jira in quarantine on"
        " this site. 2 rules checked before publishing, 1 held. Warning: every history is whole (0 rows not)."
    )
    assert list(entry.table[0])[:2] == ["Stage", "Data quality"]
    assert [plain(cell) for cell in entry.table[1]] == ["Review", "0.04", "85 %", "–", "–", "–", "–", "a day"]


def test_hours_no_rule_covers_are_told(tmp_path):
    tables = {
        "core.statuses": [{"is_unmapped": True, "working_hours": 120.0}, {"is_unmapped": False, "working_hours": 9.0}],
        "quality.log_quality": [{"stage_name": "Review"}],
    }
    finding = only(quality, version(tmp_path, tables)).finding
    assert "120 working hours in statuses no rule covers; counted as wait." in finding


def test_doubts_are_those_of_the_stream_and_period(tmp_path):
    tables = {
        "core.issues": [{"issue_id": 1}, {"issue_id": 2, "value_stream": "Other"}],
        "quality.completeness": [BROKEN],
        "quality.log_quality": [{"stage_name": "Release", "data_quality": 0.04, "is_day_grained": True}],
    }
    doubts = Doubts(version(tmp_path, tables))
    assert doubts.of(STREAM) == "1 issue of 1 with an incomplete history."
    assert doubts.of("Other") == ""
    coarse = "Moves out of Release come in batches or at stand-ups: read days, not hours."
    assert doubts.of(STREAM, "latest").endswith(coarse)
    assert coarse not in doubts.of(STREAM, "2026-Q1")
    assert coarse not in doubts.of(STREAM, "latest", ("Review",))


def test_a_weak_log_that_is_not_coarse_is_named_otherwise(tmp_path):
    rows = [
        {"stage_name": "QA", "data_quality": 0.5, "is_day_grained": False},
        {"stage_name": "Dev", "data_quality": 0.9},
    ]
    doubts = Doubts(version(tmp_path, {"quality.log_quality": rows}))
    assert doubts.of(STREAM, "latest") == "The log of QA shows many signs of moves made afterwards."


def test_quarantine_is_told_at_every_claim(tmp_path):
    doubts = Doubts(version(tmp_path, {"quality.quarantine": [{"reference": "b1:7"}, {"reference": "b1:8"}]}))
    assert doubts.of(STREAM) == "2 answers of Jira in quarantine, not counted."
