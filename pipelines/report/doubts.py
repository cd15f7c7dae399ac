"""What limits the claims about a stream: said at the end of every claim it touches. How it is found: METHODS."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import polars as pl

from pipelines.report.published import Published, Row
from pipelines.report.words import counted, joined, listed

WEAK_QUALITY = 0.6
"""Below this data quality of a stage's log no verdict is given (METHODS 3.3), so none is read without a word."""


class Doubts:
    """The doubts of one version, by stream and period."""

    def __init__(self, published: Published) -> None:
        self._published = published

    def of(self, stream: str, period: str = "", stages: tuple[str, ...] = ()) -> str:
        """What limits claims about a stream's histories; with a period, also about what its stages' logs can tell."""
        return joined(self._histories(stream), self._quarantine(stream), *self._logs(stream, period, stages))

    @cached_property
    def incomplete(self) -> Counter[str]:
        """Issues by stream whose history is not whole."""
        broken = self._published.scan("quality.completeness")
        issues = self._published.scan("core.issues")
        if broken is None or issues is None:
            return Counter()
        keys = ["site_name", "issue_id"]
        joined_rows = broken.filter(~pl.col("is_complete")).join(issues, on=keys).select("stream").collect()
        return Counter(joined_rows["stream"])

    @cached_property
    def issue_counts(self) -> Counter[str]:
        """Issues by stream."""
        return Counter(self._published.frame("core.issues", ["stream"])["stream"])

    def quarantined(self, stream: str) -> int:
        """Answers of Jira that could not be used, on the site of a stream."""
        return len(self._published.of_its_site(self._quarantine_rows, stream))

    @cached_property
    def _quarantine_rows(self) -> list[Row]:
        return self._published.rows("quality.quarantine")

    @cached_property
    def logs(self) -> list[Row]:
        """How far each stage's log can be trusted, by period."""
        return self._published.rows("quality.log_quality")

    def _histories(self, stream: str) -> str:
        count = self.incomplete[stream]
        if not count:
            return ""
        return f"{counted(count, 'issue')} of {self.issue_counts[stream]:,} with an incomplete history."

    def _quarantine(self, stream: str) -> str:
        count = self.quarantined(stream)
        return f"{counted(count, 'answer')} of Jira in quarantine, not counted." if count else ""

    def _logs(self, stream: str, period: str, stages: tuple[str, ...]) -> list[str]:
        rows = [
            row
            for row in self.logs
            if row["stream"] == stream and row["period"] == period and (not stages or row["stage_name"] in stages)
        ]
        coarse = [row["stage_name"] for row in rows if row["is_day_grained"]]
        weak = [row["stage_name"] for row in rows if (row["data_quality"] or 1) < WEAK_QUALITY]
        said = []
        if coarse:
            said.append(f"Moves out of {listed(coarse)} come in batches or at stand-ups: read days, not hours.")
        if weak := [name for name in weak if name not in coarse]:
            said.append(f"The log of {listed(weak)} shows many signs of moves made afterwards.")
        return said
