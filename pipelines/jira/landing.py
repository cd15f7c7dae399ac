"""Raw batches on disk: append-only, content-addressed, private, and read back only if they are what their name says.

One folder per site: ``issues/<sha256>.jsonl.zst`` and ``reference/<sha256>.json.zst``. The hash is that of the content
before compression. Which batches make up the current state belongs to ``ledger``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import zstandard

from pipelines.durable import PRIVATE_FOLDER, write_durably
from pipelines.jira.errors import DamagedError, MissingSettingError

SUFFIXES = {"issues": ".jsonl.zst", "reference": ".json.zst"}
LEVEL = 3
CHUNK = 1 << 20

KEY_FILE = Path("private") / "pseudonym.key"
"""Where the pseudonym key lies below a data folder, unless FLOW_PSEUDONYM_KEY gives it."""


class Landing:
    """The raw folder of one site."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is ``<data>/raw/<site_name>``; it is made on first use."""
        self.folder = folder

    def write_issues(self, lines: Sequence[bytes]) -> str:
        """Land one batch of scrubbed lines durably; returns its hash. Landing the same lines again changes nothing."""
        return self._write("issues", b"".join(line + b"\n" for line in lines))

    def write_reference(self, document: bytes) -> str:
        """Land one snapshot of reference data durably; returns its hash."""
        return self._write("reference", document)

    def read_reference(self, sha: str) -> bytes:
        """The snapshot with this hash. Raises DamagedError if it is missing or damaged."""
        return b"".join(self._chunks("reference", sha))

    def read_issues(self, sha: str) -> Iterator[bytes]:
        """Lines of one batch, without newline, a chunk at a time. Raises DamagedError, at the latest at the end."""
        rest = b""
        for chunk in self._chunks("issues", sha):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def path(self, kind: str, sha: str) -> Path:
        """Where content of this kind and hash lies."""
        return self.folder / kind / f"{sha}{SUFFIXES[kind]}"

    def _write(self, kind: str, content: bytes) -> str:
        sha = hashlib.sha256(content).hexdigest()
        target = self.path(kind, sha)
        if not target.exists():
            for folder in (self.folder.parent, self.folder, target.parent):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            write_durably(target, zstandard.ZstdCompressor(level=LEVEL).compress(content))
        return sha

    def _chunks(self, kind: str, sha: str) -> Iterator[bytes]:
        path, digest = self.path(kind, sha), hashlib.sha256()
        try:
            with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    yield chunk
        except (OSError, zstandard.ZstdError) as error:
            raise DamagedError(path, sha) from error
        if digest.hexdigest() != sha:
            raise DamagedError(path, sha)


def pseudonym_key(data: Path, environment: Mapping[str, str]) -> bytes:
    """The key persons are hashed with: FLOW_PSEUDONYM_KEY, or ``<data>/private/pseudonym.key``, made on first use."""
    if given := environment.get("FLOW_PSEUDONYM_KEY", ""):
        if len(given) < 16:
            raise MissingSettingError("FLOW_PSEUDONYM_KEY is too short to protect anybody: use at least 16 random"
                                      " characters, or unset it and a key is made and kept.")  # fmt: skip
        return given.encode()
    path = data / KEY_FILE
    if not path.exists():
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_durably(path, secrets.token_hex(32).encode())
    return path.read_bytes().strip()
