"""From Jira to raw tables and the workflow inferred from them. How Jira is asked belongs to ``pipelines.jira``."""

import inspect
from collections.abc import Iterator

import dagster as dg
import polars as pl

from pipelines.config_errors import ConfigError
from pipelines.jira import (
    Gate,
    JiraError,
    JiraSession,
    Reference,
    Scope,
    Store,
    build_raw_tables,
    connect,
    extract,
    mend,
    policy_of,
)
from pipelines.jira.faults import shown_url
from pipelines.landed import Landed, LandedStore
from pipelines.offline import landed_before
from pipelines.settings import RunSettings
from pipelines.site_check import check_site
from pipelines.store import describe
from transforms.definitions import known_by
from transforms.infer_workflow import WorkflowError, infer_workflow
from transforms.raw import RAW_TABLES
from transforms.stream_scopes import told_without_issues
from transforms.workflow import Workflow

TRIES_MORE, FIRST_PAUSE_SECONDS = 3, 300
"""Five minutes, ten and twenty after the last try of the gate: a network or a site that is down may be back then."""


@dg.asset(group_name="raw", io_manager_key="landed", kinds={"jira"}, pool="jira_api")
def landed_batches(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[RunSettings],
    landed: dg.ResourceParam[LandedStore],
) -> Landed:
    """Every issue in scope with its whole history, scrubbed of persons and texts, landed append-only."""
    try:
        return landed_before(settings, landed) if settings.is_offline else _read(settings)
    except (JiraError, ConfigError, WorkflowError) as error:
        if settings.is_attended:
            raise
        if isinstance(error, JiraError) and error.may_pass:
            raise dg.RetryRequested(TRIES_MORE, FIRST_PAUSE_SECONDS * 2**context.retry_number) from error
        raise dg.Failure(str(error), allow_retries=False) from error


def _read(settings: RunSettings) -> Landed:
    """Bring what has landed up to date; raises JiraError, and WorkflowError where flow.toml names what is not there."""
    connection = settings.find_connection()
    settings.report(f"Reading {shown_url(connection.url)}")
    site_name = settings.name_of(connection)
    asked = settings.config.jira
    options = asked.options()
    session = connect(connection, Gate(policy_of(options)))
    store = Store(settings.data, site_name)
    if told := mend(store):
        settings.report(f"Note: {told}")
    extraction = extract(
        session,
        Scope(asked.projects, asked.jql),
        store,
        as_of=settings.as_of,
        progress=settings.report_count,
        options=options,
        check=lambda reference: _check_names(settings, session, reference),
    )
    for warning in extraction.warnings:
        settings.report(f"Note: {warning}")
    return Landed.of(extraction, site_name, session.time_zone, session.site_url)


@dg.multi_asset(
    outs={
        table.name: dg.AssetOut(
            group_name="raw",
            description=inspect.getdoc(table),
            metadata=describe(table),
            io_manager_key="raw_tables",
            kinds={"polars"},
        )
        for table in RAW_TABLES
    },
)
def raw_tables(settings: dg.ResourceParam[RunSettings], landed_batches: Landed) -> Iterator[dg.Output[None]]:
    """Jira's facts in typed columns."""
    settings.report("Parsing the answers")
    tables = build_raw_tables(Store(settings.data, landed_batches.site_name), settings.raw_folder)
    for table in RAW_TABLES:
        row_count = tables.scan(table).select(pl.len()).collect().item()
        yield dg.Output(None, output_name=table.name, metadata={"dagster/row_count": row_count})


@dg.asset(group_name="raw", io_manager_key="workflow_parameters", kinds={"polars"})
def workflow(
    settings: dg.ResourceParam[RunSettings],
    landed_batches: Landed,
    raw_issues: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    raw_statuses: pl.LazyFrame,
    raw_projects: pl.LazyFrame,
    raw_resolutions: pl.LazyFrame,
) -> Workflow:
    """Value streams, stages and kinds: what flow.toml says, and for the rest what Jira's own data show."""
    rules = settings.config.rules(landed_batches.time_zone)
    told = infer_workflow(rules, raw_issues, raw_changes, raw_statuses, raw_projects, raw_resolutions)
    for note in told_without_issues(rules.streams, told.scopes):
        settings.report(f"Note: {note}")
    return known_by(told, landed_batches.as_of)


def _check_names(settings: RunSettings, session: JiraSession, reference: Reference) -> None:
    """Hold flow.toml against the site while nothing was read yet."""
    for note in check_site(settings.config, session, reference, settings.raw_folder):
        settings.report(f"Note: {note}")
