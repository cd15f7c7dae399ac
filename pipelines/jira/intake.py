"""What a run has taken in: which issues came, from where, and that each batch is durable before it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pipelines.jira.extraction import Extraction, Progress
from pipelines.jira.heavy import check_not_too_many
from pipelines.jira.ledger import Batch, Run
from pipelines.jira.pulled import Pulled
from pipelines.jira.ranges import Range
from pipelines.jira.reference import Reference
from pipelines.jira.site_store import Store


class Intake:
    """Lands pages of issues as batches of one run, and counts them in ``done``."""

    def __init__(self, store: Store, run: Run, done: Extraction, progress: Progress) -> None:
        self._store, self._run, self._done, self._progress = store, run, done, progress
        landed = store.ledger.batches(run.run_id, "issues")
        self._sequence = _next_sequence(landed)
        self.earlier = {
            number: project for batch in landed for number, project in zip(batch.ids, batch.project_ids, strict=True)
        }
        """Issues that were read before the run broke off, and their projects."""
        self.covered = [(batch.after_id, batch.until_id) for batch in landed if batch.after_id is not None]
        """Ranges of ids of the run's window that were read to their end then."""
        self.left_short: set[int] = set()
        """Issues of which more may be had now than before the run broke off."""
        for batch in landed:
            self.left_short = self.left_short.difference(batch.ids).union(batch.unrepaired_ids)
        self.unreadable = {number for number, project in self.earlier.items() if not project}
        """Issues that came as notices only."""
        self._unsent = self.unreadable & self.left_short
        self.read: set[int] = set()
        self.single: set[int] = set()
        """Issues read on the route of one issue."""
        self.missing: set[int] = set()
        """Issues that were listed and not handed out."""

    @property
    def landed(self) -> set[int]:
        """Every issue that was read, before the run broke off or since."""
        return self.read | self.earlier.keys()

    @property
    def seen(self) -> set[int]:
        """Every issue that was listed or read, before the run broke off or since."""
        return self.landed | self.missing

    def land(self, pages: Iterable[Pulled], *, is_window: bool = False) -> None:
        """A batch enters the ledger only when it is durable; of the run's window it also notes what it covers.

        Raises TooHeavyError where too many issues of the run were not sent.
        """
        done = self._done
        for page in pages:
            self.missing |= set(page.missing)
            if page.lines or (page.covers and is_window):
                self._record(page, page.covers if is_window else None)
            done.history_count += page.histories
            done.repaired_count += page.repaired_count
            done.broken_count += page.broken_count
            done.issue_count += len(page.lines)
            self._progress(done.issue_count, page.total)
            self._note_notices(page)

    def _note_notices(self, page: Pulled) -> None:
        came = {number for number, _ in page.lines}
        self.unreadable = self.unreadable.difference(came).union(page.unreadable)
        self._unsent = self._unsent.difference(came) | (set(page.unreadable) & set(page.unrepaired))
        check_not_too_many(self._unsent)

    def land_reference(self, reference: Reference) -> None:
        """Keep what the site knows besides issues."""
        self._done.reference_sha = self._store.landing.write_reference(msgspec.json.encode(reference))
        landed = self._store.ledger.batches(self._run.run_id, "reference")
        batch = Batch(_next_sequence(landed), "reference", self._done.reference_sha)
        self._store.ledger.record(self._run.run_id, batch)

    def _record(self, page: Pulled, covers: Range | None) -> None:
        sha = self._store.landing.write_issues([line for _, line in page.lines])
        ids = tuple(number for number, _ in page.lines)
        projects = tuple(_project_id(line) for _, line in page.lines)
        after, until = covers or (None, None)
        batch = Batch(self._sequence, "issues", sha, ids, projects, after, until, page.unrepaired)
        self._store.ledger.record(self._run.run_id, batch)
        self._sequence += 1
        self.read |= set(ids)
        self.single |= set(ids) if page.is_single else set()
        self.missing -= set(ids)
        self._done.batches.append(sha)


def _next_sequence(landed: Sequence[Batch]) -> int:
    """After the last one: one in between may have been forgotten because its file was damaged."""
    return 1 + max((batch.sequence for batch in landed), default=-1)


class _LandedProject(msgspec.Struct):
    id: str = "0"


class _LandedFields(msgspec.Struct):
    project: _LandedProject


class _LandedLine(msgspec.Struct):
    fields: _LandedFields = msgspec.field(default_factory=lambda: _LandedFields(_LandedProject()))


def _project_id(line: bytes) -> int:
    """The project of a landed line; 0 for a notice."""
    return int(msgspec.json.decode(line, type=_LandedLine).fields.project.id)
