"""When the tables are made anew without anybody asking."""

from __future__ import annotations

import dagster as dg

DAILY = "0 5 * * *"
"""Every morning, in the scheduler's own zone: before people look, after the night's automation."""

HOURLY = "20 * * * *"
"""Increments, away from the full hour, at which Jira's hourly quotas begin anew and everybody asks."""


def build_schedules(job_name: str) -> list[dg.ScheduleDefinition]:
    """The schedules of a job, off until somebody turns one on; either pulls what changed since the run before."""
    return [
        dg.ScheduleDefinition(name="daily", job_name=job_name, cron_schedule=DAILY),
        dg.ScheduleDefinition(name="hourly", job_name=job_name, cron_schedule=HOURLY),
    ]
