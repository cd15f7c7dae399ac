"""From what the HTTP library saw to one paragraph that says what happened and what to do.

Also says which faults pass (``PassingFaultError``). Waiting and counting belong to ``retry``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
import requests

from pipelines.blotting import blotted
from pipelines.jira.errors import (
    AnswerError,
    CredentialsError,
    ForbiddenError,
    JiraError,
    LoginPageError,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    TooHeavyError,
    UnreachableError,
)
from pipelines.jira.rate_limits import concerns_endpoint, read_wait
from pipelines.jira.retry import RETRIED_STATUSES, PassingFaultError

LONGEST_QUOTE = 300
"""Characters of a site's own message that are repeated."""


@dataclass(frozen=True)
class Origin:
    """Where address and credentials were stated: what a reader is asked to correct."""

    url: str = "JIRA_URL"
    login: str = "JIRA_EMAIL with JIRA_API_TOKEN (Cloud), or JIRA_TOKEN (Data Center or OAuth)"
    token: str = "JIRA_TOKEN"


JIRA_VARIABLES = Origin()
"""Where flow.toml names no sites."""


@dataclass(frozen=True)
class Place:
    """Which request failed. The token is known only in order to blot it out of quoted messages."""

    url: str
    method: str
    path: str
    secret: str = field(repr=False)
    origin: Origin = JIRA_VARIABLES

    def __str__(self) -> str:
        return f"{shown_url(self.url)} ({self.method} {self.path})"

    def quote(self, text: str) -> str:
        """A site's own words, shortened, without the token."""
        return blotted(" ".join(text.split()), [self.secret])[:LONGEST_QUOTE]


class _Refusal(msgspec.Struct, rename="camel"):
    error_messages: list[str] = []
    errors: dict[str, str] = {}
    message: str = ""


def shown_url(url: str) -> str:
    """Scheme, host and path: without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/") if parts.scheme else parts.path


def from_status(place: Place, status: int | None, response: requests.Response | None) -> JiraError | PassingFaultError:
    """The error for an answer that is not 2xx."""
    status = status or 0
    quoted = place.quote(_site_message(response))
    said = f' It said: "{quoted}"' if quoted else ""
    if status in RETRIED_STATUSES and response is not None:
        return PassingFaultError(
            _overloaded(place, status, said),
            status,
            read_wait(response.headers),
            is_endpoint_only=status == 429 and concerns_endpoint(response.headers),
        )
    if status == 413:
        return TooHeavyError(f"{place} refuses an answer of that size (413).{said}")
    if status == 401:
        return CredentialsError(
            f"{place} refused the credentials (401). Check {place.origin.login}: tokens expire and can be"
            f" revoked.{said}"
        )
    if status == 403:
        return ForbiddenError(
            f"{place} knows the account but does not let it in (403). Ask an administrator for Browse Projects on the"
            f" projects to be read; after several failed logins log in once in the browser to solve the captcha.{said}"
        )
    if status == 404:
        return NotFoundError(
            f"{place} does not exist or is not visible to the account (404). Check {place.origin.url}: it is the"
            f" address of the start page, with its context path if the site has one (https://company.example/jira).{said}"
        )
    kind = NotAllowedError if status == 405 else RefusedError
    usual = f"A proxy that does not let {place.method} through" if status == 405 else "The scope's JQL in flow.toml"
    return kind(f"{place} refused the request ({status or 'no answer'}). {usual} is the usual cause.{said}")


def from_network(place: Place, error: requests.RequestException) -> JiraError | PassingFaultError:
    """The error for a request without an answer. Certificates and addresses do not mend themselves; the rest may."""
    if isinstance(error, requests.exceptions.SSLError):
        return UnreachableError(
            f"{place}: the secure connection failed, because the certificate is not trusted here or does not fit the"
            " host. If your company uses its own certificate authority, set REQUESTS_CA_BUNDLE to its certificate file."
        )
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        is_slow = isinstance(error, requests.exceptions.ReadTimeout)
        what = "did not answer in time" if isinstance(error, requests.exceptions.Timeout) else "cannot be reached"
        return PassingFaultError(
            UnreachableError(
                f"{place} {what}. Check {place.origin.url} for a typing error, the network and VPN, and the proxy"
                " (HTTPS_PROXY, NO_PROXY)."
            ),
            is_slow=is_slow,
        )
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return PassingFaultError(
            AnswerError(
                f"{place} broke off in the middle of its answer, again and again. Run again later; a proxy cutting"
                " long answers is the usual cause."
            )
        )
    return UnreachableError(
        f"{place}: the request could not be sent ({type(error).__name__}). Check {place.origin.url} and proxy."
    )


def check_is_json(place: Place, response: requests.Response) -> None:
    """Raise where a 2xx or 3xx answer is a redirect or a page for people rather than JSON."""
    if 300 <= response.status_code < 400:
        target = shown_url(response.headers.get("Location", "")) or "elsewhere"
        raise LoginPageError(
            f"{place} redirects to {target} instead of answering, as single sign-on does with callers it does not know."
            f" Set {place.origin.url} to the address redirected to if it is the same site, and use an API token (Cloud)"
            " or a personal access token (Data Center), which pass single sign-on."
        )
    if response.content.lstrip()[:1] not in (b"{", b"["):
        raise PassingFaultError(
            LoginPageError(
                f"{place} sent a page for people instead of JSON: a login page, a proxy's or a maintenance page, or"
                f" {place.origin.url} is not a Jira site. Open the address in a browser to see which, and check the"
                " token is one for the API."
            )
        )


def from_decoding(place: Place, error: Exception) -> PassingFaultError:
    """JSON that is cut off, or lacks what every answer of its kind has; the error names a path, never a value."""
    return PassingFaultError(
        AnswerError(
            f"{place} sent an answer that cannot be read ({error}), again and again. If it stays so, the site"
            " speaks another version of the API than this product knows."
        )
    )


def _overloaded(place: Place, status: int, said: str) -> OverloadedError:
    what = "limits how fast it may be asked" if status == 429 else "is failing or busy"
    return OverloadedError(
        f"{place} {what} ({status}), still after the last try. Nothing was published; run again later.{said}"
    )


def _site_message(response: requests.Response | None) -> str:
    """Jira's own error texts; an HTML page is not quoted."""
    if response is None:
        return ""
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return " ".join([*refusal.error_messages, *refusal.errors.values(), refusal.message]).strip()
