"""flow.toml: what it may say, and what it means."""

import re
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from pipelines.config import FlowConfig, config_path, load_config
from pipelines.config_errors import ConfigError, _inner_model
from transforms.calendar import WorkingCalendar
from transforms.workflow_rules import ChangeRules, StageRules, StreamRules, WorkflowRules

SHIPPED = Path(__file__).parents[2] / "flow.toml"


def models(model=FlowConfig):
    """Every model of the file."""
    yield model
    for field in model.model_fields.values():
        if inner := _inner_model(field.annotation):
            yield from models(inner)


def test_the_shipped_file_says_nothing():
    assert load_config(SHIPPED) == FlowConfig()


def test_an_absent_file_says_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLOW_CONFIG", raising=False)
    assert load_config() == FlowConfig()


def test_saying_nothing_leaves_everything_to_be_inferred():
    assert FlowConfig().rules("Asia/Kolkata") == WorkflowRules(calendar=WorkingCalendar.weekdays("Asia/Kolkata"))


def test_where_nobody_tells_a_zone_days_are_those_of_utc():
    assert FlowConfig().rules("").calendar.zone == "UTC"


@pytest.mark.parametrize("model", list(models()), ids=lambda m: m.__name__)
def test_every_option_is_described_in_its_model(model):
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize("model", list(models()), ids=lambda m: m.__name__)
def test_every_option_stands_in_the_shipped_file_under_a_comment(model):
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    for name, field in model.model_fields.items():
        if _is_section(field):
            assert any(re.search(rf"\[\[?(\w+\.)?{name}\]\]?|^# {name} = ", line) for line in lines), name
            continue
        places = [n for n, line in enumerate(lines) if re.match(rf"(# )?{name} = ", line)]
        assert places, f"{name} is not in flow.toml"
        assert all(lines[n - 1].startswith("#") for n in places), f"{name} has no comment above it"


def _is_section(field):
    return _inner_model(field.annotation) is not None


def test_the_shipped_example_of_a_value_stream_can_be_used(written):
    text = SHIPPED.read_text(encoding="utf-8")
    example = text[text.index("# [[value_stream]]") :]
    config = written("\n".join(line.removeprefix("# ") for line in example.splitlines() if line != "#"))
    [stream] = config.value_stream
    assert stream.name == "Web shop"
    assert [stage.name for stage in stream.stage] == ["Development", "Review", "Done"]
    [change] = stream.change
    assert (change.valid_from, change.wait, change.commitment) == (date(2026, 4, 1), ("On Hold",), "In Progress")
    assert [(stage.name, stage.touch) for stage in change.stage] == [("Review", ("10003",))]


def test_models_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        FlowConfig().jira.jql = "x"


def test_the_place_of_the_file_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("FLOW_CONFIG", "/somewhere/else.toml")
    assert config_path() == Path("/somewhere/else.toml")
    monkeypatch.delenv("FLOW_CONFIG")
    assert config_path() == Path("flow.toml")


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_config(tmp_path / "flow.toml")


def test_a_file_named_by_the_environment_must_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOW_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read"):
        load_config()


def test_a_value_stream_becomes_rules_of_the_calculation(written):
    config = written("""
        [[value_stream]]
        name = "Shop"
        projects = ["SHOP"]
        issue_types = ["Story"]
        commitment = "Development"
        delivery = "release"
        assignment = false
        [[value_stream.stage]]
        name = "Development"
        wait = ["Selected"]
        touch = ["In Progress", 10003]
        [[value_stream.stage]]
        name = "End"
        blocked = ["Hold"]
        done = ["Done"]
        discarded = ["Cancelled"]
    """)
    assert config.rules("UTC").streams == (
        StreamRules(
            name="Shop",
            project_keys=("SHOP",),
            issue_types=("Story",),
            stages=(
                StageRules("Development", wait=("Selected",), touch=("In Progress", "10003")),
                StageRules("End", blocked=("Hold",), done=("Done",), discarded=("Cancelled",)),
            ),
            commitment="Development",
            delivery="release",
            is_assignment_used=False,
        ),
    )


def test_an_assignment_that_is_not_stated_is_left_to_detection(written):
    [stream] = written('[[value_stream]]\nname = "A"').rules("UTC").streams
    assert stream.is_assignment_used is None
    assert stream.calendar is None


def test_a_change_of_statuses_becomes_rules_of_the_calculation(written):
    config = written(
        """
        [[value_stream]]
        name = "Web"
        [[value_stream.change]]
        valid_from = 2026-01-01
        wait = ["Review", 12]
        [[value_stream.change]]
        valid_from = 2026-02-01
        touch = ["Review"]
        """
    )
    [stream] = config.rules("UTC").streams
    assert stream.changes == (
        ChangeRules(date(2026, 1, 1), wait=("Review", "12")),
        ChangeRules(date(2026, 2, 1), touch=("Review",)),
    )


def test_a_change_of_stages_and_of_the_commitment_becomes_rules_too(written):
    config = written(
        """
        [[value_stream]]
        name = "Web"
        [[value_stream.stage]]
        name = "Development"
        touch = ["Work", "Review"]
        [[value_stream.stage]]
        name = "Review"
        [[value_stream.change]]
        valid_from = 2026-01-01
        commitment = "Review"
        [[value_stream.change.stage]]
        name = "Review"
        touch = ["Review"]
        wait = [12]
        """
    )
    [stream] = config.rules("UTC").streams
    assert stream.stages[1] == StageRules("Review")
    joined = StageRules("Review", wait=("12",), touch=("Review",))
    assert stream.changes == (ChangeRules(date(2026, 1, 1), stages=(joined,), commitment="Review"),)


def test_workflow_options_reach_the_rules(written):
    rules = written('[workflow]\nreopen_horizon_days = 14\ndiscarding_resolutions = ["Won\'t Do"]').rules("UTC")
    assert rules.reopen_horizon == timedelta(days=14)
    assert rules.discarding_resolutions == ("Won't Do",)


def test_hours_with_a_break_open_twice_a_day(written):
    calendar = (
        written('[calendar]\nhours = ["13:00-24:00", "09:00-12:30"]\ndays = ["mon", "sat"]').rules("UTC").calendar
    )
    assert calendar.openings == (
        (0, time(9), time(12, 30)),
        (0, time(13), time(0)),
        (5, time(9), time(12, 30)),
        (5, time(13), time(0)),
    )


def test_the_zone_of_the_file_wins_over_the_accounts(written):
    config = written('[calendar]\nzone = "Europe/Berlin"')
    assert config.rules("America/New_York").calendar.zone == "Europe/Berlin"


def test_holidays_are_those_of_the_country_and_the_teams_own(written):
    text = '[calendar]\ncountry = "DE"\nsubdivision = "BE"\nholidays = [2026-12-24]'
    free = written(text).rules("UTC").calendar.holidays
    assert {date(2026, 12, 24), date(2026, 12, 25), date(2026, 3, 8), date(2026, 4, 3)} <= free
    assert date(2026, 8, 15) not in free, "Assumption Day is free in Bavaria, not in Berlin"
    assert {day.year for day in free} >= set(range(2000, 2030))


def test_a_streams_calendar_takes_from_the_sites_what_it_leaves_out(written):
    text = """
        [calendar]
        zone = "Europe/Berlin"
        hours = "08:00-16:00"
        holidays = [2026-12-24]
        [[value_stream]]
        name = "India"
        calendar = { zone = "Asia/Kolkata", days = ["tue"] }
    """
    [stream] = written(text).rules("UTC").streams
    assert stream.calendar == WorkingCalendar(
        "Asia/Kolkata", ((1, time(8), time(16)),), frozenset({date(2026, 12, 24)})
    )


CHANGES = """
    [calendar]
    zone = "Europe/Berlin"
    [[calendar.change]]
    valid_from = 2025-07-01
    hours = "08:00-16:00"
    [[calendar.change]]
    valid_from = 2026-01-01
    days = ["mon", "tue"]
"""


def test_a_change_of_the_calendar_holds_from_its_day_on_and_keeps_what_it_does_not_name(written):
    calendar = written(CHANGES).rules("UTC").calendar
    nine, eight = WorkingCalendar.weekdays("UTC"), WorkingCalendar.weekdays("UTC", time(8), time(16))
    assert calendar.earlier == ((date(2025, 7, 1), nine.openings), (date(2026, 1, 1), eight.openings))
    assert calendar.openings == eight.openings[:2]


def test_a_stream_with_hours_of_its_own_does_not_take_over_the_sites_changes(written):
    own = CHANGES + '[[value_stream]]\nname = "A"\ncalendar = { hours = "10:00-18:00" }\n'
    own += '[[value_stream]]\nname = "B"\ncalendar = { zone = "UTC" }'
    first, second = written(own).rules("UTC").streams
    assert first.calendar == WorkingCalendar.weekdays("Europe/Berlin", time(10), time(18))
    assert len(second.calendar.earlier) == 2


def test_every_section_forbids_what_it_does_not_know():
    assert all(issubclass(model, BaseModel) and model.model_config["extra"] == "forbid" for model in models())
