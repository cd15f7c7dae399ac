"""A flow.toml as somebody would write it, and what is told of one that cannot be used."""

import pytest

from pipelines.config import load_config
from pipelines.config_errors import ConfigError


@pytest.fixture
def written(tmp_path):
    """Write a flow.toml and load it."""

    def load(text):
        path = tmp_path / "flow.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return load


def complaint(written, text):
    """What is told of a file that cannot be used; always one paragraph that begins with the file."""
    with pytest.raises(ConfigError) as caught:
        written(text)
    words = str(caught.value)
    assert "\n" not in words
    return words.partition("flow.toml")[2].lstrip(": ")
