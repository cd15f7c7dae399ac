"""What was restated and why: figures of closed periods only, and each reason where nothing else changed."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from transforms.catalog import TABLES
from transforms.core.changes import Changes
from transforms.core.issues import Issues
from transforms.metrics.flow_weekly import FlowWeekly
from transforms.metrics.forecasts import Forecasts
from transforms.metrics.period_tables import PERIOD_KEY, PeriodTable, definition_version_column, note_column
from transforms.metrics.value_stream_map import ValueStreamMap
from transforms.quality.restatement_causes import Edition, explain_restatements, name_changes
from transforms.quality.restatements import Restatements, add_restatements, find_restatements, restatable
from transforms.schema import LABEL, Column, check_schema, check_values

Q1, Q2 = date(2026, 1, 1), date(2026, 4, 1)


class Toy(PeriodTable, layer="metrics", key=(*PERIOD_KEY, "stage_name"), name="toy"):
    """One row per stage and period, as small as such a table can be. Answers: nothing."""

    stage_name = Column(LABEL, "Stage.")
    passed_count = Column(pl.Int64(), "Issues.", nullable=True)
    wait_days = Column(pl.Float64(), "Days. Empty when unknown.", nullable=True)
    verdict = Column(pl.String(), "What is said.")
    definition_version = definition_version_column()
    note = note_column()


def row(**said):
    usual = {
        "value_stream": "Shop", "period_kind": "quarter", "period_start_date": Q1, "period_end_date": Q2,
        "is_complete_period": True, "stage_name": "Review", "passed_count": 7, "wait_days": 2.5, "verdict": "no",
        "definition_version": "v1", "note": None,
    }  # fmt: skip
    return usual | said


def table(*rows):
    return pl.DataFrame([row(**said) for said in rows], schema=Toy.polars_schema()).lazy()


def found(old, new):
    return find_restatements(Toy, table(*old), table(*new))


def figures(old, new):
    columns = ("column_name", "published_value", "restated_value", "change")
    return found(old, new).select(pl.col(columns)).with_columns(pl.col.column_name.cast(pl.String)).rows()


def test_a_figure_of_a_closed_period_that_changed_is_named_with_both_values():
    [one] = found([{}], [{"passed_count": 9}]).to_dicts()
    assert (one["table_name"], one["column_name"], one["change"]) == ("toy", "passed_count", 2.0)
    assert (one["published_value"], one["restated_value"]) == ("7", "9")
    assert one["row_key"] == "Shop / quarter / 2026-01-01 / Review"
    assert (one["value_stream"], one["period_kind"], one["period_start_date"]) == ("Shop", "quarter", Q1)


def test_every_figure_that_changed_is_a_row():
    assert figures([{}], [{"passed_count": 9, "wait_days": 1.0, "verdict": "yes"}]) == [
        ("passed_count", "7", "9", 2.0),
        ("verdict", "no", "yes", None),
        ("wait_days", "2.5", "1.0", -1.5),
    ]


def test_what_still_ran_or_had_been_withheld_was_never_final():
    assert figures([{"is_complete_period": False}], [{"is_complete_period": False, "passed_count": 9}]) == []
    assert figures([{"is_complete_period": False}], [{"passed_count": 9}]) == []
    assert figures([{"wait_days": None}], [{"wait_days": 3.0}]) == []


def test_a_figure_that_is_withheld_now_was_taken_back():
    assert figures([{}], [{"wait_days": None}]) == [("wait_days", "2.5", None, None)]


def test_rounding_notes_and_versions_are_no_restatements():
    assert figures([{}], [{"wait_days": 2.5 * (1 + 1e-12), "note": "other words", "definition_version": "v2"}]) == []


def test_rows_come_and_go_as_wholes():
    assert figures([{}], [{}, {"stage_name": "QA"}]) == [("*", None, "a row", None)]
    assert figures([{}, {"stage_name": "QA"}], [{}]) == [("*", "a row", None, None)]


def test_a_period_that_closed_since_is_new_and_not_restated():
    assert figures([{}], [{}, {"period_start_date": Q2}]) == []


def test_a_value_stream_nobody_had_seen_restates_nothing():
    assert figures([{}], [{}, {"value_stream": "New"}]) == []


def test_columns_the_published_table_lacked_are_not_compared():
    old = table({}).drop("wait_days")
    assert find_restatements(Toy, old, table({"wait_days": 9.0})).is_empty()


def test_tables_by_period_and_week_are_restatable_and_those_of_now_are_not():
    names = restatable(TABLES)
    assert {ValueStreamMap, FlowWeekly} <= set(names)
    assert Forecasts not in names


AS_OF = datetime(2026, 5, 1, tzinfo=UTC)


def issue(issue_id, stream="Shop", **said):
    usual = {
        "issue_id": issue_id, "value_stream": stream, "is_deleted": False,
        "created_at": datetime(2026, 1, 5, tzinfo=UTC),
    }  # fmt: skip
    return usual | said


def change(issue_id, history_id, at=datetime(2026, 2, 1, tzinfo=UTC)):
    return {"issue_id": issue_id, "history_id": history_id, "item_index": 0, "changed_at": at}


def edition(issues, changes, version="1"):
    kept = {name: dtype for name, dtype in Issues.polars_schema().items() if name in issue(1)}
    moves = {name: dtype for name, dtype in Changes.polars_schema().items() if name in change(1, 1)}
    return Edition(pl.DataFrame(issues, schema=kept).lazy(), pl.DataFrame(changes, schema=moves).lazy(), AS_OF, version)


USUAL = ([issue(1), issue(2, "Pay")], [change(1, 10), change(2, 20)])


def reasons(before, now, old="v1", new="v1", what_changed=lambda *_: ""):
    rows = [({"value_stream": stream, "definition_version": old}, {"value_stream": stream, "definition_version": new,
             "passed_count": 9}) for stream in ("Shop", "Pay")]  # fmt: skip
    changed = found([one for one, _ in rows], [other for _, other in rows])
    told = explain_restatements(changed, edition(*before), edition(*now), what_changed)
    return dict(zip(changed["value_stream"].cast(pl.String), told["reason"], strict=True)), told["explanation"][0]


def test_without_any_sign_of_another_cause_later_events_tell_otherwise():
    later = change(1, 11, datetime(2026, 6, 1, tzinfo=UTC))
    assert reasons(USUAL, (USUAL[0], [*USUAL[1], later]))[0] == {"Shop": "later_events", "Pay": "later_events"}


def test_a_change_of_the_past_that_comes_late_is_late_data_in_its_own_stream():
    assert reasons(USUAL, (USUAL[0], [*USUAL[1], change(1, 11)]))[0] == {"Shop": "late_data", "Pay": "later_events"}


def test_an_old_issue_seen_for_the_first_time_is_late_data():
    assert reasons(USUAL, ([*USUAL[0], issue(3, "Pay")], USUAL[1]))[0]["Pay"] == "late_data"
    young = issue(3, "Pay", created_at=datetime(2026, 6, 1, tzinfo=UTC))
    assert reasons(USUAL, ([*USUAL[0], young], USUAL[1]))[0]["Pay"] == "later_events"


def test_history_that_is_gone_is_corrected_history():
    assert reasons(USUAL, (USUAL[0], USUAL[1][1:]))[0] == {"Shop": "corrected_history", "Pay": "later_events"}
    deleted = [issue(1, is_deleted=True), USUAL[0][1]]
    assert reasons(USUAL, (deleted, USUAL[1]))[0]["Shop"] == "corrected_history"


def test_an_issue_that_moved_takes_its_past_along_from_one_stream_to_the_other():
    moved = [issue(1, "Pay"), USUAL[0][1]]
    assert reasons(USUAL, (moved, USUAL[1]))[0] == {"Shop": "moved_issues", "Pay": "moved_issues"}


def test_other_definitions_come_before_other_data_and_say_what_changed():
    late = (USUAL[0], [*USUAL[1], change(1, 11)])
    told, words = reasons(USUAL, late, new="v2", what_changed=lambda stream, old, new: f"holidays ({old} to {new})")
    assert set(told.values()) == {"definitions"}
    assert words == "the definitions of the value stream changed: holidays (v1 to v2)"


def test_other_calculations_explain_everything():
    assert set(reasons((*USUAL, "1"), (*USUAL, "2"), new="v2")[0].values()) == {"calculations"}


def test_the_parts_that_differ_are_named():
    before = {"holidays": [1], "statuses": [2], "delivery": "status"}
    assert name_changes(before, {"holidays": [1], "statuses": [3], "delivery": "release"}) == "statuses, delivery"


def recorded(earlier=None, run="r1"):
    changed = found([{}], [{"passed_count": 9}])
    causes = explain_restatements(changed, edition(*USUAL), edition(*USUAL))
    return add_restatements(earlier, changed, causes, {"run_id": run, "published_version_id": "v"})


def test_restatements_of_all_runs_stand_behind_one_another():
    made = recorded(recorded(), "r2").collect()
    check_schema(Restatements, made)
    check_values(Restatements, made)
    assert made["run_id"].to_list() == ["r1", "r2"]


@pytest.mark.parametrize("flag", ["is_complete_period", "is_complete_week"])
def test_every_restatable_table_can_be_compared_with_itself(flag):
    for one in restatable(TABLES):
        if flag in one.columns:
            assert find_restatements(one, one.empty().lazy(), one.empty().lazy()).is_empty()
