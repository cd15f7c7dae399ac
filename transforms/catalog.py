"""Everything we publish, in the order in which it is built. A new table is one file and one line here."""

from transforms.core.changes import Changes
from transforms.core.issue_journeys import IssueJourneys
from transforms.core.issues import Issues
from transforms.core.releases import Releases
from transforms.core.return_passes import ReturnPasses
from transforms.core.stages import Stages
from transforms.core.status_visits import StatusVisits
from transforms.core.statuses import Statuses
from transforms.core.work_intervals import WorkIntervals
from transforms.metrics.ageing_work import AgeingWork
from transforms.metrics.approver_concentration import ApproverConcentration
from transforms.metrics.commitment_cadence import CommitmentCadence
from transforms.metrics.constraint_evidence import ConstraintEvidence
from transforms.metrics.constraint_verdicts import ConstraintVerdicts
from transforms.metrics.context_switching_weekly import ContextSwitchingWeekly
from transforms.metrics.cumulative_flow_daily import CumulativeFlowDaily
from transforms.metrics.current_regimes import CurrentRegimes
from transforms.metrics.cycle_times import CycleTimes
from transforms.metrics.decision_latency import DecisionLatency
from transforms.metrics.deploy_fear import DeployFear
from transforms.metrics.divergence_verdicts import DivergenceVerdicts
from transforms.metrics.failure_demand import FailureDemand
from transforms.metrics.feedback_loops import FeedbackLoops
from transforms.metrics.flow_weekly import FlowWeekly
from transforms.metrics.forecast_backtests import ForecastBacktests
from transforms.metrics.forecasts import Forecasts
from transforms.metrics.handoffs import Handoffs
from transforms.metrics.late_changes import LateChanges
from transforms.metrics.release_batches import ReleaseBatches
from transforms.metrics.relief_estimates import ReliefEstimates
from transforms.metrics.review_depth import ReviewDepth
from transforms.metrics.rework_edges import ReworkEdges
from transforms.metrics.service_levels import ServiceLevels
from transforms.metrics.stage_flow_weekly import StageFlowWeekly
from transforms.metrics.touch_shares import TouchShares
from transforms.metrics.value_stream_map import ValueStreamMap
from transforms.metrics.wait_causes import WaitCauses
from transforms.quality.completeness import Completeness
from transforms.quality.log_quality import LogQuality
from transforms.quality.quarantine import Quarantine
from transforms.quality.restatements import Restatements
from transforms.quality.runs import Runs
from transforms.quality.validations import Validations
from transforms.schema import Table

TABLES: tuple[type[Table], ...] = (
    Issues, Changes, StatusVisits, Statuses, Stages, WorkIntervals, IssueJourneys, ReturnPasses, Releases,
    ValueStreamMap,
    ConstraintVerdicts, ConstraintEvidence, ReliefEstimates,
    CycleTimes,
    ServiceLevels,
    AgeingWork,
    CurrentRegimes,
    StageFlowWeekly,
    ReworkEdges,
    ReleaseBatches,
    DeployFear,
    CommitmentCadence,
    FailureDemand,
    LateChanges,
    FeedbackLoops,
    FlowWeekly,
    CumulativeFlowDaily,
    WaitCauses,
    TouchShares,
    Handoffs,
    ApproverConcentration,
    ReviewDepth,
    DecisionLatency,
    DivergenceVerdicts,
    Forecasts,
    ForecastBacktests,
    ContextSwitchingWeekly,
    Completeness, Quarantine, LogQuality, Restatements, Runs, Validations,
)  # fmt: skip
