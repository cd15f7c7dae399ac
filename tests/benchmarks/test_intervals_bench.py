"""The benchmark's variants do the same work: a small seeded slice, checked by checksum and never timed."""

import pytest

from benchmarks import facts, from_changes, interval_pass, json_columns, working_time
from benchmarks.history import History, make_history, shuffled
from benchmarks.intervals import main
from benchmarks.protocol import Bar, ChecksumError, Measured, Spent, Variant, check_checksums
from transforms.status_events import status_events

HISTORY = make_history(5_000)


def test_interval_passes_agree():
    assert check_checksums(interval_pass.variants(status_events(HISTORY.issues, HISTORY.moves)))


def test_ways_from_unordered_changes_agree():
    assert check_checksums(from_changes.variants(shuffled(History(HISTORY.issues, HISTORY.moves))))


def test_working_times_agree():
    assert check_checksums(working_time.variants(HISTORY))


@pytest.mark.parametrize("case", working_time.CASES)
def test_no_working_time_differs_from_the_minute_oracle(case):
    assert working_time.count_mismatches(case, samples=200) == 0


def test_facts_agree():
    assert check_checksums(facts.variants(facts.person_intervals(HISTORY).collect()))


def test_parses_agree():
    assert check_checksums(json_columns.variants(json_columns.landed_lines(200)))


def test_variants_that_differ_are_not_raced():
    events = status_events(HISTORY.issues, HISTORY.moves)
    [own, *_] = interval_pass.variants(events)
    other = Variant("short", own.run, lambda result: own.rows_of(result).head(10))
    with pytest.raises(ChecksumError):
        check_checksums([own, other])


def test_a_ratio_is_the_median_over_rounds():
    rounds = {"own": [Spent(1, 1), Spent(2, 2), Spent(1, 1)], "peer": [Spent(3, 3), Spent(8, 8), Spent(5, 5)]}
    assert Measured("race", 1, rounds).ratio("peer") == 4


@pytest.mark.parametrize(("measured", "is_floor", "passes"), [(4, True, True), (3.9, True, False), (4, False, True)])
def test_a_bar_is_a_floor_or_a_ceiling(measured, is_floor, passes):
    assert Bar("promise", measured, 4, is_floor).passes is passes


def test_the_benchmark_prints_a_table_and_says_by_its_exit_code_whether_bars_are_met(capsys, monkeypatch):
    monkeypatch.setattr(json_columns, "MEMORY_SIZES", (100,))
    code = main(["--changes", "2000", "4000", "--issues", "100", "--rounds", "1"])
    said = capsys.readouterr().out
    assert code == int("FAIL" in said)
    assert all(section.TITLE in said for section in (interval_pass, from_changes, working_time, facts, json_columns))
