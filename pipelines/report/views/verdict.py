"""The verdict in a sentence, first of all. From metrics.constraint_verdicts; without one, what can be said instead."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts, shown
from pipelines.report.words import NOTHING, days, deliveries, joined, number, percent, sentence, span
from transforms.constraint.sentences import hides_wait

WORKING_DAY = "working day"

LABELS = {
    "constraint_stage": "One stage is the constraint",
    "constraint_pool": "People who serve several stages are the constraint",
    "policy_gate": "A gate that opens by the calendar is the constraint",
    "external_block": "Waiting for others is the constraint",
    "intake_limited": "What comes in is the constraint",
    "not_separable": "More than one candidate: nobody can tell",
    "insufficient_data": "Too little is known",
}


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    cycles = {
        (row["stream"], row["period"]): row
        for row in published.rows("metrics.cycle_times", pl.col("issue_type") == "All")
    }
    for stream, period, _, _ in published.periods:
        cycle, verdict = cycles.get((stream, period)), verdicts.of(stream, period)
        if verdict is None:
            yield Entry(stream, period, reason=_without(verdicts, stream, period), facts=_plain_facts(cycle))
            continue
        yield Entry(
            stream,
            period,
            finding=verdict["sentence"],
            caveat=joined(_why(verdict), doubts.of(stream, period)),
            facts=[*_plain_facts(cycle), *_what_if_facts(verdict)],
            extra={
                "label": LABELS[verdict["verdict"]],
                "confidence": verdict["confidence"],
                "moved": verdict["moved_sentence"] or "",
            },
        )


def _without(verdicts: Verdicts, stream: str, period: str) -> str:
    stage = verdicts.watched_stage(stream, period)
    waits = f" What can be said: most of the waiting is in {stage}." if stage else ""
    return f"These tables hold no verdict for the period.{waits}"


def _why(row: Row) -> str:
    """Why it is no surer, unless the sentence itself says why nothing is named."""
    is_told = row["verdict"] in ("not_separable", "insufficient_data")
    return sentence(row["reasons"]) if row["reasons"] and not is_told else ""


def _plain_facts(cycle: Row | None) -> list[tuple[str, str]]:
    if cycle is None or cycle["cycle_days_p50"] is None:
        return []
    bounds = span(cycle["cycle_days_p50_low"], cycle["cycle_days_p50_high"])
    return [("Median cycle time, weekends included", f"{days(cycle['cycle_days_p50'])}{bounds}")]


def _what_if_facts(row: Row) -> list[tuple[str, str]]:
    """The wait, and what halving it and coding faster would change: always both."""
    named = row["constraint_name"] or row["largest_delay_name"]
    waiting = "Waiting in it, where a column shows it" if hides_wait(row) else "Waiting in it"
    found = [("The same in working time", row["cycle_working_days_p50"]), (waiting, row["wait_of_cycle_working_days"])]
    facts = [(name, days(value, WORKING_DAY)) for name, value in found if value is not None]
    if row["halved_cycle_working_days_p50"] is not None:
        facts.append((f"If the wait at {shown(named)} were halved", _change(row, "halved_delivered_per_month_change")))
    if row["faster_delivered_per_month_change"] is not None:
        name = f"If {row['faster_stage_name']} were 40 % faster"
        facts.append((name, _change(row, "faster_delivered_per_month_change")))
    return facts


def _change(row: Row, column: str) -> str:
    bounds = span(row[f"{column}_low"], row[f"{column}_high"])
    return f"{deliveries(row[column])}{bounds}"


def overview(published: Published) -> list[Row]:
    """One line per stream over the latest period: where to look first."""
    verdicts = Verdicts(published)
    waits = waiting(published, verdicts)
    cycles = {
        row["stream"]: row
        for row in published.rows(
            "metrics.cycle_times", (pl.col("issue_type") == "All") & (pl.col("period_kind") == "rolling_26_weeks")
        )
    }
    lines = [_line(stream, verdicts, cycles.get(stream), waits.get(stream, (0.0, 0.0))) for stream in published.streams]
    return sorted(lines, key=lambda line: (-line["waited"], line["stream"]))


def waiting(published: Published, verdicts: Verdicts) -> dict[str, tuple[float, float]]:
    """Issue-days waited after the commitment, and the share of waiting in delivered work's time; by stream.

    Where the verdict tells the share it counts: that is the one its sentence tells, in working time.
    """
    where = (pl.col("period_kind") == "rolling_26_weeks") & (pl.col("step_kind") != "upstream")
    found: dict[str, tuple[float, float]] = {}
    for (stream,), steps in grouped(published.rows("metrics.value_stream_map", where), "stream").items():
        wait, whole = (sum(row[f"{kind}_days_per_delivered"] or 0.0 for row in steps) for kind in ("wait", "stage"))
        verdict = verdicts.of(stream, "latest")
        if verdict and verdict["cycle_working_days_p50"] and verdict["wait_of_cycle_working_days"] is not None:
            share = verdict["wait_of_cycle_working_days"] / verdict["cycle_working_days_p50"]
            found[stream] = (share * sum(row["stage_days_total"] for row in steps), share)
        else:
            found[stream] = (sum(row["wait_days_total"] for row in steps), wait / whole if whole else 0.0)
    return found


def _line(stream: str, verdicts: Verdicts, cycle: Row | None, waits: tuple[float, float]) -> Row:
    verdict = verdicts.of(stream, "latest")
    named = verdict and (verdict["constraint_name"] or verdict["largest_delay_name"])
    watched = verdicts.watched_stage(stream, "latest")
    return {
        "stream": stream,
        "named": shown(named or watched or "") or NOTHING,
        "word": _word(verdict) or ("most waiting that can be seen" if watched else "no waiting can be seen"),
        "cycle": days(cycle["cycle_days_p50"]) if cycle else NOTHING,
        "delivered": number(cycle["delivered_count"]) if cycle else NOTHING,
        "wait": percent(waits[1]) + (" or more" if verdict and hides_wait(verdict) else ""),
        "waited": round(waits[0], 1),
    }


def _word(verdict: Row | None) -> str:
    """What the named stage is, and how surely; nothing where none is named."""
    if verdict is None:
        return ""
    if verdict["constraint_name"]:
        return f"constraint ({verdict['confidence']})"
    return "largest delay; no constraint named" if verdict["largest_delay_name"] else ""


VIEW = View(
    name="verdict",
    title="The verdict",
    question="Where does work wait, and which one stage is the constraint?",
    tables=("metrics.constraint_verdicts", "metrics.cycle_times"),
    build=build,
)
