"""Contracts of the metrics: rates that continue from row to row, parts that make up wholes, totals counted again."""

from __future__ import annotations

from pipelines.contracts.contract import THIS_RUN, Contract

COUNTED = "hierarchy_level = flow_level AND NOT is_rolled_up"
"""Journeys that count as work, told without ``is_counted``, which is audited itself."""


COUNTS_OF_TYPES = (
    "delivered_count", "never_started_count", "discarded_count", "dropped_count", "started_count", "released_count",
    "observed_count", "open_count",
)  # fmt: skip
"""Columns of cycle_times that are told for every type and for all together."""


def _continues(table: str, by: str, day: str, next_day: str, where: str = "true") -> Contract:
    """WIP at the end of a row is WIP at the start of the next, and no row between is missing."""
    return Contract(
        table,
        "wip_continues",
        "every period begins with the WIP the one before it ended with, and none is left out",
        "\n".join(
            (
                f"SELECT {by}, {day}, wip_end, next_start, next_day FROM (",
                f"  SELECT {by}, {day}, wip_end, {next_day} AS expected_day,",
                f"         lead(wip_start) OVER (PARTITION BY {by} ORDER BY {day}) AS next_start,",
                f"         lead({day}) OVER (PARTITION BY {by} ORDER BY {day}) AS next_day",
                f"  FROM {{batch}} WHERE {where})",
                "WHERE next_start <> wip_end OR next_day <> expected_day",
            )
        ),
        (table,),
    )


def _types_add_up(counts: tuple[str, ...]) -> str:
    own = ", ".join(f"sum({name}) FILTER (WHERE issue_type = 'All') AS {name}_of_all" for name in counts)
    parts = ", ".join(f"sum({name}) FILTER (WHERE issue_type <> 'All') AS {name}_of_types" for name in counts)
    differs = " OR ".join(f"{name}_of_all <> coalesce({name}_of_types, 0)" for name in counts)
    return "\n".join(
        (
            f"SELECT * FROM (SELECT value_stream, period_kind, period_start_date, {own}, {parts}",
            "  FROM {batch} GROUP BY value_stream, period_kind, period_start_date)",
            f"WHERE {differs}",
        )
    )


FLOW = (
    _continues("stage_flow_weekly", "value_stream, stage_name", "week_start_date", "(week_start_date + 7)"),
    _continues("flow_weekly", "value_stream", "week_start_date", "(week_start_date + 7)"),
    _continues(
        "value_stream_map",
        "value_stream, stage_name, step_kind",
        "period_start_date",
        "(period_end_date + 1)",
        "period_kind = 'quarter'",
    ),
    Contract(
        "stage_flow_weekly",
        "presence_as_in_the_intervals",
        "the weeks of a stage together hold as much presence as the intervals of the work counted there",
        f"""
        SELECT value_stream, stage_name, presence_ms, interval_ms FROM (
          SELECT value_stream, stage_name, sum(presence_ms) AS presence_ms
          FROM {{batch}} GROUP BY value_stream, stage_name)
        LEFT JOIN (
          SELECT value_stream, stage_name, sum(elapsed_ms) AS interval_ms FROM core.work_intervals
          SEMI JOIN (SELECT issue_id FROM core.issue_journeys, this_run WHERE {COUNTED}) AS counted USING (issue_id)
          WHERE kind NOT IN ('done', 'discarded', 'done_gap') GROUP BY value_stream, stage_name) AS spent
        USING (value_stream, stage_name)
        WHERE presence_ms <> coalesce(interval_ms, 0)
        """,
        ("stage_flow_weekly", "work_intervals", "issue_journeys", THIS_RUN),
    ),
    Contract(
        "flow_weekly",
        "deliveries_as_in_the_journeys",
        "the weeks of a value stream together hold as many deliveries as its journeys",
        f"""
        SELECT value_stream, own.delivered, journeys.delivered AS of_journeys FROM (
          SELECT value_stream, sum(delivered_count) AS delivered FROM {{batch}} GROUP BY value_stream) AS own
        FULL JOIN (
          SELECT value_stream, count(*) AS delivered FROM core.issue_journeys, this_run
          WHERE outcome = 'delivered' AND {COUNTED} GROUP BY value_stream) AS journeys
        USING (value_stream)
        WHERE coalesce(own.delivered, 0) <> coalesce(journeys.delivered, 0)
        """,
        ("flow_weekly", "issue_journeys", THIS_RUN),
    ),
    Contract(
        "cycle_times",
        "deliveries_as_in_the_journeys",
        "the quarters of a value stream together hold as many deliveries as its journeys",
        f"""
        SELECT value_stream, own.delivered, journeys.delivered AS of_journeys FROM (
          SELECT value_stream, sum(delivered_count + never_started_count) AS delivered FROM {{batch}}
          WHERE issue_type = 'All' AND period_kind = 'quarter' GROUP BY value_stream) AS own
        FULL JOIN (
          SELECT value_stream, count(*) AS delivered FROM core.issue_journeys, this_run
          WHERE outcome = 'delivered' AND {COUNTED} GROUP BY value_stream) AS journeys
        USING (value_stream)
        WHERE coalesce(own.delivered, 0) <> coalesce(journeys.delivered, 0)
        """,
        ("cycle_times", "issue_journeys", THIS_RUN),
    ),
    Contract(
        "cycle_times",
        "types_add_up",
        "the counts of all work are the sums over its types",
        _types_add_up(COUNTS_OF_TYPES),
        ("cycle_times",),
    ),
    Contract(
        "value_stream_map",
        "stage_is_known",
        "every step but the wait for the release is a stage of core.stages",
        """
        SELECT value_stream, stage_name FROM {batch} ANTI JOIN core.stages USING (value_stream, stage_name)
        WHERE step_kind <> 'downstream'
        """,
        ("value_stream_map", "stages"),
    ),
    Contract(
        "value_stream_map",
        "shares_make_up_the_whole",
        "the steps' shares of the time from idea to user add up to one, and those of the cycle time to one at most",
        """
        SELECT value_stream, period_kind, period_start_date, sum(idea_to_user_share) AS idea_to_user,
               sum(cycle_share) AS cycle, sum(cycle_working_share) AS cycle_working
        FROM {batch} GROUP BY value_stream, period_kind, period_start_date
        HAVING abs(sum(idea_to_user_share) - 1) > 1e-6 OR sum(cycle_share) > 1 + 1e-6
            OR sum(cycle_working_share) > 1 + 1e-6
        """,
        ("value_stream_map",),
    ),
    Contract(
        "cumulative_flow_daily",
        "counts_never_fall",
        "what has arrived, reached, departed or been given up stays so: the counts never fall, and no day is left out",
        """
        SELECT value_stream, stage_name, flow_date, arrived_count, next_arrived, next_date FROM (
          SELECT *, lead(flow_date) OVER days AS next_date, lead(arrived_count) OVER days AS next_arrived,
                 lead(reached_count) OVER days AS next_reached, lead(departed_count) OVER days AS next_departed,
                 lead(discarded_count) OVER days AS next_discarded
          FROM {batch} WINDOW days AS (PARTITION BY value_stream, stage_name ORDER BY flow_date))
        WHERE next_arrived < arrived_count OR next_reached < reached_count OR next_departed < departed_count
           OR next_discarded < discarded_count OR next_date <> flow_date + 1
        """,
        ("cumulative_flow_daily",),
    ),
    Contract(
        "forecasts",
        "surer_answers_promise_less",
        "a surer answer never promises more work, nor an earlier day",
        """
        SELECT value_stream, question, target_count, certainty_share, delivered_count, week_count FROM (
          SELECT *, lag(delivered_count) OVER surer AS unsure_count, lag(week_count) OVER surer AS unsure_weeks
          FROM {batch}
          WINDOW surer AS (PARTITION BY value_stream, question, target_count ORDER BY certainty_share))
        WHERE delivered_count > unsure_count OR week_count < unsure_weeks
        """,
        ("forecasts",),
    ),
)
