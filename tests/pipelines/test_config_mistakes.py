"""What is told of a mistake in flow.toml: the place, what is wrong, and what would be right."""

import pytest

from pipelines.config import load_config
from pipelines.config_errors import ConfigError
from tests.pipelines.flow_toml import complaint

STAGE = '[[value_stream]]\nname = "A"\n[[value_stream.stage]]\nname = "{}"\ntouch = ["X"]'

CHANGE = '[[value_stream]]\nname = "A"\n[[value_stream.change]]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[jira]\nproject = ["A"]', "[jira] has no option 'project'. Did you mean 'projects'?"),
        ('[jirra]\njql = ""', "The top level has no option 'jirra'. Did you mean 'jira'?"),
        ('projects = ["A"]', "The top level has no option 'projects'. 'projects' belongs in [jira]."),
        ('[calendar]\njql = "x"', "[calendar] has no option 'jql'. 'jql' belongs in [jira]."),
        ("[workflow]\nreopen_days = 3", "[workflow] has no option 'reopen_days'. Did you mean 'reopen_horizon_days'?"),
        ("[workflow]\nzzz = 3", "[workflow] has no option 'zzz'. Did you mean"),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.stage]]\nname = "S"\ntuch = ["x"]',
            "[[value_stream.stage]] (number 1 / 1) has no option 'tuch'. Did you mean 'touch'? It knows: name, wait,",
        ),
        (
            '[[value_stream]]\nname = "A"\n[value_stream.calendar]\nhour = "1"',
            "[value_stream.calendar] (number 1) has no option 'hour'. Did you mean 'hours'?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_its_table_and_the_nearest_valid_one(written, text, says):
    assert complaint(written, text).startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[jira]\nprojects = SHOP", "is not valid TOML: Invalid value (at line 2"),
        ('[jira]\nprojects = "SHOP"', "'projects' in [jira]: write a list, like"),
        ("[jira]\nprojects = [1]", "'projects', entry 1 in [jira]: write a text in quotes"),
        ("jira = 3", "[jira]: this is a table with options of its own"),
        ('[calendar]\nzone = "Berlin"', "'zone' in [calendar]: 'Berlin' is not an IANA time zone"),
        ('[calendar]\nhours = "9 to 5"', "'hours' in [calendar]: '9 to 5' is not a stretch of hours"),
        ('[calendar]\nhours = "17:00-09:00"', "'hours' in [calendar]: '17:00-09:00' does not run forward"),
        ('[calendar]\nhours = "09:60-17:00"', "'hours' in [calendar]: '09:60-17:00' does not run forward"),
        ('[calendar]\nhours = ["09:00-12:00", "11:00-13:00"]', "'hours' in [calendar]: the stretches overlap"),
        ('[calendar]\ndays = ["monday"]', "'days', entry 1 in [calendar]: Input should be 'mon', 'tue'"),
        ("[calendar]\ndays = []", "'days' in [calendar]: "),
        ('[calendar]\ncountry = "XX"', "[calendar]: no public holidays are known for this country"),
        ('[calendar]\ncountry = "DE"\nsubdivision = "QQ"', "[calendar]: no public holidays are known for this country"),
        ('[calendar]\nsubdivision = "BE"', "[calendar]: 'subdivision' needs a 'country'"),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.change]]\nvalid_from = 2026-01-01',
            "'change', entry 1 in [[value_stream]] (number 1): the change of 2026-01-01 names no status and no commit",
        ),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.change]]\nvalid_from = 2026-02-01\nwait = ["X"]\n'
            '[[value_stream.change]]\nvalid_from = 2026-01-01\ntouch = ["X"]',
            "[[value_stream]] (number 1): list the changes by 'valid_from', the oldest first and each day once",
        ),
        (
            CHANGE + 'valid_from = "April"\nwait = ["X"]',
            "'valid_from' in [[value_stream.change]] (number 1 / 1): write a date",
        ),
        (CHANGE + 'wait = ["X"]', "[[value_stream.change]] (number 1 / 1) needs 'valid_from'."),
        (
            CHANGE + 'valid_from = 2026-01-01\ndelivery = "release"',
            "'change', entry 1 in [[value_stream]] (number 1): 'delivery' cannot change on a day: times to a status",
        ),
        (
            CHANGE
            + 'valid_from = 2026-01-01\ndone = ["X"]\n[[value_stream.change.stage]]\nname = "S"\ndiscarded = ["X"]',
            "'change', entry 1 in [[value_stream]] (number 1): the change of 2026-01-01 lists 'X' twice; give it one",
        ),
        (
            CHANGE + 'valid_from = 2026-01-01\n[[value_stream.change.stage]]\nname = "S"',
            "[[value_stream.change.stage]] (number 1 / 1 / 1): nothing joins the stage 'S'; list statuses as wait,",
        ),
        (
            CHANGE + 'valid_from = 2026-01-01\nwait = ["X"]\n[[value_stream.change.stage]]\nname = "S"\ntouch = ["X"]',
            "'change', entry 1 in [[value_stream]] (number 1): the change of 2026-01-01 lists 'X' twice; give it one",
        ),
        (
            STAGE.format("Dev+Test"),
            "'name' in [[value_stream.stage]] (number 1 / 1): 'Dev+Test' would be read as several stages, whose names"
            " '+' joins; write it without, as 'Dev & Test'",
        ),
        (
            STAGE.format("Build, Test"),
            "'name' in [[value_stream.stage]] (number 1 / 1): 'Build, Test' would be read as several stages, whose"
            " names ', ' joins; write it without, as 'Build & Test'",
        ),
        (STAGE.format("Delivered work"), "[[value_stream.stage]] (number 1 / 1): 'Delivered work' is what"),
        ("[[calendar.change]]\nvalid_from = 2026-01-01", "'change', entry 1 in [calendar]: the change of 2026-01-01"),
        (
            '[[calendar.change]]\nvalid_from = 2026-01-01\nhours = "9 to 5"',
            "'hours' in [calendar.change] (number 1): '9 to 5' is not a stretch of hours",
        ),
        (
            '[[calendar.change]]\nvalid_from = 2026-02-01\nhours = "09:00-17:00"\n'
            '[[calendar.change]]\nvalid_from = 2026-01-01\nhours = "09:00-16:00"',
            "[calendar]: list the changes by 'valid_from', the oldest first",
        ),
        ('[calendar]\nholidays = ["Easter"]', "'holidays', entry 1 in [calendar]: "),
        ('[workflow]\nreopen_horizon_days = "30"', "'reopen_horizon_days' in [workflow]: write a whole number"),
        ("[workflow]\nreopen_horizon_days = -1", "'reopen_horizon_days' in [workflow]: Input should be greater than"),
        ('[[value_stream]]\nprojects = ["A"]', "[[value_stream]] (number 1) needs 'name'."),
        (
            '[[value_stream]]\nname = "A"\nassignment = "yes"',
            "'assignment' in [[value_stream]] (number 1): write true or false",
        ),
        (
            '[[value_stream]]\nname = "A"\ndelivery = "x"',
            "'delivery' in [[value_stream]] (number 1): Input should be 'status'",
        ),
        ('[[value_stream]]\nname = "A"\n[[value_stream]]\nname = "A"', "The file: two value streams are named 'A'"),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.stage]]\nname = "S"',
            "[[value_stream]] (number 1): stage 'S' has no status; list some",
        ),
        (
            '[[value_stream]]\nname = "A"\n[[value_stream.stage]]\nname = "S"\nwait = ["X"]\ndone = ["X"]',
            "[[value_stream]] (number 1): status 'X' stands twice in value stream 'A'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place(written, text, says):
    assert complaint(written, text).startswith(says)


def test_several_mistakes_are_all_told(written):
    words = complaint(written, '[jira]\nproject = []\n[calendar]\nzone = "X"')
    assert "'project'" in words
    assert "'zone'" in words


def test_a_mistake_is_told_once(written):
    words = complaint(written, '[calendar]\ndays = ["monday"]')
    assert words.count("'days'") == 1


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "flow.toml"
    path.write_bytes('[jira]\nsite_name = "Köln"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="is not valid TOML"):
        load_config(path)
