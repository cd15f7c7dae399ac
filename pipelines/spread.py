"""Spreads the study of value streams over processes. What is studied, and what comes out, is ``transforms.constraint``.

Every question is answered by itself and from its own seed, so the answers do not depend on how they are spread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from transforms.constraint.studies import one_by_one
from transforms.constraint.study import Question, Study, study

SPREAD_FROM = 40
"""Questions below which starting processes takes longer than it saves."""

CHUNK = 4


def answer_all(questions: Sequence[Question], processes: int | None = None) -> Iterator[Study]:
    """Answer all questions in their order, in as many processes as there are processors unless told otherwise."""
    count = processes or os.cpu_count() or 1
    if count == 1 or (processes is None and len(questions) < SPREAD_FROM):
        yield from one_by_one(questions)
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        yield from pool.map(study, questions, chunksize=CHUNK)
