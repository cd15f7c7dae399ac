"""What every issue is."""

import polars as pl
import pytest

from tests.builders import BOARD, EPIC, RESOLUTIONS, Frames, frames, history, issue_id_of
from tests.transforms.told import checked, instant, with_issue
from transforms.core.issues import Issues, describe_issues
from transforms.raw import RawResolutions, RawTombstones

EIGHT = "2026-03-02 08:00"

NAMES = pl.DataFrame(
    [(number, name) for name, number in RESOLUTIONS.items()], schema=RawResolutions.polars_schema(), orient="row"
)


def described(raw: Frames, workflow=None, gone: pl.DataFrame | None = None) -> dict[str, dict]:
    tombstones = RawTombstones.empty() if gone is None else gone
    made = describe_issues(raw.issues.lazy(), NAMES.lazy(), tombstones.lazy(), workflow or BOARD.workflow())
    return {row["issue_key"]: row for row in checked(Issues, made).to_dicts()}


def issue(key="G-1", **how):
    return history(key).created(EIGHT, **how)


def test_an_issue_is_told_with_stream_type_and_level():
    row = described(frames(issue(issue_type="Sub-task")))["G-1"]
    assert (row["value_stream"], row["issue_type"], row["hierarchy_level"]) == ("Golden", "Sub-task", -1)
    assert (row["project_key"], row["status_id"], row["created_at"]) == ("G", 1, instant(EIGHT))


def test_a_resolution_is_told_by_name():
    rows = described(frames(issue("G-1").resolve("Won't do", EIGHT), issue("G-2")))
    assert (rows["G-1"]["resolution_name"], rows["G-2"]["resolution_name"]) == ("Won't do", None)


def test_a_resolution_nobody_lists_has_no_name():
    assert described(with_issue(frames(issue()), "G-1", resolution_id=99))["G-1"]["resolution_name"] is None


def test_a_parent_known_by_key_only_is_named_by_id():
    raw = with_issue(frames(issue("E-1", issue_type="Epic"), issue("G-1", parent="E-1")), "G-1", parent_id=None)
    rows = described(raw)
    assert (rows["G-1"]["parent_id"], rows["E-1"]["parent_id"]) == (issue_id_of("E-1"), None)


def test_a_parent_outside_the_extract_known_by_key_only_stays_unknown():
    raw = with_issue(frames(issue(parent="E-404")), "G-1", parent_id=None)
    assert described(raw)["G-1"]["parent_id"] is None


def test_every_issue_is_listed_once_in_order_of_id_whenever_it_was_created():
    raw = frames(*(issue(f"G-{n}") for n in range(1, 9)), history("G-99").created("2031-01-01 08:00"))
    made = checked(
        Issues, describe_issues(raw.issues.lazy(), NAMES.lazy(), RawTombstones.empty().lazy(), BOARD.workflow())
    )
    assert made["issue_id"].is_sorted()
    assert len(made) == 9


def test_a_live_issue_is_not_gone():
    row = described(frames(issue()))["G-1"]
    assert (row["is_deleted"], row["gone_reason"]) == (False, None)


def test_an_issue_that_is_gone_stays_listed_and_says_why():
    raw = frames(issue("G-1"), issue("G-2"))
    row = (issue_id_of("G-2"), "moved_out", "NEW-7", instant(EIGHT))
    rows = described(raw, gone=pl.DataFrame([row], schema=RawTombstones.polars_schema(), orient="row"))
    told = ("is_deleted", "gone_reason", "moved_to_key", "issue_key")
    assert [rows["G-2"][name] for name in told] == [True, "moved_out", "NEW-7", "G-2"]
    assert [rows["G-1"][name] for name in told] == [False, None, None, "G-1"]


def test_an_issue_without_an_update_time_has_none():
    assert described(with_issue(frames(issue()), "G-1", updated_at=None))["G-1"]["updated_at"] is None


def test_an_issue_no_stream_takes_is_an_error_that_names_it():
    workflow = BOARD.workflow()
    narrow = type(workflow)(workflow.streams, workflow.statuses, workflow.scopes.filter(issue_type_id=EPIC))
    with pytest.raises(ValueError, match="no value stream takes issue G-1"):
        described(frames(issue()), narrow)
