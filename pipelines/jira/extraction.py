"""What one extraction did, and who is told of it while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from transforms.wording import counted

Progress = Callable[[int, int | None], None]
"""Called with issues landed so far and issues expected, None where not known."""


@dataclass
class Extraction:
    """What a run did. ``warnings`` are sentences for people; ``missing`` are listed issues that were not handed out."""

    run_id: str
    server_time: datetime
    as_of: datetime
    flavour: str
    project_keys: tuple[str, ...]
    mode: str = "full"
    since: datetime | None = None
    """Issues updated from then on were read; empty where all were."""
    is_resumed: bool = False
    watermark: datetime | None = None
    """The site's clock at the start of the run, from which the next one reckons."""
    reference_sha: str = ""
    batches: list[str] = field(default_factory=list)
    issue_count: int = 0
    """Issues read in this run; those read before it broke off do not count."""
    history_count: int = 0
    unreadable_count: int = 0
    repaired_count: int = 0
    broken_count: int = 0
    gone_count: int = 0
    audited_count: int = 0
    """Changelogs held against the route of one issue as a sample; Cloud only."""
    missing: list[int] = field(default_factory=list)
    expected_count: int | None = None
    request_count: int = 0
    retry_count: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def oddities(
    done: Extraction, missing: int, short_details: int, *, has_issues: bool, is_bulk_short: bool
) -> Iterator[str]:
    """What a person should know though the run is sound, in sentences."""
    if not has_issues:
        yield (
            f"No issue matches the scope, though its projects exist: {', '.join(done.project_keys)}. Check the"
            " scope's JQL in flow.toml and the account's permissions."
        )
    if is_bulk_short:
        yield (
            "Jira's bulk route left out changes that the route of a single issue tells, so every changelog of this"
            " run was read on its own. Set full_refresh_days = 0 in flow.toml for one run to read the rest so, too."
        )
    if short_details:
        told = counted(short_details, "issue")
        yield f"Jira refused links, work logs or comments of {told}, or told only a part of them; the rest is missing."
    for count, one, what in (
        (missing, "issue", "Listed but not handed out (deleted, moved or hidden)"),
        (done.unreadable_count, "issue", "In quarantine, of unknown form or too heavy for the site to send"),
        (done.broken_count, "changelog", "Not whole on any route (quality.completeness names them)"),
    ):
        if count:
            yield f"{what}: {counted(count, one)}."
