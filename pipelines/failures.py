"""Failures that are explained to people in one paragraph, and which of them the caller can correct."""

from pipelines.config_errors import ConfigError
from pipelines.data_folder_lock import BusyError
from pipelines.erase import ErasureError
from pipelines.jira import JiraError
from pipelines.jira.errors import ComeBackLaterError, MissingSettingError, ScopeError
from pipelines.life.record import UnknownIssueError
from pipelines.published import NothingPublishedError, QueryError
from pipelines.report.published import ReportError
from pipelines.run import AuditError
from pipelines.sandbox.faults.script import FaultScriptError
from pipelines.sandbox_command import SandboxError
from pipelines.warehouse import WarehouseError
from transforms.infer_workflow import WorkflowError
from transforms.schema import SchemaError

TO_BE_CORRECTED = (
    ConfigError, FaultScriptError, MissingSettingError, QueryError, ScopeError, UnknownIssueError, WorkflowError,
)  # fmt: skip
"""The command, flow.toml or a variable is wrong: exit code 2."""

TO_BE_TRIED_LATER = (ComeBackLaterError,)
"""Jira asks for a long pause; what was read is kept and the next run goes on from there: exit code 75."""

KNOWN_ERRORS = (
    *TO_BE_CORRECTED, JiraError, AuditError, BusyError, ErasureError, NothingPublishedError, ReportError, SandboxError,
    WarehouseError, SchemaError,
)  # fmt: skip
"""Messages written for people; anything else is a fault of the product."""
