"""What charts share: colours, axes, legends. What a single chart draws is beside it.

Colours are the page's own CSS variables, so a chart follows light, dark and print without being drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

TOUCH, WAIT, BLOCKED = "var(--touch)", "var(--wait)", "var(--blocked)"
CONSTRAINT, INK, MUTED = "var(--constraint)", "var(--ink)", "var(--muted)"

ROWS = alt.NamedData("rows")
"""What the page hands every chart."""

Drawing = Any
"""A chart or layers of charts: Altair's own methods forget which."""


def date() -> alt.X:
    """The time axis: days as they stand in the tables, in nobody's own zone."""
    axis = alt.Axis(title=None, format="%b %Y", labelOverlap=True, grid=False, tickCount=6)
    return alt.X("date:T", scale=alt.Scale(type="utc"), axis=axis)


def day(title: str) -> alt.Tooltip:
    """A day in a tooltip."""
    return alt.Tooltip("date:T", title=title, format="%d %b %Y", timeUnit="utcyearmonthdate")


def y(field: str, title: str) -> alt.Y:
    """A quantity upwards."""
    return alt.Y(f"{field}:Q", axis=alt.Axis(title=title, tickCount=5))


def colours(found: Mapping[str, str]) -> alt.Scale:
    """One colour for each name, wherever it stands."""
    return alt.Scale(domain=list(found), range=list(found.values()))


def legend(**options: Any) -> alt.Legend:
    """Above the chart, without a title."""
    return alt.Legend(title=None, orient="top", direction="horizontal", **{"symbolType": "square"} | options)


def layered(*layers: Drawing) -> Drawing:
    """Layers upon each other."""
    return alt.layer(*layers)


def two_lines(found: Mapping[str, str], title: str) -> Drawing:
    """Two flows, week by week, told apart by colour and dash."""
    dashes = alt.Scale(domain=list(found), range=[[5, 2], [1, 0]])
    return (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2)
        .encode(
            x=date(),
            y=y("count", title),
            color=alt.Color("flow:N", scale=colours(found), legend=legend(symbolType="stroke")),
            strokeDash=alt.StrokeDash("flow:N", scale=dashes, legend=legend(symbolType="stroke")),
            tooltip=[day("Week of"), alt.Tooltip("flow:N", title="Flow"), alt.Tooltip("count:Q", title="Issues")],
        )
    )
