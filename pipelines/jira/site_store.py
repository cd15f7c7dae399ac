"""Where one site's raw data live: files, ledger and pseudonym key under one data folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.jira.errors import MissingSettingError
from pipelines.jira.landing import Landing, pseudonym_key
from pipelines.jira.ledger import Ledger


class Store:
    """Files, ledger and key of one site."""

    def __init__(self, data: Path, site_name: str = "jira", environment: Mapping[str, str] | None = None) -> None:
        """Nothing is written before the first extraction."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", site_name):
            raise MissingSettingError(
                f"The site name {site_name!r} cannot be a folder. Use letters, digits, dot, dash and underscore."
            )
        self.site_name = site_name
        self.landing = Landing(data / "raw" / site_name)
        self.ledger = Ledger(data / "work.duckdb", site_name)
        self._data, self._environment = data, os.environ if environment is None else environment

    @property
    def key(self) -> bytes:
        """The key persons are hashed with."""
        return pseudonym_key(self._data, self._environment)
