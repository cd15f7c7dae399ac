"""What a run ended with, as one JSON document for scripts: ``flow run --json``.

The same said in lines for people is ``pipelines.summary``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.published import ask
from pipelines.summary import doubts_of, find_counts
from pipelines.versions import current_id

_VERDICTS = """
SELECT * FROM metrics.constraint_verdicts WHERE period_kind = 'rolling_26_weeks' ORDER BY site_name, value_stream
"""

_WARNINGS = """
SELECT site_name, table_name, statement, failing_row_count FROM quality.validations
WHERE NOT is_passed ORDER BY ALL
"""


def document(data: Path) -> dict[str, Any]:
    """What is published after a run that succeeded.

    ``version_id``; ``runs`` (the row of ``quality.runs`` of every site in it); ``counts``; ``verdicts`` (whole rows of
    ``metrics.constraint_verdicts`` over the last 26 weeks); ``caveats`` (sentences) and ``warnings`` (rules of the
    audit that do not hold, none of which blocks); ``paths``; ``exit_status``.
    """
    version = current_id(data)
    runs = [row for row in _rows(data, "SELECT * FROM quality.runs ORDER BY site_name") if row["version_id"] == version]
    return {
        "exit_status": 0,
        "version_id": version,
        "runs": runs,
        "counts": find_counts(data),
        "verdicts": _rows(data, _VERDICTS),
        "caveats": doubts_of(data),
        "warnings": _rows(data, _WARNINGS),
        "paths": {
            name: str((data / path).absolute())
            for name, path in {
                "report": "report.html",
                "duckdb": "flow.duckdb",
                "parquet": "parquet",
                "audit": "current/audit.html",
            }.items()
        },
    }


def failure(paragraph: str, exit_status: int) -> dict[str, Any]:
    """What a run that failed ended with: why, in one paragraph; the published tables are as they were."""
    return {"exit_status": exit_status, "error": paragraph}


def written(ended: dict[str, Any]) -> str:
    """The document as text; instants and days as ISO 8601."""
    return json.dumps(ended, indent=1, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _rows(data: Path, question: str) -> list[dict[str, Any]]:
    answer = ask(data, question)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
