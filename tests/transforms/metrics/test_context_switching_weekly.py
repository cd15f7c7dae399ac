"""How much people hold at once: over time, across streams, for teams of five and more."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.context_switching_weekly import (
    ContextSwitchingWeekly,
    half_width,
    held_in_parallel,
    measure_context_switching,
)

AS_OF = datetime(2026, 3, 20, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
PEOPLE = list(PERSONS)[:5]
MONDAY = date(2026, 3, 2)


def worked(key, person, start=9, end=13, day="2026-03-02", by=None):
    told = history(key).created(f"{day} 08:00", assignee=person).to("In Progress", f"{day} {start:02}:00", by="bot")
    return told.to("Done", f"{day} {end:02}:00", by=by or person)


def table(*told):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), raw.changes.lazy())
    return checked(ContextSwitchingWeekly, measure_context_switching(*lazy, WORKFLOW, AS_OF))


def week(*told, monday=MONDAY):
    [row] = table(*told).filter(week_start_date=monday).to_dicts()
    return row


def team(people=PEOPLE, each=1):
    """Everybody has ``each`` issues in touch on Monday from nine to one."""
    return [worked(f"G-{person}-{n}", person) for person in people for n in range(each)]


def held(*told):
    persons = compute(frames(*told), WORKFLOW, AS_OF)["person_intervals"]
    found = held_in_parallel(persons, AS_OF)
    return [(row["begin"].hour + 1, row["end"].hour + 1, row["parallel"]) for row in found.to_dicts()]


def test_what_somebody_holds_changes_when_work_begins_and_ends():
    assert held(worked("G-1", "ana", 9, 12), worked("G-2", "ana", 11, 14)) == [(9, 11, 1), (11, 12, 2), (12, 14, 1)]


def test_what_different_people_hold_is_not_parallel():
    assert held(worked("G-1", "ana"), worked("G-2", "ben")) == [(9, 13, 1), (9, 13, 1)]


def test_waiting_and_unassigned_work_is_not_held():
    waiting = history("G-2").created("2026-03-02 08:00").to("Ready for QA", "2026-03-02 09:00")
    nobody = history("G-3").created("2026-03-02 08:00", assignee=None).to("In Progress", "2026-03-02 09:00")
    assert held(worked("G-1", "ana"), waiting, nobody) == [(9, 13, 1)]


@pytest.mark.parametrize("each", [1, 2, 3, 5])
def test_the_mean_is_over_the_time_anything_is_held(each):
    row = week(*team(each=each))
    assert (row["team_count"], row["parallel_issues_mean"]) == (5, each)
    assert row["many_parallel_share"] == (1 if each >= 3 else 0)
    assert row["is_complete_week"]


def test_longer_stretches_weigh_more():
    """Four hold one issue for four hours; the fifth three issues for two hours, then one for two more."""
    more = [worked(f"G-{n}", "boss", 9, 11) for n in range(2)]
    row = week(*team(), *more)
    assert PEOPLE[3] == "boss"
    assert row["parallel_issues_mean"] == pytest.approx((4 * 4 + 2 * 3 + 2) / 20)
    assert row["many_parallel_share"] == pytest.approx(2 / 20)
    assert row["parallel_issues_mean_low"] >= 1
    assert row["parallel_issues_mean_high"] > row["parallel_issues_mean"]


def test_nights_do_not_count():
    long = [history(f"L-{p}").created("2026-03-02 08:00", assignee=p).to("In Progress", "2026-03-02 16:00")
            .to("Done", "2026-03-03 09:00") for p in PEOPLE]  # fmt: skip
    night = [worked(f"N-{p}", p, 18, 23) for p in PEOPLE]
    assert week(*long, *night)["parallel_issues_mean"] == 1


def test_different_issues_changed_on_a_day_are_counted_per_person_and_day():
    told = [worked(f"G-{p}-{n}", p, 9, 10 + n) for p in PEOPLE for n in range(2)]
    told += [worked(f"H-{p}", p, 9, 10, "2026-03-03") for p in PEOPLE]
    row = week(*told)
    assert (row["active_count"], row["issues_per_day_mean"]) == (5, 1.5)
    assert row["issues_per_day_mean_low"] <= 1.5 <= row["issues_per_day_mean_high"]


def test_four_people_are_not_shown():
    row = week(*team(PEOPLE[:4]))
    assert row["team_count"] is row["parallel_issues_mean"] is row["many_parallel_share_high"] is None
    assert row["note"] == (
        "parallel work is withheld: fewer than 5 people stand behind it;"
        " issues per day are withheld: fewer than 5 people stand behind it"
    )


def test_who_holds_and_who_acts_are_judged_apart():
    row = week(*[worked(f"G-{p}", p, by="ana") for p in PEOPLE])
    assert (row["team_count"], row["active_count"]) == (5, None)
    assert row["issues_per_day_mean"] is None
    assert row["note"].startswith("issues per day are withheld")


def test_every_week_up_to_as_of_has_a_row():
    told = table(*team())
    assert told["week_start_date"].to_list() == [date(2026, 3, day) for day in (2, 9, 16)]
    assert told["is_complete_week"].to_list() == [True, True, False]
    assert told["team_count"].to_list() == [5, None, None]


def test_open_work_counts_up_to_as_of():
    open_ = [history(f"G-{p}").created("2026-03-09 08:00", assignee=p).to("In Progress", "2026-03-09 09:00")
             for p in PEOPLE]  # fmt: skip
    assert week(*open_, monday=date(2026, 3, 16))["parallel_issues_mean"] == 1


def test_the_interval_covers_what_the_people_are_drawn_from():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        whole = rng.uniform(20, 40, 8)
        part = whole * rng.normal(2, 0.4, 8)
        ratio = part.sum() / whole.sum()
        half = half_width(((part - ratio * whole) ** 2).sum(), whole.sum(), np.array(8))
        covered += abs(ratio - 2) <= half
    assert 0.9 < covered / 400 < 0.99


def test_nobody_held_anything_no_rows():
    assert table(history("G-1").created("2026-03-02 08:00")).is_empty()
    assert isinstance(ContextSwitchingWeekly.empty(), pl.DataFrame)
