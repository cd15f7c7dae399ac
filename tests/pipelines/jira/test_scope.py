"""A scope becomes bounded JQL, or an error that names what is wrong."""

import pytest

from pipelines.jira.errors import ScopeError
from pipelines.jira.reference import SiteProject
from pipelines.jira.scope import Scope, resolve

VISIBLE = (SiteProject("10", "ALPHA", "Alpha"), SiteProject("11", "BETA", "Beta"))


def test_an_empty_scope_takes_every_visible_project():
    resolved = resolve(Scope(), VISIBLE)
    assert resolved.jql == "project in (10, 11)"
    assert resolved.projects == VISIBLE


def test_named_projects_are_asked_for_by_id():
    resolved = resolve(Scope(("BETA",)), VISIBLE)
    assert resolved.jql == "project in (11)"
    assert [project.key for project in resolved.projects] == ["BETA"]


def test_case_and_repetition_of_a_key_do_not_matter():
    assert resolve(Scope(("beta", "BETA")), VISIBLE).jql == "project in (11)"


def test_jql_narrows_the_projects_and_cannot_widen_them():
    assert resolve(Scope(("BETA",), "a = 1 OR b = 2"), VISIBLE).jql == "project in (11) AND (a = 1 OR b = 2)"


def test_an_unknown_project_is_named_with_the_visible_ones_and_a_guess():
    with pytest.raises(ScopeError) as caught:
        resolve(Scope(("ALPHA", "BETTA")), VISIBLE)
    text = str(caught.value)
    assert "BETTA" in text
    assert "Did you mean BETA?" in text
    assert "ALPHA, BETA" in text


def test_a_long_list_of_visible_projects_is_cut():
    many = [SiteProject(str(n), f"P{n:03}") for n in range(50)]
    with pytest.raises(ScopeError, match="and 30 more"):
        resolve(Scope(("X",)), many)


@pytest.mark.parametrize("jql", ["type = Bug ORDER BY created", "type = Bug order   by id"])
def test_an_order_in_the_scope_is_refused(jql):
    with pytest.raises(ScopeError, match="ORDER BY"):
        resolve(Scope((), jql), VISIBLE)


def test_order_by_inside_a_quoted_text_is_no_order():
    assert "order by" in resolve(Scope((), 'component = "order by phone"'), VISIBLE).jql


def test_an_account_that_sees_nothing_is_told_so():
    with pytest.raises(ScopeError, match="no project"):
        resolve(Scope(), [])


def test_the_same_scope_can_be_asked_for_by_keys():
    resolved = resolve(Scope(("ALPHA",), "created >= 2024-01-01"), VISIBLE)
    assert resolved.jql_by_keys == 'project in ("ALPHA") AND (created >= 2024-01-01)'
