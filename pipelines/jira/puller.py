"""The steps of one run: read what is asked for, prove that it is all, find out who is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipelines.jira.census import Census, Findings
from pipelines.jira.client import JiraSession
from pipelines.jira.errors import AnswerError
from pipelines.jira.extraction import Extraction
from pipelines.jira.intake import Intake
from pipelines.jira.ledger import Ledger, Run, Tombstone
from pipelines.jira.options import Options
from pipelines.jira.pulled import Pulled
from pipelines.jira.route import Route, count_issues, has_match, sweep_ids
from pipelines.jira.scope import ResolvedScope
from pipelines.jira.watermark import find_form, updated_since
from transforms.wording import counted

BULK_IS_SHORT = "run_with_short_bulk_route"
"""Fact of the ledger: the newest run in which the bulk route was found short."""

MOST_READ_AGAIN = 1000
"""Issues a run reads again because it left them short before it broke off, or because an earlier one did."""


class Puller:
    """The steps of one run, in their order."""

    def __init__(
        self, session: JiraSession, scope: ResolvedScope, ledger: Ledger, run: Run, options: Options, route: Route,
        intake: Intake, done: Extraction,
    ) -> None:  # fmt: skip
        self._session, self._scope, self._ledger, self._run, self._options = session, scope, ledger, run, options
        self._route, self._intake, self._done = route, intake, done
        self.gone: list[Tombstone] = []

    def read_all(self) -> None:
        """Read the run's window, prove its number, look for who is gone. Raises JiraError where something lacks."""
        window = self._since(self._run.since) if self._run.since else self._scope.jql
        intake = self._intake
        self._route.audit.is_failed |= self._ledger.fact(BULK_IS_SHORT) == self._run.run_id
        intake.land(self._watched(self._route.pull(window, intake.earlier, intake.covered)), is_window=True)
        if intake.earlier:
            self._read_what_changed_meanwhile()
        self._prove_count(window)
        self._read_what_was_left_short()
        self._read_what_is_doubted()
        self._take_census()
        self._read_what_is_doubted()

    def _watched(self, pages: Iterable[Pulled]) -> Iterator[Pulled]:
        """Note with the run that an audit failed: who takes it up has to doubt what it read before, too."""
        try:
            for page in pages:
                self._note_doubt()
                yield page
        finally:
            self._note_doubt()

    def _note_doubt(self) -> None:
        if self._route.audit.is_failed:
            self._ledger.note_fact(BULK_IS_SHORT, self._run.run_id)

    def _since(self, moment: datetime) -> str:
        form = find_form(self._ledger, self._session, self._scope.jql)
        return f"({self._scope.jql}) AND {updated_since(moment, form, self._session.time_zone)}"

    def _read_what_changed_meanwhile(self) -> None:
        """Issues read before the run broke off may have changed until it was taken up."""
        fresh = self._since(self._run.server_started_at - self._options.overlap)
        self._intake.land(self._route.pull(fresh, self._intake.read))

    def _read_what_was_left_short(self) -> None:
        """Issues left short: by this run before it broke off, and by earlier ones, those read longest ago first."""
        unread = sorted(self._intake.left_short - self._intake.read)[:MOST_READ_AGAIN]
        if self._run.mode == "window":
            known = self._intake.seen | set(self._ledger.tombstones()["issue_id"])
            short = [number for number in self._ledger.unrepaired(self._run.era) if number not in known]
            unread += short[:MOST_READ_AGAIN]
        self._intake.land(self._route.fetch(unread))

    def _read_what_is_doubted(self) -> None:
        """Once an audit failed, all that was read in bulk before is read again on the route of one issue."""
        if self._route.audit.is_failed:
            self._intake.land(self._route.fetch(sorted(self._intake.landed - self._intake.single)))

    def _prove_count(self, window: str) -> None:
        """Hold what came against the site's own count, and nothing against the projects' keys. Raises AnswerError."""
        expected = self._done.expected_count = count_issues(self._session, window)
        if expected is not None and len(self._intake.seen) < expected:
            self._read_unseen(window, expected)
        if self._run.mode == "full" and not self._intake.seen:
            self._check_that_project_ids_are_understood()

    def _read_unseen(self, window: str, expected: int) -> None:
        """Read what a second sweep finds beside the first. Raises AnswerError if that is not enough either."""
        unseen = sorted(set(sweep_ids(self._session, window)) - self._intake.seen)
        self._intake.land(self._route.fetch(unseen))
        listed = len(self._intake.seen)
        if listed < (1 - self._options.count_tolerance) * expected:
            raise AnswerError(
                f"The site counts about {counted(expected, 'issue')} in the scope ({', '.join(self._scope.keys)}), and"
                f" lists {listed}. Nothing was published. Its search index may be rebuilding: run again"
                " later. If its count stays wrong, raise count_tolerance in flow.toml."
            )
        if listed < expected:
            self._done.warnings.append(
                f"The site counts about {counted(expected, 'issue')} and lists {listed}, twice. What lacks is within"
                " count_tolerance in flow.toml, so the run went on; the next full reading looks again."
            )

    def _check_that_project_ids_are_understood(self) -> None:
        """An empty scope is only believed if it is empty by the projects' keys as well."""
        if has_match(self._session, self._scope.jql_by_keys):
            raise AnswerError(
                f"The site finds no issue in the scope by its projects' ids, and finds some by their keys"
                f" ({', '.join(self._scope.keys)}). It does not read JQL as Jira does; nothing was published."
            )

    def _take_census(self) -> None:
        """Compare with all that is known where it is due; find out about issues listed and not handed out anyway.

        What was read before the run broke off is known too: it may have gone since. What the run read is not dead.
        """
        census = Census(self._session, self._scope, self._options.are_losses_accepted)
        dead = set(self._ledger.tombstones()["issue_id"]) - self._intake.landed
        known = self._ledger.known_projects(self._run.era)
        known |= {number: project for number, project in self._intake.earlier.items() if project or number not in known}
        missing = self._intake.missing - dead
        census.check_losses(missing, known, len(self._intake.seen))
        self._settle(census.look_up(missing), known)
        if self._run.has_census:
            is_listed = self._run.mode == "full" and not self._intake.earlier
            listed = self._intake.seen if is_listed else set(sweep_ids(self._session, self._scope.jql))
            buried = dead | {one.issue_id for one in self.gone}
            self._settle(census.take(listed - self._intake.missing, known, self._intake.landed, buried), known)

    def _settle(self, findings: Findings, known: dict[int, int]) -> None:
        """Read who is there after all, and bury the others."""
        self._intake.missing -= set(findings.to_fetch)
        self._intake.land(self._route.fetch(findings.to_fetch))
        if lacking := self._intake.missing & set(findings.to_fetch):
            raise AnswerError(
                f"The site lists {counted(len(lacking), 'issue')} that it shows by id and leaves out when asked for"
                f" many at once, again and again (first: {min(lacking)}). Nothing was published; run again later."
            )
        self.gone += findings.gone
        self._done.gone_count = sum(one.issue_id in known for one in self.gone)
        self._done.warnings += findings.warnings
