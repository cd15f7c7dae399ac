"""A slice of the mutation bench: defects that are named, in staged tables and in raw ones, and clean builds."""

from datetime import timedelta

import pytest

from benchmarks.audit_builds import Moment, build, raw_of_company, with_itself_before
from benchmarks.audit_defects import DEFECTS
from benchmarks.audit_mutations import clean_builds, judge, judge_raw
from benchmarks.audit_raw_defects import RAW_DEFECTS
from pipelines.sandbox.company.build import NOW

PLANTED = (
    "missing column", "null key", "change twice", "unknown status", "history of an issue dropped", "overlapping visits",
    "negative duration", "wrong sum", "WIP does not balance", "percentiles swapped", "stale table",
)  # fmt: skip


@pytest.fixture(scope="module")
def raw():
    return raw_of_company(2, 9)


@pytest.fixture(scope="module")
def staged(raw):
    made = with_itself_before(build(raw, Moment(NOW)))
    assert made.broken() == set()
    return made


@pytest.mark.parametrize("name", PLANTED)
def test_a_defect_is_named_and_can_be_taken_back(staged, name):
    [defect] = [defect for defect in DEFECTS if defect.name == name]
    is_named, found = judge(staged, defect, through_library=name == "wrong sum")
    assert is_named, found


def test_after_all_of_them_the_tables_are_sound_again(staged):
    assert staged.broken() == set()


def test_a_defect_that_finds_no_row_to_spoil_is_an_error(staged):
    [defect] = [defect for defect in DEFECTS if defect.name == "quarantine overflows"]
    with pytest.raises(ValueError, match="no row to spoil"):
        staged.plant(type(defect)(defect.name, defect.table_name, defect.rule, "DELETE FROM quality.quarantine"))


@pytest.mark.parametrize("name", ["raw history dropped", "zone of changes misread westward", "raw issue lost"])
def test_a_defect_of_raw_tables_is_named_after_the_build(raw, name):
    [defect] = [defect for defect in RAW_DEFECTS if defect.name == name]
    is_named, found = judge_raw(raw, Moment(NOW), defect)
    assert is_named, found


def test_clean_builds_raise_no_alarm():
    built = list(clean_builds(5, 2))
    assert [broken for _, broken in built] == [set(), set()]
    assert NOW - timedelta(weeks=7) < built[0][0].as_of < built[1][0].as_of <= NOW
