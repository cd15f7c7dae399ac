"""Contracts that hold between published tables, and between a run and the one before, as queries for what breaks them.

A contract speaks of one site: it is checked on that site's tables, before those of several are laid together.
What a single table promises stands in its declaration and needs no query here. Nothing runs here either: queries are
run by ``pipelines.checks`` on the tables as they will be published.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.contracts.contract import Contract
from pipelines.contracts.flow import FLOW
from pipelines.contracts.freshness import freshness_of
from pipelines.contracts.history import HISTORY
from pipelines.contracts.runs import RUNS, volumes_of
from pipelines.contracts.work import WORK
from transforms.catalog import TABLES
from transforms.schema import Table

CONTRACTS: tuple[Contract, ...] = (
    *HISTORY,
    *WORK,
    *FLOW,
    *RUNS,
    *(contract for table in TABLES for contract in (*freshness_of(table), *volumes_of(table))),
)


def contracts_for(tables: Iterable[type[Table]], given: Iterable[str] = ()) -> list[Contract]:
    """The contracts whose tables are all there, and whose facts are ``given``."""
    names = {*(table.name for table in tables), *given}
    return [contract for contract in CONTRACTS if names.issuperset(contract.needs)]
