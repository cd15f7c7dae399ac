"""The gate: what is tried again, after how long, and when it gives up. No test waits."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from pipelines.jira.concurrency import Lanes
from pipelines.jira.errors import ComeBackLaterError, OverloadedError, TooHeavyError, UnreachableError
from pipelines.jira.rate_limits import read_retry_after, read_wait
from pipelines.jira.retry import Gate, PassingFaultError, RetryPolicy
from tests.pipelines.jira.sites import Time

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def gate(time, dice=0.0, **policy):
    return Gate(RetryPolicy(**policy), clock=lambda: time.now, sleep=time.sleep, dice=lambda: dice)


def busy(retry_after=None, status=503):
    return PassingFaultError(OverloadedError("The site is busy."), status, retry_after)


def failing(*faults):
    """An attempt that raises these, then answers."""
    rest = list(faults)

    def attempt():
        if rest:
            raise rest.pop(0)
        return "answer"

    return attempt


def test_an_answer_at_once_costs_one_request_and_no_wait():
    time = Time()
    one = gate(time)
    assert one.run(failing()) == "answer"
    assert (one.request_count, one.retry_count, time.slept) == (1, 0, [])


def test_waits_double_up_to_the_longest():
    time = Time()
    one = gate(time, tries=8, first_delay=2.0, longest_delay=10.0)
    one.run(failing(*(busy(status=500) for _ in range(4))))
    assert time.slept == [2.0, 4.0, 8.0, 10.0]
    assert (one.request_count, one.retry_count) == (5, 4)


def test_retry_after_is_a_minimum_that_dice_only_stretch():
    time = Time()
    gate(time, dice=1.0).run(failing(busy(retry_after=100.0, status=429)))
    assert time.slept == [pytest.approx(130.0)]


def test_a_short_retry_after_does_not_shorten_the_wait():
    time = Time()
    gate(time).run(failing(busy(retry_after=1.0)))
    assert time.slept == [2.0]


def test_the_last_try_raises_the_error_for_people():
    time = Time()
    with pytest.raises(OverloadedError, match="busy"):
        gate(time, tries=3).run(failing(*(busy() for _ in range(3))))
    assert len(time.slept) == 2


def test_being_told_to_wait_longer_than_a_run_may_ends_it_at_once():
    time = Time()
    with pytest.raises(OverloadedError, match="3600 seconds"):
        gate(time).run(failing(busy(retry_after=3600.0, status=429)))
    assert time.slept == []


def test_a_host_that_never_answered_gets_two_tries():
    time = Time()
    nobody = PassingFaultError(UnreachableError("Nobody there."))
    with pytest.raises(UnreachableError):
        gate(time).run(failing(nobody, nobody, nobody))
    assert time.slept == [2.0]


def test_a_host_that_answered_before_gets_all_tries():
    time = Time()
    one = gate(time)
    one.run(failing())
    nobody = PassingFaultError(UnreachableError("Nobody there."))
    assert one.run(failing(nobody, nobody, nobody, nobody)) == "answer"


def test_a_pause_asked_of_one_is_kept_by_all():
    time = Time()
    one = gate(time)
    one.run(failing(busy(retry_after=30.0, status=429)))
    time.now = 1.0
    one.run(failing())
    assert time.slept == [30.0, 29.0]


class CrowdedLanes(Lanes):
    """Lanes between which others come: before one is had, after one is let go."""

    def __init__(self, before=(), after=()):
        super().__init__(8)
        self.before, self.after = list(before), list(after)

    @contextmanager
    def one(self):
        if self.before:
            self.before.pop()()
        try:
            with super().one():
                yield
        finally:
            if self.after:
                self.after.pop()()


def near_limit(seconds):
    """Headers that ask for so many seconds between requests."""
    rate = {"X-RateLimit-FillRate": "1", "X-RateLimit-Interval-Seconds": str(seconds)}
    return {"X-RateLimit-NearLimit": "true", **rate}


def sends_at(one, time):
    """When a request of another worker is sent."""
    return one.run(lambda: time.now)


def test_who_sleeps_at_the_gate_keeps_a_longer_pause_told_meanwhile():
    time = Time()
    one = gate(time)
    told = [5.0]

    def sleep(seconds):
        if told:
            one.note_headers(near_limit(told.pop()), "")
        time.sleep(seconds)

    one.sleep = sleep
    one.note_headers(near_limit(0.5), "")
    assert sends_at(one, time) == 5.0
    assert time.slept == [0.5, 4.5]


def test_who_waits_for_a_lane_keeps_a_pause_told_meanwhile():
    time = Time()
    one = gate(time)
    one.lanes = CrowdedLanes(before=[lambda: one.note_headers(near_limit(3.0), "")])
    assert sends_at(one, time) == 3.0
    assert one.request_count == 1


def test_nobody_takes_a_lane_between_a_fault_and_its_pause():
    time, sent = Time(), []
    one = gate(time)
    one.lanes = CrowdedLanes(after=[lambda: sent.append(sends_at(one, time))])
    one.run(failing(busy(retry_after=3.0, status=429)))
    assert sent == [3.0]


def test_the_pause_told_to_a_request_that_is_given_up_is_kept_by_the_others():
    time = Time()
    one = gate(time, tries=1)
    with pytest.raises(OverloadedError):
        one.run(failing(busy(retry_after=30.0)))
    assert sends_at(one, time) == 30.0


def test_once_one_is_told_to_come_back_later_nobody_sends():
    time, sent = Time(), []
    one = gate(time)

    def another():
        with pytest.raises(ComeBackLaterError):
            one.run(failing(busy(retry_after=3600.0, status=429)), "GET /elsewhere")

    one.lanes = CrowdedLanes(before=[another])
    with pytest.raises(ComeBackLaterError, match="3600 seconds"):
        one.run(lambda: sent.append(time.now))
    assert (sent, time.slept) == ([], [])


def test_near_a_limit_requests_keep_their_distance_from_one_another():
    time = Time()
    one = gate(time)
    for _ in range(3):
        one.note_headers(near_limit(2.0), "")
    assert [sends_at(one, time) for _ in range(3)] == [2.0, 4.0, 6.0]
    one.note_headers({}, "")
    assert sends_at(one, time) == 8.0
    assert sends_at(one, time) == 8.0


def test_other_exceptions_pass_through():
    with pytest.raises(ZeroDivisionError):
        gate(Time()).run(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 10.0), ("1.5", 1.5), ("0", 1.0), ("-5", 1.0), ("soon", None), ("", None), ("nan", None), ("inf", None),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0), ("Sun, 22 Nov 2026 11:00:00 GMT", 1.0),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_every_form(text, seconds):
    assert read_retry_after({"Retry-After": text}, NOW) == seconds


ABSURD = "Wed, 21 Oct 99999999999 07:28:00 GMT"


@pytest.mark.parametrize("text", [ABSURD, "Wed, 21 Oct 2026 07:28:00 +99999999999999", "9" * 5000])
def test_a_retry_after_beyond_the_calendar_counts_as_absent(text):
    assert read_retry_after({"Retry-After": text}, NOW) is None


def test_a_date_beyond_the_calendar_does_not_hide_the_wait():
    assert read_wait({"Date": ABSURD, "Retry-After": "3"}) == 3.0


def test_no_retry_after_is_none():
    assert read_retry_after({}, NOW) is None


def test_all_tries_of_a_request_that_is_too_heavy_are_one_fault_in_a_row():
    """A few heavy issues are found by halving; a site that answers nothing is still given up."""
    time = Time()
    one = gate(time, faults_in_a_row=5)
    for _ in range(4):
        with pytest.raises(TooHeavyError):
            one.run(failing(busy(status=504), busy(status=504)), is_divisible=True)
    with pytest.raises(OverloadedError, match="5 requests in a row"):
        one.run(failing(busy(status=504), busy(status=504)))


def test_requests_that_get_no_answer_in_time_end_the_run_though_each_is_given_up_at_once():
    time = Time()
    one = gate(time, faults_in_a_row=5)
    slow = PassingFaultError(OverloadedError("no answer in time"), is_slow=True)
    for _ in range(4):
        with pytest.raises(TooHeavyError):
            one.run(failing(slow), is_divisible=True)
    with pytest.raises(OverloadedError, match="5 requests in a row"):
        one.run(failing(slow), is_divisible=True)
