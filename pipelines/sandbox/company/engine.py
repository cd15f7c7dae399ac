"""A discrete-event simulation of one value stream: issues arrive, walk from stage to stage, wait, return, end.

It produces what truly happened, as a log per issue, in the words of the stream's statuses. What of it Jira records, and
how wrongly, is ``drafts`` and ``quirks``.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

from pipelines.sandbox.company.clocks import DAY, HOUR, MINUTE, NEVER, from_ms
from pipelines.sandbox.company.desks import Desks
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.specs import StageSpec
from pipelines.sandbox.company.state import Blocker, Item, Scene, Worker

REWORK_EFFORT = 0.45
"""Work sent back takes this share of the first effort, each time again."""

BACKLOG_DEPTH = 60
"""Issues that the product people of a backlog-fed stream keep ready."""

REGULARITY = 3.0
"""Gaps between new issues vary less than by pure chance: shape of their gamma distribution."""

NOTICED_WITHIN = 20 * MINUTE
"""Somebody who is free sees new work in a queue within this time."""

LATE_FRIDAY_HOUR = 13


class Simulation(Desks):
    """Runs a scene. Use ``run`` once; then read ``items``."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.items: list[Item] = []
        self.gate_openings: list[int] = []
        self._blocker_ends = [blocker.finished for blocker in scene.blockers]

    def run(self) -> list[Item]:
        """Simulate to the end and return every issue in order of creation."""
        self._plan_arrivals()
        self._plan_gates()
        self._drain()
        return self.items

    # --- arrivals

    def _plan_arrivals(self) -> None:
        clock, rng = self.scene.coordinator_clock, Random(f"{self.scene.seed}/arrivals")
        if not self.spec.arrivals_per_week:
            self._refine()
            return
        first, last = clock.worked(self.scene.begin), clock.worked(self.scene.end)
        work = float(first)
        while True:
            demand = 1 + self.spec.growth * (2 * (work - first) / (last - first) - 1)
            work += rng.gammavariate(REGULARITY, 1 / REGULARITY) * 40 * HOUR / (self.spec.arrivals_per_week * demand)
            if work > last:
                return
            self._at(clock.moment(work), self._create)

    def _create(self) -> None:
        item = self._new_item()
        draw = item.rng.random()
        if draw < self.spec.drop_share:
            self._at(self._office(self.now + int(item.rng.lognormvariate(2.7, 0.8) * DAY)), self._drop, item)
            return
        ready = self.now + int(item.rng.lognormvariate(0.9, 0.8) * DAY)
        self._at(self._office(self._planning_after(ready)), self._commit, item)

    def _new_item(self) -> Item:
        number = len(self.items)
        rng = Random(f"{self.scene.seed}/{number}")
        item = Item(number, "Bug" if rng.random() < self.spec.bug_share else "Story", self.now, rng)
        if rng.random() < self.spec.cancel_share:
            item.cancel_stage = rng.randrange(len(self.spec.stages))
        else:
            rng.random()
        draws = rng.random(), rng.random(), rng.expovariate(1 / 9), rng.random()
        if draws[0] < self.spec.reopen_share:
            item.reopen_after = 34 + 4 * draws[2] if draws[1] < 0.25 else 0.2 + min(draws[2], 26)
        item.is_fast = item.kind == "Bug" and draws[3] < self.spec.fast_lane
        self.items.append(item)
        self._log(item, "status", self.spec.backlog_status, self.scene.coordinator)
        return item

    def _refine(self) -> None:
        """Keep the backlog of a backlog-fed stream full: every Monday, in one sitting of the product people."""
        at = self.now
        for _ in range(BACKLOG_DEPTH - len(self._queues[0])):
            self._at(at, self._write_down)
            at += 60_000 + self._rng.randrange(300_000)
        self._at(self._office(self.now + 6 * DAY + 12 * HOUR), self._refine)

    def _write_down(self) -> None:
        item = self._new_item()
        item.stage = 0
        self._queues[0].append(item)
        self._dispatch(self.spec.stages[0].pool)

    def _planning_after(self, at: int) -> int:
        if not self.spec.planning_days:
            return at
        period = self.spec.planning_days * DAY
        return self.scene.begin + -(-(at - self.scene.begin) // period) * period

    def _office(self, at: int) -> int:
        """First moment from ``at`` on at which the coordinator is at work."""
        return self.scene.coordinator_clock.opens(at)

    def _drop(self, item: Item) -> None:
        self._cancel(item)

    def _commit(self, item: Item) -> None:
        self._enter_queue(item, 0, self.scene.coordinator)

    # --- the walk

    def _enter_queue(self, item: Item, number: int, actor: Person | None) -> None:
        """Let the issue wait for a stage: in its queue column, or in the active status itself."""
        stage = self.spec.stages[number]
        item.stage = number
        self._log(item, "status", stage.queue or stage.active, actor)
        if self.spec.clears_assignee and stage.queue and item.assignee:
            item.assignee = None
            self._log(item, "assign", None, actor)
        if item.started is None:
            item.started = self.now
            self._in_progress += 1
        if item.cancel_stage == number:
            item.cancel_stage = -1
            self._at(self._office(self.now + int(item.rng.expovariate(1 / 6) * DAY) + HOUR), self._cancel, item)
        elif stage.gate_days:
            self._wait_for_gate(item)
        else:
            self._queues[number].append(item)
            self._at(self.now + MINUTE + item.rng.randrange(NOTICED_WITHIN), self._dispatch, stage.pool)

    def _end_visit(self, item: Item, worker: Worker) -> None:
        stage = self.spec.stages[item.stage]
        if item.pause:
            self._interrupt(item, worker)
        elif stage.late_friday and (late := self._late_friday(item, stage, worker)):
            self._at(late, self._move_on, item, worker.person)
        else:
            self._move_on(item, worker.person)

    def _late_friday(self, item: Item, stage: StageSpec, worker: Worker) -> int:
        """When a result of Friday afternoon is recorded, if it is left until the last minutes; else 0."""
        local = from_ms(self.now).astimezone(ZoneInfo(worker.person.zone))
        if local.weekday() != 4 or local.hour < LATE_FRIDAY_HOUR or item.rng.random() >= stage.late_friday:
            return 0
        minutes = 30 + item.rng.randrange(28)
        recorded = local.replace(hour=worker.person.start_hour + 7, minute=0) + timedelta(minutes=minutes)
        return max(self.now + 1, int(recorded.timestamp() * 1000))

    def _move_on(self, item: Item, actor: Person | None) -> None:
        if item.is_sent_back:
            self._send_back(item, actor)
        elif item.stage + 1 == len(self.spec.stages):
            self._deliver(item, actor)
        else:
            self._enter_queue(item, item.stage + 1, actor)

    def _send_back(self, item: Item, actor: Person | None) -> None:
        """Return the issue to whoever did the first stage: it is active there, though they may be busy."""
        item.effort = max(0.2, item.effort * REWORK_EFFORT)
        item.stage, item.is_sent_back, item.work_left = 0, False, 0.0
        self._log(item, "status", self.spec.stages[0].active, actor)
        if item.owner is None:
            raise ValueError(f"{self.spec.key} item {item.number} came back before anybody worked on it")
        self._assign(item, item.owner.person)
        item.owner.returned.append(item)
        self._dispatch(self.spec.stages[0].pool)

    # --- impediments

    def _interrupt(self, item: Item, worker: Worker) -> None:
        """Put the issue aside until the impediment is gone; the rest of the work follows then."""
        pause, item.pause = item.pause, 0.0
        item.work_left = item.rng.uniform(0.5, 4.0) * HOUR
        blocker = self._find_blocker(item)
        if blocker:
            self._log(item, "link", blocker, worker.person)
            until = worker.clock.opens(blocker.finished + 60_000)
        else:
            until = worker.clock.moment(worker.clock.worked(self.now) + pause * HOUR)
            self._hold(item, worker, is_held=True)
        self._at(until, self._resume, item, worker, blocker is None)

    def _find_blocker(self, item: Item) -> Blocker | None:
        """An issue of another stream that is in progress now and will be finished within weeks."""
        draw = item.rng.random()
        low = bisect_left(self._blocker_ends, self.now + 6 * HOUR)
        high = bisect_left(self._blocker_ends, self.now + 12 * DAY)
        open_now = [other for other in self.scene.blockers[low:high] if other.started < self.now]
        return open_now[int(draw * 3 * len(open_now))] if open_now and draw < 1 / 3 else None

    def _hold(self, item: Item, worker: Worker, *, is_held: bool) -> None:
        if self.spec.hold_status:
            active = self.spec.stages[item.stage].active
            self._log(item, "status", self.spec.hold_status if is_held else active, worker.person)
        else:
            self._log(item, "flag", is_held, worker.person)

    def _resume(self, item: Item, worker: Worker, was_held: bool) -> None:
        if was_held:
            self._hold(item, worker, is_held=False)
        worker.returned.append(item)
        self._dispatch(self.spec.stages[item.stage].pool)

    # --- the end

    def _plan_gates(self) -> None:
        for number, stage in enumerate(self.spec.stages):
            at = self.scene.begin + 8 * DAY + 10 * HOUR if stage.gate_days else NEVER
            while at < self.scene.end:
                self.gate_openings.append(at)
                self._at(at, self._open_gate, number)
                factor = self.scene.relief.get(stage.name, 1.0) if at >= self.scene.relief_from else 1.0
                at += int(stage.gate_days * factor * DAY)

    def _wait_for_gate(self, item: Item) -> None:
        train = bisect_left(self.gate_openings, self.now)
        if item.is_fast:
            self._log(item, "version", ("hotfix", train), self.scene.coordinator)
            self._at(self.now + HOUR, self._deliver, item, self.scene.coordinator)
        else:
            self._log(item, "version", ("train", train), self.scene.coordinator)
            self._queues[item.stage].append(item)

    def _open_gate(self, number: int) -> None:
        queue = self._queues[number]
        for place in range(len(queue)):
            self._at(self.now + 700 * place, self._deliver, queue.popleft(), self.scene.coordinator)

    def _deliver(self, item: Item, actor: Person | None) -> None:
        item.finished = self.now
        item.first_finished = item.first_finished or self.now
        self._in_progress -= 1
        self._log(item, "status", self.spec.done_status, actor)
        if item.reopen_after > 0:
            at = self._office(self.now + int(item.reopen_after * DAY))
            item.reopen_after = -1.0
            self._at(at, self._reopen, item)
        self._restart()

    def _reopen(self, item: Item) -> None:
        item.finished = None
        self._in_progress += 1
        self._send_back(item, self.scene.coordinator)

    def _cancel(self, item: Item) -> None:
        item.cancelled = self.now
        self._in_progress -= item.started is not None
        self._log(item, "cancel", None, self.scene.coordinator)
        self._restart()

    def _restart(self) -> None:
        """Under a work-in-progress limit a departure lets somebody start."""
        if self.spec.wip_limit:
            self._dispatch(self.spec.stages[0].pool)
