"""Charts about how work flows: cumulative flow, work in progress, cycle times, ages, output against delivery."""

from __future__ import annotations

import altair as alt

from pipelines.report.charts.parts import (
    BLOCKED,
    CONSTRAINT,
    INK,
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
)

STATES = {
    "touch": TOUCH, "wait": WAIT, "blocked": BLOCKED, "unassigned": "var(--unassigned)", "done for now": "var(--quiet)",
}  # fmt: skip


def cumulative_flow() -> Drawing:
    """Bands stacked on what was delivered since the first day shown. The page gives them their colours: see PAINTED."""
    return (
        alt.Chart(ROWS)
        .transform_joinaggregate(low="min(count)", groupby=["stage"])
        .transform_calculate(height="datum.is_over ? datum.count - datum.low : datum.count")
        .mark_area(interpolate="step-after", line=False, opacity=0.92)
        .encode(
            x=date(),
            y=alt.Y("height:Q", stack="zero", axis=alt.Axis(title="issues", tickCount=5)),
            color=alt.Color("stage:N", legend=legend()),
            order=alt.Order("order:Q", sort="descending"),
            tooltip=[day("Day"), alt.Tooltip("stage:N", title="Stage"), alt.Tooltip("height:Q", title="Issues")],
        )
    )


def work_in_progress() -> Drawing:
    """Work in progress, and critical WIP with its interval."""
    kinds = {"in progress": WAIT, "critical WIP": TOUCH}
    lines = alt.Chart(ROWS).encode(
        x=date(), color=alt.Color("line:N", scale=colours(kinds), legend=legend(symbolOpacity=1))
    )
    band = lines.mark_area(opacity=0.25).encode(
        y=alt.Y("low:Q", axis=alt.Axis(title="issues", tickCount=5)), y2="high:Q"
    )
    middle = lines.mark_line(strokeWidth=2.2).encode(
        y="issues:Q",
        tooltip=[day("Week of"), alt.Tooltip("line:N", title="What"), alt.Tooltip("issues:Q", title="Issues")],
    )
    return layered(band, middle)


def divergence() -> Drawing:
    """Started and delivered a week."""
    return two_lines({"started": WAIT, "delivered": TOUCH}, "issues a week")


GOLDEN = 0.618034
"""Multiples of it, without their whole parts, spread points evenly: the same way in every drawing."""


def cycle_scatter() -> Drawing:
    """A point per delivered issue and a line per percentile. The root scale keeps fast work apart from slow."""
    root = alt.Scale(type="sqrt", nice=True)
    days = alt.Y("days:Q", scale=root, axis=alt.Axis(title="days from start to delivery", tickCount=6))
    points = (
        alt.Chart(ROWS)
        .mark_circle(size=26, opacity=0.5, color=TOUCH)
        .encode(
            x=date(),
            y=days,
            tooltip=[
                alt.Tooltip("key:N", title="Issue"),
                alt.Tooltip("issue_type:N", title="Type"),
                day("Delivered"),
                alt.Tooltip("days:Q", title="Days"),
                alt.Tooltip("waited:Q", title="Of them waiting"),
            ],
        )
    )
    lines = alt.Chart(alt.NamedData("lines"))
    rule = lines.mark_rule(color=CONSTRAINT, strokeDash=[5, 3], strokeWidth=1.2).encode(y=alt.Y("days:Q", scale=root))
    named = lines.transform_calculate(label="datum.percentile + ' ≤ ' + format(datum.days, '.3~g') + ' d'")
    return layered(points, rule, *(_label(named, percent, at) for at, percent in enumerate((50, 85, 95))))


def _label(lines: Drawing, percent: int, at: int) -> Drawing:
    """The label of one percentile; each has a place of its own, because their lines may lie close together."""
    is_its_line = f"indexof(datum.percentile, '{percent}') == 0"
    return lines.mark_text(align="right", dy=-6, dx=-2 - 95 * at, color=INK, fontWeight=600).encode(
        y=alt.Y("days:Q"), x=alt.value("width"), text=alt.condition(is_its_line, "label:N", alt.value(""))
    )


def ageing_work() -> Drawing:
    """A point per open issue: its stage across, its age upwards."""
    return (
        alt.Chart(ROWS)
        .transform_window(place="row_number()")
        .transform_calculate(nudge=f"(datum.place * {GOLDEN}) % 1")
        .mark_circle(size=46, opacity=0.75)
        .encode(
            x=alt.X(
                "stage:N",
                sort=alt.SortField("order"),
                axis=alt.Axis(title=None, labelAngle=0, labelLimit=110, grid=False),
            ),
            xOffset=alt.XOffset("nudge:Q"),
            y=alt.Y("age:Q", scale=alt.Scale(type="sqrt"), axis=alt.Axis(title="age in days", tickCount=6)),
            color=alt.Color("state:N", scale=colours(STATES), legend=legend()),
            tooltip=[
                alt.Tooltip("key:N", title="Issue"),
                alt.Tooltip("issue_type:N", title="Type"),
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("state:N", title="Now"),
                alt.Tooltip("age:Q", title="Age in days"),
                alt.Tooltip("stage_age:Q", title="Of them in this stage"),
            ],
        )
    )
