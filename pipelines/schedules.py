"""When the tables are made anew without anybody asking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

DAILY = "0 5 * * *"
"""Every morning, in the scheduler's own zone: before people look, after the night's automation."""

HOURLY = "20 * * * *"
"""Increments, away from the full hour, at which Jira's hourly quotas begin anew and everybody asks."""


def build_schedules(job_name: str, sites: Sequence[str] = ()) -> list[dg.ScheduleDefinition]:
    """The schedules of a job, off until somebody turns one on; either pulls what changed since the run before.

    Where there are several ``sites``, every tick starts a run for each.
    """
    return [_schedule(name, cron, job_name, sites) for name, cron in (("daily", DAILY), ("hourly", HOURLY))]


def _schedule(name: str, cron: str, job_name: str, sites: Sequence[str]) -> dg.ScheduleDefinition:
    if not sites:
        return dg.ScheduleDefinition(name=name, job_name=job_name, cron_schedule=cron)

    def tick(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        at = context.scheduled_execution_time.isoformat()
        yield from (dg.RunRequest(run_key=f"{at} {site}", partition_key=site) for site in sites)

    return dg.ScheduleDefinition(name=name, job_name=job_name, cron_schedule=cron, execution_fn=tick)
