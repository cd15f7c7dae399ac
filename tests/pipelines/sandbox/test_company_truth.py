"""What the company says of itself is true: it never changes, its statuses mean what they should, the essay holds."""

import gc
import hashlib
import json
import os
import subprocess
import sys
from functools import lru_cache

import pytest

from pipelines.sandbox.company import company_truth, essay_stream, simulate_company
from pipelines.sandbox.company.build import NOW, SEED
from pipelines.sandbox.company.essay import EXPERIMENTS, EssayResult
from pipelines.sandbox.company.streams import ESSAY_CAPACITY, STREAMS, essay_stages
from tests.pipelines.sandbox.company_views import TRUTH

SHORT = 14
"""Weeks of a company small enough to be made several times."""


def digest(**arguments: object) -> str:
    """Digest of everything a site holds."""
    site = simulate_company(**{"weeks": SHORT, **arguments})
    return hashlib.sha256(json.dumps(vars(site), default=str).encode()).hexdigest()


def digest_elsewhere(hash_seed: str) -> str:
    """The same in a process of its own with another order of hashes and another local zone."""
    program = "from tests.pipelines.sandbox.test_company_truth import digest; print(digest())"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": "Pacific/Auckland"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_bytes_in_every_process():
    here = digest()
    assert here == digest()
    assert here == digest_elsewhere("1")
    assert here == digest_elsewhere("4242")


def test_another_seed_gives_another_company():
    assert digest(seed=SEED + 1) != digest()


def test_a_relief_gives_the_same_issues_with_another_fate():
    plain = simulate_company(weeks=SHORT)
    eased = simulate_company(weeks=SHORT, relief={"PAY": {"Review": 0.5}}, relief_weeks=8)

    def created(site, project):
        own = (issue["fields"] for issue in site.issues.values() if issue["fields"]["project"]["key"] == project)
        return sorted(f["created"] for f in own if f["issuetype"]["name"] == "Story")

    def done(site):
        return sum(
            issue["fields"]["status"]["name"] == "Done" and issue["key"].startswith("PAY")
            for issue in site.issues.values()
        )

    assert created(plain, "MOB") == created(eased, "MOB")
    assert done(eased) > done(plain) + 10


def test_a_shorter_company_ends_at_the_same_now():
    assert simulate_company(weeks=SHORT).now == NOW


def test_the_garbage_collector_is_left_as_it_was():
    gc.disable()
    simulate_company(weeks=4)
    assert not gc.isenabled()
    gc.enable()
    simulate_company(weeks=4)
    assert gc.isenabled()


def test_every_stream_has_a_truth_with_one_commitment_and_a_delivery():
    assert [truth.project_key for truth in company_truth()] == [spec.key for spec in STREAMS]
    for truth in company_truth():
        kinds = [status.kind for status in truth.statuses]
        assert kinds.count("done") == 1
        assert set(kinds) <= {"queue", "active", "blocked", "done", "discarded"}
        assert truth.status(truth.commitment_status_id).order == 1
        assert {status.stage for status in truth.statuses} >= set(truth.stages)


def test_truths_differ_where_the_streams_are_meant_to_differ():
    assert {key for key, truth in TRUTH.items() if not truth.has_queue_columns} == {"MOB", "LAB"}
    assert {key for key, truth in TRUTH.items() if not truth.is_assignment_used} == {"LAB"}
    assert len({truth.zone for truth in TRUTH.values()}) == 4
    assert {key: truth.constraint for key, truth in TRUTH.items()} == {
        "PAY": "Review", "MOB": "QA", "WEB": "Release", "PLAT": "Approval", "CORE": "engineers", "LAB": "Review",
    }  # fmt: skip
    assert TRUTH["CORE"].pool_stages == ("Development", "Review")


def test_a_status_the_stream_does_not_use_is_refused():
    with pytest.raises(KeyError):
        TRUTH["PAY"].status(10101)


def test_the_truth_about_deleted_statuses_is_kept():
    assert TRUTH["WEB"].status(10030).kind == "queue"
    assert TRUTH["CORE"].status(10031).kind == "active"


def test_the_essays_stream_has_the_capacities_of_the_essay():
    for stage, people in zip(essay_stages(), (4, 3, 3, 1, 1), strict=True):
        assert people * 40 / stage.hours == pytest.approx(ESSAY_CAPACITY[stage.name])


@lru_cache(maxsize=1)
def table() -> dict[str, EssayResult]:
    """The table of METHODS §3.4 with four replications."""
    return {name: essay_stream(relief, replications=4) for name, relief in EXPERIMENTS}


PUBLISHED = {
    "as is": (39.1, 52.5, 39.7, 118),
    "coding 40 % faster": (39.1, 72.9, 55.7, 240),
    "review 20 % faster": (48.0, 52.5, 23.5, 64),
    "review 40 % faster": (51.7, 52.5, 16.9, 42),
    "QA 40 % faster": (39.2, 52.5, 39.3, 117),
}
"""METHODS §3.4, by another program: finished and started a month, median cycle in working days, WIP at the end."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_essays_table_is_reproduced(name):
    finished, started, cycle, wip = PUBLISHED[name]
    result = table()[name]
    assert result.finished_per_month == pytest.approx(finished, rel=0.08)
    assert result.started_per_month == pytest.approx(started, rel=0.08)
    assert result.cycle_working_days_p50 == pytest.approx(cycle, rel=0.25)
    assert result.wip == pytest.approx(wip, abs=20)


def test_faster_coding_starts_more_and_delivers_nothing_more():
    plain, faster = table()["as is"], table()["coding 40 % faster"]
    assert faster.started_per_month / plain.started_per_month == pytest.approx(1.39, abs=0.06)
    assert faster.finished_per_month == pytest.approx(plain.finished_per_month, rel=0.01)
    assert faster.wip > 1.8 * plain.wip
    assert faster.cycle_working_days_p50 > 1.25 * plain.cycle_working_days_p50


def test_faster_review_delivers_more_and_sooner():
    plain, faster = table()["as is"], table()["review 20 % faster"]
    assert faster.finished_per_month > 1.12 * plain.finished_per_month
    assert faster.cycle_working_days_p50 < 0.8 * plain.cycle_working_days_p50
    assert faster.started_per_month == plain.started_per_month


def test_the_essay_is_deterministic():
    assert essay_stream({"Review": 0.8}, seed=5) == essay_stream({"Review": 0.8}, seed=5)
    assert essay_stream(seed=5) != essay_stream(seed=6)
