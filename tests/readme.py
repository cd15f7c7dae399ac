"""The README as the tests read it: its sections and the code blocks in them."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, section: str = "") -> list[str]:
    """Code blocks in a language, in order; of one ``## section`` where it is named."""
    text = README.read_text(encoding="utf-8")
    if section:
        [text] = [part for part in text.split("\n## ")[1:] if part.startswith(f"{section}\n")]
    return [code for name, code in _BLOCK.findall(text) if name == language]
