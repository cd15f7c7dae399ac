"""What must hold of every history: the product against a brute force that asks each instant what is true."""

from itertools import pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.builders import Frames
from tests.chain import compute, compute_part, find_blocks
from tests.oracle_events import ms, working_ms
from tests.strategies import calendars, cases, families, instants
from tests.transforms.core.against_brute_force import (
    EXAMPLES,
    few,
    journeys,
    judged,
    many,
    minutes,
    of_issue,
    plain,
    stretches,
)
from transforms import calendar as working_time
from transforms.workflow import SPAN_KINDS


@given(cases())
@many
def test_visits_are_those_of_the_brute_force(case):
    site, tables = judged(case)
    for key, life in site.lives.items():
        rows = of_issue(tables["status_visits"], key)
        found = [(r["status_id"], ms(r["entered_at"]), plain(r["left_at"])) for r in rows]
        assert found == [(v.status_id, v.entered, v.left) for v in life.visits]


@given(cases())
@many
def test_visits_and_intervals_are_contiguous_half_open_and_end_at_as_of(case):
    tables = compute(*case.frames_and_workflow())
    for name in ("status_visits", "work_intervals"):
        for (key,), rows in tables[name].group_by("issue_key"):
            assert rows["left_at"][:-1].to_list() == rows["entered_at"][1:].to_list(), key
            assert rows["left_at"][-1] is None
            assert rows["elapsed_ms"].sum() == ms(case.as_of) - ms(rows["entered_at"][0])
    assert (tables["work_intervals"].filter(pl.col.left_at.is_not_null())["elapsed_ms"] > 0).all()


@given(cases())
@many
def test_neighbouring_intervals_differ(case):
    alike = ["stage_name", "kind", "kind_alternative", "assignee", "is_rework", "pass_number"]
    for _, rows in compute(*case.frames_and_workflow())["person_intervals"].group_by("issue_key"):
        keys = rows.select(alike).rows()
        assert all(a != b for a, b in pairwise(keys))


@given(cases())
@many
def test_every_stretch_has_the_kind_stage_and_pass_of_the_brute_force(case):
    for row, stretch in stretches(case, "person_intervals"):
        found = (row["kind"], row["stage_name"], row["pass_number"], row["assignee"] or None, row["is_rework"])
        assert found == (stretch.kind, stretch.stage, stretch.pass_number, stretch.assignee, stretch.is_rework)
        assert stretch.end <= ms(row["left_at"] or case.as_of)


@given(cases())
@many
def test_a_doubtful_stretch_names_the_other_reading_of_the_brute_force(case):
    for row, stretch in stretches(case, "work_intervals"):
        assert row["kind_alternative"] == stretch.alternative


@given(cases(max_issues=1))
@few
def test_every_minute_agrees_with_the_brute_force(case):
    for row, life, minute in minutes(case):
        assert row["kind"] == life.kind_at(minute)


@given(cases())
@many
def test_journeys_are_those_of_the_brute_force(case):
    for found, expected in journeys(case):
        assert found == expected


@given(cases(is_past=True, steps=tuple(s for s in ("to", "again", "flag", "assign", "resolve", "link", "unlink"))))
@many
def test_what_happens_after_as_of_changes_nothing(case):
    for found, expected in journeys(case):
        assert found == expected


@given(families())
@many
def test_epics_are_those_of_the_brute_force(case):
    site, tables = judged(case)
    (row,) = of_issue(tables["issue_journeys"], "G-99")
    expected = site.rollup("G-99")
    assert {n: plain(row[n]) for n in expected} == expected
    assert not of_issue(tables["work_intervals"], "G-99")


@given(cases())
@many
def test_the_partition_sums_to_the_span_in_elapsed_and_in_working_time(case):
    journeys = compute(*case.frames_and_workflow())["issue_journeys"]
    for unit in ("ms", "working_ms"):
        parts = journeys.select(pl.sum_horizontal(f"{kind}_{unit}" for kind in SPAN_KINDS)).to_series()
        assert parts.to_list() == journeys[f"span_{unit}"].to_list()


@given(cases())
@many
def test_the_working_time_of_every_interval_is_that_of_the_minute_oracle(case):
    site, tables = judged(case)
    for name in ("status_visits", "work_intervals"):
        for row in tables[name].to_dicts():
            life = site.lives[row["issue_key"]]
            start, end = ms(row["entered_at"]), ms(row["left_at"] or case.as_of)
            assert row["working_ms"] == life.working(start, end)


@given(cases(), st.randoms(use_true_random=False))
@many
def test_shuffling_the_input_changes_nothing(case, random):
    issues, changes = case.frames
    shuffled = Frames(shuffle(issues, random), shuffle(changes, random))
    expected = compute(*case.frames_and_workflow())
    for name, table in compute(shuffled, case.workflow, case.as_of).items():
        assert_frame_equal(table, expected[name])


@given(cases(), st.randoms(use_true_random=False))
@many
def test_splitting_by_issue_and_concatenating_changes_nothing(case, random):
    whole = compute(*case.frames_and_workflow())
    blocks = find_blocks(case.frames, case.workflow, case.as_of)
    parts = [compute_part(part, blocks, case.workflow, case.as_of) for part in split(case.frames, random)]
    for name, table in whole.items():
        joined = pl.concat([part[name] for part in parts])
        order = [k for k in ("issue_id", "visit_number", "interval_number") if k in joined.columns]
        assert_frame_equal(joined.sort(order), table.sort(order))


@given(calendars(), instants())
@settings(many, max_examples=10 * EXAMPLES)
def test_working_time_is_that_of_the_minute_oracle(calendar, stretch):
    start, end = stretch
    assert working_time.working_ms(calendar, start, end) == working_ms(calendar, ms(start), ms(end))


def shuffle(frame: pl.DataFrame, random: object) -> pl.DataFrame:
    places = list(range(len(frame)))
    random.shuffle(places)
    return frame[places]


def split(raw: Frames, random: object) -> list[Frames]:
    ids = raw.issues["issue_id"].to_list()
    side = {issue_id: random.random() < 0.5 for issue_id in ids}
    wanted = [[i for i in ids if side[i] is choice] for choice in (True, False)]
    return [
        Frames(raw.issues.filter(pl.col.issue_id.is_in(part)), raw.changes.filter(pl.col.issue_id.is_in(part)))
        for part in wanted
        if part
    ]
