"""A session with one Jira site: address, credentials, flavour, the server's clock, and typed answers.

The ``jira`` package gives session and authentication; its paging helpers, retries and Resource objects are not used
(they lose pages and memory). What is asked, and in which order, belongs to ``cloud``, ``datacenter`` and ``reference``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from jira import JIRA, JIRAError  # noqa: TID251
from requests.adapters import HTTPAdapter

from pipelines.jira import faults
from pipelines.jira.addresses import is_site_address
from pipelines.jira.errors import CredentialsError, MissingSettingError, RefusedError
from pipelines.jira.rate_limits import read_http_date
from pipelines.jira.retry import Gate

T = TypeVar("T")

Flavour = Literal["cloud", "dc"]

TIMEOUT_SECONDS = (10, 120)
"""Connect, read."""

POOL_SIZE = 8
"""Connections kept open: one for each worker."""

_NUMBER = re.compile(r"\d+(?=/|$)")
"""Ids in a path: requests that differ in these only share an endpoint."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Connection:
    """Where the site is and who we are there. With an e-mail address the token is an API token, else a bearer."""

    url: str
    email: str | None
    token: str = field(repr=False)
    origin: faults.Origin = faults.JIRA_VARIABLES

    def __post_init__(self) -> None:
        """Raise MissingSettingError, without the address in it, where it holds more or less than an address."""
        if not is_site_address(self.url):
            raise MissingSettingError(
                f"{self.origin.url} is not the address of a Jira site. Write https:// and the host, with the context"
                " path if the site has one, for example https://yourcompany.atlassian.net, and nothing else: no user or"
                f" password before the host, no ? or # after it. Credentials go into {self.origin.login}."
            )


class ServerInfo(msgspec.Struct, rename="camel"):
    """What ``serverInfo`` tells anybody."""

    deployment_type: str = "Server"
    version: str = ""
    server_time: str | None = None
    base_url: str = ""


class Myself(msgspec.Struct, rename="camel"):
    """Of the account only its time zone is kept."""

    time_zone: str | None = None


class FlowJira(JIRA):
    """The ``jira`` package's client, reduced to one generic call."""

    def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> requests.Response:
        """One request, no retry, redirects not followed. Raises JIRAError and requests' own errors."""
        return self._session.request(
            method,
            self.server_url.rstrip("/") + path,
            params=params,
            data=None if body is None else msgspec.json.encode(body),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            allow_redirects=False,
        )

    def prepare(self, host: str | None) -> None:
        """Room for all workers; a site on this machine is never asked through a proxy."""
        self._session.mount("http://", HTTPAdapter(pool_maxsize=POOL_SIZE))
        self._session.mount("https://", HTTPAdapter(pool_maxsize=POOL_SIZE))
        self._session.trust_env = host not in LOOPBACK


class JiraSession:
    """An authenticated session. ``read`` is the only way to the site; it is safe to call from several threads."""

    def __init__(self, connection: Connection, gate: Gate | None = None) -> None:
        """Prepare, without asking the site anything; ``connect`` asks."""
        self.connection = connection
        self.gate = gate or Gate()
        self.flavour: Flavour = "dc"
        self.server_version = ""
        self.time_zone = ""
        """The account's, by which the site reads quoted dates; empty where it is not told."""
        self.site_url = ""
        """The site's address in a browser, as the site tells it."""
        self.server_time = datetime.fromtimestamp(0, UTC)
        """The site's clock when the session began."""
        self.compares_ids: bool | None = None
        """Whether ``id > N`` compares ids on this site; None before anybody asked (``key_sweep``)."""
        self._client = _make_client(connection)

    @property
    def api(self) -> str:
        """Root of the REST routes of this flavour."""
        return "/rest/api/3" if self.flavour == "cloud" else "/rest/api/2"

    def read(
        self,
        method: str,
        path: str,
        shape: type[T],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        is_divisible: bool = False,
    ) -> T:
        """Ask, with retries, and decode the answer as ``shape``; raises a JiraError that says what to do.

        A divisible request ends in TooHeavyError as soon as a smaller one might do better.
        """
        return self.read_with_headers(method, path, shape, params, body, is_divisible=is_divisible)[0]

    def read_with_headers(
        self,
        method: str,
        path: str,
        shape: type[T],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        *,
        is_divisible: bool = False,
    ) -> tuple[T, Mapping[str, str]]:
        """Like ``read``, with the answer's headers."""
        endpoint = f"{method} {_NUMBER.sub('#', path)}"
        return self.gate.run(
            lambda: self._attempt(method, path, shape, params, body, endpoint), endpoint, is_divisible=is_divisible
        )

    def _attempt(
        self, method: str, path: str, shape: type[T], params: Mapping[str, Any] | None, body: Any, endpoint: str
    ) -> tuple[T, Mapping[str, str]]:
        place = faults.Place(self.connection.url, method, path, self.connection.token, self.connection.origin)
        try:
            response = self._client.call(method, path, params, body)
        except JIRAError as error:
            raise faults.from_status(place, error.status_code, error.response) from None
        except requests.RequestException as error:
            raise faults.from_network(place, error) from None
        self.gate.note_headers(response.headers, endpoint)
        faults.check_is_json(place, response)
        if response.headers.get("X-AUSERNAME", "").casefold() == "anonymous":
            _check_logged_in(self.connection, response.headers)
        try:
            return msgspec.json.decode(response.content, type=shape), response.headers
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise faults.from_decoding(place, error) from None


def connect(connection: Connection, gate: Gate | None = None) -> JiraSession:
    """Detect the flavour, prove the credentials, read the server's clock. Raises JiraError."""
    session = JiraSession(connection, gate)
    info, headers = session.read_with_headers("GET", "/rest/api/2/serverInfo", ServerInfo)
    session.flavour = "cloud" if info.deployment_type.casefold() == "cloud" else "dc"
    session.server_version = info.version
    session.site_url = info.base_url
    session.server_time = _server_time(info, headers)
    myself, headers = session.read_with_headers("GET", f"{session.api}/myself", Myself)
    _check_logged_in(connection, headers)
    session.time_zone = myself.time_zone or ""
    return session


def connection_from_environment(environment: Mapping[str, str]) -> Connection:
    """JIRA_URL with JIRA_EMAIL + JIRA_API_TOKEN, or with JIRA_TOKEN.

    Raises MissingSettingError naming the variable that lacks or cannot be used.
    """
    url, email, api_token, token = (
        environment.get(name, "").strip() for name in ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN", "JIRA_TOKEN")
    )
    if not url:
        raise MissingSettingError(
            "JIRA_URL is not set, so there is no Jira site to read. Set it to the site's address, for example"
            " https://yourcompany.atlassian.net, or try the product without an account: flow run --sandbox."
        )
    if token and api_token:
        raise MissingSettingError(
            "Both JIRA_TOKEN and JIRA_API_TOKEN are set. Keep JIRA_EMAIL with JIRA_API_TOKEN for Jira Cloud, or"
            " JIRA_TOKEN alone for a Data Center personal access token or an OAuth 2.0 bearer token."
        )
    for name, value in (("JIRA_EMAIL", email), ("JIRA_API_TOKEN", api_token), ("JIRA_TOKEN", token)):
        _check_can_be_sent(name, value)
    if token:
        return Connection(url, None, token)
    if not email and not api_token:
        raise MissingSettingError(
            "No credentials for the Jira site: set JIRA_EMAIL and JIRA_API_TOKEN (Jira Cloud), or JIRA_TOKEN (a Data"
            " Center personal access token or an OAuth 2.0 bearer token)."
        )
    for name, value in (("JIRA_EMAIL", email), ("JIRA_API_TOKEN", api_token)):
        if not value:
            raise MissingSettingError(f"{name} is not set. Jira Cloud asks for JIRA_EMAIL and JIRA_API_TOKEN together.")
    return Connection(url, email, api_token)


def connection_from_variables(
    environment: Mapping[str, str], url: str, token_name: str, email_name: str = ""
) -> Connection:
    """Credentials from variables of these names; raises MissingSettingError naming one that cannot serve."""
    names = [name for name in (email_name, token_name) if name]
    for name in names:
        if not environment.get(name, "").strip():
            raise MissingSettingError(
                f"{name} is not set, and flow.toml names it as the variable that holds credentials for"
                f" {faults.shown_url(url)}. Set it, or correct the name."
            )
        _check_can_be_sent(name, environment[name])
    origin = faults.Origin(f"'url' of {faults.shown_url(url)} in flow.toml", " with ".join(names), token_name)
    email = environment[email_name].strip() if email_name else None
    return Connection(url, email, environment[token_name].strip(), origin)


def _check_can_be_sent(name: str, value: str) -> None:
    """An HTTP header holds Latin-1 only. Raises MissingSettingError without the value in it."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise MissingSettingError(
            f"{name} holds a character that no login can hold, such as a typographic dash or quotation mark that came"
            " along when it was copied. Copy it anew from where it was created."
        ) from None


def _make_client(connection: Connection) -> FlowJira:
    login: dict[str, Any] = {"token_auth": connection.token}
    if connection.email:
        login = {"basic_auth": (connection.email, connection.token)}
    client = FlowJira(
        connection.url, **login, get_server_info=False, max_retries=0, timeout=TIMEOUT_SECONDS, logging=False
    )
    client.prepare(urlsplit(connection.url).hostname)
    return client


def _server_time(info: ServerInfo, headers: Mapping[str, str]) -> datetime:
    """The site's own clock; the time this machine believes in is never used."""
    try:
        told: datetime | None = datetime.fromisoformat(info.server_time or "")
    except ValueError:
        told = read_http_date(headers.get("Date", ""))
    if told is None or told.tzinfo is None:
        raise RefusedError(
            "The site tells no time with a zone, neither in serverInfo nor in the Date header, so a run cannot say as"
            " of when its figures hold. A proxy that strips the Date header is the usual cause."
        )
    return told.astimezone(UTC)


def _check_logged_in(connection: Connection, headers: Mapping[str, str]) -> None:
    """Data Center may answer a wrong token as it would anybody: 200, anonymous, and every search empty."""
    refused = "AUTHENTICATED_FAILED" in headers.get("X-Seraph-LoginReason", "")
    if refused or headers.get("X-AUSERNAME", "").casefold() == "anonymous":
        raise CredentialsError(
            f"{faults.shown_url(connection.url)} answers, but as if nobody had logged in: the token is wrong, expired"
            f" or revoked. Create a new personal access token in your Jira profile and set {connection.origin.token}."
        )
