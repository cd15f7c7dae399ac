"""``flow sandbox`` and ``flow run --sandbox``: choose a site, serve it, say how to talk to it or talk to it.

What it answers belongs to ``pipelines.sandbox``.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.config import FlowConfig
from pipelines.config_streams import ValueStreamSection
from pipelines.jira import Connection
from pipelines.run import run_flow
from pipelines.sandbox.company import simulate_company
from pipelines.sandbox.company.calendars import company_streams
from pipelines.sandbox.faults.files import read_faults
from pipelines.sandbox.server import DEFAULT_EMAIL, DEFAULT_TOKEN, Flavour, start
from pipelines.sandbox.site import Site, site_from_issues
from pipelines.settings import RunSettings
from transforms.wording import counted


class SandboxError(Exception):
    """Recorded issues cannot be read, or the port is taken. The message is one paragraph."""


def serve(
    flavour: Flavour, issues: Sequence[Path], port: int, say: Callable[[str], None], faults: Path | None = None
) -> None:
    """Serve until interrupted, with the faults of a file if one is given.

    Raises SandboxError when it cannot begin, FaultScriptError where the file is no script or does not fit the site.
    """
    script = read_faults(faults) if faults else None
    site = choose_site(issues)
    try:
        sandbox = start(site, flavour, port, faults=script)
    except OSError as error:
        raise SandboxError(f"Port {port} cannot be used: {error.strerror}. Name another one with --port.") from None
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)  # otherwise a shell's background jobs ignore SIGINT
    try:
        with sandbox:
            say("\n".join(how_to_talk(sandbox.url, flavour, len(site.issues))))
            if script:
                say(f"On the way: {counted(len(script.faults), 'fault')} of {faults}.")
            sandbox.join()
    except KeyboardInterrupt:
        say(f"Stopped. Faults that struck: {len(sandbox.fired)}." if script else "Stopped.")


def run_on_sandbox(settings: RunSettings, *, is_verbose: bool = False) -> None:
    """Run on a simulated company, pulled over HTTP from a Jira site on loopback exactly as from a real one.

    It lives in four time zones and says so; a real site that says nothing is measured in the zone of its account.
    """
    settings.report("Simulating a company")
    with start(choose_site(()), "cloud") as sandbox:
        connection = Connection(sandbox.url, DEFAULT_EMAIL, DEFAULT_TOKEN)
        config = with_company_calendars(settings.config.model_copy(update={"site": ()}))
        on_loopback = replace(settings, config=config, site_name="sandbox", find_connection=lambda: connection)
        run_flow(on_loopback, is_verbose=is_verbose)


def with_company_calendars(config: FlowConfig) -> FlowConfig:
    """The configuration with the company's own streams and calendars, unless it names value streams itself."""
    if config.value_stream:
        return config
    streams = tuple(ValueStreamSection.model_validate(stream) for stream in company_streams())
    return config.model_copy(update={"value_stream": streams})


def choose_site(issues: Sequence[Path]) -> Site:
    """The recorded issues of these files, or the simulated company."""
    if not issues:
        return simulate_company()
    try:
        return site_from_issues(issues)
    except OSError as error:
        raise SandboxError(
            f"{error.filename or 'The recorded issues'} cannot be read: {error.strerror or error}."
        ) from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        names = ", ".join(map(str, issues))
        raise SandboxError(
            f"{names} does not hold one REST-shaped issue a line ({type(error).__name__}: {error})."
        ) from None


def how_to_talk(url: str, flavour: Flavour, issue_count: int) -> list[str]:
    """Address and credentials, ready to paste."""
    names = (
        {"JIRA_EMAIL": DEFAULT_EMAIL, "JIRA_API_TOKEN": DEFAULT_TOKEN}
        if flavour == "cloud"
        else {"JIRA_TOKEN": DEFAULT_TOKEN}
    )
    kind = "Jira Cloud" if flavour == "cloud" else "Jira Data Center"
    return [
        f"{counted(issue_count, 'issue')} served as {kind} at {url} until you press Ctrl-C. To read from there,"
        " in another terminal:",
        f"  export JIRA_URL={url} " + " ".join(f"{name}={value}" for name, value in names.items()),
        "  flow run",
    ]
