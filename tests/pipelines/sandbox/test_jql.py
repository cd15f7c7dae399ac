import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.jql import AllOf, AnyOf, Clause, JqlError, NoneOf, Query, Value, read_jql


def clause(field, operator, *values, is_quoted=False):
    return Clause(field, operator, tuple(Value(value, is_quoted) for value in values))


def test_an_empty_query_restricts_and_orders_nothing():
    assert read_jql("  ") == Query(None, ())


def test_an_order_alone_restricts_nothing():
    assert read_jql("ORDER BY key DESC, id") == Query(None, (("key", True), ("id", False)))


def test_the_query_extraction_sends_is_read():
    query = read_jql('project in (ABC, "My Project") AND updated >= 1732877091000 AND id > 5 ORDER BY id ASC')
    assert query.order == (("id", False),)
    assert query.where == AllOf(
        (
            Clause("project", "in", (Value("ABC", False), Value("My Project", True))),
            clause("updated", ">=", "1732877091000"),
            clause("id", ">", "5"),
        )
    )


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
def test_operators_need_no_spaces_around_them(operator):
    assert read_jql(f"created{operator}5").where == clause("created", operator, "5")


def test_and_binds_more_tightly_than_or():
    one, two, three = (clause("id", "=", number) for number in "123")
    assert read_jql("id=1 or id=2 and id=3").where == AnyOf((one, AllOf((two, three))))
    assert read_jql("(id=1 or id=2) and id=3").where == AllOf((AnyOf((one, two)), three))


def test_not_holds_for_the_next_clause_or_parenthesis():
    one, two = clause("id", "=", "1"), clause("id", "=", "2")
    assert read_jql("not id=1 and id=2").where == AllOf((NoneOf(one), two))
    assert read_jql("!(id=1 || id=2)").where == NoneOf(AnyOf((one, two)))


def test_words_that_begin_like_an_operator_are_words():
    assert read_jql("project = INTERNAL").where == clause("project", "=", "INTERNAL")
    assert read_jql("notes = orderly AND android not in (Android)").where == AllOf(
        (clause("notes", "=", "orderly"), clause("android", "not in", "Android"))
    )


def test_words_of_the_language_are_read_in_any_case():
    assert read_jql("Project IN (a) aNd KEY not In (b) Order By KEY dEsC") == Query(
        AllOf((clause("project", "in", "a"), clause("key", "not in", "b"))), (("key", True),)
    )


def test_fields_go_by_their_other_names_too():
    query = read_jql("issuekey = A-1 AND type = Bug AND issue = 5 ORDER BY issuekey")
    assert [part.field for part in query.where.parts] == ["key", "issuetype", "key"]
    assert query.order == (("key", False),)


@given(st.text(min_size=1))
def test_a_quoted_value_can_hold_anything(text):
    written = text.replace("\\", "\\\\").replace('"', '\\"')
    assert read_jql(f'project = "{written}"').where == clause("project", "=", text, is_quoted=True)


def test_values_may_stand_in_single_quotes():
    assert read_jql("project = 'My Project'").where == clause("project", "=", "My Project", is_quoted=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("project ~ x", "'~' was not expected here. (line 1, character 9)"),
        ("status WAS Done", "'WAS' was not expected"),
        ("resolution is EMPTY", "'is' was not expected"),
        ("updated >= startOfDay()", "'()' was not expected"),
        ("cf[10000] = 3", "'[10000]' was not expected"),
        ("project = a b", "'b' was not expected"),
        ("id = 1)", "')' was not expected"),
        ("project = a AND", "ended too early"),
        ("id in (1,", "ended too early"),
        ("project = a ORDER BY", "ended too early"),
        ('project = "never closed', "was not expected"),
    ],
)
def test_everything_else_is_refused_with_the_place(text, message):
    with pytest.raises(JqlError) as refused:
        read_jql(text)
    assert str(refused.value).startswith("Error in the JQL Query: ")
    assert message in str(refused.value)


def test_seven_sort_fields_are_read_and_eight_refused():
    assert len(read_jql("ORDER BY " + ", ".join(["id"] * 7)).order) == 7
    with pytest.raises(JqlError, match="maximum number of sort fields is 7"):
        read_jql("ORDER BY " + ", ".join(["id"] * 8))
