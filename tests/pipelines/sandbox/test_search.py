import time
from operator import eq, ge, gt, le, lt, ne

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sandbox.index import DC_RESOLUTION_MS, SiteIndex
from pipelines.sandbox.instants import epoch_ms
from pipelines.sandbox.jql import JqlError
from pipelines.sandbox.search import Search
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import PROJECT_IDS, TYPES, issue, ms, small_site

SITE = small_site()
SEARCH = Search(SiteIndex(SITE))


def found(jql, search=SEARCH):
    return search.find(jql).tolist()


@pytest.mark.parametrize(
    ("jql", "ids"),
    [
        ("project = ABC", [101, 102, 110, 120]),
        ("project = abc", [101, 102, 110, 120]),
        ("project = 'Project XYZ'", [105, 121]),
        ("project in (100)", [101, 102, 110, 120]),
        ("project != ABC", [105, 121]),
        ("project not in (ABC, XYZ)", []),
        ("issuetype = bug", [102, 120]),
        ("type in (Bug, Sub-task)", [102, 120, 121]),
        ("issuetype != 11", [101, 105, 110, 121]),
        ("id > 105", [110, 120, 121]),
        ("id >= 105 AND id < 120", [105, 110]),
        ("id > 105 AND id <= 110", [110]),
        ("id <= 0", []),
        ("id > 99999999999", []),
        ("NOT id > 105", [101, 102, 105]),
        ("id > 110 OR id < 102", [101, 120, 121]),
        ("id = 105", [105]),
        ("id in (121, ABC-1)", [101, 121]),
        ("id not in (101, 102, 105)", [110, 120, 121]),
        ("key = ABC-2", [102]),
        ("key != ABC-2", [101, 105, 110, 120, 121]),
        ("key = xyz-9", [110]),
        ("key > ABC-2", [110, 120]),
        ("key <= ABC-3", [101, 102, 110]),
        ("project = ABC AND NOT issuetype = Bug", [101, 110]),
        ("(project = XYZ OR issuetype = Bug) AND id > 102", [105, 120, 121]),
    ],
)
def test_clauses_match_what_they_say(jql, ids):
    assert found(f"{jql} ORDER BY id") == ids


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("id ASC", [101, 102, 105, 110, 120, 121]),
        ("id DESC", [121, 120, 110, 105, 102, 101]),
        ("key", [101, 102, 110, 120, 105, 121]),
        ("key DESC", [121, 105, 120, 110, 102, 101]),
        ("created", [101, 105, 102, 110, 120, 121]),
        ("updated DESC", [121, 110, 120, 101, 102, 105]),
        ("issuekey ASC, id", [101, 102, 110, 120, 105, 121]),
    ],
)
def test_issues_come_in_the_order_asked_for(order, ids):
    assert found(f"ORDER BY {order}") == ids


def test_later_sort_fields_decide_ties():
    site = site_from_issues([issue(1, "ABC-2", created=1), issue(2, "ABC-1", created=1), issue(3, "ABC-3", created=0)])
    search = Search(SiteIndex(site))
    assert found("ORDER BY created DESC, key", search) == [2, 1, 3]
    assert found("ORDER BY created, id DESC", search) == [3, 2, 1]


def test_without_an_order_the_newest_key_comes_first():
    assert found("project = ABC") == [120, 110, 102, 101]


def test_a_bare_number_is_an_instant_in_milliseconds():
    assert found(f"updated >= {ms(24)} ORDER BY id") == [110, 120, 121]
    assert found(f"updated > {ms(24)} ORDER BY id") == [110, 121]
    assert found(f"created = {ms(2)}") == [102]
    assert found(f"created in ({ms(2)}, {ms(3)}) ORDER BY id") == [102, 110]
    assert found("updated >= 0 ORDER BY id") == sorted(SITE.issues)


@pytest.mark.parametrize("date", ['"2026-03-03 08:00"', "'2026/03/03 08:00'", '"2026-3-3 8:00"'])
def test_a_quoted_date_is_meant_in_the_users_zone(date):
    elsewhere = small_site()
    elsewhere.me["timeZone"] = "America/New_York"
    assert found(f"created >= {date} ORDER BY id") == [120, 121]
    assert found(f"created >= {date} ORDER BY id", Search(SiteIndex(elsewhere))) == [121]


def test_a_day_begins_at_midnight():
    assert found("created < 2026-03-03 ORDER BY id") == [101, 102, 105, 110]
    assert found('created >= "2026/03/04"') == [121]


def test_the_hour_before_the_clocks_change_is_read_by_the_zones_rules():
    site = site_from_issues([issue(1, "ABC-1")])
    site.issues[1]["fields"]["created"] = "2026-03-29T01:00:00.000+0000"
    site.me["timeZone"] = "Europe/Berlin"
    search = Search(SiteIndex(site))
    assert found('created >= "2026-03-29 03:00"', search) == [1]
    assert found('created >= "2026-03-29 03:01"', search) == []


def test_data_center_compares_instants_by_the_second():
    site = site_from_issues([issue(1, "ABC-1")])
    site.issues[1]["fields"]["updated"] = "2026-03-02T08:00:00.900+0000"
    assert found(f"updated >= {ms(0) + 950}", Search(SiteIndex(site))) == []
    assert found(f"updated >= {ms(0) + 950}", Search(SiteIndex(site, DC_RESOLUTION_MS))) == [1]


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("issuetype in (Bug, Saga)", "The value 'Saga' does not exist for the field 'issuetype'."),
        ("key = ABC-99", "An issue with key 'ABC-99' does not exist for field 'key'."),
        ("key > ABC-99", "An issue with key 'ABC-99' does not exist for field 'key'."),
        ("id in (101, 5)", "A value with ID '5' does not exist for the field 'id'."),
        ("project > ABC", "The operator '>' is not supported by the 'project' field."),
        ("status = Done", "Field 'status' does not exist or you do not have permission to view it."),
        ("updated >= -1d", "Date value '-1d' for field 'updated' is invalid."),
        ('updated >= "1772438400000"', "Date value '1772438400000' for field 'updated' is invalid."),
        ('created < "2026-02-30"', "Date value '2026-02-30' for field 'created' is invalid."),
        ("ORDER BY status", "Not able to sort using field 'status'."),
    ],
)
def test_what_the_site_does_not_know_is_refused(jql, message):
    with pytest.raises(JqlError) as refused:
        found(jql)
    assert message in str(refused.value)


def test_a_lax_search_takes_the_unknown_for_matching_nothing():
    lax = Search(SiteIndex(SITE), is_lax=True)
    assert found("id in (101, 5, ABC-99)", lax) == [101]
    assert found("project in (NOPE, XYZ) ORDER BY id", lax) == [105, 121]
    assert found("key > ABC-99", lax) == []


def test_projects_compare_within_themselves_by_key():
    assert found("key >= XYZ-1 ORDER BY id") == [105, 121]


SIGNS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
FIELDS = {"project": list(PROJECT_IDS), "issuetype": list(TYPES)}
EQUALS = st.builds(
    lambda field, operator, pick: (field, operator, FIELDS[field][pick % len(FIELDS[field])]),
    st.sampled_from(list(FIELDS)), st.sampled_from(["=", "!="]), st.integers(0, 5),
)  # fmt: skip
BOUNDS = st.tuples(st.just("id"), st.sampled_from(["<", "<=", ">", ">="]), st.integers(95, 125).map(str))
INSTANTS = st.tuples(
    st.sampled_from(["created", "updated"]),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.integers(-1, 49).map(lambda h: str(ms(h))),
)
CONDITIONS = st.recursive(
    st.one_of(EQUALS, BOUNDS, INSTANTS),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or"]), inner, inner)
    ),
    max_leaves=8,
)  # fmt: skip


def written(condition):
    if condition[0] == "not":
        return f"NOT ({written(condition[1])})"
    if condition[0] in ("and", "or"):
        return f"({written(condition[1])}) {condition[0]} ({written(condition[2])})"
    return " ".join(condition)


def holds(condition, of):
    if condition[0] == "not":
        return not holds(condition[1], of)
    if condition[0] == "and":
        return holds(condition[1], of) and holds(condition[2], of)
    if condition[0] == "or":
        return holds(condition[1], of) or holds(condition[2], of)
    field, sign, text = condition
    fields = of["fields"]
    values = {
        "project": fields["project"]["key"], "issuetype": fields["issuetype"]["name"], "id": int(of["id"]),
        "created": epoch_ms(fields["created"]), "updated": epoch_ms(fields["updated"]),
    }  # fmt: skip
    return SIGNS[sign](values[field], int(text) if text.isdecimal() or field in ("created", "updated") else text)


@given(CONDITIONS)
def test_a_search_finds_exactly_what_a_look_at_every_issue_finds(condition):
    expected = [issue_id for issue_id, of in sorted(SITE.issues.items()) if holds(condition, of)]
    assert found(f"{written(condition)} ORDER BY id") == expected


def test_a_sweep_by_id_over_a_hundred_thousand_issues_takes_a_moment():
    template = issue(1, "ABC-1")
    site = site_from_issues([])
    site.issues = {n: template | {"id": str(n), "key": f"ABC-{n}"} for n in range(1, 100_001)}
    search = Search(SiteIndex(site))
    begin, last, pages = time.process_time(), 0, 0
    while len(ids := search.find(f"project = ABC AND id > {last} ORDER BY id")):
        last, pages = int(ids[min(999, len(ids) - 1)]), pages + 1
    assert pages == 100
    assert time.process_time() - begin < 5
