"""Walks a team described in flow.toml."""

import pytest

from tests.transforms.workflow_frames import SiteBuilder, commitment, decisions, kinds, order, stages
from transforms.infer_workflow import WorkflowError
from transforms.workflow_rules import StageRules, StreamRules

NAMES = {
    "Backlog": (1, "new"), "Selected": (2, "new"), "In Progress": (3, "indeterminate"),
    "Ready for Review": (4, "indeterminate"), "In Review": (5, "indeterminate"), "On Hold": (6, "indeterminate"),
    "Done": (8, "done"), "Cancelled": (9, "done"), "Never used": (10, "indeterminate"),
}  # fmt: skip

STAGES = (
    StageRules("Ideas", wait=("Backlog",)),
    StageRules("Build", wait=("2",), touch=("in progress",), blocked=("On Hold",)),
    StageRules("Check", wait=("Ready for Review",), touch=("In Review",)),
    StageRules("Out", done=("Done",), discarded=("Cancelled",)),
)

PATH = "Backlog > Selected > In Progress > On Hold > Ready for Review > In Review > Done"


def site(names=NAMES):
    return SiteBuilder(names).walk(PATH).walk("Backlog > Cancelled")


def stream(*stages, **more):
    return StreamRules("Team", stages=stages or STAGES, **more)


def error(*stages, names=NAMES, **more):
    with pytest.raises(WorkflowError) as caught:
        site(names).workflow(stream(*stages, **more))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_listing_gives_stage_kind_and_order():
    model = site().workflow(stream())
    assert order(model, NAMES) == [
        "Backlog", "Selected", "In Progress", "Ready for Review", "In Review", "Done", "Cancelled",
    ]  # fmt: skip
    assert kinds(model, NAMES)["On Hold"] == "blocked"
    assert kinds(model, NAMES)["Cancelled"] == "discarded"
    assert stages(model, NAMES)["On Hold"] == "Build"
    numbered = dict(model.statuses.select("stage_name", "stage_order").iter_rows())
    assert numbered == {"Ideas": 0, "Build": 1, "Check": 2, "Out": 3}


def test_within_a_stage_wait_comes_before_touch_however_they_are_written():
    stages_ = (StageRules("All", touch=("In Progress",), wait=("Backlog", "Selected"), done=("Done",)),)
    assert order(site().workflow(stream(*stages_)), NAMES)[:4] == ["Backlog", "Selected", "In Progress", "Done"]


def test_a_discarded_status_listed_early_still_comes_last():
    stages_ = (
        StageRules("Ideas", wait=("Backlog",), discarded=("Cancelled",)),
        *STAGES[1:3],
        StageRules("Out", done=("8",)),
    )
    model = site().workflow(stream(*stages_))
    assert order(model, NAMES)[-2:] == ["Done", "Cancelled"]
    assert stages(model, NAMES)["Cancelled"] == "Ideas"


def test_it_says_whether_the_id_or_the_name_decided():
    model = site().workflow(stream())
    assert decisions(model, NAMES)["Selected"] == "config_id"
    assert decisions(model, NAMES)["In Progress"] == "config_name"


def test_a_status_called_like_a_number_is_found_by_its_name():
    names = NAMES | {"42": (11, "indeterminate")}
    model = site(names).workflow(stream(*STAGES[:3], StageRules("Answer", touch=("42",)), STAGES[3]))
    assert decisions(model, names)["42"] == "config_name"


def test_an_unlisted_open_status_is_unmapped_wait_even_if_its_name_says_something():
    names = NAMES | {"Waiting": (11, "indeterminate"), "Blocked": (12, "new"), "Gone": (13, None)}
    model = SiteBuilder(names).walk(PATH).walk("Waiting > Blocked > Gone").workflow(stream())
    for name in ("Waiting", "Blocked", "Gone"):
        assert (kinds(model, names)[name], decisions(model, names)[name]) == ("queue", "unmapped")
        assert stages(model, names)[name] == "Unmapped"
        assert name not in order(model, names)


def test_an_unlisted_terminal_status_joins_the_teams_last_stage_of_its_kind():
    names = NAMES | {"Shipped": (0, "done"), "Won't do": (12, "done"), "Closed": (13, None)}
    model = SiteBuilder(names).walk(PATH).walk("Shipped > Won't do > Closed").workflow(stream())
    assert {kinds(model, names)[name] for name in ("Shipped", "Closed")} == {"done"}
    assert (kinds(model, names)["Won't do"], decisions(model, names)["Won't do"]) == ("discarded", "name_pattern")
    assert decisions(model, names)["Shipped"] == "category"
    assert {stages(model, names)[name] for name in ("Shipped", "Closed", "Won't do")} == {"Out"}
    assert order(model, names)[-5:] == ["Done", "Shipped", "Closed", "Cancelled", "Won't do"]


def test_without_a_terminal_stage_of_its_own_the_stream_gets_done_and_discarded():
    model = site().workflow(stream(*STAGES[:3]))
    assert (stages(model, NAMES)["Done"], stages(model, NAMES)["Cancelled"]) == ("Done", "Discarded")
    assert model.statuses["stage_order"].max() == 4


def test_a_name_stands_for_every_status_of_that_name_which_the_streams_issues_had():
    names = NAMES | {"in review": (20, "indeterminate"), "IN REVIEW": (21, "indeterminate")}
    model = SiteBuilder(names).walk(PATH).walk("Backlog > in review > Done").workflow(stream())
    check = model.statuses.filter(stage_name="Check", work_kind="active")
    assert check["status_id"].to_list() == [5, 20]
    assert check["status_order"].n_unique() == 1


def test_a_listed_status_no_issue_had_yet_is_part_of_the_walk():
    model = site().workflow(stream(*STAGES[:3], StageRules("Later", touch=("Never used",)), STAGES[3]))
    assert order(model, NAMES).index("Never used") == 5


def test_the_first_stage_after_the_backlog_commits_as_a_whole():
    assert commitment(site().workflow(stream()), NAMES) == "Selected"
    todo = (StageRules("Build", wait=("Backlog", "Selected"), touch=("In Progress",)), *STAGES[2:])
    assert commitment(site().workflow(stream(*todo)), NAMES) == "Backlog"


def test_a_stage_called_backlog_commits_only_what_is_chosen_in_it():
    todo = (StageRules("Backlog", wait=("Backlog", "Ready for Review", "Selected")), StageRules("Build", touch=("3",)))
    model = site().workflow(stream(*todo))
    assert commitment(model, NAMES) == "Ready for Review"
    rest = (StageRules("Backlog", wait=("Backlog", "Never used")), StageRules("Build", touch=("3",)))
    assert commitment(site().workflow(stream(*rest)), NAMES) == "In Progress"


@pytest.mark.parametrize(
    ("said", "name"),
    [("In Progress", "In Progress"), ("3", "In Progress"), ("Check", "Ready for Review"), ("build", "Selected"),
     ("Done", "Done")],
)  # fmt: skip
def test_commitment_may_name_a_status_its_id_or_a_stage(said, name):
    assert commitment(site().workflow(stream(commitment=said)), NAMES) == name


def test_a_status_wins_over_a_stage_of_the_same_name():
    stages_ = (StageRules("Ideas", wait=("Backlog",)), StageRules("In Review", wait=("4",), touch=("In Review",)))
    assert commitment(site().workflow(stream(*stages_, commitment="In Review")), NAMES) == "In Review"


def test_commitment_may_be_said_of_an_inferred_walk():
    assert commitment(site().workflow(StreamRules("Team", commitment="Review")), NAMES) == "Ready for Review"


def test_an_unknown_status_is_named_with_the_nearest_and_with_what_there_is():
    text = error(*STAGES[:2], StageRules("Check", touch=("In Reveiw",)))
    assert "touch of stage 'Check'" in text
    assert "'In Reveiw', which this site does not have. Did you mean 'In Review'" in text
    assert "The statuses of its issues are: 'Backlog', 'Cancelled', 'Done'" in text
    assert "'Never used'" not in text


def test_an_unknown_id_is_an_error():
    assert "the status '777', which" in error(StageRules("Build", touch=("777",)))


def test_a_status_listed_twice_is_an_error_also_by_id_and_name():
    assert "lists status 'In Progress' (3) twice: as touch of stage 'Build'" in error(
        StageRules("Build", touch=("In Progress",)), StageRules("Check", wait=("3",))
    )


def test_a_name_of_several_statuses_listed_as_two_kinds_is_an_error_that_asks_for_ids():
    names = NAMES | {"in review": (20, "indeterminate")}
    text = error(StageRules("Check", wait=("5",), touch=("In Review",)), names=names)
    assert "list them by id" in text


def test_a_commitment_that_is_neither_status_nor_stage_is_an_error():
    text = error(commitment="Buidl")
    assert "the status or stage 'Buidl'" in text
    assert "Did you mean 'Build'" in text


def test_a_commitment_outside_the_walk_is_an_error():
    assert "lies outside its walk" in error(commitment="On Hold")
