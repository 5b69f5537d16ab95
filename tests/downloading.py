"""A file on a misbehaving server, and a downloader whose waits are only noted."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import misbehaving_server as ms
import pytest

from medallion.bronze.download import Fetched, fetch
from medallion.bronze.policy import Policy
from medallion.catalog import RemoteFile, Version
from medallion.errors import DownloadError
from medallion.progress import Progress

NAME = "ALL.chr22.vcf.gz"
CONTENT = random.Random(22).randbytes(700_001)
OTHER = random.Random(23).randbytes(700_001)


@dataclass
class World:
    """A server with one good file on it, and a policy whose waits are only noted."""

    server: ms.MisbehavingServer
    site: ms.Site
    directory: Path
    policy: Policy
    waits: list[float]

    def file(self, *urls: str, size: int | None = len(CONTENT), md5: str | None = "") -> RemoteFile:
        right = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        version = Version("v1", urls or (self.site.url,), size, right if md5 == "" else md5)
        return RemoteFile(NAME, "vcf", "22", (version,))

    def fetch(
        self,
        file: RemoteFile | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Fetched:
        return fetch(
            file or self.file(),
            self.directory,
            progress=progress,
            cancel=cancel,
            policy=self.policy,
        )

    def fails(self, file: RemoteFile | None = None) -> str:
        """The error's text; and nothing may stand under the file's name."""
        with pytest.raises(DownloadError) as caught:
            self.fetch(file)
        assert not (self.directory / NAME).exists()
        return str(caught.value)

    def only(self, *names: str) -> None:
        assert sorted(path.name for path in self.directory.iterdir()) == sorted(names)

    def right(self, fetched: Fetched) -> None:
        """The bytes are right, the record says so, and nothing is left beside them."""
        assert fetched.path.read_bytes() == CONTENT
        assert fetched.bytes == len(CONTENT)
        assert fetched.md5 == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        assert fetched.sha256 == hashlib.sha256(CONTENT).hexdigest()
        self.only(NAME)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    waits: list[float] = []
    policy = Policy(
        connect_timeout=2.0,
        read_timeout=0.4,
        wait=lambda seconds, _cancel: waits.append(seconds),
        jitter=lambda: 0.0,
        free_bytes=lambda _directory: 10**12,
    )
    with ms.serve() as server:
        yield World(server, server.add("/file", CONTENT), tmp_path / "bronze", policy, waits)
