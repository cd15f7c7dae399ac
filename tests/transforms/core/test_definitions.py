"""A stream that had other definitions before: each instant is told as it was meant then, exactly up to that day."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BOARD, UTC, frames, history
from tests.chain import compute
from tests.oracle_events import ms
from tests.strategies import Case, cases, dated_cases
from tests.transforms.core.against_brute_force import check_stretches, few, journeys, judged, many, minutes, of_issue
from transforms.core.statuses import explain_statuses
from transforms.definitions import known_by
from transforms.local_days import midnight_of
from transforms.quality.restatement_causes import name_changes
from transforms.raw import RawStatuses
from transforms.workflow import EARLIER_STATUS_SCHEMA, Workflow

ALIKE = ["issue_key", "pass_number", "stage_name", "kind", "kind_alternative", "is_rework", "assignee"]

OTHER_KIND = {"queue": "active", "active": "queue", "blocked": "active"}

Meanings = dict[int, tuple[str, str]]
"""Kind and stage of statuses, by id."""


def with_meanings(workflow: Workflow, meanings: Meanings) -> Workflow:
    """The workflow in which statuses are of other kinds and in other stages, always."""
    rows = workflow.statuses.to_dicts()
    orders = {row["stage_name"]: row["stage_order"] for row in rows}
    for row in rows:
        if row["status_id"] in meanings:
            row["work_kind"], row["stage_name"] = meanings[row["status_id"]]
            row["stage_order"] = orders[row["stage_name"]]
    return replace(workflow, statuses=pl.DataFrame(rows, schema=workflow.statuses.schema, orient="row"))


def redefined(workflow: Workflow, *before: tuple[date, Workflow]) -> Workflow:
    """The workflow of one stream before which others held until a day each, oldest first."""
    earlier = tuple((until, old.streams[0].commitment_order) for until, old in before)
    models = [old.statuses.select(pl.lit(until).alias("until"), pl.all()) for until, old in before]
    statuses = pl.concat([EARLIER_STATUS_SCHEMA.to_frame(), *models])
    return replace(workflow, streams=(replace(workflow.streams[0], earlier=earlier),), earlier_statuses=statuses)


@st.composite
def redefinitions(draw: st.DrawFn) -> tuple[Case, list[tuple[date, Workflow]]]:
    """A site, and one or two days before which some of its statuses were of another kind, or in another stage."""
    case = draw(cases())
    open_ones = case.workflow.statuses.filter(pl.col.work_kind.is_in(list(OTHER_KIND)))
    held = {row["status_id"]: (row["work_kind"], row["stage_name"]) for row in open_ones.to_dicts()}
    stages = sorted({stage for _, stage in held.values()})
    offsets = draw(st.lists(st.integers(-1, 4), min_size=1, max_size=2, unique=True))
    told = []
    for offset in sorted(offsets, reverse=True):
        changed = draw(st.sets(st.sampled_from(sorted(held)), min_size=1, max_size=3))
        held = held | {i: (OTHER_KIND[held[i][0]], draw(st.sampled_from(stages))) for i in sorted(changed)}
        until = case.frames.issues["created_at"].min().date() + timedelta(days=offset)
        told.append((until, with_meanings(case.workflow, held)))
    return case, told[::-1]


def glued(case: Case, told: list[tuple[date, Workflow]]) -> pl.DataFrame:
    """Intervals of the models of each time, cut at the days between them: no code of definitions in them."""
    bounds = [midnight_of(day, ZoneInfo(case.workflow.streams[0].calendar.zone)) for day, _ in told]
    models = [*(model for _, model in told), case.workflow]
    pieces = [
        clipped(compute(case.frames, model, case.as_of)["person_intervals"], begin, end, case.as_of)
        for model, begin, end in zip(models, [None, *bounds], [*bounds, None], strict=True)
    ]
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


@given(redefinitions())
@many
def test_each_stretch_is_told_by_the_model_of_its_time(drawn):
    case, told = drawn
    found = compute(case.frames, redefined(case.workflow, *told), case.as_of)["person_intervals"]
    assert merged(clipped(found.sort("issue_key", "entered_at"), None, None, case.as_of)).equals(glued(case, told))


@given(dated_cases())
@many
def test_every_stretch_is_that_of_the_brute_force(case):
    check_stretches(case)


@given(dated_cases(max_issues=1))
@few
def test_every_minute_agrees_with_the_brute_force(case):
    for row, life, minute in minutes(case):
        assert (row["kind"], row["stage_name"]) == (life.kind_at(minute), life.stage_at(minute))


@given(st.one_of(dated_cases(), dated_cases(is_past=True, steps=("to", "to", "again", "flag", "resolve"))))
@many
def test_journeys_are_those_of_the_brute_force(case):
    for found, expected in journeys(case):
        assert found == expected


@given(dated_cases())
@many
def test_a_visit_bears_stage_and_kind_of_its_entry(case):
    site, tables = judged(case)
    for key, life in site.lives.items():
        rows = of_issue(tables["status_visits"], key)
        found = [(r["status_id"], ms(r["entered_at"]), r["stage_name"], r["work_kind"]) for r in rows]
        models = [life.model(v.status_id, v.entered) for v in life.visits]
        assert found == [(v.status_id, v.entered, m.stage, m.kind) for v, m in zip(life.visits, models, strict=True)]


@given(dated_cases())
@many
def test_a_definition_that_begins_after_the_reading_is_not_known_yet(case):
    known = known_by(case.workflow, case.as_of)
    begins = [midnight_of(until, ZoneInfo(s.calendar.zone)) for s in known.streams for until, _ in s.earlier]
    assert all(begin <= case.as_of for begin in begins)
    now, then = (compute(case.frames, workflow, case.as_of) for workflow in (known, case.workflow))
    assert all(now[name].equals(then[name]) for name in now)


@given(dated_cases())
@few
def test_definitions_that_are_all_alike_change_nothing(case):
    [stream] = case.workflow.streams
    alike = tuple((until, stream.commitment_order) for until, _ in stream.earlier)
    models = [case.workflow.statuses.select(pl.lit(until).alias("until"), pl.all()) for until, _ in alike]
    dated = replace(case.workflow, streams=(replace(stream, earlier=alike),), earlier_statuses=pl.concat(models))
    plain_one = replace(case.workflow, streams=(replace(stream, earlier=()),), earlier_statuses=models[0][:0])
    one, other = (compute(case.frames, workflow, case.as_of) for workflow in (dated, plain_one))
    assert all(one[name].equals(other[name]) for name in one)
    assert dated.definition_version("Golden") == plain_one.definition_version("Golden")


def one_review() -> tuple:
    """An issue in In Review from 10 March 12:00 to 12 March 12:00, done then."""
    told = history("G-1", BOARD).created(datetime(2026, 3, 2, 8, tzinfo=UTC), status="Selected", assignee="ana")
    told.to("In Review", datetime(2026, 3, 10, 12, tzinfo=UTC)).to("Done", datetime(2026, 3, 12, 12, tzinfo=UTC))
    return frames(told)


MIDDLE = date(2026, 3, 11)
"""The day in the middle of that review."""

MIDNIGHT = datetime(2026, 3, 10, 23, tzinfo=UTC)

AS_OF = datetime(2026, 3, 20, tzinfo=UTC)


def meant(kind: str, stage: str = "Review") -> Workflow:
    """The board on which In Review is of another kind or stage."""
    return with_meanings(BOARD.workflow(), {10003: (kind, stage)})


def test_a_review_that_was_a_queue_until_a_day_waits_before_it_and_is_touched_after():
    tables = compute(one_review(), redefined(BOARD.workflow(), (MIDDLE, meant("queue"))), AS_OF)
    review = tables["work_intervals"].filter(pl.col.stage_name == "Review")
    assert review["kind"].to_list() == ["wait", "touch"]
    assert review["elapsed_ms"].to_list() == [11 * 3_600_000, 37 * 3_600_000]
    assert tables["status_visits"].filter(pl.col.status_id == 10003)["work_kind"].to_list() == ["queue"]


def test_a_review_that_was_part_of_the_development_is_told_there_until_the_day():
    tables = compute(one_review(), redefined(BOARD.workflow(), (MIDDLE, meant("active", "Development"))), AS_OF)
    held = tables["work_intervals"].filter(pl.col.kind == "touch")
    assert held["stage_name"].to_list() == ["Development", "Review"]
    assert held["left_at"][0] == held["entered_at"][1] == MIDNIGHT
    assert tables["status_visits"].filter(pl.col.status_id == 10003)["stage_name"].to_list() == ["Development"]


def journey(before: str, after: str) -> dict:
    """The journey of that issue where work counted as started at one status until the day, and then at another."""
    workflow = redefined(BOARD.workflow(commitment=after), (MIDDLE, BOARD.workflow(commitment=before)))
    return compute(one_review(), workflow, AS_OF)["issue_journeys"].row(0, named=True)


def test_what_sits_in_a_status_that_becomes_committed_starts_at_that_midnight():
    told = journey("Ready for QA", "In Review")
    assert (told["started_at"], told["is_never_started"]) == (MIDNIGHT, False)
    assert told["cycle_ms"] == 37 * 3_600_000


def test_what_was_started_stays_started_when_a_later_status_becomes_the_commitment():
    told = journey("In Review", "Ready for QA")
    assert (told["started_at"], told["is_never_started"]) == (datetime(2026, 3, 10, 12, tzinfo=UTC), False)


TO_RELEASED = (
    ("In Progress", "2026-03-02 09:00"), ("In Review", "2026-03-05 09:00"), ("In QA", "2026-03-13 09:00"),
    ("Done", "2026-03-17 09:00"),
)  # fmt: skip


def ended_by(before: str, after: str, told=TO_RELEASED) -> tuple[dict, pl.DataFrame]:
    """Journey and intervals of an issue in review from before the day to after it, by the kind of review then."""
    story = history("G-1", BOARD).created("2026-03-02 08:00", status="Selected", assignee="ana")
    for status, at in told:
        story.to(status, at)
    tables = compute(frames(story), redefined(meant(after), (MIDDLE, meant(before))), AS_OF)
    return tables["issue_journeys"].row(0, named=True), tables["work_intervals"]


def test_what_sits_in_a_status_that_comes_to_end_work_ends_at_that_midnight():
    told, intervals = ended_by("active", "done", TO_RELEASED[:2])
    assert (told["outcome"], told["finished_at"], told["reopen_count"]) == ("delivered", MIDNIGHT, 0)
    assert intervals.filter(pl.col.stage_name == "Review")["kind"].to_list() == ["touch", "done"]
    assert ended_by("queue", "discarded", TO_RELEASED[:2])[0]["outcome"] == "discarded"


def test_what_had_ended_stays_ended_until_it_leaves_the_status():
    told, intervals = ended_by("done", "active", TO_RELEASED[:2])
    assert (told["outcome"], told["finished_at"]) == ("delivered", datetime(2026, 3, 5, 8, tzinfo=UTC))
    assert intervals.filter(pl.col.stage_name == "Review")["kind"].to_list() == ["done"]
    told, intervals = ended_by("done", "active")
    assert (told["outcome"], told["reopen_count"], told["backward_move_count"]) == ("delivered", 1, 0)
    assert intervals.filter(pl.col.stage_name == "Review")["kind"].to_list() == ["done_gap"]
    assert told["done_gap_ms"] == 8 * 24 * 3_600_000, "from 5 to 13 March, whatever began in between"


def test_a_blocker_that_comes_to_end_on_a_day_blocks_until_then():
    blocker = history("G-1", BOARD).created("2026-03-02 08:00", status="In Review")
    blocked = (
        history("G-2", BOARD).created("2026-03-02 08:00", status="In Progress").block_on("G-1", "2026-03-03 08:00")
    )
    tables = compute(frames(blocker, blocked), redefined(meant("done"), (MIDDLE, meant("active"))), AS_OF)
    held = tables["work_intervals"].filter(pl.col.kind == "blocked")
    assert held.select("issue_key", "left_at").rows() == [("G-2", MIDNIGHT)]


def test_what_enters_at_the_very_midnight_is_judged_by_the_new_definition():
    told = history("G-1", BOARD).created(datetime(2026, 3, 2, 8, tzinfo=UTC), status="Backlog")
    raw = frames(told.to("In Review", MIDNIGHT).to("Backlog", MIDNIGHT + timedelta(hours=1)))
    workflow = redefined(BOARD.workflow(commitment="Ready for QA"), (MIDDLE, BOARD.workflow(commitment="In Review")))
    assert compute(raw, workflow, AS_OF)["issue_journeys"]["outcome"].to_list() == ["not_started"]


def test_another_order_from_a_day_on_makes_no_backward_move_of_itself_and_turns_what_is_one():
    turned = {10003: 5, 10004: 4}
    order = pl.col.status_id.replace_strict(turned, default=pl.col.status_order, return_dtype=pl.Int32)
    now = BOARD.workflow()
    before = replace(now, statuses=now.statuses.with_columns(status_order=order))
    told = history("G-1", BOARD).created(datetime(2026, 3, 2, 8, tzinfo=UTC), status="Selected")
    told.to("In Review", datetime(2026, 3, 9, 12, tzinfo=UTC)).to("Ready for QA", datetime(2026, 3, 10, 12, tzinfo=UTC))
    told.to("In Review", datetime(2026, 3, 12, 12, tzinfo=UTC)).to("In QA", datetime(2026, 3, 13, 12, tzinfo=UTC))
    journeys = compute(frames(told), redefined(now, (MIDDLE, before)), AS_OF)["issue_journeys"]
    assert journeys["backward_move_count"].to_list() == [2], "back before the day, and back after it the other way"
    assert compute(frames(told), now, AS_OF)["issue_journeys"]["backward_move_count"].to_list() == [1]


def test_statuses_tell_since_when_they_are_what_they_are():
    before = ((date(2026, 3, 5), meant("blocked", "Development")), (MIDDLE, meant("queue")))
    workflow = redefined(BOARD.workflow(), *before)
    visits = compute(one_review(), workflow, AS_OF)["status_visits"]
    rows = explain_statuses(RawStatuses.empty().lazy(), visits.lazy(), workflow).collect()
    told = rows.filter(pl.col.status_id == 10003).row(0, named=True)
    assert (told["work_kind"], told["stage_name"]) == ("active", "Review")
    assert told["earlier_work_kinds"] == "blocked until 2026-03-05, queue until 2026-03-11"
    assert told["earlier_stage_names"] == "Development until 2026-03-05"
    assert told["work_kind_since_at"] == MIDNIGHT
    assert told["stage_since_at"] == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert rows.filter(pl.col.status_id != 10003)["work_kind_since_at"].null_count() == rows.height - 1


@pytest.mark.parametrize("day", [MIDDLE, date(2027, 1, 1)])
@pytest.mark.parametrize(
    ("before", "part"),
    [
        (meant("queue"), "statuses"),
        (meant("active", "Development"), "statuses"),
        (BOARD.workflow(commitment="In Review"), "commitment"),
    ],
)
def test_a_day_of_redefinition_is_a_change_of_definition_and_of_version(day, before, part):
    plain_one, changed = BOARD.workflow(), redefined(BOARD.workflow(), (day, before))
    assert changed.definition_changes("Golden") == (day,)
    assert changed.definition_version("Golden") != plain_one.definition_version("Golden")
    old, new = (workflow.definition_parts("Golden") for workflow in (plain_one, changed))
    assert name_changes(old, new) == part
