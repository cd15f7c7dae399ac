"""Secrets blotted out of a text, in every form in which they travel: what is shown, logged or quoted passes here.

Whose values are secret is said by who asks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

BLOT = "***"

_RUN = re.compile(r"(?:[\w+/-]|%2[BbFf]){8,}(?:=|%3[Dd]){0,2}", re.ASCII)
"""What may be base64, either alphabet, percent-encoded or not."""

_URL_ALPHABET = str.maketrans("-_", "+/")


def blotted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced: written out, percent-encoded, and inside of base64 as logins send it."""
    for secret in filter(None, secrets):
        text = text.replace(secret, BLOT).replace(quote(secret, safe=""), BLOT)
        text = _without_logins(text, secret.encode())
    return text


def _without_logins(text: str, secret: bytes) -> str:
    return _RUN.sub(lambda run: BLOT if _hides(run[0], secret) else run[0], text)


def _hides(run: str, secret: bytes) -> bool:
    """Whether base64 that begins at any of a run's first letters says the secret: letters may stand before it."""
    letters = unquote(run).translate(_URL_ALPHABET).rstrip("=")
    return any(secret in _decoded(letters[start:]) for start in range(4))


def _decoded(letters: str) -> bytes:
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))
