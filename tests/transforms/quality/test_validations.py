"""Every verdict of the audit becomes a row."""

import json

from pipelines.checks import Verdict
from transforms.quality.validations import Validations, build_validations
from transforms.schema import check_schema, check_values


def validations(*verdicts):
    frame = build_validations("r1", verdicts).collect()
    check_schema(Validations, frame)
    check_values(Validations, frame)
    return frame.rows()


def test_a_verdict_is_told_with_its_rule_in_words():
    verdict = Verdict("issues", "key_unique", "issue_id is unique", "critical", is_passed=True)
    assert validations(verdict) == [("r1", "issues", "key_unique", "issue_id is unique", "critical", True, 0, None)]


def test_a_failed_warning_tells_how_many_rows_break_the_rule():
    sample = [{"status_id": "7", "status_name": 'Größe "L"'}]
    verdict = Verdict("statuses", "every_status_is_mapped", "…", "warning", False, failing_row_count=3, sample=sample)
    *told, failing_rows = validations(verdict)[0][4:]
    assert told == ["warning", False, 3]
    assert json.loads(failing_rows) == sample


def test_rows_keep_the_order_of_the_audit():
    names = ["b", "a", "c"]
    rows = validations(*(Verdict("t", name, "…", "critical", is_passed=True) for name in names))
    assert [row[2] for row in rows] == names


def test_without_verdicts_the_table_is_empty_but_typed():
    assert validations() == []
