"""Builds cancelled and killed at moments nobody chose, while others read: nothing torn or lost.

MEDALLION_TORTURE=100 in the environment asks for so many of each.
"""

from __future__ import annotations

import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torture
from plain_vcf import bgzf, vcf_text
from real_data import thorough

from medallion import Lake
from medallion.storage import delta
from medallion.versions import kept_versions

KILLS = int(os.environ.get("MEDALLION_TORTURE", "6"))
SEED = 22
PROGRAM = Path(torture.__file__)
TIMEOUT = 180
ALL = [*torture.LAYERS, "raw"]


def records(odd: int) -> list[str]:
    """Records on two contigs; the two sources differ in lines, alleles and genotypes."""
    return [
        f"{1 + i // 400} {i} rs{i} A {'CG'[odd]} . PASS . GT 0|{(i + odd) % 2} ./. {i % 2}|{odd}"
        for i in range(1, 600 + 50 * odd)
    ]


@dataclass
class Source:
    """A VCF and its sample table that are now of the one version, now of the other."""

    folder: Path
    version: int = 0

    @property
    def files(self) -> tuple[Path, Path]:
        return self.folder / "some.vcf.gz", self.folder / "people.tsv"

    def put(self, version: int) -> None:
        population = "FIN" if version else "TSI"
        people = f"sample\tpop\nA\tGBR\nB\t{population}\nC\tYRI\n"
        content = bgzf(vcf_text(records(version)).encode(), [700] * 100), people.encode()
        for path, data in zip(self.files, content, strict=True):
            new = path.with_suffix(".new")
            new.write_bytes(data)
            os.replace(new, path)
        self.version = version


class Program:
    """A program of `torture.py`, and what it has said so far."""

    def __init__(self, *words: object) -> None:
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # A program that was killed as it spoke leaves half a line.
            if line.endswith("}\n"):
                self.said.put(json.loads(line))

    def ask(self, what: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def wait_for(self, *words: str) -> dict[str, Any]:
        """The next thing said that has one of `words`."""
        while True:
            told = self.said.get(timeout=TIMEOUT)
            if told.keys() & set(words):
                return told

    def wait_until(self, layer: str) -> list[dict[str, Any]]:
        """What a builder says until it is at a layer, or is done."""
        told = [self.wait_for("layer", "built", "refused")]
        while "layer" in told[-1] and told[-1]["layer"] != layer:
            told.append(self.wait_for("layer", "built", "refused"))
        return told

    def everything(self) -> list[dict[str, Any]]:
        found = []
        while not self.said.empty():
            found.append(self.said.get())
        return found

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=TIMEOUT)
        self.listener.join(timeout=TIMEOUT)
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class World:
    """A lake whose source changes between two versions; all that it may hold, by what is asked."""

    lake: Lake
    source: Source
    known: list[Mapping[str, str]]
    sums: set[Path]
    spares: int = 0

    def builder(self) -> Program:
        spare = self.lake.path.with_name(f"spare{self.spares}")
        spare.mkdir()
        self.spares += 1
        return Program("build", self.lake.path, *self.source.files, spare)


@pytest.fixture
def world(tmp_path: Path) -> World:
    source = Source(tmp_path)
    known = []
    for version in (1, 0):
        source.put(version)
        lake = Lake(tmp_path / "lake", vcf=[source.files[0]], samples=source.files[1])
        lake.build()
        known.insert(0, torture.looked_at(lake))
    assert all(known[0][asked] != known[1][asked] for asked in ALL)
    return World(lake, source, known, set((lake.path / "gold" / "sums").iterdir()))


@contextmanager
def reading(world: World, count: int) -> Iterator[list[Program]]:
    """`count` readers in two programs, for as long as this lasts."""
    programs = [Program("read", world.lake.path, n * count, count // 2) for n in range(2)]
    try:
        for program in programs:
            program.wait_for("ready")
        yield programs
    finally:
        for program in programs:
            program.end()


def judged(world: World, readers: list[Program]) -> tuple[Counter[str], list[dict[str, Any]]]:
    """How often readers found which version whole, and every answer that is neither."""
    whole: Counter[str] = Counter()
    wrong = []
    for answer in (answer for reader in readers for answer in reader.everything()):
        versions = [known[answer["asked"]] for known in world.known]
        if answer.get("found") in versions:
            whole["new" if answer["found"] == versions[1] else "old"] += 1
        else:
            wrong.append(answer)
    return whole, wrong


def seconds_of(lake: Lake) -> dict[str, float]:
    """How long each layer took the last time that it was built."""
    done = lake.history().filter(pl.col("outcome") == "done")
    return dict(done.group_by("layer").agg(pl.col("seconds").last()).iter_rows())


def left_over(world: World) -> list[str]:
    """Files in the lake that belong neither to its published tables nor to the lake itself."""
    root = world.lake.path
    known = {root / name for name in ("lake.json", "history.jsonl", ".build.lock")}
    known |= {root / layer / "layer.json" for layer in torture.LAYERS}
    known |= {root / "bronze" / path.name for path in world.source.files}
    known |= world.sums
    status = world.lake.status()
    for table in world.lake.tables():
        version = status[table.layer].versions[table.short]
        known |= set(delta.part_paths(root, table, version))
    found = {p for p in root.rglob("*") if p.is_file() and "_delta_log" not in p.parts}
    return sorted(str(p.relative_to(root)) for p in found - known)


def left_behind(world: World) -> list[Path]:
    """Parts that no version names which can be read, and files that were to arrive."""
    root = world.lake.path
    named = {
        path
        for table in world.lake.tables()
        for version in kept_versions(root, table)["version"]
        for path in delta.part_paths(root, table, version)
    }
    parts = {p for p in root.rglob("*.parquet") if "_delta_log" not in p.parts}
    aside = [p for p in (root / "bronze").rglob("*") if "." in {q[0] for q in p.parts[-2:]}]
    return [*(parts - named), *aside]


@thorough
def test_builds_cancelled_and_killed_at_any_moment_under_the_eyes_of_readers(world: World) -> None:
    chosen = random.Random(SEED)
    where: Counter[str] = Counter()
    cancelled = 0
    builder, following = world.builder(), world.builder()
    with reading(world, 2) as readers:
        builder.wait_for("ready")
        world.source.put(1 - world.source.version)
        builder.ask()
        assert builder.wait_for("built")["built"] == [*torture.LAYERS]
        killed = 0
        while killed < KILLS:
            usual = seconds_of(world.lake)
            layer = torture.LAYERS[killed % len(torture.LAYERS)]
            world.source.put(1 - world.source.version)
            builder.everything()
            builder.ask(f"{layer} {chosen.uniform(0, 0.8) * usual[layer]}")
            done = builder.wait_for("built", "cancelled", "refused")
            assert "refused" not in done, done
            assert left_behind(world) == []
            cancelled += "cancelled" in done
            if "built" in done:
                world.source.put(1 - world.source.version)
            builder.everything()
            builder.ask()
            told = builder.wait_until(layer)
            time.sleep(chosen.uniform(0, 1.2) * usual[layer])
            builder.end(kill=True)
            told += builder.everything()
            killed += 1
            where["after" if "built" in told[-1] else told[-1]["layer"]] += 1
            builder, following = following, world.builder()
            builder.wait_for("ready")
            builder.ask()
            mended = builder.wait_for("built", "refused")
            assert "built" in mended, mended
            assert left_behind(world) == []
            for asked in torture.LAYERS:
                expected = world.known[world.source.version][asked]
                assert torture.whole_layer(world.lake, asked) == expected
            assert [s.state for s in world.lake.status().values()] == ["fresh"] * 3
        builder.end()
        following.end(kill=True)
    whole, wrong = judged(world, readers)
    print(f"{cancelled} cancelled; {killed} killed in {dict(where)}; read whole {dict(whole)}")
    assert wrong == []
    assert sum(whole.values()) > killed
    assert cancelled > killed // 3
    assert len(where) > 1
    assert killed < 50 or set(where) >= {*torture.LAYERS}
    assert all(c.ok for c in world.lake.verify() if c.severity == "error")
    # What is left of earlier versions is what `clean` takes away.
    assert world.lake.clean() > 0
    assert left_over(world) == []
    assert torture.looked_at(world.lake) == world.known[world.source.version]


def test_ten_readers_see_the_old_or_the_new_whole(world: World) -> None:
    with reading(world, 10) as readers:
        for reader in readers:
            reader.wait_for("found")
        for version in (1, 0, 1):
            world.source.put(version)
            world.lake.build()
        for reader in readers:
            reader.wait_for("found")
    whole, wrong = judged(world, readers)
    assert wrong == []
    assert whole["old"] > 0
    assert whole["new"] > 0
