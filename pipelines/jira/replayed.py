"""A landed line as replay reads it: what repeats from line to line stays a piece of JSON, and is read once.

The same lines as ``shapes.LandedIssue``, which says what every key means; ids may be text or number. What the pieces
become belongs to ``issue_columns`` and ``change_columns``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
import numpy as np
from msgspec import Raw

from pipelines.jira.shapes import NOBODY, Count, LandedNote, Parent

T = TypeVar("T")

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What fits an integer column; written as text, it is read all the same."""

NONE, NOTHING = Raw(b"null"), Raw(b"[]")


class ReplayedHistory(msgspec.Struct, gc=False, rename="camel"):
    """One save of an issue."""

    id: Number
    created: str | int
    author: Number = NOBODY
    is_automation: bool = False
    items: Raw = NOTHING


class ReplayedFields(msgspec.Struct, gc=False, rename="camel"):
    """The fields of an issue."""

    project: Raw
    issuetype: Raw
    status: Raw
    created: str | int
    updated: str | int | None = None
    parent: Parent | None = None
    resolution: Raw = NONE
    assignee: Number | None = None
    fix_versions: Raw = NOTHING
    issuelinks: Raw = NONE
    flagged: bool = False


class ReplayedChangelog(msgspec.Struct, gc=False):
    """The changelog of an issue."""

    histories: list[ReplayedHistory] = []
    total: Count | None = None
    received: Count | None = None
    route: str = ""


class ReplayedIssue(msgspec.Struct, gc=False):
    """One landed line."""

    id: Number
    key: str
    fields: ReplayedFields
    changelog: ReplayedChangelog
    worklogs: list[LandedNote] = []
    comments: list[LandedNote] = []


replay = msgspec.json.Decoder(ReplayedIssue, strict=False).decode
"""One landed line → ReplayedIssue; raises DecodeError. Not strict, so that ids that are text become numbers."""


class Repeated(dict[bytes, int], Generic[T]):
    """Distinct pieces of JSON in order of first appearance, and what ``read`` made of each.

    Looking a new one up reads it, or raises what ``read`` raises, and then it has no code.
    """

    def __init__(self, read: Callable[[bytes], T]) -> None:
        super().__init__()
        self._read = read
        self.meanings: list[T] = []
        """By code."""

    def __missing__(self, piece: bytes) -> int:
        self.meanings.append(self._read(piece))
        code = self[piece] = len(self)
        return code

    def codes(self, pieces: Sequence[Raw]) -> np.ndarray:
        """The code of every piece."""
        return np.fromiter(map(self.__getitem__, map(bytes, pieces)), np.int64, len(pieces))
