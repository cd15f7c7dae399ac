"""Display names in one issue's life: of people whom their team names in flow.toml, and of nobody else.

Names are never read from Jira nor kept: who was assigned stands in the private working store under a keyed hash, and
only an account that flow.toml names can be found there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.life.record import Record
from pipelines.persons import known_person
from pipelines.settings import keep_quiet
from pipelines.store import TableStore
from transforms.core.work_intervals import PersonIntervals

SAME_INTERVAL = ("interval_number", "entered_at", "left_at")
"""What a private interval and the published one have to share: the working store may be newer than the tables."""


def assignee_names(
    own: Path, record: Record, display_names: Mapping[str, str], environment: Mapping[str, str]
) -> dict[int, str]:
    """Names of who was assigned, by interval number; ``own`` is the site's folder, ``display_names`` are by account.

    Empty where the working store is not at hand.
    """
    persons = {known_person(own, account, environment): name for account, name in display_names.items()}
    persons.pop(None, None)
    if not persons:
        return {}
    try:
        intervals = TableStore(own / "work", (PersonIntervals,), keep_quiet).scan(PersonIntervals)
    except FileNotFoundError:
        return {}
    is_named = (pl.col.issue_id == record.issue["issue_id"]) & pl.col.assignee.is_in(list(persons))
    published = {tuple(interval[name] for name in SAME_INTERVAL) for interval in record.intervals}
    found = intervals.filter(is_named).collect().to_dicts()
    named = [row for row in found if tuple(row[name] for name in SAME_INTERVAL) in published]
    return {row["interval_number"]: persons[row["assignee"]] for row in named}
