"""People and their desks: who takes which issue next, works on it by their own calendar, and when it is finished.

Where issues come from and where they go afterwards is ``engine``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

from pipelines.sandbox.company.clocks import DAY, HOUR, NEVER
from pipelines.sandbox.company.people import Person
from pipelines.sandbox.company.specs import StageSpec
from pipelines.sandbox.company.state import Event, Item, Pool, Scene, Worker


class Desks:
    """Queues in front of stages, the people who serve them, and the clock that drives both."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.spec = scene.spec
        self.now = scene.begin
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._queues: list[deque[Item]] = [deque() for _ in self.spec.stages]
        self._rng = Random(f"{scene.seed}/choices")
        self._in_progress = 0
        self._pools = {
            pool.name: Pool(pool, list(scene.pools[pool.name]), self._stages_of(pool.name)) for pool in self.spec.pools
        }

    def _drain(self) -> None:
        """Let everything happen in order of time until the scene ends."""
        while self._heap:
            at, _, act, args = heappop(self._heap)
            if at > self.scene.end:
                break
            self.now = at
            act(*args)

    def _at(self, at: int, act: Callable[..., None], *args: Any) -> None:
        self._sequence += 1
        heappush(self._heap, (at, self._sequence, act, args))

    def _log(self, item: Item, what: str, value: Any, actor: Person | None) -> None:
        item.log.append(Event(self.now, what, value, actor))

    def _stages_of(self, pool: str) -> list[int]:
        return [number for number, stage in enumerate(self.spec.stages) if stage.pool == pool]

    def _relief(self, stage: StageSpec) -> float:
        if self.now < self.scene.relief_from:
            return 1.0
        relief = self.scene.relief
        return relief.get(stage.name, 1.0) * (relief.get(stage.pool, 1.0) if stage.pool else 1.0)

    def _end_visit(self, item: Item, worker: Worker) -> None:
        """Called when a person has finished what they planned to do on an issue."""
        raise NotImplementedError

    def _dispatch(self, pool_name: str) -> None:
        """Give work to whoever is free and at work; wake those who are off when their day begins."""
        pool = self._pools[pool_name]
        while self._has_work(pool):
            free = [worker for worker in pool.workers if len(worker.active) < worker.slots]
            here = [worker for worker in free if worker.clock.opens(self.now) == self.now]
            here.sort(key=lambda worker: (len(worker.active), worker.idle_since))
            if not any(self._take(pool, worker) for worker in here):
                for worker in free:
                    self._wake(pool_name, worker)
                return

    def _has_work(self, pool: Pool) -> bool:
        """Tell whether anything waits for these people: in a queue, or returned to one of them."""
        return any(self._queues[number] for number in pool.stages) or any(worker.returned for worker in pool.workers)

    def _wake(self, pool_name: str, worker: Worker) -> None:
        opens = worker.clock.opens(self.now)
        if self.now < opens < NEVER and worker.wakes_at < opens:
            worker.wakes_at = opens
            self._at(opens, self._dispatch, pool_name)

    def _take(self, pool: Pool, worker: Worker) -> bool:
        """Let a free person take one issue; tell whether there was one."""
        if worker.returned:
            self._start(worker.returned.popleft(), worker, is_return=True)
            return True
        for number in self._preference(pool):
            item = self._first_fit(number, worker)
            if item:
                self._start(item, worker)
                return True
        return False

    def _preference(self, pool: Pool) -> list[int]:
        waiting = [number for number in pool.stages if self._queues[number] and not self._is_held(number)]
        if len(waiting) > 1 and self._rng.random() >= pool.spec.start_bias:
            waiting.reverse()
        return waiting

    def _is_held(self, number: int) -> bool:
        """Tell whether a work-in-progress limit forbids starting anything new."""
        is_limited = self.now < self.scene.end - self.spec.wip_limit_days * DAY
        return bool(number == 0 and self.spec.wip_limit and is_limited and self._in_progress >= self.spec.wip_limit)

    def _first_fit(self, number: int, worker: Worker) -> Item | None:
        """Take the first issue that this person may work on: nobody reviews what they wrote."""
        queue = self._queues[number]
        for position, item in enumerate(queue):
            if number == 0 or item.owner is not worker:
                del queue[position]
                return item
        return None

    def _start(self, item: Item, worker: Worker, *, is_return: bool = False) -> None:
        stage = self.spec.stages[item.stage]
        if item.stage == 0:
            item.owner = item.owner or worker
        if not self.spec.arrivals_per_week and item.started is None:
            item.started = self.now
            self._in_progress += 1
            self._log(item, "status", stage.active, worker.person)
        elif stage.queue and not is_return:
            self._log(item, "status", stage.active, worker.person)
        self._assign(item, worker.person)
        if not item.work_left:
            self._draw_visit(item, stage)
        self._begin_work(item, worker)

    def _assign(self, item: Item, person: Person) -> None:
        if self.spec.assigns and item.assignee is not person:
            item.assignee = person
            self._log(item, "assign", person, person)

    def _draw_visit(self, item: Item, stage: StageSpec) -> None:
        """Draw effort, impediment and verdict of one visit: always the same number of draws."""
        rng, sigma2 = item.rng, math.log(1 + stage.cv**2)
        work = rng.lognormvariate(math.log(stage.hours) - sigma2 / 2, math.sqrt(sigma2))
        draws = rng.random(), rng.random(), rng.expovariate(1 / 14), rng.random()
        item.work_left = max(0.05, work * item.effort * self._relief(stage)) * HOUR
        item.pause = 1.5 + draws[2] if draws[0] < self.spec.block_share else 0.0
        if item.pause:
            item.work_left *= 0.15 + 0.7 * draws[1]
        item.is_sent_back = draws[3] < stage.rework

    def _begin_work(self, item: Item, worker: Worker) -> None:
        worker.book(self.now)
        worker.active[item] = item.work_left
        self._plan_finish(worker)

    def _plan_finish(self, worker: Worker) -> None:
        worker.version += 1
        self._at(worker.next_finish(), self._finish, worker, worker.version)

    def _finish(self, worker: Worker, version: int) -> None:
        if version != worker.version:
            return
        worker.book(self.now)
        ready = worker.take_finished()
        worker.idle_since = self.now
        self._plan_finish(worker)
        for item in ready:
            self._end_visit(item, worker)
        self._dispatch(worker.pool)
