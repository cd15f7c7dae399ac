"""Contracts of issues, their changes and the visits that follow from them: nothing lost, nothing doubled, no gap."""

from __future__ import annotations

from pipelines.contracts.contract import (
    CHANGE_SEALS,
    LANDED_CHANGES,
    LANDED_ISSUES,
    LISTED_ISSUES,
    THIS_RUN,
    Contract,
)

QUARTER_HOUR, WIDEST_OFFSET = 900_000, 14 * 3_600_000
"""Milliseconds between the offsets time zones have, and of the widest of them."""


def without_gaps(table: str, order: str, says: str) -> Contract:
    """Stretches of an issue lie end to end in the order of their numbers, which run from 1; only the last is open."""
    return Contract(
        table,
        "contiguous",
        says,
        "\n".join(
            (
                f"SELECT issue_id, {order}, entered_at, left_at, next_entered_at FROM (",
                f"  SELECT issue_id, {order}, entered_at, left_at,",
                f"         lead(entered_at) OVER (PARTITION BY issue_id ORDER BY {order}) AS next_entered_at,",
                f"         {order} - row_number() OVER (PARTITION BY issue_id ORDER BY {order}) AS misnumbered",
                "  FROM {batch}) JOIN core.issues USING (issue_id)",
                "WHERE left_at < entered_at OR misnumbered <> 0",
                "   OR (next_entered_at IS DISTINCT FROM left_at AND NOT (next_entered_at IS NULL AND is_deleted))",
            )
        ),
        (table, "issues"),
    )


def described_alike(table: str) -> Contract:
    """A row tells the key and value stream its issue has."""
    return Contract(
        table,
        "issue_described_alike",
        "issue_key and value_stream are those of the issue in core.issues",
        "\n".join(
            (
                "SELECT own.issue_id, own.issue_key, own.value_stream, issues.issue_key AS key_of_the_issue,",
                "       issues.value_stream AS stream_of_the_issue",
                "FROM {batch} AS own JOIN core.issues USING (issue_id)",
                "WHERE own.issue_key <> issues.issue_key OR own.value_stream <> issues.value_stream",
            )
        ),
        (table, "issues"),
    )


def open_until_as_of(table: str, order: str) -> Contract:
    """An open stretch is measured up to as_of: whatever is not was computed for another moment."""
    return Contract(
        table,
        "open_until_as_of",
        "what is still open is measured up to the moment the tables speak of, and nothing begins after it",
        "\n".join(
            (
                f"SELECT issue_id, {order}, entered_at, elapsed_ms, as_of FROM {{batch}}, this_run",
                "WHERE entered_at > as_of",
                "   OR (left_at IS NULL AND elapsed_ms <> (epoch_us(as_of) - epoch_us(entered_at)) // 1000)",
            )
        ),
        (table, THIS_RUN),
    )


HISTORY = (
    Contract(
        "issues",
        "nothing_listed_is_lost",
        "every issue Jira listed stands in core.issues or, with a reason, in quality.quarantine",
        """
        SELECT issue_id FROM listed_issues
        ANTI JOIN {batch} USING (issue_id)
        ANTI JOIN quality.quarantine USING (issue_id)
        """,
        ("issues", "quarantine", LISTED_ISSUES),
    ),
    Contract(
        "issues",
        "stream_has_stages",
        "every issue flows through a value stream that has stages",
        "SELECT issue_id, value_stream FROM {batch} ANTI JOIN core.stages USING (value_stream)",
        ("issues", "stages"),
    ),
    Contract(
        "changes",
        "changes_are_those_read",
        "every issue has the changes that were read from Jira: none more, none less, none altered",
        """
        SELECT issue_id, own.change_count, landed.change_count AS read_count FROM (
          SELECT issue_id, count(*) AS change_count,
                 bit_xor(hash(history_id, item_index, changed_at, field, to_key)) AS content,
                 bit_xor(CASE WHEN field = 'assignee' THEN 0
                              ELSE hash(history_id, item_index, from_value, to_value) END) AS ends
          FROM {batch} GROUP BY issue_id) AS own
        FULL JOIN (
          SELECT issue_id, count(*) AS change_count,
                 bit_xor(hash(history_id, item_index, changed_at, field, to_key)) AS content,
                 bit_xor(CASE WHEN field = 'assignee' THEN 0
                              ELSE hash(history_id, item_index, from_id, to_id) END) AS ends
          FROM landed_changes GROUP BY issue_id) AS landed
        USING (issue_id)
        WHERE own.change_count IS DISTINCT FROM landed.change_count OR own.content IS DISTINCT FROM landed.content
           OR own.ends IS DISTINCT FROM landed.ends
        """,
        ("changes", LANDED_CHANGES),
    ),
    Contract(
        "changes",
        "changes_keep_their_seals",
        "every issue has as many changes, of the same histories, instants and values, as when its answer was parsed",
        """
        SELECT issue_id, own.change_count, sealed.change_count AS sealed_count,
               own.instant_sum - sealed.instant_sum AS ms_off
        FROM (SELECT issue_id, count(*) AS change_count, sum(epoch_ms(changed_at)) AS instant_sum,
                     sum(history_id) AS history_sum,
                     coalesce(sum(from_value) FILTER (WHERE field <> 'assignee'), 0) AS from_sum,
                     coalesce(sum(to_value) FILTER (WHERE field <> 'assignee'), 0) AS to_sum
              FROM {batch} GROUP BY issue_id) AS own
        FULL JOIN change_seals AS sealed USING (issue_id)
        WHERE own.change_count IS DISTINCT FROM sealed.change_count OR own.instant_sum <> sealed.instant_sum
           OR own.history_sum <> sealed.history_sum OR own.from_sum <> sealed.from_sum OR own.to_sum <> sealed.to_sum
        """,
        ("changes", CHANGE_SEALS),
    ),
    Contract(
        "changes",
        "changes_are_told_in_the_issues_zone",
        "no ten issues were last updated the same whole quarters of an hour from their last change, unless at that very"
        " moment",
        f"""
        SELECT minutes_off, issue_count, unshifted_count FROM (
          SELECT off / 60000 AS minutes_off, count(*) AS issue_count,
                 max(CASE WHEN off = 0 THEN count(*) ELSE 0 END) OVER () AS unshifted_count
          FROM (SELECT epoch_ms(any_value(updated_at)) - epoch_ms(max(changed_at)) AS off
                FROM {{batch}} JOIN landed_issues USING (issue_id) WHERE updated_at IS NOT NULL GROUP BY issue_id)
          WHERE off % {QUARTER_HOUR} = 0 AND abs(off) <= {WIDEST_OFFSET} GROUP BY off)
        WHERE minutes_off <> 0 AND issue_count >= 10 AND issue_count > unshifted_count
        """,
        ("changes", LANDED_ISSUES),
    ),
    Contract(
        "changes",
        "history_ends_at_current_status",
        "the last status change leads to the status the issue has, wherever the history counts as complete",
        """
        SELECT issue_id, any_value(status_id) AS status_id, list(to_value) AS last_to FROM (
          SELECT issue_id, to_value, changed_at = max(changed_at) OVER (PARTITION BY issue_id) AS is_last
          FROM {batch} WHERE field = 'status')
        JOIN core.issues USING (issue_id)
        JOIN quality.completeness USING (issue_id)
        WHERE is_complete AND is_last
        GROUP BY issue_id HAVING NOT bool_or(to_value = status_id)
        """,
        ("changes", "issues", "completeness"),
    ),
    without_gaps("status_visits", "visit_number", "visits follow one another without gap or overlap"),
    described_alike("status_visits"),
    open_until_as_of("status_visits", "visit_number"),
    Contract(
        "status_visits",
        "visits_follow_the_changes",
        "after the first, every visit begins with a status change to its status, and every change begins one",
        """
        SELECT issue_id, visits.visit_count, moves.change_count FROM (
          SELECT issue_id, count(*) AS visit_count, sum(hash(entered_at, status_id)) AS content
          FROM {batch} WHERE visit_number > 1 AND NOT is_bridged GROUP BY issue_id) AS visits
        FULL JOIN (
          SELECT issue_id, count(*) AS change_count, sum(hash(changed_at, to_value)) AS content
          FROM core.changes, this_run
          WHERE field = 'status' AND to_value IS NOT NULL AND changed_at <= as_of GROUP BY issue_id) AS moves
        USING (issue_id)
        WHERE visits.content IS DISTINCT FROM moves.content
        """,
        ("status_visits", "changes", THIS_RUN),
    ),
    Contract(
        "status_visits",
        "first_visit_begins_with_the_issue",
        "every issue's first visit begins when it was created, or at a change before that",
        """
        SELECT issue_id, created_at, first_at, entered_at FROM core.issues
        LEFT JOIN (SELECT issue_id, min(changed_at) AS first_at FROM core.changes
                   WHERE field = 'status' AND to_value IS NOT NULL GROUP BY issue_id) USING (issue_id)
        LEFT JOIN (SELECT issue_id, entered_at FROM {batch} WHERE visit_number = 1) USING (issue_id), this_run
        WHERE entered_at IS DISTINCT FROM least(created_at, first_at) AND least(created_at, first_at) <= as_of
        """,
        ("status_visits", "issues", "changes", THIS_RUN),
    ),
    Contract(
        "status_visits",
        "status_described_alike",
        "stage and work kind are those of the status in core.statuses, each since it is so",
        """
        SELECT issue_id, visit_number, status_id, own.stage_name, own.work_kind
        FROM {batch} AS own JOIN core.statuses USING (value_stream, status_id)
        WHERE own.stage_name <> statuses.stage_name
              AND (stage_since_at IS NULL OR own.entered_at >= stage_since_at)
           OR own.work_kind <> statuses.work_kind
              AND (work_kind_since_at IS NULL OR own.entered_at >= work_kind_since_at)
        """,
        ("status_visits", "statuses"),
    ),
    Contract(
        "statuses",
        "visits_as_counted",
        "every status has as many visits and hours as core.status_visits gives it",
        """
        SELECT value_stream, status_id, own.visit_count, visits.visit_count AS counted, elapsed_hours, hours
        FROM {batch} AS own
        FULL JOIN (SELECT value_stream, status_id, count(*) AS visit_count, sum(elapsed_ms) / 3600000 AS hours
                   FROM core.status_visits GROUP BY value_stream, status_id) AS visits
        USING (value_stream, status_id)
        WHERE coalesce(own.visit_count, -1) <> coalesce(visits.visit_count, 0)
           OR abs(elapsed_hours - coalesce(hours, 0)) > 1e-6 * greatest(1, elapsed_hours)
        """,
        ("statuses", "status_visits"),
    ),
    Contract(
        "statuses",
        "every_status_is_mapped",
        "every status has a stage and a work kind by rule",
        "SELECT status_id, status_name FROM {batch} WHERE is_unmapped",
        ("statuses",),
        "warning",
    ),
    Contract(
        "completeness",
        "every_issue_is_judged",
        "the completeness of every issue's history is told",
        "SELECT issue_id, issue_key FROM core.issues ANTI JOIN {batch} USING (issue_id)",
        ("completeness", "issues"),
    ),
    Contract(
        "completeness",
        "histories_are_complete",
        "every issue's history was received whole",
        "SELECT issue_id, reason FROM {batch} WHERE NOT is_complete",
        ("completeness",),
        "warning",
    ),
)
