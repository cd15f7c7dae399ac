"""Streams that deliver by release, redefined or not, beside the brute force: finished work waits to be shipped."""

from hypothesis import given
from hypothesis import strategies as st

from tests.oracle_events import ms
from tests.strategies import released_cases
from tests.transforms.core.against_brute_force import journeys, many, stretches

PAST_STEPS = ("to", "to", "again", "flag", "resolve")


@given(released_cases())
@many
def test_every_stretch_is_that_of_the_brute_force(case):
    for row, stretch in stretches(case, "person_intervals"):
        found = [row[name] for name in ("kind", "stage_name", "pass_number", "is_rework", "kind_alternative")]
        assert found == [
            stretch.kind, stretch.stage, stretch.pass_number, stretch.is_rework, stretch.alternative,
        ]  # fmt: skip
        assert stretch.end <= ms(row["left_at"] or case.as_of)


@given(st.one_of(released_cases(), released_cases(is_past=True, steps=PAST_STEPS)))
@many
def test_journeys_are_those_of_the_brute_force(case):
    for found, expected in journeys(case):
        assert found == expected
