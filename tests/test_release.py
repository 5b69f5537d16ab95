"""A data set of many chromosomes: one after another, the next on its way, stopped anywhere."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import misbehaving_server as ms
import pytest
from real_data import rest
from streamlit.testing.v1 import AppTest
from two_populations import write_cohort

from medallion import Lake
from medallion.bronze import source
from medallion.catalog.releases import DATASETS, RemoteFile, Version
from medallion.errors import BuildCancelled, DownloadError
from medallion.progress import Progress
from medallion.storage import delta
from pages.shared import builds
from pages.shared.words import size

ROOT = Path(__file__).resolve().parents[1]
CHROMS = ("20", "21", "22")
RECORDS = 240


@dataclass
class World:
    """A publisher of three small chromosomes and a sample table."""

    sites: dict[str, ms.Site]
    folder: Path

    def lake(self, name: str, *chroms: str) -> Lake:
        return Lake(self.folder / name, dataset="phase3", chroms=chroms)

    def asked(self) -> dict[str, int]:
        return {chrom: len(self.sites[chrom].requests) for chrom in CHROMS}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ms.serve() as server:

        def publish(name: str, content: bytes, chrom: str | None) -> RemoteFile:
            site = sites[chrom or "table"] = server.add(f"/{name}", content)
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            version = Version("v1", (site.url,), len(content), md5)
            return RemoteFile(name, "vcf" if chrom else "samples", chrom, (version,))

        sites: dict[str, ms.Site] = {}
        vcfs = {}
        for seed, chrom in enumerate(CHROMS):
            path = tmp_path / f"{chrom}.vcf"
            names = write_cohort(path, RECORDS, 20, seed, chrom)
            vcfs[chrom] = publish(f"ALL.chr{chrom}.vcf.gz", gzip.compress(path.read_bytes()), chrom)
        rows = [f"{name}\t{'GBR' if i % 2 else 'YRI'}\n" for i, name in enumerate(names)]
        table = publish("people.txt", "".join(["sample\tpop\n", *rows]).encode(), None)
        phase3 = replace(
            DATASETS["phase3"], chroms=CHROMS, vcfs=vcfs, sample_tables=dict.fromkeys(CHROMS, table)
        )
        for module in (
            "medallion.bronze.build", "medallion.bronze.source", "pages.shared.chromosomes",
        ):  # fmt: skip
            monkeypatch.setattr(f"{module}.DATASETS", {"phase3": phase3})
        yield World(sites, tmp_path)


def assert_same(one: Lake, other: Lake) -> None:
    """All tables of silver and gold have the same rows."""
    tables = [t.name for t in one.tables() if t.layer != "bronze"]
    assert len(tables) > 15
    for name in tables:
        expected, found = (lake.scan(name, build=False).collect() for lake in (one, other))
        assert found.sort(found.columns).equals(expected.sort(expected.columns)), name


def chroms_of(lake: Lake, table: str) -> list[str]:
    return lake.scan(table, build=False).collect()["chrom"].unique().sort().to_list()


def parts(lake: Lake, table: str) -> set[str]:
    found = next(t for t in lake.tables() if t.name == table)
    version = lake.status()[found.layer].versions[found.short]
    return {part.path for part in delta.parts_of(lake.path, found, version)}


def test_together_one_after_another_and_one_later_are_the_same(world: World) -> None:
    world.sites["21"].script(ms.cut(2000), ms.well)
    together = world.lake("together", "all")
    together.build()
    assert chroms_of(together, "gold.frequencies") == list(CHROMS)
    assert together.status()["gold"].state == "fresh"
    assert together.last_built == ("bronze", "silver", "gold")
    for chrom in CHROMS:
        world.lake("in turn", chrom).build()
    assert_same(together, world.lake("in turn"))
    later = world.lake("later", "20, 22")
    later.build()
    before = {name: parts(later, name) for name in ("silver.genotypes", "gold.frequencies")}
    later = world.lake("later", "21")
    later.build()
    assert_same(together, later)
    for name, own in before.items():
        assert own < parts(later, name)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)


class AtStage:
    """Does something once, when `chroms` chromosomes have come to a stage of a build."""

    def __init__(self, stage: str, chroms: int, act: Callable[[], None]) -> None:
        self.stage, self.left, self.act, self.was = stage, chroms, act, ""

    def __call__(self, event: Progress) -> None:
        began, self.was = event.stage != self.was, event.stage
        if began and event.stage == self.stage:
            self.left -= 1
            if self.left == 0:
                self.act()


def test_the_next_is_fetched_while_one_is_built_and_no_more(world: World) -> None:
    lake = world.lake("lake", "all")
    there = lake.path / "bronze" / "ALL.chr21.vcf.gz"
    seen: list[dict[str, int]] = []

    def look() -> None:
        wait_until(there.is_file)
        seen.append(world.asked())

    lake.build(progress=AtStage("reading records", 1, look))
    assert seen == [{"20": 1, "21": 1, "22": 0}]
    assert world.asked() == dict.fromkeys(CHROMS, 1)
    urls = {row["chrom"]: row["url"] for row in lake.scan("bronze.files").collect().to_dicts()}
    assert {c: urls[c] for c in CHROMS} == {c: world.sites[c].url for c in CHROMS}


@pytest.mark.parametrize("stage", ["reading records", "counting alleles"])
def test_stopped_it_has_made_those_before_and_goes_on_there(stage: str, world: World) -> None:
    lake, stop = world.lake("lake", "all"), threading.Event()
    with pytest.raises(BuildCancelled):
        lake.build(progress=AtStage(stage, 2, stop.set), cancel=stop)
    again = Lake(lake.path)
    assert chroms_of(again, "gold.frequencies") == ["20"]
    assert again.source.chroms == CHROMS
    assert again.status()["gold"].state == "stale"
    first = parts(again, "gold.frequencies")
    again.build()
    assert first < parts(again, "gold.frequencies")
    assert chroms_of(again, "gold.frequencies") == list(CHROMS)
    assert world.asked()["20"] == 1


def test_one_that_cannot_be_had_does_not_undo_the_others(world: World) -> None:
    world.sites["21"].script(ms.status(404))
    lake = world.lake("lake", "all")
    with pytest.raises(DownloadError, match=r"ALL\.chr21\.vcf\.gz"):
        lake.build()
    assert chroms_of(lake, "gold.frequencies") == ["20"]
    world.sites["21"].script(ms.well)
    lake.build()
    assert chroms_of(lake, "gold.frequencies") == list(CHROMS)


def test_forced_each_is_made_again_once(world: World) -> None:
    lake = world.lake("lake", "20", "21")
    lake.build()
    lake = world.lake("lake", "22")
    lake.build(force=True)
    made = lake.history().filter(layer="gold")
    assert len(made) == 4
    assert source.read_source(lake.path) == lake.source


@pytest.mark.parametrize("every", [False, *rest(True)])
def test_the_app_adds_chromosomes(
    every: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = world.lake("lake", "20")
    lake.build()
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
    monkeypatch.setattr("sys.argv", ["app.py"])
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
    assert app.button(key="add chroms").disabled
    assert app.multiselect(key="more chroms phase3").options == ["21", "22"]
    if every:
        app.checkbox(key="more chroms phase3 all").check().run()
    else:
        app.multiselect(key="more chroms phase3").set_value(["22"]).run()
    sizes = [len(world.sites[c].content) for c in (("21", "22") if every else ("22",))]
    assert any(f"Downloads **{size(sum(sizes))}**" in m.value for m in app.sidebar.markdown)
    app.button(key="add chroms").click().run()
    build = builds.latest(lake)
    assert build is not None
    wait_until(lambda: not build.running)
    assert (build.state, build.error) == ("done", None)
    assert chroms_of(lake, "gold.frequencies") == (list(CHROMS) if every else ["20", "22"])
    builds.dismiss(lake)
    app.run()
    assert not app.exception
    if every:  # there is nothing left to add
        assert [b.key for b in app.button if b.key == "add chroms"] == []
    else:
        assert app.multiselect(key="more chroms phase3").options == ["21"]
