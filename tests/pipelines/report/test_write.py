"""The report lies in its version's folder, is written whole, and is found through the published one."""

import pytest

from pipelines.report import write
from pipelines.report.published import ReportError
from tests.flow_command import flow
from tests.pipelines.report.told import version


def publish(data):
    version(data / "versions" / "v1", {})
    (data / "current").symlink_to("versions/v1")
    return data


def test_it_is_written_beside_the_tables_of_its_version(tmp_path):
    version(tmp_path, {})
    written = write.write_report(tmp_path)
    assert written.path == tmp_path / "report.html"
    assert written.size_bytes == len(written.path.read_bytes()) > 100_000
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_a_report_that_cannot_be_drawn_leaves_the_one_that_is_there(tmp_path, monkeypatch):
    version(tmp_path, {})
    (tmp_path / "report.html").write_text("yesterday's", encoding="utf-8")

    def fail(_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(write, "render", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        write.write_report(tmp_path)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "yesterday's"


def test_the_published_report_is_that_of_the_current_version(tmp_path):
    data = publish(tmp_path)
    with pytest.raises(ReportError, match="made without a report"):
        write.published_report(data)
    write.write_report(data / "versions" / "v1")
    assert write.published_report(data) == data / "versions" / "v1" / "report.html"


def test_before_the_first_run_there_is_no_report(tmp_path):
    with pytest.raises(ReportError, match="Nothing is published"):
        write.published_report(tmp_path)


def test_the_command_tells_where_the_report_lies(tmp_path):
    data = publish(tmp_path)
    path = write.write_report(data / "versions" / "v1").path
    ended = flow("report", "--data", data)
    assert ended.exit_code == 0, ended.error
    assert ended.output.strip() == str(path.resolve())


def test_the_command_draws_it_anew_into_another_file(tmp_path):
    data, target = publish(tmp_path), tmp_path / "mine.html"
    ended = flow("report", "--data", data, "--to", target)
    assert ended.exit_code == 0, ended.error
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (data / "versions" / "v1" / "report.html").exists()


def test_the_command_says_in_a_paragraph_what_is_missing(tmp_path):
    ended = flow("report", "--data", tmp_path)
    assert ended.exit_code == 1
    assert "Run `flow run` first" in ended.error
    assert "Traceback" not in ended.error
