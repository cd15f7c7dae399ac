"""What can go wrong between us and a Jira site, each in one paragraph a reader can act on.

Texts name the site, what happened and what to do; never a token, never a chained traceback of the HTTP library. Which
faults are tried again is decided in ``retry``.
"""

from __future__ import annotations

from pathlib import Path


class JiraError(Exception):
    """Base of everything this package raises on purpose; ``str(error)`` is one paragraph for people."""

    may_pass = False
    """Whether the same may go well some minutes later, with nothing changed here."""


class MissingSettingError(JiraError):
    """An environment variable is absent or cannot be used as it is, or two of them contradict each other."""


class UnreachableError(JiraError):
    """No connection to the host: name, port, network, proxy or certificate."""


class LoginPageError(JiraError):
    """An HTML page or a redirect where JSON was expected: single sign-on, a proxy, or not a Jira address."""


class CredentialsError(JiraError):
    """The site does not accept the credentials, or answered as if nobody had logged in."""


class ForbiddenError(JiraError):
    """The account is known but may not do this."""


class NotFoundError(JiraError):
    """The address does not exist on this site, or is not visible to the account."""


class RefusedError(JiraError):
    """The site refused the request as such (400, 410, 413, other 4xx); trying again changes nothing."""


class NotAllowedError(RefusedError):
    """The site or a proxy does not allow this method here (405)."""


class OverloadedError(JiraError):
    """Still failing or rate limiting after the last try, or told to wait longer than a run may."""

    may_pass = True


class ComeBackLaterError(OverloadedError):
    """The site asks for a longer pause than a run sits out: run again later, it goes on where this one stopped."""

    may_pass = False


class TooHeavyError(OverloadedError):
    """A request that a smaller one may replace: no answer in time, too large, or a failure on every try."""


class AnswerError(JiraError):
    """An answer that is not JSON, or lacks what every answer of its kind has, after the last try."""

    may_pass = True


class PagingError(JiraError):
    """The pages contradict each other: going on would lose or repeat issues."""


class ScopeError(JiraError):
    """The configured scope names something the account cannot see, or nothing at all."""


class LandingError(JiraError):
    """A landed file is missing or is not what its name promises."""


class DamagedError(LandingError):
    """One landed file is: which one."""

    def __init__(self, path: Path, sha: str) -> None:
        super().__init__(
            f"The landed file {path} is missing or damaged. flow run sets it aside and lets the run after it read"
            " everything from Jira anew."
        )
        self.path, self.sha = path, sha
