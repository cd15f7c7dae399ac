"""``flow explain`` reproduces the arithmetic of every golden story in words; every sum in it can be added up again."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from tests.flow_command import flow
from tests.golden.adapter import CASES
from tests.golden.expected import KINDS, instant
from tests.golden.published import published_golden

ANSWERS = {key: answer for case in CASES for key, answer in case["expected"].items()}
STORIES = {key: answer for key, answer in ANSWERS.items() if not answer.get("rollup")}
STARTED = [key for key, answer in ANSWERS.items() if answer["cycle_s"]]

UNITS = {"h": 3600_000, "min": 60_000, "s": 1000, "ms": 1}

DURATION = r"\d+ (?:h|min|s|ms)(?: \d+ (?:min|s|ms))*"

EQUATION = re.compile(rf"(?P<addends>{DURATION}(?: \+ {DURATION})+) = (?P<total>{DURATION})")

DERIVED = re.compile(rf"working (?P<total>{DURATION}) = (?P<days>.+)")

DAY = re.compile(rf"(?:(?P<times>\d+) × )?(?P<each>{DURATION})$")


@cache
def told(key: str) -> str:
    ended = flow("explain", key, "--data", published_golden("cloud"))
    assert ended.exit_code == 0, ended.error
    return ended.output


@cache
def derived(key: str) -> dict:
    return json.loads(flow("explain", key, "--json", "--data", published_golden("cloud")).output)


def ms(text: str) -> int:
    """Milliseconds of a duration in words."""
    return sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+) (h|min|s|ms)\b", text))


@pytest.mark.parametrize("key", STORIES)
def test_every_kind_adds_up_to_the_golden_answer(key):
    sums, answer = derived(key)["sums"], STORIES[key]
    for golden, kind in KINDS.items():
        assert sums[kind]["elapsed_ms"] == answer[f"{golden}_s"] * 1000, kind
        assert sums[kind]["working_ms"] == answer[f"{golden}_ws"] * 1000, kind
    assert sums["span"]["elapsed_ms"] == answer["cycle_s"] * 1000
    assert sums["span"]["working_ms"] == answer["cycle_ws"] * 1000
    assert derived(key)["sums_agree"]


@pytest.mark.parametrize("key", STORIES)
def test_points_counts_and_shares_are_the_golden_ones(key):
    found, answer = derived(key), STORIES[key]
    assert found["outcome"] == answer["outcome"]
    assert instant(found["started_at"]) == instant(answer["started"])
    assert instant(found["finished_at"]) == instant(answer["finished"])
    for golden, share in (("fe_elapsed", "elapsed"), ("fe_working", "working")):
        assert found["flow_efficiency"][share] == (answer[golden] and pytest.approx(answer[golden], abs=1e-6))
    counts = {"backward_moves": "backward_move_count", "reopens": "reopen_count", "handoffs": "handoff_count"}
    for golden, count in counts.items():
        assert found[count] == answer[golden]
    assert found["rework_touch"]["elapsed_ms"] == answer.get("rework_touch_s", 0) * 1000
    bounds = [found["touch_ms_low"], found["touch_ms_high"]]
    assert bounds == [bound * 1000 for bound in answer.get("touch_bounds_s", [answer["touch_s"]] * 2)]


@pytest.mark.parametrize("key", ANSWERS)
def test_every_addition_in_the_words_is_right(key):
    equations = list(EQUATION.finditer(told(key)))
    for equation in equations:
        assert sum(ms(part) for part in equation["addends"].split(" + ")) == ms(equation["total"]), equation[0]
    assert equations or not STORIES.get(key) or len(derived(key)["intervals"]) < 4


@pytest.mark.parametrize("key", ANSWERS)
def test_every_working_duration_is_the_sum_of_its_days(key):
    for line in told(key).splitlines():
        if found := DERIVED.search(line):
            days = [DAY.search(day) for day in found["days"].split(" + ")]
            assert sum(int(day["times"] or 1) * ms(day["each"]) for day in days) == ms(found["total"]), line


@pytest.mark.parametrize("key", STARTED)
def test_the_golden_totals_stand_in_the_words(key):
    answer, text = ANSWERS[key], told(key)
    told_first = reversed([line for line in text.splitlines() if line.startswith("  ") and line.strip()])
    lines = {line.split()[0]: line for line in told_first}
    assert ms(lines["span"].split("=")[-1].split("(")[0].split(",")[0]) == answer["cycle_s"] * 1000
    for golden, kind in KINDS.items():
        if answer.get(f"{golden}_s"):
            assert ms(lines[kind].split("=")[-1].split(",")[0]) == answer[f"{golden}_s"] * 1000


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            "G-2",
            ["wait       18 h + 66 h 30 min + 21 h 30 min = 106 h", "working: 2 h + 2 h 30 min + 5 h 30 min = 10 h"],
        ),
        ("G-5", ["blocked    20 h", "it was flagged as impeded"]),
        ("G-7", ["second and later visits of a status: 1 h 30 min + 30 min + 2 h + 1 h = 5 h", "moves back: 2"]),
        (
            "G-8",
            ["done_gap   46 h", "'Done' had ended it", "It had first ended Wed 10 Jun 2026 12:00"],
        ),
        ("G-9", ["discarded", "'Cancelled'"]),
        ("G-10", ["in progress", "Finished –: it is open"]),
        ("G-11", ["had never been in a committed status before"]),
        ("G-14", ["is work, and nobody was assigned", "unassigned 2 h", "hand-offs: 2"]),
        ("G-16", ["it was blocked by G-16D", "blocked    23 h", "working: 7 h"]),
        ("G-20", ["at a time: 4 h + 1 h = 5 h", "person-time: 3 h + 2 h + 1 h = 6 h"]),
        ("G-21", ["The history is in doubt", "touch lies between 0 h and 4 h"]),
    ],
)
def test_each_story_is_told_for_what_it_is(key, words):
    for phrase in words:
        assert phrase in told(key)


def test_the_epic_is_derived_from_its_children():
    found, answer = derived("G-20"), ANSWERS["G-20"]
    assert (
        found["child_touch_union"]["elapsed_ms"]
        == answer["union_touch_s"] * 1000
        == found["sums"]["touch"]["elapsed_ms"]
    )
    assert found["child_touch_ms"] == answer["sum_touch_s"] * 1000
    assert found["sums"]["wait"]["elapsed_ms"] == answer["wait_s"] * 1000
    assert found["sums_agree"]


@pytest.mark.parametrize("key", STARTED)
def test_the_strip_is_to_scale(key):
    sums = derived(key)["sums"]
    rows = [line for line in told(key).splitlines() if line and set(line) <= set("█░▓▒─")]
    if key == "G-20":
        assert rows == []
        return
    marks = {"touch": "█", "wait": "░", "blocked": "▓", "unassigned": "▒", "done_gap": "─"}
    for kind, mark in marks.items():
        share = sums[kind]["elapsed_ms"] / sums["span"]["elapsed_ms"]
        assert rows[0].count(mark) / len(rows[0]) == pytest.approx(share, abs=0.05), kind


@pytest.mark.parametrize("key", ["G-15A", "G-15B"])
def test_shared_touch_is_divided_by_the_issues_in_the_same_hands(key):
    found, answer = derived(key), ANSWERS[key]
    assert found["shared_touch_working_ms"] == answer["shared_touch_ws"] * 1000
    assert round(found["flow_efficiency"]["shared"], 6) == answer["fe_shared"]
    assert "shared     2 h + 2 h ÷ 2 = 3 h" in told(key)


@pytest.mark.parametrize("key", STORIES)
def test_no_issue_is_shared_out_more_than_it_was_touched(key):
    found = derived(key)
    assert found["shared_touch_working_ms"] <= found["sums"]["touch"]["working_ms"]
    assert (found["shared_touch_working_ms"] == 0) == (found["sums"]["touch"]["working_ms"] == 0)


@pytest.mark.parametrize("key", STARTED)
def test_every_division_in_the_words_is_right(key):
    lines = [line for line in told(key).splitlines() if line.startswith("  shared ") and "=" in line]
    for line in lines:
        parts, total = line.split("(")[0].removeprefix("  shared").split(" = ")
        terms = [part.partition(" ÷ ") for part in parts.split(" + ")]
        assert sum(ms(text) / int(count or 1) for text, _, count in terms) == ms(total), line
    assert lines or not key.startswith("G-15")


def test_work_logs_are_added_up_within_the_touch():
    found, answer = derived("G-19"), ANSWERS["G-19"]
    assert found["logged_touch_working_ms"] == answer["worklog_touch_ws"] * 1000
    assert round(found["flow_efficiency"]["logged"], 6) == answer["fe_low"]
    assert "logged     1 h 30 min + 30 min 5 s = 2 h 5 s" in told("G-19")


def test_an_issue_without_work_logs_is_not_called_idle():
    assert derived("G-2")["flow_efficiency"]["logged"] is None
    assert "no work log lies within its touch, which says nothing about the work" in told("G-2")


def test_a_decision_is_told_from_arrival_to_exit_of_the_approval():
    [approval] = [one for one in derived("G-18")["decisions"] if one["status_name"] == "'Awaiting Approval'"]
    assert approval["working_ms"] == ANSWERS["G-18"]["decision_latency_ws"] * 1000
    assert "out of 'Awaiting Approval', Fri 11 Sep 2026 16:55: working 7 h 55 min" in told("G-18")


def test_without_the_working_store_what_is_not_known_is_said(tmp_path):
    for name in ("versions", "current", "flow.duckdb", "parameters"):
        (tmp_path / name).symlink_to((published_golden("cloud") / name).resolve())
    ended = flow("explain", "G-15A", "--data", tmp_path)
    assert ended.exit_code == 0, ended.error
    assert "shared touch and work logs are not at hand" in ended.output


def test_a_key_that_is_not_there_is_told_with_the_nearest():
    ended = flow("explain", "G-99", "--data", published_golden("cloud"))
    assert ended.exit_code == 2
    assert "Did you mean G-9" in ended.error
    assert len(ended.error.splitlines()) == 1


def test_a_key_is_found_in_any_case():
    assert told("g-2") == told("G-2")
