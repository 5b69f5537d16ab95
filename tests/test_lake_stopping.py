"""Builds that are cancelled, fail or are killed, and several of them at the same time."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from plain_vcf import split_file
from real_data import rest
from small_lake import (
    LAYERS,
    PEOPLE,
    assert_same,
    content,
    files,
    lake,
    one_line,
    states,
    touch,
    versions,
)

from medallion import Lake
from medallion.errors import (
    BuildCancelled,
    ConservationError,
    LakeError,
    SampleTableError,
)
from medallion.progress import Progress
from medallion.storage import delta

__all__ = ["files", "lake"]  # fixtures


def test_cancelling_leaves_what_was_built(lake: Lake, files: tuple[Path, Path]) -> None:
    before = content(lake)
    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    for layer in ("silver", "gold"):
        cancel = threading.Event()

        def stop(event: Progress, at: str = layer, to: threading.Event = cancel) -> None:
            if event.layer == at:
                to.set()

        with pytest.raises(BuildCancelled, match="build again"):
            lake.build("gold", progress=stop, cancel=cancel)
        now = content(lake)
        for name in before:
            if name.startswith("gold" if layer == "gold" else ("silver", "gold")):
                assert now[name].equals(before[name]), name
    lake.build("gold")
    assert states(lake) == ["fresh"] * 3


def test_cancelled_before_it_begins(files: tuple[Path, Path], tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    lake = Lake(tmp_path / "lake", vcf=[files[0]])
    with pytest.raises(BuildCancelled):
        lake.build("gold", cancel=cancel)
    assert states(lake) == ["missing"] * 3


def test_a_failed_build_leaves_what_was_built(lake: Lake, files: tuple[Path, Path]) -> None:
    before = content(lake)
    touch(files[1], "who\twhere\nA\tGBR\n")
    with pytest.raises(SampleTableError, match=r"people\.tsv has no column"):
        lake.build()
    now = content(lake)
    for name in before:
        if not name.startswith("bronze"):
            assert now[name].equals(before[name]), name
    touch(files[1], PEOPLE)
    lake.build()
    assert_same(content(lake), before)


def test_a_full_disk_is_said_in_one_line(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from medallion.storage import parts

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = content(lake)
    monkeypatch.setattr(parts.PartWriter, "write", full)
    with pytest.raises(LakeError, match="No space left on device") as error:
        lake.build("silver", force=True)
    one_line(error)
    assert_same(content(lake), before)


def test_lost_records_are_an_error_and_nothing_is_published(
    lake: Lake, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conservation is asserted on what was written: a reader that drops a line is caught."""
    from medallion.silver import partition
    from medallion.vcf.lines import Lines

    before = lake.version("silver")
    whole = partition.read_lines

    def lossy(*arguments: object) -> object:
        for lines in whole(*arguments):
            yield Lines(lines.text[lines.text.index(b"\n") + 1 :], lines.again)

    monkeypatch.setattr(partition, "read_lines", lossy)
    with pytest.raises(ConservationError, match="59 records went in"):
        lake.build("silver", force=True)
    assert lake.version("silver") == before


KILLER = """
import os, signal, sys
from pathlib import Path
from medallion import Lake
from medallion.storage import delta, parts, publish

where, nth = sys.argv[2], int(sys.argv[3])
seen = 0

def dying(function):
    def call(*arguments, **options):
        global seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

if where == "commit":
    delta.commit = dying(delta.commit)
elif where == "part":
    parts.PartWriter.close = dying(parts.PartWriter.close)
elif where == "publish":
    publish.write_snapshot = dying(publish.write_snapshot)
else:
    os.replace = dying(os.replace)
Lake(sys.argv[1]).build("gold")
os._exit(0)
"""
MOMENTS = [("commit", 4), ("publish", 3), *rest(("part", 4), ("publish", 2), ("replace", 2))]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: "{}-{}".format(*moment))
def test_a_killed_build_leaves_the_last_good_layers(
    moment: tuple[str, int], lake: Lake, files: tuple[Path, Path], tmp_path: Path
) -> None:
    before = content(lake)
    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    died = subprocess.run(
        [sys.executable, "-c", KILLER, str(lake.path), *map(str, moment)],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    fresh = Lake(tmp_path / "fresh", vcf=[files[0]], samples=files[1])
    fresh.build()
    after = content(fresh)
    # Each layer is whole: all its tables are of before, or all of after.
    now = content(Lake(lake.path))
    for layer in LAYERS:
        names = [n for n in now if n.startswith(layer)]
        assert (
            all(now[n].equals(before[n]) for n in names)
            or all(now[n].equals(after[n]) for n in names)
        ), layer  # fmt: skip
    assert [r.text for r in lake.raw("1", limit=None)] == split_file(files[0])[1]
    lake.build()
    assert states(lake) == ["fresh"] * 3
    assert_same(content(lake), after)
    left = [p for p in lake.path.rglob("*") if p.is_file() and p.name.endswith(".part")]
    assert left == []


# Builders and readers at the same time


@pytest.mark.parametrize("layer", LAYERS)
def test_what_a_build_that_died_left_is_gone_after_the_next_one_whatever_that_makes(
    lake: Lake, files: tuple[Path, Path], layer: str
) -> None:
    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    lake.build()
    touch(files[1], PEOPLE.replace("FIN", "IBS"))  # of the version two before nothing is kept
    dies_as_it_clears = f"""
        import os
        from medallion import Lake
        from medallion.storage import delta
        clean = delta.clean
        def dies(root, table, *rest):
            if table.layer == {layer!r}:
                os._exit(9)
            return clean(root, table, *rest)
        delta.clean = dies
        Lake({str(lake.path)!r}).build()
    """
    code = [sys.executable, "-c", textwrap.dedent(dies_as_it_clears)]
    assert subprocess.run(code, check=False).returncode == 9
    assert lake.status()[layer].state == "fresh", "it had published"
    parts = lambda: {p.name for p in (lake.path / layer).rglob("*.parquet")}  # noqa: E731
    left = parts()
    arriving = lake.path / "bronze" / ".arriving"
    assert arriving.exists() == (layer == "bronze")
    lake.build(layer)
    assert lake.last_built == ()
    assert not arriving.exists()
    named = {
        path.name
        for table in lake.tables()
        if table.layer == layer
        for version in lake.versions(table.name)["version"]
        for path in delta.part_paths(lake.path, table, version)
    }
    assert parts() == named
    assert parts() < left
    assert not list(lake.path.rglob(".building"))


def test_two_builders_take_turns_and_the_second_finds_it_done(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "lake"
    first, second = (Lake(path, vcf=[files[0]], samples=files[1]) for _ in range(2))
    heard: list[Progress] = []
    began, go = threading.Event(), threading.Event()

    def slowly(_: Progress) -> None:
        began.set()
        go.wait(10)

    def other(event: Progress) -> None:
        heard.append(event)
        go.set()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first.build, "gold", progress=slowly)
        assert began.wait(10)
        two = pool.submit(second.build, "gold", progress=other)
        one.result(timeout=30)
        two.result(timeout=30)
    assert {str(e) for e in heard} == {"gold: waiting for another build of this lake"}
    for tables in versions(first).values():
        assert set(tables.values()) == {0}
    assert states(first) == ["fresh"] * 3


def test_two_programs_at_once(files: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lake"
    command = [
        sys.executable, "-m", "medallion", "build", "--lake", str(path),
        "--vcf", str(files[0]), "--samples", str(files[1]),
    ]  # fmt: skip
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for program in both:
        _, errors = program.communicate(timeout=60)
        assert program.returncode == 0, errors
    lake = Lake(path)
    assert states(lake) == ["fresh"] * 3, lake.status()
    for tables in versions(lake).values():
        assert set(tables.values()) == {0}


def test_readers_are_not_disturbed_by_a_build(lake: Lake) -> None:
    """A frame that was asked for before a build is the old one, whole, after it."""
    frame = lake.scan("gold.frequencies", build=False)
    before = frame.collect()
    lake.build("gold", force=True)
    assert frame.collect().equals(before)


def test_a_waiting_builder_may_be_cancelled(lake: Lake) -> None:
    from medallion.storage.lock import build_lock

    cancel = threading.Event()
    with build_lock(lake.path, lambda: None), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            Lake(lake.path).build, "gold", progress=lambda _: cancel.set(), cancel=cancel
        )
        with pytest.raises(BuildCancelled):
            waiting.result(timeout=10)
