"""Eight readers in a loop while twenty versions are published: no error, nothing torn, nobody waits for anybody."""

import subprocess
import sys
import time

import pytest

from pipelines import warehouse
from pipelines.versions import version_ids
from pipelines.warehouse import Version
from tests.pipelines.toy_tables import Depots, Parcels, depots, parcels

READERS, VERSIONS, ROWS = 8, 20, 200

READER = """
import os, sys, duckdb
data, told, stop = sys.argv[1:]

def numbers(base, source):
    return base.execute(f"SELECT min(parcel_id), max(parcel_id), count(*) FROM {source}").fetchone()

def depot(base, source):
    return base.execute(f"SELECT min(depot_id), max(depot_id), count(*) FROM {source}").fetchone()

last = 0
while not os.path.exists(stop):
    folder = os.path.realpath(f"{data}/current")
    with duckdb.connect(f"{folder}/flow.duckdb", read_only=True) as base:
        number, high, rows = numbers(base, "core.parcels")
        assert (high, rows) == (number, 200)
        assert numbers(base, f"read_parquet('{folder}/parquet/core/parcels.parquet')") == (number, number, 200)
        for source in ("quality.depots", f"read_parquet('{folder}/parquet/quality/depots.parquet')"):
            assert depot(base, source) == (number, number, 1)
    assert os.path.basename(folder) == f"v{number:02}"
    with duckdb.connect(f"{data}/flow.duckdb", read_only=True) as base:
        through, high, rows = numbers(base, "core.parcels")
        assert (high, rows) == (through, 200) and depot(base, "quality.depots") == (through, through, 1)
    assert last <= number <= through
    last = through
    with open(told, "a") as file:
        file.write(f"{number}\\n")
"""


def publish(data, number):
    """A version in which every row of every table is marked with its number."""
    version = Version(data, f"v{number:02}")
    rows = [{"parcel_id": number, "leg_number": leg + 1} for leg in range(ROWS)]
    warehouse.stage_version(version, {Parcels: parcels(*rows).lazy(), Depots: depots(number).lazy()}, "acme")
    warehouse.publish_version(version)


def read_counts(told):
    """How many rounds each reader has finished."""
    return [len(path.read_text().splitlines()) if path.exists() else 0 for path in told]


def wait_for_a_round(told, readers):
    """Until every reader has finished a round that began after now, so that the slowest machine sees many versions."""
    before, until = read_counts(told), time.monotonic() + 120
    while any(now < then + 2 for now, then in zip(read_counts(told), before, strict=True)):
        assert all(reader.poll() is None for reader in readers), "a reader failed"
        assert time.monotonic() < until, "readers hang"
        time.sleep(0.01)


@pytest.mark.timeout(600)
def test_eight_readers_see_twenty_versions_and_never_half_of_one(tmp_path):
    data, stop = tmp_path / "data", tmp_path / "stop"
    told = [tmp_path / f"told-{number}" for number in range(READERS)]
    publish(data, 1)
    command = [sys.executable, "-c", READER, str(data)]
    readers = [subprocess.Popen([*command, str(path), str(stop)], stderr=subprocess.PIPE, text=True) for path in told]
    try:
        for number in range(2, VERSIONS + 1):
            wait_for_a_round(told, readers)
            publish(data, number)
        wait_for_a_round(told, readers)
    finally:
        stop.touch()
        errors = [reader.communicate()[1] for reader in readers]
    assert errors == [""] * READERS
    assert [reader.returncode for reader in readers] == [0] * READERS
    for path in told:
        seen = [int(line) for line in path.read_text().splitlines()]
        assert seen == sorted(seen)
        assert len(set(seen)) > VERSIONS // 2
    assert version_ids(data) == [f"v{number:02}" for number in range(VERSIONS - 4, VERSIONS + 1)]
