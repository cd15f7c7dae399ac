"""The charts of the ready-made dashboard: what each asks of which published table.

Which tool draws them, and how, is said beside that tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from transforms.metrics.ageing_work import AgeingWork
from transforms.metrics.cycle_times import CycleTimes
from transforms.metrics.flow_weekly import FlowWeekly
from transforms.metrics.rework_edges import ReworkEdges
from transforms.metrics.stage_flow_weekly import StageFlowWeekly
from transforms.metrics.value_stream_map import ValueStreamMap
from transforms.metrics.wait_causes import CAUSES, WaitCauses
from transforms.quality.validations import Validations
from transforms.schema import Table

NEWEST_PERIOD = "period_kind = 'rolling_26_weeks'"
"""The 26 weeks up to the last complete one: what a dashboard shows of the tables by period."""


@dataclass(frozen=True)
class Chart:
    """One chart: measures of a table along ``along``, or the rows of a table."""

    title: str
    table: type[Table]
    shape: Literal["bars", "lines", "rows"]
    measures: tuple[str, ...]
    """Columns: added up and stacked in bars, added up in lines, shown as they are in rows."""
    along: str
    """The column of the horizontal axis; of rows, the one they are ordered by, largest first."""
    where: str = ""
    """Which rows, as an SQL condition; written here, never built from data."""
    is_wide: bool = False
    """Whether it takes the whole width."""
    by: str = ""
    """The column whose values become series."""
    largest: str = ""
    """The measure by which bars are ordered, largest first."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it needs."""
        return tuple(dict.fromkeys(filter(None, (*self.measures, self.along, self.by, self.largest))))


CHARTS: tuple[Chart, ...] = (
    Chart(
        "Touch, wait and blocked days by stage, last 26 weeks", ValueStreamMap, "bars",
        ("touch_days_total", "wait_days_total", "blocked_days_total"), "stage_name", NEWEST_PERIOD, is_wide=True,
        largest="wait_days_total",
    ),
    Chart(
        "What the wait is made of, days by cause", WaitCauses, "bars",
        tuple(f"{cause}_ms" for cause in CAUSES), "stage_name", NEWEST_PERIOD,
        largest="unavailable_ms",
    ),
    Chart(
        "Issues waiting in each stage at the end of the week", StageFlowWeekly, "lines",
        ("queue_end",), "week_start_date", "is_complete_week", by="stage_name",
    ),
    Chart(
        "Started and delivered each week", FlowWeekly, "lines",
        ("started_count", "delivered_count"), "week_start_date", "is_complete_week",
    ),
    Chart(
        "Work in progress, and what the stream can use", FlowWeekly, "lines",
        ("wip_end", "critical_wip"), "week_start_date", "is_complete_week",
    ),
    Chart(
        "Cycle time in days: delivered work, and open work counted in", CycleTimes, "rows",
        ("period_start_date", "delivered_count", "cycle_days_p50", "cycle_days_p85",
         "km_cycle_days_p50", "km_cycle_days_p85", "note"),
        "period_start_date", "issue_type = 'All' AND period_kind = 'quarter'", is_wide=True,
    ),
    Chart(
        "Open work by age", AgeingWork, "rows",
        ("issue_key", "stage_name", "kind", "age_days", "service_level_days", "break_chance_share"),
        "age_days",
    ),
    Chart(
        "Days lost to rework, last 26 weeks", ReworkEdges, "rows",
        ("from_stage_name", "to_stage_name", "move_count", "lost_working_days_total"),
        "lost_working_days_total", NEWEST_PERIOD,
    ),
    Chart(
        "Rules the published data break, as warnings", Validations, "rows",
        ("table_name", "statement", "severity", "failing_row_count"), "failing_row_count", "NOT is_passed",
        is_wide=True,
    ),
)  # fmt: skip
