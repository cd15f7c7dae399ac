"""Is work waved through when much is waiting? From metrics.review_depth."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.report.doubts import Doubts
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.words import NOTHING, counted, joined, listed, number, percent, percent_span, span

VERDICTS = {"yes": "waved through under load", "no": "holds under load", "cannot_tell": "cannot tell"}

HEAD = (
    "Review stage", "Reviews", "Median, working minutes", "Approved within 5 minutes", "Time under load ÷ else",
    "Verdict",
)  # fmt: skip


def build(published: Published) -> Iterator[Entry]:
    """One entry per stream and period with reviews."""
    doubts = Doubts(published)
    for (stream, period), rows in grouped(published.rows("metrics.review_depth"), "stream", "period").items():
        shown = [row for row in rows if row["verdict"] != "suppressed"]
        if not shown:
            yield Entry(stream, period, reason="The team is too small: figures on reviews would tell about persons.")
            continue
        yield Entry(
            stream,
            period,
            finding=_finding(shown),
            caveat=joined(doubts.of(stream, period, tuple(row["stage_name"] for row in shown)), _hidden(rows)),
            table=[HEAD, *(_line(row) for row in shown)],
            extra={"marked": [place for place, row in enumerate(shown) if row["verdict"] == "yes"]},
        )


def _finding(rows: list[Row]) -> str:
    """The stages at risk with their figures; else where reviews hold, and where nobody can tell."""
    risky = [row for row in rows if row["verdict"] == "yes"]
    if risky:
        return joined(*(row["sentence"] for row in risky))
    holding = [row["stage_name"] for row in rows if row["verdict"] == "no"]
    unclear = [row for row in rows if row["verdict"] == "cannot_tell"]
    said = [f"Reviews in {listed(holding)} hold when much is waiting."] if holding else []
    if unclear:
        names = listed([row["stage_name"] for row in unclear])
        said.append(f"Whether reviews in {names} hold when much is waiting, the data cannot tell.")
    shortest = max(rows, key=lambda row: row["short_approval_share"] or 0)
    return joined(*said, _short(shortest))


def _short(row: Row) -> str:
    if not row["short_approval_share"]:
        return ""
    bounds = percent_span(row["short_approval_share_low"], row["short_approval_share_high"])
    return (
        f"In {row['stage_name']}, {percent(row['short_approval_share'])}{bounds} of"
        f" {counted(row['review_count'], 'review')} ended in approval within five working minutes."
    )


def _line(row: Row) -> tuple[str, ...]:
    ratio = row["minutes_ratio"]
    return (
        row["stage_name"],
        number(row["review_count"]),
        _figure(row, "review_minutes_p50"),
        percent(row["short_approval_share"])
        + percent_span(row["short_approval_share_low"], row["short_approval_share_high"]),
        NOTHING if ratio is None else _figure(row, "minutes_ratio"),
        VERDICTS[row["verdict"]],
    )


def _figure(row: Row, name: str) -> str:
    return number(row[name]) + span(row[f"{name}_low"], row[f"{name}_high"])


def _hidden(rows: list[Row]) -> str:
    hidden = [row["stage_name"] for row in rows if row["verdict"] == "suppressed"]
    return f"Not shown because the team is too small: {listed(hidden)}." if hidden else ""


VIEW = View(
    name="review_depth",
    title="Reviews under load",
    question="Are reviews waved through when much is waiting?",
    tables=("metrics.review_depth",),
    build=build,
    note=(
        "Reviews with many issues at hand against reviews with few, of like size. A short review is no bad one: the"
        " question is whether they get shorter, and send back less, when the queue is long."
    ),
)
