"""Keeps what was judged of a family, so that a run of an hour that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.organisations.scoring import Answer, Judged
from benchmarks.organisations.truth import Effect, Truth


def kept_or_judged(path: Path | None, wanted: Mapping[str, int], judge: Callable[[], Sequence[Judged]]) -> list[Judged]:
    """What the file holds if it answers the same question, else what ``judge`` finds, which is then kept there."""
    if path is not None and path.exists():
        told = json.loads(path.read_text())
        if told["wanted"] == dict(wanted):
            return [_judged(each) for each in told["judged"]]
    found = list(judge())
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"wanted": dict(wanted), "judged": [asdict(each) for each in found]}))
    return found


def _judged(told: dict[str, Any]) -> Judged:
    sides = {of: {name: Effect(**each) for name, each in told["truth"][of].items()} for of in told["truth"]}
    return Judged(**(told | {"truth": Truth(**sides), "answer": Answer(**told["answer"])}))
