import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.alerts import ADDRESS, AlertError, alert_on_failure, post_alert
from pipelines.config import FlowConfig
from pipelines.definitions import build_definitions


class Hook(HTTPServer):
    """A webhook on loopback that remembers what it was told."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.told: list[dict] = []
        self.address = f"http://127.0.0.1:{self.server_port}/services/T000/secret-part"


class _Listener(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def failed():
    @dg.op
    def pull():
        raise ValueError("no Jira")

    @dg.job
    def flow_job():
        pull()

    with dg.DagsterInstance.ephemeral() as instance:
        result = flow_job.execute_in_process(instance=instance, raise_on_error=False)
        yield dg.build_run_status_sensor_context(
            sensor_name="alert_on_failure",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()


def test_a_failed_run_is_told_by_its_job_step_and_run_id(hook, failed, monkeypatch):
    monkeypatch.setenv(ADDRESS, hook.address)
    assert alert_on_failure(failed) is None
    [told] = hook.told
    assert told["text"].startswith("flow_job failed; the tables published earlier stay as they are.")
    assert "pull" in told["text"]
    assert failed.dagster_run.run_id in told["text"]


def test_of_several_sites_the_one_that_failed_is_named(hook, monkeypatch):
    monkeypatch.setenv(ADDRESS, hook.address)

    @dg.op
    def pull():
        raise ValueError("no Jira")

    @dg.job(name="flow_job", tags={PARTITION_NAME_TAG: "oslo"})
    def flow_job():
        pull()

    with dg.DagsterInstance.ephemeral() as instance:
        result = flow_job.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="alert_on_failure",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        alert_on_failure(context)
    assert hook.told[0]["text"].startswith("flow_job of site oslo failed; ")


def test_without_an_address_nobody_is_told_and_the_tick_says_why(failed, monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    assert ADDRESS in alert_on_failure(failed).skip_message


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_hook_that_refuses_is_an_error_without_its_address(hook, status):
    hook.status = status
    with pytest.raises(AlertError, match=f"answered {status}") as caught:
        post_alert(hook.address, "text")
    assert "secret-part" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_unreachable_hook_is_an_error_without_its_address():
    with pytest.raises(AlertError, match="ConnectionError") as caught:
        post_alert("http://127.0.0.1:9/services/secret-part", "text")
    assert "secret-part" not in str(caught.value)


def test_the_alert_watches_without_being_turned_on():
    sensor = build_definitions(FlowConfig()).resolve_sensor_def("alert_on_failure")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_published_tables_are_expected_every_day():
    graph = build_definitions(FlowConfig()).resolve_asset_graph()
    policy = graph.get(dg.AssetKey("published_warehouse")).freshness_policy
    assert policy.warn_window.to_timedelta() < policy.fail_window.to_timedelta()
