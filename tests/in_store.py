"""Object storage for tests: moto's S3 server, a process of its own on loopback (`s3_server`)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest
import s3_server
from s3_server import BUCKET

from medallion import Lake
from medallion.files import ObjectPath

pytest.importorskip("moto", reason="moto, the S3 server of these tests, is not installed")
pytest.importorskip("obstore", reason="the extra s3 is not installed")

__all__ = ["copy", "folder", "same", "store"]


@pytest.fixture(scope="module")
def store(s3: s3_server.Server) -> Iterator[s3_server.Server]:
    """The server, and the environment of who uses it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        yield s3


@pytest.fixture
def folder(store: s3_server.Server, request: pytest.FixtureRequest) -> ObjectPath:
    """A folder of the test's own."""
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    return ObjectPath(BUCKET, f"{request.node.originalname}-{name}")


def copy(lake: Lake, name: str) -> Lake:
    """What `aws s3 sync` makes of a lake on the disk."""
    target = ObjectPath(BUCKET, name)
    for path in lake.path.rglob("*"):
        if path.is_file():
            (target / path.relative_to(lake.path).as_posix()).write_bytes(path.read_bytes())
    return Lake(str(target))


def same(one: Lake, other: Lake) -> None:
    """Every table of silver and gold has the same rows in the same order."""
    tables = [t.name for t in one.tables() if t.layer != "bronze"]
    for name in tables:
        assert other.scan(name, build=False).collect().equals(one.scan(name, build=False).collect())
