"""When an issue was blocked by another: links, their removal, and what became of the blocker."""

import polars as pl
import pytest

from tests.builders import BOARD, Frames, History, frames, history
from tests.transforms.told import FRIDAY_EVENING, clock, instant
from transforms.core.status_visits import build_status_visits
from transforms.dependencies import BLOCK_SCHEMA, dependency_timeline, find_dependencies
from transforms.raw import RawTombstones

EIGHT, NINE, TEN, ELEVEN, NOON = (f"2026-03-02 {hour}" for hour in ("08:00", "09:00", "10:00", "11:00", "12:00"))


def issue(key: str = "G-1") -> History:
    return history(key).created(EIGHT)


def blocks(
    *told: History | Frames, as_of: str = FRIDAY_EVENING, missed: str = "", reason: str = "deleted_or_no_access",
    gone_id: int | None = None,
) -> pl.DataFrame:  # fmt: skip
    """``missed``: when a run no longer found ``gone_id``, or G-2."""
    raw = told[0] if isinstance(told[0], Frames) else frames(*told)
    issues, changes, moment, flow = raw.issues.lazy(), raw.changes.lazy(), instant(as_of), BOARD.workflow()
    gone = raw.issues.filter(issue_key="G-2")["issue_id"].to_list()[: bool(missed)] if gone_id is None else [gone_id]
    rows = [(number, reason, None, instant(missed)) for number in gone]
    tombstones = pl.LazyFrame(rows, schema=RawTombstones.polars_schema(), orient="row")
    visits = build_status_visits(issues, changes, flow, moment, tombstones)
    found = find_dependencies(issues, changes, visits, tombstones, flow, moment)
    assert found.schema == BLOCK_SCHEMA
    return found


def stretches(*told: History | Frames, **how: str | int) -> list[tuple[str, str | None]]:
    rows = blocks(*told, **how).select("entered_at", "left_at").rows()
    return [(clock(begin)[-5:], end and clock(end)[-5:]) for begin, end in rows]


def test_no_links_no_blocks():
    assert blocks(issue().to("Done", NINE)).is_empty()


def test_a_link_blocks_until_it_is_removed():
    assert stretches(issue().block_on("G-2", NINE).unblock_from("G-2", TEN), issue("G-2")) == [("09:00", "10:00")]


@pytest.mark.parametrize("end", ["Done", "Closed", "Cancelled"])
def test_a_link_blocks_until_its_blocker_ends(end):
    assert stretches(issue().block_on("G-2", NINE), issue("G-2").to(end, TEN)) == [("09:00", "10:00")]


def test_a_link_that_stands_blocks_as_long_as_anybody_can_see():
    assert stretches(issue().block_on("G-2", NINE), issue("G-2")) == [("09:00", None)]


def test_the_earlier_of_removal_and_end_unblocks():
    removed_first = issue().block_on("G-2", NINE).unblock_from("G-2", TEN)
    assert stretches(removed_first, issue("G-2").to("Done", ELEVEN)) == [("09:00", "10:00")]
    assert stretches(removed_first, issue("G-2").to("Done", "2026-03-02 09:30")) == [("09:00", "09:30")]


def test_a_blocker_that_comes_back_does_not_block_again():
    blocker = issue("G-2").to("Done", TEN).to("In Progress", ELEVEN)
    assert stretches(issue().block_on("G-2", NINE), blocker) == [("09:00", "10:00")]


def test_a_blocker_that_has_ended_never_blocks_even_if_it_comes_back():
    blocker = issue("G-2").to("Done", NINE).to("In Progress", ELEVEN)
    assert stretches(issue().block_on("G-2", TEN), blocker) == []
    assert stretches(issue().block_on("G-2", NINE), blocker) == []


def test_a_blocker_that_came_back_before_the_link_blocks_until_it_ends_again():
    blocker = issue("G-2").to("Done", NINE).to("In Progress", TEN).to("Done", NOON)
    assert stretches(issue().block_on("G-2", TEN), blocker) == [("10:00", "12:00")]
    assert stretches(issue().block_on("G-2", ELEVEN), blocker) == [("11:00", "12:00")]


def test_a_blocker_outside_the_extract_blocks_and_says_so():
    found = blocks(issue().block_on("X-404", NINE), issue("G-2"))
    assert found["is_blocker_unknown"].to_list() == [True]
    assert stretches(issue().block_on("X-404", NINE)) == [("09:00", None)]
    assert blocks(issue().block_on("G-2", NINE), issue("G-2"))["is_blocker_unknown"].to_list() == [False]


def test_a_blocker_that_was_deleted_blocks_until_it_was_missed():
    """Jira takes the links of a deleted issue away, and leaves no word of it in the histories of the others."""
    told = issue().block_on("G-2", NINE), issue("G-2")
    assert stretches(*told, missed=TEN) == [("09:00", "10:00")]
    assert stretches(*told, missed=NOON, as_of=ELEVEN) == [("09:00", None)]
    assert stretches(issue().block_on("G-2", NINE), issue("G-2").to("Done", TEN), missed=ELEVEN) == [("09:00", "10:00")]


def test_a_key_given_anew_is_that_of_the_living():
    raw = frames(issue().block_on("G-2", TEN), issue("G-2"), history("G-3").created(NINE))
    reused = raw.issues.with_columns(issue_key=pl.col.issue_key.replace({"G-2": "G-3", "G-3": "G-2"}))
    for order in (False, True):
        gone_is_first = Frames(reused.sort("issue_key", descending=order), raw.changes)
        both = gone_is_first.issues.with_columns(
            issue_key=pl.when(pl.col.issue_key == "G-3").then(pl.lit("G-2")).otherwise("issue_key")
        )
        old = reused.filter(issue_key="G-3")["issue_id"].item()
        assert stretches(Frames(both, raw.changes), missed=NINE, gone_id=old) == [("10:00", None)]


@pytest.mark.parametrize("reason", ["moved_out", "archived"])
def test_a_blocker_that_is_only_out_of_sight_goes_on_blocking(reason):
    assert stretches(issue().block_on("G-2", NINE), issue("G-2"), missed=TEN, reason=reason) == [("09:00", None)]


def test_a_link_removed_but_never_made_is_as_old_as_the_issue():
    found = blocks(issue().unblock_from("G-2", NINE), issue("G-2"))
    assert found["is_left_unknown"].to_list() == [True]
    assert stretches(issue().unblock_from("G-2", NINE), issue("G-2")) == [("08:00", "09:00")]


def test_a_link_that_stands_without_having_been_made_is_as_old_as_the_issue():
    told = issue().linked_before("G-2")
    assert blocks(told, issue("G-2"))["is_left_unknown"].to_list() == [True]
    assert stretches(told, issue("G-2").to("Done", TEN)) == [("08:00", "10:00")]


def test_a_link_made_twice_blocks_twice():
    told = issue().block_on("G-2", NINE).unblock_from("G-2", TEN).block_on("G-2", ELEVEN).unblock_from("G-2", NOON)
    assert stretches(told, issue("G-2")) == [("09:00", "10:00"), ("11:00", "12:00")]
    assert blocks(told, issue("G-2"))["is_left_unknown"].to_list() == [False, False]


def test_a_link_made_and_removed_in_one_instant_blocks_nothing():
    assert stretches(issue().block_on("G-2", NINE).unblock_from("G-2", NINE), issue("G-2")) == []


def test_a_link_removed_and_made_again_in_one_instant_goes_on_blocking():
    told = issue().block_on("G-2", NINE).unblock_from("G-2", TEN).block_on("G-2", TEN).unblock_from("G-2", ELEVEN)
    assert stretches(told, issue("G-2")) == [("09:00", "10:00"), ("10:00", "11:00")]


def test_links_of_other_kinds_do_not_block():
    raw = frames(issue().block_on("G-2", NINE), issue("G-2"))
    kinds = pl.Series(["blocks"], dtype=raw.changes.schema["link_kind"])
    unlisted = raw.issues.with_columns(blocked_by_keys=pl.lit([], pl.List(pl.String)))
    assert blocks(Frames(unlisted, raw.changes.with_columns(link_kind=kinds))).is_empty()


def test_a_moved_blocker_is_found_by_its_old_key():
    blocker = issue("G-2").rename("H-7", ELEVEN).to("Done", NOON)
    raw = frames(issue().block_on("G-2", NINE), blocker)
    shown = raw.issues.with_columns(
        blocked_by_keys=pl.when(pl.col.blocked_by_keys.list.len() > 0).then(["H-7"]).otherwise("blocked_by_keys")
    )
    for issues in (raw.issues, shown):
        found = blocks(Frames(issues, raw.changes))
        assert found["is_blocker_unknown"].to_list() == [False]
        assert stretches(Frames(issues, raw.changes)) == [("09:00", "12:00")]


def test_a_link_to_a_blocker_that_moved_is_removed_under_its_new_key():
    told = issue().block_on("G-2", NINE).unblock_from("H-7", NOON)
    told._blockers.clear()
    found = blocks(told, issue("G-2").rename("H-7", ELEVEN))
    assert found["is_left_unknown"].to_list() == [False]
    assert found["left_at"].to_list() == [instant(NOON)]


def test_a_key_belongs_to_the_issue_that_has_it_now():
    moved_away = issue("G-2").rename("H-7", TEN).to("Done", ELEVEN)
    newcomer = history("G-3").created(EIGHT)
    raw = frames(issue().block_on("G-2", NINE), moved_away, newcomer)
    renamed = raw.issues.with_columns(
        issue_key=pl.when(pl.col.issue_key == "G-3").then(pl.lit("G-2")).otherwise("issue_key")
    )
    assert stretches(Frames(renamed, raw.changes)) == [("09:00", None)]


def test_what_happens_after_as_of_is_not_known_yet():
    told = issue().block_on("G-2", NINE).unblock_from("G-2", ELEVEN)
    assert stretches(told, issue("G-2"), as_of=TEN) == [("09:00", None)]
    assert stretches(told, issue("G-2"), as_of=ELEVEN) == [("09:00", "11:00")]
    assert stretches(told, issue("G-2"), as_of="2026-03-02 08:30") == []
    late = issue("G-2").to("Done", NOON)
    assert stretches(issue().block_on("G-2", NINE), late, as_of=ELEVEN) == [("09:00", None)]


def test_shuffling_the_input_changes_nothing():
    told = issue().block_on("G-2", NINE).block_on("G-3", TEN).unblock_from("G-2", TEN).unblock_from("G-3", NOON)
    raw = frames(told, issue("G-2").to("Done", ELEVEN), issue("G-3"))
    expected = blocks(raw)
    for seed in range(4):
        mixed = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in raw]
        assert blocks(Frames(*mixed)).equals(expected)


def timeline(*told: History) -> list[tuple[str, int]]:
    rows = dependency_timeline(frames(*told).issues.sort("issue_id"), blocks(*told)).changes
    assert rows["issue_id"].n_unique() <= 1
    return [(clock(at)[-5:], value) for at, value in rows.select("entered_at", "value").iter_rows()]


def test_overlapping_links_count_once():
    told = issue().block_on("G-2", NINE).block_on("G-3", TEN).unblock_from("G-2", ELEVEN).unblock_from("G-3", NOON)
    assert timeline(told, issue("G-2"), issue("G-3")) == [("09:00", 1), ("12:00", 0)]


def test_links_that_follow_on_one_another_are_one_stretch():
    told = issue().block_on("G-2", NINE).unblock_from("G-2", TEN).block_on("G-3", TEN).unblock_from("G-3", NOON)
    assert timeline(told, issue("G-2"), issue("G-3")) == [("09:00", 1), ("12:00", 0)]


def test_a_link_within_a_longer_one_does_not_end_it():
    told = issue().block_on("G-2", NINE).block_on("G-3", TEN).unblock_from("G-3", ELEVEN)
    assert timeline(told, issue("G-2"), issue("G-3")) == [("09:00", 1)]


def test_every_issue_begins_unblocked():
    raw = frames(issue().block_on("G-2", EIGHT), issue("G-2"))
    found = dependency_timeline(raw.issues.sort("issue_id"), blocks(raw))
    assert found.initial["value"].to_list() == [0, 0]
    assert found.initial["issue_id"].is_sorted()
