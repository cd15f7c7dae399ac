"""The defects of the mutation bench speak of rules there are and of tables they change."""

import pytest

from benchmarks.audit_defects import DEFECTS
from benchmarks.audit_raw_defects import RAW_DEFECTS
from benchmarks.audit_tables import BY_NAME, touched
from pipelines.contracts import CONTRACTS
from pipelines.expectations import declared

FACTS = {"table_builds", "earlier_run", "earlier_tables"}
"""What an audit knows besides the tables, as far as defects spoil it."""


def rules_of(name):
    own = {rule.name for rule in declared(BY_NAME[name], BY_NAME)}
    return own | {c.name for c in CONTRACTS if c.table_name == name} | {"columns_as_declared"}


@pytest.mark.parametrize("defect", [*DEFECTS, *RAW_DEFECTS], ids=lambda defect: defect.name)
def test_a_defect_is_named_by_a_rule_there_is(defect):
    assert defect.rule in rules_of(defect.table_name)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_touches_tables_or_facts_that_can_be_restored(defect):
    assert touched(defect)
    assert set(touched(defect)) <= {*BY_NAME, *FACTS}


def test_there_are_enough_defects_and_each_has_its_own_name():
    names = [defect.name for defect in (*DEFECTS, *RAW_DEFECTS)]
    assert len(set(names)) == len(names) >= 60
