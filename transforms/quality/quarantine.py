"""What could not be parsed and so is in no other table. A history that is merely incomplete stays in ``core``."""

import polars as pl

from transforms.schema import Column, Table


class Quarantine(Table, layer="quality", key=("reference",)):
    """One row per answer of Jira that could not be parsed. Answers: what do the numbers leave out, and why?"""

    reference = Column(pl.String(), "Where the raw answer lies: batch and line.")
    issue_id = Column(pl.Int64(), "Issue it speaks of. Empty where even that could not be read.", nullable=True)
    reason = Column(pl.String(), "Why it could not be parsed.")


def build_quarantine(raw_quarantine: pl.LazyFrame) -> pl.LazyFrame:
    """List what was set aside, ordered by reference; Quarantine, from RawQuarantine."""
    return Quarantine.select(raw_quarantine.sort("reference"))
