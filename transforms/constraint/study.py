"""One value stream in one period, from what is seen to the rows of the three tables. Nothing here knows of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zlib import crc32

import numpy as np

from transforms.constraint.deliveries import Deliveries
from transforms.constraint.doors import Limit, stream_limit
from transforms.constraint.evidence import indicators, name_of, supports
from transforms.constraint.intake import is_backlog_fed
from transforms.constraint.judgement import Ground, Judgement, insufficient, judge
from transforms.constraint.model import Model, model_of
from transforms.constraint.observed import MS_PER_HOUR, Observed
from transforms.constraint.reliefs import Effect, Reliefs, Target, falls, gains, relieve, targets_of
from transforms.constraint.replays import BLOCKED, Outcome, calibrated
from transforms.constraint.sentences import sentence
from transforms.metrics.constraint_evidence import OF_PERSONS
from transforms.metrics.privacy import SUPPRESSED
from transforms.statistics.order_statistics import percentile

DRAWS = 40
"""Resampled worlds."""

WEEKS_PER_MONTH = 365.25 / 12 / 7

BLOCKED_NAME = "Blocked"

BINDING_SHARE = 0.05
"""Share of the time at its limit from which a stage is held back by it."""

KNOWN_SHARE = 0.5
"""Share of visits whose end of work must be known where nothing tells when it began."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked: a stream in a period, and what is known of it beside its visits."""

    value_stream: str
    period: Row
    """PeriodTable's columns and definition_version."""
    seen: Observed
    backlog: tuple[np.ndarray, np.ndarray]
    limits: dict[str, Limit]
    is_late: bool
    """A tenth and more of all moves is entered at stand-ups."""
    is_team_large: bool
    delivered: Deliveries = field(default_factory=Deliveries)
    quality: float | None = None
    """How much of the log is there and chains; None where it was not judged."""
    redefined_on: date | None = None
    """The first day inside the period from which other definitions of the stream hold."""


@dataclass(frozen=True)
class Study:
    """Rows of ConstraintVerdicts, ConstraintEvidence and ReliefEstimates."""

    verdict: Row
    evidence: list[Row]
    reliefs: list[Row]


def study(question: Question) -> Study:
    """Answer a question. The same question always gets the same answer."""
    seen = question.seen
    seed = seed_of(question.value_stream, question.period["period_start_date"])
    model = _model(question)
    ground = Ground(
        int(seen.weeks), seen.delivered_count, len(targets_of(model)), question.quality, question.redefined_on
    )
    found = insufficient(ground)
    reliefs = None
    if found is None:
        model = calibrated(model, seed)
    evidence = indicators(model, seed)
    if found is None:
        reliefs = relieve(model, DRAWS, seed)
        residence = seen.presence_hours() / max(1, seen.started_count())
        fullness = _fullness(evidence, reliefs) if model.limit.any() else None
        agreeing = [supports(evidence, effect.target.stations) for effect in reliefs.fifths]
        found = judge(reliefs, seen.delivered_count, residence, agreeing, _doubts(question), fullness)
    verdict = _verdict_row(question, model, found, reliefs)
    estimates = [] if reliefs is None or found.confidence == "none" else _relief_rows(question, found, reliefs)
    return Study(verdict, _evidence_rows(question, evidence), estimates)


def seed_of(value_stream: str, start: date) -> int:
    """The seed of everything that is drawn for a stream and period."""
    return crc32(f"{value_stream}/{start}".encode()) & 0x7FFFFFFF


def _model(question: Question) -> Model:
    seen = question.seen
    limits = np.array([question.limits[name].most if name in question.limits else 0 for name in seen.stations])
    is_fed = is_backlog_fed(seen, question.backlog)
    is_found = is_fed and not limits.any() and not question.is_late
    return model_of(seen, is_fed, limits, stream_limit(seen) if is_found else 0)


def _ground(question: Question, model: Model) -> Ground:
    weeks, delivered = int(question.seen.weeks), question.delivered.count
    return Ground(weeks, delivered, len(targets_of(model)), question.quality, question.redefined_on)


def _fullness(evidence: list[Row], reliefs: Reliefs) -> list[float]:
    """How full each relieved stage is with nothing full behind it; 0 for what is not one stage."""
    scores = [float(row["full_empty_score"]) for row in evidence]
    targets = [effect.target for effect in reliefs.fifths]
    return [scores[target.stations[0]] if target.kind == "stage" else 0.0 for target in targets]


def _doubts(question: Question) -> list[str]:
    """What forbids more than a weak verdict whatever the replays say."""
    if not any(limit.bound_share >= BINDING_SHARE for limit in question.limits.values()):
        return []
    if question.is_late:
        return ["stages have limits and moves are entered at stand-ups, so nobody knows what waited for room"]
    hidden = [name for k, name in enumerate(question.seen.stations) if _is_work_hidden(question.seen, k)]
    return [f"nobody knows when work in {', '.join(hidden)} began or waited for room"] if hidden else []


def _is_work_hidden(seen: Observed, k: int) -> bool:
    """Whether most work of a later station without a column to wait in may have been done before it left."""
    here = seen.is_over & (seen.station == k)
    return k > 0 and not seen.has_queue[k] and bool(here.any()) and float(seen.is_known[here].mean()) < KNOWN_SHARE


def label(seen: Observed, target: Target) -> str:
    """What a target is called."""
    return BLOCKED_NAME if target.stations == (BLOCKED,) else name_of(seen, target.stations)


# --- rows


def _verdict_row(question: Question, model: Model, found: Judgement, reliefs: Reliefs | None) -> Row:
    seen = question.seen
    named = found.candidate if found.is_named else None
    waiting_for = named or found.delay
    row: Row = question.period | {
        "verdict": found.verdict,
        "constraint_name": None if named is None else label(seen, named),
        "constraint_stage_names": None if named is None else _stage_names(seen, named),
        "largest_delay_name": None if found.delay is None else label(seen, found.delay),
        "confidence": found.confidence,
        "moved_sentence": None,
        "reasons": "; ".join(found.reasons) or None,
        "regime": found.regime,
        "candidate_name": None if found.candidate is None else label(seen, found.candidate),
        "runner_up_name": None if found.runner_up is None else label(seen, found.runner_up),
        "vote_share": found.vote,
        "margin_share": found.margin,
        "delivered_count": question.delivered.count,
        "week_count": int(seen.weeks),
        "fidelity_ratio": found.fidelity,
        "fidelity_residence_ratio": found.residence_fidelity,
        "is_backlog_fed": None if reliefs is None else model.is_fed,
        "note": None,
    }
    row |= _cycle(question, waiting_for)
    row |= _benefit(seen, waiting_for, row, reliefs) | _anti_benefit(seen, reliefs)
    return row | {"sentence": sentence(row, question.value_stream)}


def _stage_names(seen: Observed, target: Target) -> str | None:
    return None if target.stations == (BLOCKED,) else ", ".join(seen.stations[k] for k in target.stations)


def _cycle(question: Question, target: Target | None) -> Row:
    """Median cycle time, and how much of all cycle time waiting is: everywhere, and before the target."""
    told, median = question.delivered, _median(question)
    names = ("cycle_working_days_p50", "wait_of_cycle_working_days", "constraint_wait_of_cycle_working_days")
    if median is None:
        return dict.fromkeys(names)
    scale = median / max(1, int(told.cycles.sum()))
    here = _waited_before(question, target)
    return dict(zip(names, (median, told.waited * scale, None if here is None else here * scale), strict=True))


def _median(question: Question) -> float | None:
    """Median cycle time of what was delivered, in working days; None below the least sample."""
    return percentile(question.delivered.cycles / (MS_PER_HOUR * question.seen.day_hours), 0.5).value


def _waited_before(question: Question, target: Target | None) -> int | None:
    """Working milliseconds the deliveries waited before a target; None where no column shows what waits for it."""
    seen = question.seen
    if target is None or BLOCKED in target.stations or not seen.has_queue[list(target.stations)].any():
        return None
    return sum(question.delivered.waited_by_station.get(seen.stations[k], 0) for k in target.stations)


def _benefit(seen: Observed, target: Target | None, row: Row, reliefs: Reliefs | None) -> Row:
    names = [f"{name}{end}" for name in ("halved_cycle_working_days_p50", "halved_delivered_per_month_change")
             for end in ("", "_low", "_high")]  # fmt: skip
    effect = None if reliefs is None else next((e for e in reliefs.halved if e.target == target), None)
    if effect is None or reliefs is None or row["cycle_working_days_p50"] is None:
        return dict.fromkeys(names)
    ratio = _estimate(_ratios([o.cycle_p50 for o in reliefs.base], [o.cycle_p50 for o in effect.outcomes]))
    medians = [None if r is None else r * row["cycle_working_days_p50"] for r in ratio]
    return dict(zip(names, (*medians, *_change(seen, reliefs.base, effect, "delivered")), strict=True))


def _anti_benefit(seen: Observed, reliefs: Reliefs | None) -> Row:
    measures = {
        "faster_delivered_per_month_change": "delivered", "faster_started_per_month_change": "started",
        "faster_wip_change": "wip_end", "faster_cycle_working_days_p50_change": "cycle_p50",
    }  # fmt: skip
    row: Row = {"faster_stage_name": None}
    effect = None if reliefs is None else reliefs.faster
    for name, measure in measures.items():
        ends: tuple[float | None, ...] = (None, None, None)
        if effect is not None and reliefs is not None:
            ends = _change(seen, reliefs.base, effect, measure)
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
    return row if effect is None else row | {"faster_stage_name": label(seen, effect.target)}


def _relief_rows(question: Question, found: Judgement, reliefs: Reliefs) -> list[Row]:
    wins = [*found.wins, *[None] * (len(reliefs.halved) + 1)]
    effects = [*reliefs.fifths, *reliefs.halved, *([] if reliefs.faster is None else [reliefs.faster])]
    return [
        question.period | _relief_row(question, reliefs, effect) | {"win_share": win, "note": None}
        for effect, win in zip(effects, wins, strict=False)
    ]


def _relief_row(question: Question, reliefs: Reliefs, effect: Effect) -> Row:
    seen, base, observed = question.seen, reliefs.base, _median(question)
    ratio = _estimate(_ratios([o.cycle_p50 for o in base], [o.cycle_p50 for o in effect.outcomes]))[0]
    row: Row = {
        "stage_name": label(seen, effect.target),
        "target_kind": effect.target.kind,
        "relief": effect.relief,
        "relief_factor": effect.factor,
        "delivered_count": question.delivered.count,
        "replay_count": len(base),
        "delivered_per_month": float(np.mean([o.delivered for o in effect.outcomes])) * _months(seen),
        "cycle_working_days_p50": None if observed is None or ratio is None else observed * ratio,
    }
    named = {
        "delivered_per_month_change": "delivered", "started_per_month_change": "started",
        "cycle_working_days_p50_change": "cycle_p50", "wip_end_change": "wip_end",
    }  # fmt: skip
    changes = {name: _change(seen, base, effect, measure) for name, measure in named.items()}
    changes["delivered_change_ratio"] = _pooled(base, effect, "delivered")
    changes["residence_change_ratio"] = _pooled(base, effect, "residence")
    for name, ends in changes.items():
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
    return row


def _months(seen: Observed) -> float:
    """Factor from counts of the period to counts per month."""
    return WEEKS_PER_MONTH / seen.weeks


def _change(seen: Observed, base: Sequence[Outcome], effect: Effect, measure: str) -> tuple[float | None, ...]:
    """Change of one measure with its interval, in the unit of the tables."""
    units = {"delivered": _months(seen), "started": _months(seen), "cycle_p50": 1 / seen.day_hours}
    unit = units.get(measure, 1.0)
    old, new = (np.array([getattr(o, measure) for o in some], dtype=float) for some in (base, effect.outcomes))
    return _estimate((new - old) * unit)


def _pooled(base: Sequence[Outcome], effect: Effect, measure: str) -> tuple[float | None, ...]:
    """Relative change of the means over all worlds, with the interval of the single worlds' changes."""
    single = gains(base, effect) if measure == "delivered" else -falls(base, effect)
    old, new = (np.array([getattr(o, measure) for o in some], dtype=float) for some in (base, effect.outcomes))
    _, low, high = _estimate(single)
    value = float(new.mean() / max(old.mean(), 1e-9) - 1)
    return value, min(value, low or 0.0), max(value, high or 0.0)


def _ratios(old: Sequence[float], new: Sequence[float]) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = np.array(new, dtype=float) / np.array(old, dtype=float)
    return found


def _estimate(values: np.ndarray) -> tuple[float | None, float | None, float | None]:
    """Mean of the worlds, and what holds 95 % of them."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None, None, None
    low, high = np.quantile(known, [0.025, 0.975])
    value = float(known.mean())
    return value, min(value, float(low)), max(value, float(high))


def _evidence_rows(question: Question, rows: list[Row]) -> list[Row]:
    """Evidence with its keys; what tells of people only for teams large enough."""
    hidden: Row = (
        {} if question.is_team_large else dict.fromkeys(OF_PERSONS) | {"note": f"figures of people are {SUPPRESSED}"}
    )
    made = []
    for row in rows:
        limit = question.limits.get(str(row["stage_name"]))
        more: Row = {
            "wip_limit": None if limit is None else limit.most,
            "wip_limit_source": None if limit is None else limit.source,
            "data_quality": None,
            "note": None,
        }
        made.append(question.period | row | more | hidden)
    return made
