"""What to extract: projects and an optional JQL restriction, resolved against what the account can see.

Time windows and paging belong to ``cloud`` and ``datacenter``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.jira.errors import ScopeError
from pipelines.jira.reference import SiteProject

SHOWN_KEYS = 20
"""Visible projects named in an error."""

_ORDER_BY = re.compile(r"\border\s+by\b", re.IGNORECASE)
_QUOTED = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")


@dataclass(frozen=True)
class Scope:
    """The configured scope; empty takes every project the account can see. ``jql`` narrows further."""

    project_keys: tuple[str, ...] = ()
    jql: str = ""


@dataclass(frozen=True)
class ResolvedScope:
    """Projects in scope and the bounded JQL that selects their issues, without ORDER BY."""

    projects: tuple[SiteProject, ...]
    jql: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The projects' keys."""
        return tuple(project.key for project in self.projects)

    @property
    def jql_by_keys(self) -> str:
        """The same condition with projects by their keys, to hold an empty answer against."""
        keys = ", ".join(f'"{key}"' for key in self.keys)
        return self.jql.replace(_within(self.projects), f"project in ({keys})", 1)


def resolve(scope: Scope, visible: Sequence[SiteProject]) -> ResolvedScope:
    """Find the scope's projects by key; raises ScopeError naming what is unknown and what is visible."""
    if not visible:
        raise ScopeError(
            "The account can see no project on this site. Ask an administrator for the Browse Projects permission, and"
            " check that the token belongs to the account you mean."
        )
    if _ORDER_BY.search(_QUOTED.sub("", scope.jql)):
        raise ScopeError("The scope's JQL in flow.toml must not contain ORDER BY: issues are read in the order of their"
                         " ids. Remove that part.")  # fmt: skip
    projects = _find(scope.project_keys, visible) if scope.project_keys else tuple(visible)
    within = _within(projects)
    return ResolvedScope(projects, f"{within} AND ({scope.jql})" if scope.jql.strip() else within)


def _within(projects: Sequence[SiteProject]) -> str:
    return f"project in ({', '.join(project.id for project in projects)})"


def _find(keys: Sequence[str], visible: Sequence[SiteProject]) -> tuple[SiteProject, ...]:
    by_key = {project.key.casefold(): project for project in visible}
    if unknown := [key for key in keys if key.casefold() not in by_key]:
        raise ScopeError(_unknown_text(unknown, sorted(project.key for project in visible)))
    return tuple({by_key[key.casefold()].id: by_key[key.casefold()] for key in keys}.values())


def _unknown_text(unknown: Sequence[str], visible: Sequence[str]) -> str:
    close = difflib.get_close_matches(unknown[0].upper(), visible, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    shown = ", ".join(visible[:SHOWN_KEYS]) + (f" and {len(visible) - SHOWN_KEYS} more" if visible[SHOWN_KEYS:] else "")
    plural = "s" if len(unknown) > 1 else ""
    return (
        f"Unknown project{plural} in the scope of flow.toml: {', '.join(unknown)}.{hint} The account can see: {shown}."
        " Correct the key, or ask an administrator for the Browse Projects permission on it."
    )
