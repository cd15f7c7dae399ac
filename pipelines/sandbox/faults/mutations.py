"""Effects that change the site before a request is answered: what people do while an extraction runs.

The changes themselves are ``pipelines.sandbox.changes``'. An issue not named is chosen by the dice among those there;
one that is gone already is left alone.
"""

from __future__ import annotations

from typing import Any

from pipelines.sandbox import changes
from pipelines.sandbox.change_items import known
from pipelines.sandbox.faults.effect import Call, Effect
from pipelines.sandbox.site import Site

Json = dict[str, Any]


class Mutation(Effect, kw_only=True):
    """Base of changes to one issue: finds it and changes it."""

    issue: int | None = None
    """Id; by default the dice choose."""

    def prepare(self, call: Call) -> None:
        issue_id = self._chosen(call)
        if issue_id is not None:
            self.change(call, issue_id)

    def _chosen(self, call: Call) -> int | None:
        issues = call.served.site.issues
        if self.issue is not None:
            return self.issue if self.issue in issues else None
        return call.dice.choice(sorted(issues)) if issues else None

    def change(self, call: Call, issue_id: int) -> None:
        """Change the issue."""


class DeleteIssue(Mutation):
    """An issue is deleted."""

    def change(self, call: Call, issue_id: int) -> None:
        changes.delete(call.served.site, issue_id)


class MoveIssue(Mutation):
    """An issue moves to another project and gets a new key, perhaps another status at once."""

    project: str = ""
    """Id or key; by default the dice choose among the others."""
    status: str | None = None

    def check(self, site: Site) -> None:
        _check_known(site, self.project, self.status)

    def change(self, call: Call, issue_id: int) -> None:
        site = call.served.site
        here = site.issues[issue_id]["fields"]["project"]["key"]
        others = sorted(project["key"] for project in site.projects if project["key"] != here)
        target = self.project or (call.dice.choice(others) if others else here)
        if target != here:
            also: Json = {"status": self.status} if self.status else {}
            changes.move(site, issue_id, target, **also)


class TransitionIssue(Mutation):
    """An issue changes its status."""

    status: str = ""
    """Id or name; by default the dice choose."""

    def check(self, site: Site) -> None:
        _check_known(site, "", self.status)

    def change(self, call: Call, issue_id: int) -> None:
        site = call.served.site
        status = self.status or call.dice.choice([listed["id"] for listed in site.statuses])
        changes.transition(site, issue_id, status)


class EditIssue(Mutation):
    """An issue is edited: its summary, and ``updated`` with it unless the edit is silent."""

    summary: str = "Edited meanwhile"
    is_silent: bool = False

    def change(self, call: Call, issue_id: int) -> None:
        changes.edit(call.served.site, issue_id, summary=self.summary, is_silent=self.is_silent)


class CommentIssue(Mutation):
    """An issue is commented on: ``updated`` moves, the changelog does not."""

    def change(self, call: Call, issue_id: int) -> None:
        changes.comment(call.served.site, issue_id)


class ArchiveIssue(Mutation):
    """An issue is archived: no search finds it, its address still answers."""

    def change(self, call: Call, issue_id: int) -> None:
        changes.archive_issue(call.served.site, issue_id)


class CreateIssue(Effect):
    """An issue is created."""

    project: str = ""
    """Id or key; by default the first project."""

    def check(self, site: Site) -> None:
        _check_known(site, self.project, None)

    def prepare(self, call: Call) -> None:
        site = call.served.site
        changes.create(site, self.project or site.projects[0]["key"])


class ArchiveProject(Effect):
    """A project is archived: its issues leave the search."""

    project: str
    """Id or key."""

    def check(self, site: Site) -> None:
        _check_known(site, self.project, None)

    def prepare(self, call: Call) -> None:
        changes.archive_project(call.served.site, self.project)


def _check_known(site: Site, project: str, status: str | None) -> None:
    """Raise KeyError for a project or status the site does not have; empty ones are the dice's to choose."""
    if project:
        changes.find_project(site, project)
    if status:
        known(site.statuses, status)
