"""What METHODS.md says is true of one issue, asked instant by instant: slow, plain, and apart from the implementation.

It reads raw rows and the workflow's plain values, and knows nothing of ``transforms.core``. Nothing here is vectorised
or clever on purpose: every answer is a question about one instant. Times are integer milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from tests.oracle_events import ms, working_ms
from tests.oracle_history import FOREVER, IssueHistory, Pass, Row, Stay, Visit
from transforms.workflow import SPAN_KINDS, TERMINAL_KINDS


class Stretch(NamedTuple):
    """Stage and kind hold throughout [start, end)."""

    start: int
    end: int
    stage: str
    kind: str
    alternative: str | None
    status_id: int
    pass_number: int
    assignee: int | None
    is_rework: bool


class Life(IssueHistory):
    """Everything that is true of one issue."""

    # what holds at an instant

    def visit_at(self, at: int) -> Visit:
        """The stay that holds at an instant."""
        return [v for v in self.visits if v.entered <= at][-1]

    def kind_at(self, at: int) -> str:
        """The one category of an instant."""
        if not self.is_started_at(at):
            return "not_started"
        visit = self.visit_at(at)
        if self.is_over_at(visit, visit.status_id, at):
            return self._ended(at, visit, visit.status_id)
        return self._overlaid(at, visit, visit.status_id, True)

    def alternative_at(self, at: int) -> str | None:
        """The category under the other reading of a doubtful instant, where that differs.

        The other reading: the status the next change says was left, and no blocker whose end cannot be seen.
        """
        visit, kind = self.visit_at(at), self.kind_at(at)
        doubt, since = visit.doubt, [then for then in self.held(visit) if then <= at]
        status = visit.status_id if doubt is None else doubt
        is_ended = self.is_ended_at(visit, status, at)
        starts = doubt is not None and (any(self.commits(doubt, then) for then in since) or is_ended)
        if not self.is_started_at(at) and not starts:
            return None
        if not self.is_over_at(visit, status, at):
            other = self._overlaid(at, visit, status, False)
        elif doubt is not None and self.would_last(visit):
            other = "discarded" if self.is_discarded_at(visit, status, at) else "done"
        else:
            other = "done_gap" if doubt is not None else self._ended(at, visit, status)
        return other if other != kind else None

    def would_last(self, visit: Visit) -> bool:
        """Whether a life would have ended with this visit, had that been terminal: none but the end follows."""
        following = self.visits[self.visits.index(visit) + 1 :]
        return not following or self.kind_at(following[0].entered) in TERMINAL_KINDS

    def is_started_at(self, at: int) -> bool:
        """Whether work of this life has begun by this instant."""
        started = self.pass_at(at).started
        return started is not None and started <= at

    def _ended(self, at: int, visit: Visit, status_id: int) -> str:
        """A terminal status: a gap if the issue comes back within this life, else the end."""
        finished = self.pass_at(at).finished
        if finished is None or at < finished:
            return "done_gap"
        return "discarded" if self.is_discarded_at(visit, status_id, at) else "done"

    def _overlaid(self, at: int, visit: Visit, status_id: int, counts_unknown_blockers: bool) -> str:
        """What lies over a status that is not terminal, or over the wait for a release."""
        kind = "queue" if self.is_ended_at(visit, status_id, at) else self.model(status_id, at).kind
        is_dependent = self.is_blocked_at(at, unknown_blockers=counts_unknown_blockers)
        if kind == "blocked" or is_dependent or self.value_at("flagged", at):
            return "blocked"
        if kind == "queue":
            return "wait"
        is_nobodys = self.value_at("assignee", at) is None
        return "unassigned" if is_nobodys and self.stream.is_assignment_used else "touch"

    def is_rework_at(self, at: int) -> bool:
        """Whether the status of this instant had been visited before."""
        now = self.visit_at(at)
        return any(v.status_id == now.status_id for v in self.visits[: self.visits.index(now)])

    # dependencies

    @cached_property
    def dependencies(self) -> list[tuple[int, int, bool]]:
        """Stretches [start, end) in which another issue blocks this one, and whether that blocker is unknown."""
        rows = [c for c in self._changes if c["field"] == "link" and c["link_kind"] == "blocked_by"]
        rows.sort(key=lambda c: (c["changed_at"], c["history_id"], c["item_index"]))
        keys = {c["to_key"] or c["from_key"] for c in rows} | set(self.issue["blocked_by_keys"] or [])
        return [stretch for key in sorted(keys) for stretch in self._dependency(key, rows)]

    def _dependency(self, key: str, rows: list[Row]) -> Iterator[tuple[int, int, bool]]:
        events = [(ms(c["changed_at"]), c["to_key"] == key) for c in rows if key in (c["to_key"], c["from_key"])]
        is_old = not events[0][1] if events else True
        opened = ms(self.issue["created_at"]) if is_old else None  # one set with the issue's creation leaves no change
        for at, is_added in events:
            if is_added and opened is None:
                opened = at
            elif not is_added and opened is not None:
                yield self._until_resolved(key, opened, at)
                opened = None
        if opened is not None:
            yield self._until_resolved(key, opened, FOREVER)

    def _until_resolved(self, key: str, start: int, end: int) -> tuple[int, int, bool]:
        blocker = self.site.life_of_key(key)
        if blocker is None:
            return start, end, True
        ends = [stay.entered for stay in blocker.stays if stay.is_ended and (stay.left is None or stay.left > start)]
        if blocker.is_gone and blocker.issue["issue_id"] in self.site.deleted:
            ends.append(blocker.as_of)
        return start, min([end] + [max(at, start) for at in ends]), False

    def is_blocked_at(self, at: int, *, unknown_blockers: bool = True) -> bool:
        """Whether an open dependency blocks the issue at this instant."""
        return any(a <= at < b and (unknown_blockers or not unknown) for a, b, unknown in self.dependencies)

    # stretches and sums

    def instants(self) -> list[int]:
        """All instants at which anything may change, from the beginning to ``as_of``."""
        found = {self.begin, self.as_of} | {ms(c["changed_at"]) for c in self._changes}
        found |= {at for stretch in self.dependencies for at in stretch[:2]}
        found |= {self.in_users_hands_at, *self.midnights(self.begin, self.as_of)}
        return sorted(at for at in found if self.begin <= at <= self.as_of)

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The issue's life cut at every instant at which anything changes."""
        return [
            Stretch(
                start, end, self.stage_at(start), self.kind_at(start), self.alternative_at(start),
                self.visit_at(start).status_id, self.pass_at(start).number, self.value_at("assignee", start),
                self.is_rework_at(start),
            )
            for start, end in pairwise(self.instants())
        ]  # fmt: skip

    def stage_at(self, at: int) -> str:
        """The stage of an instant."""
        visit = self.visit_at(at)
        is_waiting = self.is_ended_at(visit, visit.status_id, at) and not self.is_over_at(visit, visit.status_id, at)
        return "Release" if is_waiting else self.told_at(visit, visit.status_id, at).stage

    def working(self, start: int, end: int) -> int:
        """Working time in the stream's calendar."""
        return working_ms(self.stream.calendar, start, end)

    def journey(self) -> Row:
        """The first life's clocks and counts."""
        first = self.passes[0]
        own = [s for s in self.stretches if s.pass_number == 1]
        finished = self.as_of if first.finished is None and self.is_gone else first.finished
        row: Row = {"started_at": first.started, "finished_at": finished, "outcome": self._outcome(first)}
        for kind in SPAN_KINDS:
            spent = [s for s in own if s.kind == kind]
            row[f"{kind}_ms"] = sum(s.end - s.start for s in spent)
            row[f"{kind}_working_ms"] = sum(self.working(s.start, s.end) for s in spent)
        end = first.finished if first.finished is not None else self.as_of
        row["span_ms"] = 0 if first.started is None else end - first.started
        row["span_working_ms"] = 0 if first.started is None else self.working(first.started, end)
        row |= self._counts(first)
        row["rework_touch_ms"] = sum(s.end - s.start for s in own if s.kind == "touch" and s.is_rework)
        row["touch_ms_low"] = sum(s.end - s.start for s in own if s.kind == "touch" and s.alternative is None)
        row["touch_ms_high"] = sum(s.end - s.start for s in own if "touch" in (s.kind, s.alternative))
        return row

    def _outcome(self, life: Pass) -> str:
        if life.finished is not None:
            return "delivered" if self.is_delivered(life.stays) else "discarded"
        if self.is_gone:
            return "gone"
        return "in_progress" if life.started is not None else "not_started"

    def _counts(self, life: Pass) -> Row:
        reopened = [after for before, after in pairwise(life.stays) if before.is_ended and not after.is_ended]
        is_instant_enough = self.stream.delivery == "status"
        ends = [stay for stay in life.stays if stay.is_over]
        finishes = [stay.entered for stay in ends if is_instant_enough or stay.left != stay.entered]
        return {
            "reopen_count": len(reopened),
            "first_finished_at": finishes[0] if finishes else None,
            "backward_move_count": self._backward_moves(life.stays),
            "handoff_count": self._handoffs(life),
            "continuity_break_count": len({stay.visit for stay in life.stays if stay.visit.doubt is not None}),
            "is_never_started": (life.finished is not None or self.is_gone)
            and not any(self.worked(stay) for stay in life.stays),
        }

    def _backward_moves(self, stays: list[Stay]) -> int:
        """Steps to an earlier place, both places as the definition of the step has them."""
        count, known = 0, None
        for visit, _, _, is_ended, _ in stays:
            if is_ended:
                known = None
                continue
            order = self.model(visit.status_id, visit.entered).order
            before = None if known is None else self.model(known, visit.entered).order
            count += before is not None and order is not None and order < before
            known = known if order is None else visit.status_id
        return count

    def _handoffs(self, life: Pass) -> int:
        if life.started is None:
            return 0
        end = life.finished if life.finished is not None else self.as_of + 1
        return sum(
            None not in (m.source, m.target) and m.source != m.target and life.started <= m.at < end
            for m in self.moves("assignee")
        )
