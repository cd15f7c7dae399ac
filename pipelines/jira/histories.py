"""Histories that come twice, or in parts, made one again.

Jira's bulk route repeats histories between pages and may spread one issue over many pages (JRACLOUD-94906). Order is no
concern here: rows are ordered once, when they become columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

from pipelines.jira.shapes import Item


class HasItems(Protocol):
    """A received or a landed history."""

    id: str | int
    items: list[Item]


H = TypeVar("H", bound=HasItems)


def distinct_histories(histories: Iterable[H]) -> list[H]:
    """One history per id, in order of first appearance, with the items of all its copies.

    An item that one copy holds twice stays twice; one that two copies hold stays once.
    """
    kept: dict[str, H] = {}
    for history in histories:
        first = kept.setdefault(str(history.id), history)
        if first is not history:
            missing = Counter(history.items) - Counter(first.items)
            first.items = [*first.items, *missing.elements()]
    return list(kept.values())
