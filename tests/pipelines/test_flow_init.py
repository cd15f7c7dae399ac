"""flow init: three sites of different workflows, over HTTP, no line edited by hand; and what it asks and refuses."""

from __future__ import annotations

import copy
import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
import tomlkit

from pipelines.commands import init as init_command
from pipelines.config import FlowConfig, load_config
from pipelines.flow_toml import new_document, write_proposal
from pipelines.jira import SiteSample
from pipelines.proposal import Proposal, propose
from pipelines.sandbox.company import company_truth, simulate_company
from pipelines.sandbox.site import Site
from tests.flow_command import flow, serving
from tests.pipelines.sandbox.sites import history, issue, item, moved, small_site
from tests.transforms.naming_styles import STYLES
from tests.transforms.test_naming_styles import ALL_STYLES, company, judged
from transforms.infer_workflow import infer_workflow
from transforms.raw import RawChanges, RawIssues, RawProjects, RawResolutions, RawStatuses
from transforms.workflow import Workflow

from tests.transforms.workflow_frames import frame  # isort: skip

SITES = [("PAY", "german", "cloud"), ("MOB", "french", "dc"), ("PLAT", "shouting", "cloud")]
"""With queue columns, without any, with one that holds: each under other names."""


@pytest.fixture(scope="module")
def whole_company() -> Site:
    return simulate_company(weeks=14)


def one_project(site: Site, key: str, names: dict[str, str]) -> Site:
    """The site of one team, its statuses called otherwise."""
    own = {number: copy.deepcopy(told) for number, told in site.issues.items()
           if told["fields"]["project"]["key"] == key}  # fmt: skip
    for told in own.values():
        told["fields"]["status"] = renamed(told["fields"]["status"], names)
        for change in (i for h in told["changelog"]["histories"] for i in h["items"] if i["field"] == "status"):
            for side in ("fromString", "toString"):
                change[side] = names.get(change[side], change[side])
    fewer = copy.copy(site)
    fewer.issues, fewer.statuses = own, [renamed(status, names) for status in site.statuses]
    fewer.projects = [project for project in site.projects if project["key"] == key]
    return fewer


def renamed(status: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    name = names.get(status["name"], status["name"])
    return status | {"name": name, "untranslatedName": name}


@pytest.mark.parametrize(("key", "style", "flavour"), SITES)
def test_a_site_nobody_described_is_proposed_right(whole_company, tmp_path, key, style, flavour):
    path = tmp_path / "flow.toml"
    names = dict(STYLES[style])
    with serving(one_project(whole_company, key, names), flavour) as (_, access):
        ended = flow("init", "--config", path, "--yes", **access)
    assert ended.exit_code == 0, ended.error
    [truth] = [stream for stream in company_truth() if stream.project_key == key]
    workflow = infer_workflow(load_config(path).rules("UTC"), *tables(names))
    found = judged(workflow, truth, names)
    assert min(found.shares()) >= 0.9, found.shares()
    assert load_config(path).value_stream[0].assignment is truth.is_assignment_used
    config = load_config(path)
    assert truth.zone in {config.calendar.zone, *(s.calendar.zone for s in config.value_stream if s.calendar)}


def tables(names: dict[str, str]) -> tuple[pl.DataFrame, ...]:
    """The raw tables of half a year of the company under other names."""
    issues, changes, projects, resolutions = company().tables
    rows = [
        {"status_id": i, "status_name": names.get(name, name), "category": category, "is_listed": category is not None}
        for i, (name, category) in company().statuses.items()
    ]
    return issues, changes, frame(RawStatuses, rows), projects, resolutions


def proposed(names: dict[str, str]) -> Proposal:
    """What a whole reading of the company proposes."""
    return proposal_of(tables(names))


def proposal_of(read: Sequence[pl.DataFrame]) -> Proposal:
    """What these raw tables propose."""
    order = (RawIssues, RawChanges, RawStatuses, RawProjects, RawResolutions)
    found = dict(zip(order, read, strict=True))
    counts = {1: found[RawIssues].height}
    sample = SiteSample(None, found, counts, counts, {1: Counter({"Europe/Berlin": 9})})
    return propose(sample, "UTC", found[RawChanges]["changed_at"].max())


def test_a_status_only_histories_know_shares_the_line_of_its_namesake_on_the_site():
    """A name stands for all of that name: beside it, the id of one of them would be listed twice."""
    names = dict(STYLES["german"])
    found = [*tables(names)]
    gone = pl.col.status_id == 10101
    found[2] = found[2].with_columns(category=pl.when(~gone).then("category"), is_listed=pl.col.is_listed & ~gone)
    proposal = proposal_of(found)
    text = write_proposal(new_document(), proposal, {})
    written = infer_workflow(FlowConfig.model_validate(tomllib.loads(text)).rules("UTC"), *found)
    assert model(written, "work_kind", "stage_name").equals(model(proposal.workflow, "work_kind", "stage_name"))
    [backlog, *_] = tomllib.loads(text)["value_stream"][-1]["stage"]
    assert backlog["wait"].count("Zu erledigen") == 1


def model(workflow: Workflow, *columns: str) -> pl.DataFrame:
    return workflow.statuses.select("value_stream", "status_id", *columns).sort("value_stream", "status_id")


@pytest.mark.parametrize("style", ALL_STYLES)
def test_the_file_says_what_a_run_without_it_infers(style):
    """The same model gives the same numbers; where a stage's name comes twice in a walk, the file puts it together."""
    proposal = proposed(ALL_STYLES[style])
    text = write_proposal(new_document(), proposal, {})
    rules = FlowConfig.model_validate(tomllib.loads(text)).rules("UTC")
    written, inferred = infer_workflow(rules, *tables(ALL_STYLES[style])), proposal.workflow
    assert model(written, "work_kind", "stage_name").equals(model(inferred, "work_kind", "stage_name"))
    points = [[(s.commitment_order, s.is_assignment_used, s.delivery) for s in sorted(w.streams, key=lambda s: s.name)]
              for w in (written, inferred)]  # fmt: skip
    assert points[0] == points[1]
    if style != "english, service desk words":
        assert model(written, "status_order", "stage_order").equals(model(inferred, "status_order", "stage_order"))


def test_every_option_and_every_status_is_explained():
    text = write_proposal(new_document(), proposed({}), {})
    lines = text.splitlines()
    for name in ("jql", "zone", "hours", "reopen_horizon_days", "keep_versions", "commitment", "assignment"):
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} ="))
        assert lines[place - 1].startswith("# "), name
    assert '"Ready for Review", # ' in text
    assert "h: its name says so" in text
    assert "h: Jira's status category says so" in text


def test_a_file_that_is_there_is_left_alone_before_jira_is_asked(tmp_path):
    path = tmp_path / "flow.toml"
    path.write_text("# mine\n")
    with serving(small_site(), "cloud") as (sandbox, access):
        ended = flow("init", "--config", path, **access)
        assert not sandbox.requests
    assert ended.exit_code == 2
    assert "--force" in ended.error
    assert path.read_text() == "# mine\n"


def test_forced_it_keeps_comments_and_what_else_the_file_says(tmp_path):
    path = tmp_path / "flow.toml"
    path.write_text('# mine\n[jira]\njql = "id > 0"  # because\n\n[[value_stream]]\nname = "Old"\nprojects = ["ABC"]\n')
    with serving(small_site(), "cloud") as (_, access):
        ended = flow("init", "--config", path, "--force", **access)
    assert ended.exit_code == 0, ended.error
    text = path.read_text()
    assert text.startswith('# mine\n[jira]\njql = "id > 0"  # because\n')
    assert [stream.name for stream in load_config(path).value_stream] == ["Project ABC", "Project XYZ"]


def test_a_broken_file_is_told_even_when_forced(tmp_path):
    path = tmp_path / "flow.toml"
    path.write_text("[jira\n")
    ended = flow("init", "--config", path, "--force")
    assert ended.exit_code == 2
    assert "not valid TOML" in ended.error


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_only_so_many_issues_are_looked_at(tmp_path, flavour):
    with serving(small_site(), flavour) as (_, access):
        ended = flow("init", "--config", tmp_path / "f.toml", "--issues", "2", "--json", **access)
    told = json.loads(ended.output)
    assert (told["issues_read"], told["issues_listed"]) == (4, 6)
    assert "# assignment =" in (tmp_path / "f.toml").read_text()
    assert "4 of 6 issues" in (tmp_path / "f.toml").read_text()


def test_projects_may_be_named_and_go_into_the_file(tmp_path):
    with serving(small_site(), "cloud") as (_, access):
        assert flow("init", "--config", tmp_path / "f.toml", "--project", "ABC", **access).exit_code == 0
        wrong = flow("init", "--config", tmp_path / "g.toml", "--project", "ABD", **access)
    assert load_config(tmp_path / "f.toml").jira.projects == ("ABC",)
    assert wrong.exit_code == 2
    assert "Did you mean ABC?" in wrong.error
    assert not (tmp_path / "g.toml").exists()


@pytest.mark.parametrize(("variables", "word"), [({}, "JIRA_URL"), ({"JIRA_URL": "http://x"}, "credentials")])
def test_without_a_site_it_is_told_what_lacks(tmp_path, variables, word):
    ended = flow("init", "--config", tmp_path / "f.toml", **variables)
    assert ended.exit_code == 2
    assert word in ended.error
    assert list(tmp_path.iterdir()) == []


HOSTILE = "\x1b[31mRed\x07 [bold]] \" ' \\ = #"


def hostile_site() -> Site:
    """A status no longer listed, of a name that would move the terminal and break the file."""
    site = small_site()
    change = item("status", "1", "77", fromString="To Do", toString=HOSTILE)
    back = item("status", "77", "3", fromString=HOSTILE, toString="Doing")
    told = history(9, 1, change), history(10, 9, back), history(11, 12, moved("Doing", "Done"))
    site.issues[130] = issue(130, "ABC-11", *told, status="Done")
    return site


def test_a_hostile_name_disturbs_neither_file_nor_terminal(tmp_path):
    path = tmp_path / "f.toml"
    with serving(hostile_site(), "cloud") as (_, access):
        ended = flow("init", "--config", path, **access)
    assert ended.exit_code == 0, ended.error
    assert "\x1b" not in ended.output + path.read_text()
    assert "No rule covers '�[31mRed� [bold]]" in path.read_text()
    load_config(path)


def test_somebody_is_asked_only_what_nobody_can_see(tmp_path, monkeypatch):
    path = tmp_path / "f.toml"
    told = iter(["ABC", "nonsense", "blocked", "XX", "de"])
    asked: list[str] = []
    monkeypatch.setattr(init_command, "is_interactive", lambda: True)
    monkeypatch.setattr(init_command.typer, "prompt", lambda text, **_: asked.append(text) or next(told))
    with serving(hostile_site(), "cloud") as (_, access):
        ended = flow("init", "--config", path, **access)
    assert ended.exit_code == 0, ended.error
    assert [text.split()[0] for text in asked[:1]] == ["Which"]
    assert len(asked) == 5
    assert "\x1b" not in "".join(asked)
    config = load_config(path)
    assert config.calendar.country == "DE"
    assert [stage.blocked for stage in config.value_stream[0].stage if stage.blocked] == [("77",)]


def test_nobody_is_asked_without_a_terminal_or_in_ci(monkeypatch):
    assert not init_command.is_interactive()
    monkeypatch.setattr(init_command.sys, "stdin", type("Tty", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(init_command.sys, "stdout", type("Tty", (), {"isatty": lambda self: True})())
    monkeypatch.delenv("CI", raising=False)
    assert init_command.is_interactive()
    monkeypatch.setenv("CI", "true")
    assert not init_command.is_interactive()


def test_a_new_document_says_nothing_but_the_zone():
    said = FlowConfig.model_validate(tomllib.loads(tomlkit.dumps(new_document())))
    assert said.model_copy(update={"calendar": said.calendar.model_copy(update={"zone": None})}) == FlowConfig()
