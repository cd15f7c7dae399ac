"""Text from Jira made harmless for a terminal: names are hostile input, and a status may be called like an escape code.

Layout belongs to the commands; HTML escaping to the report.
"""

from __future__ import annotations

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories that move the cursor, turn the reading direction, or show nothing."""

_JOINER = "\N{ZERO WIDTH JOINER}"
"""Holds emoji together and moves nothing."""


def plain_text(value: object) -> str:
    """The value as one line without control characters, escape codes and direction marks; empty for None."""
    if value is None:
        return ""
    return "".join(_shown(character) for character in str(value))


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    return _REPLACEMENT if unicodedata.category(character) in _UNSEEN and character != _JOINER else character
