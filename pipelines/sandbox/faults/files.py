"""Reading a fault script from a TOML or JSON file, and saying exactly what is wrong with one.

    seed = 7
    seconds_per_request = 1.0

    [[fault]]
    kind = "too_many_requests"
    route = "search/jql"
    nth = 2
    retry_after = "1.5"

Keys of ``When`` say what a fault strikes, all others belong to its kind; JSON has the same keys.
"""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipelines.sandbox.faults.catalogue import EFFECTS
from pipelines.sandbox.faults.script import FaultScript, FaultScriptError
from pipelines.sandbox.faults.when import Fault, When

Json = dict[str, Any]
Shape = TypeVar("Shape", bound=msgspec.Struct)

WHEN_KEYS = frozenset(When.__struct_fields__)
TOP_KEYS = frozenset({"seed", "seconds_per_request", "fault"})


def read_faults(path: Path) -> FaultScript:
    """Read a script; a name ending in .json is read as JSON, any other as TOML. Raises FaultScriptError."""
    try:
        text = path.read_text()
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise FaultScriptError(f"The fault file {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise FaultScriptError(f"The fault file {path} is not well formed: {error}.") from None
    return script_of(told, str(path))


def script_of(told: Any, name: str = "The fault script") -> FaultScript:
    """Make a script of what a file holds. Raises FaultScriptError naming the fault and the key."""
    if not isinstance(told, dict) or not isinstance(told.get("fault", []), list):
        raise FaultScriptError(f"{name} must hold [[fault]] tables.")
    _check_keys(told, TOP_KEYS, name)
    faults = tuple(_fault(one, f"{name}, fault {place}") for place, one in enumerate(told.get("fault", []), 1))
    try:
        return FaultScript(
            faults,
            msgspec.convert(told.get("seed", 0), int),
            msgspec.convert(told.get("seconds_per_request", 0.0), float),
        )
    except msgspec.ValidationError as error:
        raise FaultScriptError(f"{name}: seed and seconds_per_request are numbers ({error}).") from None


def _fault(told: Any, place: str) -> Fault:
    """One fault from its table."""
    if not isinstance(told, dict) or "kind" not in told:
        raise FaultScriptError(f"{place} has no kind. Known are: {', '.join(EFFECTS)}.")
    kind = told["kind"]
    if kind not in EFFECTS:
        raise FaultScriptError(f"{place}: unknown kind {kind!r}.{_guess(str(kind), EFFECTS)}")
    effect = EFFECTS[kind]
    _check_keys(told, {"kind", *WHEN_KEYS, *effect.__struct_fields__}, f"{place} ({kind})")
    when = {name: value for name, value in told.items() if name in WHEN_KEYS}
    rest = {name: value for name, value in told.items() if name not in {"kind", *WHEN_KEYS}}
    return Fault(_convert(rest, effect, f"{place} ({kind})"), _convert(when, When, f"{place} ({kind})"))


def _convert(told: Json, shape: type[Shape], place: str) -> Shape:
    try:
        return msgspec.convert(told, shape)
    except msgspec.ValidationError as error:
        raise FaultScriptError(f"{place}: {error}.") from None


def _check_keys(told: Json, known: frozenset[str] | set[str], place: str) -> None:
    """Raise FaultScriptError for a key that means nothing."""
    for name in told:
        if name not in known:
            raise FaultScriptError(f"{place}: unknown key {name!r}.{_guess(name, known)}")


def _guess(name: str, known: Any) -> str:
    """A hint at what was meant, else all there is."""
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else f" Known are: {', '.join(sorted(known))}."
