"""One asset per metric: its inputs by name, its function, nothing else. What a metric means is said in ``transforms``."""

import polars as pl

Frame = pl.LazyFrame
