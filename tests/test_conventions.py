"""What holds across the whole house: every table is declared, tested and catalogued alike, and layers keep apart."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from transforms.catalog import TABLES
from transforms.raw import RAW_TABLES
from transforms.schema import Table

ROOT = Path(__file__).parents[1]
SOURCES = sorted((*(ROOT / "pipelines").rglob("*.py"), *(ROOT / "transforms").rglob("*.py")))
DECLARED = (*RAW_TABLES, *TABLES)

FORBIDDEN = {
    "transforms": {
        "pipelines",
        "dagster",
        "duckdb",
        "jira",
        "requests",
        "great_expectations",
        "sqlalchemy",
        "pandas",
        "os",
    },
    "transforms/core": {"transforms.metrics", "transforms.quality"},
    "pipelines": {"pandas", "tests"},
}
"""Folder → modules that nothing in it imports."""

ONLY_IN = {
    "jira": "pipelines/jira/",
    "great_expectations": "pipelines/checks.py",
    "sqlalchemy": "pipelines/duckdb_dialect.py",
    "uvicorn": "pipelines/sandbox/",
    "starlette": "pipelines/sandbox/",
    "fcntl": "pipelines/data_folder_lock.py",
    "holidays": "pipelines/config_calendar.py",
}
"""Library → the one place that knows it."""

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def imports(path):
    """Every module a file imports, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            yield str(node.module)


def is_within(module, package):
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_is_of_a_size_that_can_be_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_what_its_layer_may(path):
    found = set(imports(path))
    for folder, banned in FORBIDDEN.items():
        if name_of(path).startswith(f"{folder}/"):
            assert not [m for m in found for b in banned if is_within(m, b)]
    for library, home in ONLY_IN.items():
        if not name_of(path).startswith(home):
            assert not [m for m in found if is_within(m, library)], f"{library} is for {home} only"


def test_great_expectations_is_named_as_a_module_in_one_file_only():
    naming = [name_of(p) for p in SOURCES if re.search(r'"great_expectations', p.read_text(encoding="utf-8"))]
    assert naming == ["pipelines/checks.py"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_has_a_vague_name(path):
    assert path.stem not in VAGUE


@pytest.mark.parametrize("path", [p for p in SOURCES if "transforms" in p.parts], ids=name_of)
def test_a_calculation_never_asks_the_clock(path):
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not calls & {"now", "today", "utcnow", "time_ns", "monotonic"}


@pytest.mark.parametrize("table", DECLARED, ids=lambda t: t.name)
def test_a_table_says_its_grain(table):
    assert table.__doc__.startswith("One row per ")


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_published_table_says_what_it_answers(table):
    assert "Answers:" in table.__doc__


@pytest.mark.parametrize("table", DECLARED, ids=lambda t: t.name)
def test_every_column_says_what_it_means_and_when_it_is_empty(table):
    for name, column in table.columns.items():
        assert column.description.endswith((".", "…")), name
        assert not column.nullable or re.search(r"\b[Ee](mpty|lse)\b|may be", column.description), (
            f"{name}: when empty?"
        )


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_column_names_keep_their_promises(table):
    suffixes = {"_at": "Datetime", "_date": "Date", "_ms": "Int64", "_count": "Int", "_share": "Float64"}
    for name, column in table.columns.items():
        for suffix, dtype in suffixes.items():
            if name.endswith(suffix):
                assert str(column.dtype).startswith(dtype), name
        if name.startswith(("is_", "has_")):
            assert str(column.dtype) == "Boolean", name


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_table_has_its_own_file_and_test_file(table):
    assert table.__module__ == f"transforms.{table.layer}.{table.name}"
    assert (ROOT / "tests" / "transforms" / table.layer / f"test_{table.name}.py").exists()


METRICS = [table for table in TABLES if table.layer == "metrics"]

NO_SAMPLE = {
    "value_stream_map": r"_per_delivered$|_total$",  # accounts that add up: sums over everything delivered
    "cycle_times": r"^restricted_to_days$",  # where a mean was cut off
    "ageing_work": r"^service_level_days$",  # repeated from service_levels, with its interval there
    "current_regimes": r"^change_p_value$",
    "stage_flow_weekly": r"^(over_limit|saturated)_share$|^residence_days$|^drain_weeks$|^load_ratio$",  # whole weeks
    "flow_weekly": (
        r"^wip_|^residence_days$|_(geometric_mean|regime_mean|autocorrelation|limit_low|limit_high)$"  # likewise
    ),
    "release_batches": r"^days_since_previous$|^wait_days_p50$",  # of all issues of one release
    "commitment_cadence": r"^planning_interval_days$|^cadence_wait_days$",
    "touch_shares": r"^touch_.*_working_days$",
    "approver_concentration": r"^concentration_index$",
    "constraint_verdicts": r"^(constraint_)?wait_of_cycle|^cycle_working_days_p50$|^(fidelity|margin|vote)_",  # replays
    "constraint_evidence": r".",  # indicators of METHODS §3.3 to disagree by; what is uncertain is in relief_estimates
    "relief_estimates": r"^cycle_working_days_p50$|^win_share$",  # the change has the interval
    "divergence_verdicts": r"^cycle_days_p50_(before|after)$",  # what cycle_ratio, with its interval, compares
    "forecast_backtests": r"^(pinball|place)_|^crps_mean$|^naive_error_mean$|^skill$",  # scores
}
"""Table → figures that may be empty and are no estimates from a sample, so that they have no interval."""


@pytest.mark.parametrize("table", METRICS, ids=lambda t: t.name)
def test_every_row_of_a_metric_says_under_which_definitions_it_was_computed(table):
    assert not table.columns["definition_version"].nullable


@pytest.mark.parametrize("table", METRICS, ids=lambda t: t.name)
def test_every_estimate_has_an_interval_may_be_withheld_and_stands_beside_its_n(table):
    figures = {
        name
        for name, column in table.columns.items()
        if column.nullable and str(column.dtype) == "Float64" and not re.search(NO_SAMPLE.get(table.name, "^$"), name)
    }
    values = {name for name in figures if not name.endswith(("_low", "_high"))}
    assert figures == {f"{name}{end}" for name in values for end in ("", "_low", "_high")}
    if values:
        assert any(name.endswith("_count") for name in table.columns), "no n"


@pytest.mark.parametrize("table", METRICS, ids=lambda t: t.name)
def test_a_metric_that_withholds_figures_says_so_in_a_column(table):
    withholds = [name for name, column in table.columns.items() if column.nullable and "(note)" in column.description]
    assert not withholds or {"note", "sentence"} & set(table.columns)


@pytest.mark.parametrize("table", METRICS, ids=lambda t: t.name)
def test_figures_named_as_no_estimates_are_there(table):
    if table.name in NO_SAMPLE:
        assert [name for name in table.columns if re.search(NO_SAMPLE[table.name], name)]


def test_every_table_declared_in_a_published_layer_is_in_the_catalogue():
    for path in SOURCES:
        if re.match(r"transforms/(core|metrics|quality)/\w+\.py$", name_of(path)) and path.stem != "__init__":
            import_module(name_of(path).removesuffix(".py").replace("/", "."))
    published = {
        t for t in subclasses(Table) if t.layer not in ("raw", "private") and t.__module__.startswith("transforms.")
    }
    bases = {t for t in published if any(child.layer == t.layer for child in t.__subclasses__())}
    assert published - bases == set(TABLES)


def subclasses(cls):
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)


def test_names_of_tables_are_unique():
    assert len({table.name for table in DECLARED}) == len(DECLARED)


def test_no_published_column_names_a_person():
    words = {"assignee", "author", "reporter", "creator", "person", "account", "email"}
    for table in TABLES:
        assert not [name for name in table.columns if words & set(name.split("_"))], table.name
