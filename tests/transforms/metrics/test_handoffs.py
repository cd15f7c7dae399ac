"""Through how many hands work goes, and how often it goes straight back."""

from datetime import UTC, date, datetime

import pytest

from tests.builders import BOARD, PERSONS, frames, history, issue_id_of
from tests.chain import compute
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.handoffs import Handoffs, count_handoffs, ping_pongs

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
WORKFLOW = BOARD.workflow()
PEOPLE = list(PERSONS)[:5]


def passed(key, *people, day="2026-03-02", first="ana"):
    """In progress, handed through the given people by the hour, and done in the evening."""
    told = history(key).created(f"{day} 08:00", assignee=first).to("In Progress", f"{day} 09:00")
    for hour, person in enumerate(people, 10):
        told.assign(person, f"{day} {hour}:00")
    return told.to("Done", f"{day} 18:00")


def pongs(*told):
    raw = frames(*told)
    found = ping_pongs(raw.changes, compute(raw, WORKFLOW, AS_OF)["issue_journeys"])
    return dict(found.iter_rows())


def table(told):
    raw = frames(*told)
    made = compute(raw, WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), raw.changes.lazy(), made["issue_journeys"].lazy())
    return checked(Handoffs, count_handoffs(*lazy, WORKFLOW, AS_OF))


def quarter(told, start=date(2026, 1, 1)):
    [row] = table(told).filter(period_kind="quarter", period_start_date=start).to_dicts()
    return row


@pytest.mark.parametrize(
    ("people", "times"),
    [
        (["ben", "ana"], 1),
        (["ben", "ana", "ben"], 2),
        (["ben", "chi", "ana"], 0),
        (["ben", None, "ana"], 0),
        (["ben"], 0),
        ([None, "ana", None], 0),
    ],
)
def test_ping_pong_is_there_and_straight_back(people, times):
    assert pongs(passed("G-1", *people)).get(issue_id_of("G-1"), 0) == times


def test_the_way_back_must_be_of_the_same_issue():
    assert pongs(passed("G-1", "ben"), passed("G-2", "ana", first="ben")) == {}


def test_what_happens_before_the_start_is_no_ping_pong():
    told = history("G-1").created("2026-03-02 08:00").assign("ben", "2026-03-02 09:00")
    assert pongs(told.assign("ana", "2026-03-02 10:00").to("Done", "2026-03-02 12:00")) == {}


def team(people=PEOPLE, count=25):
    """Every third issue goes there and back, every other one is handed on once, the rest never."""
    told = []
    for n in range(count):
        first, other = people[n % len(people)], people[(n + 1) % len(people)]
        route = [(), (other,), (other, first)][n % 3]
        told.append(passed(f"G-{n}", *route, first=first, day=f"2026-03-{2 + n % 5:02}"))
    return told


def test_a_period_counts_what_was_delivered_in_it():
    row = quarter(team())
    assert (row["delivered_count"], row["handoff_count"], row["ping_pong_count"]) == (25, 24, 8)
    assert row["handoffs_per_delivered"] == pytest.approx(24 / 25)
    assert row["handoffs_per_delivered_low"] < 24 / 25 < row["handoffs_per_delivered_high"]
    assert (row["handoffs_p50"], row["handoffs_p85"], row["handoffs_most"]) == (1, 2, 2)
    assert (row["handed_off_share"], row["ping_pong_share"]) == (16 / 25, 8 / 25)
    assert (row["often_handed_off_share"], row["note"]) == (0, None)


def test_the_next_quarter_has_none_of_it():
    row = quarter(team(), date(2026, 4, 1))
    assert (row["delivered_count"], row["handoff_count"], row["handoffs_most"]) == (0, None, None)


def test_a_small_team_is_not_shown():
    row = quarter(team(PEOPLE[:4]))
    assert row["delivered_count"] == 25
    assert {row[name] for name in Handoffs.columns if name.startswith(("hand", "ping", "often"))} == {None}
    assert row["note"] == "everything is withheld: fewer than 5 people stand behind it"


def test_means_and_shares_of_few_deliveries_are_not_published():
    row = quarter(team(count=19))
    assert (row["handoff_count"], row["handoffs_p50"]) == (18, 1)
    assert row["handoffs_per_delivered"] is row["ping_pong_share"] is row["handoffs_p85"] is None
    assert row["note"] == ("p85 needs 23 deliveries, there are 19; means and shares need 20 deliveries, there are 19")


def test_open_and_never_started_work_does_not_count():
    open_ = history("G-98").created("2026-03-02 08:00").to("In Progress", "2026-03-02 09:00")
    never = history("G-99").created("2026-03-02 08:00").to("Done", "2026-03-02 09:00")
    assert quarter([*team(), open_.assign("ben", "2026-03-02 10:00"), never])["delivered_count"] == 25


def test_counts_are_those_of_the_journeys():
    told = team()
    made = compute(frames(*told), WORKFLOW, AS_OF)
    assert quarter(told)["handoff_count"] == made["issue_journeys"]["handoff_count"].sum()


def test_a_site_without_issues_has_no_rows():
    made = compute(frames(passed("G-1")), WORKFLOW, AS_OF)
    lazy = (made["person_intervals"].lazy(), frames(passed("G-1")).changes.lazy())
    assert count_handoffs(*lazy, made["issue_journeys"].clear().lazy(), WORKFLOW, AS_OF).collect().is_empty()
