"""Charts about the constraint: what-ifs, arrivals and departures, the causes of waiting."""

from __future__ import annotations

import altair as alt

from pipelines.report.charts.parts import (
    BLOCKED,
    CONSTRAINT,
    MUTED,
    ROWS,
    TOUCH,
    WAIT,
    Drawing,
    colours,
    date,
    day,
    layered,
    legend,
    two_lines,
    y,
)

CAUSES = {
    "nights and weekends": "var(--quiet)",
    "blocked": BLOCKED,
    "waiting for the batch": "var(--band-4)",
    "behind earlier work": WAIT,
    "behind later work": CONSTRAINT,
    "nobody visibly busy": "var(--band-2)",
    "withheld: team too small": "var(--line)",
}


def what_if_deliveries() -> Drawing:
    """Change of deliveries a month under each what-if, with its interval."""
    return _intervals("more deliveries a month →")


def what_if_cycle() -> Drawing:
    """Change of the median cycle time under each what-if, with its interval."""
    return _intervals("← shorter cycle time, working days")


def _intervals(title: str) -> Drawing:
    kinds = colours({"constraint": CONSTRAINT, "coding": TOUCH, "other": MUTED})
    what = alt.Y("what:N", sort=None, axis=alt.Axis(title=None, labelLimit=230))
    rows = alt.Chart(ROWS).encode(y=what, color=alt.Color("kind:N", scale=kinds, legend=None))
    nothing = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=MUTED).encode(x="x:Q")
    spans = rows.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", axis=alt.Axis(title=title, tickCount=6)), x2="high:Q")
    dots = rows.mark_circle(size=90, opacity=1).encode(
        x=alt.X("change:Q", axis=alt.Axis(title=title, tickCount=6, format="+.1~f")),
        tooltip=[
            alt.Tooltip("what:N", title="What if"),
            alt.Tooltip("change:Q", title="Change", format="+.1f"),
            alt.Tooltip("low:Q", title="At least", format="+.1f"),
            alt.Tooltip("high:Q", title="At most", format="+.1f"),
        ],
    )
    return layered(nothing, spans, dots)


def constraint_flow() -> Drawing:
    """Arrivals and departures a week."""
    return two_lines({"arrivals": CONSTRAINT, "departures": TOUCH}, "issues a week")


def constraint_queue() -> Drawing:
    """Issues waiting, week by week."""
    return (
        alt.Chart(ROWS)
        .mark_area(color=WAIT, opacity=0.85)
        .encode(x=date(), y=y("queue", "waiting"), tooltip=[day("Week of"), alt.Tooltip("queue:Q", title="Waiting")])
    )


def wait_causes() -> Drawing:
    """An average wait of each stage, in pieces."""
    return (
        alt.Chart(ROWS)
        .mark_bar(height={"band": 0.62})
        .encode(
            y=alt.Y("stage:N", sort=None, axis=alt.Axis(title=None, labelLimit=150)),
            x=alt.X("days:Q", axis=alt.Axis(title="days of an average wait", tickCount=6)),
            color=alt.Color("cause:N", scale=colours(CAUSES), legend=legend()),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("cause:N", title="Cause"),
                alt.Tooltip("days:Q", title="Days"),
            ],
        )
    )
