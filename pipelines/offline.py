"""``flow run --offline``: the tables anew from what was read before, without asking Jira.

Only the beginning differs from another run: nothing is read, and the moment is the last reading's or an earlier one.
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.config_errors import ConfigError
from pipelines.jira import Store, mend
from pipelines.landed import Landed, LandedStore
from pipelines.settings import RunSettings


class NothingReadError(ConfigError):
    """No run has read anything into the folder. The message is one paragraph that says what to do."""


def landed_before(settings: RunSettings, landed: LandedStore) -> Landed:
    """The last reading, spoken of as of ``settings.as_of``; mends the ledger where it has to.

    Raises NothingReadError before the first reading, ConfigError where the moment lies after the last one.
    """
    try:
        newest = landed.newest()
    except FileNotFoundError:
        newest = None
    store = Store(settings.data, newest.site_name) if newest else None
    if store and (told := mend(store)):
        settings.report(f"Note: {told}")
    run = store.ledger.latest_complete() if store else None
    if newest is None or run is None:
        raise NothingReadError(
            f"Nothing was read into {settings.data} yet, so there is nothing to build tables from. Run without"
            " --offline first, or name another folder with --data."
        )
    latest = max(run.server_started_at, run.as_of)
    if settings.as_of and settings.as_of > latest:
        raise ConfigError(
            f"--as-of {settings.as_of.isoformat()} lies after the last reading ({latest.isoformat()}), and what"
            " happened in Jira since is not known here. Name an earlier moment, or run without --offline."
        )
    settings.report(f"Building from what was read of {newest.site_name} as of {run.as_of:%Y-%m-%d %H:%M} UTC")
    return replace(newest, as_of=settings.as_of or run.as_of, request_count=0, retry_count=0, seconds=0.0)
