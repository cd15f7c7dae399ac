"""What one extraction left behind, as the rest of a run needs it: whose issues, as of when, what did not come.

The issues themselves lie in the landing, which belongs to ``pipelines.jira``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import TypeAdapter

from pipelines.durable import write_durably
from pipelines.jira import Extraction


@dataclass(frozen=True)
class Landed:
    """One extraction of one site."""

    site_name: str
    time_zone: str
    """The Jira account's zone: the calendar's, where flow.toml names none; empty where Jira does not tell it."""
    flavour: str
    as_of: datetime
    """The moment the tables speak of, UTC."""
    issue_count: int
    history_count: int
    request_count: int
    retry_count: int = 0
    seconds: float = 0.0
    mode: str = "full"
    """Whether everything was read, or the window of what changed since."""
    watermark: datetime | None = None
    """The site's clock at the start of this run: where the next increment begins, less the overlap."""
    gone_count: int = 0
    missing: tuple[int, ...] = ()
    """Ids Jira listed and then did not hand out."""
    warnings: tuple[str, ...] = ()
    site_url: str = ""
    """The site's address in a browser, as it tells it; not always the one its API is asked at."""

    @classmethod
    def of(cls, extraction: Extraction, site_name: str, time_zone: str, site_url: str = "") -> Landed:
        """What is kept of an extraction."""
        return cls(
            site_name=site_name,
            time_zone=time_zone,
            flavour=extraction.flavour,
            as_of=extraction.as_of,
            issue_count=extraction.issue_count,
            history_count=extraction.history_count,
            request_count=extraction.request_count,
            retry_count=extraction.retry_count,
            seconds=round(extraction.seconds, 3),
            mode=extraction.mode,
            watermark=extraction.watermark,
            gone_count=extraction.gone_count,
            missing=tuple(extraction.missing),
            warnings=tuple(extraction.warnings),
            site_url=site_url,
        )


_DOCUMENT = TypeAdapter(Landed)


class LandedStore(dg.IOManager):
    """Keeps the newest extraction's facts in one JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def handle_output(self, context: dg.OutputContext, obj: Landed) -> None:
        """Keep them; Dagster shows the counts."""
        self.keep(obj)
        counts: dict[str, Any] = {"issues": obj.issue_count, "histories": obj.history_count, "as_of": str(obj.as_of)}
        effort: dict[str, Any] = {"requests": obj.request_count, "retries": obj.retry_count, "seconds": obj.seconds}
        reach: dict[str, Any] = {"mode": obj.mode, "watermark": str(obj.watermark), "gone": obj.gone_count}
        context.add_output_metadata({**counts, **effort, **reach, "warnings": list(obj.warnings)})

    def load_input(self, context: dg.InputContext) -> Landed:
        """The newest extraction's facts."""
        return self.newest()

    def keep(self, landed: Landed) -> None:
        """Write them whole or not at all."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(self._path, _DOCUMENT.dump_json(landed, indent=1))

    def landed_at(self) -> datetime:
        """When the newest extraction was complete, by this machine's clock."""
        return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)

    def newest(self) -> Landed:
        """Read them back; raises FileNotFoundError before the first extraction."""
        if not self._path.exists():
            raise FileNotFoundError("nothing was extracted yet; materialise 'landed_batches' first")
        return _DOCUMENT.validate_json(self._path.read_bytes())
