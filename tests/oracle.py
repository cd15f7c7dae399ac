"""The judge of the calculations: a brute force that asks each instant what METHODS.md says is true.

``Site`` holds all issues and what needs more than one of them; what is true of a single issue is in ``oracle_life``.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import polars as pl

from tests.oracle_events import ms
from tests.oracle_history import Row, StatusModel
from tests.oracle_life import Life
from transforms.workflow import SPAN_KINDS, ValueStream, Workflow

ROLLUP_PRECEDENCE = ("touch", "blocked", "unassigned", "wait", "done_gap")
"""What an epic is doing while its children do several things."""


class Site:
    """All issues, and the questions that need more than one of them."""

    def __init__(
        self, issues: pl.DataFrame, changes: pl.DataFrame, workflow: Workflow, as_of: datetime,
        versions: pl.DataFrame | None = None, tombstones: pl.DataFrame | None = None,
    ) -> None:  # fmt: skip
        self.workflow, self.as_of = workflow, ms(as_of)
        graves = [] if tombstones is None else tombstones.to_dicts()
        self.gone_at = {row["issue_id"]: ms(row["gone_at"]) for row in graves}
        self.deleted = {row["issue_id"] for row in graves if row["reason"] == "deleted_or_no_access"}
        self.versions = {} if versions is None else {row["version_id"]: row for row in versions.to_dicts()}
        self.models = {
            (r["value_stream"], r["status_id"], r.get("until")): StatusModel(
                r["stage_name"], r["work_kind"], r["status_order"]
            )
            for r in [*workflow.statuses.to_dicts(), *workflow.earlier_statuses.to_dicts()]
        }
        self._scopes = {(r["project_id"], r["issue_type_id"]): r["value_stream"] for r in workflow.scopes.to_dicts()}
        rows = changes.to_dicts()
        self.lives = {
            row["issue_key"]: Life(row, [c for c in rows if c["issue_id"] == row["issue_id"]], self)
            for row in issues.to_dicts()
        }

    def stream_of(self, issue: Row) -> ValueStream:
        """The value stream an issue belongs to."""
        name = self._scopes[(issue["project_id"], issue["issue_type_id"])]
        return next(s for s in self.workflow.streams if s.name == name)

    def life_of_key(self, key: str) -> Life | None:
        """The issue that has this key, or once had it."""
        if key in self.lives:
            return self.lives[key]
        return next((life for life in self.lives.values() if key in life.former_keys), None)

    def children_of(self, key: str) -> list[Life]:
        """Issues whose parent this is."""
        parent = self.lives[key].issue["issue_id"]
        return [x for x in self.lives.values() if x.issue["parent_id"] == parent or x.issue["parent_key"] == key]

    def rollup(self, key: str) -> Row:
        """An epic's journey: what its children do, each instant counted once."""
        children = self.children_of(key)
        starts = [c.passes[0].started for c in children if c.passes[0].started is not None]
        finishes = [c.passes[0].finished for c in children]
        is_open = None in finishes
        end = self.as_of if is_open else max(finishes)
        start = min(starts) if starts else end
        row: Row = {
            "started_at": start if starts else None, "finished_at": None if is_open else end,
            "span_ms": end - start, "child_touch_ms": sum(c.journey()["touch_ms"] for c in children),
        }  # fmt: skip
        row |= {f"{kind}_ms": 0 for kind in SPAN_KINDS} | {f"{kind}_working_ms": 0 for kind in SPAN_KINDS}
        cuts = sorted({start, end} | {at for c in children for at in c.instants() if start <= at <= end})
        for a, b in pairwise(cuts):
            kind = self.rollup_kind_at(children, a)
            row[f"{kind}_ms"] += b - a
            row[f"{kind}_working_ms"] += self.lives[key].working(a, b)
        return row

    def rollup_kind_at(self, children: list[Life], at: int) -> str:
        """What an epic is doing at an instant of its span; when none of its children is under way, it waits."""
        kinds = {c.kind_at(at) for c in children if c.begin <= at and c.pass_at(at).number == 1}
        return next((kind for kind in ROLLUP_PRECEDENCE if kind in kinds), "wait")
