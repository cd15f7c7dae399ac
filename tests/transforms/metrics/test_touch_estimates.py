"""Touch as an interval: what parallel work and work logs leave of the time a status allows."""

from dataclasses import replace

import polars as pl
import pytest

from tests.builders import STORY, SUBTASK, frames, history
from tests.transforms.told import HOUR, Told, calculate, instant, tell
from transforms.calendar import WorkingCalendar
from transforms.metrics.touch_estimates import logged_touch, shared_touch
from transforms.schema import TIMESTAMP
from transforms.workflow import Workflow

H = [f"2026-03-02 {hour:02}:00" for hour in range(24)]


def worked(key, start, end, person="ana", **how):
    return history(key).created(H[8], assignee=person, **how).to("In Progress", H[start]).to("Done", H[end])


def shares(told: Told) -> dict[str, float]:
    """Hours of shared touch by issue."""
    persons = told.tables["person_intervals"]
    found = shared_touch(persons, told.workflow, told.as_of)
    keyed = found.join(persons, on=["issue_id", "interval_number"], how="left")
    sums = keyed.group_by("issue_key").agg(pl.col.shared_touch_working_ms.sum() / HOUR)
    assert (keyed["shared_touch_working_ms"] <= keyed["working_ms"] + 1e-6).all()
    return {key: pytest.approx(hours) for key, hours in sums.iter_rows()}


def test_one_issue_at_a_time_keeps_its_whole_touch():
    assert shares(tell(worked("G-1", 9, 11), worked("G-2", 11, 14))) == {"G-1": 2, "G-2": 3}


def test_issues_touched_at_once_share_their_person():
    assert shares(tell(worked("G-1", 9, 13), worked("G-2", 11, 15))) == {"G-1": 3, "G-2": 3}


def test_three_at_once_get_a_third_each():
    told = tell(*(worked(f"G-{n}", 9, 12) for n in range(3)))
    assert shares(told) == {"G-0": 1, "G-1": 1, "G-2": 1}


def test_two_people_do_not_share():
    assert shares(tell(worked("G-1", 9, 12), worked("G-2", 9, 12, "ben"))) == {"G-1": 3, "G-2": 3}


def test_shares_of_a_person_add_up_to_the_union_of_the_touch():
    told = tell(worked("G-1", 9, 12), worked("G-2", 10, 16), worked("G-3", 11, 13), worked("G-4", 15, 17))
    assert sum(share.expected for share in shares(told).values()) == pytest.approx(8)


def test_an_interval_nobody_is_assigned_to_keeps_its_time():
    told = tell(worked("G-1", 9, 12, None), worked("G-2", 9, 12, None), is_assignment_used=False)
    assert shares(told) == {"G-1": 3, "G-2": 3}


def test_only_touch_is_shared():
    waiting = history("G-2").created(H[8]).to("Ready for QA", H[9]).to("Done", H[12])
    flagged = worked("G-3", 9, 12, flagged=True)
    assert shares(tell(worked("G-1", 9, 12), waiting, flagged)) == {"G-1": 3}


def test_a_handed_over_issue_is_shared_by_whom_it_belongs_to_at_the_time():
    handed = history("G-1").created(H[8]).to("In Progress", H[9]).assign("ben", H[11]).to("Done", H[13])
    assert shares(tell(handed, worked("G-2", 9, 13, "ben"))) == {"G-1": 3, "G-2": 3}


def test_nights_and_weekends_are_not_shared():
    long = history("G-1").created(H[8]).to("In Progress", H[16]).to("Done", "2026-03-03 10:00")
    assert shares(tell(long, worked("G-2", 16, 20))) == {"G-1": 1.5, "G-2": 0.5}


def test_open_work_is_shared_up_to_as_of():
    open_ = history("G-1").created(H[8]).to("In Progress", H[9])
    assert shares(tell(open_, worked("G-2", 9, 11), as_of=H[12])) == {"G-1": 2, "G-2": 1}


def test_nothing_touched_nothing_shared():
    told = tell(history("G-1").created(H[8]))
    assert shares(told) == {}


def test_a_person_in_two_streams_shares_on_either_calendar():
    raw = frames(worked("G-1", 9, 13), worked("G-2", 9, 13, issue_type="Sub-task"))
    model = tell(worked("G-1", 9, 13)).workflow
    early = WorkingCalendar.weekdays("Europe/London")
    streams = (*model.streams, replace(model.streams[0], name="West", calendar=early))
    scopes = model.scopes.with_columns(
        value_stream=pl.when(pl.col.issue_type_id == SUBTASK).then(pl.lit("West")).otherwise("value_stream")
    )
    statuses = pl.concat([model.statuses, model.statuses.with_columns(value_stream=pl.lit("West"))])
    assert scopes.filter(issue_type_id=STORY)["value_stream"].to_list() == ["Golden"]
    both = Workflow(streams, statuses, scopes)
    assert shares(calculate(raw, workflow=both)) == {"G-1": 2, "G-2": 1.5}


def logs(*rows: tuple[str, str, float]) -> pl.DataFrame:
    ids = {key: frames(history(key).created(H[8])).issues["issue_id"][0] for key, _, _ in rows}
    told = [(ids[key], instant(at), round(hours * 3600)) for key, at, hours in rows]
    return pl.DataFrame(told, schema={"issue_id": pl.Int64, "started_at": TIMESTAMP, "seconds": pl.Int64}, orient="row")


def logged(told: Told, *rows: tuple[str, str, float]) -> dict[str, float]:
    found = logged_touch(told.tables["person_intervals"], logs(*rows), told.workflow, told.as_of)
    keys = dict(told.tables["person_intervals"].select("issue_id", "issue_key").iter_rows())
    return {keys[issue]: ms / HOUR for issue, ms in found.select("issue_id", "logged_touch_working_ms").iter_rows()}


def test_logged_time_within_touch_counts():
    assert logged(tell(worked("G-1", 9, 12)), ("G-1", H[10], 1.5)) == {"G-1": 1.5}


def test_logs_that_overlap_count_once():
    rows = [("G-1", H[9], 2), ("G-1", H[10], 2), ("G-1", "2026-03-02 10:30", 0.5)]
    assert logged(tell(worked("G-1", 9, 14)), *rows) == {"G-1": 3}
    assert logged(tell(worked("G-1", 9, 14)), *reversed(rows)) == {"G-1": 3}


def test_logs_are_cut_to_touch_and_to_working_hours():
    assert logged(tell(worked("G-1", 10, 12)), ("G-1", H[9], 8)) == {"G-1": 2}
    assert logged(tell(worked("G-1", 9, 20)), ("G-1", H[16], 3)) == {"G-1": 1}


def test_a_log_may_cover_several_stretches_of_touch():
    story = worked("G-1", 9, 10).to("In Progress", H[12]).to("Done", H[13])
    assert logged(tell(story), ("G-1", H[9], 4)) == {"G-1": 2}


def test_logs_outside_touch_and_of_other_issues_count_nowhere():
    told = tell(worked("G-1", 9, 12), worked("G-2", 9, 12))
    assert logged(told, ("G-1", H[13], 1)) == {}
    assert logged(told, ("G-1", H[11], 1), ("G-2", H[13], 1), ("G-9", H[10], 1)) == {"G-1": 1}


def test_logs_of_open_work_are_cut_at_as_of():
    open_ = history("G-1").created(H[8]).to("In Progress", H[9])
    assert logged(tell(open_, as_of=H[11]), ("G-1", H[10], 5)) == {"G-1": 1}


def test_no_logs_no_evidence():
    told = tell(worked("G-1", 9, 12))
    none = logs(("G-1", H[9], 1)).clear()
    assert logged_touch(told.tables["person_intervals"], none, told.workflow, told.as_of).is_empty()


def test_the_evidence_never_exceeds_the_touch():
    told = tell(worked("G-1", 9, 12))
    assert logged(told, ("G-1", H[8], 90)) == {"G-1": 3}
