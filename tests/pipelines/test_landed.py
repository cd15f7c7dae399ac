"""The facts of an extraction outlive the step that made them."""

from datetime import UTC, datetime

import pytest

from pipelines.jira import Extraction
from pipelines.landed import Landed, LandedStore

MONDAY = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)


def landed(**said):
    extraction = Extraction(
        run_id="r",
        server_time=MONDAY,
        as_of=MONDAY,
        flavour="dc",
        project_keys=("A",),
        reference_sha="s",
        issue_count=3,
        history_count=9,
        missing=[7, 8],
        request_count=5,
        warnings=["Füße"],
    )
    return Landed.of(extraction, "acme", "Asia/Kolkata", "https://acme.test")


def test_an_extraction_is_kept_with_its_site_and_zone():
    assert landed() == Landed(
        site_name="acme",
        time_zone="Asia/Kolkata",
        flavour="dc",
        as_of=MONDAY,
        issue_count=3,
        history_count=9,
        request_count=5,
        missing=(7, 8),
        warnings=("Füße",),
        site_url="https://acme.test",
    )


def test_it_is_read_back_as_it_was(tmp_path):
    store = LandedStore(tmp_path / "work" / "landed.json")
    store.keep(landed())
    assert store.newest() == landed()
    assert store.newest().as_of.tzinfo is not None


def test_the_newest_replaces_the_older(tmp_path):
    store = LandedStore(tmp_path / "landed.json")
    store.keep(landed())
    store.keep(Landed("b", "UTC", "cloud", MONDAY, 0, 0, 0))
    assert store.newest().site_name == "b"
    assert [path.name for path in tmp_path.iterdir()] == ["landed.json"]


def test_asking_before_the_first_extraction_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="materialise 'landed_batches' first"):
        LandedStore(tmp_path / "landed.json").newest()
