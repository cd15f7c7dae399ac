"""However the study is spread over processes, it finds the same."""

from datetime import UTC, date, datetime
from itertools import islice

import polars as pl
import pytest

from pipelines.spread import SPREAD_FROM, answer_all
from tests.builders import BOARD, frames
from tests.chain import compute
from tests.transforms.metrics.constraint_frames import END, review_bound
from tests.transforms.metrics.metric_frames import core_of
from transforms.constraint.studies import answered, ask, one_by_one
from transforms.quality.log_quality import LogQuality
from transforms.raw import RawBoardColumns

WORKFLOW = BOARD.workflow(commitment="In Progress")


@pytest.fixture(scope="module")
def questions():
    """What is asked of a told stream: three quarters and the last 26 weeks."""
    return asked_of(review_bound(), END)


def asked_of(told, as_of):
    raw = frames(*told)
    core, persons = core_of(raw, WORKFLOW, as_of), compute(raw, WORKFLOW, as_of)["person_intervals"]
    return ask(
        persons.lazy(), core.raw_changes, RawBoardColumns.empty().lazy(), core.issue_journeys, core.stages,
        LogQuality.empty().lazy(), WORKFLOW, as_of,
    )  # fmt: skip


def test_two_processes_find_what_one_finds(questions):
    assert len(questions) == 4
    assert list(answer_all(questions, processes=2)) == list(answer_all(questions, processes=1))


def test_answers_come_in_the_order_of_the_questions(questions):
    asked = [question.period["period_start_date"] for question in reversed(questions)]
    answers = answer_all(questions[::-1], processes=1)
    assert [answer.verdict["period_start_date"] for answer in answers] == asked


def test_a_few_questions_start_no_process(questions, monkeypatch):
    assert len(questions) < SPREAD_FROM
    monkeypatch.setattr("pipelines.spread.ProcessPoolExecutor", None)
    first = next(islice(answer_all(questions), 1))
    assert first.verdict["value_stream"] == "Golden"


def test_the_study_of_nothing_is_empty():
    made = answered(asked_of([], datetime(2025, 7, 7, tzinfo=UTC)), answer_all)
    assert made.collect().is_empty()
    assert made.collect_schema()["period_start_date"] == pl.Date
    assert date(2025, 1, 1) < END.date()


def test_a_question_asked_alone_gets_the_answer_it_gets_among_others(questions):
    together = list(one_by_one(questions))
    for number, question in enumerate(questions):
        assert list(one_by_one([question])) == [together[number]]
