"""What the waiting in each stage is made of. From metrics.wait_causes."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.views.cycle_times import DAY_MS, withheld
from pipelines.report.words import days, joined, percent

CAUSES = {
    "unavailable": "nights and weekends",
    "blocked": "blocked",
    "batch": "waiting for the batch",
    "contention": "behind earlier work",
    "prioritisation": "behind later work",
    "extraneous": "nobody visibly busy",
}

ANSWERS = {
    "blocked": "unblock it",
    "batch": "release it more often",
    "contention": "give the stage capacity",
    "prioritisation": "limit and order what is in progress",
    "extraneous": "talk: a decision, a meeting or another project is waited for",
}


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period in which waits ended."""
    doubts = Doubts(published)
    orders = {(row["stream"], row["stage_name"]): row["stage_order"] for row in published.rows("core.stages")}
    for (stream, period), rows in grouped(published.rows("metrics.wait_causes"), "stream", "period").items():
        waiting = [row for row in rows if row["wait_ms"]]
        if not waiting:
            yield Entry(stream, period, reason="No wait ended in this period.")
            continue
        waiting.sort(key=lambda row: orders.get((stream, row["stage_name"]), 0))
        longest = max(waiting, key=lambda row: row["wait_ms"])
        yield Entry(
            stream,
            period,
            finding=_finding(longest),
            caveat=joined(doubts.of(stream, period, (longest["stage_name"],)), withheld(longest)),
            charts={"wait_causes": [piece for row in waiting for piece in _pieces(row)]},
        )


def _finding(row: Row) -> str:
    """The longest waits' largest cause within working hours, and what it calls for."""
    mean = days(row["wait_ms"] / DAY_MS / row["visit_count"])
    outside = percent(_share(row, "unavailable"))
    text = f"A wait in {row['stage_name']} took {mean} on average; {outside} of that lay outside working hours."
    known = {cause: row[f"{cause}_ms"] for cause in ANSWERS if row[f"{cause}_ms"]}
    if not known:
        return text
    largest = max(known, key=lambda cause: known[cause])
    inside = row["wait_ms"] - row["unavailable_ms"]
    share = percent(known[largest] / inside) if inside else "–"
    return f"{text} Of the rest {share} was {_in_words(largest)}: {ANSWERS[largest]}."


def _in_words(cause: str) -> str:
    told = {
        "contention": "spent behind work that had come earlier",
        "prioritisation": "spent behind work that came later",
    }
    told |= {"batch": "waiting for the batch it left with", "extraneous": "time in which nobody was visibly busy"}
    return told.get(cause, CAUSES[cause])


def _share(row: Row, cause: str) -> float:
    return float(row[f"{cause}_ms"]) / float(row["wait_ms"])


def _pieces(row: Row) -> list[Row]:
    """A stage's causes in days per wait; where a team is too small for some, their sum is one piece."""
    visits = row["visit_count"]
    found = {CAUSES[cause]: row[f"{cause}_ms"] for cause in CAUSES if row[f"{cause}_ms"] is not None}
    if rest := row["wait_ms"] - sum(found.values()):
        found["withheld: team too small"] = rest
    return [
        {"stage": row["stage_name"], "cause": cause, "order": order, "days": round(ms / DAY_MS / visits, 3)}
        for order, (cause, ms) in enumerate(found.items())
    ]


VIEW = View(
    name="wait_causes",
    title="What the waiting is made of",
    question="Why does work wait, and what would shorten it?",
    tables=("metrics.wait_causes",),
    build=build,
    charts=("wait_causes",),
    note="Days of an average wait that ended in the period. The six causes are disjoint and add up to the wait.",
)
