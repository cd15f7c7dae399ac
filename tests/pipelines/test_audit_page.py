"""The page of an audit: what is broken stands first, everything is escaped, nothing is asked of another host."""

import re
from datetime import UTC, datetime

import pytest

from pipelines.audit_page import About, render_audit
from pipelines.checks import Verdict

ABOUT = About("acme", "v7", datetime(2026, 3, 31, 16, tzinfo=UTC), 3, 0.0123, 0.5)

HOLDS = Verdict("issues", "key_unique", "issue_id is unique", "critical", is_passed=True)
CAVEAT = Verdict("statuses", "every_status_is_mapped", "every status is mapped", "warning", False, 40, [{"id": "7"}])
BROKEN = Verdict("issues", "nothing_lost", "nothing is lost", "critical", False, 2, [{"id": "8"}, {"id": "9"}])

NASTY = '<script>alert("x")</script>\'"&{{ 7*7 }}'


def test_a_sound_audit_says_so_with_what_was_left_out():
    page = render_audit(ABOUT, [HOLDS])
    assert "These tables hold what they promise" in page
    assert "All of them hold." in page
    assert re.search(r"3\s*\(1\.23% of all issues", page)
    assert "50.00%" in page
    assert "31 March 2026, 16:00 UTC" in page


def test_caveats_are_shown_with_the_rows_they_speak_of():
    page = render_audit(ABOUT, [HOLDS, CAVEAT])
    assert "to be careful with: 1." in page
    assert "<h2>Caveats</h2>" in page
    assert "40 rows against every_status_is_mapped; the first 1:" in page
    assert "<td>7</td>" in page


def test_what_keeps_the_tables_from_being_published_stands_before_caveats():
    page = render_audit(ABOUT, [CAVEAT, HOLDS, BROKEN])
    assert "These tables were not published" in page
    assert page.index("nothing is lost") < page.index("<h2>Caveats</h2>")
    assert "issues: 2 rules, 1 broken" in page


def test_whatever_comes_from_jira_is_escaped():
    nasty = Verdict("t", "e", NASTY, "critical", False, 1, [{NASTY: NASTY}])
    page = render_audit(About(NASTY, "v", ABOUT.as_of, 0, 0.0, 0.0), [nasty])
    assert "<script" not in page
    assert "49" not in page
    assert page.count("&lt;script&gt;") >= 5


@pytest.mark.parametrize("verdicts", [[HOLDS], [HOLDS, CAVEAT, BROKEN]])
def test_the_page_asks_nothing_of_anybody(verdicts):
    page = render_audit(ABOUT, verdicts)
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href|action|url)\s*[=(]|@import|https?:", page.replace("default-src 'none'", ""))
