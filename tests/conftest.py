"""Fixtures that several test modules share. Lakes in them are built once, and only read."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import s3_server
from filelock import FileLock
from real_data import SLICES, real
from two_populations import two_populations

from medallion import Lake
from medallion.figures import sketch

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

sketch.CHECKED = True  # a property that plotly does not know fails the test that draws it

Build = Callable[[Path], Lake]

# A worker takes a module of tests at a time, so that what the module prepares is prepared
# once. Those that take long are begun first, so that no worker ends the run alone.
LONG = (
    "test_torture", "test_browser", "test_world", "test_fuzz", "test_store", "test_cluster",
    "test_published", "test_readme", "test_conformance", "test_hostile", "test_style", "test_gold",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Where compiled Python is not kept, keep it for this run.

    Each worker and each program that a test starts would compile all that it imports
    anew, which takes longer than most of what they do. The first process of a run is
    configured before it starts any other, and they have its environment.
    """
    if sys.dont_write_bytecode and not hasattr(config, "workerinput"):
        folder = TemporaryDirectory(prefix="compiled", ignore_cleanup_errors=True)
        config.add_cleanup(folder.cleanup)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder.name
        sys.dont_write_bytecode = False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        starts = (i for i, start in enumerate(LONG) if item.path.stem.startswith(start))
        return next(starts, len(LONG))

    items.sort(key=turn)


@pytest.fixture(autouse=True)
def looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test does to a file is seen at once."""
    monkeypatch.setattr("medallion.files.recent._SECONDS_OF_FILES", 0)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Build], Lake]:
    """A function from a name and how to build it in a folder to a lake, the same in all workers.

    Who asks first builds, others wait for it. The lakes are for reading only.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "lakes"
    folder.mkdir(exist_ok=True)

    def of(name: str, build: Build) -> Lake:
        place, done = folder / name, folder / f"{name}.done"
        with FileLock(folder / f"{name}.lock"):
            if not done.exists():
                place.mkdir(exist_ok=True)
                done.write_text(str(build(place).path), encoding="utf-8")
        return Lake(Path(done.read_text(encoding="utf-8")))

    return of


@pytest.fixture(scope="session")
def copy_of(
    built_once: Callable[[str, Build], Lake],
) -> Callable[[str, Build, Path], Lake]:
    """As `built_once`, and what is in the lake's folder copied to another: a lake to write to.

    Copying takes 7 ms where building takes 250.
    """

    def of(name: str, build: Build, target: Path) -> Lake:
        lake = built_once(name, build)
        made = lake.path.parent
        shutil.copytree(made, target, dirs_exist_ok=True)
        # A lake may be moved, but it knows where its source lies.
        old, new = (json.dumps(str(folder))[1:-1] for folder in (made, target))
        copied = target / lake.path.name
        for record in (copied / "lake.json", *copied.glob("*/layer.json")):
            text = record.read_text(encoding="utf-8").replace(old, new)
            record.write_text(text, encoding="utf-8", newline="\n")
        return Lake(copied)

    return of


@pytest.fixture(scope="session", autouse=True)
def _components_sought_once() -> Iterator[None]:
    """Streamlit's AppTest reads the metadata of all that is installed for each app it opens."""
    if "streamlit" not in sys.modules:
        yield
        return
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        seek = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", seek)
        yield


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open a page of a lake, such as `explore/ld`, as a link with these parameters does."""
    from app_pages import opened  # Streamlit takes a while, and few modules of tests want it

    monkeypatch.setattr("sys.argv", ["app.py"])

    def of(lake: Lake, name: str, **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
        return opened(name, query)

    return of


@pytest.fixture(scope="session")
def s3() -> Iterator[s3_server.Server]:
    """A store of objects: one for all tests of a process, whose libraries keep connections."""
    with s3_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def demo_lake(built_once: Callable[[str, Build], Lake]) -> Lake:
    """The embedded demo, built up to gold. For reading only."""

    def build(folder: Path) -> Lake:
        lake = Lake(folder / "lake", dataset="demo")
        lake.build("gold")
        return lake

    return built_once("demo", build)


@pytest.fixture(scope="module")
def own_demo(demo_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The demo, copied for a module of tests that saves a reader's cohorts in it."""
    return Lake(shutil.copytree(demo_lake.path, tmp_path_factory.mktemp("demo") / "lake"))


@pytest.fixture(scope="session")
def cohort_lake(built_once: Callable[[str, Build], Lake]) -> Lake:
    """Two populations of hostile names, a pair of twins in them. For reading only."""
    return built_once("two populations", two_populations)


@pytest.fixture(scope="session")
def real_lake(built_once: Callable[[str, Build], Lake]) -> Callable[[str], Lake]:
    """A function from a name in SLICES to the lake of that slice. For reading only."""

    @cache
    def of(name: str) -> Lake:
        vcf, samples = real(SLICES[name].vcf), real(SLICES[name].samples)

        def build(folder: Path) -> Lake:
            some = first_records(vcf, folder / "chr20.vcf", 2000) if name == "chr20" else vcf
            lake = Lake(folder / "lake", vcf=[some], samples=samples)
            lake.build("gold")
            return lake

        return built_once(name, build)

    return of


@pytest.fixture(scope="session")
def chr22_lake(real_lake: Callable[[str], Lake]) -> Lake:
    """The real slice of chromosome 22, built up to gold. For reading only."""
    return real_lake("chr22")


def first_records(vcf: Path, target: Path, count: int) -> Path:
    """Write the header and the first `count` records of a VCF as text."""
    import gzip

    left = count
    with gzip.open(vcf, "rb") as read, target.open("wb") as write:
        for line in read:
            if not line.startswith(b"#"):
                if not left:
                    break
                left -= 1
            write.write(line)
    return target
