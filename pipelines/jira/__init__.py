"""The only place that knows Jira's API: connect, extract what is in scope, land it, read it back as typed columns.

What the columns mean belongs to ``transforms.raw``; what is done with them to ``transforms``.
"""

from pipelines.jira.changed import has_changed
from pipelines.jira.client import (
    Connection,
    JiraSession,
    connect,
    connection_from_environment,
    connection_from_variables,
)
from pipelines.jira.errors import JiraError
from pipelines.jira.extract import extract
from pipelines.jira.extraction import Extraction
from pipelines.jira.fields import FieldNames
from pipelines.jira.options import Options
from pipelines.jira.parse import RawFrames, parse_in_batches, parse_lines
from pipelines.jira.recovery import mend
from pipelines.jira.reference import Reference, list_issue_types
from pipelines.jira.retry import Gate, policy_of
from pipelines.jira.sample import SiteSample, sample_site
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.jira.tables import RawTables, build_raw_tables

__all__ = [
    "Connection", "Extraction", "FieldNames", "Gate", "JiraError", "JiraSession", "Options", "RawFrames", "RawTables",
    "Reference", "Scope", "SiteSample", "Store", "build_raw_tables", "connect", "connection_from_environment",
    "connection_from_variables", "extract", "has_changed", "list_issue_types", "mend", "parse_in_batches",
    "parse_lines", "policy_of", "sample_site",
]  # fmt: skip
