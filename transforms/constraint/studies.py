"""All value streams and periods: gathers the questions, answers them one by one, keeps the rows of the three tables.

The answers do not depend on each other, nor on who answers them: ``answer_all`` may spread them over processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl

from transforms.constraint.deliveries import Deliveries, deliveries_by_period, period_key
from transforms.constraint.doors import Limit, entered_late
from transforms.constraint.intake import board_limits
from transforms.constraint.period_visits import StreamVisits, observe, streams_of
from transforms.constraint.sentences import moved
from transforms.constraint.stations import stations_of
from transforms.constraint.study import Question, Study, study
from transforms.constraint.visits import stage_visits
from transforms.metrics.constraint_evidence import ConstraintEvidence
from transforms.metrics.constraint_verdicts import ConstraintVerdicts
from transforms.metrics.period_tables import PERIOD_KEY, cells
from transforms.metrics.periods import periods
from transforms.metrics.privacy import MINIMUM_GROUP, team_sizes
from transforms.metrics.relief_estimates import ReliefEstimates
from transforms.quality.log_quality import stream_quality
from transforms.schema import LABEL, Column, Table
from transforms.workflow import Workflow
from transforms.workflow_index import covered_stretch

AnswerAll = Callable[[Sequence[Question]], Iterable[Study]]
"""Answers questions in their order."""


def _rows_of(table: type[Table]) -> pl.DataType:
    plain = {name: pl.String() if dtype == LABEL else dtype for name, dtype in table.polars_schema().items()}
    return pl.List(pl.Struct(plain))


class ConstraintStudies(Table, layer="private", key=PERIOD_KEY):
    """One row per value stream and period: the rows of the three tables on the constraint, found in one go. Private."""

    value_stream = Column(LABEL, "Value stream.")
    period_kind = Column(pl.String(), "As in the tables.")
    period_start_date = Column(pl.Date(), "As in the tables.")
    verdict = Column(_rows_of(ConstraintVerdicts), "One row of ConstraintVerdicts.")
    evidence = Column(_rows_of(ConstraintEvidence), "Rows of ConstraintEvidence.")
    reliefs = Column(_rows_of(ReliefEstimates), "Rows of ReliefEstimates.")


def one_by_one(questions: Sequence[Question]) -> Iterator[Study]:
    """Answer all questions in this process."""
    return map(study, questions)


def ask(
    person_intervals: pl.LazyFrame,
    raw_changes: pl.LazyFrame,
    raw_board_columns: pl.LazyFrame,
    issue_journeys: pl.LazyFrame,
    stages: pl.LazyFrame,
    log_quality: pl.LazyFrame,
    workflow: Workflow,
    as_of: datetime,
) -> list[Question]:
    """One question for every stream in every period in which it had any work."""
    journeys = issue_journeys.filter("is_counted").collect()
    if journeys.is_empty():
        return []
    persons = person_intervals.collect()
    counted = persons.filter(pl.col.issue_id.is_in(journeys["issue_id"].implode()))
    questions = _questions(counted, persons, raw_changes.collect(), raw_board_columns.collect(),
                           journeys, stages.collect(), workflow, as_of)  # fmt: skip
    quality = stream_quality(log_quality.collect())
    return [_grounded(question, quality, workflow) for question in questions]


def answered(questions: Sequence[Question], answer_all: AnswerAll = one_by_one) -> pl.LazyFrame:
    """Study every question; ConstraintStudies."""
    answers = _with_moves(list(answer_all(questions)))
    rows = [
        {name: question.period[name] for name in PERIOD_KEY}
        | {"verdict": [answer.verdict], "evidence": answer.evidence, "reliefs": answer.reliefs}
        for question, answer in zip(questions, answers, strict=True)
    ]
    return pl.LazyFrame(rows, schema=ConstraintStudies.polars_schema())


def table_of(studies: pl.LazyFrame, part: str, table: type[Table]) -> pl.LazyFrame:
    """The rows of one of the three tables, in the order of its key."""
    rows = studies.select(pl.col(part).explode()).drop_nulls().unnest(part)
    typed = rows.with_columns(
        pl.col(name).cast(dtype) for name, dtype in table.polars_schema().items() if dtype == LABEL
    )
    return table.select(typed.sort(table.key))


def with_log_quality(evidence: pl.LazyFrame, log_quality: pl.LazyFrame) -> pl.LazyFrame:
    """ConstraintEvidence with how far each stage's log can be trusted (quality.log_quality)."""
    key = [*PERIOD_KEY, "stage_name"]
    judged = log_quality.select(*key, judged="data_quality")
    joined = evidence.join(judged, on=key, how="left", maintain_order="left")
    return ConstraintEvidence.select(joined.with_columns(data_quality="judged"))


def _questions(
    counted: pl.DataFrame, persons: pl.DataFrame, changes: pl.DataFrame, columns: pl.DataFrame,
    journeys: pl.DataFrame, stages: pl.DataFrame, workflow: Workflow, as_of: datetime,
) -> Iterator[Question]:  # fmt: skip
    """One question per stream and period in which the stream had any work."""
    stations = stations_of(stages, counted, workflow)
    said = board_limits(columns, stations, workflow)
    visits, limits = stage_visits(counted, changes, stations, said, workflow, as_of)
    if visits.is_empty():
        return
    grid = periods(workflow, covered_stretch([journeys["created_at"]], as_of)[0], as_of)
    asked = cells(workflow, grid).join(team_sizes(persons, grid, as_of), on=PERIOD_KEY, how="left")
    delivered = deliveries_by_period(journeys, counted, stations, grid)
    late = entered_late(visits)
    for stream in streams_of(visits, stations, changes, grid, workflow, as_of):
        backlog = _backlog(counted, stream)
        kept = {station: limit for (name, station), limit in limits.items() if name == stream.value_stream}
        for cell in asked.filter(pl.col.value_stream.cast(pl.String) == stream.value_stream).to_dicts():
            question = _question(stream, cell, backlog, kept)
            told = delivered.get(period_key(question.period), Deliveries())
            yield replace(question, is_late=stream.value_stream in late, delivered=told)


def _question(
    stream: StreamVisits, cell: dict[str, object], backlog: tuple[np.ndarray, np.ndarray], kept: dict[str, Limit]
) -> Question:
    starts_at, ends_at, size = cell.pop("starts_at"), cell.pop("ends_at"), cell.pop("team_size")
    cell.pop("hours_per_day")
    assert isinstance(starts_at, datetime) and isinstance(ends_at, datetime)
    starts_at, ends_at = stream.window(starts_at, ends_at)
    [begin] = stream.hours(pl.Series([starts_at], dtype=pl.Datetime("us", "UTC")))
    return Question(
        value_stream=stream.value_stream,
        period=cell,
        seen=observe(stream, starts_at, ends_at),
        backlog=(backlog[0] - begin, backlog[1] - begin),
        limits=kept,
        is_late=False,
        is_team_large=isinstance(size, int) and size >= MINIMUM_GROUP,
    )


def _grounded(question: Question, quality: Mapping[tuple[str, ...], float], workflow: Workflow) -> Question:
    """Add how good the log is, and whether definitions changed inside the period."""
    first, last = question.period["period_start_date"], question.period["period_end_date"]
    changed = [day for day in workflow.definition_changes(question.value_stream) if first < day <= last]
    return replace(question, quality=quality.get(period_key(question.period)), redefined_on=min(changed, default=None))


def _backlog(counted: pl.DataFrame, stream: StreamVisits) -> tuple[np.ndarray, np.ndarray]:
    """When each issue of a stream was written down, and when it was started or thrown away, on the stream's clock."""
    waiting = counted.filter(
        (pl.col.value_stream.cast(pl.String) == stream.value_stream) & (pl.col.kind == "not_started")
    )
    spans = waiting.group_by("issue_id", "pass_number").agg(
        pl.col.entered_at.min(), pl.when(pl.col.left_at.is_not_null().all()).then(pl.col.left_at.max())
    )
    return stream.hours(spans["entered_at"]), stream.hours(spans["left_at"])


def _with_moves(answers: list[Study]) -> list[Study]:
    """Say of each quarter whether the constraint moved since the one before."""
    told: list[Study] = []
    before: Study | None = None
    for answer in answers:
        row = answer.verdict
        if row["period_kind"] == "quarter":
            follows = before is not None and before.verdict["value_stream"] == row["value_stream"]
            said = moved(before.verdict, row) if follows and before is not None else None
            told.append(replace(answer, verdict=row | {"moved_sentence": said}))
            before = answer
        else:
            told.append(answer)
    return told
