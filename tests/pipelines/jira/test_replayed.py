"""What repeats is read once, and replay knows every key that lands."""

import msgspec
import pytest

from pipelines.jira.replayed import Repeated, ReplayedChangelog, ReplayedFields, ReplayedHistory, ReplayedIssue
from pipelines.jira.shapes import LandedChangelog, LandedFields, LandedHistory, LandedIssue

ONLY_EVIDENCE = {"categoryChanged"}
"""What lands for the audit of changelogs and fills no column."""


def keys(shape):
    return {field.encode_name for field in msgspec.structs.fields(shape)}


@pytest.mark.parametrize(
    ("replayed", "landed"),
    [
        (ReplayedIssue, LandedIssue),
        (ReplayedFields, LandedFields),
        (ReplayedChangelog, LandedChangelog),
        (ReplayedHistory, LandedHistory),
    ],
)
def test_replay_reads_every_key_that_lands(replayed, landed):
    assert keys(replayed) == keys(landed) - ONLY_EVIDENCE


def test_what_repeats_is_read_once():
    read = []
    found = Repeated(lambda piece: read.append(piece) or piece.decode())
    codes = found.codes([msgspec.Raw(b"a"), msgspec.Raw(b"b"), msgspec.Raw(b"a")])
    assert (codes.tolist(), found.meanings, read) == ([0, 1, 0], ["a", "b"], [b"a", b"b"])


def test_what_cannot_be_read_takes_no_code():
    found = Repeated(int)
    with pytest.raises(ValueError):
        found.codes([msgspec.Raw(b"7"), msgspec.Raw(b"x")])
    assert (dict(found), found.meanings) == ({b"7": 0}, [7])
