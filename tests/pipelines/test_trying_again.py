"""What Dagster tries again by itself: what may pass; and never where somebody waits, or nothing would change."""

from types import SimpleNamespace

import dagster as dg
import pytest

from pipelines.assets.raw import landed_batches
from pipelines.config import FlowConfig
from pipelines.config_errors import ConfigError
from pipelines.jira import Connection
from pipelines.jira.errors import (
    ComeBackLaterError,
    CredentialsError,
    JiraError,
    MissingSettingError,
    ScopeError,
    UnreachableError,
)
from pipelines.landed import LandedStore
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.refusals import Status, TooManyRequests
from pipelines.sandbox.server import start
from pipelines.settings import RunSettings, environment_connection
from tests.pipelines.jira.sites import connection_to
from tests.pipelines.sandbox.sites import small_site
from transforms.walk import WorkflowError

read_site = landed_batches.op.compute_fn.decorated_fn
"""The asset's function, without Dagster around it."""

NOWHERE = Connection("http://127.0.0.1:9", None, "t0ps3cret")


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """What the reading of a site raises, at the second try."""
    monkeypatch.setattr("pipelines.jira.retry.RetryPolicy.delay", lambda *_: 0.0)
    landed = LandedStore(tmp_path / "landed.json")

    def read(connection, config=None, **settings):
        usual = {"find_connection": lambda: connection}
        told = RunSettings(config or FlowConfig(), tmp_path, **(usual | settings))
        with pytest.raises((dg.Failure, dg.RetryRequested, JiraError)) as caught:
            read_site(context=SimpleNamespace(retry_number=1), settings=told, landed=landed)
        return caught.value

    return read


def is_final(raised, kind):
    """Whether Dagster is told to leave it, with the reason in words for people."""
    assert isinstance(raised.__cause__, kind)
    assert isinstance(raised, dg.Failure)
    assert raised.description == str(raised.__cause__)
    return not raised.allow_retries


def test_a_host_that_cannot_be_reached_is_tried_again_after_minutes(failing):
    asked = failing(NOWHERE)
    assert isinstance(asked, dg.RetryRequested)
    assert (asked.max_retries, asked.seconds_to_wait) == (3, 600)
    assert "cannot be reached" in str(asked.__cause__)
    assert "t0ps3cret" not in f"{asked} {asked.__cause__}"


def test_where_somebody_waits_nothing_is_tried_again(failing):
    assert isinstance(failing(NOWHERE, is_attended=True), UnreachableError)


@pytest.mark.parametrize("status", [503, 429])
def test_a_site_that_is_down_or_limits_us_is_tried_again(failing, status):
    with start(small_site(), "dc", faults=FaultScript.of(Status(status).on("myself", times=99))) as sandbox:
        assert isinstance(failing(connection_to(sandbox, "dc")), dg.RetryRequested)


def test_a_long_pause_is_left_to_the_next_run(failing):
    busy = FaultScript.of(TooManyRequests(retry_after=5000).on("myself", times=99))
    with start(small_site(), "dc", faults=busy) as sandbox:
        assert is_final(failing(connection_to(sandbox, "dc")), ComeBackLaterError)


def test_credentials_and_scope_are_not_tried_again(failing):
    nowhere = FlowConfig.model_validate({"jira": {"projects": ["NOWHERE"]}})
    with start(small_site(), "cloud") as sandbox:
        assert is_final(failing(connection_to(sandbox, "cloud", token="another")), CredentialsError)
        assert is_final(failing(connection_to(sandbox, "cloud"), nowhere), ScopeError)


def test_names_in_flow_toml_that_the_site_does_not_have_are_not_tried_again(failing):
    unknown = FlowConfig.model_validate({"value_stream": [{"name": "A", "projects": ["NOWHERE"]}]})
    with start(small_site(), "cloud") as sandbox:
        assert is_final(failing(connection_to(sandbox, "cloud"), unknown), WorkflowError)


def test_a_variable_that_is_not_set_is_not_tried_again(failing, monkeypatch):
    monkeypatch.delenv("JIRA_URL", raising=False)
    assert is_final(failing(None, find_connection=environment_connection), MissingSettingError)


def test_nothing_read_yet_is_not_tried_again(failing):
    assert is_final(failing(NOWHERE, is_offline=True), ConfigError)
