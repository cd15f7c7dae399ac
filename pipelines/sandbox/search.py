"""What a JQL query matches in an index: a condition becomes a mask over the issues, an order becomes a sort.

Bounds on the id are found by bisection before anything else is looked at, so that a sweep ``id > N ORDER BY id``
costs what is left of it. Reading the query's text is ``jql``'s part.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox.index import Ids, SiteIndex, split_key
from pipelines.sandbox.instants import EPOCH, MILLISECOND
from pipelines.sandbox.jql import AllOf, AnyOf, Clause, Condition, JqlError, NoneOf, Value, read_jql

Mask = NDArray[np.bool_]

COMPARISONS: dict[str, Callable[[Ids, int], Mask]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
NEGATIVE = ("!=", "not in")
EQUALITY = ("=", "!=", "in", "not in")
DEFAULT_ORDER = (("key", True),)
"""Jira sorts by key, newest first, where a query names no order."""


class Search:
    """Queries over one index. A lax search takes unknown values for matching nothing instead of refusing them."""

    def __init__(self, index: SiteIndex, *, is_lax: bool = False) -> None:
        self.index = index
        self.is_lax = is_lax

    def find(self, jql: str) -> Ids:
        """Ids of the issues a query matches, in its order. Raises JqlError for what Jira would answer 400 to."""
        query = read_jql(jql)
        span = self._id_span(query.where)
        places = np.arange(len(self.index.id))[span]
        if query.where is not None:
            places = places[self._mask(query.where, span)]
        return self.index.id[self._sorted(places, query.order or DEFAULT_ORDER)]

    def _sorted(self, places: NDArray[np.intp], order: tuple[tuple[str, bool], ...]) -> NDArray[np.intp]:
        """Sort positions; ties keep the order of ids."""
        columns = [self._sort_columns(field, places, is_descending) for field, is_descending in order]
        if order[0] == ("id", False):
            return places
        return places[np.lexsort([column for of_field in reversed(columns) for column in reversed(of_field)])]

    def _sort_columns(self, field: str, places: NDArray[np.intp], is_descending: bool) -> list[Ids]:
        """Numbers to sort a field by, the most significant first."""
        index = self.index
        columns = {
            "id": (index.id,), "created": (index.created,), "updated": (index.updated,),
            "key": (index.key_rank, index.key_number),
        }  # fmt: skip
        if field not in columns:
            raise JqlError(f"Not able to sort using field '{field}'.")
        return [-column[places] if is_descending else column[places] for column in columns[field]]

    def _id_span(self, condition: Condition | None) -> slice:
        """Positions outside of which no issue can match: what bounds on the id leave of the whole."""
        low, high = 0, len(self.index.id)
        if isinstance(condition, AllOf):
            spans = [self._id_span(part) for part in condition.parts]
            low, high = max(span.start for span in spans), min(span.stop for span in spans)
        elif isinstance(condition, Clause) and _is_id_bound(condition):
            side: Literal["left", "right"] = "right" if condition.operator in (">", "<=") else "left"
            place = int(np.searchsorted(self.index.id, int(condition.values[0].text), side))
            low, high = (place, high) if condition.operator in (">", ">=") else (low, place)
        return slice(low, max(low, high))

    def _mask(self, condition: Condition, span: slice) -> Mask:
        """Which issues of a span a condition is true of."""
        if isinstance(condition, AllOf):
            both: Mask = np.logical_and.reduce([self._mask(part, span) for part in condition.parts])
            return both
        if isinstance(condition, AnyOf):
            either: Mask = np.logical_or.reduce([self._mask(part, span) for part in condition.parts])
            return either
        if isinstance(condition, NoneOf):
            return ~self._mask(condition.part, span)
        return self._clause_mask(condition, span)

    def _clause_mask(self, clause: Clause, span: slice) -> Mask:
        """Which issues of a span one clause is true of."""
        index = self.index
        if clause.field == "project":
            return self._named(clause, index.project[span], index.projects)
        if clause.field == "issuetype":
            return self._named(clause, index.issue_type[span], index.issue_types)
        if clause.field in ("id", "key"):
            return self._issues(clause, span)
        if clause.field in ("created", "updated"):
            column = index.created if clause.field == "created" else index.updated
            return self._instants(clause, column[span])
        raise JqlError(f"Field '{clause.field}' does not exist or you do not have permission to view it.")

    def _named(self, clause: Clause, column: Ids, known: dict[str, set[int]]) -> Mask:
        """Compare a column of ids with names, keys or ids."""
        if clause.operator not in EQUALITY:
            raise JqlError(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
        wanted: set[int] = set()
        for value in clause.values:
            if value.text.casefold() not in known and not self.is_lax:
                raise JqlError(f"The value '{value.text}' does not exist for the field '{clause.field}'.")
            wanted |= known.get(value.text.casefold(), set())
        return np.isin(column, list(wanted), invert=clause.operator in NEGATIVE)

    def _issues(self, clause: Clause, span: slice) -> Mask:
        """Compare issues with ids or keys; greater and less hold within a key's own project."""
        index, text = self.index, clause.values[0].text
        if clause.operator in EQUALITY:
            wanted = [self._issue_id(clause.field, value) for value in clause.values]
            return np.isin(index.id[span], wanted, invert=clause.operator in NEGATIVE)
        compare = COMPARISONS[clause.operator]
        if text.isdecimal():
            return compare(index.id[span], int(text))
        place = index.place_of(self._issue_id(clause.field, clause.values[0]))
        same_project: Mask = index.key_rank[span] == (-1 if place is None else index.key_rank[place])
        return same_project & compare(index.key_number[span], split_key(text)[1])

    def _issue_id(self, field: str, value: Value) -> int:
        """Id of the issue a value names, by its former key too; -1 for an unknown one if the search is lax."""
        found = self.index.resolve(value.text)
        if found is not None or self.is_lax:
            return -1 if found is None else found
        if value.text.isdecimal():
            raise JqlError(f"A value with ID '{value.text}' does not exist for the field '{field}'.")
        raise JqlError(f"An issue with key '{value.text}' does not exist for field '{field}'.")

    def _instants(self, clause: Clause, column: Ids) -> Mask:
        """Compare instants, as coarsely as the index keeps them."""
        step = self.index.resolution_ms
        wanted = [self._instant(clause.field, value) // step * step for value in clause.values]
        if clause.operator in ("in", "not in"):
            return np.isin(column, wanted, invert=clause.operator in NEGATIVE)
        return COMPARISONS[clause.operator](column, wanted[0])

    def _instant(self, field: str, value: Value) -> int:
        """Milliseconds since 1970: a bare number is that, a date is meant in the user's zone."""
        if re.fullmatch(r"\d+", value.text) and not value.is_quoted:
            return int(value.text)
        try:
            return (_read_date(value.text).replace(tzinfo=ZoneInfo(self.index.zone)) - EPOCH) // MILLISECOND
        except ValueError:
            raise JqlError(
                f"Date value '{value.text}' for field '{field}' is invalid. Valid formats include:"
                " 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format"
                " e.g. '-5d', '4w 2d'."
            ) from None


def _is_id_bound(clause: Clause) -> bool:
    """Tell whether a clause bounds the id from one side."""
    is_one_sided = clause.operator in (">", ">=", "<", "<=")
    return is_one_sided and clause.field in ("id", "key") and clause.values[0].text.isdecimal()


def _read_date(text: str) -> datetime:
    """Read a day or a minute by the wall clock, with dashes or slashes. Raises ValueError for anything else."""
    dashed = text.replace("/", "-")
    return datetime.strptime(dashed, "%Y-%m-%d %H:%M" if ":" in dashed else "%Y-%m-%d")
