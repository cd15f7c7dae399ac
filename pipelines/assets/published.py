"""Write, audit, publish: the last steps of the graph. Files and the switch belong to ``pipelines.warehouse``."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as installed_version
from typing import Any

import dagster as dg
import polars as pl

from pipelines import versions, warehouse
from pipelines.assets import table_spec
from pipelines.audit import Findings, Stores, audit_build, gather, keep_report
from pipelines.audit_page import PAGE, About, render_audit
from pipelines.bi.views import view_statements
from pipelines.checks import Verdict
from pipelines.contracts import contracts_for
from pipelines.landed import Landed, LandedStore
from pipelines.parameters import WorkflowStore
from pipelines.restated import restate
from pipelines.settings import RunSettings
from pipelines.store import RawStore, TableStore
from transforms.catalog import TABLES
from transforms.quality.restatements import Restatements
from transforms.quality.runs import Runs, add_run
from transforms.quality.validations import Validations, build_validations
from transforms.schema import Severity, Table, check_schema, check_values

OWN_RECORDS: tuple[type[Table], ...] = (Validations, Runs, Restatements)
"""Tables that speak of the build itself: filled after the audit, so no asset before it can make them."""

STAGED: tuple[type[Table], ...] = tuple(table for table in TABLES if table not in OWN_RECORDS)


def checked_pairs() -> list[tuple[str, Severity]]:
    """Table and severity of every check: critical for each table, warning where a contract only warns."""
    warned = {contract.table_name for contract in contracts_for(STAGED) if contract.severity == "warning"}
    pairs: list[tuple[str, Severity]] = [(table.name, "critical") for table in STAGED]
    return pairs + [(table.name, "warning") for table in STAGED if table.name in warned]


EXPECTED_DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""Two missed mornings are a failure, one is a warning."""

RULE_COLUMNS = dg.TableSchema([dg.TableColumn("rule", "string"), dg.TableColumn("is_passed", "bool")])

STAGED_SPEC = dg.AssetSpec(
    "staged_warehouse",
    deps=[table.name for table in STAGED],
    group_name="published",
    description="All tables as they will be published, built beside the published ones and audited.",
    kinds={"duckdb"},
)


@dg.multi_asset(
    specs=[STAGED_SPEC, *(table_spec(table, deps=["staged_warehouse"]) for table in OWN_RECORDS)],
    check_specs=[
        dg.AssetCheckSpec(f"{name}_{severity}", asset="staged_warehouse", blocking=severity == "critical")
        for name, severity in checked_pairs()
    ],
    name="staged_warehouse",
)
def staged_warehouse(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[RunSettings],
    tables: dg.ResourceParam[TableStore],
    raw_tables: dg.ResourceParam[RawStore],
    landed: dg.ResourceParam[LandedStore],
    workflow_parameters: dg.ResourceParam[WorkflowStore],
) -> Iterator[dg.MaterializeResult[Any]]:
    """Build a version, audit it, and add what the audit found."""
    started_at = datetime.fromtimestamp(context.instance.get_run_stats(context.run.run_id).start_time or 0, UTC)
    version = warehouse.Version(settings.data, versions.new_id(settings.data, started_at, context.run.run_id[:8]))
    source = landed.newest()
    settings.report("Building the tables to publish")
    warehouse.stage_version(version, {table: tables.scan(table) for table in STAGED}, source.site_name)
    settings.report("Checking them")
    with warehouse.discarding_failures(version):
        known = gather(settings, STAGED, Stores(tables, raw_tables, landed, workflow_parameters))
    findings = audit_build(version, STAGED, known)
    if findings.is_sound:
        _add_records(version, source, findings, context.run.run_id, started_at, tables, workflow_parameters)
    else:
        keep_report(version, findings, _page(version, source, findings))
        warehouse.discard_version(version)
    yield dg.MaterializeResult(asset_key="staged_warehouse", check_results=list(_check_results(findings.verdicts)))
    yield from (dg.MaterializeResult(asset_key=table.name) for table in OWN_RECORDS if findings.is_sound)


@dg.asset(
    deps=["staged_warehouse", "report", *(table.name for table in OWN_RECORDS)],
    group_name="published",
    kinds={"duckdb", "parquet"},
    freshness_policy=EXPECTED_DAILY,
)
def published_warehouse(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[RunSettings]
) -> dg.MaterializeResult[Any]:
    """The tables everybody reads: flow.duckdb and parquet/, switched to the audited version by one rename."""
    version = warehouse.find_build(settings.data, context.run.run_id[:8])
    settings.report("Publishing them")
    folder = warehouse.publish_version(version, settings.config.publishing.keep_versions)
    settings.report(f"Published {settings.data / 'flow.duckdb'}")
    return dg.MaterializeResult(metadata={"version": version.version_id, "path": dg.MetadataValue.path(folder)})


def _add_records(
    version: warehouse.Version,
    source: Landed,
    findings: Findings,
    run_id: str,
    started_at: datetime,
    tables: TableStore,
    workflows: WorkflowStore,
) -> None:
    """Write quality.validations, quality.runs and quality.restatements into a version that passed."""
    run = {
        "run_id": run_id,
        "version_id": version.version_id,
        "site_flavour": source.flavour,
        "site_url": source.site_url or None,
        "as_of": source.as_of,
        "started_at": started_at,
        "finished_at": datetime.now(UTC),
        "issue_count": warehouse.count_rows(version, "core", "issues"),
        "change_count": warehouse.count_rows(version, "core", "changes"),
        "quarantined_count": findings.quarantined_count,
        "quarantined_share": findings.quarantined_share,
        "unmapped_share": findings.unmapped_share,
        "request_count": source.request_count,
        "failed_check_count": len(findings.failed()),
        "flow_version": installed_version("jira-flow"),
    }
    records: dict[type[Table], pl.LazyFrame] = {
        Validations: build_validations(run_id, findings.verdicts),
        Runs: add_run(versions.earlier_runs(version.data, source.site_name), run, versions.withdrawn(version.data)),
    }
    with warehouse.discarding_failures(version):
        records[Restatements] = restate(version.data, source.site_name, tables.scan, run, workflows.all())
        for table, frame in records.items():
            check_schema(table, frame)
            check_values(table, frame.collect())
    warehouse.add_tables(version, records, source.site_name)
    warehouse.add_views(version, view_statements())
    with warehouse.discarding_failures(version):
        (version.building / PAGE).write_text(_page(version, source, findings), encoding="utf-8")


def _page(version: warehouse.Version, source: Landed, findings: Findings) -> str:
    """The audit for people to read."""
    shares = (findings.quarantined_count, findings.quarantined_share, findings.unmapped_share)
    return render_audit(About(source.site_name, version.version_id, source.as_of, *shares), findings.verdicts)


def _check_results(verdicts: Sequence[Verdict]) -> Iterator[dg.AssetCheckResult]:
    """One result per table and severity, the single rules and some failing rows in its metadata."""
    for name, severity in checked_pairs():
        rules = [v for v in verdicts if v.table_name == name and v.severity == severity]
        failed = [v for v in rules if not v.is_passed]
        records = [dg.TableRecord({"rule": v.says, "is_passed": v.is_passed}) for v in rules]
        metadata: dict[str, Any] = {"rules": dg.MetadataValue.table(records, RULE_COLUMNS)}
        if failed:
            metadata["failing_rows"] = dg.MetadataValue.json({v.says: v.sample for v in failed})
        yield dg.AssetCheckResult(
            passed=not failed,
            asset_key="staged_warehouse",
            check_name=f"{name}_{severity}",
            severity=dg.AssetCheckSeverity.ERROR if severity == "critical" else dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )
