"""A store, and a sandbox of either flavour that is visited again and again."""

import pytest

from pipelines.jira.site_store import Store
from pipelines.sandbox.server import start
from tests.pipelines.jira.sites import FLAVOURS
from tests.pipelines.jira.visits import Visits, the_site


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data", "site", {"FLOW_PSEUDONYM_KEY": "a key for tests only"})


@pytest.fixture(params=FLAVOURS)
def visits(request, store, tmp_path):
    with start(the_site(), request.param) as sandbox:
        yield Visits(sandbox, request.param, store, tmp_path)
