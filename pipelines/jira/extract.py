"""One extraction: what changed since the last, or everything; landed batch by batch, proved whole, then made current.

Whatever interrupts it, batches that landed are kept and the next run goes on from there. Nothing is computed here;
parsing reads what landed (``tables``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType

import msgspec

from pipelines.jira import cloud, datacenter
from pipelines.jira.audit import Audit
from pipelines.jira.census import Census, Findings
from pipelines.jira.client import JiraSession
from pipelines.jira.details import DetailReader
from pipelines.jira.errors import AnswerError
from pipelines.jira.ledger import Batch, Outcome, Run, Tombstone
from pipelines.jira.manifests import keep_manifest
from pipelines.jira.options import Options
from pipelines.jira.plan import begin, fingerprint
from pipelines.jira.pulled import Pulled
from pipelines.jira.ranges import Range
from pipelines.jira.reference import Reference, fetch_reference, list_projects
from pipelines.jira.scope import ResolvedScope, Scope, resolve
from pipelines.jira.scrub import Scrubber
from pipelines.jira.site_store import Store
from pipelines.jira.watermark import find_form, updated_since

Progress = Callable[[int, int | None], None]
"""Called with issues landed so far and issues expected, None where not known."""

Check = Callable[[Reference], None]
"""Called with what the site knows besides issues."""

MOST_READ_AGAIN = 1000
"""Issues an increment reads again because an earlier run left them short."""


@dataclass
class Extraction:
    """What a run did. ``warnings`` are sentences for people; ``missing`` are listed issues that were not handed out."""

    run_id: str
    server_time: datetime
    as_of: datetime
    flavour: str
    project_keys: tuple[str, ...]
    mode: str = "full"
    since: datetime | None = None
    """Issues updated from then on were read; empty where all were."""
    is_resumed: bool = False
    watermark: datetime | None = None
    """The site's clock at the start of the run, from which the next one reckons."""
    reference_sha: str = ""
    batches: list[str] = field(default_factory=list)
    issue_count: int = 0
    """Issues read in this run; those read before it broke off do not count."""
    history_count: int = 0
    unreadable_count: int = 0
    repaired_count: int = 0
    broken_count: int = 0
    gone_count: int = 0
    audited_count: int = 0
    """Changelogs held against the route of one issue as a sample; Cloud only."""
    missing: list[int] = field(default_factory=list)
    expected_count: int | None = None
    request_count: int = 0
    retry_count: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def extract(
    session: JiraSession,
    scope: Scope,
    store: Store,
    *,
    as_of: datetime | None = None,
    progress: Progress | None = None,
    options: Options | None = None,
    check: Check | None = None,
) -> Extraction:
    """Bring the landed state of a site up to date; raises JiraError, and then the state is as it was.

    ``check`` sees what the site knows before any issue is read; what it raises ends the extraction there.
    """
    tell = progress or (lambda count, total: None)
    with store.ledger.held():
        return _extract(session, scope, store, as_of, tell, options or Options(), check or (lambda reference: None))


def _extract(
    session: JiraSession, scope: Scope, store: Store, as_of: datetime | None, progress: Progress, options: Options,
    check: Check,
) -> Extraction:  # fmt: skip
    began = session.gate.clock()
    resolved = resolve(scope, list_projects(session))
    reference = fetch_reference(session, resolved.projects)
    check(reference)
    names = reference.field_names(options.flagged_field)
    scrubber = Scrubber(names, store.key)
    run = begin(
        store.ledger, options, session.server_time, as_of or session.server_time,
        scope_sha=fingerprint(session.flavour, sorted(key.upper() for key in scope.project_keys), scope.jql),
        shape_sha=fingerprint(sorted(project.id for project in resolved.projects), names.custom_ids),
    )  # fmt: skip
    puller = _Puller(session, resolved, store, scrubber, run, options, progress)
    try:
        puller.read_all()
        puller.land_reference(reference)
        outcome = Outcome(tuple(puller.gone), reference.status_rows())
        keep_manifest(store.landing, store.ledger, run, outcome)
        store.ledger.complete(run, outcome)
    except BaseException:
        store.ledger.fail(run.run_id)
        raise
    done = puller.done
    done.seconds = session.gate.clock() - began
    done.request_count, done.retry_count = session.gate.request_count, session.gate.retry_count
    return done


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes ``jql`` selects; None where it won't say. Raises JiraError."""
    return cloud.count_issues(session, jql) if session.flavour == "cloud" else datacenter.count_issues(session, jql)


class _Puller:
    """The steps of one run, in their order."""

    def __init__(
        self, session: JiraSession, scope: ResolvedScope, store: Store, scrubber: Scrubber, run: Run, options: Options,
        progress: Progress,
    ) -> None:  # fmt: skip
        self._session, self._scope, self._store, self._scrubber = session, scope, store, scrubber
        self._run, self._options, self._progress = run, options, progress
        self._details = DetailReader(session, scrubber, options)
        self._route: ModuleType = cloud if session.flavour == "cloud" else datacenter
        earlier = store.ledger.batches(run.run_id, "issues")
        self._earlier = {number for batch in earlier for number in batch.ids}
        self._covered = [(batch.after_id, batch.until_id) for batch in earlier if batch.after_id is not None]
        self._audit = Audit(session.server_time.timestamp())
        self._read: set[int] = set()
        self._single: set[int] = set()
        """Issues read on the route of one issue since the audit failed."""
        self._sequence = len(earlier)
        self._missing: set[int] = set()
        self.gone: list[Tombstone] = []
        keys = tuple(project.key for project in scope.projects)
        self.done = Extraction(
            run.run_id,
            session.server_time,
            run.as_of,
            session.flavour,
            keys,
            run.mode,
            run.since,
            bool(earlier),
            run.server_started_at,
        )

    def read_all(self) -> None:
        """Read the run's window, prove its number, look for who is gone. Raises JiraError where something lacks."""
        window = self._window()
        if self._session.flavour == "dc":
            self._land(
                datacenter.pull(self._session, window, self._scrubber, self._covered, self._details), is_window=True
            )
        else:
            self._pull_from_cloud(window, self._earlier)
        if self._earlier:
            self._read_what_changed_meanwhile()
        self._read_what_was_left_short()
        self._prove_count(window)
        self._read_what_is_doubted()
        self._take_census()
        self._read_what_is_doubted()
        self._say_what_is_odd()

    def land_reference(self, reference: Reference) -> None:
        """Keep what the site knows besides issues."""
        self.done.reference_sha = self._store.landing.write_reference(msgspec.json.encode(reference))
        sequence = len(self._store.ledger.batches(self._run.run_id, "reference"))
        self._store.ledger.record(self._run.run_id, Batch(sequence, "reference", self.done.reference_sha))

    def _window(self) -> str:
        return self._since(self._run.since) if self._run.since else self._scope.jql

    def _since(self, moment: datetime) -> str:
        form = find_form(self._store.ledger, self._session, self._scope.jql, self._route.has_match)
        return f"({self._scope.jql}) AND {updated_since(moment, form, self._session.time_zone)}"

    def _read_what_changed_meanwhile(self) -> None:
        """Issues read before the run broke off may have changed until it was taken up."""
        fresh = self._since(self._run.server_started_at - self._options.overlap)
        if self._session.flavour == "dc":
            self._land(datacenter.pull(self._session, fresh, self._scrubber, (), self._details))
        else:
            self._pull_from_cloud(fresh, self._read)

    def _read_what_was_left_short(self) -> None:
        """Issues that an earlier run could not repair; those read longest ago first, as many as a batch holds."""
        if self._run.mode == "window":
            dead = set(self._store.ledger.tombstones()["issue_id"])
            short = [number for number in self._store.ledger.unrepaired(self._run.era) if number not in dead]
            unread = [number for number in short if number not in self._seen()]
            self._land(self._fetch(unread[:MOST_READ_AGAIN]))

    def _read_what_is_doubted(self) -> None:
        """Once an audit failed, all that was read in bulk before is read again on the route of one issue."""
        if self._audit.is_failed:
            self._land(self._fetch(sorted((self._read | self._earlier) - self._single)))

    def _pull_from_cloud(self, window: str, done: set[int]) -> None:
        self._land(cloud.pull(self._session, window, self._scrubber, done, self._details, self._audit))

    def _fetch(self, ids: Sequence[int]) -> Iterator[Pulled]:
        """Issues by their ids."""
        if self._session.flavour == "dc":
            return datacenter.fetch(self._session, ids, self._scrubber, self._details)
        return cloud.fetch(self._session, ids, self._scrubber, self._details, self._audit)

    def _prove_count(self, window: str) -> None:
        """Hold what came against the site's own count, and nothing against the projects' keys. Raises AnswerError."""
        expected = self.done.expected_count = self._route.count_issues(self._session, window)
        if expected is not None and len(self._seen()) < expected:
            self._read_unseen(window, expected)
        if self._run.mode == "full" and not self._seen():
            self._check_that_project_ids_are_understood()

    def _read_unseen(self, window: str, expected: int) -> None:
        """Read what a second sweep finds beside the first. Raises AnswerError if that is not enough either."""
        unseen = sorted(set(self._route.sweep_ids(self._session, window)) - self._seen())
        self._land(self._fetch(unseen))
        if len(self._seen()) < (1 - self._options.count_tolerance) * expected:
            raise AnswerError(
                f"The site says that about {expected} issues match the scope ({', '.join(self.done.project_keys)}), and"
                f" lists {len(self._seen())}. Nothing was published. Its search index may be rebuilding: run again"
                " later. If its count stays wrong, raise count_tolerance in flow.toml."
            )

    def _check_that_project_ids_are_understood(self) -> None:
        """An empty scope is only believed if it is empty by the projects' keys as well."""
        if self._route.has_match(self._session, self._scope.jql_by_keys):
            raise AnswerError(
                f"The site finds no issue in the scope by its projects' ids, and finds some by their keys"
                f" ({', '.join(self.done.project_keys)}). It does not read JQL as Jira does; nothing was published."
            )

    def _take_census(self) -> None:
        """Compare with all that is known where it is due; find out about issues listed and not handed out anyway."""
        census = Census(self._session, self._scope, self._route.has_match, self._options.are_losses_accepted)
        dead = set(self._store.ledger.tombstones()["issue_id"])
        known = self._store.ledger.known_projects(self._run.era)
        self._settle(census.look_up(self._missing - dead), known)
        if self._run.has_census:
            is_listed = self._run.mode == "full" and not self._earlier
            listed = self._seen() if is_listed else set(self._route.sweep_ids(self._session, self._scope.jql))
            buried = dead | {one.issue_id for one in self.gone}
            read = self._read | self._earlier
            self._settle(census.take(listed - self._missing, known, read, buried), known)

    def _settle(self, findings: Findings, known: dict[int, int]) -> None:
        """Read who is there after all, and bury the others."""
        self._missing -= set(findings.to_fetch)
        self._land(self._fetch(findings.to_fetch))
        if lacking := self._missing & set(findings.to_fetch):
            raise AnswerError(
                f"The site lists {len(lacking)} issues, shows them by their ids and leaves them out when asked for many"
                f" at once, again and again (first: {min(lacking)}). Nothing was published; run again later."
            )
        self.gone += findings.gone
        self.done.gone_count = sum(one.issue_id in known for one in self.gone)
        self.done.warnings += findings.warnings

    def _seen(self) -> set[int]:
        return self._read | self._earlier | self._missing

    def _land(self, pages: Iterable[Pulled], *, is_window: bool = False) -> None:
        """A batch enters the ledger only when it is durable; of the run's window it also notes what it covers."""
        done = self.done
        for page in pages:
            self._missing |= set(page.missing)
            if page.lines or (page.covers and is_window):
                self._record(page, page.covers if is_window else None)
            done.history_count += page.histories
            done.unreadable_count += page.unreadable_count
            done.repaired_count += page.repaired_count
            done.broken_count += page.broken_count
            done.issue_count += len(page.lines)
            self._progress(done.issue_count, page.total)

    def _record(self, page: Pulled, covers: Range | None) -> None:
        sha = self._store.landing.write_issues([line for _, line in page.lines])
        ids = tuple(number for number, _ in page.lines)
        projects = tuple(_project_id(line) for _, line in page.lines)
        after, until = covers or (None, None)
        batch = Batch(self._sequence, "issues", sha, ids, projects, after, until, page.unrepaired)
        self._store.ledger.record(self._run.run_id, batch)
        self._sequence += 1
        self._read |= set(ids)
        self._single |= set(ids) if page.is_single else set()
        self._missing -= set(ids)
        self.done.batches.append(sha)

    def _say_what_is_odd(self) -> None:
        """What a person should know though the run is sound."""
        self.done.audited_count = self._audit.issue_count
        done, known = self.done, self._store.ledger.known_projects(self._run.era).keys() | self._seen()
        buried = {one.issue_id for one in self.gone} | set(self._store.ledger.tombstones()["issue_id"])
        done.missing = sorted((buried | self._missing) - (known - self._missing))
        if not known:
            done.warnings.append(
                f"No issue matches the scope, though its projects exist: {', '.join(done.project_keys)}. Check the"
                " scope's JQL in flow.toml and the account's permissions."
            )
        if self._audit.is_failed:
            done.warnings.append(
                "Jira's bulk route left out changes that the route of a single issue tells, so every changelog of this"
                " run was read on its own. Set full_refresh_days = 0 in flow.toml for one run to read the rest so, too."
            )
        for count, what in (
            (len(self._missing), "issues were listed but not handed out (deleted, moved or hidden)."),
            (done.unreadable_count, "issues came in an unknown form and are in quarantine."),
            (done.broken_count, "changelogs do not hold together on any route; quality.completeness names them."),
        ):
            if count:
                done.warnings.append(f"{count} {what}")


class _LandedProject(msgspec.Struct):
    id: str = "0"


class _LandedFields(msgspec.Struct):
    project: _LandedProject


class _LandedLine(msgspec.Struct):
    fields: _LandedFields = msgspec.field(default_factory=lambda: _LandedFields(_LandedProject()))


def _project_id(line: bytes) -> int:
    """The project of a landed line; 0 for a notice."""
    return int(msgspec.json.decode(line, type=_LandedLine).fields.project.id)
