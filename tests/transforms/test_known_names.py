"""What flow.toml names is held against the site before the pull, and only what is certainly wrong is refused."""

import pytest

from tests.transforms.workflow_frames import CALENDAR
from transforms.known_names import KnownNames, check_names
from transforms.walk import WorkflowError
from transforms.workflow_rules import StageRules, StreamRules, WorkflowRules

KNOWN = KnownNames(
    statuses={1: "To Do", 3: "Doing", 5: "Done"},
    projects={100: "ABC"},
    resolutions={7: "Won't Do"},
    issue_types={10: "Story", 11: "Bug"},
)

HISTORIES_READ = KnownNames(KNOWN.statuses, KNOWN.projects, KNOWN.resolutions, KNOWN.issue_types, has_histories=True)


def stream(touch=("Doing",), **more):
    stages = (StageRules("Open", wait=("To Do",)), StageRules("Work", touch=touch), StageRules("End", done=("5",)))
    return StreamRules("App", stages=stages, **more)


def check(*streams, known=KNOWN, **rules):
    return check_names(WorkflowRules(CALENDAR, streams, **rules), known)


def refused(*streams, **more):
    with pytest.raises(WorkflowError) as told:
        check(*streams, **more)
    return str(told.value)


def test_what_the_site_has_is_silently_right():
    assert check(stream(("doing", " 3 "), project_keys=("abc",), issue_types=("Bug", "10"), commitment="Work")) == []
    assert check(stream(), discarding_resolutions=("won't do",)) == []


def test_a_slip_of_the_finger_is_refused_with_what_was_meant():
    words = refused(stream(("Dooing",)))
    assert "value stream 'App' (stage 'Work') names the status 'Dooing'" in words
    assert "Did you mean 'Doing'" in words


def test_a_status_that_only_histories_may_know_is_told_and_left_to_them():
    [note] = check(stream(("Doing", "Pairing")))
    assert "'Pairing', which the site does not list" in note


def test_a_deleted_status_given_by_its_id_is_left_to_the_histories():
    [note] = check(stream(("Doing", "10200")), known=HISTORIES_READ)
    assert "'10200'" in note


def test_when_the_histories_were_read_before_an_unknown_name_is_refused():
    assert "Pairing" in refused(stream(("Doing", "Pairing")), known=HISTORIES_READ)


def test_the_commitment_may_be_a_status_or_a_stage_but_nothing_near_them():
    assert check(stream(commitment="To Do")) == []
    assert "commitment of value stream 'App'" in refused(stream(commitment="Doin"))


def test_a_commitment_in_a_walk_that_will_be_inferred_cannot_be_judged_yet():
    assert check(StreamRules("App", commitment="Development")) == []


@pytest.mark.parametrize(
    ("more", "word"), [({"project_keys": ("ABD",)}, "project 'ABD'"), ({"issue_types": ("Stori",)}, "type 'Stori'")]
)
def test_unknown_projects_and_types_are_refused(more, word):
    assert word in refused(stream(**more))


def test_types_nobody_asked_for_are_not_judged():
    known = KnownNames(KNOWN.statuses, KNOWN.projects, KNOWN.resolutions, {})
    assert check(stream(issue_types=("Stori",)), known=known) == []


def test_an_unknown_resolution_is_refused():
    assert "resolution 'Nope'" in refused(stream(), discarding_resolutions=("Nope",))
