"""The spiral of fear: shown where it is built in, not seen where releases are like dice."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.builders import BOARD
from tests.transforms.metrics.metric_frames import checked
from transforms.metrics.deploy_fear import BOXES, DeployFear, tell_deploy_fear
from transforms.metrics.release_batches import ReleaseBatches

AS_OF = datetime(2026, 6, 30, 16, tzinfo=UTC)
FIRST = datetime(2024, 1, 10, 12, tzinfo=UTC)
WORKFLOW = BOARD.workflow()


def released(pauses, sizes, failures, hotfixes=()):
    """Releases by the days before each, their sizes and failures; ``hotfixes`` are positions."""
    at, rows = FIRST, []
    for n, (pause, size, failed) in enumerate(zip(pauses, sizes, failures, strict=True)):
        at += timedelta(days=float(pause))
        rows.append(
            ("Golden", n + 1, "version", n, f"v{n}", n in hotfixes, at, int(size), float(pause), 0.0, None,
             None if failed is None else int(failed), None if failed is None else 0, "x", None)
        )  # fmt: skip
    return pl.DataFrame(rows, schema=ReleaseBatches.polars_schema(), orient="row")


def told(batches, period_kind="whole_history"):
    made = checked(DeployFear, tell_deploy_fear(batches.lazy(), WORKFLOW, AS_OF))
    return made.filter(period_kind=period_kind).to_dicts()


def spiral(count=20):
    """Every release is bigger, breaks more per issue, and is followed by a longer pause."""
    growth = np.arange(count)
    return released(5 + growth, 4 + 2 * growth, 1 + growth**2 // 4)


def test_a_spiral_ticks_all_five_boxes():
    [row] = told(spiral())
    assert [row[box] for box in BOXES] == ["yes"] * 5
    assert (row["yes_count"], row["verdict"]) == (5, "yes")
    assert row["sentence"].startswith(
        "Fear of releasing feeds on itself: 5 of 5 signs over 20 releases: releases grow;"
    )
    assert (row["release_count"], row["followed_count"]) == (20, 19)


def test_releases_that_become_small_and_frequent_are_no_spiral():
    growth = np.arange(20)
    [row] = told(released(30 - growth, 60 - 2 * growth, 20 - growth))
    assert (row["batch_grows"], row["pause_grows"]) == ("no", "no")
    steady = np.array([7, 9] * 10)
    [other] = told(released(np.roll(steady, 1), steady, 16 - np.roll(steady, 1)))
    assert other["verdict"] != "yes"


def test_a_bad_release_followed_by_a_shorter_pause_is_no_fear():
    rng = np.random.default_rng(2)
    failures = rng.integers(0, 9, 40)
    [row] = told(released(np.concatenate([[8], 20 - 2 * failures[:-1]]), rng.integers(5, 25, 40), failures))
    assert (row["pause_follows_failure"], row["verdict"]) == ("no", "no")
    assert row["sentence"].startswith("No spiral of fear:")


def test_releases_like_dice_rarely_look_like_a_spiral():
    rng = np.random.default_rng(5)
    verdicts = []
    for _ in range(60):
        pauses, sizes, failures = rng.integers(3, 20, 30), rng.integers(3, 30, 30), rng.poisson(2, 30)
        verdicts.append(told(released(pauses, sizes, failures))[0]["verdict"])
    assert verdicts.count("yes") <= 3
    assert verdicts.count("cannot_tell") >= 40


def test_a_sure_but_tiny_correlation_is_no_sign():
    rng = np.random.default_rng(3)
    pauses = rng.uniform(0.2, 1, 800)
    [row] = told(released(pauses, np.round(20 + 6 * pauses + rng.normal(0, 6, 800)), rng.poisson(1, 800)))
    assert row["batch_follows_pause_correlation_low"] > 0.05
    assert row["batch_follows_pause"] == ("yes" if row["batch_follows_pause_correlation"] >= 0.2 else "cannot_tell")


def test_below_twelve_releases_nothing_can_be_told():
    [row] = told(spiral(11))
    assert (row["verdict"], row["yes_count"], row["batch_grows"]) == ("cannot_tell", 0, "cannot_tell")
    assert row["sentence"] == "Cannot tell: 11 releases, a judgement needs 12."
    assert row["note"] == "all boxes need 12 releases, there are 11"
    assert row["batch_grows_correlation"] is None


def test_the_last_release_is_not_followed_yet_and_young_ones_say_nothing_of_failures():
    batches = spiral(14)
    failures = batches["bug_count"].to_list()[:-3] + [None] * 3
    [row] = told(batches.with_columns(bug_count=pl.Series(failures, dtype=pl.Int64)))
    assert (row["release_count"], row["followed_count"]) == (14, 11)
    assert row["pause_follows_failure"] == "cannot_tell"
    assert row["note"] == "failures_keep_up, pause_follows_failure: fewer than 12 known, or they never vary"


def test_hotfixes_are_no_releases_of_their_own_and_the_pause_runs_over_them():
    plain = spiral(20)
    [row] = told(plain.with_columns(is_hotfix=pl.Series([n % 3 == 1 for n in range(20)])))
    assert row["release_count"] == 13
    assert row["pause_grows"] == "yes"


@pytest.mark.parametrize("kind", ["quarter", "rolling_26_weeks"])
def test_periods_judge_the_releases_within_them(kind):
    rows = told(spiral(30), kind)
    assert sum(row["release_count"] for row in rows) <= 30
    assert {row["verdict"] for row in rows} == {"cannot_tell"}
    if kind == "quarter":
        assert sum(row["release_count"] for row in rows) == 30


def test_the_whole_history_runs_from_the_first_release_to_as_of():
    [row] = told(spiral())
    assert (row["period_start_date"], row["period_end_date"]) == (date(2024, 1, 15), date(2026, 6, 30))
    assert row["is_complete_period"] is False


def test_without_releases_there_are_no_rows():
    assert told(ReleaseBatches.empty()) == []
