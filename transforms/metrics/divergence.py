"""The rule by which output and delivery are said to diverge, and the sentence that says it (METHODS §4.1)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from transforms.statistics.order_statistics import Estimate

COMPARED_WEEKS = 13

CLEAR_RISE = 1.1
"""Output must have risen by more than this factor, whatever chance may add."""

OUTPUT_WORDS = {"starts": "starts", "code_done": "issues out of their first active stage", None: "output"}


CLEAR_WORDS = (
    "output is clearly up by more than a tenth",
    "deliveries clearly do not keep up with it",
    "work clearly takes longer or piles up",
)
EXCLUDED_WORDS = ("output is not up by a tenth", "deliveries keep up", "work neither takes longer nor piles up")
"""What each part of the rule says when it holds, and when it is excluded."""


class Evidence(NamedTuple):
    """What two quarters of weeks say of a stream; figures without enough behind them are empty."""

    later_start_date: date
    proxy: str | None
    output: tuple[int | None, int | None]
    delivered: tuple[int | None, int | None]
    output_ratio: Estimate
    delivered_ratio: Estimate
    medians: tuple[float | None, float | None]
    cycle_ratio: Estimate
    wip_slope: Estimate
    """Issues per week."""


def judge(found: Evidence) -> tuple[str, str]:
    """The verdict, yes, no or cannot_tell, and the sentence."""
    parts = (_is_up(found.output_ratio), _falls_behind(found.output_ratio, found.delivered_ratio), _gets_worse(found))
    if all(part is True for part in parts):
        return "yes", f"Output is up and delivery does not follow: {_facts(found)}."
    if False in parts:
        return "no", f"Output and delivery do not diverge: {_reasons(parts)}{_facts(found)}."
    clear = [word for word, part in zip(CLEAR_WORDS, parts, strict=True) if part]
    but = f", though {' and '.join(clear)}" if clear else ""
    return "cannot_tell", f"Nobody can tell whether output and delivery diverge{but}: {_facts(found)}."


def _is_up(output: Estimate) -> bool | None:
    """Whether output rose by more than a tenth; None if the interval holds both."""
    return _beyond(output, CLEAR_RISE)


def _falls_behind(output: Estimate, delivered: Estimate) -> bool | None:
    """Whether deliveries rose less than output, beyond both intervals."""
    match (output.low, output.high, delivered.low, delivered.high):
        case (float(output_low), float(output_high), float(low), float(high)):
            if high < output_low:
                return True
            return False if low > output_high else None
    return None


def _gets_worse(found: Evidence) -> bool | None:
    """Whether work takes longer or piles up; False only if both are excluded."""
    slower, more = _beyond(found.cycle_ratio, 1), _beyond(found.wip_slope, 0)
    if slower or more:
        return True
    return False if slower is False and more is False else None


def _beyond(estimate: Estimate, bound: float) -> bool | None:
    if estimate.low is not None and estimate.low > bound:
        return True
    return False if estimate.high is not None and estimate.high <= bound else None


def _reasons(parts: tuple[bool | None, ...]) -> str:
    return " and ".join(word for word, part in zip(EXCLUDED_WORDS, parts, strict=True) if part is False) + "; "


def _facts(found: Evidence) -> str:
    """The four figures in words, later quarter against the earlier."""
    said = [
        _change(OUTPUT_WORDS[found.proxy], found.output, found.output_ratio),
        _change("deliveries", found.delivered, found.delivered_ratio),
        _median(found),
    ]
    slope = found.wip_slope
    if slope.value is not None:
        said.append(f"WIP changed by {slope.value:+.1f} a week [{slope.low:+.1f}, {slope.high:+.1f}]")
    return ", ".join(said)


def _change(name: str, counts: tuple[int | None, int | None], ratio: Estimate) -> str:
    if ratio.value is None:
        return f"too few {name} to compare"
    before, after = counts
    interval = f"×{ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
    return f"{name} from {before} to {after} in {COMPARED_WEEKS} weeks ({interval})"


def _median(found: Evidence) -> str:
    before, after = found.medians
    if before is None or after is None:
        return "no median cycle time to compare"
    text = f"median cycle time from {before:.1f} to {after:.1f} days"
    ratio = found.cycle_ratio
    high = "∞" if ratio.high is None else f"{ratio.high:.2f}"
    return text if ratio.low is None else f"{text} (×{ratio.value:.2f} [{ratio.low:.2f}, {high}])"
