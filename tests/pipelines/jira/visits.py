"""One sandbox site that is read again and again, by an hour or more later each time."""

from datetime import timedelta

from pipelines.jira.extract import extract
from pipelines.jira.options import Options
from pipelines.jira.scope import Scope
from pipelines.jira.tables import build_raw_tables
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.jira.rest import history, issue, move
from tests.pipelines.jira.sites import session_with
from transforms.raw import RawTombstones

HOUR = timedelta(hours=1)
ALWAYS = Options(census=timedelta(0))


def the_site(count=30):
    other = {"id": "11", "key": "XYZ", "name": "Other"}
    issues = [issue(n, history(n, "2024-02-01T10:00:00.000+0000", move(1, 3))) for n in range(101, 101 + count)]
    site = site_from_issues([*issues, issue(900, project=other, key="XYZ-900")])
    site.statuses.append({"id": "1", "name": "Status 1", "statusCategory": {"key": "new"}})
    site.now += timedelta(days=30)
    return site


class Visits:
    """One sandbox, visited again and again; tells what each visit cost."""

    def __init__(self, sandbox, flavour, store, tmp_path, scope=None):
        self.sandbox, self.site, self._flavour, self._store = sandbox, sandbox.site, flavour, store
        self._folder, self._scope = tmp_path / "raw_tables", scope or Scope(("ABC",))

    def run(self, options=None, after=HOUR, **kwargs):
        self.site.now += after
        served = self.sandbox.issues_served
        done = extract(session_with(self.sandbox, self._flavour), self._scope, self._store, options=options, **kwargs)
        self.served = self.sandbox.issues_served - served
        return done

    def table(self, table):
        return build_raw_tables(self._store, self._folder).scan(table).collect()

    def gone(self):
        return dict(self.table(RawTombstones).select("issue_id", "reason").rows())
