"""The builder refuses stories that cannot have happened; otherwise a typo in a test would pass as a finding."""

import pytest
from polars.testing import assert_frame_equal

from tests.builders import PERSONS, StoryError, frames, history


def test_a_told_history_becomes_raw_rows():
    issues, changes = frames(
        history("G-1").created("2026-03-02 08:00").to("In Progress", at="2026-03-02 09:00").flag(at="2026-03-02 10:00")
    )
    assert issues["status_id"].to_list() == [3]
    assert issues["is_flagged"].to_list() == [True]
    assert changes.select("field", "from_id", "to_id").rows() == [("status", 1, 3), ("flagged", 0, 1)]
    assert changes["changed_at"].dt.to_string().str.slice(11, 5).to_list() == ["08:00", "09:00"]


def test_a_break_of_the_chain_has_to_be_asked_for():
    _, changes = frames(history("G-1").created("2026-03-02 08:00").to("Done", at="2026-03-02 09:00", claims="In QA"))
    assert changes.select("from_id", "to_id").rows() == [(10005, 10009)]


def test_items_of_one_history_are_numbered():
    told = history("G-1").created("2026-03-02 08:00")
    told.to("Done", at="2026-03-02 09:00", history_id=7).resolve("Done", at="2026-03-02 09:00", history_id=7)
    assert frames(told).changes["item_index"].to_list() == [0, 1]


def test_the_same_key_always_gets_the_same_id():
    one, two = (frames(history("G-1").created("2026-03-02 08:00")).issues for _ in range(2))
    assert_frame_equal(one, two)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda h: h.to("In Porgress", at="2026-03-02 09:00"),
        lambda h: h.to("Done", at="2026-03-02 09:00", claims="Nowhere"),
        lambda h: h.to("Done", at="2026-03-02 07:59"),
        lambda h: h.assign("nobody we know", at="2026-03-02 09:00"),
        lambda h: h.resolve("Fixed-ish", at="2026-03-02 09:00"),
        lambda h: h.edit("colour", at="2026-03-02 09:00"),
        lambda h: h.edit("created", at="2026-03-02 09:00"),
        lambda h: h.unflag(at="2026-03-02 09:00"),
        lambda h: h.created("2026-03-02 09:00"),
    ],
)
def test_a_story_that_cannot_have_happened_is_refused(mistake):
    with pytest.raises(StoryError):
        mistake(history("G-1").created("2026-03-02 08:00"))


def test_nothing_happens_to_an_issue_before_it_is_created():
    with pytest.raises(StoryError, match="before it is created"):
        history("G-1").assign("ana", at="2026-03-02 09:00")
    with pytest.raises(StoryError, match="never created"):
        frames(history("G-1"))


def test_persons_have_hashes_of_their_own():
    assert len(set(PERSONS.values())) == len(PERSONS)
