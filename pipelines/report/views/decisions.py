"""When decisions come, and the Friday-afternoon approval. From metrics.decision_latency, over the whole history."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.verdicts import Verdicts
from pipelines.report.words import counted, days, joined, number, percent, percent_span

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream: its constraint where hours of it may be shown, else its stage with most of them."""
    doubts, verdicts = Doubts(published), Verdicts(published)
    for (stream,), rows in grouped(published.rows("metrics.decision_latency"), "stream").items():
        stages = grouped(rows, "stage_name")
        shown = max(stages.values(), key=lambda found: (_is_watched(found, verdicts), len(found)))
        whole, hours = _split(shown)
        late = _latest_in_the_week([_split(found)[0] for found in stages.values()])
        if whole is None or whole["exit_count"] is None:
            yield Entry(stream, reason="The team is too small: hours of decisions would tell about single persons.")
            continue
        yield Entry(
            stream,
            finding=joined(_finding(whole), _friday(late)),
            reason="",
            caveat=joined(doubts.of(stream), _withheld(whole, hours)),
            charts={"decisions": [_cell(row) for row in hours]},
        )


def _split(rows: list[Row]) -> tuple[Row | None, list[Row]]:
    """The whole stage's row, and those of its hours."""
    whole = [row for row in rows if row["weekday_name"] == "All"]
    return (whole[0] if whole else None), [row for row in rows if row["weekday_name"] != "All"]


def _is_watched(rows: list[Row], verdicts: Verdicts) -> bool:
    """The constraint's stage, if any of its hours may be shown."""
    return len(rows) > 1 and rows[0]["stage_name"] == verdicts.watched_stage(rows[0]["stream"], "latest")


def _finding(row: Row) -> str:
    text = f"In {row['stage_name']}, {counted(row['exit_count'], 'decision')}"
    if row["latency_working_days_p50"] is None:
        return f"{text}: too few to say how long they take."
    text += f": half came {_within(row['latency_working_days_p50'])}"
    p85 = row["latency_working_days_p85"]
    return text + (f", 85 % {_within(p85)}." if p85 is not None else ".")


def _within(working_days: float) -> str:
    """``at once`` for what would be written as no day at all."""
    return "at once" if number(working_days) == "0" else f"within {days(working_days, 'working day')}"


def _latest_in_the_week(rows: list[Row | None]) -> Row | None:
    """The stage with the largest share of decisions that come too late for their week."""
    known = [row for row in rows if row and row["late_week_exit_share"] is not None]
    return max(known, key=lambda row: row["late_week_exit_share"], default=None)


def _friday(row: Row | None) -> str:
    """Decisions with less than two working hours left in the week, and the wait behind them."""
    if row is None or not row["late_week_exit_share"]:
        return "No decision came in the last two working hours of a week."
    bounds = percent_span(row["late_week_exit_share_low"], row["late_week_exit_share_high"])
    text = f"Late in the week: {percent(row['late_week_exit_share'])}{bounds} of the decisions in {row['stage_name']}"
    text += " come with less than two working hours left"
    late, other = row["late_week_following_wait_days_p50"], row["other_following_wait_days_p50"]
    if late is None or other is None:
        return f"{text}."
    if number(late) == number(other) == "0":
        return f"{text}; as after other decisions, at least half of what they let through is taken up at once."
    return f"{text}; half of them then wait {days(late)} or more, after other decisions {days(other)}."


def _cell(row: Row) -> Row:
    return {
        "weekday": row["weekday_name"],
        "order": WEEKDAYS.index(row["weekday_name"]),
        "hour": row["hour_name"],
        "decisions": row["exit_count"],
    }


def _withheld(whole: Row, hours: list[Row]) -> str:
    if not hours:
        return "Behind every single hour stand fewer than five people, so none is drawn."
    hidden = whole["withheld_exit_count"]
    return (
        f"{counted(hidden, 'decision')} in hours behind which fewer than five people stand are not drawn."
        if hidden
        else ""
    )


VIEW = View(
    name="decisions",
    title="When decisions come",
    question="How long do decisions take, and do they come too late in the week?",
    tables=("metrics.decision_latency",),
    build=build,
    charts=("decisions",),
    follows=(),
    note="Moves out of a waiting status by people, in the stream's time zone, over the whole history.",
)
