"""What the world does to a lake: full disks, no right to write, lost files, clocks, no memory.

Each ends in one clear sentence and an exit code, what was built can be read still, and the
next build mends it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torture
from plain_vcf import bgzf, vcf_text
from real_data import rest, thorough

from medallion import Lake
from medallion.cli import main
from medallion.errors import LakeError, QueryError
from medallion.silver import partition
from medallion.storage import delta
from medallion.storage.snapshot import read_snapshot
from medallion.tables import TABLES

SAMPLES = tuple(f"S{i}" for i in range(40))
PEOPLE = "sample\tpop\n" + "".join(f"{s}\t{('GBR', 'YRI')[i % 2]}\n" for i, s in enumerate(SAMPLES))
ABOVE = ("silver", "gold")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="this system has no limits of resources")
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux holds a process to RLIMIT_AS"
)


def text(last: int) -> str:
    """2,000 records in which everybody has another call."""
    return vcf_text(
        [
            f"1 {i} rs{i} A C . PASS . GT "
            + " ".join(f"{i * j % 7 % 2}|{(i + j) * 31 % 11 % 2}" for j in range(len(SAMPLES)))
            for i in range(1, last)
        ],
        SAMPLES,
    )


def make(folder: Path) -> Lake:
    vcf, table = folder / "some.vcf.gz", folder / "people.tsv"
    table.write_text(PEOPLE, encoding="utf-8")
    vcf.write_bytes(bgzf(text(1000).encode()))
    made = Lake(folder / "lake", vcf=[vcf], samples=table)
    made.build()
    vcf.write_bytes(bgzf(text(2000).encode()))
    return made


@pytest.fixture
def lake(tmp_path: Path, copy_of: Callable[..., Lake]) -> Lake:
    """A lake that is built, and whose source then changed."""
    return copy_of("changed", make, tmp_path)


LIMITED = """
import resource, signal, sys
sys.dont_write_bytecode = True  # half a file would be kept, for others to stumble over
from medallion.cli import main
which, limit, *words = sys.argv[1:]
if which == "RLIMIT_AS":
    # Above what is held already: the interpreter and the libraries.
    from pathlib import Path
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = int(limit) + pages * resource.getpagesize()
if which == "RLIMIT_FSIZE":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(getattr(resource, which), (int(limit), int(limit)))
sys.exit(main(words))
"""


def refused(lake: Lake, *words: str, program: str | None = None) -> str:
    """What a build says that cannot be done; what was built before is there still."""
    before = {layer: (lake.version(layer), torture.whole_layer(lake, layer)) for layer in ABOVE}
    start = ["-m", "medallion"] if program is None else ["-c", program, *words]
    done = subprocess.run(
        [sys.executable, *start, "build", "--lake", str(lake.path), "--workers", "2"],
        check=False, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("medallion: ")
    assert lake.version("gold") == before["gold"][0]
    for layer, (version, whole) in before.items():
        if lake.version(layer) == version:
            assert torture.whole_layer(lake, layer) == whole
        else:  # a layer below the one that could not be made
            assert lake.status()[layer].state == "fresh"
            assert torture.whole_layer(lake, layer) != whole
    return last


def mended(lake: Lake) -> None:
    lake.build()
    assert [s.state for s in lake.status().values()] == ["fresh"] * 3
    assert lake.status()["silver"].rows["variants"] == 1999
    assert all(c.ok for c in lake.verify() if c.severity == "error")


@POSIX
@pytest.mark.parametrize("limit", [5_000, *rest(300, 30_000)])
def test_a_disk_that_is_full(limit: int, lake: Lake) -> None:
    """No file may grow above `limit` bytes: bronze, silver or gold cannot be written."""
    said = refused(lake, "RLIMIT_FSIZE", str(limit), program=LIMITED)
    assert "File too large" in said
    assert "room" in said
    mended(lake)


@thorough
@LINUX
def test_memory_that_is_refused(lake: Lake) -> None:
    """A library that gets no memory may end the process, or wait for ever for a thread of its
    own that it could not start: whatever it does, the lake is what it was.
    """
    before = torture.whole_layer(lake, "gold")
    command = [sys.executable, "-c", LIMITED, "RLIMIT_AS", str(700 << 20)]
    command += ["build", "--lake", str(lake.path), "--workers", "2"]
    build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert build.wait(5)
    except subprocess.TimeoutExpired:
        build.kill()
        build.wait()
    assert torture.whole_layer(lake, "gold") == before
    mended(lake)


@pytest.mark.parametrize(
    "error",
    [MemoryError("Unable to allocate 64.0 MiB"), RuntimeError("can't start new thread")],
    ids=["memory", "thread"],
)
def test_want_of_memory_is_said(
    error: Exception, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(partition.RecordReader, "feed", refuse)
        with pytest.raises(LakeError, match=rf"want of memory \({error}.*fewer --workers"):
            lake.build()
    mended(lake)


def without_rights() -> list[str]:
    """What to put before a command for it to be held to the rights that files give."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system gives rights to files in another way")
    if os.geteuid():
        return []
    if not (program := shutil.which("setpriv")):
        pytest.skip("root may write everywhere, and setpriv is not installed")
    return [program, "--bounding-set=-dac_override,-dac_read_search"]


def test_a_lake_that_may_not_be_written(lake: Lake) -> None:
    start = [*without_rights(), sys.executable, "-m", "medallion"]
    folders = [lake.path, *(p for p in lake.path.rglob("*") if p.is_dir())]
    files = [p for p in lake.path.rglob("*") if p.is_file()]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*start, words[0], "--lake", str(lake.path), *words[1:]],
            check=False, capture_output=True, text=True, encoding="utf-8", timeout=120,
        )  # fmt: skip

    for path in (*files, *folders):
        path.chmod(0o555)
    try:
        build = run("build")
        assert build.returncode == 1
        assert "cannot be written: Permission denied" in build.stderr
        assert build.stderr.count("\n") == 1
        counted = run("query", "select count(*) as n from gold.variants")
        assert (counted.stdout, counted.returncode) == ("n\n999\n", 0), counted.stderr
        assert run("raw", "#1").stdout.startswith("1\t1\trs1\t")
        assert run("status").returncode == 0
    finally:
        for path in (*folders, *files):
            path.chmod(0o755)
    mended(lake)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("harm", [cut, *rest(Path.unlink)], ids=["cut", "gone"])
def test_files_that_are_gone_or_cut_are_noticed_and_made_again(
    harm: Callable[[Path], None], lake: Lake
) -> None:
    lake.build()
    before = torture.looked_at(lake)
    for name in ("bronze.files", "bronze.blocks", "silver.genotypes", "gold.frequencies"):
        layer, _, short = name.partition(".")
        snapshot = read_snapshot(lake.path, layer)
        assert snapshot is not None
        harm(delta.part_paths(lake.path, TABLES[name], snapshot.tables[short].version)[0])
        with pytest.raises((LakeError, QueryError)) as error:
            torture.whole_layer(lake, layer)
        assert "\n" not in str(error.value)
        assert lake.status()[layer].reasons == (f"A file of {name} is gone or damaged.",)
        assert [s.layer for s in lake.plan()] == [layer]
        assert f"A file of {name} is gone or damaged." in lake.plan()[0].reasons
        lake.build()
        assert torture.looked_at(lake) == before, name
        assert lake.plan() == []


READERS: dict[str, list[str]] = {
    "gold.frequencies": ["variant 1:50", "trace gold.frequencies 1-50-A-C GBR", "story -o {out}"],
    "silver.variants": ["variant 1:50", "search 1:50", "trace gold.variants 1-50-A-C"],
    "silver.genotypes": ["cohort 1:1-100", "linked 1:50", "trace gold.frequencies 1-50-A-C GBR"],
    "bronze.blocks": ["raw #1"],
}


@pytest.mark.parametrize("name", READERS)
def test_a_command_that_meets_a_file_gone_or_cut_says_what_mends_it(
    name: str, lake: Lake, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    layer, _, short = name.partition(".")
    snapshot = read_snapshot(lake.path, layer)
    assert snapshot is not None
    part = delta.part_paths(lake.path, TABLES[name], snapshot.tables[short].version)[0]
    every = [*READERS[name], f"export {name} -o {{out}}.csv"]
    for harm in (cut, Path.unlink):
        harm(part)
        for form in (*(w.split() for w in every), ["query", f"select * from {name}"]):
            words = [word.format(out=tmp_path / "out") for word in form]
            capfd.readouterr()
            assert main([*words, "--lake", str(lake.path)]) == 1, words
            told = capfd.readouterr().err
            assert told.count("\n") == 1, told
            assert "gone or damaged" in told
            assert f"medallion build {layer}" in told
        assert f"A file of {name} is gone or damaged." in lake.status()[layer].reasons


@pytest.mark.parametrize("name", ["silver.variants", *rest("bronze.blocks", "gold.fst")])
def test_a_log_that_is_damaged_is_made_again(name: str, lake: Lake) -> None:
    """Nothing can be committed on top of it: a build of the layer begins its table anew."""
    lake.build()
    before = torture.looked_at(lake)
    layer, _, short = name.partition(".")
    for log in (lake.path / layer / short / "_delta_log").glob("*.json"):
        log.write_bytes(log.read_bytes().replace(b'"', b"\0", 9))
    with pytest.raises((LakeError, QueryError)):
        torture.whole_layer(lake, layer)
    with pytest.raises(LakeError, match=f"medallion build {layer} --force"):
        lake.versions(name)
    lake.build()
    assert torture.looked_at(lake) == before
    assert lake.plan() == []
    # What was published before is of a log that is no more.
    lake.build(layer, force=True)
    assert lake.versions(name)["state"].to_list()[0] == "published"


@pytest.mark.parametrize(
    ("layer", "harm"), [("bronze", b"\0\xff"), ("silver", b"{"), ("gold", b'{"format": 1}')]
)
def test_a_record_that_is_damaged_is_made_again_by_the_command_that_it_names(
    layer: str, harm: bytes, lake: Lake
) -> None:
    (lake.path / layer / "layer.json").write_bytes(harm)
    with pytest.raises(LakeError, match=f"medallion build {layer} --force --lake"):
        lake.build()
    assert main(["build", layer, "--force", "--lake", str(lake.path)]) == 0
    mended(lake)


@pytest.mark.parametrize("harm", [b"\0\xff", None, *rest(b"", b'{"format": 1}')])
def test_a_lakes_own_record_that_is_damaged_or_lost_is_written_again(
    harm: bytes | None, lake: Lake
) -> None:
    """Its source stands in bronze's record too."""
    record = lake.path / "lake.json"
    before = record.read_bytes()
    if harm is None:
        record.unlink()
        assert Lake(lake.path).source == lake.source
    else:
        record.write_bytes(harm)
        with pytest.raises(LakeError, match="medallion build --lake"):
            Lake(lake.path)
    assert main(["build", "--lake", str(lake.path)]) == 0
    assert record.read_bytes() == before
    mended(Lake(lake.path))
    # Without bronze's record too, the source has to be named.
    for name in ("lake.json", "bronze/layer.json"):
        (lake.path / name).write_bytes(b"{")
    assert main(["build", "bronze", "--force", "--lake", str(lake.path)]) == 2
    table = str(lake.source.samples)
    words = ["--vcf", *lake.source.vcf, "--samples", table, "--lake", str(lake.path)]
    assert main(["build", "bronze", "--force", *words]) == 0
    assert record.read_bytes() == before
    mended(Lake(lake.path))


def test_a_clock_that_was_set_back(lake: Lake) -> None:
    """What is stamped with next year is neither fresh for ever nor in the way."""
    later = datetime.now(UTC) + timedelta(days=400)
    for path in [p for p in lake.path.rglob("*") if p.is_file()]:
        os.utime(path, (later.timestamp(), later.timestamp()))
    for layer in torture.LAYERS:
        path = lake.path / layer / "layer.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**data, "built_at": later.isoformat()}), encoding="utf-8")
    history = lake.path / "history.jsonl"
    lines = history.read_text(encoding="utf-8").splitlines()
    ahead = [json.dumps({**json.loads(line), "started_at": later.isoformat()}) for line in lines]
    history.write_text("\n".join(ahead) + "\n", encoding="utf-8")
    tokens = [lake.version(layer) for layer in torture.LAYERS]
    assert [s.state for s in lake.status().values()] == ["stale"] * 3
    mended(lake)
    assert all(lake.version(n) != old for n, old in zip(torture.LAYERS, tokens, strict=True))
    assert lake.history().height == 6
    assert lake.history()["outcome"].to_list() == ["done"] * 6
