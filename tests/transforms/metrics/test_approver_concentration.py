"""Single points of approval: told as roles, withheld for small teams, right where the answer is known."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD, PERSONS, frames, history
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.approver_concentration import (
    ApproverConcentration,
    absence_penalty,
    concentrate_approvers,
    concentration,
    traces_of,
)
from transforms.metrics.exits import waiting_exits

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
PEOPLE = list(PERSONS)[:5]


def draw():
    return np.random.default_rng(1)


def approved(number, by, people=PEOPLE, hour=11):
    """Developed by one of the team, approved by ``by`` after two hours and more."""
    day = f"2026-03-{2 + number % 5 + 7 * (number // 10 % 4):02}"
    told = history(f"G-{number}").created(f"{day} 08:00", assignee=people[number % len(people)])
    told.to("In Progress", f"{day} 08:30").to("Awaiting Approval", f"{day} 09:00")
    return told.to("Done", f"{day} {hour}:{number % 60:02}", by=by)


def table(told):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), raw.changes.lazy(), made["status_visits"].lazy(),
            made["issue_journeys"].lazy())  # fmt: skip
    return checked(ApproverConcentration, concentrate_approvers(*lazy, WORKFLOW, AS_OF))


def quarter(told):
    [row] = table(told).filter(period_start_date=date(2026, 1, 1), stage_name="Approval").to_dicts()
    return row


def test_one_approver_is_one():
    row = quarter([approved(n, "boss") for n in range(40)])
    assert (row["state"], row["exit_count"]) == ("published", 40)
    assert (row["top_approver_share"], row["effective_approver_number"], row["bus_factor_count"]) == (1, 1, 1)
    assert row["concentration_index"] == pytest.approx(1)
    assert row["sentence"] == "Approval: effective approvers 1.0; the busiest of them makes 100 % of 40 exits."


def test_four_who_share_evenly_are_four():
    row = quarter([approved(n, PEOPLE[n % 4]) for n in range(40)])
    assert (row["top_approver_share"], row["effective_approver_number"], row["bus_factor_count"]) == (0.25, 4, 4)
    assert row["concentration_index"] == pytest.approx((40 / 4 - 1) / 39)
    assert row["top_approver_share_low"] <= 0.25 < row["top_approver_share_high"]


def test_automation_is_no_approver():
    row = quarter([approved(n, "boss" if n % 2 else "bot") for n in range(70)])
    assert (row["exit_count"], row["automated_exit_count"], row["top_approver_share"]) == (35, 35, 1)


def test_below_thirty_exits_nothing_is_said():
    row = quarter([approved(n, "boss") for n in range(29)])
    assert (row["state"], row["exit_count"], row["top_approver_share"]) == ("too_few_exits", 29, None)
    assert row["note"] == "figures need 30 exits, there are 29"
    assert row["sentence"] is None


def test_a_team_of_four_is_suppressed_though_it_has_exits():
    row = quarter([approved(n, "boss", PEOPLE[:4]) for n in range(40)])
    assert (row["state"], row["effective_approver_number"], row["sentence"]) == ("suppressed", None, None)
    assert row["note"] == "everything is withheld: fewer than 5 people stand behind it"


def test_a_single_approver_is_no_small_team():
    """k asks for the team that owns the stage, not for those who approve."""
    assert quarter([approved(n, "rel") for n in range(40)])["state"] == "published"


def test_the_index_knows_its_sample():
    """Everybody decides once: no concentration at all, whatever the raw sum of squares says."""
    assert concentration(np.ones(30, dtype=np.int64), draw())[6] == pytest.approx(0)
    assert concentration(np.array([30]), draw())[6] == 1


@pytest.mark.parametrize(
    ("counts", "people"), [([80, 10, 10], 1), ([79, 11, 10], 2), ([40, 40, 20], 2), ([20, 20, 20, 20, 20], 4)]
)
def test_the_bus_factor_counts_the_people_for_four_fifths(counts, people):
    assert concentration(np.array(counts), draw())[7] == people


def test_intervals_hold_the_values_and_narrow_with_the_sample():
    small, large = (concentration(np.array([6, 3, 1]) * times, draw()) for times in (4, 400))
    for value, low, high in (small[:3], large[:3], small[3:6], large[3:6]):
        assert low <= value <= high
    assert large[2] - large[1] < small[2] - small[1]


def test_the_absence_penalty_is_a_ratio_of_medians():
    hours = np.arange(1, 40, dtype=float)
    ratio, low, high = absence_penalty(hours * 3, hours, draw())
    assert ratio == 3
    assert low < 3 < high
    assert absence_penalty(hours[:5], hours, draw()) == (None, None, None)
    assert absence_penalty(hours, hours * 0, draw()) == (None, None, None)


def test_waits_begun_while_the_top_approver_leaves_no_trace_are_longer():
    """Away on Thursdays: what is asked then waits until Friday."""
    told = []
    for week in range(4):
        for day in range(2, 7):
            asked = f"2026-03-{day + 7 * week:02}"
            decided = f"2026-03-{day + 7 * week + (day == 5):02} 11:00"
            for n in range(2):
                issue = history(f"G-{week}-{day}-{n}").created(f"{asked} 08:00", assignee=PEOPLE[(day + n) % 5])
                issue.to("In Progress", f"{asked} 08:30").to("Awaiting Approval", f"{asked} 09:00")
                told.append(issue.to("Done", decided, by="boss"))
    row = quarter(told)
    assert row["absence_penalty_ratio"] == 5
    assert row["absence_penalty_ratio_low"] > 1


def test_traces_are_days_in_the_streams_zone():
    told = history("G-1").created("2026-03-02 08:00").to("In Progress", "2026-03-03 00:30", by="boss")
    [trace] = traces_of(frames(told).changes, WORKFLOW).to_dicts()
    assert (trace["author"], trace["day"]) == (PERSONS["boss"], date(2026, 3, 3))


def test_exits_are_those_of_committed_queues():
    told = history("G-1").created("2026-03-02 08:00").to("Selected", "2026-03-02 09:00")
    told.to("In Progress", "2026-03-02 10:00", by="ben").to("Ready for QA", "2026-03-07 11:00")
    told.to("In QA", "2026-03-09 12:00", by="chi").to("Done", "2026-03-09 13:00", by="boss")
    raw = frames(told)
    made = compute(raw, WORKFLOW, AS_OF)
    exits = waiting_exits(made["status_visits"], made["issue_journeys"]["issue_id"], raw.changes, WORKFLOW)
    assert exits.sort("left_at").select("stage_name", "author", "is_working_day").rows() == [
        ("Selected", PERSONS["ben"], True),
        ("QA", PERSONS["chi"], False),
    ]
    unknown = raw.changes.with_columns(author=pl.lit(None, pl.Int64))
    assert waiting_exits(made["status_visits"], made["issue_journeys"]["issue_id"], unknown, WORKFLOW).is_empty()


def test_nothing_waited_nothing_said():
    assert table([history("G-1").created("2026-03-02 08:00")]).is_empty()
