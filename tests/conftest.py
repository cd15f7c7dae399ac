"""Where the shared real data lie, and a skip that says so where they do not; random examples come from a fixed seed.

Where ``FUZZ_EXAMPLES`` asks for many examples, they are new ones each time.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seeded", derandomize=True)
settings.load_profile("default" if "FUZZ_EXAMPLES" in os.environ else "seeded")

SHARED_DATA = Path(os.environ.get("FLOW_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def recordings(shared_data, tmp_path_factory) -> Callable[[str], Path]:
    """Gives the folder into which the real data were published, by flavour."""
    from tests.recordings import published_recordings  # noqa: PLC0415 (brings the whole product, which few tests need)

    return partial(published_recordings, tmp_path_factory, shared_data)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real Jira data; the test is skipped where it is absent."""
    if not (SHARED_DATA / "real").is_dir():
        pytest.skip(f"real Jira data not found at {SHARED_DATA}; set FLOW_SHARED_DATA to their folder")
    return SHARED_DATA
