"""Walks that nobody described, inferred over simulated histories."""

import pytest

from tests.transforms.workflow_frames import SiteBuilder, commitment, decisions, kinds, order, stages

CLASSIC = {
    "Backlog": (1, "new"), "Selected": (2, "new"), "In Progress": (3, "indeterminate"),
    "Ready for Review": (4, "indeterminate"), "In Review": (5, "indeterminate"), "Ready for QA": (6, "indeterminate"),
    "In QA": (7, "indeterminate"), "Done": (8, "done"), "Cancelled": (9, "done"), "On Hold": (10, "indeterminate"),
}  # fmt: skip

STRAIGHT = "Backlog > Selected > In Progress > Ready for Review > In Review > Ready for QA > In QA > Done"

WALK = [name.strip() for name in STRAIGHT.split(">")]


def test_a_straight_walk_is_found_with_its_stages_and_commitment():
    model = SiteBuilder(CLASSIC).walk(STRAIGHT, 5).workflow()
    assert order(model, CLASSIC) == WALK
    assert stages(model, CLASSIC) == {
        "Backlog": "Backlog", "Selected": "Selected", "In Progress": "In Progress", "Ready for Review": "Review",
        "In Review": "Review", "Ready for QA": "QA", "In QA": "QA", "Done": "Done",
    }  # fmt: skip
    assert commitment(model, CLASSIC) == "Selected"


def test_a_stage_is_named_without_the_signs_that_join_several():
    names = {"Open": (1, "new"), "Dev+Test": (2, "indeterminate"), "Build, Sign": (3, "indeterminate"),
             "C++ lint": (4, "indeterminate"), "Done": (5, "done")}  # fmt: skip
    model = SiteBuilder(names).walk("Open > Dev+Test > Build, Sign > C++ lint > Done", 5).workflow()
    found = set(stages(model, names).values())
    assert not {stage for stage in found if "+" in stage or ", " in stage}
    assert len(found) == 5


def test_the_walk_is_that_of_the_issues_not_of_the_ids():
    swapped = CLASSIC | {"In Progress": (7, "indeterminate"), "In QA": (3, "indeterminate")}
    assert order(SiteBuilder(swapped).walk(STRAIGHT, 5).workflow(), swapped) == WALK


def test_rework_loops_skipped_steps_and_open_issues_do_not_break_the_walk():
    site = SiteBuilder(CLASSIC).walk(STRAIGHT, 10)
    site.walk(
        "Selected > In Progress > In Review > In Progress > In Review > In QA > In Progress > In Review > Done", 20
    )
    site.walk("Backlog > Done", 30).walk("In QA > Selected > In Progress", 3).walk("Backlog > Selected", 40)
    assert order(site.workflow(), CLASSIC) == WALK


def test_a_rarely_used_status_does_not_disturb_the_others():
    names = CLASSIC | {"Pairing": (2_000, "indeterminate")}
    site = SiteBuilder(names).walk(STRAIGHT, 50)
    site.walk("Backlog > In Progress > Ready for Review > Pairing > In Review > Done")
    walk = order(site.workflow(), names)
    assert [name for name in walk if name != "Pairing"] == WALK
    assert walk.index("Ready for Review") < walk.index("Pairing") < walk.index("In Review")


def test_discarded_comes_after_done_and_blocked_has_no_place():
    site = SiteBuilder(CLASSIC).walk("Backlog > In Progress > On Hold > In Progress > Cancelled", 9)
    model = site.walk(STRAIGHT).workflow()
    assert order(model, CLASSIC)[-2:] == ["Done", "Cancelled"]
    assert "On Hold" not in order(model, CLASSIC)
    assert stages(model, CLASSIC)["On Hold"] == "On hold"
    assert stages(model, CLASSIC)["Cancelled"] == "Discarded"


def test_stages_behind_the_walk_are_numbered_after_it():
    names = CLASSIC | {"Strange": (11, None)}
    model = SiteBuilder(names).walk(STRAIGHT).walk("Strange > On Hold > Cancelled").workflow()
    numbered = model.statuses.select("stage_name", "stage_order").unique().sort("stage_order")
    assert numbered["stage_name"].to_list()[-4:] == ["Done", "Discarded", "On hold", "Unmapped"]
    assert numbered["stage_order"].to_list() == list(range(numbered.height))


def test_where_too_few_issues_show_an_order_the_usual_one_holds():
    site = SiteBuilder(CLASSIC)
    for name in reversed(WALK):
        site.walk(name)
    assert order(site.workflow(), CLASSIC) == WALK


def test_what_really_happens_wins_over_the_usual_order():
    site = SiteBuilder(CLASSIC).walk("Backlog > Selected > In QA > In Review > In Progress > Done", 2)
    assert order(site.workflow(), CLASSIC) == ["Backlog", "Selected", "In QA", "In Review", "In Progress", "Done"]


def test_an_unlisted_status_that_says_nothing_is_unmapped_outside_the_walk_and_never_touch():
    names = CLASSIC | {"Frobnicate": (11, None)}
    model = SiteBuilder(names).walk("Backlog > In Progress > Frobnicate > Done").workflow()
    assert (kinds(model, names)["Frobnicate"], decisions(model, names)["Frobnicate"]) == ("queue", "unmapped")
    assert "Frobnicate" not in order(model, names)


def test_every_status_ever_seen_is_in_the_model_and_no_other():
    names = CLASSIC | {"Never used": (12, "indeterminate")}
    model = SiteBuilder(names).walk("Backlog > In Progress > Done").walk("Ready for QA").workflow()
    assert sorted(kinds(model, names)) == ["Backlog", "Done", "In Progress", "Ready for QA"]


def test_a_late_wait_in_category_to_do_stands_where_issues_really_enter_it():
    names = CLASSIC | {"Ready for QA": (6, "new")}
    assert order(SiteBuilder(names).walk(STRAIGHT, 3).workflow(), names) == WALK


def test_a_backlog_to_which_work_returns_stays_in_front():
    site = SiteBuilder(CLASSIC).walk("In Progress > Backlog", 9).walk(STRAIGHT, 2)
    assert order(site.workflow(), CLASSIC)[0] == "Backlog"


def test_a_done_status_that_waits_for_release_is_a_wait_where_issues_pass_through_it():
    names = CLASSIC | {"Ready for Release": (11, "done")}
    path = "Backlog > In Progress > Ready for Release"
    passed = SiteBuilder(names).walk(f"{path} > Done", 5).walk(path, 4).workflow()
    assert kinds(passed, names)["Ready for Release"] == "queue"
    assert order(passed, names) == ["Backlog", "In Progress", "Ready for Release", "Done"]
    rested = SiteBuilder(names).walk(f"{path} > Done", 4).walk(path, 5).workflow()
    assert kinds(rested, names)["Ready for Release"] == "done"


def test_statuses_of_one_name_share_one_place_whatever_their_ids():
    names = CLASSIC | {"to do": (20, "new"), "To Do": (21, "new")}
    site = SiteBuilder(names).walk("to do > In Progress > Done", 2).walk("To Do > In Progress > Done")
    model = site.workflow()
    assert model.statuses.filter(stage_name="Backlog")["status_order"].to_list() == [0, 0]


def test_an_active_status_called_done_keeps_out_of_the_stage_done():
    names = {"To Do": (1, "new"), "Done": (2, "indeterminate"), "Closed": (3, "done")}
    model = SiteBuilder(names).walk("To Do > Done > Closed").workflow()
    assert kinds(model, names)["Done"] == "active"
    assert stages(model, names) == {"To Do": "Backlog", "Done": "Done (open)", "Closed": "Done"}


@pytest.mark.parametrize(
    ("first_statuses", "committed"),
    [
        ({"Open": "new", "Work": "indeterminate"}, "Work"),
        ({"Open": "new", "Sprint Backlog": "new", "Work": "indeterminate"}, "Sprint Backlog"),
        ({"Open": "new", "Analysis needed": "new", "Ready for Dev": "indeterminate", "In Dev": "indeterminate"},
        "Ready for Dev"),
        ({"Work": "indeterminate"}, "Work"),
        ({"Open": "new", "Triage": "new"}, "Triage"),
        ({"Open": "new"}, "Closed"),
        ({"Open": "new", "Ready for refinement": "new", "Work": "indeterminate"}, "Work"),
    ],
)  # fmt: skip
def test_work_is_committed_at_the_first_status_after_the_backlog(first_statuses, committed):
    names = {n: (i, c) for i, (n, c) in enumerate([*first_statuses.items(), ("Closed", "done")], 1)}
    assert commitment(SiteBuilder(names).walk(" > ".join(names), 3).workflow(), names) == committed


def test_reopened_stands_before_the_work_but_is_not_the_commitment():
    names = {"Open": (1, "new"), "Coding": (3, "indeterminate"), "Reopened": (4, "new"), "Resolved": (5, "done")}
    site = SiteBuilder(names).walk("Open > Coding > Resolved > Reopened > Coding > Resolved", 3)
    model = site.walk("Open > Resolved > Reopened > Resolved", 9).workflow()
    assert order(model, names) == ["Open", "Reopened", "Coding", "Resolved"]
    assert commitment(model, names) == "Coding"


LANES = {
    "Backlog": (1, "new"), "Coding": (2, "indeterminate"), "Waiting for sign-off": (3, "indeterminate"),
    "Security": (4, "indeterminate"), "Done": (5, "done"),
}  # fmt: skip


def test_a_wait_belongs_to_the_work_most_of_its_issues_go_on_to():
    model = SiteBuilder(LANES).walk("Backlog > Coding > Waiting for sign-off > Security > Done", 5).workflow()
    assert stages(model, LANES)["Waiting for sign-off"] == stages(model, LANES)["Security"] == "Approval"


def test_a_wait_that_mostly_leads_back_is_a_stage_of_its_own():
    site = SiteBuilder(LANES).walk("Backlog > Coding > Waiting for sign-off > Coding > Security > Done", 5)
    site.walk("Backlog > Coding > Waiting for sign-off > Security > Done", 2)
    assert stages(site.workflow(), LANES)["Waiting for sign-off"] != stages(site.workflow(), LANES)["Security"]
