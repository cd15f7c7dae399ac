"""Output up, delivery not: planted divergences are seen, their absence too, and little data tells nothing."""

from datetime import date, timedelta

import numpy as np
import pytest

from tests.builders import BOARD, frames, history
from tests.transforms.metrics.flow_frames import MONDAY
from tests.transforms.metrics.metric_frames import checked, core_of
from transforms.metrics.divergence import Evidence, judge
from transforms.metrics.divergence_verdicts import DivergenceVerdicts, judge_divergence
from transforms.statistics.order_statistics import Estimate
from transforms.statistics.rates import UNKNOWN

WORKFLOW = BOARD.workflow()
HALF = timedelta(weeks=13)


def build(*told, as_of):
    core = core_of(frames(*told), WORKFLOW, as_of)
    made = judge_divergence(core.status_visits, core.work_intervals, core.issue_journeys, core.stages, WORKFLOW, as_of)
    return checked(DivergenceVerdicts, made)


def rolling(table):
    [row] = table.filter(period_kind="rolling_26_weeks").to_dicts()
    return row


def stream(before, after, pace, touch_hours=4.0, weeks=26, seed=1):
    """``before``, then ``after`` issues start a week; coding takes hours; review takes ``pace`` a week, one by one."""
    rng, told, free = np.random.default_rng(seed), [], MONDAY
    for week in range(weeks):
        for place in range(before if week < weeks / 2 else after):
            start = MONDAY + timedelta(weeks=week, minutes=int(rng.integers(0, 100 * 60)))
            coded = start + timedelta(hours=touch_hours)
            free = max(free, coded) + timedelta(hours=7 * 24 / pace)
            one = history(f"D-{week}-{place}").created(start - timedelta(minutes=1), status="Selected")
            one.to("In Progress", start).to("Ready for Review", coded)
            told.append(one.to("In Review", free - timedelta(hours=1)).to("Done", free) if free < END else one)
    return told


END = MONDAY + timedelta(weeks=26)


def test_coding_that_doubles_before_a_review_that_does_not_diverges():
    row = rolling(build(*stream(9, 18, 10), as_of=END))
    assert row["verdict"] == "yes"
    assert row["output_proxy"] in ("starts", "code_done")
    assert row["output_ratio"] == pytest.approx(2, abs=0.1)
    assert row["output_ratio_low"] > 1.4 > row["delivered_ratio"]
    assert row["wip_slope_per_week"] == pytest.approx(8, abs=1.5)
    assert row["wip_slope_per_week_low"] > 0 and row["cycle_ratio_low"] > 1
    assert row["sentence"].startswith("Output is up and delivery does not follow: ")
    assert "in 13 weeks (×2.0" in row["sentence"] or "in 13 weeks (×1.9" in row["sentence"]


def test_the_later_thirteen_weeks_are_named():
    row = rolling(build(*stream(9, 18, 10), as_of=END))
    assert row["later_start_date"] == (MONDAY + HALF).date()
    assert row["delivered_before_count"] + row["delivered_after_count"] > 200


def test_output_that_falls_does_not_diverge():
    row = rolling(build(*stream(16, 8, 30), as_of=END))
    assert row["verdict"] == "no"
    assert "output is not up by a tenth" in row["sentence"]


def test_more_started_and_as_much_more_delivered_is_not_called_diverging():
    assert rolling(build(*stream(9, 18, 60), as_of=END))["verdict"] != "yes"


def test_a_history_that_is_too_short_tells_nothing():
    row = rolling(build(*stream(9, 18, 10)[:200], as_of=MONDAY + timedelta(weeks=20)))
    assert (row["verdict"], row["output_ratio"], row["later_start_date"]) == ("cannot_tell", None, None)
    assert "no 26 complete weeks" in row["sentence"]


def test_too_few_events_tell_nothing():
    row = rolling(build(*stream(9, 18, 10)[::40], as_of=END))
    assert row["verdict"] == "cannot_tell"
    assert "too few" in row["sentence"]


def test_a_quarter_is_judged_by_its_last_thirteen_complete_weeks():
    made = build(*stream(9, 18, 10), as_of=END).filter(period_kind="quarter")
    assert made["period_start_date"].to_list() == [date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1)]
    assert made["verdict"].to_list() == ["cannot_tell", "cannot_tell", "yes"]


def test_a_site_without_issues_has_no_verdicts():
    assert build(as_of=END).is_empty()


UP, FLAT, DOWN, WIDE = (
    Estimate(1.5, 1.2, 1.9),
    Estimate(1.0, 0.9, 1.08),
    Estimate(0.7, 0.6, 0.8),
    Estimate(1.2, 0.8, 1.8),
)
GROWS, SHRINKS = Estimate(3.0, 1.0, 5.0), Estimate(-2.0, -3.0, -1.0)


@pytest.mark.parametrize(
    ("output", "delivered", "cycle", "slope", "verdict"),
    [
        (UP, FLAT, UP, SHRINKS, "yes"),
        (UP, FLAT, FLAT, GROWS, "yes"),
        (UP, FLAT, DOWN, SHRINKS, "no"),
        (FLAT, DOWN, UP, GROWS, "no"),
        (WIDE, FLAT, UP, GROWS, "cannot_tell"),
        (UP, WIDE, UP, GROWS, "cannot_tell"),
        (UP, FLAT, WIDE, SHRINKS, "cannot_tell"),
        (UP, Estimate(3.0, 2.5, 3.5), UP, GROWS, "no"),
        (UNKNOWN, FLAT, UP, GROWS, "cannot_tell"),
        (UP, UNKNOWN, UP, GROWS, "cannot_tell"),
    ],
)
def test_the_rule(output, delivered, cycle, slope, verdict):
    found = Evidence(date(2026, 1, 5), "starts", (100, 150), (90, 91), output, delivered, (9.0, 13.5), cycle, slope)
    given, sentence = judge(found)
    assert given == verdict
    assert sentence.endswith(".") and "None" not in sentence


def test_what_is_clear_is_said_though_the_whole_is_not():
    found = Evidence(date(2026, 1, 5), "starts", (100, 120), (90, 91), WIDE, FLAT, (9.0, 13.5), UP, GROWS)
    assert judge(found)[1].startswith(
        "Nobody can tell whether output and delivery diverge, though work clearly takes longer or piles up: starts from"
        " 100 to 120 in 13 weeks (×1.20 [0.80, 1.80]), deliveries from 90 to 91 in 13 weeks (×1.00 [0.90, 1.08]),"
        " median cycle time from 9.0 to 13.5 days (×1.50 [1.20, 1.90]), WIP changed by +3.0 a week [+1.0, +5.0]."
    )
