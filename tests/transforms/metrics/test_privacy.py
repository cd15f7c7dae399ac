"""Minimum groups: who counts as a team, and what may be shown beside a total."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from transforms.metrics.periods import periods
from transforms.metrics.privacy import MINIMUM_GROUP, shown_slices, team_sizes, whole_team_sizes

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
FIRST = datetime(2026, 3, 2, tzinfo=UTC)


def worked(key, person, status="In Progress", day="2026-03-03"):
    told = history(key).created(f"{day} 08:00", assignee=person).to(status, f"{day} 09:00")
    return told.to("Done", f"{day} 15:00")


def sizes(*told):
    persons = compute(frames(*told), WORKFLOW, AS_OF)["person_intervals"]
    found = team_sizes(persons, periods(WORKFLOW, FIRST, AS_OF), AS_OF).filter(period_kind="quarter")
    return dict(found.sort("period_start_date").select("period_start_date", "team_size").iter_rows())


def test_a_team_is_everybody_to_whom_work_was_assigned_in_the_period():
    told = [worked(f"G-{n}", person) for n, person in enumerate(["ana", "ben", "ana"])]
    later = worked("G-9", "chi", day="2026-04-07")
    assert list(sizes(*told, worked("G-8", "boss", "Ready for QA"), later).values()) == [3, 1]


def test_nobody_is_no_member():
    assert sizes(worked("G-1", None)) == {}


def test_the_team_of_the_whole_history_is_everybody_there_ever_was():
    told = [worked("G-1", "ana"), worked("G-2", "chi", day="2026-04-07"), worked("G-3", "ana", day="2026-05-07")]
    persons = compute(frames(*told), WORKFLOW, AS_OF)["person_intervals"]
    assert whole_team_sizes(persons).rows() == [("Golden", 2)]


def slices(*groups):
    rows = [("QA", hour, person) for hour, people in enumerate(groups) for person in people]
    return pl.DataFrame(rows, {"stage": pl.String, "hour": pl.Int64, "person": pl.Int64}, orient="row")


def shown(*groups):
    return sorted(shown_slices(slices(*groups), ["stage"], ["hour"])["hour"].to_list())


def test_large_slices_are_shown_when_nothing_is_hidden():
    assert shown(range(5), range(6)) == [0, 1]


def test_one_small_slice_takes_the_smallest_other_with_it():
    """Else the total less what is shown would be the small slice."""
    assert shown(range(5), range(6), range(7), [1]) == [1, 2]


def test_small_slices_of_enough_people_together_need_no_companion():
    assert shown(range(5), [1, 2, 3], [4, 5]) == [0]


def test_the_same_person_in_many_small_slices_is_still_one():
    assert shown(range(5), [1], [1], [1]) == []


def test_groups_are_judged_each_for_itself():
    both = pl.concat([slices(range(5)), slices(range(4)).with_columns(stage=pl.lit("Review"))])
    assert shown_slices(both, ["stage"], ["hour"])["stage"].to_list() == ["QA"]
    assert shown_slices(both.clear(), ["stage"], ["hour"]).is_empty()


@given(st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=8))
def test_no_difference_of_published_groups_tells_of_fewer_than_k(groups):
    kept = shown(*groups)
    assert all(len(groups[hour]) >= MINIMUM_GROUP for hour in kept)
    hidden = [people for hour, people in enumerate(groups) if hour not in kept]
    behind = set().union(*hidden)
    if hidden and kept:
        assert len(behind) >= MINIMUM_GROUP


@pytest.mark.parametrize("person", sorted(PERSONS))
def test_k_is_five_whoever_they_are(person):
    assert shown([PERSONS[person], 1, 2, 3]) == []
    assert shown([PERSONS[person], 1, 2, 3, 4]) == [0]
