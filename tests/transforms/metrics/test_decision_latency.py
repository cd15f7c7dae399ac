"""How long a decision takes: from arriving at an approval to leaving it."""

from tests.builders import BOARD, history
from tests.transforms.told import HOUR, clock, tell
from transforms.metrics.decision_latency import decision_latency

APPROVAL = BOARD["Awaiting Approval"].status_id

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def latencies(*told, statuses=(APPROVAL,)):
    return decision_latency(tell(*told).tables["status_visits"].lazy(), statuses).collect().to_dicts()


def asked(key="G-1", at=f"{MONDAY} 16:55"):
    return history(key).created(f"{MONDAY} 08:00").to("Awaiting Approval", at)


def test_a_decision_is_measured_elapsed_and_working():
    (row,) = latencies(asked().to("Ready for Release", f"{TUESDAY} 10:00"))
    assert (row["latency_ms"], row["latency_working_ms"]) == (17 * HOUR + HOUR // 12, HOUR + HOUR // 12)
    assert clock(row["left_at"]) == f"{TUESDAY} 10:00"
    assert row["visit_number"] == 2


def test_a_decision_not_yet_taken_has_no_latency():
    assert latencies(asked()) == []


def test_a_second_round_is_a_decision_of_its_own():
    story = asked(at=f"{MONDAY} 09:00").to("In Progress", f"{MONDAY} 10:00").to("Awaiting Approval", f"{MONDAY} 12:00")
    rows = latencies(story.to("Done", f"{MONDAY} 15:00"))
    assert [(row["visit_number"], row["latency_ms"] / HOUR) for row in rows] == [(2, 1), (4, 3)]


def test_only_visits_of_approval_statuses_count():
    story = asked(at=f"{MONDAY} 09:00").to("Done", f"{MONDAY} 10:00").to("Closed", f"{MONDAY} 11:00")
    assert len(latencies(story)) == 1
    assert latencies(story, statuses=()) == []
    assert len(latencies(story, statuses=(APPROVAL, BOARD["Done"].status_id))) == 2


def test_decisions_of_all_issues_are_listed():
    told = [asked(key, f"{MONDAY} 09:00").to("Done", f"{MONDAY} 10:00") for key in ("G-1", "G-2", "G-3")]
    rows = latencies(*told)
    assert len({row["issue_id"] for row in rows}) == 3
