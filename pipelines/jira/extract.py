"""One extraction: what changed since the last, or everything; landed batch by batch, proved whole, then made current.

Whatever interrupts it, batches that landed are kept and the next run goes on from there. Nothing is computed here;
parsing reads what landed (``tables``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from pipelines.jira.client import LOOPBACK, JiraSession
from pipelines.jira.extraction import Extraction, Progress, oddities
from pipelines.jira.intake import Intake
from pipelines.jira.ledger import Ledger, Outcome, Run
from pipelines.jira.manifests import keep_manifest
from pipelines.jira.options import Options
from pipelines.jira.plan import begin, fingerprint
from pipelines.jira.puller import Puller
from pipelines.jira.reference import Reference, fetch_reference, list_projects
from pipelines.jira.route import Route
from pipelines.jira.scope import ResolvedScope, Scope, resolve
from pipelines.jira.scrub import Scrubber
from pipelines.jira.site_store import Store

Check = Callable[[Reference], None]
"""Called with what the site knows besides issues."""


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
    run = _begin(session, scope, resolved, reference, store, as_of, options)
    try:
        done = _read(session, resolved, reference, store, run, options, progress)
    except BaseException:
        store.ledger.fail(run.run_id)
        raise
    done.seconds = session.gate.clock() - began
    done.request_count, done.retry_count = session.gate.request_count, session.gate.retry_count
    return done


def _begin(
    session: JiraSession, scope: Scope, resolved: ResolvedScope, reference: Reference, store: Store,
    as_of: datetime | None, options: Options,
) -> Run:  # fmt: skip
    """A run that builds on the last one only if site, scope and what is asked of issues are the same."""
    custom_ids = reference.field_names(options.flagged_field).custom_ids
    keys, projects = sorted(key.upper() for key in scope.project_keys), sorted(one.id for one in resolved.projects)
    return begin(
        store.ledger, options, session.server_time, as_of or session.server_time,
        scope_sha=fingerprint(session.flavour, _place(session), keys, scope.jql),
        shape_sha=fingerprint(projects, custom_ids, options.has_links, options.has_worklogs, store.key),
    )  # fmt: skip


def _place(session: JiraSession) -> str:
    """Host and path of the site as it calls itself, the same through any gateway; on this machine any port is."""
    told = urlsplit((session.site_url or session.connection.url).lower())
    return f"{told.hostname if told.hostname in LOOPBACK else told.netloc}{told.path.rstrip('/')}"


def _read(
    session: JiraSession, resolved: ResolvedScope, reference: Reference, store: Store, run: Run, options: Options,
    progress: Progress,
) -> Extraction:  # fmt: skip
    """Land everything, then make it current at one stroke."""
    done = Extraction(run.run_id, session.server_time, run.as_of, session.flavour, resolved.keys, run.mode, run.since)
    done.watermark = run.server_started_at
    intake = Intake(store, run, done, progress)
    done.is_resumed = bool(intake.earlier)
    route = Route(session, Scrubber(reference.field_names(options.flagged_field), store.key), options)
    puller = Puller(session, resolved, store.ledger, run, options, route, intake, done)
    puller.read_all()
    intake.land_reference(reference)
    done.unreadable_count = len(intake.unreadable)
    done.audited_count = route.audit.issue_count
    buried = {one.issue_id for one in puller.gone} | set(store.ledger.tombstones(run.era)["issue_id"])
    known = store.ledger.known_projects(run.era).keys() | intake.seen
    done.missing = sorted((buried | intake.missing) - (known - intake.missing))
    done.warnings += oddities(
        done, len(intake.missing), len(route.details.short), has_issues=bool(known), is_bulk_short=route.audit.is_failed
    )
    outcome = Outcome(tuple(puller.gone), _statuses(reference, store.ledger))
    keep_manifest(store.landing, store.ledger, run, outcome)
    store.ledger.complete(run, outcome)
    return done


def _statuses(reference: Reference, ledger: Ledger) -> list[tuple[int, str, str | None, bool]]:
    """(id, name, category, whether it is listed) of what the site lists, and of what it once listed, as it was last."""
    listed = reference.status_rows()
    last = {number: (name, category) for number, name, category, *_ in ledger.statuses().rows()}
    return [*listed, *((number, *last[number], False) for number in sorted(last.keys() - {row[0] for row in listed}))]
