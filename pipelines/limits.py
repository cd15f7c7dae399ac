"""How far a run may differ from what is sound before it is not published: flow.toml's section audit, for the audit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Shares, 0 to 1."""

    quarantine_limit_share: float = 0.01
    """Of Jira's answers, in quarantine."""
    volume_drop_share: float = 0.5
    """Of a table's rows, gone since the published version."""
    unmapped_rise_share: float = 0.1
    """By which that of unmapped hours has risen since the published version."""
