"""No name from Jira moves the cursor, changes colours or turns a line round."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.plain_text import plain_text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mRed\x1b[0m", "�[31mRed�[0m"), ("a\rb\nc\td", "a b c d"), ("\u202egnp.exe", "�gnp.exe"),
        ("\x9b2J", "�2J"), ("[red]In Review[/red]", "[red]In Review[/red]"), ("Prüfung ✅", "Prüfung ✅"),
        ("👩\u200d💻", "👩\u200d💻"), (None, ""), (7, "7"),
    ],
)  # fmt: skip
def test_what_moves_a_terminal_is_replaced_and_what_reads_stays(hostile, shown):
    assert plain_text(hostile) == shown


@given(st.text(max_size=30))
def test_no_control_character_gets_through(text):
    assert not [c for c in plain_text(text) if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")]
    assert len(plain_text(text)) == len(text)
