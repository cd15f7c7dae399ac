"""How every command ends: what goes wrong becomes one paragraph on standard error, and an exit code of ``EXIT_CODES``.

No traceback unless asked for, never a token.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from pipelines.blotting import blotted
from pipelines.plain_text import plain_text

EXIT_CODES = {
    0: "It did what was asked. Of flow doctor: nothing fails.",
    1: (
        "Jira, the audit or this machine stands in the way; the published tables (of several sites, a failed one's"
        " rows) are as they were."
    ),
    2: "The command line, flow.toml or a variable is to be corrected; the paragraph says what and how.",
    75: "Jira asks for a long pause. What was read is kept: run again later, it goes on from there.",
    130: "Interrupted by Ctrl-C.",
}
"""What a script may rely on."""

SECRETS = ("FLOW_PSEUDONYM_KEY", "FLOW_ALERT_URL")
"""Variables whose values never reach the screen, besides all that end with TOKEN (pipelines.config_sites)."""

SHORTEST_SECRET = 6
"""A shorter value is no token, and would blot out parts of words."""


@contextmanager
def one_paragraph(*, is_verbose: bool = False, tell: Callable[[str, int], None] | None = None) -> Iterator[None]:
    """Turn whatever goes wrong inside into a paragraph on standard error and an exit code; ``tell`` hears both too."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if is_verbose or isinstance(error, typer.Exit):
            raise
        paragraph, code = explain(error)
        paragraph = plain_text(without_secrets(paragraph))
        typer.echo(f"flow: {paragraph}", err=True)
        if tell:
            tell(paragraph, code)
        raise typer.Exit(code) from None


def explain(error: BaseException) -> tuple[str, int]:
    """What to tell of a failure, and the exit code."""
    from pipelines.failures import KNOWN_ERRORS, TO_BE_CORRECTED, TO_BE_TRIED_LATER
    from pipelines.run import SitesError
    from pipelines.storage_errors import explain_storage

    text = " ".join(str(error).split())
    if isinstance(error, SitesError):
        codes = {explain(each)[1] for each in error.errors}
        return text, codes.pop() if len(codes) == 1 else 1
    for known, code in ((TO_BE_CORRECTED, 2), (TO_BE_TRIED_LATER, 75), (KNOWN_ERRORS, 1)):
        if isinstance(error, known):
            return text, code
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted. The published tables are as they were.", 130
    if told := explain_storage(error):
        return told, 1
    return (
        f"Something unforeseen went wrong ({type(error).__name__}: {text}). The published tables are as they were."
        " Please run it again with --verbose and report what it shows.",
        1,
    )


def without_secrets(text: str) -> str:
    """The text with the values of secret variables blotted out."""
    names = (*SECRETS, *(name for name in os.environ if name.endswith("TOKEN")))
    values = (os.environ.get(name, "").strip() for name in names)
    return blotted(text, (value for value in values if len(value) >= SHORTEST_SECRET))


def exit_code_table() -> str:
    """The exit codes as paragraphs, for the end of ``flow --help``."""
    return "\n\n".join(["Exit codes:", *(f"{code}: {meaning}" for code, meaning in EXIT_CODES.items())])
