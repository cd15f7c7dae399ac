"""A small slice of the measurement of what the audit costs."""

import pytest

from benchmarks.audit_builds import Moment, build, raw_of_company, with_itself_before
from benchmarks.audit_cost import audit_alone, cold_run, exponent
from pipelines.sandbox.company.build import NOW


def test_copies_are_sound_and_as_many_as_asked_for():
    staged = with_itself_before(build(raw_of_company(1, 3), Moment(NOW)))
    rows, cost = audit_alone(staged, 3)
    assert rows == 3 * staged.frames["changes"].height > 1000
    assert 0 < cost.audit < 30
    assert 100 < cost.megabytes < 4000


def test_the_share_is_that_of_a_run_in_which_the_library_is_there_already():
    cost = cold_run(60, 10)
    assert 0 < cost.audit < cost.run
    assert cost.share == cost.audit / cost.run
    assert cost.library > 0.5


def test_the_exponent_is_the_slope_of_the_ends():
    assert exponent([10, 20, 1000], [1, 7, 10]) == pytest.approx(0.5)
