"""The verdict, what it rests on and what would follow: first what is named, then how surely, then why."""

import pytest

from pipelines.report.verdicts import Verdicts, stages_of
from pipelines.report.views import constraint_flow, evidence, value_stream_map, verdict, what_ifs
from pipelines.report.words import FIXED
from tests.pipelines.report.told import QUARTER, STREAM, step, version
from transforms.metrics.constraint_verdicts import VERDICTS

SAID = "Work in Payments takes 19 days. The constraint is Review (confidence: strong)."


def plain(text):
    return text.replace(FIXED, " ")


def only(view, published):
    [entry] = view.build(published)
    assert bool(entry.finding) != bool(entry.reason)
    return entry


def judged(**said):
    """A strong verdict on Review."""
    named = {
        "verdict": "constraint_stage", "constraint_name": "Review", "constraint_stage_names": "Review",
        "largest_delay_name": "Review", "confidence": "strong", "sentence": SAID, "candidate_name": "Review",
        "runner_up_name": "QA", "vote_share": 0.95, "margin_share": 0.4, "fidelity_ratio": 0.98,
        "constraint_wait_of_cycle_working_days": 10.0,
    }  # fmt: skip
    return named | said


def undecided(**said):
    """A verdict that names nothing."""
    why = {"verdict": "not_separable", "constraint_name": None, "constraint_stage_names": None, "confidence": "none"}
    return judged(**why, largest_delay_name=None, sentence="Nobody can tell.", reasons="votes are split") | said


def seen(stage, order, **said):
    return {"stage_name": stage, "stage_order": order, "role": "work", "queue_mean": 1.0} | said


def relief(stage, kind, change, **said):
    known = {"stage_name": stage, "relief": kind, "delivered_per_month_change": change, "target_kind": "stage"}
    known |= {"delivered_per_month_change_low": change - 1, "delivered_per_month_change_high": change + 1}
    return known | {"cycle_working_days_p50_change": -5.0} | said


def test_the_verdict_is_its_tables_sentence(tmp_path):
    entry = only(verdict, version(tmp_path, {"metrics.constraint_verdicts": [judged()]}))
    assert entry.finding == SAID
    assert entry.extra == {"label": "One stage is the constraint", "confidence": "strong", "moved": ""}
    assert entry.caveat == ""


@pytest.mark.parametrize("said", verdict.LABELS)
def test_every_kind_of_verdict_has_a_label(tmp_path, said):
    published = version(tmp_path, {"metrics.constraint_verdicts": [judged(verdict=said)]})
    assert only(verdict, published).extra["label"] == verdict.LABELS[said]


def test_labels_are_those_the_table_may_hold():
    assert set(verdict.LABELS) == set(VERDICTS)


def test_that_the_constraint_moved_is_told(tmp_path):
    moved = "The constraint moved from Review to QA in week 32 of 2026."
    entry = only(verdict, version(tmp_path, {"metrics.constraint_verdicts": [judged(moved_sentence=moved)]}))
    assert entry.extra["moved"] == moved


def test_why_it_is_no_surer_stands_behind_it_unless_the_sentence_says_so(tmp_path):
    weak = judged(confidence="weak", reasons="half the votes")
    assert only(verdict, version(tmp_path / "a", {"metrics.constraint_verdicts": [weak]})).caveat.startswith(
        "Half the votes."
    )
    entry = only(verdict, version(tmp_path / "b", {"metrics.constraint_verdicts": [undecided()]}))
    assert "votes are split" not in entry.caveat


def test_benefit_and_anti_benefit_always_stand_together(tmp_path):
    both = {
        "cycle_working_days_p50": 19.0, "wait_of_cycle_working_days": 14.0,
        "halved_cycle_working_days_p50": 14.0,
        "halved_delivered_per_month_change": 6.0, "halved_delivered_per_month_change_low": 4.0,
        "halved_delivered_per_month_change_high": 8.0, "faster_stage_name": "Development",
        "faster_delivered_per_month_change": 0.0,
    }  # fmt: skip
    facts = dict(only(verdict, version(tmp_path, {"metrics.constraint_verdicts": [judged(**both)]})).facts)
    assert {name: plain(text) for name, text in facts.items()} == {
        "The same in working time": "19 working days",
        "Waiting in it": "14 working days",
        "If the wait at Review were halved": "+6 deliveries a month [4, 8]",
        "If Development were 40 % faster": "no more deliveries",
    }


def test_waiting_that_no_column_shows_is_not_told_as_none(tmp_path):
    hidden = judged(
        cycle_working_days_p50=20.0, wait_of_cycle_working_days=0.0, constraint_wait_of_cycle_working_days=None
    )
    tables = {"metrics.constraint_verdicts": [hidden], "metrics.value_stream_map": [step("Review")]}
    published = version(tmp_path, tables)
    facts = dict(only(verdict, published).facts)
    assert plain(facts["Waiting in it, where a column shows it"]) == "0 working days"
    assert plain(verdict.overview(published)[0]["wait"]) == "0 % or more"


def test_without_a_verdict_the_page_says_what_can_be_said(tmp_path):
    entry = only(verdict, version(tmp_path, {}))
    assert (
        entry.reason
        == "These tables hold no verdict for the period. What can be said: most of the waiting is in Development."
    )


def test_streams_are_listed_with_the_most_waiting_first(tmp_path):
    steps = [
        step("Review", value_stream="Calm"),
        step("Review", wait_days_total=500.0),
        step("Backlog", step_kind="upstream"),
    ]
    stages = [{"stage_name": "Review", "value_stream": name} for name in ("Calm", STREAM)]
    tables = {"metrics.value_stream_map": steps, "core.stages": stages, "metrics.constraint_verdicts": [judged()]}
    first, second = verdict.overview(version(tmp_path, tables))
    assert (first["stream"], first["named"], first["word"], first["waited"]) == (
        STREAM,
        "Review",
        "constraint (strong)",
        500,
    )
    assert (second["stream"], second["word"]) == ("Calm", "most waiting that can be seen")
    assert plain(second["wait"]) == "67 %"


def test_the_share_of_waiting_is_the_one_that_the_verdicts_sentence_tells(tmp_path):
    steps = [step("Review", wait_days_total=0.0, wait_days_per_delivered=0.0, stage_days_total=100.0)]
    told = judged(cycle_working_days_p50=20.0, wait_of_cycle_working_days=15.0)
    tables = {"metrics.value_stream_map": steps, "metrics.constraint_verdicts": [told]}
    [line] = verdict.overview(version(tmp_path, tables))
    assert (line["waited"], plain(line["wait"])) == (75, "75 %")


def test_a_stream_that_shows_no_waiting_is_not_praised_for_it(tmp_path):
    steps = [step("Review", wait_days_total=0.0, wait_days_per_delivered=0.0, has_queue=False)]
    [line] = verdict.overview(version(tmp_path, {"metrics.value_stream_map": steps}))
    assert line["named"] == "–"
    assert line["word"] == "no waiting can be seen"


def test_the_named_stages_are_marked_in_the_map(tmp_path):
    published = version(tmp_path, {"metrics.constraint_verdicts": [judged()]})
    entry = only(value_stream_map, published)
    assert {row["stage"]: row["marked"] for row in entry.extra["steps"]} == {"Development": False, "Review": True}
    assert entry.extra["mark"] == "constraint"


def test_people_who_serve_several_stages_mark_all_of_them(tmp_path):
    pool = judged(verdict="constraint_pool", constraint_name="Review+QA", constraint_stage_names="Review, QA")
    found = Verdicts(version(tmp_path, {"metrics.constraint_verdicts": [pool]}))
    assert found.marked_stages(STREAM, "latest") == ["Review", "QA"]
    assert found.watched_stage(STREAM, "latest") == "Review"


def test_without_a_constraint_the_largest_delay_is_marked_as_such(tmp_path):
    delay = undecided(verdict="intake_limited", largest_delay_name="Review+QA")
    found = Verdicts(version(tmp_path, {"metrics.constraint_verdicts": [delay]}))
    assert found.marked_stages(STREAM, "latest") == ["Review", "QA"]
    assert found.mark_word(STREAM, "latest") == "largest delay"


def test_a_verdict_speaks_of_its_own_period_only(tmp_path):
    found = Verdicts(version(tmp_path, {"metrics.constraint_verdicts": [judged(**QUARTER)]}))
    assert found.marked_stages(STREAM, "2026-Q2") == ["Review"]
    assert found.marked_stages(STREAM, "latest") == []


def test_the_named_stage_is_the_one_looked_at_closer(tmp_path):
    weeks = [{"stage_name": "Review", "is_complete_week": True, "week_start_date": QUARTER["period_start_date"]}]
    tables = {"metrics.constraint_verdicts": [judged()], "metrics.stage_flow_weekly": weeks}
    assert only(constraint_flow, version(tmp_path, tables)).finding.startswith("Review: 0 came and 0 left")


def test_evidence_stands_in_the_order_of_the_walk_with_the_votes(tmp_path):
    rows = [seen("QA", 2), seen("Review", 1, load_ratio=1.18, queue_mean=31.0, saturation_share=0.97, pool_name=None)]
    votes = [relief("Review", "service_x0.8", 2.0, win_share=0.95), relief("QA", "service_x0.8", 0.0, win_share=0.05)]
    tables = {
        "metrics.constraint_verdicts": [judged()], "metrics.constraint_evidence": rows,
        "metrics.relief_estimates": votes,
    }  # fmt: skip
    entry = only(evidence, version(tmp_path, tables))
    assert plain(entry.finding) == (
        "Made a fifth faster in turn, Review helps most in 95 % of the resampled replays; QA comes second, 40 % behind."
        " Unchanged, the replay delivers 98 % of what was delivered. It also has the highest load, the longest queue."
    )
    head, review, qa = entry.table
    assert [plain(cell) for cell in review[:4]] == ["Review", "1.18", "97 %", "31"]
    assert [plain(row[head.index("Replays won")]) for row in (review, qa)] == ["95 %", "5 %"]
    assert entry.extra["marked"] == [0]


def test_stages_that_share_their_people_share_their_votes(tmp_path):
    rows = [
        seen("Review", 1, pool_name="Review+QA"),
        seen("QA", 2, pool_name="Review+QA"),
        seen("Gate", 3, role="gate"),
    ]
    votes = [
        relief("Review+QA", "service_x0.8", 2.0, win_share=0.8),
        relief("Review", "service_x0.8", 0.5, win_share=0.0),
        relief("Gate", "interval_x0.8", 0.0, win_share=0.2),
    ]
    tables = {"metrics.constraint_evidence": rows, "metrics.relief_estimates": votes}
    entry = only(evidence, version(tmp_path, tables))
    assert [plain(row[-1]) for row in entry.table[1:]] == ["80 %", "80 %", "20 %"]
    assert entry.table[3][0] == "Gate (gate)"
    assert entry.finding == "No replay could be run, so only what was observed is shown."


def test_disagreement_of_the_simple_signs_is_told(tmp_path):
    rows = [seen("Review", 1, load_ratio=0.4), seen("QA", 2, load_ratio=0.9, queue_mean=9.0)]
    tables = {"metrics.constraint_verdicts": [judged()], "metrics.constraint_evidence": rows}
    assert only(evidence, version(tmp_path, tables)).finding.endswith("No simple indicator points at the same stage.")


def test_halving_the_wait_and_coding_faster_are_told_together(tmp_path):
    rows = [
        relief("Development", "coding_40_percent_faster", 0.0, cycle_working_days_p50_change=6.0),
        relief("QA", "wait_halved", 0.2),
        relief("Review", "wait_halved", 6.4),
        relief("Review", "service_x0.8", 3.0),
    ]
    tables = {"metrics.constraint_verdicts": [judged()], "metrics.relief_estimates": rows}
    entry = only(what_ifs, version(tmp_path, tables))
    assert plain(entry.finding) == (
        "Halve the wait at Review: +6.4 deliveries a month [5.4, 7.4], work takes 5 working days less. Development 40 %"
        " faster: nothing more ships [-1, 1], work takes 6 working days longer."
    )
    assert entry.caveat.startswith("Replayed, with the same arrivals, people and work;")
    drawn = entry.charts["what_if_deliveries"]
    assert [(row["what"], row["kind"]) for row in drawn] == [
        ("Review: wait halved", "constraint"),
        ("QA: wait halved", "other"),
        ("Development: 40 % faster", "coding"),
    ]
    assert [row["change"] for row in entry.charts["what_if_cycle"]] == [-5, -5, 6]


def test_of_people_who_share_stages_their_own_target_is_told_and_not_each_stages(tmp_path):
    pool = judged(verdict="constraint_pool", constraint_name="Dev+Review", constraint_stage_names="Dev, Review")
    rows = [relief(name, "wait_halved", gain) for name, gain in (("Dev", 9.0), ("Dev+Review", 6.0), ("Review", 4.0))]
    tables = {"metrics.constraint_verdicts": [pool], "metrics.relief_estimates": rows}
    entry = only(what_ifs, version(tmp_path, tables))
    assert plain(entry.finding).startswith("Halve the wait at Dev + Review: +6 deliveries a month")
    assert "wait at Dev:" not in entry.finding
    kinds = {row["what"]: row["kind"] for row in entry.charts["what_if_deliveries"]}
    assert kinds == {
        "Dev: wait halved": "other",
        "Dev + Review: wait halved": "constraint",
        "Review: wait halved": "other",
    }


def test_where_the_replay_does_not_hold_no_what_if_is_told(tmp_path):
    entry = only(what_ifs, version(tmp_path, {"metrics.constraint_verdicts": [undecided()]}))
    assert entry.reason == "No what-if is told, because the replay does not hold here: votes are split."
    assert entry.charts == {}


def test_a_target_names_its_stages():
    assert stages_of("Review+QA") == ["Review", "QA"]
    assert stages_of("Review") == ["Review"]
    assert stages_of("") == []
