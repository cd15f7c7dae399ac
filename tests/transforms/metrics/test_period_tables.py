"""What tables over periods share: percentiles of groups, notes, families of columns."""

import numpy as np
import polars as pl
import pytest

from transforms.metrics.period_tables import as_note, estimate_columns, percentile_columns, percentiles_by, too_few
from transforms.statistics.order_statistics import percentile


def test_percentiles_of_many_groups_are_those_of_each_alone():
    rng = np.random.default_rng(1)
    sizes = {"a": 5, "b": 6, "c": 23, "d": 90}
    values = {name: rng.lognormal(size=size) for name, size in sizes.items()}
    frame = pl.concat(pl.DataFrame({"group": [name] * len(v), "days": v}) for name, v in values.items())
    made = percentiles_by(frame.sample(fraction=1, shuffle=True, seed=2), ["group"], {"days": "x"}, (50, 85, 95))
    for row in made.to_dicts():
        for percent in (50, 85, 95):
            found = tuple(row[f"x_p{percent}{end}"] for end in ("", "_low", "_high"))
            assert found == percentile(values[row["group"]], percent / 100)


def test_empty_values_do_not_count():
    frame = pl.DataFrame({"group": ["a"] * 8, "days": [1.0, 2, 3, 4, 5, 6, None, None]})
    [row] = percentiles_by(frame, ["group"], {"days": "x"}, (50,)).to_dicts()
    assert (row["x_p50"], row["x_p50_low"], row["x_p50_high"]) == (3, 1, 6)


def test_a_frame_without_rows_has_no_groups():
    frame = pl.DataFrame(schema={"group": pl.String, "days": pl.Float64})
    made = percentiles_by(frame, ["group"], {"days": "x"}, (50,))
    assert made.is_empty() and made.columns == ["group", "x_p50", "x_p50_low", "x_p50_high"]


@pytest.mark.parametrize(
    ("n", "note"),
    [
        (5, "p50 needs 6 deliveries, there are 5; p85 needs 23 deliveries, there are 5"),
        (6, "p85 needs 23 deliveries, there are 6"),
        (23, None),
    ],
)
def test_a_note_names_what_is_withheld_and_is_empty_when_nothing_is(n, note):
    frame = pl.DataFrame({"n": [n]})
    assert frame.select(as_note(too_few((50, 85), "n", "deliveries"))).item() == note


def test_every_estimate_has_its_two_ends_after_it():
    assert list(estimate_columns("x_share", "Meaning.")) == ["x_share", "x_share_low", "x_share_high"]
    assert list(percentile_columns("x_days", "of all.", (50, 85)))[::3] == ["x_days_p50", "x_days_p85"]
    assert all(column.nullable for column in percentile_columns("x_days", "of all.", (50,)).values())
