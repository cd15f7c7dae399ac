"""A finding, and how a check that raises becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Finding:
    """What one check found. ``fix`` is empty where nothing is to be done."""

    check: str
    state: State
    says: str
    fix: str = ""


def skipped(check: str, because: str) -> Finding:
    """A check that could not be made because another one failed."""
    return Finding(check, "skipped", f"Not looked at: {because}.")


def caught(check: str, look: Callable[[], Finding], *errors: type[Exception]) -> Finding:
    """What ``look`` finds; one of ``errors`` is a failure whose message says what to do."""
    try:
        return look()
    except errors as error:
        return failed(check, error)


def failed(check: str, error: Exception) -> Finding:
    """An error written for people: its first sentence is what is wrong, the rest what to do."""
    text = " ".join(str(error).split())
    says, _, fix = text.partition(". ")
    return Finding(check, "fail", says if says.endswith(".") else f"{says}.", fix)
