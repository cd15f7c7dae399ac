"""Why this stage: every indicator of every stage. From metrics.constraint_evidence and metrics.constraint_verdicts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts, shown
from pipelines.report.words import NOTHING, days, joined, number, percent

HEAD = (
    "Stage", "Load", "Something waits", "Queue", "Median wait", "Wait's share of cycle time", "Momentary constraint",
    "Replays won",
)  # fmt: skip

ROLES = {"work": "", "gate": " (gate)", "delay": " (time passes)"}

FIFTH = ("service_x0.8", "interval_x0.8", "blocked_x0.8")
"""The reliefs that are compared: each target a fifth faster."""


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period with evidence."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    votes = _votes(published)
    evidence = grouped(published.rows("metrics.constraint_evidence"), "stream", "period")
    for stream, period, _, _ in published.periods:
        rows = sorted(evidence.get((stream, period), []), key=lambda row: row["stage_order"])
        if not rows:
            yield Entry(stream, period, reason="These tables hold no evidence on the stages of this period.")
            continue
        verdict, marked = verdicts.of(stream, period), verdicts.marked_stages(stream, period)
        yield Entry(
            stream,
            period,
            finding=joined(_margin(verdict), _agreement(rows, marked)),
            caveat=doubts.of(stream, period),
            table=(HEAD, *(_line(row, votes.get((stream, period), {})) for row in rows)),
            extra={"marked": [rows.index(row) for row in rows if row["stage_name"] in marked]},
        )


def _votes(published: Published) -> dict[tuple[str, str], dict[str, float]]:
    """Share of the resampled replays each target won, by stream and period."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in published.rows("metrics.relief_estimates", pl.col("relief").is_in(FIFTH)):
        if row["win_share"] is not None:
            found.setdefault((row["stream"], row["period"]), {})[row["stage_name"]] = row["win_share"]
    return found


def _margin(verdict: Row | None) -> str:
    """How far the candidate leads."""
    if verdict is None or verdict["vote_share"] is None:
        return "No replay could be run, so only what was observed is shown."
    votes, first = percent(verdict["vote_share"]), shown(verdict["candidate_name"])
    text = f"Made a fifth faster in turn, {first} helps most in {votes} of the resampled replays"
    if verdict["runner_up_name"] and verdict["margin_share"] is not None:
        text += f"; {shown(verdict['runner_up_name'])} comes second, {percent(verdict['margin_share'])} behind"
    fidelity = verdict["fidelity_ratio"]
    return (
        f"{text}."
        if fidelity is None
        else f"{text}. Unchanged, the replay delivers {percent(fidelity)} of what was delivered."
    )


def _agreement(rows: list[Row], marked: list[str]) -> str:
    """Which simple indicators point at the same stage: so that nobody has to believe a replay alone."""
    signs = {"load_ratio": "the highest load", "queue_mean": "the longest queue"}
    signs |= {
        "wait_of_cycle_share": "the largest share of waiting",
        "momentary_share": "most moments as the constraint",
    }
    agreeing = [words for column, words in signs.items() if _largest(rows, column) in marked]
    if not marked:
        return ""
    return f"It also has {', '.join(agreeing)}." if agreeing else "No simple indicator points at the same stage."


def _largest(rows: list[Row], column: str) -> str | None:
    known = [row for row in rows if row[column] is not None]
    return max(known, key=lambda row: row[column])["stage_name"] if known else None


def _line(row: Row, votes: dict[str, float]) -> list[str]:
    found = [votes[name] for name in (row["stage_name"], row["pool_name"] or "") if name in votes]
    return [
        row["stage_name"] + ROLES[row["role"]],
        NOTHING if row["load_ratio"] is None else f"{row['load_ratio']:.2f}",
        percent(row["saturation_share"]),
        number(row["queue_mean"]),
        days(row["wait_working_days_p50"]),
        percent(row["wait_of_cycle_share"]),
        percent(row["momentary_share"]),
        percent(max(found, default=None)),
    ]


VIEW = View(
    name="evidence",
    title="Why this stage",
    question="What speaks for and against it?",
    tables=("metrics.constraint_evidence", "metrics.relief_estimates", "metrics.constraint_verdicts"),
    build=build,
    note=(
        "Load is what arrives by what leaves while something waits: near or above 1 the queue can only grow. Working"
        " time throughout. Where stages share their people, the replays speak of them together."
    ),
)
