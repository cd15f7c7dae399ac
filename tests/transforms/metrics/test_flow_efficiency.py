"""Flow efficiency: a ratio of sums over delivered work, never a mean of ratios."""

import polars as pl
import pytest

from transforms.metrics.flow_efficiency import flow_efficiency

COLUMNS = ("touch", "wait", "blocked", "unassigned", "done_gap")


def journeys(*rows: tuple) -> pl.DataFrame:
    """Outcome and milliseconds of COLUMNS; their working time is half of the touch and a tenth of the rest."""
    told = []
    for outcome, *spent in rows:
        elapsed = dict(zip(COLUMNS, [*spent, 0, 0, 0, 0, 0][:5], strict=True))
        working = {f"{name}_working_ms": ms // 2 if name == "touch" else ms // 10 for name, ms in elapsed.items()}
        told.append({"outcome": outcome} | {f"{name}_ms": ms for name, ms in elapsed.items()} | working)
    schema = {"outcome": pl.String} | {f"{name}{unit}": pl.Int64 for name in COLUMNS for unit in ("_ms", "_working_ms")}
    return pl.DataFrame(told, schema=schema)


def efficiency(*rows: tuple, **how) -> float | None:
    return journeys(*rows).select(flow_efficiency(**how)).item()


def test_touch_is_divided_by_all_that_was_spent():
    assert efficiency(("delivered", 100, 200, 60, 40)) == 0.25


def test_it_is_the_ratio_of_the_sums_and_not_the_mean_of_the_ratios():
    assert efficiency(("delivered", 10, 0), ("delivered", 90, 300)) == 0.25


def test_time_done_and_come_back_counts_on_neither_side():
    assert efficiency(("delivered", 100, 100, 0, 0, 9999)) == 0.5


@pytest.mark.parametrize("outcome", ["discarded", "in_progress", "not_started"])
def test_only_delivered_work_counts(outcome):
    assert efficiency(("delivered", 100, 100), (outcome, 100, 0)) == 0.5
    assert efficiency((outcome, 100, 0)) is None


def test_without_any_time_spent_there_is_no_efficiency():
    assert efficiency(("delivered", 0, 0, 0, 0, 50)) is None
    assert efficiency() is None


def test_the_working_clock_gives_another_answer():
    assert efficiency(("delivered", 100, 500), clock="working") == 0.5
    assert efficiency(("delivered", 100, 500), clock="elapsed") == pytest.approx(1 / 6)


def test_another_estimate_of_touch_replaces_the_numerator_only():
    rows = journeys(("delivered", 100, 100), ("in_progress", 100, 100)).with_columns(share=pl.Series([30.0, 70.0]))
    assert rows.select(flow_efficiency(touch=pl.col("share"))).item() == 0.15


def test_groups_have_an_efficiency_each():
    rows = journeys(("delivered", 1, 1), ("delivered", 1, 3), ("in_progress", 1, 1))
    rows = rows.with_columns(team=pl.Series(["a", "b", "c"]))
    found = rows.group_by("team").agg(efficiency=flow_efficiency()).sort("team")
    assert found["efficiency"].to_list() == [0.5, 0.25, None]
