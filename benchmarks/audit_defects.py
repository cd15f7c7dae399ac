"""Defects to plant in staged tables, one by one, each with the rule that has to name it.

A defect is SQL on the tables of one build, as a bug in a calculation, a lost file or a second load would leave them.
Every one is told from ordinary data: it changes at least one row. How they are planted and judged is said in
``audit_mutations``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong: what is done to the tables, and which rule of which table has to say so."""

    name: str
    table_name: str
    rule: str
    sql: str


ONE_VISIT = "(issue_id, visit_number) = (SELECT (issue_id, visit_number) FROM core.status_visits {} LIMIT 1)"
CLOSED = ONE_VISIT.format("WHERE left_at IS NOT NULL AND visit_number > 1 ORDER BY issue_id, visit_number")
OPEN = ONE_VISIT.format("WHERE left_at IS NULL ORDER BY issue_id")


def _one(table: str, key: str, where: str = "true") -> str:
    """A condition that one row of a table fulfils: the first that fulfils ``where``."""
    return f"({key}) = (SELECT ({key}) FROM {table} WHERE {where} ORDER BY {key} LIMIT 1)"


DELIVERED = _one("core.issue_journeys", "issue_id", "outcome = 'delivered' AND cycle_ms > 0 AND is_counted")
AN_ISSUE = _one("core.issues", "issue_id")
A_STEP = _one("metrics.value_stream_map", "value_stream, period_kind, period_start_date, stage_name, step_kind",
              "stage_days_p50 IS NOT NULL AND period_kind = 'quarter'")  # fmt: skip
A_WEEK = _one("metrics.flow_weekly", "value_stream, week_start_date", "is_complete_week AND wip_mean > 0")
A_STAGE_WEEK = _one("metrics.stage_flow_weekly", "value_stream, stage_name, week_start_date",
                    "is_committed AND present_count > 1 AND is_complete_week")  # fmt: skip
A_PERIOD = _one("metrics.cycle_times", "value_stream, issue_type, period_kind, period_start_date",
                "issue_type = 'All' AND cycle_days_p85 IS NOT NULL")  # fmt: skip
A_WAIT = _one("metrics.wait_causes", "value_stream, period_kind, period_start_date, stage_name",
              "extraneous_ms IS NOT NULL AND unavailable_share IS NOT NULL")  # fmt: skip

DEFECTS: tuple[Defect, ...] = (
    # what is not there, or of another shape
    Defect("missing table", "issue_journeys", "columns_as_declared", "DROP TABLE core.issue_journeys"),
    Defect("missing column", "flow_weekly", "columns_as_declared", "ALTER TABLE metrics.flow_weekly DROP wip_end"),
    Defect("column too many", "issues", "columns_as_declared", "ALTER TABLE core.issues ADD COLUMN summary VARCHAR"),
    Defect("wrong type", "status_visits", "columns_as_declared",
           "ALTER TABLE core.status_visits ALTER elapsed_ms TYPE DOUBLE"),
    Defect("instants without zone", "changes", "columns_as_declared",
           "ALTER TABLE core.changes ALTER changed_at TYPE TIMESTAMP"),
    Defect("columns in another order", "statuses", "columns_as_declared",
           "ALTER TABLE core.statuses RENAME visit_count TO x; ALTER TABLE core.statuses RENAME issue_count TO"
           " visit_count; ALTER TABLE core.statuses RENAME x TO issue_count"),
    Defect("table empty all at once", "flow_weekly", "not_empty_all_at_once", "DELETE FROM metrics.flow_weekly"),
    # keys, empty values, values nobody declared
    Defect("null key", "issues", "issue_id_filled", f"UPDATE core.issues SET issue_id = NULL WHERE {AN_ISSUE}"),
    Defect("null stage", "work_intervals", "stage_name_filled",
           "UPDATE core.work_intervals SET stage_name = NULL WHERE interval_number = 1"),
    Defect("null instant", "changes", "changed_at_filled",
           "UPDATE core.changes SET changed_at = NULL WHERE item_index = 0 AND field = 'status'"),
    Defect("site name lost", "releases", "site_name_filled", "UPDATE core.releases SET site_name = NULL"),
    Defect("issue twice", "issues", "key_unique",
           f"INSERT INTO core.issues SELECT * FROM core.issues WHERE {AN_ISSUE}"),
    Defect("change twice", "changes", "key_unique",
           "INSERT INTO core.changes SELECT * FROM core.changes WHERE field = 'status' LIMIT 1"),
    Defect("visit twice", "status_visits", "key_unique",
           f"INSERT INTO core.status_visits SELECT * FROM core.status_visits WHERE {CLOSED}"),
    Defect("table loaded twice", "cycle_times", "key_unique",
           "INSERT INTO metrics.cycle_times SELECT * FROM metrics.cycle_times"),
    Defect("unknown outcome", "issue_journeys", "outcome_values",
           f"UPDATE core.issue_journeys SET outcome = 'closed' WHERE {DELIVERED}"),
    Defect("unknown kind", "work_intervals", "kind_values",
           "UPDATE core.work_intervals SET kind = 'idle' WHERE kind = 'wait'"),
    Defect("unknown work kind", "statuses", "work_kind_values",
           "UPDATE core.statuses SET work_kind = 'waiting' WHERE work_kind = 'queue'"),
    Defect("unknown field", "changes", "field_values",
           "UPDATE core.changes SET field = 'Status' WHERE field = 'status'"),
    Defect("unknown period", "value_stream_map", "period_kind_values",
           f"UPDATE metrics.value_stream_map SET period_kind = 'month' WHERE {A_STEP}"),
    # references
    Defect("orphaned change", "changes", "issue_id_known",
           "UPDATE core.changes SET issue_id = -1 WHERE (issue_id, history_id) ="
           " (SELECT (issue_id, history_id) FROM core.changes ORDER BY issue_id, history_id LIMIT 1)"),
    Defect("orphaned visit", "status_visits", "issue_id_known",
           f"UPDATE core.status_visits SET issue_id = -1 WHERE {CLOSED}"),
    Defect("orphaned journey", "issue_journeys", "issue_id_known",
           f"UPDATE core.issue_journeys SET issue_id = -1 WHERE {DELIVERED}"),
    Defect("unknown status", "status_visits", "status_id_known",
           f"UPDATE core.status_visits SET status_id = -1 WHERE {CLOSED}"),
    Defect("unknown current status", "issues", "status_id_known",
           f"UPDATE core.issues SET status_id = -1 WHERE {AN_ISSUE}"),
    Defect("unknown stage", "work_intervals", "stage_name_known",
           "UPDATE core.work_intervals SET stage_name = 'Nirvana' WHERE interval_number = 1"),
    Defect("stage renamed in one place", "stage_flow_weekly", "stage_name_known",
           f"UPDATE metrics.stage_flow_weekly SET stage_name = 'Nirvana' WHERE {A_STAGE_WEEK}"),
    Defect("stream renamed in one place", "flow_weekly", "value_stream_known",
           "UPDATE metrics.flow_weekly SET value_stream = 'Nirvana' WHERE is_complete_week"),
    # what Jira said
    Defect("issue lost", "issues", "nothing_listed_is_lost", f"DELETE FROM core.issues WHERE {AN_ISSUE}"),
    Defect("change dropped", "changes", "changes_are_those_read",
           "DELETE FROM core.changes WHERE (issue_id, history_id) = (SELECT (issue_id, history_id) FROM core.changes"
           " WHERE field <> 'status' ORDER BY issue_id, history_id LIMIT 1)"),
    Defect("history of an issue dropped", "changes", "changes_are_those_read",
           "DELETE FROM core.changes WHERE issue_id = (SELECT min(issue_id) FROM core.changes)"),
    Defect("changes in a shifted zone", "changes", "changes_are_those_read",
           "UPDATE core.changes SET changed_at = changed_at + INTERVAL 2 HOURS"),
    Defect("change altered", "changes", "changes_are_those_read",
           "UPDATE core.changes SET to_value = from_value, from_value = to_value WHERE field = 'status'"
           " AND issue_id = (SELECT min(issue_id) FROM core.changes WHERE field = 'status')"),
    Defect("history ends elsewhere", "changes", "history_ends_at_current_status",
           "UPDATE core.issues SET status_id = (SELECT max(status_id) FROM core.statuses WHERE statuses.value_stream"
           " = issues.value_stream AND statuses.status_id <> issues.status_id)"),
    Defect("created at another moment", "status_visits", "first_visit_begins_with_the_issue",
           "UPDATE core.issues SET created_at = created_at + INTERVAL 1 HOUR"),
    Defect("issue gone without reason", "issues", "gone_has_a_reason",
           f"UPDATE core.issues SET is_deleted = true WHERE {AN_ISSUE} AND gone_reason IS NULL"),
    Defect("issue not judged", "completeness", "every_issue_is_judged",
           "DELETE FROM quality.completeness WHERE issue_id = (SELECT min(issue_id) FROM quality.completeness)"),
    Defect("incomplete without reason", "completeness", "incomplete_has_a_reason",
           "UPDATE quality.completeness SET is_complete = false, reason = NULL WHERE issue_id % 7 = 0"),
    # visits
    Defect("visits in a shifted zone", "status_visits", "visits_follow_the_changes",
           "UPDATE core.status_visits SET entered_at = entered_at - INTERVAL 1 HOUR, left_at = left_at -"
           " INTERVAL 1 HOUR"),
    Defect("overlapping visits", "status_visits", "contiguous",
           f"UPDATE core.status_visits SET left_at = left_at + INTERVAL 1 MINUTE, elapsed_ms = elapsed_ms + 60000"
           f" WHERE {CLOSED}"),
    Defect("gap between visits", "status_visits", "contiguous",
           f"UPDATE core.status_visits SET entered_at = entered_at + INTERVAL 1 MILLISECOND, elapsed_ms ="
           f" elapsed_ms - 1"
           f" WHERE {CLOSED}"),
    Defect("visit left out", "status_visits", "contiguous", f"DELETE FROM core.status_visits WHERE {CLOSED}"),
    Defect("visits counted from 0", "status_visits", "contiguous",
           "UPDATE core.status_visits SET visit_number = visit_number - 1"),
    Defect("negative duration", "status_visits", "elapsed_ms_minimum",
           f"UPDATE core.status_visits SET elapsed_ms = -elapsed_ms WHERE {CLOSED}"),
    Defect("duration in seconds", "status_visits", "elapsed_from_ends",
           "UPDATE core.status_visits SET elapsed_ms = elapsed_ms // 1000"),
    Defect("more working than elapsed time", "status_visits", "working_within_elapsed",
           f"UPDATE core.status_visits SET working_ms = elapsed_ms + 1 WHERE {CLOSED}"),
    Defect("entry and exit swapped", "status_visits", "entered_at_before_left_at",
           f"UPDATE core.status_visits SET entered_at = left_at, left_at = entered_at WHERE {CLOSED}"),
    Defect("old as_of", "status_visits", "open_until_as_of",
           "UPDATE core.status_visits SET elapsed_ms = elapsed_ms - 86400000 WHERE left_at IS NULL"
           " AND elapsed_ms > 86400000"),
    Defect("visit in the wrong status", "status_visits", "visits_follow_the_changes",
           "UPDATE core.status_visits SET status_id = (SELECT min(status_id) FROM core.statuses WHERE"
           f" statuses.value_stream = status_visits.value_stream AND status_id <> status_visits.status_id)"
           f" WHERE {CLOSED}"),
    Defect("stage of another status", "status_visits", "status_described_alike",
           "UPDATE core.status_visits SET work_kind = 'blocked' WHERE work_kind = 'queue'"),
    Defect("key of another issue", "status_visits", "issue_described_alike",
           f"UPDATE core.status_visits SET issue_key = 'XX-1' WHERE {CLOSED}"),
    Defect("visits of a status miscounted", "statuses", "visits_as_counted",
           "UPDATE core.statuses SET visit_count = visit_count + 1 WHERE visit_count > 0"),
    # intervals and journeys
    Defect("overlapping intervals", "work_intervals", "contiguous",
           "UPDATE core.work_intervals SET entered_at = entered_at - INTERVAL 1 SECOND, elapsed_ms = elapsed_ms + 1000"
           " WHERE interval_number = 2"),
    Defect("interval left out", "work_intervals", "intervals_cover_the_visits",
           "DELETE FROM core.work_intervals WHERE (issue_id, interval_number) IN (SELECT (issue_id,"
           " max(interval_number)) FROM core.work_intervals GROUP BY issue_id HAVING count(*) > 1)"),
    Defect("working time of intervals lost", "work_intervals", "intervals_cover_the_visits",
           "UPDATE core.work_intervals SET working_ms = 0 WHERE kind = 'touch'"),
    Defect("journey missing", "issue_journeys", "every_issue_has_a_journey",
           f"DELETE FROM core.issue_journeys WHERE {DELIVERED}"),
    Defect("issue not counted", "issue_journeys", "every_issue_has_a_journey",
           f"UPDATE core.issue_journeys SET is_counted = false WHERE {DELIVERED}"),
    Defect("wrong sum", "issue_journeys", "parts_add_up_ms",
           f"UPDATE core.issue_journeys SET wait_ms = wait_ms + 1 WHERE {DELIVERED}"),
    Defect("wrong working sum", "issue_journeys", "parts_add_up_working_ms",
           f"UPDATE core.issue_journeys SET span_working_ms = span_working_ms - 1 WHERE {DELIVERED}"),
    Defect("touch and wait swapped", "issue_journeys", "kinds_are_those_of_the_intervals",
           "UPDATE core.issue_journeys SET touch_ms = wait_ms, wait_ms = touch_ms,"
           " touch_working_ms = wait_working_ms, wait_working_ms = touch_working_ms"),
    Defect("blocked time counted as wait", "issue_journeys", "kinds_are_those_of_the_intervals",
           "UPDATE core.issue_journeys SET wait_ms = wait_ms + blocked_ms, blocked_ms = 0,"
           " wait_working_ms = wait_working_ms + blocked_working_ms, blocked_working_ms = 0"),
    Defect("cycle of what was discarded", "issue_journeys", "cycle_of_delivered_only",
           "UPDATE core.issue_journeys SET cycle_ms = span_ms, cycle_working_ms = span_working_ms"
           " WHERE outcome = 'discarded'"),
    Defect("cycle in days", "issue_journeys", "cycle_is_the_span",
           "UPDATE core.issue_journeys SET cycle_ms = cycle_ms // 86400000"),
    Defect("started and finished swapped", "issue_journeys", "started_at_before_finished_at",
           f"UPDATE core.issue_journeys SET started_at = finished_at, finished_at = started_at WHERE {DELIVERED}"),
    Defect("lead from the start", "issue_journeys", "lead_from_ends",
           "UPDATE core.issue_journeys SET lead_ms = cycle_ms WHERE created_at < started_at"),
    Defect("delivered but not finished", "issue_journeys", "finished_as_told",
           f"UPDATE core.issue_journeys SET finished_at = NULL WHERE {DELIVERED}"),
    Defect("more rework than touch", "issue_journeys", "rework_within_touch",
           f"UPDATE core.issue_journeys SET rework_touch_ms = touch_ms + 1 WHERE {DELIVERED}"),
    Defect("bounds of touch swapped", "issue_journeys", "touch_ms_low_point_ordered",
           f"UPDATE core.issue_journeys SET touch_ms_low = touch_ms + 1 WHERE {DELIVERED}"),
    Defect("ages of yesterday", "ageing_work", "ages_are_those_of_the_journeys",
           "UPDATE metrics.ageing_work SET age_days = age_days - 1"),
    Defect("delivered work still ageing", "ageing_work", "ages_are_those_of_the_journeys",
           "UPDATE core.issue_journeys SET outcome = 'delivered' WHERE issue_id = (SELECT min(issue_id)"
           " FROM metrics.ageing_work)"),
    # flow
    Defect("WIP does not balance", "stage_flow_weekly", "wip_balances",
           f"UPDATE metrics.stage_flow_weekly SET arrival_count = arrival_count + 1 WHERE {A_STAGE_WEEK}"),
    Defect("WIP jumps between weeks", "stage_flow_weekly", "wip_continues",
           f"UPDATE metrics.stage_flow_weekly SET wip_start = wip_start + 1, wip_end = wip_end + 1 WHERE"
           f" {A_STAGE_WEEK}"),
    Defect("WIP of the stream does not balance", "flow_weekly", "wip_balances",
           f"UPDATE metrics.flow_weekly SET started_count = started_count + 1 WHERE {A_WEEK}"),
    Defect("WIP of a period does not balance", "value_stream_map", "wip_balances",
           f"UPDATE metrics.value_stream_map SET departure_count = departure_count + 1 WHERE {A_STEP}"),
    Defect("week missing", "flow_weekly", "wip_continues",
           "DELETE FROM metrics.flow_weekly WHERE week_start_date = (SELECT max(week_start_date) - 21"
           " FROM metrics.flow_weekly)"),
    Defect("weeks begin on Sundays", "flow_weekly", "week_start_date_monday",
           "UPDATE metrics.flow_weekly SET week_start_date = week_start_date - 1"),
    Defect("Little's law broken", "stage_flow_weekly", "littles_law_holds",
           f"UPDATE metrics.stage_flow_weekly SET wip_mean = wip_mean * 1.01 WHERE {A_STAGE_WEEK}"),
    Defect("presence lost", "stage_flow_weekly", "presence_as_in_the_intervals",
           f"UPDATE metrics.stage_flow_weekly SET presence_ms = presence_ms - 1 WHERE {A_STAGE_WEEK}"),
    Defect("delivery counted twice", "flow_weekly", "deliveries_as_in_the_journeys",
           f"UPDATE metrics.flow_weekly SET delivered_count = delivered_count + 1 WHERE {A_WEEK}"),
    Defect("newest week missing", "stage_flow_weekly", "newest_week_start_date_holds_as_of",
           "DELETE FROM metrics.stage_flow_weekly WHERE week_start_date > (SELECT max(week_start_date) - 14"
           " FROM metrics.stage_flow_weekly)"),
    Defect("days of last month", "cumulative_flow_daily", "newest_flow_date_holds_as_of",
           "UPDATE metrics.cumulative_flow_daily SET flow_date = flow_date - 30"),
    Defect("cumulative count falls", "cumulative_flow_daily", "counts_never_fall",
           "UPDATE metrics.cumulative_flow_daily SET arrived_count = 0, departed_count = 0, discarded_count = 0"
           " WHERE flow_date = (SELECT max(flow_date) FROM metrics.cumulative_flow_daily)"),
    # figures
    Defect("percentiles swapped", "cycle_times", "cycle_days_p50_p85_ordered",
           f"UPDATE metrics.cycle_times SET cycle_days_p50 = cycle_days_p85 + 1 WHERE {A_PERIOD}"),
    Defect("figure outside its interval", "cycle_times", "cycle_days_p85_low_point_ordered",
           f"UPDATE metrics.cycle_times SET cycle_days_p85_low = cycle_days_p85 + 1 WHERE {A_PERIOD}"),
    Defect("ends of an interval swapped", "value_stream_map", "stage_days_p50_low_high_ordered",
           "UPDATE metrics.value_stream_map SET stage_days_p50_low = stage_days_p50_high + 1,"
           " stage_days_p50_high = stage_days_p50_low WHERE stage_days_p50_high IS NOT NULL"),
    Defect("share above one", "value_stream_map", "cycle_share_within_0_1",
           "UPDATE metrics.value_stream_map SET cycle_share = cycle_share * 100 WHERE cycle_share > 0.1"),
    Defect("shares of the walk do not add up", "value_stream_map", "shares_make_up_the_whole",
           "UPDATE metrics.value_stream_map SET idea_to_user_share = idea_to_user_share / 2"),
    Defect("not a number", "value_stream_map", "wip_mean_finite",
           f"UPDATE metrics.value_stream_map SET wip_mean = 'NaN'::DOUBLE WHERE {A_STEP}"),
    Defect("kinds do not make up the step", "value_stream_map", "kinds_add_up_days",
           f"UPDATE metrics.value_stream_map SET wait_days_total = wait_days_total + 1 WHERE {A_STEP}"),
    Defect("cause missing from the wait", "wait_causes", "causes_add_up",
           f"UPDATE metrics.wait_causes SET wait_ms = wait_ms + 1 WHERE {A_WAIT}"),
    Defect("share of another cause", "wait_causes", "shares_as_measured",
           "UPDATE metrics.wait_causes SET unavailable_share = extraneous_share WHERE extraneous_share IS NOT NULL"),
    Defect("types do not add up", "cycle_times", "types_add_up",
           f"UPDATE metrics.cycle_times SET started_count = started_count + 1 WHERE {A_PERIOD}"),
    Defect("surer answer promises more", "forecasts", "surer_answers_promise_less",
           "UPDATE metrics.forecasts SET delivered_count = 10000 WHERE certainty_share = 0.95"
           " AND delivered_count IS NOT NULL"),
    Defect("other definitions", "cycle_times", "definitions_are_the_current_ones",
           "UPDATE metrics.cycle_times SET definition_version = 'older'"),
    Defect("periods of last year", "cycle_times", "newest_period_end_date_holds_as_of",
           "UPDATE metrics.cycle_times SET period_start_date = period_start_date - 364,"
           " period_end_date = period_end_date - 364"),
    # the run
    Defect("stale table", "value_stream_map", "computed_from_what_was_read_last",
           "UPDATE table_builds SET built_at = built_at - INTERVAL 1 DAY WHERE table_name = 'value_stream_map'"),
    Defect("as_of goes back", "issues", "as_of_does_not_go_back",
           "UPDATE earlier_run SET as_of = as_of + INTERVAL 1 DAY"),
    Defect("volume collapse", "changes", "as_many_rows_as_before",
           "UPDATE earlier_tables SET row_count = 3 * row_count WHERE table_name = 'changes'"),
    Defect("half of the issues gone", "issues", "as_many_rows_as_before",
           "DELETE FROM core.issues WHERE issue_id > (SELECT quantile_disc(issue_id, 0.4) FROM core.issues)"),
    Defect("unmapped hours jump", "statuses", "unmapped_hours_are_no_more_than_before",
           "UPDATE core.statuses SET is_unmapped = true, decided_by = 'unmapped' WHERE work_kind = 'queue'"),
    Defect("quarantine overflows", "quarantine", "quarantined_share_within_limit",
           "INSERT INTO quality.quarantine SELECT site_name, 'batch:' || issue_id, issue_id, 'no JSON'"
           " FROM core.issues WHERE issue_id % 10 = 0"),
)  # fmt: skip
