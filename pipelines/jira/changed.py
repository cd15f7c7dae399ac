"""The cheap question before an increment: has anything changed on the site since the last one? A handful of requests.

What disappeared leaves no trace in ``updated``; the runs by the clock notice it.
"""

from __future__ import annotations

from pipelines.jira.client import JiraSession
from pipelines.jira.reference import list_projects
from pipelines.jira.route import has_match
from pipelines.jira.scope import Scope, resolve
from pipelines.jira.site_store import Store
from pipelines.jira.watermark import find_form, updated_since


def has_changed(session: JiraSession, scope: Scope, store: Store) -> bool:
    """Whether an issue in scope was updated since the last whole run began; True before the first. Raises JiraError."""
    last = store.ledger.latest_complete() if store.ledger.path.exists() else None
    if last is None:
        return True
    within = resolve(scope, list_projects(session)).jql
    form = find_form(store.ledger, session, within)
    return has_match(session, f"({within}) AND {updated_since(last.server_started_at, form, session.time_zone)}")
