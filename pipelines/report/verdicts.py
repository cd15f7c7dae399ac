"""Which stages the verdict names, for all sections that mark them or look closer. The verdict itself is a table's."""

from __future__ import annotations

from pipelines.report.published import Published, Row


def stages_of(name: str) -> list[str]:
    """The stages a target of the replay stands for: those that share their people are joined by +."""
    return [stage for stage in name.split("+") if stage]


def shown(name: str) -> str:
    """A target's name with room around the sign that joins its stages."""
    return " + ".join(stages_of(name))


class Verdicts:
    """The verdicts of one version, by stream and period."""

    def __init__(self, published: Published) -> None:
        self._rows = {(row["stream"], row["period"]): row for row in published.rows("metrics.constraint_verdicts")}
        self._waits: dict[tuple[str, str], dict[str, float]] = {}
        for row in published.rows("metrics.value_stream_map"):
            if row["step_kind"] == "flow" and row["wait_days_total"] > 0:
                waits = self._waits.setdefault((row["stream"], row["period"]), {})
                waits[row["stage_name"]] = row["wait_days_total"]

    def of(self, stream: str, period: str) -> Row | None:
        """The verdict's row; None where there is none."""
        return self._rows.get((stream, period))

    def marked_stages(self, stream: str, period: str) -> list[str]:
        """The constraint's stages; where none is named the largest delay; without a verdict none."""
        row = self.of(stream, period)
        if row is None:
            return []
        if row["constraint_stage_names"]:
            return str(row["constraint_stage_names"]).split(", ")
        return stages_of(row["largest_delay_name"] or "")

    def mark_word(self, stream: str, period: str) -> str:
        """What the marked stages are."""
        row = self.of(stream, period)
        return "constraint" if row and row["constraint_name"] else "largest delay"

    def watched_stage(self, stream: str, period: str) -> str | None:
        """The stage worth a closer look: of the marked ones, or else of all, that with the most waiting."""
        waits = self._waits.get((stream, period), {})
        candidates = self.marked_stages(stream, period) or list(waits)
        return max(candidates, key=lambda stage: waits.get(stage, 0.0), default=None)
