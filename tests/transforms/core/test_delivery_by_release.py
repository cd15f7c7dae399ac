"""Streams that deliver by release, redefined or not, beside the brute force: finished work waits to be shipped."""

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import released_cases
from tests.transforms.core.against_brute_force import check_stretches, journeys, many

PAST_STEPS = ("to", "to", "again", "flag", "resolve")


@given(released_cases())
@many
def test_every_stretch_is_that_of_the_brute_force(case):
    check_stretches(case)


@given(st.one_of(released_cases(), released_cases(is_past=True, steps=PAST_STEPS)))
@many
def test_journeys_are_those_of_the_brute_force(case):
    for found, expected in journeys(case):
        assert found == expected
