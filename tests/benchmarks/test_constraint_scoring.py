"""How answers of the constraint bench are scored: by hand."""

import pytest

from benchmarks.organisations.printed import misses, told
from benchmarks.organisations.scoring import Answer, Found, Judged, Share, bars, median_error, parts, wilson
from benchmarks.organisations.truth import EXTERNAL, Effect, Truth

METHODS = ("queue", "wip")


def truth(**gains):
    effects = {name: Effect(gain, gain / 2) for name, gain in gains.items()}
    return Truth(effects, effects)


CLEAR = truth(QA=0.2, Review=0.01)
TIED = truth(QA=0.2, Review=0.19)


def judged(name="QA", *, family="single", variant="clean", of=CLEAR, verdict="constraint_stage", confidence="strong",
           naive=None, gains=None):  # fmt: skip
    answer = Answer(verdict, confidence, name, gains or {}, {k: v / 2 for k, v in (gains or {}).items()})
    return Judged(family, "KEY", variant, of, answer, naive or {})


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"), [(0, 10, 0, 0.278), (5, 10, 0.237, 0.763), (60, 60, 0.940, 1), (0, 0, 0, 1)]
)
def test_wilson_intervals_are_those_of_the_tables(hits, count, low, high):
    assert wilson(hits, count) == pytest.approx((low, high), abs=0.001)


@pytest.mark.parametrize("name", ["Development + Review", "Review+Development", "Development, Review"])
def test_a_pool_is_its_stages_however_it_is_written(name):
    assert parts(name) == parts("Development+Review")


def test_waiting_for_others_has_a_name_of_its_own():
    assert parts("Blocked") == parts(EXTERNAL) != parts("QA")


def test_the_candidate_counts_spoken_or_not():
    assert judged(verdict="not_separable", confidence="weak").is_right
    assert not judged("Review").is_right
    assert not judged("").is_right


def test_part_of_a_pool_is_not_the_pool():
    assert not judged("Review", of=Truth({"Development+Review": Effect(1, 1), "Review": Effect(0.1, 0)})).is_right


@pytest.mark.parametrize(
    ("gain", "verdict", "is_wrong"),
    [
        (0.2, "intake_limited", True), (0.03, "intake_limited", False), (0.001, "intake_limited", False),
        (0.001, "constraint_stage", True), (0.015, "constraint_stage", False), (0.2, "constraint_stage", False),
        (0.2, "not_separable", False),
    ],
)  # fmt: skip
def test_a_regime_is_wrong_only_when_it_clearly_is(gain, verdict, is_wrong):
    assert judged(of=truth(QA=gain, Review=0.0), verdict=verdict).has_wrong_regime is is_wrong


@pytest.mark.parametrize(("expected", "realised", "is_wrong"), [(0.2, 0.2, True), (0.2, 0.0, False), (0.0, 0.2, False)])
def test_a_regime_is_clear_when_the_period_and_others_agree(expected, realised, is_wrong):
    of = Truth(truth(QA=expected).effects, truth(QA=realised).effects)
    assert judged(of=of, verdict="intake_limited").has_wrong_regime is is_wrong


def test_an_error_is_that_of_what_is_named():
    case = judged("Review", gains={"QA": 0.5, "Review": 0.04})
    assert case.error("deliveries") == pytest.approx(0.03)
    assert case.error("residence") == pytest.approx(0.015)
    assert judged().error("deliveries") is None
    assert median_error([case, judged(gains={"QA": 0.15})], "deliveries") == pytest.approx(4.0)


def test_a_prediction_is_held_against_the_period_it_was_made_of():
    of = Truth(CLEAR.effects, {"QA": Effect(0.3, 0.0)})
    case = judged(of=of, gains={"QA": 0.28})
    assert case.error("deliveries") == pytest.approx(0.02)
    assert case.error("deliveries", is_expected=True) == pytest.approx(0.08)


def test_ties_and_what_cannot_be_told_apart_are_not_separable_cases():
    found = Found([judged(), judged(of=TIED), judged(family="tie"), judged(variant="both")])
    assert len(found.separable("clean")) == 1


def test_the_best_naive_method_is_the_one_that_is_right_most_often():
    cases = [judged(naive={"queue": "QA", "wip": "Review"}), judged(naive={"queue": "QA"}), judged(naive={})]
    assert Found(cases).best_naive(cases, METHODS) == pytest.approx(2 / 3)


def measured(cases, promise, dirty=()):
    return next(bar for bar in bars(Found(cases), METHODS, dirty) if bar.promise == promise)


def test_the_lead_is_over_the_best_naive_method_on_the_same_cases():
    cases = [judged(naive={"queue": "QA"}), judged(naive={"wip": "Review"})]
    assert measured(cases, "clean: ahead of the best naive method").measured == pytest.approx(0.5)


def test_right_when_strong_counts_strong_answers_that_were_given():
    wrong = judged("Review", confidence="strong")
    unsaid = judged("Review", verdict="not_separable", confidence="weak")
    cases = [judged(), judged(), judged(), wrong, unsaid]
    assert measured(cases, "right when strong").measured == pytest.approx(0.75)
    assert measured(cases, "clean: spoken").measured == pytest.approx(0.8)
    assert measured(cases, "clean: strong").measured == pytest.approx(0.8)


def test_a_right_name_in_a_wrong_regime_is_not_true():
    cases = [judged(verdict="intake_limited"), judged()]
    assert measured(cases, "right when strong").measured == pytest.approx(0.5)


def test_ties_count_as_left_unnamed_unless_spoken():
    tie = [judged(family="tie"), judged(family="tie", verdict="not_separable", confidence="weak")]
    assert measured(tie, "ties left unnamed").measured == pytest.approx(0.5)


def test_a_dirty_log_may_not_be_worse_than_the_best_naive_method_on_it():
    cases = [judged("Review", variant="both", naive={"queue": "QA"})]
    bar = measured(cases, "both: ahead of the best naive method", ["both"])
    assert (bar.measured, bar.passes) == (-1, False)


def test_nothing_judged_meets_no_bar_of_accuracy():
    assert not any(bar.passes for bar in bars(Found([]), METHODS, []))


def test_the_fewest_cases_of_a_family_are_a_bar_too():
    cases = [judged()] * 60 + [judged(family="gate")] * 59
    bar = measured(cases, "fewest separable per family")
    assert (bar.measured, bar.passes) == (59, False)


def test_all_is_printed_and_bars_are_said_to_be_met_or_missed():
    cases = [judged(naive={"queue": "QA"}), judged("Review", gains={"Review": 0.1}), judged(family="tie")]
    lines = "\n".join(told(Found(cases), ["clean"], METHODS))
    assert "single" in lines
    assert "50% [9%–91%]" in lines
    assert "MISSED right when strong: 0.5 (at least 0.95)" in lines
    assert "met    clean: spoken: 1 (at least 0.75)" in lines


def test_a_miss_is_told_with_its_truth():
    lines = list(misses(Found([judged(), judged("Review"), judged("Review", of=TIED)])))
    assert lines == ["clean: KEY: constraint_stage Review (strong); truly QA by throughput: QA 0.20, Review 0.01"]


def test_a_share_of_nothing_is_nothing():
    assert str(Share(0, 0)) == "–"
    assert str(Share(3, 4)) == " 75% [30%–95%]"
