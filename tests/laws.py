"""Conservation laws (METHODS §0.4) as SQL over the published tables: every query returns the rows that break its law.

Nothing of the product takes part but the tables. A violation is a mistake of the calculations, not an insight.
"""

from __future__ import annotations

import duckdb

LAWS = {
    "touch, wait, blocked, unassigned and done_gap make up the span": """
        SELECT issue_key FROM core.issue_journeys
        WHERE touch_ms + wait_ms + blocked_ms + unassigned_ms + done_gap_ms <> span_ms
           OR touch_working_ms + wait_working_ms + blocked_working_ms + unassigned_working_ms + done_gap_working_ms
              <> span_working_ms
           OR cycle_ms <> span_ms OR cycle_working_ms <> span_working_ms
    """,
    "the span lies between its ends": """
        SELECT issue_key FROM core.issue_journeys
        WHERE cycle_ms <> epoch_ms(finished_at) - epoch_ms(started_at)
           OR lead_ms < cycle_ms OR span_working_ms > span_ms OR (started_at IS NULL AND span_ms <> 0)
    """,
    "least touch ≤ touch ≤ most touch": """
        SELECT issue_key FROM core.issue_journeys WHERE touch_ms NOT BETWEEN touch_ms_low AND touch_ms_high
    """,
    "evidence ≤ shared touch ≤ touch by status ≤ all time": """
        SELECT value_stream, period_start_date FROM metrics.touch_shares
        WHERE touch_from_evidence_working_days > touch_shared_working_days + 1e-9
           OR touch_shared_working_days > touch_by_status_working_days + 1e-9
           OR touch_by_status_working_days > whole_working_days + 1e-9
    """,
    "work in progress changes by what started less what left": """
        SELECT value_stream, week_start_date FROM metrics.flow_weekly
        WHERE wip_end - wip_start <> started_count - left_by_delivery_count - discarded_count - gone_count
           OR net_flow <> wip_end - wip_start
    """,
    "a week begins with the work the last one ended with": """
        SELECT * FROM (
            SELECT value_stream, '' AS stage_name, week_start_date, wip_start,
                   lag(wip_end, 1, 0) OVER (PARTITION BY value_stream ORDER BY week_start_date) AS before
            FROM metrics.flow_weekly
            UNION ALL
            SELECT value_stream, stage_name, week_start_date, wip_start,
                   lag(wip_end, 1, 0) OVER (PARTITION BY value_stream, stage_name ORDER BY week_start_date)
            FROM metrics.stage_flow_weekly)
        WHERE wip_start <> before
    """,
    "a stage holds what came less what went": """
        SELECT value_stream, stage_name, week_start_date FROM metrics.stage_flow_weekly
        WHERE wip_end <> wip_start + arrival_count - departure_count
           OR present_count NOT BETWEEN greatest(wip_start, wip_end) AND wip_start + arrival_count
    """,
    "Little's law holds on every finite window: L = Λ · w": """
        SELECT value_stream, week_start_date, wip_mean, present_per_week * residence_days / 7 AS implied FROM (
            SELECT value_stream, week_start_date, wip_mean, present_per_week, residence_days FROM metrics.flow_weekly
            UNION ALL
            SELECT value_stream, week_start_date, wip_mean, present_per_week, residence_days
            FROM metrics.stage_flow_weekly)
        WHERE abs(wip_mean - coalesce(present_per_week * residence_days / 7, 0)) > 1e-9 * greatest(1, wip_mean)
    """,
    "presence is the work present times its stay": """
        SELECT value_stream, week_start_date FROM metrics.stage_flow_weekly
        WHERE abs(presence_ms - coalesce(present_count * residence_days * 86400000, 0))
              > 1e-9 * greatest(1, presence_ms)
    """,
    "the six causes make up the wait": """
        SELECT value_stream, stage_name, period_start_date FROM metrics.wait_causes
        WHERE unavailable_ms + blocked_ms + batch_ms + contention_ms + prioritisation_ms + extraneous_ms <> wait_ms
           OR least(unavailable_ms, blocked_ms, batch_ms, contention_ms, prioritisation_ms, extraneous_ms) < 0
           OR unavailable_ms + blocked_ms + batch_ms > wait_ms
    """,
    "a step of the map holds what came less what went": """
        SELECT value_stream, stage_name, period_start_date FROM metrics.value_stream_map
        WHERE wip_end <> wip_start + arrival_count - departure_count
           OR issue_count > visit_count OR visit_count < greatest(wip_start, wip_end)
           OR coalesce(gap_days_total, 0) > wait_days_total + 1e-9
    """,
    "no time of a step is negative": """
        SELECT value_stream, stage_name, period_start_date FROM metrics.value_stream_map
        WHERE touch_days_total < -1e-9 OR wait_days_total < -1e-9
           OR blocked_days_total < -1e-9 OR unassigned_days_total < -1e-9
    """,
    "what a quarter's steps hold is what the intervals of the flow hold": """
        WITH map AS (
            SELECT value_stream,
                   sum(touch_days_total + wait_days_total + blocked_days_total + unassigned_days_total) AS days
            FROM metrics.value_stream_map
            WHERE period_kind = 'quarter' AND step_kind <> 'downstream' GROUP BY value_stream),
        held AS (
            SELECT value_stream, sum(elapsed_ms) / 86400000 AS days FROM core.work_intervals
            JOIN core.issue_journeys USING (issue_id, value_stream)
            WHERE hierarchy_level = 0 AND kind NOT IN ('done', 'discarded', 'done_gap') GROUP BY value_stream)
        SELECT * FROM map FULL JOIN held USING (value_stream)
        WHERE abs(coalesce(map.days, 0) - coalesce(held.days, 0)) > 1e-6 * greatest(1, held.days)
    """,
    "no more has come to a stage than to the one before it, and no more has left than come": """
        SELECT * FROM (
            SELECT value_stream, stage_name, flow_date, arrived_count, reached_count, departed_count, discarded_count,
                   lag(reached_count, 1, reached_count) OVER
                       (PARTITION BY value_stream, flow_date ORDER BY is_terminal, stage_order) AS before
            FROM metrics.cumulative_flow_daily)
        WHERE reached_count > before OR arrived_count > reached_count OR departed_count > arrived_count
           OR discarded_count > departed_count
    """,
    "types make up all work": """
        SELECT value_stream, period_kind, period_start_date FROM metrics.cycle_times
        GROUP BY ALL
        HAVING sum(delivered_count) FILTER (issue_type = 'All')
            <> coalesce(sum(delivered_count) FILTER (issue_type <> 'All'), 0)
    """,
}
"""Law → query over core and metrics."""

TABLES = {
    "core": ("issue_journeys", "work_intervals"),
    "metrics": (
        "touch_shares", "flow_weekly", "stage_flow_weekly", "wait_causes", "value_stream_map", "cumulative_flow_daily",
        "cycle_times",
    ),
}  # fmt: skip
"""What the laws speak of."""


def broken_laws(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """First rows that break each law that is broken."""
    found = {law: connection.sql(query).limit(3).fetchall() for law, query in LAWS.items()}
    return {law: rows for law, rows in found.items() if rows}
