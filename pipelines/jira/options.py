"""How often and how far an extraction reaches, and how patient it is. Where flow.toml says it belongs to ``config``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Options:
    """The defaults are those of flow.toml."""

    overlap: timedelta = timedelta(minutes=15)
    """How far before the last run's start an increment begins: what the search index may be late."""
    rescan: timedelta = timedelta(hours=24)
    """At least one increment in so much time begins so far before the last that did: how late the index may be."""
    census: timedelta = timedelta(hours=24)
    """How often every id is listed, to notice issues that are gone."""
    full_refresh: timedelta = timedelta(days=7)
    """How often everything is read again: some changes leave ``updated`` as it was."""
    resume: timedelta = timedelta(hours=24)
    """A run that broke off is taken up again up to this age."""
    concurrency: int = 8
    """The most requests in flight."""
    longest_wait: timedelta = timedelta(minutes=15)
    """The longest pause a run sits out; told to wait longer, it ends and is taken up again by the next."""
    count_tolerance: float = 0.01
    """Share of the site's own count that may lack before the run fails."""
    are_losses_accepted: bool = False
    """Whether many issues gone at once are believed."""
    flagged_field: str = ""
    """Id of the field that flags impediments; empty finds it by its schema."""
    has_links: bool = True
    """Whether the links issues have now are read."""
    has_worklogs: bool = True
    """Whether times of work logs and comments are read."""
