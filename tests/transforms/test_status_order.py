"""In which order issues take the statuses."""

from collections import Counter
from datetime import timedelta
from itertools import combinations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.workflow_frames import START, change_row, frame
from transforms.raw import RawChanges
from transforms.status_order import (
    count_precedence,
    first_entries,
    order_by_majority,
    sample_issues,
    statuses_entered,
)


def precedence(*paths: str, times: int = 1) -> Counter[tuple[str, str]]:
    """Pairs of the first entries of paths such as "ABC"."""
    pairs = (pair for path in paths for pair in combinations(dict.fromkeys(path), 2))
    return Counter({pair: count * times for pair, count in Counter(pairs).items()})


def counted(moves: list[tuple[int, int, int | None, int | None]]) -> dict[tuple[int, int], int]:
    """Precedence of moves (issue, hour, from, to), each a history of its own."""
    rows = [change_row(i, START + timedelta(hours=hour), n, "status", a, b) for n, (i, hour, a, b) in enumerate(moves)]
    streams = pl.LazyFrame(
        {"issue_id": [1, 2, 3], "stream_code": [0, 0, 1]}, {"issue_id": pl.Int64, "stream_code": pl.UInt32}
    )
    pairs = count_precedence(
        first_entries(frame(RawChanges, rows).sample(fraction=1, shuffle=True, seed=3).lazy(), streams)
    )
    return {(a, b): count for code, a, b, count in pairs.iter_rows() if code == 0}


def test_each_issue_counts_once_for_each_pair_of_its_statuses():
    assert counted([(1, 1, 10, 20), (1, 2, 20, 30), (2, 1, 10, 30)]) == {(10, 20): 1, (20, 30): 1, (10, 30): 2}


def test_only_the_first_entry_counts_so_rework_changes_nothing():
    assert counted([(1, 1, 10, 20), (1, 2, 20, 30), (1, 3, 30, 20), (1, 4, 20, 10)]) == {
        (10, 20): 1, (20, 30): 1, (10, 30): 1,
    }  # fmt: skip


def test_moves_of_one_instant_follow_their_history_ids():
    assert counted([(1, 1, 30, 20), (1, 1, 20, 10)]) == {(30, 20): 1, (30, 10): 1, (20, 10): 1}


def test_a_status_that_only_a_broken_chain_names_is_there():
    assert counted([(1, 1, 10, 20), (1, 2, 99, 30)]) == {
        (10, 20): 1, (10, 99): 1, (10, 30): 1, (20, 99): 1, (20, 30): 1, (99, 30): 1,
    }  # fmt: skip


def test_other_streams_other_fields_and_self_transitions_do_not_count():
    assert counted([(3, 1, 10, 20), (1, 1, 10, 10), (1, 2, None, 10)]) == {}


def test_statuses_entered_are_old_and_new_ones_of_every_stream():
    rows = [change_row(1, START, 1, "status", 10, 20), change_row(3, START, 2, "status", None, 10)]
    rows += [change_row(1, START, 3, "assignee", 70, 80), change_row(9, START, 4, "status", 10, 90)]
    streams = pl.LazyFrame({"issue_id": [1, 3], "stream_code": [0, 1]})
    assert statuses_entered(frame(RawChanges, rows).lazy(), streams).sort(pl.all()).rows() == [
        (0, 10),
        (0, 20),
        (1, 10),
    ]


def test_a_sample_takes_every_issue_of_a_small_stream_and_evenly_of_a_large_one():
    streams = pl.LazyFrame({"issue_id": [*range(10), 50, 60], "stream_code": [0] * 10 + [1] * 2})
    picked = sample_issues(streams, 4).collect().sort("issue_id")
    assert picked["issue_id"].to_list() == [0, 3, 6, 9, 50, 60]
    assert sample_issues(streams.reverse(), 4).collect().sort("issue_id").equals(picked)


def test_a_sample_is_never_larger_than_asked_and_not_less_than_half_of_it():
    for issues in range(1, 40):
        streams = pl.LazyFrame({"issue_id": range(issues), "stream_code": [0] * issues})
        size = sample_issues(streams, 7).collect().height
        assert min(issues, 4) <= size <= 7


def test_skipped_statuses_do_not_disturb_the_order():
    assert order_by_majority("DCBA", precedence("ABCD", "AD", "ACD", "BD", "AB")) == list("ABCD")


def test_a_rare_status_stands_where_its_few_issues_passed_it():
    usual = precedence("ABCD", times=500)
    assert order_by_majority("RABCD", usual + precedence("ABRCD")) == list("ABRCD")
    assert order_by_majority("ABCDR", usual + precedence("ARD"))[0] == "A"


def test_a_rare_detour_does_not_turn_the_walk_round():
    usual = precedence("ABCD", times=500)
    walked = [node for node in order_by_majority("ABCDR", usual + precedence("RA", "BCDR")) if node != "R"]
    assert walked == list("ABCD")


def test_a_circle_is_cut_at_its_weakest_side():
    circle = {("A", "B"): 9, ("B", "C"): 7, ("C", "A"): 2}
    assert order_by_majority("CBA", circle) == ["A", "B", "C"]


def test_expectation_decides_only_where_issues_do_not():
    assert order_by_majority("BA", {}, [("A", "B")]) == ["A", "B"]
    assert order_by_majority("BA", {("B", "A"): 1}, [("A", "B")]) == ["B", "A"]
    assert order_by_majority("BA", {("B", "A"): 1, ("A", "B"): 1}, [("A", "B")]) == ["A", "B"]


def test_what_nothing_decides_keeps_its_place():
    assert order_by_majority("CAB", {}) == ["C", "A", "B"]
    assert order_by_majority("", {}) == []


@given(st.permutations("ABCDEF"), st.lists(st.sets(st.sampled_from("ABCDEF"), min_size=2), min_size=1), st.randoms())
def test_issues_that_agree_on_an_order_are_never_contradicted(walk, skips, random):
    paths = ["".join(node for node in walk if node in kept) for kept in skips]
    nodes = list("ABCDEF")
    random.shuffle(nodes)
    place = {node: number for number, node in enumerate(order_by_majority(nodes, precedence(*paths)))}
    assert all(place[a] < place[b] for path in paths for a, b in combinations(path, 2))
