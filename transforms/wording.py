"""How counts are told in notes and messages, so that one is never many. What is told is decided where it is counted."""

from __future__ import annotations

import polars as pl


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 issue``, ``1,204 issues``, ``2 histories``; a plural that is no more than an ``s`` need not be given."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def there_are(count: int) -> str:
    """``there is 1``, ``there are 2``."""
    return f"there {'is' if count == 1 else 'are'} {count}"


def lacking(needs: str, count: str) -> pl.Expr:
    """What a figure needs, and how many the column says there are: ``p50 needs 6 issues, there is 1``."""
    return one_or_many(count, f"{needs}, there is {{}}", f"{needs}, there are {{}}")


def one_or_many(count: str, one: str, many: str) -> pl.Expr:
    """The column's count put into the one form or the other. Empty where the count is."""
    return pl.when(pl.col(count) == 1).then(pl.format(one, count)).otherwise(pl.format(many, count))
