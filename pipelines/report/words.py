"""How numbers and dates are written out for people: the same way in every section. What they mean is said elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from transforms import wording

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

NOTHING = "–"
"""Stands where a table holds no figure."""

FIXED = "\N{NO-BREAK SPACE}"
"""Keeps a figure and its unit on one line."""


def number(value: float | None) -> str:
    """A figure with as many decimals as it deserves: 0.42, 3.1, 14, 1,204."""
    if value is None:
        return NOTHING
    decimals = 2 if 0 < abs(value) < 0.95 else 1 if abs(value) < 9.95 else 0
    text = f"{round(value, decimals) + 0.0:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float | None) -> str:
    """A change with its sign: +2.5, 0, -14."""
    text = number(value)
    return f"+{text}" if value and value > 0 and text != "0" else text


TOO_SMALL = 0.05
"""Changes that would be written as nothing: deliveries a month, or working days."""


def deliveries(change: float) -> str:
    """A change of deliveries: ``+2.5 deliveries a month``, ``+1 delivery a month``, ``no more deliveries``."""
    if abs(change) < TOO_SMALL:
        return "no more deliveries"
    text = signed(change)
    return f"{text} {'delivery' if text in ('+1', '-1') else 'deliveries'} a month"


def counted(count: int | None, noun: str, plural: str = "") -> str:
    """``1 issue``, ``1,204 issues``; nothing where there is no figure."""
    if count is None:
        return NOTHING
    return wording.counted(count, noun, plural)


def figure_of(value: float | None, noun: str, plural: str = "") -> str:
    """A figure as ``number`` writes it, and what it counts: ``1 issue``, ``0.4 issues``, ``1.5 people``."""
    text = number(value)
    return f"{text} {noun if text == '1' else plural or f'{noun}s'}"


def days(value: float | None, unit: str = "day") -> str:
    """``0.4 days``, ``1 day``, ``14 days``."""
    text = number(value)
    return text if value is None else f"{text}{FIXED}{unit}" if text == "1" else f"{text}{FIXED}{unit}s"


def percent(share: float | None) -> str:
    """``49 %`` from 0.49; what is more than nothing is never rounded to nothing, what is not all never to all."""
    if share is None:
        return NOTHING
    share = round(share, 9)
    if 0 < share < 0.01:
        return f"<{FIXED}1{FIXED}%"
    return f">{FIXED}99{FIXED}%" if 0.99 < share < 1 else f"{share:.0%}".replace("%", f"{FIXED}%")


def span(low: float | None, high: float | None) -> str:
    """`` [3.1, 4.8]`` to stand behind a figure, open where an end is not known; empty without any."""
    if low is None and high is None:
        return ""
    return f" [{'…' if low is None else number(low)}, {'…' if high is None else number(high)}]"


def percent_span(low: float | None, high: float | None) -> str:
    """`` [31 %, 48 %]`` to stand behind a share; empty without both ends."""
    return "" if low is None or high is None else f" [{percent(low)}, {percent(high)}]"


def day(moment: date | datetime) -> str:
    """``28 Jun 2026``."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def sentence(text: str) -> str:
    """With a capital letter in front and a full stop behind."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def joined(*sentences: str) -> str:
    """The sentences that say anything, one after another."""
    return " ".join(text for text in sentences if text)


def period_name(kind: str, start: date, end: date, *, is_complete: bool) -> str:
    """``26 weeks to 28 Jun 2026``, ``Q1 2026``, ``Q2 2026 so far``."""
    if kind == "rolling_26_weeks":
        return f"26 weeks to {day(end)}"
    return f"Q{(start.month + 2) // 3} {start.year}" + ("" if is_complete else " so far")


def period_id(kind: str, start: date) -> str:
    """``latest``, ``2026-Q1`` or, for what speaks of the whole history, an empty text."""
    return {"rolling_26_weeks": "latest", "whole_history": ""}.get(kind, f"{start.year}-Q{(start.month + 2) // 3}")
