"""From a family's name to answers beside their truths: make, run, record, publish, read, compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count, islice

import polars as pl

from benchmarks.organisations import naive
from benchmarks.organisations.families import make_organisation
from benchmarks.organisations.model import BEGIN_OF_PERIOD, END, HALF, Organisation
from benchmarks.organisations.product import publish
from benchmarks.organisations.recording import STYLES, record
from benchmarks.organisations.scoring import NAMING, Answer, Judged
from benchmarks.organisations.truth import Truth, find_truth

SHORT = "13 weeks"
"""The variant that judges the second quarter of a clean log alone."""

VARIANTS = (*STYLES, SHORT)

ONE_FIFTH = ("service_x0.8", "interval_x0.8", "blocked_x0.8")

MOST_TRIES = 3
"""Organisations looked at for every one wanted."""


@dataclass(frozen=True)
class Window:
    """A period of the product's, and the same in working hours of the simulation."""

    name: str
    kind: str
    first: date
    last: date
    begin: float
    end: float


WHOLE = Window("", "rolling_26_weeks", date(2024, 1, 1), date(2024, 6, 30), BEGIN_OF_PERIOD, END)
FIRST = Window("/1", "quarter", date(2024, 1, 1), date(2024, 3, 31), BEGIN_OF_PERIOD, HALF)
SECOND = Window("/2", "quarter", date(2024, 4, 1), date(2024, 6, 30), HALF, END)


@dataclass(frozen=True)
class Case:
    """An organisation, and the truth of every window it is judged in."""

    organisation: Organisation
    truths: Mapping[Window, Truth]

    @property
    def counts(self) -> bool:
        """Whether it can be scored: something can be named, or it was built so that nothing can."""
        is_separable = any(truth.is_separable for truth in self.truths.values())
        return is_separable or self.organisation.family == "tie"


def windows(family: str, variant: str) -> tuple[Window, ...]:
    """What is judged: 26 weeks, or where the constraint moves, each half; and for short logs the second half."""
    if variant == SHORT:
        return (SECOND,)
    return (FIRST, SECOND) if family == "shift" else (WHOLE,)


def find_cases(family: str, seeds: str, wanted: int, variant: str = "clean") -> list[Case]:
    """The first so many organisations of a family that can be scored; fewer if they are rare."""
    tried = (
        _case(make_organisation(family, number, seeds), variant) for number in islice(count(), MOST_TRIES * wanted)
    )
    return list(islice((case for case in tried if case.counts), wanted))


def _case(organisation: Organisation, variant: str) -> Case:
    looked_at = windows(organisation.family, variant)
    return Case(organisation, {window: find_truth(organisation, window.begin, window.end) for window in looked_at})


def judge_family(
    family: str, seeds: str, wanted: Mapping[str, int], report: Callable[[str], None] = lambda _: None
) -> list[Judged]:
    """Every answer of the product for a family, in so many cases per variant."""
    cases = {variant: find_cases(family, seeds, number, variant) for variant, number in _distinct(wanted).items()}
    report(f"{family}: the truth of {sum(map(len, cases.values()))} cases is known")
    judged = []
    for style in STYLES:
        of_style = {v: n for v, n in wanted.items() if v == style or (v == SHORT and style == "clean")}
        chosen = {v: cases[SHORT if v == SHORT else "clean"][:n] for v, n in of_style.items() if n}
        if chosen:
            found = judge(chosen, style)
            judged += found
            scored = [each for each in found if each.truth.is_separable]
            told = f"{sum(each.is_right for each in scored)} of {len(scored)} separable ones right"
            report(f"{family}, {style}: {sum(map(len, chosen.values()))} cases judged, {told}")
    return judged


def _distinct(wanted: Mapping[str, int]) -> dict[str, int]:
    """Cases needed: all variants but the short one share theirs."""
    most = max((number for variant, number in wanted.items() if variant != SHORT), default=0)
    needed = {"clean": most, SHORT: wanted.get(SHORT, 0)}
    return {variant: number for variant, number in needed.items() if number}


def judge(cases: Mapping[str, Sequence[Case]], style: str) -> list[Judged]:
    """Publish the tables of all these cases as one site, and judge them in the windows of their variants."""
    organisations = {case.organisation.key: case.organisation for chosen in cases.values() for case in chosen}
    periods = {(w.kind, w.first) for chosen in cases.values() for case in chosen for w in case.truths}
    tables = publish(record(list(organisations.values()), STYLES[style]), periods)
    judged = []
    for variant, chosen in cases.items():
        for window in dict.fromkeys(window for case in chosen for window in case.truths):
            told, naively = read_answers(tables, window), naive.answers(tables, window.first, window.last)
            for case in chosen:
                judged.append(_judged(case, window, variant, told, naively))
    return judged


def _judged(
    case: Case, window: Window, variant: str, told: Mapping[str, Answer], naively: Mapping[str, Mapping[str, str]]
) -> Judged:
    key = case.organisation.key
    named = {method: answers[key] for method, answers in naively.items() if key in answers}
    answer = told.get(key, Answer("insufficient_data", "none", ""))
    return Judged(case.organisation.family, key + window.name, variant, case.truths[window], answer, named)


def read_answers(tables: Mapping[str, pl.DataFrame], window: Window) -> dict[str, Answer]:
    """What the published tables say of every value stream in a window."""
    verdicts = _in_window(tables["constraint_verdicts"], window)
    estimates = _in_window(tables["relief_estimates"], window).filter(pl.col.relief.is_in(ONE_FIFTH))
    gains: dict[str, dict[str, float]] = {}
    falls: dict[str, dict[str, float]] = {}
    columns = ("value_stream", "stage_name", "delivered_change_ratio", "residence_change_ratio")
    for stream, name, gain, change in estimates.select(columns).iter_rows():
        gains.setdefault(stream, {})[name] = gain
        falls.setdefault(stream, {})[name] = -change
    return {
        row["value_stream"]: Answer(
            row["verdict"], row["confidence"], _name(row), gains.get(row["value_stream"], {}),
            falls.get(row["value_stream"], {}),
        )
        for row in verdicts.iter_rows(named=True)
    }  # fmt: skip


def _name(row: Mapping[str, str | None]) -> str:
    """What is named; where nothing is, what would be."""
    if row["verdict"] in NAMING:
        return row["constraint_name"] or ""
    first = "largest_delay_name" if row["verdict"] == "intake_limited" else "candidate_name"
    return row[first] or row["largest_delay_name"] or ""


def _in_window(frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    period = {"period_kind": window.kind, "period_start_date": window.first, "period_end_date": window.last}
    return frame.filter(**period).with_columns(
        pl.col(name).cast(pl.String) for name in ("value_stream", "stage_name") if name in frame.columns
    )
