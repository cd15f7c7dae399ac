"""Pure Polars: tables in, tables out. No Dagster, no DuckDB, no files, no network, no clock."""
