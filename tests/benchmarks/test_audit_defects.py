"""The defects of the mutation bench speak of rules there are and of tables they change."""

import pytest

from benchmarks.audit_defects import DEFECTS
from benchmarks.audit_mutations import BY_NAME, FACTS, touched
from pipelines.contracts import CONTRACTS
from pipelines.expectations import declared


def rules_of(name):
    own = {rule.name for rule in declared(BY_NAME[name], BY_NAME)}
    return own | {c.name for c in CONTRACTS if c.table_name == name} | {"columns_as_declared"}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_is_named_by_a_rule_there_is(defect):
    assert defect.rule in rules_of(defect.table_name)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_touches_tables_or_facts_that_can_be_restored(defect):
    assert touched(defect)
    assert set(touched(defect)) <= {*BY_NAME, *FACTS}


def test_there_are_enough_defects_and_each_has_its_own_name():
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 60
