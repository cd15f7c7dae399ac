"""The gate: what is tried again, after how long, and when it gives up. No test waits."""

from datetime import UTC, datetime

import pytest

from pipelines.jira.errors import OverloadedError, UnreachableError
from pipelines.jira.rate_limits import read_retry_after
from pipelines.jira.retry import Gate, PassingFaultError, RetryPolicy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


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


def test_no_retry_after_is_none():
    assert read_retry_after({}, NOW) is None
