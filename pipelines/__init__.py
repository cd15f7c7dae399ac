"""Everything that touches the world: Dagster, Jira, DuckDB, files, the clock. Formulas belong to ``transforms``."""
