"""Working days and hours are read off when people move issues; machines, planning meetings and night owls are not."""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from transforms.infer_calendar import FEWEST_CHANGES, infer_hours
from transforms.raw import RawChanges

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def moves(zone, days=range(5), hours=range(9, 17), weeks=8, *, author=7, automation=False, field="status"):
    """One change an hour of every working hour, at half past."""
    rows = []
    for week, day, hour in product(range(weeks), days, hours):
        local = MONDAY + timedelta(weeks=week, days=day, hours=hour, minutes=30)
        at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        who = {"author": author, "is_automation": automation, "field": field}
        rows.append({"issue_id": 1, "changed_at": at, "history_id": len(rows), "item_index": 0} | who)
    return pl.DataFrame(rows, schema=RawChanges.polars_schema())


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Auckland"])
def test_hours_are_found_in_the_zone_they_are_kept_in(zone):
    assert infer_hours(moves(zone), zone) == ((0, 1, 2, 3, 4), 9, 17)


def test_another_week_is_found():
    assert infer_hours(moves("UTC", days=(6, 0, 1, 2, 3), hours=range(8, 16)), "UTC") == ((0, 1, 2, 3, 6), 8, 16)


def test_machines_nobody_and_other_fields_do_not_count():
    people = moves("UTC")
    noise = [moves("UTC", hours=range(24), days=range(7), **more)
             for more in ({"automation": True}, {"author": None}, {"field": "summary"})]  # fmt: skip
    assert infer_hours(pl.concat([people, *noise]), "UTC") == infer_hours(people, "UTC")


def test_a_planning_meeting_that_moves_a_hundred_issues_is_one_hour():
    meeting = pl.concat([moves("UTC", days=(0,), hours=(7,), weeks=2)] * 100)
    assert infer_hours(pl.concat([moves("UTC"), meeting]), "UTC") == ((0, 1, 2, 3, 4), 9, 17)


def test_a_few_who_work_at_night_do_not_make_a_working_day():
    nights = moves("UTC", days=(1, 5), hours=(22, 23), weeks=4)
    assert infer_hours(pl.concat([moves("UTC"), nights]), "UTC") == ((0, 1, 2, 3, 4), 9, 17)


def test_too_few_changes_propose_nothing():
    few = moves("UTC", weeks=5)
    assert few.height == FEWEST_CHANGES
    assert infer_hours(few, "UTC") is not None
    assert infer_hours(few[1:], "UTC") is None
    assert infer_hours(few.clear(), "UTC") is None
