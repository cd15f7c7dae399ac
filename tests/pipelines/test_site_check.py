"""Wrong names in flow.toml cost one paragraph, not a pull: not a single issue is asked for."""

from pathlib import Path

import pytest

from pipelines.sandbox.server import start
from tests.flow_command import FLAVOURS, access, flow
from tests.pipelines.sandbox.sites import small_site

STAGES = """
[[value_stream]]
name = "A"
{more}
[[value_stream.stage]]
name = "S"
wait = ["To Do"]
touch = ["{touch}"]
done = ["Done"]
"""


def run_with(sandbox, flavour, folder: Path, touch="Doing", more=""):
    config = folder / "flow.toml"
    config.write_text(STAGES.format(touch=touch, more=more))
    return flow("run", "--config", config, "--data", folder / "data", **access(sandbox.url, flavour))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    ("mistake", "word"),
    [
        ({"touch": "Dooing"}, "Dooing"),
        ({"more": 'projects = ["ABD"]'}, "ABD"),
        ({"more": 'issue_types = ["Stori"]'}, "Stori"),
    ],
)
def test_a_wrong_name_is_told_before_any_issue_is_read(tmp_path, flavour, mistake, word):
    with start(small_site(), flavour) as sandbox:
        ended = run_with(sandbox, flavour, tmp_path, **mistake)
        assert sandbox.issues_served == 0
    assert ended.exit_code == 2, ended.error
    assert word in ended.error
    assert len(ended.error.strip().splitlines()[-1]) > 60
    assert not (tmp_path / "data" / "current").exists()


def test_what_a_history_alone_could_know_is_told_and_then_judged_by_the_histories(tmp_path):
    with start(small_site(), "cloud") as sandbox:
        ended = run_with(sandbox, "cloud", tmp_path, touch="Pairing")
    assert ended.exit_code == 2
    assert "Note: flow.toml: value stream 'A' (stage 'S') names the status 'Pairing'" in ended.error
    assert "which this site does not have" in ended.error


def test_names_read_by_an_earlier_run_are_known_to_the_next(tmp_path):
    with start(small_site(), "cloud") as sandbox:
        assert run_with(sandbox, "cloud", tmp_path).exit_code == 0
        ended = run_with(sandbox, "cloud", tmp_path, touch="Pairing")
    assert ended.exit_code == 2
    assert "Note:" not in ended.error
