"""A status that meant something else before a day: the past is told as it was then, exactly up to that day."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import BOARD, UTC, frames, history
from tests.chain import compute
from tests.strategies import Case, cases
from transforms.core.statuses import explain_statuses
from transforms.local_days import midnight_of
from transforms.raw import RawStatuses
from transforms.workflow import WORK_KIND, KindChange, Workflow

ALIKE = ["issue_key", "pass_number", "stage_name", "kind", "kind_alternative", "is_rework", "assignee"]

OTHER_KIND = {"queue": "active", "active": "queue", "blocked": "active"}


def redefined(workflow: Workflow, *changes: KindChange) -> Workflow:
    """The workflow in which statuses meant something else before."""
    return replace(workflow, streams=(replace(workflow.streams[0], kind_changes=changes),))


def with_kinds(workflow: Workflow, kinds: dict[int, str]) -> Workflow:
    """The workflow in which statuses are of other kinds, always."""
    said = pl.col.status_id.replace_strict(kinds, default=None, return_dtype=pl.String).cast(WORK_KIND)
    return replace(workflow, statuses=workflow.statuses.with_columns(work_kind=pl.coalesce(said, "work_kind")))


@st.composite
def redefinitions(draw: st.DrawFn) -> tuple[Case, list[tuple[date, dict[int, str]]]]:
    """A site, and one or two days before which some of its statuses were of another kind."""
    case = draw(cases())
    open_ones = case.workflow.statuses.filter(pl.col.work_kind.is_in(list(OTHER_KIND)))
    kinds = dict(open_ones.select("status_id", pl.col.work_kind.cast(pl.String)).iter_rows())
    first = case.frames.issues["created_at"].min()
    offsets = draw(st.lists(st.integers(-1, 4), min_size=1, max_size=2, unique=True))
    told, held = [], kinds
    for offset in sorted(offsets, reverse=True):
        changed = draw(st.sets(st.sampled_from(sorted(kinds)), min_size=1, max_size=3))
        held = held | {status_id: OTHER_KIND[held[status_id]] for status_id in changed}
        told.append((first.date() + timedelta(days=offset), {status_id: held[status_id] for status_id in changed}))
    return case, told[::-1]


def glued(case: Case, told: list[tuple[date, dict[int, str]]]) -> pl.DataFrame:
    """Intervals of the models of each time, cut at the days between them: no code of redefinition in them."""
    bounds = [midnight_of(day, ZoneInfo(case.workflow.streams[0].calendar.zone)) for day, _ in told]
    pieces, model = [], case.workflow
    spans = zip([None, *bounds], [*bounds, None], [*told, None], strict=True)
    for begin, end, change in reversed(list(spans)):
        model = with_kinds(model, change[1]) if change else model
        pieces.append(clipped(compute(case.frames, model, case.as_of)["person_intervals"], begin, end, case.as_of))
    return merged(pl.concat(pieces).sort("issue_key", "entered_at"))


def clipped(intervals: pl.DataFrame, begin: datetime | None, end: datetime | None, as_of: datetime) -> pl.DataFrame:
    """What of the intervals lies between two instants."""
    rows = intervals.select(*ALIKE, "entered_at", left_at=pl.col.left_at.fill_null(as_of))
    if begin:
        rows = rows.with_columns(pl.max_horizontal("entered_at", pl.lit(begin, rows.schema["entered_at"])))
    if end:
        rows = rows.with_columns(left_at=pl.min_horizontal("left_at", pl.lit(end, rows.schema["left_at"])))
    return rows.filter(pl.col.entered_at < pl.col.left_at)


def merged(rows: pl.DataFrame) -> pl.DataFrame:
    """Neighbours that are alike, as one."""
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(name).shift(1)) for name in ALIKE])
    runs = rows.with_columns(run=differs.fill_null(True).cum_sum())
    one = runs.group_by("run", maintain_order=True).agg(
        pl.col(*ALIKE).first(), pl.col.entered_at.first(), pl.col.left_at.last()
    )
    return one.drop("run")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(redefinitions())
def test_each_stretch_is_told_by_the_model_of_its_time(drawn):
    case, told = drawn
    changes = [KindChange(day, status_id, kind) for day, kinds in told for status_id, kind in sorted(kinds.items())]
    workflow = redefined(case.workflow, *changes)
    found = compute(case.frames, workflow, case.as_of)["person_intervals"]
    assert merged(clipped(found.sort("issue_key", "entered_at"), None, None, case.as_of)).equals(glued(case, told))


def one_review() -> tuple:
    """An issue in In Review from 10 March 12:00 to 12 March 12:00, done then."""
    told = history("G-1", BOARD).created(datetime(2026, 3, 2, 8, tzinfo=UTC), status="Selected", assignee="ana")
    told.to("In Review", datetime(2026, 3, 10, 12, tzinfo=UTC)).to("Done", datetime(2026, 3, 12, 12, tzinfo=UTC))
    return frames(told)


def test_a_review_that_was_a_queue_until_a_day_waits_before_it_and_is_touched_after():
    workflow = redefined(BOARD.workflow(), KindChange(date(2026, 3, 11), 10003, "queue"))
    tables = compute(one_review(), workflow, datetime(2026, 3, 20, tzinfo=UTC))
    review = tables["work_intervals"].filter(pl.col.stage_name == "Review")
    assert review["kind"].to_list() == ["wait", "touch"]
    assert review["elapsed_ms"].to_list() == [11 * 3_600_000, 37 * 3_600_000]
    assert tables["status_visits"].filter(pl.col.status_id == 10003)["work_kind"].to_list() == ["queue"]


def test_statuses_tell_since_when_they_are_what_they_are():
    changes = (KindChange(date(2026, 3, 5), 10003, "blocked"), KindChange(date(2026, 3, 11), 10003, "queue"))
    workflow = redefined(BOARD.workflow(), *changes)
    visits = compute(one_review(), workflow, datetime(2026, 3, 20, tzinfo=UTC))["status_visits"]
    rows = explain_statuses(RawStatuses.empty().lazy(), visits.lazy(), workflow).collect()
    told = rows.filter(pl.col.status_id == 10003).row(0, named=True)
    assert told["work_kind"] == "active"
    assert told["earlier_work_kinds"] == "blocked until 2026-03-05, queue until 2026-03-11"
    assert told["work_kind_since_at"] == datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert rows.filter(pl.col.status_id != 10003)["work_kind_since_at"].null_count() == rows.height - 1


@pytest.mark.parametrize("day", [date(2026, 3, 11), date(2027, 1, 1)])
def test_a_day_of_redefinition_is_a_change_of_definition_and_of_version(day):
    plain, changed = BOARD.workflow(), redefined(BOARD.workflow(), KindChange(day, 10003, "queue"))
    assert changed.definition_changes("Golden") == (day,)
    assert changed.definition_version("Golden") != plain.definition_version("Golden")
