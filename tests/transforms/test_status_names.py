"""What names and categories say by themselves."""

import pytest

from transforms.status_names import (
    NamedStatus,
    bare,
    decide_by_name,
    describe_decision,
    is_backlog,
    is_backlog_name,
    is_discarding_resolution,
    is_reopened,
    plain,
    says_chosen,
    says_waiting,
)


def decided(name: str, category: str | None) -> tuple[str, str]:
    decision = decide_by_name(NamedStatus(1, name, category))
    return decision.work_kind, decision.decided_by


@pytest.mark.parametrize(
    ("name", "category", "kind"),
    [("Anything", "new", "queue"), ("Anything", "indeterminate", "active"), ("Anything", "done", "done"),
     ("已完成", "done", "done"), ("In Progress", "new", "queue")],
)  # fmt: skip
def test_the_category_decides_where_the_name_says_nothing_else(name, category, kind):
    assert decided(name, category) == (kind, "category")


@pytest.mark.parametrize(
    "name",
    ["Ready for Review", "Awaiting Approval", "WAITING FOR CUSTOMER", "To Review", "To Test", "QA queue", "Pending",
     "Submitted", "Pull Request Sent", "Review Requested", "On deck", "Needs review", "For Review", "To be deployed",
     "Selected for Development", "Dev Done", "Code complete", "Approved", "Merged", "Open", "Reopened", "Rejected",
     "QA Failed", "Changes requested", "Bereit für Prüfung", "Wartet auf Freigabe", "En attente de revue",
     "Listo para pruebas"],
)  # fmt: skip
def test_an_in_progress_status_whose_name_says_wait_is_a_queue(name):
    assert decided(name, "indeterminate") == ("queue", "name_pattern")


@pytest.mark.parametrize(
    "name",
    ["In Review", "Stakeholder Review", "Threshold check", "Unblocked", "Already shipping", "Vorbereitung",
     "Duplicate check",
     "Household", "Done", "Closed", "Resolved", "Sprint", "Preview"],
)  # fmt: skip
def test_a_look_alike_or_a_done_sounding_name_leaves_an_in_progress_status_active(name):
    assert decided(name, "indeterminate") == ("active", "category")


@pytest.mark.parametrize("category", ["new", "indeterminate", "done", None])
@pytest.mark.parametrize("name", ["On Hold", "on-hold", "Blocked", "Impediment", "Paused", "Blockiert", "Bloqué"])
def test_a_status_on_hold_is_blocked_in_any_category(name, category):
    assert decided(name, category) == ("blocked", "name_pattern")


@pytest.mark.parametrize(
    "name",
    ["Won't Do", "Won’t fix", "WONT DO", "Cancelled", "canceled", "Rejected", "Duplicate", "Abandoned", "Declined",
     "Obsolete",
     "Closed - duplicate", "Not planned", "Abgelehnt", "Annulé", "Descartado", "Postponed"],
)  # fmt: skip
def test_a_done_status_whose_name_says_given_up_is_discarded(name):
    assert decided(name, "done") == ("discarded", "name_pattern")


@pytest.mark.parametrize("category", ["new", "indeterminate", None])
@pytest.mark.parametrize("name", ["Cancelled", "Won't do", "Duplicate", "Abandoned", "Obsolete"])
def test_a_plainly_given_up_status_is_discarded_whatever_its_category(name, category):
    assert decided(name, category) == ("discarded", "name_pattern")


def test_rejected_before_the_end_is_sent_back_and_without_category_is_the_end():
    assert decided("Rejected", "indeterminate")[0] == "queue"
    assert decided("Rejected", None)[0] == "discarded"


def test_put_off_is_blocked_until_the_category_says_done():
    assert [decided("Deferred", c)[0] for c in ("indeterminate", None, "done")] == ["blocked", "blocked", "discarded"]


@pytest.mark.parametrize("category", [None, "undefined"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("Done", "done"), ("Closed", "done"), ("Resolved - Fixed", "done"), ("In Production", "done"), ("Terminé", "done"),
     ("Geschlossen", "done"), ("Coding In Progress", "active"), ("In Arbeit", "active"), ("Testing", "active"),
     ("En cours", "active"), ("Open", "queue"), ("Ready for QA", "queue")],
)  # fmt: skip
def test_a_status_without_category_is_known_by_its_name(name, kind, category):
    assert decided(name, category) == (kind, "name_pattern")


@pytest.mark.parametrize("name", ["Frobnicate", "已完成", "Phase 2", "Released to customers soon", ""])
def test_a_name_that_says_nothing_without_category_is_unmapped_and_never_touch(name):
    assert decided(name, None) == ("queue", "unmapped")


def test_a_done_category_outweighs_a_waiting_name_until_evidence_says_otherwise():
    assert decided("Ready for Release", "done") == ("done", "category")
    assert says_waiting("Ready for Release")
    assert not says_waiting("Released")


def test_only_an_unchosen_to_do_status_is_backlog():
    assert [n for n in ("Backlog", "Triage", "Anything", "Selected", "Ready for Dev", "Sprint Backlog", "Next",
    "Accepted")
            if is_backlog(NamedStatus(1, n, "new"))] == ["Backlog", "Triage", "Anything"]  # fmt: skip


def test_readiness_for_refinement_is_not_a_choice_to_do_it():
    assert not says_chosen("Ready for refinement")
    assert says_chosen("Ready for work")
    assert is_backlog(NamedStatus(1, "Ready for Estimation", "new"))


def test_an_in_progress_status_is_backlog_only_by_its_name():
    assert is_backlog(NamedStatus(1, "Backlog", "indeterminate"))
    assert not is_backlog(NamedStatus(1, "Waiting for customer", "indeterminate"))
    assert not is_backlog_name("Backlog refinement")


@pytest.mark.parametrize("name", ["Reopened", "Re-opened", "REOPEN", "Wiedereröffnet", "Réouvert", "Reabierto"])
def test_reopened_is_recognised(name):
    assert is_reopened(name)
    assert not is_reopened("Open")


@pytest.mark.parametrize(
    "name",
    ["Won't Do", "Won't Fix", "Duplicate", "Duplicate Issue", "Cancelled", "Canceled", "Invalid", "Incomplete",
     "Cannot Reproduce",
     "Can't reproduce", "Unable to Reproduce", "Abandoned", "Declined", "Not A Bug", "Works as Designed", "Obsolete",
     "Out of Date",
     "Rejected", "Later", "Remind", "Not a problem", "Withdrawn", "Will not do", "Deferred"],
)  # fmt: skip
def test_a_resolution_that_gives_nobody_anything_discards(name):
    assert is_discarding_resolution(name)


@pytest.mark.parametrize(
    "name",
    ["Done", "Fixed", "Implemented", "Complete", "Completed", "Partially Completed", "Resolved", "Delivered",
     "Workaround",
     "Answered", "Unresolved", "Released", "Not fully tested", "Latered"],
)  # fmt: skip
def test_a_resolution_that_gives_somebody_something_delivers(name):
    assert not is_discarding_resolution(name)


def test_names_are_compared_without_case_accents_and_punctuation():
    assert plain("  WON’T-do / Prüfung_É ") == "wont do prufung e"


@pytest.mark.parametrize(
    ("decided_by", "words"),
    [("category", "Jira's category In Progress"), ("name_pattern", "its name, 'Sent'"), ("config_id",
     "flow.toml names its id"),
     ("config_name", "flow.toml names it"), ("unmapped", "no rule covers it; counted as wait")],
)  # fmt: skip
def test_the_reason_is_told_in_words(decided_by, words):
    assert describe_decision(decided_by, "Sent", "indeterminate") == words


@pytest.mark.parametrize(
    ("name", "category", "kind"),
    [
        ("Coded", "indeterminate", "queue"), ("3. Review ready", "indeterminate", "queue"),
        ("ReadyForQA", "indeterminate", "queue"), ("Zur Prüfung", "indeterminate", "queue"),
        ("Zu deployen", "indeterminate", "queue"), ("À relire", "indeterminate", "queue"),
        ("Da rilasciare", "indeterminate", "queue"), ("Klaar voor release", "indeterminate", "queue"),
        ("Aguardando revisão", "indeterminate", "queue"), ("QA_TODO", "indeterminate", "queue"),
        ("Build: done", "indeterminate", "queue"), ("Deployment scheduled", "indeterminate", "queue"),
        ("In review by a manager", "indeterminate", "active"), ("2nd level", "indeterminate", "active"),
        ("Almost done", "indeterminate", "active"), ("Prüfung", "indeterminate", "active"),
        ("X. Parked", "indeterminate", "blocked"), ("Gepauzeerd", None, "blocked"), ("Bloccato", None, "blocked"),
        ("WONTFIX", "done", "discarded"), ("Geannuleerd", "indeterminate", "discarded"),
        ("Sans suite", "done", "discarded"), ("Wird getestet", None, "active"), ("Concluído", None, "done"),
    ],
)  # fmt: skip
def test_other_languages_and_habits_of_naming_say_the_same(name, category, kind):
    assert decide_by_name(NamedStatus(1, name, category)).work_kind == kind


@pytest.mark.parametrize(("name", "words"), [("8b - Staging", "staging"), ("InReview", "in review"), ("2nd", "2nd")])
def test_a_columns_number_says_nothing(name, words):
    assert bare(name) == words
