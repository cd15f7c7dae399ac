"""The audit of dependencies fails on a known vulnerability, and says so when it could not look."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit"

CLEAN = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "private"}]}'
BAD = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}]}'


@pytest.fixture
def audited(tmp_path):
    """Run the script with something in place of pip-audit that writes this report and complains with an address."""

    def run(report):
        stand_in = tmp_path / "pip-audit"
        stand_in.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n"
            f"Path(sys.argv[sys.argv.index('--output') + 1]).write_text({report!r})\n"
            "print('https://advisories.example.org/ did not answer', file=sys.stderr)\nsys.exit(1)\n"
        )
        stand_in.chmod(0o700)
        environment = os.environ | {"PIP_AUDIT": str(stand_in)}
        return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.skipif(not (SCRIPT.parents[1] / ".venv").exists(), reason="the script runs in the project's own .venv")
@pytest.mark.parametrize(
    ("report", "code", "says"),
    [
        (CLEAN, 0, "2 dependencies audited, 0 known vulnerabilities."),
        (BAD, 1, "a 1: PYSEC-1; mended in 2"),
        ("", 0, "DEPENDENCIES WERE NOT AUDITED"),
    ],
)
def test_it_says_what_it_found_and_fails_only_on_a_vulnerability(audited, report, code, says):
    ended = audited(report)
    assert ended.returncode == code
    assert says in ended.stdout
    assert "example.org" not in ended.stdout + ended.stderr
