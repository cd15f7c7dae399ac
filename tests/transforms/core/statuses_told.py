"""Raw statuses of the tests' board, as a site would list them."""

import polars as pl

from tests.builders import BOARD, Board
from transforms.raw import RawStatuses

CATEGORIES = {"queue": "indeterminate", "active": "indeterminate", "blocked": "indeterminate", "done": "done",
              "discarded": "done"}  # fmt: skip


def raw_statuses(*unlisted: str, board: Board = BOARD) -> pl.DataFrame:
    """All statuses of a board; those ``unlisted`` are known from changelogs only."""
    rows = [
        (s.status_id, name, None if name in unlisted else CATEGORIES[s.kind], name not in unlisted)
        for name, s in board.statuses.items()
    ]
    return pl.DataFrame(rows, schema=RawStatuses.polars_schema(), orient="row")
