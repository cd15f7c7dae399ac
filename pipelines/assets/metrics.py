"""One asset per metric: its inputs by name, its function, nothing else. What a metric means is in ``transforms``."""

import polars as pl

from pipelines.assets import table_asset
from pipelines.landed import Landed
from transforms.metrics.ageing_work import AgeingWork, age_open_work
from transforms.metrics.approver_concentration import ApproverConcentration, concentrate_approvers
from transforms.metrics.commitment_cadence import CommitmentCadence, measure_commitment_cadence
from transforms.metrics.context_switching_weekly import ContextSwitchingWeekly, measure_context_switching
from transforms.metrics.cumulative_flow_daily import CumulativeFlowDaily, draw_cumulative_flow
from transforms.metrics.current_regimes import CurrentRegimes, find_current_regimes
from transforms.metrics.cycle_times import CycleTimes, measure_cycle_times
from transforms.metrics.decision_latency import DecisionLatency, profile_decisions
from transforms.metrics.deploy_fear import DeployFear, tell_deploy_fear
from transforms.metrics.divergence_verdicts import DivergenceVerdicts, judge_divergence
from transforms.metrics.failure_demand import FailureDemand, measure_failure_demand
from transforms.metrics.feedback_loops import FeedbackLoops, find_feedback_loops
from transforms.metrics.flow_weekly import FlowWeekly, follow_flow
from transforms.metrics.forecast_backtests import ForecastBacktests, backtest_forecasts
from transforms.metrics.forecasts import Forecasts, forecast
from transforms.metrics.handoffs import Handoffs, count_handoffs
from transforms.metrics.late_changes import LateChanges, measure_late_changes
from transforms.metrics.release_batches import ReleaseBatches, gather_release_batches
from transforms.metrics.review_depth import ReviewDepth, measure_review_depth
from transforms.metrics.rework_edges import ReworkEdges, trace_rework_edges
from transforms.metrics.service_levels import ServiceLevels, keep_service_levels
from transforms.metrics.stage_flow_weekly import StageFlowWeekly, follow_stages
from transforms.metrics.touch_shares import TouchShares, bound_touch
from transforms.metrics.value_stream_map import ValueStreamMap, map_value_streams
from transforms.metrics.wait_causes import WaitCauses, split_waits
from transforms.workflow import Workflow

Frame = pl.LazyFrame


@table_asset(ValueStreamMap)
def value_stream_map(
    raw_issues: Frame,
    status_visits: Frame,
    work_intervals: Frame,
    issue_journeys: Frame,
    stages: Frame,
    releases: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill ValueStreamMap."""
    as_of = landed_batches.as_of
    return map_value_streams(
        raw_issues, status_visits, work_intervals, issue_journeys, stages, releases, workflow, as_of
    )


@table_asset(CycleTimes)
def cycle_times(
    raw_issues: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    releases: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill CycleTimes."""
    return measure_cycle_times(raw_issues, status_visits, issue_journeys, releases, workflow, landed_batches.as_of)


@table_asset(ServiceLevels)
def service_levels(issue_journeys: Frame, workflow: Workflow, landed_batches: Landed) -> Frame:
    """Fill ServiceLevels."""
    return keep_service_levels(issue_journeys, workflow, landed_batches.as_of)


@table_asset(AgeingWork)
def ageing_work(
    status_visits: Frame, work_intervals: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill AgeingWork."""
    return age_open_work(status_visits, work_intervals, issue_journeys, workflow, landed_batches.as_of)


@table_asset(CurrentRegimes)
def current_regimes(issue_journeys: Frame, workflow: Workflow, landed_batches: Landed) -> Frame:
    """Fill CurrentRegimes."""
    return find_current_regimes(issue_journeys, workflow, landed_batches.as_of)


@table_asset(StageFlowWeekly)
def stage_flow_weekly(
    status_visits: Frame,
    work_intervals: Frame,
    issue_journeys: Frame,
    stages: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill StageFlowWeekly."""
    return follow_stages(status_visits, work_intervals, issue_journeys, stages, workflow, landed_batches.as_of)


@table_asset(FlowWeekly)
def flow_weekly(
    issue_journeys: Frame,
    person_intervals: Frame,
    stages: Frame,
    stage_flow_weekly: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill FlowWeekly."""
    return follow_flow(issue_journeys, person_intervals, stages, stage_flow_weekly, workflow, landed_batches.as_of)


@table_asset(ReworkEdges)
def rework_edges(
    status_visits: Frame, work_intervals: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill ReworkEdges."""
    return trace_rework_edges(status_visits, work_intervals, issue_journeys, workflow, landed_batches.as_of)


@table_asset(CumulativeFlowDaily)
def cumulative_flow_daily(
    work_intervals: Frame, issue_journeys: Frame, stages: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill CumulativeFlowDaily."""
    return draw_cumulative_flow(work_intervals, issue_journeys, stages, workflow, landed_batches.as_of)


@table_asset(WaitCauses)
def wait_causes(
    person_intervals: Frame, raw_changes: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill WaitCauses."""
    return split_waits(person_intervals, raw_changes, issue_journeys, workflow, landed_batches.as_of)


@table_asset(DivergenceVerdicts)
def divergence_verdicts(
    status_visits: Frame,
    work_intervals: Frame,
    issue_journeys: Frame,
    stages: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill DivergenceVerdicts."""
    return judge_divergence(status_visits, work_intervals, issue_journeys, stages, workflow, landed_batches.as_of)


@table_asset(TouchShares)
def touch_shares(
    person_intervals: Frame,
    raw_changes: Frame,
    issue_journeys: Frame,
    raw_worklogs: Frame,
    raw_comments: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill TouchShares."""
    as_of = landed_batches.as_of
    return bound_touch(person_intervals, raw_changes, issue_journeys, workflow, as_of, raw_worklogs, raw_comments)


@table_asset(Handoffs)
def handoffs(
    person_intervals: Frame, raw_changes: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill Handoffs."""
    return count_handoffs(person_intervals, raw_changes, issue_journeys, workflow, landed_batches.as_of)


@table_asset(Forecasts)
def forecasts(
    issue_journeys: Frame,
    current_regimes: Frame,
    forecast_backtests: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill Forecasts."""
    return forecast(issue_journeys, current_regimes, forecast_backtests, workflow, landed_batches.as_of)


@table_asset(ForecastBacktests)
def forecast_backtests(
    status_visits: Frame, work_intervals: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill ForecastBacktests."""
    return backtest_forecasts(status_visits, work_intervals, issue_journeys, workflow, landed_batches.as_of)


@table_asset(ReleaseBatches)
def release_batches(
    raw_issues: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    releases: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill ReleaseBatches."""
    as_of = landed_batches.as_of
    return gather_release_batches(raw_issues, raw_changes, status_visits, issue_journeys, releases, workflow, as_of)


@table_asset(DeployFear)
def deploy_fear(release_batches: Frame, workflow: Workflow, landed_batches: Landed) -> Frame:
    """Fill DeployFear."""
    return tell_deploy_fear(release_batches, workflow, landed_batches.as_of)


@table_asset(ApproverConcentration)
def approver_concentration(
    person_intervals: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill ApproverConcentration."""
    return concentrate_approvers(
        person_intervals, raw_changes, status_visits, issue_journeys, workflow, landed_batches.as_of
    )


@table_asset(ReviewDepth)
def review_depth(
    person_intervals: Frame,
    raw_issues: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill ReviewDepth."""
    as_of = landed_batches.as_of
    return measure_review_depth(
        person_intervals, raw_issues, raw_changes, status_visits, issue_journeys, workflow, as_of
    )


@table_asset(CommitmentCadence)
def commitment_cadence(issue_journeys: Frame, workflow: Workflow, landed_batches: Landed) -> Frame:
    """Fill CommitmentCadence."""
    return measure_commitment_cadence(issue_journeys, workflow, landed_batches.as_of)


@table_asset(DecisionLatency)
def decision_latency(
    person_intervals: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill DecisionLatency."""
    return profile_decisions(
        person_intervals, raw_changes, status_visits, issue_journeys, workflow, landed_batches.as_of
    )


@table_asset(FailureDemand)
def failure_demand(
    raw_issues: Frame,
    raw_changes: Frame,
    status_visits: Frame,
    issue_journeys: Frame,
    return_passes: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill FailureDemand."""
    as_of = landed_batches.as_of
    return measure_failure_demand(
        raw_issues, raw_changes, status_visits, issue_journeys, return_passes, workflow, as_of
    )


@table_asset(ContextSwitchingWeekly)
def context_switching_weekly(
    person_intervals: Frame, raw_changes: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill ContextSwitchingWeekly."""
    return measure_context_switching(person_intervals, raw_changes, workflow, landed_batches.as_of)


@table_asset(LateChanges)
def late_changes(
    changes: Frame, status_visits: Frame, issue_journeys: Frame, workflow: Workflow, landed_batches: Landed
) -> Frame:
    """Fill LateChanges."""
    return measure_late_changes(changes, status_visits, issue_journeys, workflow, landed_batches.as_of)


@table_asset(FeedbackLoops)
def feedback_loops(
    raw_issues: Frame,
    raw_changes: Frame,
    raw_comments: Frame,
    issue_journeys: Frame,
    workflow: Workflow,
    landed_batches: Landed,
) -> Frame:
    """Fill FeedbackLoops."""
    as_of = landed_batches.as_of
    return find_feedback_loops(raw_issues, raw_changes, raw_comments, issue_journeys, workflow, as_of)
