"""The report of a version that passed its audit, made before the version is published. Its words: pipelines.report."""

from typing import Any

import dagster as dg

from pipelines import warehouse
from pipelines.assets.published import OWN_RECORDS
from pipelines.report.page import verdict_sentences
from pipelines.report.write import write_report
from pipelines.settings import RunSettings


@dg.asset(
    deps=["staged_warehouse", *(table.name for table in OWN_RECORDS)],
    group_name="published",
    kinds={"html"},
)
def report(context: dg.AssetExecutionContext, settings: dg.ResourceParam[RunSettings]) -> dg.MaterializeResult[Any]:
    """One HTML file that says where work waits: the verdict first, then what it rests on. It loads nothing."""
    version = warehouse.find_build(settings.data, context.run.run_id[:8])
    settings.report("Drawing the report")
    with warehouse.discarding_failures(version):
        written = write_report(version.building)
    lines = "\n".join(f"- {sentence}" for sentence in verdict_sentences(written.published))
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(version.published / "report.html"),
            "size_bytes": written.size_bytes,
            "verdicts": dg.MetadataValue.md(lines),
        }
    )
