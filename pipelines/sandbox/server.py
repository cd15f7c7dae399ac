"""Starting and stopping a sandbox: a Jira site on loopback, served from a thread of this process.

What it answers is the flavours' part (``cloud``, ``datacenter``), what stands before that is ``gate``'s.
"""

import asyncio
import socket
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Literal, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipelines.sandbox.cloud import CLOUD_ROUTES
from pipelines.sandbox.datacenter import DC_ROUTES
from pipelines.sandbox.exchange import PageCaps, ServedSite
from pipelines.sandbox.faults.script import Course, FaultScript, Fired
from pipelines.sandbox.gate import Fault, Gate, basic
from pipelines.sandbox.index import CLOUD_RESOLUTION_MS, DC_RESOLUTION_MS
from pipelines.sandbox.site import Site

Flavour = Literal["cloud", "dc"]

HOST = "127.0.0.1"
DEFAULT_EMAIL = "sandbox@example.com"
DEFAULT_TOKEN = "sandbox-token"
START_TIMEOUT_S = 10.0


class LinkedProtocol(H11Protocol):
    """HTTP that hands requests their connection, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection. asyncio forgets to switch off Nagle's delay, which costs 40 ms an answer."""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.app_state = {"transport": transport}


class Sandbox:
    """A running sandbox. It stops at the end of its ``with`` block or by ``stop()``."""

    def __init__(self, gate: Gate, listener: socket.socket) -> None:
        self._gate = gate
        self._listener = listener
        self._server = uvicorn.Server(_server_config(gate))
        self._thread = threading.Thread(target=self._serve, name="jira-sandbox", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Serve until told to stop."""
        self._server.run(sockets=[self._listener])

    @property
    def url(self) -> str:
        """Address of the site, without a slash at the end."""
        return self._gate.served.url

    @property
    def requests(self) -> Counter[str]:
        """Requests so far by method and route, e.g. ``POST /rest/api/3/search/jql``."""
        return self._gate.requests

    @property
    def issues_served(self) -> int:
        """Issues in answers so far, counted as often as they were sent; changelog pages do not count."""
        return self._gate.served.issues_served

    @property
    def site(self) -> Site:
        """The site being served. What ``changes`` does to it is noticed; after other changes set it anew."""
        return self._gate.served.site

    @site.setter
    def site(self, site: Site) -> None:
        self._gate.served.site = site
        self._gate.served.index_anew()

    @property
    def fired(self) -> list[Fired]:
        """The faults that have struck, in order."""
        return self._gate.course.fired if self._gate.course else []

    def set_faults(self, faults: FaultScript | None) -> None:
        """Begin another script, or none; what was hidden or frozen is seen again. Raises FaultScriptError."""
        if faults:
            faults.check(self.site)
        served = self._gate.served
        served.hidden_projects.clear()
        served.hidden_issues.clear()
        served.is_index_frozen = False
        self._gate.course = Course(faults, self.site.now) if faults else None

    @property
    def served(self) -> ServedSite:
        """What stands between the site and the routes: index, hidden projects and issues."""
        return self._gate.served

    def wait_until_ready(self) -> None:
        """Wait until requests are answered. Raises RuntimeError if that does not happen within seconds."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the sandbox did not start at {self.url}")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving and free the port; a second time does nothing."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def join(self) -> None:
        """Wait until somebody else stops it."""
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    site: Site,
    flavour: Flavour,
    port: int = 0,
    *,
    email: str = DEFAULT_EMAIL,
    token: str = DEFAULT_TOKEN,
    page_caps: PageCaps | None = None,
    fault: Fault | None = None,
    faults: FaultScript | None = None,
) -> Sandbox:
    """Serve a site on loopback; port 0 takes any free one.

    Cloud asks for Basic credentials of ``email`` and ``token`` or, as with OAuth 2.0, for ``token`` as a bearer, which
    is all that Data Center takes. ``faults`` is a script, ``fault`` a single hook of one's own. Raises OSError where
    the port is taken, FaultScriptError where the script does not fit the site.
    """
    if faults:
        faults.check(site)
    listener = socket.create_server((HOST, port))
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    gate = _gate(site, flavour, url, email, token, page_caps or PageCaps())
    gate.fault, gate.course = fault, Course(faults, site.now) if faults else None
    sandbox = Sandbox(gate, listener)
    sandbox.wait_until_ready()
    return sandbox


def _gate(site: Site, flavour: Flavour, url: str, email: str, token: str, caps: PageCaps) -> Gate:
    """Put a flavour's routes behind its kind of credentials."""
    bearer = f"Bearer {token}"
    if flavour == "cloud":
        served, known = ServedSite(site, url, caps, CLOUD_RESOLUTION_MS), (basic(email, token), bearer)
        return Gate(served, CLOUD_ROUTES, known, ("x-aaccountid", site.me.get("accountId", "")))
    served = ServedSite(site, url, caps, DC_RESOLUTION_MS)
    return Gate(served, DC_ROUTES, (bearer,), ("x-ausername", site.me.get("name", "sandbox")))


def _server_config(gate: Gate) -> uvicorn.Config:
    """Serve plain HTTP in this process without touching its logging; only failures of the sandbox itself are logged."""
    return uvicorn.Config(
        gate,
        loop="asyncio",
        http=LinkedProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
