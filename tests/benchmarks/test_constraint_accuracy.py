"""A small seeded slice of the constraint bench, from simulated organisations to printed bars, by the product's path."""

from functools import cache

import pytest

from benchmarks.constraint_accuracy import main, run
from benchmarks.organisations.judging import FIRST, SECOND, SHORT, WHOLE, find_cases, judge_family, windows
from benchmarks.organisations.naive import METHODS
from benchmarks.organisations.scoring import NAMING

SLICE = ("single", "multiserver", "shared")


@cache
def answers():
    return run(SLICE, "tuning", {"clean": 2, "both": 1})


def test_the_constraint_of_plain_and_shared_organisations_is_named():
    clean = [each for each in answers() if each.variant == "clean"]
    assert len(clean) == 6
    assert sum(each.is_right for each in clean) >= 5


def test_naive_methods_cannot_name_people_who_are_shared():
    shared = [each for each in answers() if each.family == "shared"]
    assert not any(each.is_naive_right(method) for each in shared for method in METHODS)


def test_every_naive_method_names_a_stage_of_the_organisation():
    for each in answers():
        names = {name for name in each.truth.effects if "+" not in name}
        assert set(each.naive.values()) <= names
        assert {"time in status", "longest queue", "largest WIP"} <= set(each.naive)


def test_what_is_named_comes_with_a_prediction_near_what_would_have_been():
    named = [each for each in answers() if each.answer.verdict in NAMING and each.is_right]
    assert named
    assert all(each.error("residence") < 0.35 for each in named)


def test_the_answers_do_not_depend_on_what_else_is_asked():
    [alone] = judge_family("shared", "tuning", {"clean": 1})
    among = next(each for each in answers() if each.key == alone.key and each.variant == "clean")
    assert alone == among


def test_what_was_kept_is_not_judged_again(tmp_path, monkeypatch):
    wanted = {"clean": 1}
    first = run(["single"], "tuning", wanted, keep=tmp_path)
    monkeypatch.setattr("benchmarks.constraint_accuracy.judge_family", None)
    assert run(["single"], "tuning", wanted, keep=tmp_path) == first
    with pytest.raises(TypeError):
        run(["single"], "tuning", {"clean": 2}, keep=tmp_path)


@pytest.mark.parametrize(
    ("family", "variant", "expected"),
    [
        ("single", "clean", (WHOLE,)), ("single", SHORT, (SECOND,)), ("shift", "clean", (FIRST, SECOND)),
        ("shift", SHORT, (SECOND,)),
    ],
)  # fmt: skip
def test_where_the_constraint_moves_each_half_is_judged(family, variant, expected):
    assert windows(family, variant) == expected


def test_cases_are_the_first_that_can_be_scored():
    cases = find_cases("light", "tuning", 3)
    assert [case.organisation.number for case in cases] == [0, 1, 2]
    assert all(case.truths[WHOLE].is_separable for case in cases)
    assert [case.organisation.number for case in find_cases("tie", "tuning", 2)] == [0, 1]


def test_the_bench_prints_its_bars_and_says_by_its_exit_code_whether_all_are_met(capsys):
    code = main(["--families", "shared", "--variants", "clean", "--per-family", "1", "--misses"])
    said = capsys.readouterr()
    assert code == 1, "one case is too few for any bar on the number of cases"
    assert "MISSED fewest separable per family: 1 (at least 60)" in said.out
    assert "Seeds: tuning" in said.out
    assert "shared, clean: 1 cases judged" in said.err
