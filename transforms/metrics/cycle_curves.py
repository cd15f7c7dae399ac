"""Figures read from survival curves for ``cycle_times``: one curve per value stream, issue type and period.

The estimators are in ``transforms.statistics``; which journeys a curve rests on is said in ``at_risk``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from transforms.metrics.at_risk import ALL_TYPES, DELIVERED, DISCARDED, AtRisk, groups_of
from transforms.metrics.period_tables import PERIOD_KEY
from transforms.schema import LABEL
from transforms.statistics.curves import UNKNOWN, is_known_at, mean_until, mixture, reach, trusted
from transforms.statistics.incidence import incidence_by
from transforms.statistics.order_statistics import MINIMUM_SAMPLE, Estimate
from transforms.statistics.survival import Survival, period_kaplan_meier, quantile

KEY = ("value_stream", "issue_type", *PERIOD_KEY[1:])

PERCENTS = (50, 85, 95)

HORIZONS = (30, 60, 90)
"""Elapsed days by which the share delivered and the share given up are told."""

MINIMUM_INCIDENCE_SAMPLE = 20
"""Journeys in progress below which no share by an age is published."""

RARE_SHARE = 0.05
"""Types that together are at most this share of the history may be missing from a standardised curve."""

KEY_SCHEMA = {"value_stream": LABEL, "issue_type": LABEL, "period_kind": pl.String, "period_start_date": pl.Date}

Record = dict[str, object]


def curve_figures(seen: pl.DataFrame) -> pl.DataFrame:
    """Percentiles and restricted mean of the period's curve, and shares by age; KEY, the figures, curve_note."""
    working = dict(groups_of(seen, KEY, "working_days"))
    records = []
    for key, group in groups_of(seen, KEY):
        delivered = int(group.delivered.sum())
        curve, slow = curve_of(group), curve_of(working[key])
        figures = percentiles_of("km_cycle_days", curve, delivered, PERCENTS)
        figures |= percentiles_of("km_cycle_working_days", slow, delivered, PERCENTS)
        figures |= _mean(curve) | _shares(group)
        note = _curve_note(figures, delivered, len(group.cause))
        records.append(dict(zip(KEY, key, strict=True)) | figures | {"curve_note": note})
    return _frame(records, [*_names(), "restricted_to_days"], "curve_note")


def standardised_figures(seen: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Percentiles of the mixed curve of every stream and period, for ALL_TYPES; KEY, the figures, mix_note.

    ``history``: value_stream, issue_type, weight: deliveries of the stream's whole history.
    """
    mixes: dict[str, dict[str, int]] = {}
    for stream, kind, weight in history.select("value_stream", "issue_type", "weight").iter_rows():
        mixes.setdefault(stream, {})[kind] = weight
    by_period: dict[tuple[object, ...], dict[str, AtRisk]] = {}
    for (stream, kind, *period), group in groups_of(seen.filter(pl.col.issue_type != ALL_TYPES), KEY):
        by_period.setdefault((stream, *period), {})[kind] = group
    records = []
    for (stream, *period), groups in by_period.items():
        curve = mixed_curve(groups, mixes.get(str(stream), {}))
        count = int(sum(group.delivered.sum() for group in groups.values()))
        record: Record = dict(zip(KEY, (stream, ALL_TYPES, *period), strict=True))
        record |= percentiles_of("standardised_cycle_days", curve, count, (50, 85))
        note = None if curve or count < MINIMUM_SAMPLE[0.5] else "a common type has too few deliveries to standardise"
        records.append(record | {"mix_note": note})
    names = [f"standardised_cycle_days_p{p}{end}" for p in (50, 85) for end in ("", "_low", "_high")]
    return _frame(records, names, "mix_note")


def curve_of(group: AtRisk) -> Survival:
    """The period's Kaplan–Meier curve as far as it can be trusted, cancelled work censored."""
    return trusted(period_kaplan_meier(group.entry, group.leave, group.delivered), group.leave)


def mixed_curve(groups: dict[str, AtRisk], history: dict[str, int]) -> Survival | None:
    """The curve of a stream with its types in the shares of its history; rare types stand together.

    None where a type that is more than RARE_SHARE of the history has too few deliveries in the period.
    """
    few = {kind for kind in history if kind not in groups or groups[kind].delivered.sum() < MINIMUM_SAMPLE[0.5]}
    strata = [(groups[kind], history[kind]) for kind in sorted(history.keys() - few)]
    if rare := [groups[kind] for kind in sorted(few & groups.keys())]:
        together = AtRisk(*(np.concatenate(arrays) for arrays in zip(*rare, strict=True)))
        if together.delivered.sum() >= MINIMUM_SAMPLE[0.5]:
            strata.append((together, sum(history[kind] for kind in few)))
    if sum(weight for _, weight in strata) < (1 - RARE_SHARE) * sum(history.values()) or not strata:
        return None
    return mixture([curve_of(group) for group, _ in strata], [weight for _, weight in strata])


def percentiles_of(name: str, curve: Survival | None, delivered: int, percents: tuple[int, ...]) -> Record:
    """Percentiles of a curve with their intervals, empty below the minimum number of deliveries."""
    record: Record = {}
    for percent in percents:
        is_known = curve is not None and delivered >= MINIMUM_SAMPLE[percent / 100]
        found = Estimate(*quantile(curve, percent / 100)) if curve is not None and is_known else UNKNOWN
        record |= _named(f"{name}_p{percent}", found if found.value is not None else UNKNOWN)
    return record


def _curve_note(figures: Record, delivered: int, observed: int) -> str | None:
    """What the curve cannot say although there are enough deliveries."""
    beyond = [
        f"p{percent}"
        for percent in PERCENTS
        if delivered >= MINIMUM_SAMPLE[percent / 100] and figures[f"km_cycle_days_p{percent}"] is None
    ]
    unseen = [str(days) for days in HORIZONS if figures[f"delivered_within_{days}_days_share"] is None]
    notes = [f"km {', '.join(beyond)} beyond the ages watched"] if beyond else []
    if unseen and observed >= MINIMUM_INCIDENCE_SAMPLE:
        notes.append(f"shares within {', '.join(unseen)} days: too little was watched at that age")
    return "; ".join(notes) or None


def _mean(curve: Survival) -> Record:
    until = reach(curve)
    mean = mean_until(curve, until) if until else UNKNOWN
    return _named("km_cycle_days_restricted_mean", mean) | {"restricted_to_days": until}


def _shares(group: AtRisk) -> Record:
    """Shares of both endings by HORIZONS, where enough is known of that age."""
    overall = period_kaplan_meier(group.entry, group.leave, group.cause > 0)
    has_enough = len(group.cause) >= MINIMUM_INCIDENCE_SAMPLE
    known = [days for days in HORIZONS if has_enough and is_known_at(overall, group.entry, group.leave, days)]
    record: Record = {}
    for ending, cause in (("delivered", DELIVERED), ("discarded", DISCARDED)):
        found = dict(zip(known, incidence_by(*group, cause, known), strict=True)) if known else {}
        for days in HORIZONS:
            record |= _named(f"{ending}_within_{days}_days_share", found.get(days, UNKNOWN))
    return record


def _names() -> list[str]:
    """Columns of ``curve_figures`` that hold estimates."""
    curves = [f"{name}_p{p}" for name in ("km_cycle_days", "km_cycle_working_days") for p in PERCENTS]
    shares = [f"{ending}_within_{days}_days_share" for ending in ("delivered", "discarded") for days in HORIZONS]
    return [f"{name}{e}" for name in (*curves, "km_cycle_days_restricted_mean", *shares) for e in ("", "_low", "_high")]


def _named(name: str, estimate: Estimate) -> Record:
    return dict(zip((name, f"{name}_low", f"{name}_high"), estimate, strict=True))


def _frame(records: list[Record], names: list[str], note: str) -> pl.DataFrame:
    schema: dict[str, Any] = {**KEY_SCHEMA, **dict.fromkeys(names, pl.Float64), note: pl.String}
    return pl.DataFrame(records, schema=schema)
