"""What is inferred once per site and handed to the calculations: kept as JSON, each version with the day it began.

A version is written only when something changed, so the folder reads as the history of the model. How a workflow is
inferred belongs to ``transforms.infer_workflow``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from pydantic import TypeAdapter

from pipelines.durable import write_durably
from transforms.workflow import EARLIER_STATUS_SCHEMA, STATUS_MODEL_SCHEMA, ValueStream, Workflow

SCOPE_SCHEMA = pl.Schema({"project_id": pl.Int64(), "issue_type_id": pl.Int64(), "value_stream": pl.String()})

STAMP = "%Y%m%dT%H%M%S.%fZ"

_STREAMS = TypeAdapter(tuple[ValueStream, ...])


class WorkflowStore(dg.IOManager):
    """Keeps the workflow under ``<folder>/<took effect at>.json``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def handle_output(self, context: dg.OutputContext, obj: Workflow) -> None:
        """Keep a workflow; Dagster learns how its statuses were decided."""
        path = self.keep(obj, datetime.now(UTC))
        decided = obj.statuses.group_by("decided_by").len().sort("decided_by").rows()
        context.add_output_metadata(
            {
                "path": dg.MetadataValue.path(path),
                "value_streams": [stream.name for stream in obj.streams],
                "statuses_by_decision": dict(decided),
            }
        )

    def load_input(self, context: dg.InputContext) -> Workflow:
        """The workflow in effect."""
        return self.newest()

    def keep(self, workflow: Workflow, effective_at: datetime) -> Path:
        """Write a workflow unless the one in effect says the same; returns the file in effect."""
        document = to_document(workflow)
        versions = self._versions()
        if versions and _document(versions[-1]) == document:
            return versions[-1]
        self._folder.mkdir(parents=True, exist_ok=True)
        effective_at = _after(versions, effective_at)
        path = self._folder / f"{effective_at:{STAMP}}.json"
        text = json.dumps(
            {"effective_at": effective_at.isoformat(), "workflow": document}, indent=1, ensure_ascii=False
        )
        write_durably(path, text.encode(), 0o644)
        return path

    def newest(self) -> Workflow:
        """The workflow in effect; raises FileNotFoundError when none was inferred yet."""
        versions = self._versions()
        if not versions:
            raise FileNotFoundError("no workflow was inferred yet; materialise 'workflow' first")
        return from_document(json.loads(versions[-1].read_text(encoding="utf-8"))["workflow"])

    def all(self) -> list[Workflow]:
        """Every workflow there was, oldest first, but for those whose files are damaged."""
        documents = [_document(path) for path in self._versions()]
        return [from_document(document) for document in documents if document is not None]

    def _versions(self) -> list[Path]:
        """Oldest first: the names begin with the instant."""
        return sorted(self._folder.glob("[0-9]*.json"))


def _document(path: Path) -> Any:
    """The workflow a file tells; None for a damaged one, which the next version replaces."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["workflow"]
    except (ValueError, KeyError, TypeError):
        return None


def _after(versions: list[Path], moment: datetime) -> datetime:
    """The moment, or just after the newest version if the clock went back: the newest name is the one in effect."""
    newest = [datetime.strptime(path.stem, STAMP).replace(tzinfo=UTC) for path in versions[-1:]]
    return max([moment, *(one + timedelta(microseconds=1) for one in newest)])


def to_document(workflow: Workflow) -> dict[str, Any]:
    """A workflow as plain JSON values, in an order that depends on nothing else."""
    streams = _STREAMS.dump_python(workflow.streams, mode="json")
    for stream in streams:
        stream["calendar"]["holidays"].sort()
    return {
        "streams": streams,
        "statuses": workflow.statuses.to_dicts(),
        "scopes": workflow.scopes.to_dicts(),
        "discarding_resolution_ids": sorted(workflow.discarding_resolution_ids),
        "flow_level": workflow.flow_level,
        "earlier_statuses": workflow.earlier_statuses.with_columns(pl.col.until.cast(pl.String)).to_dicts(),
    }


def from_document(document: dict[str, Any]) -> Workflow:
    """The workflow a document describes."""
    earlier = pl.DataFrame(document.get("earlier_statuses", []), schema=EARLIER_STATUS_SCHEMA | {"until": pl.String()})
    return Workflow(
        streams=_STREAMS.validate_python(document["streams"], strict=False),
        statuses=pl.DataFrame(document["statuses"], schema=STATUS_MODEL_SCHEMA),
        scopes=pl.DataFrame(document["scopes"], schema=SCOPE_SCHEMA),
        discarding_resolution_ids=frozenset(document["discarding_resolution_ids"]),
        flow_level=document["flow_level"],
        earlier_statuses=earlier.with_columns(pl.col.until.str.to_date()),
    )
