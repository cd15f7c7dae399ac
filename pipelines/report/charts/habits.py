"""Charts about habits and promises: rework, releases, approvals, decisions, forecasts and their record."""

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
    y,
)


def rework() -> Drawing:
    """Days each way back cost."""
    return (
        alt.Chart(ROWS)
        .mark_bar(height={"band": 0.62}, color=BLOCKED)
        .encode(
            y=alt.Y("way:N", sort="-x", axis=alt.Axis(title=None, labelLimit=220)),
            x=alt.X("days:Q", axis=alt.Axis(title="days lost", tickCount=6)),
            tooltip=[
                alt.Tooltip("way:N", title="Sent back"),
                alt.Tooltip("moves:Q", title="Times"),
                alt.Tooltip("days:Q", title="Days lost"),
                alt.Tooltip("share:Q", title="Of what passed", format=".0%"),
            ],
        )
    )


def releases() -> Drawing:
    """A point per release."""
    return (
        alt.Chart(ROWS)
        .mark_circle(opacity=0.7, stroke="var(--paper)", strokeWidth=1)
        .encode(
            x=date(),
            y=y("issues", "issues in a release"),
            size=alt.Size("waited:Q", scale=alt.Scale(range=[30, 700]), legend=None),
            color=alt.Color("kind:N", scale=colours({"release": TOUCH, "hotfix": CONSTRAINT}), legend=legend()),
            tooltip=[
                alt.Tooltip("release:N", title="Release"),
                day("Day"),
                alt.Tooltip("issues:Q", title="Issues"),
                alt.Tooltip("waited:Q", title="Days they waited, together"),
                alt.Tooltip("bugs:Q", title="Bugs within 14 days"),
            ],
        )
    )


def approvals() -> Drawing:
    """Effective approvers of each stage, with their interval; near one is a single point of approval."""
    stage = alt.Y("stage:N", sort=None, axis=alt.Axis(title=None, labelLimit=150))
    bars = alt.Chart(ROWS).encode(y=stage)
    span = bars.mark_rule(color=MUTED, strokeWidth=2).encode(x=alt.X("low:Q", title="effective approvers"), x2="high:Q")
    points = bars.mark_circle(size=90, color=TOUCH, opacity=1).encode(
        x=alt.X("approvers:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title="effective approvers", tickCount=6)),
        color=alt.Color("kind:N", scale=colours({"single": CONSTRAINT, "several": TOUCH}), legend=None),
        tooltip=[
            alt.Tooltip("stage:N", title="Stage"),
            alt.Tooltip("approvers:Q", title="Effective approvers"),
            alt.Tooltip("busiest:N", title="By the busiest"),
            alt.Tooltip("exits:Q", title="Exits"),
        ],
    )
    return layered(span, points)


def decisions() -> Drawing:
    """Decisions by weekday and hour: the fuller, the more."""
    return (
        alt.Chart(ROWS)
        .mark_rect(color=TOUCH, stroke="var(--paper)", strokeWidth=2)
        .encode(
            x=alt.X("hour:O", axis=alt.Axis(title="hour", labelAngle=0)),
            y=alt.Y("weekday:N", sort=alt.SortField("order"), axis=alt.Axis(title=None)),
            opacity=alt.Opacity("decisions:Q", scale=alt.Scale(range=[0.15, 1], zero=True), legend=None),
            tooltip=[
                alt.Tooltip("weekday:N", title="Day"),
                alt.Tooltip("hour:O", title="Hour"),
                alt.Tooltip("decisions:Q", title="Decisions"),
            ],
        )
    )


def context_switching() -> Drawing:
    """Issues a person has in touch at once, week by week, with the interval."""
    weeks = alt.Chart(ROWS).encode(x=date())
    band = weeks.mark_area(color=WAIT, opacity=0.3).encode(y=y("low", "issues at once, per person"), y2="high:Q")
    middle = weeks.mark_line(color=WAIT, strokeWidth=2.2).encode(
        y="issues:Q",
        tooltip=[
            day("Week of"),
            alt.Tooltip("issues:Q", title="Issues at once"),
            alt.Tooltip("low:Q", title="At least"),
            alt.Tooltip("high:Q", title="At most"),
            alt.Tooltip("people:Q", title="People"),
        ],
    )
    return layered(band, middle)


def forecast() -> Drawing:
    """At least so many, by certainty and weeks ahead."""
    return (
        alt.Chart(ROWS)
        .mark_bar(color=TOUCH)
        .encode(
            x=alt.X("weeks:N", sort=alt.SortField("order"), axis=alt.Axis(title=None, labelAngle=0)),
            xOffset=alt.XOffset("certainty:N"),
            y=y("delivered", "at least so many issues"),
            opacity=alt.Opacity(
                "certainty:O", scale=alt.Scale(range=[0.35, 1]), legend=alt.Legend(title="certain", orient="top")
            ),
            tooltip=[
                alt.Tooltip("weeks:N", title="In the next"),
                alt.Tooltip("certainty:N", title="Certainty"),
                alt.Tooltip("delivered:Q", title="At least"),
            ],
        )
    )


def forecast_record() -> Drawing:
    """Promised against kept: on the diagonal a forecast is as good as its word."""
    scale = alt.Scale(domain=[0, 1])
    ideal = (
        alt.Chart(alt.InlineData(values=[{"promised": 0, "kept": 0}, {"promised": 1, "kept": 1}]))
        .mark_line(color=MUTED, strokeDash=[4, 3])
        .encode(x=alt.X("promised:Q", scale=scale), y=alt.Y("kept:Q", scale=scale))
    )
    points = (
        alt.Chart(ROWS)
        .transform_calculate(promised="datum.promised + (datum.order - 6) * 0.002")
        .encode(
            x=alt.X("promised:Q", scale=scale, axis=_share("promised")),
            color=alt.Color(
                "weeks:N", sort=alt.SortField("order"), scale=alt.Scale(range=[TOUCH, WAIT, BLOCKED]), legend=legend()
            ),
        )
    )
    spans = points.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q", scale=scale, axis=_share("kept")), y2="high:Q")
    dots = points.mark_circle(size=60, opacity=1).encode(
        y=alt.Y("kept:Q", scale=scale),
        tooltip=[
            alt.Tooltip("weeks:N", title="Forecast"),
            alt.Tooltip("promised:Q", title="Promised", format=".0%"),
            alt.Tooltip("kept:Q", title="Kept", format=".0%"),
        ],
    )
    return layered(ideal, spans, dots)


def _share(title: str) -> alt.Axis:
    return alt.Axis(title=title, format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
