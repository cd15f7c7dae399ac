"""Which requests a fault strikes, and scripts as files."""

import json
from pathlib import Path

import pytest

from pipelines.sandbox.faults import Call, Course, FaultScript, When
from pipelines.sandbox.faults.catalogue import EFFECTS, GROUPS, fault_table
from pipelines.sandbox.faults.connection import Latency
from pipelines.sandbox.faults.effect import Effect
from pipelines.sandbox.faults.files import read_faults, script_of
from pipelines.sandbox.faults.refusals import Status, TooManyRequests
from pipelines.sandbox.faults.script import FaultScriptError
from tests.pipelines.sandbox.sites import get, post, served, small_site
from tests.pipelines.sandbox.troubled import troubled

FAULT = Status(500)


def struck(fault, requests, seed=0, seconds=0.0):
    """Places (from 1) of the requests that a fault strikes."""
    site = small_site()
    course = Course(FaultScript.of(fault, seed=seed, seconds_per_request=seconds), site.now)
    at = served(site)
    return [n for n, request in enumerate(requests, 1) if course.strike(Call(at, *request))]


def asking(n, route="/rest/api/3/myself", method="GET"):
    return [(method, route, get())] * n


@pytest.mark.parametrize(
    ("when", "places"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9]), ({"nth": 3}, [3]), ({"nth": [2, 9]}, [2, 9]), ({"after": 7}, [8, 9]),
        ({"every": 4}, [4, 8]), ({"every": 3, "after": 1}, [4, 7]), ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 2}, [2, 4]), ({"after_seconds": 50}, [5, 6, 7, 8, 9]),
        ({"after_seconds": 50, "nth": 2}, [6]), ({"probability": 0}, []), ({"probability": 1, "after": 8}, [9]),
        ({"method": "POST"}, []), ({"method": "GET", "nth": 1}, [1]),
    ],
)  # fmt: skip
def test_conditions_choose_among_the_requests(when, places):
    assert struck(FAULT.on(**when), asking(9), seconds=10) == places


@pytest.mark.parametrize(
    ("route", "places"),
    [("search", [1, 2]), ("search/jql", [1]), ("*/search", [2]), ("*issue*", [3]), ("/rest/api/3/issue/{issue}", [3])],
)
def test_a_route_is_part_of_a_path_or_a_pattern_for_the_whole(route, places):
    paths = ("/rest/api/3/search/jql", "/rest/api/2/search", "/rest/api/3/issue/{issue}")
    assert struck(FAULT.on(route), [("GET", path, get()) for path in paths]) == places


def test_a_text_is_looked_for_in_body_and_query():
    requests = [("POST", "/a", post({"jql": "updated >= 5"})), ("GET", "/a", get("jql=updated")), ("GET", "/a", get())]
    assert struck(FAULT.on(contains="updated"), requests) == [1, 2]


def test_a_share_of_requests_is_chosen_by_seed_whatever_their_order():
    requests = [("POST", "/a", post({"page": n})) for n in range(200)]
    first = {n - 1 for n in struck(FAULT.on(probability=0.3), requests, seed=5)}
    backwards = {200 - n for n in struck(FAULT.on(probability=0.3), requests[::-1], seed=5)}
    other = {n - 1 for n in struck(FAULT.on(probability=0.3), requests, seed=6)}
    assert first == backwards != other
    assert 35 < len(first) < 85


def test_the_same_request_asked_again_has_new_luck():
    assert 5 < len(struck(FAULT.on(probability=0.5), asking(40))) < 35


def test_every_fault_counts_for_itself_and_all_that_strike_act():
    faults = (Latency(1).on(), Status(503).on(nth=2), TooManyRequests().on(nth=2), Status(500).on(every=3))
    with troubled(*faults) as client:
        assert [client.get("myself").status_code for _ in range(3)] == [200, 503, 500]
        assert client.fired == ["latency", "latency", "status", "too_many_requests", "latency", "status"]
        assert client.sandbox.fired[2].request == "GET /rest/api/3/myself"
        assert client.sandbox.fired[-1].place == 3


def test_a_script_serves_many_sandboxes_anew():
    script = FaultScript.of(FAULT.on(nth=1))
    for _ in range(2):
        with troubled(*script.faults) as client:
            assert client.get("myself").status_code == 500


def test_requests_move_the_clock_as_far_as_the_script_says():
    with troubled(seconds_per_request=60) as client:
        dates = [client.get("serverInfo").json()["serverTime"] for _ in range(2)]
        assert dates == ["2026-03-04T08:02:00.000+0000", "2026-03-04T08:03:00.000+0000"]


@pytest.mark.parametrize("when", [{"every": 0}, {"probability": 1.5}, {"nth": 0}, {"nth": [1, -1]}, {"method": "PUT"}])
def test_conditions_that_make_no_sense_are_refused(when):
    with pytest.raises(ValueError, match=r"must|counts"):
        When(**when)


TOML = """
seed = 7
seconds_per_request = 1.5

[[fault]]
kind = "too_many_requests"
route = "search/jql"
nth = [2, 4]
retry_after = "1.5"
reason = "burst"

[[fault]]
kind = "latency"
ms = 20
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="faults.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_toml_file_and_a_json_file_say_the_same(file):
    expected = FaultScript.of(
        TooManyRequests(retry_after="1.5", reason="burst").on("search/jql", nth=[2, 4]),
        Latency(20),
        seed=7,
        seconds_per_request=1.5,
    )
    assert read_faults(file(TOML)) == expected
    told = {
        "seed": 7, "seconds_per_request": 1.5,
        "fault": [
            {"kind": "too_many_requests", "route": "search/jql", "nth": [2, 4], "retry_after": "1.5",
             "reason": "burst"},
            {"kind": "latency", "ms": 20},
        ],
    }  # fmt: skip
    assert read_faults(file(json.dumps(told), "faults.json")) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sead = 1", "faults.toml: unknown key 'sead'. Did you mean 'seed'?"),
        ("[[fault]]\nnth = 1", "fault 1 has no kind. Known are: too_many_requests"),
        ('[[fault]]\nkind = "shufled"', "fault 1: unknown kind 'shufled'. Did you mean 'shuffled'?"),
        ('[[fault]]\nkind = "zzz"', "unknown kind 'zzz'. Known are: anonymous,"),
        ('[[fault]]\nkind = "reset"\n[[fault]]\nkind = "short_page"\nsise = 2',
         r"fault 2 (short_page): unknown key 'sise'. Did you mean 'size'?"),
        ('[[fault]]\nkind = "latency"', "(latency): Object missing required field `ms`"),
        ('[[fault]]\nkind = "latency"\nms = "long"', "Expected `float`, got `str` - at `$.ms`"),
        ('[[fault]]\nkind = "reset"\nevery = 0', "every must be 1 or more"),
        ('[[fault]]\nkind = "status"\nstatus = 200', "status must lie between 400 and 599"),
        ('[[fault]]\nkind = "duplicates"\nwhere = "nowhere"', "Invalid enum value 'nowhere'"),
        ("seed = 'x'", "seed and seconds_per_request are numbers"),
        ("fault = 5", "must hold [[fault]] tables"),
        ("seed = ", "is not well formed"),
    ],
)  # fmt: skip
def test_what_a_file_says_wrong_is_told_exactly(file, text, said):
    with pytest.raises(FaultScriptError) as error:
        read_faults(file(text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FaultScriptError, match=r"gone\.toml cannot be read: No such file"):
        read_faults(tmp_path / "gone.toml")


def test_an_empty_script_makes_no_trouble():
    assert script_of({}) == FaultScript()


def concrete(effect=Effect):
    return {kind for sub in effect.__subclasses__() for kind in ({sub} | concrete(sub))}


def test_every_kind_is_in_the_catalogue_once_and_explained():
    assert set(EFFECTS.values()) == {effect for effect in concrete() if effect.kind() != "mutation"}
    assert sum(map(len, GROUPS.values())) == len(EFFECTS)
    table = fault_table()
    for kind, effect in EFFECTS.items():
        assert f"  {kind}" in table
        assert effect.__doc__.splitlines()[0] in table
        assert effect.__doc__ != Effect.__doc__


def test_no_key_of_an_effect_is_one_of_the_conditions():
    for effect in EFFECTS.values():
        assert not set(effect.__struct_fields__) & {"kind", *When.__struct_fields__}


def test_the_table_names_keys_with_their_defaults():
    table = fault_table()
    assert 'lost = 1, end = "oldest", is_total_right = true, issues = []' in table
    assert "ms (needed)" in table
    assert "after_seconds = 0.0" in table


def test_every_kind_is_tested_over_http():
    here = Path(__file__)
    text = "".join(path.read_text() for path in here.parent.glob("test_fault_*.py") if path != here)
    assert [effect.__name__ for effect in EFFECTS.values() if f"{effect.__name__}(" not in text] == []
