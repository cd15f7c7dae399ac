"""A site's life over many runs, some of which break off anywhere: a quiet run with a census knows all that is there.

Between runs issues come, change, move, go and come back, projects are archived and opened again, hours or weeks pass
and the scope may change. Runs end well, are refused in the middle, meet faults, or stop dead before any step on disk.

``FUZZ_EXAMPLES`` says how many lives are tried; ``make fuzz`` asks for thousands.
"""

import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.jira import landing, manifests
from pipelines.jira.errors import JiraError
from pipelines.jira.extract import extract
from pipelines.jira.ledger import Ledger
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.sandbox import changes
from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript, refusals
from pipelines.sandbox.server import start
from pipelines.sandbox.site import Site
from tests.pipelines.jira.fault_strategies import caps, schedules, sites
from tests.pipelines.jira.sites import session_with
from tests.pipelines.jira.test_faults_property import EVERY_CENSUS, extracted, store_in
from tests.pipelines.jira.truth import Truth, differences, site_truth

LIVES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
pytestmark = pytest.mark.timeout(0)

SCOPES = ((), (), (), ("ABC",))
PAUSES = (timedelta(0), timedelta(minutes=20), timedelta(hours=25), timedelta(days=8))
QUIET = FaultScript()


class PowerCutError(BaseException):
    """The process is gone: nothing of it can tidy up any more."""


@dataclass(frozen=True)
class Event:
    """Something people do to a site; ``choice`` picks the issue and the value."""

    kind: str
    choice: int

    def happen(self, site: Site) -> None:
        """Change the site, unless there is nothing left that it could happen to."""
        issues, archived = sorted(site.issues), sorted(site.archived_issues & site.issues.keys())
        among = archived if self.kind == "restore issue" else issues
        target = among[self.choice % len(among)] if among else None
        project = site.projects[self.choice % len(site.projects)]
        if self.kind in ON_PROJECTS:
            ON_PROJECTS[self.kind](site, project["key"])
        elif target is not None:
            ON_ISSUES[self.kind](site, target, self.choice)


def move_elsewhere(site: Site, issue: int, choice: int) -> None:
    here = site.issues[issue]["fields"]["project"]["key"]
    changes.move(site, issue, "XYZ" if here == "ABC" else "ABC", status=str(1 + choice % 4))


ON_ISSUES = {
    "delete": lambda site, issue, choice: changes.delete(site, issue),
    "move": move_elsewhere,
    "transition": lambda site, issue, choice: changes.transition(site, issue, str(1 + choice % 4)),
    "edit": lambda site, issue, choice: changes.edit(site, issue, summary="Edited"),
    "comment": lambda site, issue, choice: changes.comment(site, issue),
    "archive issue": lambda site, issue, choice: changes.archive_issue(site, issue),
    "restore issue": lambda site, issue, choice: changes.archive_issue(site, issue, is_archived=False),
}
ON_PROJECTS = {
    "create": changes.create,
    "archive project": changes.archive_project,
    "open project": lambda site, project: changes.archive_project(site, project, is_archived=False),
}
KINDS = [*ON_ISSUES, "create", "create", "transition", "delete", "restore issue", *ON_PROJECTS, "open project"]


@dataclass(frozen=True)
class Episode:
    """What happens to a site, the time that passes, and the run after it."""

    events: tuple[Event, ...]
    pause: timedelta
    options: Options
    scope: Scope
    script: FaultScript
    steps: int | None
    """Steps on disk before the power is cut; None for a run that may end."""

    def __repr__(self) -> str:
        happens = ", ".join(f"{event.kind} {event.choice}" for event in self.events) or "nothing"
        faults = "; ".join(f"{fault.effect} {fault.when}" for fault in self.script.faults)
        how = f"census every {self.options.census}, scope {self.scope.project_keys}, cut after {self.steps}"
        return f"\n  {happens}; {self.pause} later a run, {how}: {faults or 'quiet'}, seed {self.script.seed}"


@dataclass(frozen=True)
class Life:
    """A site and its episodes, the last of which is quiet."""

    site: Site
    flavour: str
    caps: PageCaps
    episodes: tuple[Episode, ...]

    def __repr__(self) -> str:
        return f"{self.flavour}, issues {sorted(self.site.issues)}, {self.caps}{''.join(map(repr, self.episodes))}"


def scripts(flavour: str) -> st.SearchStrategy[FaultScript]:
    """No trouble, a site that refuses everything after some requests, or a random schedule."""
    refused = st.builds(lambda n: FaultScript.of(refusals.Status(503).on(after=n)), st.integers(0, 30))
    return st.one_of(st.just(QUIET), refused, schedules(flavour, has_lag=False))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A small site in a random flavour, two to six episodes."""
    flavour = draw(st.sampled_from(["cloud", "dc"]))
    events = st.lists(st.builds(Event, st.sampled_from(KINDS), st.integers(0, 99)), max_size=3).map(tuple)
    scope = st.sampled_from(SCOPES).map(Scope)
    episode = st.builds(
        Episode, events, st.sampled_from(PAUSES), st.sampled_from([Options(), EVERY_CENSUS]), scope,
        scripts(flavour), st.one_of(st.none(), st.integers(0, 40)),
    )  # fmt: skip
    quiet = st.builds(Episode, events, st.sampled_from(PAUSES), st.just(EVERY_CENSUS), scope, st.just(QUIET), st.none())
    episodes = (*draw(st.lists(st.one_of(episode, quiet), min_size=1, max_size=5)), draw(quiet))
    return Life(draw(sites()), flavour, draw(caps()), episodes)


@contextmanager
def power_cut_after(steps: int | None):
    """Let so many steps on disk happen, and none after them, not even those that tidy up."""
    left = [steps]

    def counted(step):
        def taken(*args, **kwargs):
            if left[0] is not None:
                left[0] -= 1
                if left[0] < 0:
                    raise PowerCutError
            return step(*args, **kwargs)

        return taken

    with ExitStack() as patched:
        for owner, name in ((Ledger, "_connected"), (landing, "write_durably"), (manifests, "write_durably")):
            patched.enter_context(mock.patch.object(owner, name, counted(getattr(owner, name))))
        yield


def is_well(life: Life, episode: Episode, folder: str) -> bool:
    """Whether the run of an episode ended well. It is another process each time: nothing is remembered but on disk."""
    with start(life.site, life.flavour, faults=episode.script, page_caps=life.caps) as sandbox:
        try:
            with power_cut_after(episode.steps):
                extract(session_with(sandbox, life.flavour), episode.scope, store_in(folder), options=episode.options)
        except (JiraError, PowerCutError):
            return False
    return True


def wrong(life: Life, episode: Episode, folder: str) -> list[str]:
    """Differences from the truth; between items of one history only those of one field have an order that counts.

    Where histories are dense, Cloud is asked field by field, and gives the parts of a history in that order.
    """
    truth = site_truth(life.site, projects=episode.scope.project_keys)
    issues, changes_read = extracted(store_in(folder), folder)
    return differences(Truth(truth.issues, by_field(truth.changes)), issues, by_field(changes_read))


def by_field(changes: pl.DataFrame) -> pl.DataFrame:
    place = pl.int_range(pl.len(), dtype=pl.Int32).over("issue_id", "history_id", "field", order_by="item_index")
    return changes.with_columns(item_index=place)


def has_a_project(life: Life, episode: Episode) -> bool:
    keys = {project["key"] for project in life.site.projects if not project.get("archived")}
    return bool(keys) and keys >= set(episode.scope.project_keys)


@settings(max_examples=LIVES, deadline=None, suppress_health_check=list(HealthCheck))
@given(life=lives())
def test_a_quiet_run_after_any_life_of_a_site_knows_all_that_is_there(life: Life):
    with tempfile.TemporaryDirectory() as folder:
        for episode in life.episodes:
            for event in episode.events:
                event.happen(life.site)
            life.site.now += episode.pause
            is_quiet = episode.script is QUIET and episode.steps is None and has_a_project(life, episode)
            ended_well = is_well(life, episode, folder)
            assert ended_well or not is_quiet
            if is_quiet and episode.options == EVERY_CENSUS:
                assert wrong(life, episode, folder) == []
