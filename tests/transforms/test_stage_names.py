"""Neighbouring statuses about one topic are one stage."""

import pytest

from transforms.stage_names import name_stages, stage_topic, topic_rank


@pytest.mark.parametrize(
    ("names", "stages"),
    [
        (["Ready for Review", "In Review", "Code Review"], ["Review"] * 3),
        (["Ready for QA", "In QA"], ["QA", "QA"]),
        (["Ready for Test", "Testing"], ["Testing", "Testing"]),
        (["Awaiting Approval"], ["Approval"]),
        (["Ready for Release"], ["Release"]),
        (["To Do", "Backlog"], ["Backlog", "Backlog"]),
        (["To Do"], ["Backlog"]),
        (["Selected", "In Progress"], ["Selected", "In Progress"]),
        (["Ready for Dev", "In Progress"], ["Development", "Development"]),
        (["In Review"], ["In Review"]),
        (["Code Review"], ["Code Review"]),
        (["Pull Request Sent"], ["Pull Request Sent"]),
        (["Waiting for legal team", "In legal team"], ["Legal team", "Legal team"]),
        (["Bereit für Prüfung"], ["Prüfung"]),
        ([], []),
    ],
)
def test_stages_are_named_by_their_common_topic_or_their_only_status(names, stages):
    assert name_stages(names) == stages


def test_statuses_of_one_topic_with_another_between_them_stay_apart():
    assert name_stages(["Ready for Review", "In QA", "In Review"]) == ["Review", "In QA", "In Review"]


def test_two_statuses_of_the_same_name_are_one_stage_of_that_name():
    assert name_stages(["In Review", "In Review"]) == ["In Review", "In Review"]


def test_a_topic_keeps_the_spelling_of_its_author():
    assert stage_topic("Waiting for SAP Freigabe") == "SAP Freigabe"
    assert stage_topic("UX-check pending") == "UX-check"


def test_topics_have_their_usual_place_and_unknown_ones_have_none():
    usual = ["Ready for Dev", "Code Review", "In QA", "Awaiting Approval", "Ready for Release"]
    ranks = [topic_rank(name) for name in usual]
    assert None not in ranks
    assert ranks == sorted(ranks)
    assert topic_rank("Legal team") is None


def test_a_wait_whose_issues_go_on_into_the_next_work_is_the_wait_for_it():
    names = ["Waiting for Approval", "Security check", "Ready to Ship", "Deploying"]
    assert name_stages(names) == ["Approval", "Security check", "Release", "Deploying"]
    assert name_stages(names, [True, False, True, False]) == ["Approval", "Approval", "Release", "Release"]


def test_what_is_plainly_about_something_else_stays_apart_wherever_its_issues_go():
    names = ["Ready for Review", "In Testing", "Backlog", "In Work"]
    assert name_stages(names, [True, False, True, False]) == ["Review", "In Testing", "Backlog", "In Work"]


@pytest.mark.parametrize(
    ("name", "topic"),
    [("En attente d'approbation", "Approval"), ("Klaar voor test", "Testing"), ("6. QA", "QA"),
     ("Em desenvolvimento", "Development"), ("Wird deployt", "Deployment"), ("Review: doing", "Review")],
)  # fmt: skip
def test_topics_are_known_in_other_languages(name, topic):
    assert stage_topic(name) == topic
