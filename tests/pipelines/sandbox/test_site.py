import gzip
import json
from datetime import UTC, datetime

import pytest

from pipelines.sandbox.instants import epoch_ms, jira_timestamp
from pipelines.sandbox.site import site_from_issues
from tests.pipelines.sandbox.sites import at, history, issue, moved, small_site


def test_issues_are_kept_whole_and_found_by_id():
    site = small_site()
    assert sorted(site.issues) == [101, 102, 105, 110, 120, 121]
    assert site.issues[101]["changelog"]["histories"][1]["id"] == "2"


def test_the_clock_stands_a_minute_after_the_newest_instant():
    assert jira_timestamp(small_site().now) == at(48 + 1 / 60)


def test_the_clock_can_be_given():
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert site_from_issues([issue(1, "ABC-1")], now=noon).now == noon


def test_a_site_without_issues_is_possible():
    site = site_from_issues([])
    assert site.issues == {}
    assert site.statuses == []


def test_files_plain_and_packed_and_dictionaries_merge_into_one_site(tmp_path):
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_text(json.dumps(issue(1, "ABC-1")) + "\n\n")
    packed.write_bytes(gzip.compress(json.dumps(issue(2, "XYZ-1")).encode()))
    site = site_from_issues([plain, str(packed), issue(3, "XYZ-2")])
    assert [found["key"] for found in site.issues.values()] == ["ABC-1", "XYZ-1", "XYZ-2"]
    assert [project["key"] for project in site.projects] == ["ABC", "XYZ"]


def test_one_path_alone_is_enough(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(issue(1, "ABC-1")))
    assert list(site_from_issues(path).issues) == [1]
    assert list(site_from_issues(str(path)).issues) == [1]


def test_an_issue_recorded_twice_counts_as_its_last_recording():
    later = issue(1, "ABC-1", history(1, 1, moved("To Do", "Done")), status="Done")
    assert site_from_issues([issue(1, "ABC-1"), later]).issues[1] is later


def test_two_issues_with_one_id_are_not_from_one_site():
    with pytest.raises(ValueError, match="issue id 1 is both ABC-1 and XYZ-1"):
        site_from_issues([issue(1, "ABC-1"), issue(1, "XYZ-1")])


def test_two_sites_do_not_share_their_user():
    one, other = small_site(), small_site()
    one.me["timeZone"] = "Asia/Tokyo"
    assert other.me["timeZone"] == "Etc/UTC"


def test_the_real_recordings_merge_into_one_site(shared_data):
    site = site_from_issues(sorted((shared_data / "real").glob("*.jsonl.gz")))
    assert len(site.issues) == 243
    assert {project["key"] for project in site.projects} == {"AEROGEAR", "EE", "DRILL", "SP"}
    newest = max(epoch_ms(h["created"]) for i in site.issues.values() for h in i["changelog"]["histories"])
    assert site.now.timestamp() * 1000 >= newest
