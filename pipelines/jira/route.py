"""The way to a site's issues, the same to ask whichever its flavour."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pipelines.jira import cloud, datacenter
from pipelines.jira.audit import Audit
from pipelines.jira.client import JiraSession
from pipelines.jira.details import DetailReader
from pipelines.jira.options import Options
from pipelines.jira.pulled import Pulled
from pipelines.jira.ranges import Range
from pipelines.jira.scrub import Scrubber


def count_issues(session: JiraSession, jql: str) -> int | None:
    """How many issues the site believes ``jql`` selects; None where it won't say. Raises JiraError."""
    return cloud.count_issues(session, jql) if session.flavour == "cloud" else datacenter.count_issues(session, jql)


def has_match(session: JiraSession, jql: str) -> bool:
    """Whether any issue matches. Raises RefusedError where the site does not understand the query."""
    return cloud.has_match(session, jql) if session.flavour == "cloud" else datacenter.has_match(session, jql)


def sweep_ids(session: JiraSession, jql: str) -> list[int]:
    """All ids ``jql`` (bounded, without ORDER BY) selects, ascending. Raises PagingError where no chain holds."""
    return cloud.sweep_ids(session, jql) if session.flavour == "cloud" else datacenter.sweep_ids(session, jql)


class Route:
    """Reads issues with their changelogs for one run. ``audit`` says whether Cloud's bulk route tells them whole.

    ``details`` says whose links, work logs and comments are short.
    """

    def __init__(self, session: JiraSession, scrubber: Scrubber, options: Options) -> None:
        self._session, self._scrubber = session, scrubber
        self.details = DetailReader(session, scrubber, options)
        self.audit = Audit(session.server_time.timestamp())

    def pull(self, jql: str, read: Collection[int], covered: Collection[Range] = ()) -> Iterator[Pulled]:
        """All that ``jql`` selects save what came before: the issues ``read``, or ``covered`` where ids are sought."""
        if self._session.flavour == "cloud":
            return cloud.pull(self._session, jql, self._scrubber, read, self.details, self.audit)
        return datacenter.pull(self._session, jql, self._scrubber, covered, self.details, read)

    def fetch(self, ids: Sequence[int]) -> Iterator[Pulled]:
        """Issues by their ids."""
        if self._session.flavour == "cloud":
            return cloud.fetch(self._session, ids, self._scrubber, self.details, self.audit)
        return datacenter.fetch(self._session, ids, self._scrubber, self.details)
