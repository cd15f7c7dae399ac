"""How the rows of every chart are drawn: Vega-Lite specifications made with Altair, without any data.

Marks are few, labels are words. What rows a chart gets belongs to ``views``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pipelines.report.charts import constraint, flow, habits
from pipelines.report.charts.parts import INK, MUTED, Drawing

Spec = dict[str, Any]

HEIGHTS = {"cumulative_flow": 300, "cycle_scatter": 300, "ageing_work": 300}

STEPPED = {
    "wait_causes": ("stage", 36),
    "rework": ("way", 30),
    "approvals": ("stage", 30),
    "decisions": ("weekday", 26),
    "what_if_deliveries": ("what", 32),
    "what_if_cycle": ("what", 32),
}
"""Charts that grow with their names: the column of the names, and pixels for each. The page counts them."""

CHARTS: dict[str, Callable[[], Drawing]] = {
    function.__name__: function
    for function in (
        constraint.what_if_deliveries, constraint.what_if_cycle, constraint.constraint_flow,
        constraint.constraint_queue, constraint.wait_causes, flow.cumulative_flow, flow.work_in_progress,
        flow.divergence, flow.cycle_scatter, flow.ageing_work, habits.rework, habits.releases, habits.approvals,
        habits.decisions, habits.context_switching, habits.forecast, habits.forecast_record,
    )
}  # fmt: skip

FONT = 'system-ui, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
"""The page's own, by name: the drawing library measures texts with it."""

CONFIG: Spec = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--line)", "gridColor": "var(--line)", "tickColor": "var(--line)", "labelColor": MUTED,
        "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelPadding": 6,
    },
    "axisY": {"domain": False, "ticks": False},
    "legend": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "titleFontWeight": "normal", "offset": 6,
        "columns": 4,
    },
}  # fmt: skip


@cache
def specification(name: str) -> Spec:
    """The Vega-Lite specification of a chart, as wide as its place, without data and without addresses."""
    chart = CHARTS[name]().properties(width="container", height=HEIGHTS.get(name, 220))
    spec: Spec = chart.to_dict()
    del spec["$schema"]
    return {**spec, "config": CONFIG, "usermeta": {"step": STEPPED.get(name)}}
