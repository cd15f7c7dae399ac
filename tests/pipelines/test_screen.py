"""Progress: plain lines for machines, one moving line for people."""

import io

from rich.console import Console

from pipelines.screen import Screen


def shown(*, is_terminal):
    stream = io.StringIO()
    with Screen(Console(file=stream, force_terminal=is_terminal, width=100)) as screen:
        screen.say("Reading [site] http://x")
        screen.count(1000, 4000)
        screen.say("issues: 4,240 rows")
    return stream.getvalue()


def test_without_a_terminal_every_step_is_a_plain_line_and_counts_are_left_out():
    assert shown(is_terminal=False) == "Reading [site] http://x\nissues: 4,240 rows\n"


def test_a_long_line_is_not_broken_without_a_terminal():
    stream = io.StringIO()
    with Screen(Console(file=stream, force_terminal=False, width=20)) as screen:
        screen.say("word " * 30)
    assert stream.getvalue().count("\n") == 1


def test_on_a_terminal_one_line_moves_and_is_gone_at_the_end():
    text = shown(is_terminal=True)
    assert "issues: 4,240 rows" in text
    assert text.rstrip().endswith("\x1b[2K") or "\x1b[2K" in text[-40:]
