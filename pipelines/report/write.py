"""Writes the report of a version, and finds the published one. What stands in it belongs to ``page``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.report.page import render
from pipelines.report.published import Published, ReportError

NAME = "report.html"


@dataclass(frozen=True)
class Written:
    """A report that was written."""

    path: Path
    published: Published

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return self.path.stat().st_size


def write_report(folder: Path, path: Path | None = None) -> Written:
    """Write the report of the version in ``folder`` beside its tables, or where ``path`` says; whole or not at all.

    Raises ReportError where the folder holds no published tables.
    """
    published, target = Published(folder), path or folder / NAME
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(render(published), encoding="utf-8")
    fresh.replace(target)
    return Written(target, published)


def published_report(data: Path) -> Path:
    """The report of the version that is published now; raises ReportError where there is none."""
    version = (data / "current").resolve()
    if not version.is_dir():
        raise ReportError(f"Nothing is published in {data} yet, so there is no report. Run `flow run` first.")
    path = version / NAME
    if not path.exists():
        raise ReportError(
            f"The version published in {data} was made without a report. Run `flow run` again, or write one to a file"
            " of your own: flow report --to report.html."
        )
    return path
