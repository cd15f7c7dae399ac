"""Every trap that falsifies status intervals, and the tests that hold it: each named here must be there."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

TRAPS = {
    "01 the initial status is never in the changelog": ("test_the_initial_status_is_what_the_first_change_left",
        "test_an_issue_that_never_changed_has_been_in_its_current_status_all_along"),
    "02 endpoints differ in order": ("test_newest_first_histories_come_out_oldest_first",
        "test_the_order_in_which_changes_arrive_does_not_matter"),
    "03 histories of one instant": ("test_changes_of_one_instant_chain_whatever_their_ids_say",
        "test_the_last_instant_chains_to_the_status_the_site_shows"),
    "04 several items of one history": ("test_several_status_items_of_one_history_are_each_a_visit",
        "test_two_status_items_of_one_history_are_both_kept", "test_visits_of_no_length_are_kept"),
    "05 ids missing from an item": ("test_a_change_without_a_target_is_left_out", "test_empty_ids_are_none"),
    "06 a renamed status": ("test_the_newest_name_wins_and_a_real_one_beats_an_id",
        "test_a_status_classed_anew_has_a_row_for_each_time"),
    "07 a deleted status": ("test_a_status_no_longer_listed_keeps_the_name_history_gave_it",),
    "08 one name, several ids": ("test_items_that_differ_in_a_name_only_differ",),
    "09 localised names": ("test_data_center_items_are_recognised_by_their_untranslated_name",),
    "10 a custom field called Status": ("test_a_custom_field_called_status_is_not_the_status",),
    "11 a move or another type switches the workflow": ("test_a_move_to_another_project_dates_a_silent_jump",
        "test_a_change_of_type_dates_a_silent_jump_at_the_end_of_the_log"),
    "12 keys and projects change": ("test_a_move_keeps_both_keys",
        "test_an_issue_moved_within_the_scope_stays_one_history_with_both_keys"),
    "13 history before creation": ("test_a_history_older_than_its_issue_moves_the_beginning",),
    "14 updated is older than the last history": ("test_changes_after_as_of_are_ignored",
        "test_a_change_that_leaves_updated_alone_is_found_by_reading_everything"),
    "15 offsets and epochs": ("test_the_same_instant_is_read_from_every_form",
        "test_an_instant_without_offset_is_refused"),
    "16 resolution and status apart": ("test_an_unresolved_issue_has_a_value_of_its_own",
        "test_what_a_terminal_stretch_was_last_decides_whether_it_was_delivered"),
    "17 reopened": ("test_a_reopening_after_more_than_the_horizon_begins_a_new_pass",),
    "18 embedded changelogs are cut": ("test_a_cloud_site_is_never_asked_for_embedded_changelogs",
        "test_a_changelog_short_of_its_total_is_not_whole"),
    "19 duplicates and spread histories": ("test_a_changelog_spread_over_pages_is_whole_and_without_repetition",
        "test_the_parts_of_a_history_spread_over_pages_are_joined"),
    "20 from a status to itself": ("test_a_self_transition_starts_a_new_visit", "test_a_self_transition_is_kept"),
    "21 no author, an app, somebody anonymised": ("test_a_history_without_author_has_none",
        "test_apps_and_automation_users_are_told_from_people"),
    "22 sprints are lists": ("test_a_sprint_list_keeps_its_ids_only",),
    "23 the flag": ("test_a_localised_flag_is_found_by_schema_and_untranslated_name",
        "test_a_flag_is_open_while_anything_is_ticked", "test_a_flag_begins_as_its_first_change_found_it"),
    "24 archived, deleted, moved out": ("test_a_deleted_issue_gets_a_tombstone_and_keeps_its_history",
        "test_an_issue_moved_out_of_scope_is_told_from_a_deleted_one",
        "test_an_archived_issue_is_told_from_a_deleted_one"),
    "25 sub-tasks and epics": ("test_the_level_comes_from_jira_or_from_what_the_type_is",),
    "26 a board's column is no status": ("test_columns_of_a_board_keep_their_statuses_and_limits",),
    "27 a category assigned anew": ("test_a_status_classed_anew_has_a_row_for_each_time",),
    "28 histories of workflow associations": ("test_changes_of_other_fields_are_no_status_changes",
        "test_items_of_unknown_fields_are_dropped_but_their_histories_are_counted"),
    "29 an empty changelog": ("test_an_issue_that_never_changed_has_been_in_its_current_status_all_along",
        "test_an_issue_without_any_history_lands_with_an_empty_changelog"),
    "30 the end of the chain is checked": ("test_a_category_that_changed_when_no_status_did_is_suspect",
        "test_a_changelog_that_ends_elsewhere_is_not_whole",
        "test_a_changelog_that_ends_elsewhere_leaves_its_last_status_in_doubt"),
}  # fmt: skip
"""Number and trap, as the design lists them, to the names of tests."""


@pytest.fixture(scope="module")
def names():
    """Every test function there is."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py"))
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_has_its_tests(trap, names):
    assert set(TRAPS[trap]) <= names


def test_all_thirty_traps_are_here():
    assert [int(trap[:2]) for trap in TRAPS] == list(range(1, 31))
