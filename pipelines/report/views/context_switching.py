"""Between how many issues people have to divide themselves. From metrics.context_switching_weekly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import counted, day, joined, number, percent, percent_span, span


def shared(published: Published) -> Mapping[str, Mapping[str, Sequence[Row]]]:
    """Week by week, where a figure may be told."""
    return {
        stream: {"context_switching": [_point(row) for row in rows if row["parallel_issues_mean"] is not None]}
        for (stream,), rows in grouped(_weeks(published), "stream").items()
    }


def _weeks(published: Published) -> list[Row]:
    rows = published.rows("metrics.context_switching_weekly", pl.col("is_complete_week"))
    return sorted(rows, key=lambda row: row["week_start_date"])


def _point(row: Row) -> Row:
    return {
        "date": row["week_start_date"],
        "issues": round(row["parallel_issues_mean"], 2),
        "low": _rounded(row["parallel_issues_mean_low"]),
        "high": _rounded(row["parallel_issues_mean_high"]),
        "people": row["team_count"],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period with weeks in it."""
    doubts = Doubts(published)
    weeks = grouped(_weeks(published), "stream")
    for stream, period, start, end in published.periods:
        rows = [row for row in weeks.get((stream,), []) if start <= row["week_start_date"] <= end]
        told = [row for row in rows if row["parallel_issues_mean"] is not None]
        if not told:
            yield Entry(stream, period, reason=_nothing(rows))
            continue
        yield Entry(stream, period, finding=_finding(told), caveat=joined(doubts.of(stream), _hidden(rows, told)))


def _finding(rows: list[Row]) -> str:
    """The last week with its interval, the share of time in many, and the worst week."""
    last, worst = rows[-1], max(rows, key=lambda row: row["parallel_issues_mean"])
    bounds = span(last["parallel_issues_mean_low"], last["parallel_issues_mean_high"])
    text = f"In the week of {day(last['week_start_date'])} a person with work in hand had"
    held = number(last["parallel_issues_mean"])
    people = counted(last["team_count"], "person", "people")
    text += f" {held}{bounds} {'issue' if held == '1' else 'issues'} at once ({people})"
    if last["many_parallel_share"] is not None:
        many = percent_span(last["many_parallel_share_low"], last["many_parallel_share_high"])
        text += f"; {percent(last['many_parallel_share'])}{many} of that time with three or more"
    if worst is last:
        return f"{text}: the most of all weeks shown."
    most = number(worst["parallel_issues_mean"])
    return f"{text}. The most was {most}, in the week of {day(worst['week_start_date'])}."


def _hidden(rows: list[Row], told: list[Row]) -> str:
    count = len(rows) - len(told)
    return f"{counted(count, 'week')} with fewer than five people, or too little in hand, not drawn." if count else ""


def _nothing(rows: list[Row]) -> str:
    if rows:
        return "Fewer than five people had work of this stream in hand in any week: figures would tell about persons."
    return "No complete week lies in this period."


VIEW = View(
    name="context_switching",
    title="Work at once",
    question="Between how many issues do people have to divide themselves?",
    tables=("metrics.context_switching_weekly",),
    build=build,
    shared=shared,
    charts=("context_switching",),
    note=(
        "Issues a person with work in touch holds at once, over working time, in all streams; means of a team, with"
        " 95 % intervals. What is not in Jira is not in it."
    ),
)
