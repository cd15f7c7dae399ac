"""Contracts of the intervals and of what is summed from them: journeys, second lives, what is ageing."""

from __future__ import annotations

from pipelines.contracts.contract import THIS_RUN, Contract
from pipelines.contracts.history import described_alike, open_until_as_of, without_gaps
from transforms.workflow import SPAN_KINDS

UNITS = {"ms": "elapsed_ms", "working_ms": "working_ms"}
"""Unit in the name of a sum: column of an interval that is summed."""


def _kinds_add_up(table: str, passes: str, also: str = "") -> str:
    """Query for the passes of ``table`` whose time of some kind is not that of their intervals."""
    key = "issue_id" + also
    sums = [
        f"coalesce(sum({column}) FILTER (WHERE kind = '{kind}'), 0)::BIGINT AS {kind}_{unit}"
        for kind in SPAN_KINDS
        for unit, column in UNITS.items()
    ]
    names = [f"{kind}_{unit}" for kind in SPAN_KINDS for unit in UNITS]
    differs = " OR ".join(f"own.{name} <> summed.{name}" for name in names)
    shown = ", ".join(f"own.{name}, summed.{name} AS summed_{name}" for name in names)
    return "\n".join(
        (
            f"SELECT {key}, {shown} FROM {{batch}} AS own JOIN (",
            f"  SELECT {key}, {', '.join(sums)}",
            f"  FROM core.work_intervals WHERE pass_number {passes} GROUP BY {key}) AS summed",
            f"USING ({key})",
            f"WHERE {differs}",
        )
    )


WORK = (
    without_gaps("work_intervals", "interval_number", "intervals follow one another without gap or overlap"),
    described_alike("work_intervals"),
    open_until_as_of("work_intervals", "interval_number"),
    Contract(
        "work_intervals",
        "intervals_cover_the_visits",
        "the intervals of an issue cover its visits, elapsed and working; an issue measured through children has none",
        """
        SELECT issue_id, intervals_ms, visits_ms, intervals_working_ms, visits_working_ms FROM (
          SELECT issue_id, min(entered_at) AS begun_at, sum(elapsed_ms) AS intervals_ms,
                 sum(working_ms) AS intervals_working_ms
          FROM {batch} GROUP BY issue_id) AS own
        FULL JOIN (
          SELECT issue_id, min(entered_at) AS begun_at, sum(elapsed_ms) AS visits_ms,
                 sum(working_ms) AS visits_working_ms
          FROM core.status_visits GROUP BY issue_id) AS visits
        USING (issue_id)
        JOIN core.issue_journeys USING (issue_id)
        WHERE CASE WHEN is_rolled_up THEN intervals_ms IS NOT NULL ELSE
          own.begun_at IS DISTINCT FROM visits.begun_at OR intervals_ms IS DISTINCT FROM visits_ms
          OR abs(intervals_working_ms - visits_working_ms) > 0 END
        """,
        ("work_intervals", "status_visits", "issue_journeys"),
    ),
    described_alike("issue_journeys"),
    Contract(
        "issue_journeys",
        "every_issue_has_a_journey",
        "every issue that existed has a journey, of its type and level, begun at its creation; one level is counted",
        """
        SELECT issue_id, issues.created_at, own.created_at AS told_created_at, issues.issue_type,
               own.issue_type AS told_type, is_counted
        FROM core.issues LEFT JOIN {batch} AS own USING (issue_id), this_run
        WHERE issues.created_at <= as_of AND (
          own.created_at IS DISTINCT FROM issues.created_at OR own.issue_type <> issues.issue_type
          OR own.hierarchy_level <> issues.hierarchy_level
          OR is_counted <> (own.hierarchy_level = flow_level AND NOT is_rolled_up))
        """,
        ("issue_journeys", "issues", THIS_RUN),
    ),
    Contract(
        "issue_journeys",
        "kinds_are_those_of_the_intervals",
        "touch, wait, blocked, unassigned and done_gap are those of the issue's intervals, elapsed and working",
        _kinds_add_up("issue_journeys", "= 1"),
        ("issue_journeys", "work_intervals"),
    ),
    Contract(
        "issue_journeys",
        "open_until_as_of",
        "the span of work in progress reaches to the moment the tables speak of",
        """
        SELECT issue_id, started_at, span_ms, as_of FROM {batch}, this_run
        WHERE outcome = 'in_progress' AND span_ms <> (epoch_us(as_of) - epoch_us(started_at)) // 1000
        """,
        ("issue_journeys", THIS_RUN),
    ),
    Contract(
        "return_passes",
        "kinds_are_those_of_the_intervals",
        "touch, wait, blocked, unassigned and done_gap are those of the pass's intervals, elapsed and working",
        _kinds_add_up("return_passes", "> 1", ", pass_number"),
        ("return_passes", "work_intervals"),
    ),
    described_alike("ageing_work"),
    Contract(
        "ageing_work",
        "ages_are_those_of_the_journeys",
        "what is ageing is in progress, and as old as its journey is long",
        """
        SELECT issue_id, outcome, age_days, span_ms / 86400000 AS span_days
        FROM {batch} LEFT JOIN core.issue_journeys USING (issue_id)
        WHERE outcome IS DISTINCT FROM 'in_progress'
           OR abs(age_days - span_ms / 86400000) > 1e-6 * greatest(1, age_days)
        """,
        ("ageing_work", "issue_journeys"),
    ),
)
