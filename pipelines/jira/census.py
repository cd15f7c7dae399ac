"""Who is gone, who is back, who was overlooked: what is known held against what the site lists.

No search tells of an issue that was deleted, moved out of scope, archived or hidden, so it is missed first and then
asked for by its id. When far too many are missed at once, it is more likely that the account sees less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec

from pipelines.jira.client import JiraSession
from pipelines.jira.errors import AnswerError, ForbiddenError, NotFoundError, RefusedError
from pipelines.jira.ledger import Tombstone
from pipelines.jira.route import has_match
from pipelines.jira.scope import ResolvedScope
from transforms.wording import counted

MOST_LOST = 20
MOST_LOST_SHARE = 0.05
"""More issues of a project than both are not believed to be gone at once."""


@dataclass(frozen=True)
class Findings:
    """What a census found."""

    gone: tuple[Tombstone, ...] = ()
    to_fetch: tuple[int, ...] = ()
    """Issues that are there and were not read, or were thought gone."""
    warnings: tuple[str, ...] = ()


class _Project(msgspec.Struct):
    id: str
    key: str = ""
    archived: bool = False


class _Fields(msgspec.Struct):
    project: _Project


class _Issue(msgspec.Struct):
    key: str
    fields: _Fields


@dataclass(frozen=True)
class Census:
    """Asks a site about single issues and projects."""

    session: JiraSession
    scope: ResolvedScope
    are_losses_accepted: bool = False

    def take(
        self, listed: Collection[int], known: dict[int, int], read: Collection[int], gone: Collection[int]
    ) -> Findings:
        """Hold the ids listed now against all that are ``known`` (with their projects).

        ``read`` are those read in this run, ``gone`` those with a tombstone.
        """
        seen = set(listed)
        late = {number for number in seen if number not in read and (number not in known or number in gone)}
        lost = {number: known[number] for number in known.keys() - seen - set(gone)}
        living = Counter(project for number, project in known.items() if number not in gone)
        archived, warnings = self._judge_projects(Counter(lost.values()), living)
        doubtful = {project for project in lost.values() if project in warnings}
        looked_up = self.look_up(
            number for number, project in lost.items() if project not in archived and project not in doubtful
        )
        whole = [Tombstone(number, "archived") for number, project in lost.items() if project in archived]
        return Findings(
            gone=(*whole, *looked_up.gone),
            to_fetch=tuple(sorted(late | set(looked_up.to_fetch))),
            warnings=tuple(warnings.values()),
        )

    def check_losses(self, missing: Collection[int], known: dict[int, int], listed: int) -> None:
        """Raise AnswerError where too many issues are listed and not handed out to be believed gone.

        Of those ``known`` (with their projects), too many of a project; of the others, too many of all ``listed``.
        """
        living = Counter(known.values())
        for project, count in Counter(known.get(number, 0) for number in missing).items():
            if not (self.are_losses_accepted or _is_likely(count, living[project] if project else listed)):
                raise AnswerError(
                    f"The site lists {counted(count, 'issue')} that it does not hand out (first: {min(missing)}). So"
                    " many at once are taken for a permission that was lost, not for deletions. Nothing was published;"
                    " run again later. If they are really gone, set accept_losses = true in flow.toml for one run."
                )

    def look_up(self, ids: Iterable[int]) -> Findings:
        """Why issues are not found by the scope's search; those that are there after all are to be fetched."""
        gone, there = list[Tombstone](), list[int]()
        for number in sorted(ids):
            issue = self._ask_issue(number)
            if issue is None:
                gone.append(Tombstone(number, "deleted_or_no_access"))
            elif has_match(self.session, f"({self.scope.jql}) AND {_only(number)}"):
                there.append(number)
            else:
                gone.append(self._bury(number, issue))
        return Findings(tuple(gone), tuple(there))

    def _bury(self, number: int, issue: _Issue) -> Tombstone:
        """Archived where its project is, or where it lies in one of the scope and no search at all finds it."""
        project = issue.fields.project
        is_near = project.id in {one.id for one in self.scope.projects}
        if project.archived or (is_near and not has_match(self.session, _only(number))):
            return Tombstone(number, "archived")
        return Tombstone(number, "moved_out", issue.key)

    def _judge_projects(self, lost: Counter[int], living: Counter[int]) -> tuple[set[int], dict[int, str]]:
        """Projects that are archived, and those whose losses are not believed, each with a sentence that says so."""
        archived, warnings = set[int](), dict[int, str]()
        for project_id, count in lost.items():
            is_visible = str(project_id) in {one.id for one in self.scope.projects}
            project = None if is_visible else self._ask_project(project_id)
            if project and project.archived:
                archived.add(project_id)
            elif not (self.are_losses_accepted or ((is_visible or project) and _is_likely(count, living[project_id]))):
                warnings[project_id] = (
                    f"{count} of {counted(living[project_id], 'issue')} of project {_name(project, project_id)}"
                    f" {'is' if count == 1 else 'are'} no longer listed. So many at once, or a whole project, are taken"
                    " for a permission that was lost, not for"
                    " deletions: they stay as they were. If they are really gone, set accept_losses = true in flow.toml"
                    " for one run."
                )
        return archived, warnings

    def _ask_issue(self, issue_id: int) -> _Issue | None:
        path = f"{self.session.api}/issue/{issue_id}"
        try:
            return self.session.read("GET", path, _Issue, params={"fields": "project"})
        except (NotFoundError, ForbiddenError, RefusedError):
            return None

    def _ask_project(self, project_id: int) -> _Project | None:
        try:
            return self.session.read("GET", f"{self.session.api}/project/{project_id}", _Project)
        except (NotFoundError, ForbiddenError, RefusedError):
            return None


def _only(number: int) -> str:
    """JQL of one issue that, unlike its bare id, is no error where there is none."""
    return f"id >= {number} AND id <= {number}"


def _is_likely(lost: int, living: int) -> bool:
    return lost <= max(MOST_LOST, MOST_LOST_SHARE * living)


def _name(project: _Project | None, project_id: int) -> str:
    return project.key if project and project.key else str(project_id)
