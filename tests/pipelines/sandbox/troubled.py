"""A sandbox with a fault script, and short ways to ask it over HTTP."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import FaultScript
from pipelines.sandbox.server import Sandbox, start
from pipelines.sandbox.site import Site
from tests.pipelines.sandbox.sites import small_site

CREDENTIALS = ("sandbox@example.com", "sandbox-token")
BEARER = {"Authorization": "Bearer sandbox-token"}
SEEK = "id > 0 ORDER BY id"


@dataclass
class Client:
    """Asks one sandbox by the names of its routes."""

    sandbox: Sandbox
    flavour: str
    session: requests.Session

    def url(self, route: str) -> str:
        if route.startswith("board"):
            return f"{self.sandbox.url}/rest/agile/1.0/{route}"
        return f"{self.sandbox.url}/rest/api/{'3' if self.flavour == 'cloud' else '2'}/{route}"

    def get(self, route: str, timeout: float = 5, **query) -> requests.Response:
        return self.session.get(self.url(route), params=query, timeout=timeout, allow_redirects=False)

    def post(self, route: str, timeout: float = 5, **body) -> requests.Response:
        return self.session.post(self.url(route), json=body, timeout=timeout)

    def search(self, jql: str = SEEK, **body) -> dict:
        """A page of a search that is good."""
        route = "search/jql" if self.flavour == "cloud" else "search"
        answer = self.post(route, jql=jql, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, jql: str = SEEK, **body) -> list[int]:
        return [int(issue["id"]) for issue in self.search(jql, **body)["issues"]]

    def issues(self, *ids: int, fields: Sequence[str] = ("status",), **body) -> requests.Response:
        return self.post("issue/bulkfetch", issueIdsOrKeys=[str(one) for one in ids], fields=list(fields), **body)

    def changelogs(self, *ids: int, **body) -> requests.Response:
        return self.post("changelog/bulkfetch", issueIdsOrKeys=[str(one) for one in ids], **body)

    @property
    def fired(self) -> list[str]:
        """Kinds that have struck, in order."""
        return [fired.kind for fired in self.sandbox.fired]


@contextmanager
def troubled(
    *faults, flavour: str = "cloud", site: Site | None = None, caps: PageCaps | None = None, **script
) -> Iterator[Client]:
    """A client of a sandbox with these faults."""
    made = FaultScript.of(*faults, **script)
    with start(site or small_site(), flavour, faults=made, page_caps=caps) as sandbox, requests.Session() as session:
        session.trust_env = False
        if flavour == "cloud":
            session.auth = CREDENTIALS
        else:
            session.headers.update(BEARER)
        yield Client(sandbox, flavour, session)
