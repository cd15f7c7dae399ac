"""Who is told when a run that nobody watches fails: whatever chat or pager listens at FLOW_ALERT_URL.

What a failed run leaves behind, and what it says to who started it, belongs to ``pipelines.run``.
"""

from __future__ import annotations

import os

import dagster as dg
import requests
from dagster._core.storage.tags import PARTITION_NAME_TAG

ADDRESS = "FLOW_ALERT_URL"
"""Variable with the webhook's address, which is a secret: it is never shown."""

PATIENCE_SECONDS = 20


class AlertError(Exception):
    """An alert could not be delivered; Dagster tries again at its next look."""


@dg.run_failure_sensor(
    name="alert_on_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Posts what failed, as JSON with a text, to the address in {ADDRESS}; does nothing without it.",
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Tell that a run failed, once per run; raises AlertError when nobody took the alert."""
    address = os.environ.get(ADDRESS, "").strip()
    if not address:
        return dg.SkipReason(f"{ADDRESS} is not set, so nobody is told of failed runs.")
    run = context.dagster_run
    site = run.tags.get(PARTITION_NAME_TAG)
    name = f"{run.job_name} of site {site}" if site else run.job_name
    told = (f"{name} failed; the tables published earlier stay as they are.", context.failure_event.message)
    post_alert(address, " ".join(filter(None, (*told, f"Run {run.run_id}."))))
    return None


def post_alert(address: str, text: str) -> None:
    """Post ``text`` the way chat webhooks take it; raises AlertError without the address in it."""
    try:
        answer = requests.post(address, json={"text": text}, timeout=PATIENCE_SECONDS, allow_redirects=False)
        said = "" if answer.status_code < 300 else f"it answered {answer.status_code}"
    except requests.RequestException as error:
        said = type(error).__name__
    if said:
        raise AlertError(f"The alert could not be delivered to the address in {ADDRESS}: {said}.")
