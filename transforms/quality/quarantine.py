"""What is in no other table and why. A history that is merely incomplete stays in ``core``."""

from collections.abc import Sequence

import polars as pl

from transforms.schema import Column, Table

NOT_HANDED_OUT = "listed by Jira but not handed out: deleted, moved or hidden in between"


class Quarantine(Table, layer="quality", key=("reference",)):
    """One row per answer of Jira that could not be used. Answers: what do the numbers leave out, and why?"""

    reference = Column(
        pl.String(), "Where the raw answer lies, batch and line; for an answer that never came, its issue."
    )
    issue_id = Column(pl.Int64(), "Issue it speaks of. Empty where even that could not be read.", nullable=True)
    reason = Column(pl.String(), "Why it could not be used.")


def list_quarantine(raw_quarantine: pl.LazyFrame, missing: Sequence[int]) -> pl.LazyFrame:
    """List what could not be parsed, and issues that were listed only; Quarantine, from RawQuarantine."""
    absent = pl.LazyFrame({"issue_id": missing}, {"issue_id": pl.Int64()}).select(
        reference=pl.format("issue {}", "issue_id"), issue_id="issue_id", reason=pl.lit(NOT_HANDED_OUT)
    )
    return Quarantine.select(pl.concat([Quarantine.select(raw_quarantine), absent]).sort("reference"))
