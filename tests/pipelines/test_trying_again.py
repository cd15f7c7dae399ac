"""What Dagster tries again by itself: what may pass; and never where somebody waits, or nothing would change."""

import dagster as dg
import pytest

from pipelines.assets.raw import landed_batches
from pipelines.config import FlowConfig
from pipelines.config_errors import ConfigError
from pipelines.jira import Connection
from pipelines.jira.errors import ComeBackLaterError, CredentialsError, MissingSettingError, ScopeError
from pipelines.landed import LandedStore
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.faults.refusals import Status, TooManyRequests
from pipelines.sandbox.server import start
from pipelines.settings import RunSettings
from tests.pipelines.jira.sites import connection_to
from tests.pipelines.sandbox.sites import small_site

read_site = landed_batches.op.compute_fn.decorated_fn
"""The asset's function, without Dagster around it."""

NOWHERE = Connection("http://127.0.0.1:9", None, "t0ps3cret")


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """How the reading of a site fails."""
    monkeypatch.setattr("pipelines.jira.retry.RetryPolicy.delay", lambda *_: 0.0)

    def read(connection, config=None, **settings):
        told = RunSettings(config or FlowConfig(), tmp_path, find_connection=lambda: connection, **settings)
        with pytest.raises(dg.Failure) as caught:
            read_site(settings=told, landed=LandedStore(tmp_path / "landed.json"))
        assert caught.value.description == str(caught.value.__cause__)
        return caught.value

    return read


def test_a_host_that_cannot_be_reached_is_tried_again(failing):
    failure = failing(NOWHERE)
    assert failure.allow_retries
    assert "cannot be reached" in failure.description
    assert "t0ps3cret" not in failure.description


def test_where_somebody_waits_nothing_is_tried_again(failing):
    assert not failing(NOWHERE, is_attended=True).allow_retries


@pytest.mark.parametrize("status", [503, 429])
def test_a_site_that_is_down_or_limits_us_is_tried_again(failing, status):
    with start(small_site(), "dc", faults=FaultScript.of(Status(status).on("myself", times=99))) as sandbox:
        assert failing(connection_to(sandbox, "dc")).allow_retries


def test_a_long_pause_is_left_to_the_next_run(failing):
    busy = FaultScript.of(TooManyRequests(retry_after=5000).on("myself", times=99))
    with start(small_site(), "dc", faults=busy) as sandbox:
        failure = failing(connection_to(sandbox, "dc"))
    assert isinstance(failure.__cause__, ComeBackLaterError)
    assert not failure.allow_retries


def test_credentials_and_scope_are_not_tried_again(failing):
    with start(small_site(), "cloud") as sandbox:
        refused = failing(connection_to(sandbox, "cloud", token="another"))
        unknown = failing(
            connection_to(sandbox, "cloud"), FlowConfig.model_validate({"jira": {"projects": ["NOWHERE"]}})
        )
    assert isinstance(refused.__cause__, CredentialsError)
    assert isinstance(unknown.__cause__, ScopeError)
    assert not refused.allow_retries
    assert not unknown.allow_retries


def test_a_variable_that_is_not_set_is_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.delenv("JIRA_URL", raising=False)
    with pytest.raises(dg.Failure) as caught:
        read_site(settings=RunSettings(FlowConfig(), tmp_path), landed=LandedStore(tmp_path / "landed.json"))
    assert isinstance(caught.value.__cause__, MissingSettingError)
    assert not caught.value.allow_retries


def test_nothing_read_yet_is_not_tried_again(failing):
    failure = failing(NOWHERE, is_offline=True)
    assert isinstance(failure.__cause__, ConfigError)
    assert not failure.allow_retries
