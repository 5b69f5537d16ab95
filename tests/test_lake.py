"""A lake over its life: built, fresh, stale and why, cancelled, killed, damaged, shared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import bgzf, split_file, vcf_text
from two_populations import two_populations

from medallion import Lake, demo
from medallion.bronze import build as bronze
from medallion.errors import (
    BuildCancelled,
    ConservationError,
    DamagedFileError,
    LakeError,
    LayerFormatError,
    NotBuiltError,
    NotVCFError,
    QueryError,
    SampleTableError,
    SourceError,
    UsageError,
)
from medallion.progress import Progress
from medallion.storage import fingerprint

LAYERS = ("bronze", "silver", "gold")
RECORDS = [f"1 {i} rs{i} A C . . AC=1 GT 0|{i % 2} ./. {i % 2}|1" for i in range(1, 60)]
PEOPLE = "sample\tpop\nA\tGBR\nB\tFIN\nC\tYRI\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small VCF and its sample table."""
    vcf, table = tmp_path / "some.vcf.gz", tmp_path / "people.tsv"
    vcf.write_bytes(bgzf(vcf_text(RECORDS).encode(), [300]))
    table.write_text(PEOPLE, encoding="utf-8")
    return vcf, table


@pytest.fixture
def lake(files: tuple[Path, Path], tmp_path: Path) -> Lake:
    """A small lake, built up to gold, for a test to ill-treat."""
    made = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    made.build("gold")
    return made


def test_a_sample_table_is_remembered_where_the_vcf_is_named_again(
    lake: Lake, files: tuple[Path, Path]
) -> None:
    again = Lake(lake.path, vcf=[files[0]])
    assert again.source == lake.source
    assert [s.state for s in again.status().values()] == ["fresh"] * 3


@pytest.mark.parametrize("name", ["First Last", "Zoë & 100% #1?"])
def test_a_lake_lies_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    if os.name == "nt":
        name = name.rstrip("?")  # no name on Windows
    (tmp_path / name).mkdir()
    lake = two_populations(tmp_path / name, records=60, samples=6)
    assert [s.state for s in lake.status().values()] == ["fresh"] * 3
    assert lake.query("select count(*) as n from gold.variants")["n"].to_list() == [60]
    assert lake.scan("silver.variants", build=False).collect().height == 60
    assert lake.variant("7:1000").height == 1
    assert len(lake.raw("#1-3")) == 3
    lake.build(force=True)
    assert lake.clean() > 0
    assert lake.scan("gold.variants", build=False).collect().height == 60


def states(lake: Lake) -> list[str]:
    return [lake.status()[name].state for name in LAYERS]


def content(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every published table, in an order of its own, without the times of day."""
    found = {}
    for table in lake.tables():
        frame = lake.scan(table.name, build=False).collect()
        if "fetched_at" in frame.columns:
            frame = frame.drop("fetched_at", "url")
        found[table.name] = frame.sort(frame.columns)
    return found


def assert_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        assert frame.equals(other[name]), name


def versions(lake: Lake) -> dict[str, dict[str, int]]:
    return {name: dict(status.versions) for name, status in lake.status().items()}


def touch(path: Path, text: str | bytes) -> None:
    """Write, with a date that differs however coarse the file system's clock is."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))


# Fresh and stale


def test_a_new_lake_is_missing_then_fresh(files: tuple[Path, Path], tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    assert states(lake) == ["missing"] * 3
    assert lake.tables() == []
    assert [s.layer for s in lake.plan("silver")] == ["bronze", "silver"]
    lake.build("bronze")
    assert states(lake) == ["fresh", "missing", "missing"]
    assert [s.layer for s in lake.plan()] == ["silver", "gold"]
    lake.build()
    assert states(lake) == ["fresh"] * 3
    assert lake.plan() == []
    status = lake.status()["silver"]
    assert status.rows["variants"] == 59
    assert status.bytes > 0
    assert status.built_at is not None
    assert status.seconds is not None


def test_a_second_build_does_nothing(lake: Lake) -> None:
    before = versions(lake), lake.version("gold"), content(lake)
    heard: list[Progress] = []
    begun = time.monotonic()
    lake.build("gold", progress=heard.append)
    assert time.monotonic() - begun < 1
    assert heard == []
    assert (versions(lake), lake.version("gold")) == before[:2]
    assert_same(content(lake), before[2])


def test_scan_builds_what_is_missing_and_only_that(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    with pytest.raises(NotBuiltError, match="medallion build gold"):
        lake.scan("gold.frequencies", build=False)
    assert len(lake.scan("silver.variants").collect()) == 59
    assert states(lake) == ["fresh", "fresh", "missing"]


def test_a_lake_remembers_its_source(lake: Lake) -> None:
    again = Lake(lake.path)
    assert again.source == lake.source
    assert states(again) == ["fresh"] * 3


def test_the_same_bytes_with_another_date_are_fresh(lake: Lake, files: tuple[Path, Path]) -> None:
    before = versions(lake)
    for path in (*files, lake.path / "bronze" / files[0].name):
        touch(path, path.read_bytes())
    assert states(lake) == ["fresh"] * 3
    lake.build()
    assert versions(lake) == before


def test_a_file_of_another_date_is_read_once_by_all_who_look(
    lake: Lake, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks for the state three times."""
    there = lake.path / "bronze" / files[0].name
    touch(there, there.read_bytes())
    read: list[Path] = []
    digest = bronze.digest_file
    monkeypatch.setattr(bronze, "digest_file", lambda path: read.append(path) or digest(path))
    assert [states(lake) for _ in range(3)] == [["fresh"] * 3] * 3
    assert read == [there.absolute()]
    touch(there, b"something else")
    assert states(lake)[0] == "stale"


def test_a_changed_panel_leaves_the_vcf_of_bronze_alone(
    lake: Lake, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from medallion.bronze import build as bronze

    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    status = lake.status()
    for name in ("silver", "gold"):
        assert status[name].state == "stale"
        assert status[name].reasons == ("The sample table people.tsv changed.",)
    blocks = lake.scan("bronze.blocks", build=False).collect()
    vcf = lake.path / "bronze" / files[0].name
    inode = vcf.stat().st_ino, vcf.stat().st_mtime_ns

    def forbidden(*_: object) -> None:
        pytest.fail("the VCF was indexed again")

    monkeypatch.setattr(bronze, "index_file", forbidden)
    lake.build()
    assert states(lake) == ["fresh"] * 3
    assert (vcf.stat().st_ino, vcf.stat().st_mtime_ns) == inode
    assert lake.scan("bronze.blocks").collect().equals(blocks)
    groups = lake.scan("gold.populations").collect()["population"].to_list()
    assert "TSI" in groups
    assert "FIN" not in groups


def test_a_changed_vcf_makes_all_stale(lake: Lake, files: tuple[Path, Path]) -> None:
    touch(files[0], vcf_text(RECORDS[:7]))
    assert states(lake) == ["stale"] * 3
    assert lake.status()["gold"].reasons == ("The VCF some.vcf.gz changed.",)
    lake.build()
    assert len(lake.scan("silver.variants").collect()) == 7
    assert states(lake) == ["fresh"] * 3


def test_other_code_or_another_format_makes_stale_with_that_reason(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medallion.gold import build as gold
    from medallion.silver import build as silver

    with monkeypatch.context() as patch:
        patch.setattr(gold, "code_digest", lambda *_, **__: "other")
        assert states(lake) == ["fresh", "fresh", "stale"]
        assert lake.status()["gold"].reasons == ("The code that makes this layer changed.",)
    with monkeypatch.context() as patch:
        patch.setattr(silver, "FORMAT", 99)
        assert states(lake) == ["fresh", "stale", "stale"]
        assert "this version writes 99" in lake.status()["silver"].reasons[0]
    assert states(lake) == ["fresh"] * 3


def test_the_code_that_makes_a_layer_is_all_in_its_digest() -> None:
    """Every module that silver or gold imports for its work is among what is digested."""
    from medallion.bronze import build as bronze
    from medallion.gold import build as gold
    from medallion.silver import build as silver

    for places in (bronze._CODE, silver._CODE, gold._CODE):
        for place in places:
            assert (fingerprint._PACKAGE / place).exists(), place
    assert {"vcf", "silver"} <= set(silver._CODE)
    assert "gold" in gold._CODE


def test_force_builds_again_and_gives_the_same(lake: Lake) -> None:
    before, old = content(lake), versions(lake)
    lake.build("gold", force=True)
    new = versions(lake)
    assert new["bronze"] == old["bronze"]
    assert new["silver"] == old["silver"]
    assert all(new["gold"][k] == old["gold"][k] + 1 for k in old["gold"])
    lake.build("silver", force=True)
    assert_same(content(lake), before)
    assert states(lake) == ["fresh"] * 3


def test_the_token_of_a_layer_changes_with_it(lake: Lake) -> None:
    before = {name: lake.version(name) for name in LAYERS}
    assert all(before.values())
    lake.build("gold", force=True)
    after = {name: lake.version(name) for name in LAYERS}
    assert [before[n] == after[n] for n in LAYERS] == [True, True, False]


def test_old_parts_do_not_pile_up(lake: Lake) -> None:
    """The version before the published one stays readable; nothing older is kept."""

    def parts() -> int:
        return len(list((lake.path / "gold").rglob("*.parquet")))

    lake.build("gold", force=True)
    two = parts()
    for _ in range(3):
        lake.build("gold", force=True)
    assert parts() == two


# Bronze on disk


def test_a_deleted_bronze_file_is_brought_again(lake: Lake, files: tuple[Path, Path]) -> None:
    there = lake.path / "bronze" / files[0].name
    before = there.read_bytes()
    there.unlink()
    assert lake.status()["bronze"].state == "stale"
    assert lake.status()["bronze"].reasons == (
        "The VCF some.vcf.gz is missing from the bronze folder.",
    )
    lake.build()
    assert there.read_bytes() == before
    assert states(lake) == ["fresh"] * 3


def test_a_changed_bronze_file_is_put_aside_not_overwritten(
    lake: Lake, files: tuple[Path, Path]
) -> None:
    there = lake.path / "bronze" / files[0].name
    before = there.read_bytes()
    touch(there, before[:-10] + b"0123456789")
    assert lake.status()["bronze"].reasons == (
        "The VCF some.vcf.gz in the bronze folder is not as it arrived.",
    )
    lake.build()
    assert there.read_bytes() == before
    aside = [p for p in there.parent.iterdir() if ".aside-" in p.name]
    assert [p.read_bytes() for p in aside] == [before[:-10] + b"0123456789"]


def test_a_lake_outlives_the_files_it_was_made_from(lake: Lake, files: tuple[Path, Path]) -> None:
    for path in files:
        path.unlink()
    assert states(Lake(lake.path)) == ["fresh"] * 3
    Lake(lake.path).build("gold", force=True)
    (lake.path / "bronze" / files[0].name).unlink()
    with pytest.raises(SourceError, match="is gone"):
        Lake(lake.path).build()
    assert len(lake.scan("gold.frequencies", build=False).collect()) > 0


def test_bronze_holds_the_bytes_unchanged(lake: Lake, files: tuple[Path, Path]) -> None:
    import hashlib

    rows = {r["file"]: r for r in lake.scan("bronze.files").collect().iter_rows(named=True)}
    for path in files:
        raw = path.read_bytes()
        assert (lake.path / "bronze" / path.name).read_bytes() == raw
        row = rows[path.name]
        assert row["sha256"] == hashlib.sha256(raw).hexdigest()
        assert row["md5"] == hashlib.md5(raw, usedforsecurity=False).hexdigest()
        assert row["bytes"] == len(raw)
    assert rows["some.vcf.gz"]["records"] == len(RECORDS)


# Several files


def test_several_files_in_one_lake(tmp_path: Path) -> None:
    for name, chrom in (("a.vcf", "1"), ("b.vcf", "chr2")):
        text = vcf_text([r.replace("1 ", f"{chrom} ", 1) for r in RECORDS], ("A", name))
        shorter = text.replace(" ", "\t")
        (tmp_path / name).write_text(
            "\n".join(
                line if line.startswith("#") else line.rsplit("\t", 1)[0]
                for line in shorter.splitlines()
            )
            + "\n",
            encoding="utf-8",
        )
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf", tmp_path / "b.vcf"])
    lake.build()
    ledger = lake.status()["silver"].summary["ledger"]
    assert [(e["file"], e["records"], e["kept"]) for e in ledger] == [
        ("a.vcf", 59, 59), ("b.vcf", 59, 59),
    ]  # fmt: skip
    assert lake.scan("silver.samples").collect()["sample"].to_list() == ["A", "a.vcf", "b.vcf"]
    by_file = lake.scan("gold.frequencies").filter(pl.col("level") == "all").collect()
    assert by_file.group_by("file").len().sort("file").rows() == [("a.vcf", 59), ("b.vcf", 59)]
    assert [r.file for r in lake.raw("2:5")] == ["b.vcf"]
    assert [r.file for r in lake.raw("#5", file="b.vcf")] == ["b.vcf"]
    (tmp_path / "b.vcf").unlink()
    with pytest.raises(UsageError, match="does not exist"):
        Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf", tmp_path / "b.vcf"])
    fewer = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf"])
    assert "The VCF b.vcf was removed." in fewer.status()["gold"].reasons
    fewer.build()
    assert fewer.scan("silver.variants").collect()["file"].unique().to_list() == ["a.vcf"]


def test_a_file_of_sites_alone_and_a_header_alone(tmp_path: Path) -> None:
    sites, header = tmp_path / "sites.vcf", tmp_path / "header.vcf"
    sites.write_text(vcf_text(["1 1 . A C,G . . AC=1,2"], ()), encoding="utf-8")
    header.write_text(vcf_text([]), encoding="utf-8")
    for vcf, rows in ((sites, 2), (header, 0)):
        lake = Lake(tmp_path / vcf.stem, vcf=[vcf])
        lake.build()
        assert states(lake) == ["fresh"] * 3
        assert len(lake.scan("silver.variants").collect()) == rows
        assert len(lake.scan("gold.frequencies").collect()) == 0
        assert lake.verify()
        assert all(c.ok for c in lake.verify())
    assert lake.scan("gold.populations").collect()["samples"].to_list() == [3, 3, 3]


# Stopping


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

MOMENTS = [
    ("part", 4), ("commit", 4), ("publish", 2), ("publish", 3), ("replace", 2),
]  # fmt: skip


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(("where", "nth"), MOMENTS)
def test_a_killed_build_leaves_the_last_good_layers(
    where: str, nth: int, lake: Lake, files: tuple[Path, Path], tmp_path: Path
) -> None:
    before = content(lake)
    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    died = subprocess.run(
        [sys.executable, "-c", KILLER, str(lake.path), where, str(nth)],
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


# What a lake refuses


def one_line(error: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


def test_a_folder_without_a_lake_answers_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        Lake(tmp_path / "nothing")
    text = one_line(error)
    for choice in ("demo", "phase3", "highcov", "--vcf"):
        assert choice in text
    assert not (tmp_path / "nothing").exists()


def test_a_lake_holds_one_data_set(lake: Lake, files: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="holds one"):
        Lake(lake.path, dataset="demo")
    with pytest.raises(UsageError, match="no data set 'nope'"):
        Lake(lake.path, dataset="nope")
    with pytest.raises(UsageError, match="one or the other"):
        Lake(lake.path, dataset="demo", vcf=[files[0]])
    with pytest.raises(UsageError, match="goes with --vcf"):
        Lake(lake.path, samples=files[1])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", LakeError),
        ("{", LakeError),
        ("[]", LayerFormatError),
        ('{"format": 99}', LayerFormatError),
        ('{"format": 1}', LakeError),
        ('{"format": 1, "dataset": "own", "chroms": 3, "vcf": [], "samples": null}', LakeError),
    ],
)
def test_a_damaged_or_foreign_lake_file(
    content: str, error: type[LakeError], tmp_path: Path
) -> None:
    (tmp_path / "lake.json").write_text(content, encoding="utf-8")
    with pytest.raises(LakeError) as raised:
        Lake(tmp_path)
    assert type(raised.value) is error
    assert "medallion build " in one_line(raised)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_of_another_format_is_refused(layer: str, lake: Lake) -> None:
    path = lake.path / layer / "layer.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 7'), "utf-8")
    table = {"bronze": "files", "silver": "samples", "gold": "populations"}[layer]
    with pytest.raises(LayerFormatError, match="format 7"):
        lake.scan(f"{layer}.{table}")
    with pytest.raises(LayerFormatError):
        lake.status()


@pytest.mark.parametrize("gone", ["a part", "the log"])
def test_a_table_that_lost_its_files(gone: str, lake: Lake) -> None:
    table = lake.path / "gold" / "frequencies"
    victims = table.rglob("*.parquet") if gone == "a part" else (table / "_delta_log").iterdir()
    for path in list(victims):
        path.unlink()
    with pytest.raises(LakeError) as error:
        lake.export("gold.frequencies", lake.path / "x.csv")
    assert "medallion build gold --force" in one_line(error)
    with pytest.raises((LakeError, QueryError)):
        lake.query("select count(*) from gold.frequencies where ac > 0")
    assert "gold" in {c.layer for c in lake.verify() if not c.ok and c.severity == "error"}
    lake.build("gold", force=True)
    assert len(lake.scan("gold.frequencies").collect()) > 0


def test_files_that_are_no_vcf(tmp_path: Path) -> None:
    whole = bgzf(vcf_text(RECORDS).encode(), [300])
    middle = len(whole) // 2
    cases: dict[str, tuple[bytes, type[SourceError], str]] = {
        "picture.vcf": (b"\x89PNG\r\n\x1a\n" + bytes(100), NotVCFError, "is not a VCF"),
        "empty.vcf": (b"", NotVCFError, "is empty"),
        "blank.vcf": (b"\n\n", NotVCFError, "is not a VCF"),
        "headless.vcf": (b"##fileformat=VCFv4.2\n", NotVCFError, "no #CHROM line"),
        "short.vcf.gz": (whole[:middle], DamagedFileError, "cut short"),
        "flipped.vcf.gz": (
            whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :],
            DamagedFileError,
            "damaged",
        ),
        "two.vcf": (vcf_text([], ("A", "A")).encode(), NotVCFError, "more than once"),
        "spaces.vcf": (vcf_text([]).replace("\t", " ").encode(), NotVCFError, "parted by tabs"),
    }
    for name, (raw, kind, words) in cases.items():
        (tmp_path / name).write_bytes(raw)
        lake = Lake(tmp_path / f"lake of {name}", vcf=[tmp_path / name])
        with pytest.raises(kind) as error:
            lake.build()
        assert words in one_line(error), name
        assert name in str(error.value)
        assert states(lake) == ["missing"] * 3
    with pytest.raises(UsageError, match="does not exist"):
        Lake(tmp_path / "x", vcf=[tmp_path / "absent.vcf"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="holds no"):
        Lake(tmp_path / "x", vcf=[tmp_path / "folder"])


def test_questions_that_have_no_answer(lake: Lake) -> None:
    for call, words in (
        (lambda: lake.build("platinum"), "expected one of bronze, silver, gold"),
        (lambda: lake.scan("gold.nothing"), "expected one of"),
        (lambda: lake.scan("nothing"), "expected one of"),
        (lambda: lake.raw("#0"), "count from #1"),
        (lambda: lake.raw("1:9-2"), "ends before it starts"),
        (lambda: lake.raw("what is this"), "Expected a region"),
        (lambda: lake.raw("#1", file="other.vcf"), "has no VCF 'other.vcf'"),
        (lambda: lake.header("other.vcf"), "has no VCF 'other.vcf'"),
        (lambda: lake.raw_samples("other.tsv"), "no sample table 'other.tsv'"),
        (lambda: lake.variant("  "), "Name a variant"),
    ):
        with pytest.raises(UsageError) as error:
            call()
        assert words in one_line(error)


# Looking at bronze


def test_raw_records_by_number_and_by_position(lake: Lake, files: tuple[Path, Path]) -> None:
    header, lines = split_file(files[0])
    for first, last in ((1, 1), (1, 59), (17, 23), (59, 59), (58, 99)):
        found = lake.raw(f"#{first}-{last}", limit=None)
        assert [r.text for r in found] == lines[first - 1 : last]
        assert [r.record for r in found] == list(range(first, min(last, 59) + 1))
        assert [r.line - len(header) for r in found] == [r.record for r in found]
    assert lake.raw("#60") == []
    assert [r.record for r in lake.raw("1:20-30")] == list(range(20, 31))
    assert [r.record for r in lake.raw("chr1:20")] == [20]
    assert [r.record for r in lake.raw("1", limit=3)] == [1, 2, 3]
    assert lake.raw("2:20") == []
    assert lake.raw("1:99999999999999999999") == []


def test_every_silver_row_leads_back_to_its_line(demo_lake: Lake) -> None:
    header, lines = split_file(demo.vcf_path())
    some = demo_lake.scan("silver.variants").collect().sample(8, seed=1)
    for row in some.iter_rows(named=True):
        (raw,) = demo_lake.raw(f"#{row['record']}")
        assert raw.line == row["line"] == row["record"] + len(header)
        assert raw.text == lines[row["record"] - 1]
        assert raw.text.split("\t")[1] == str(row["pos"])
        assert raw in demo_lake.raw(f"{row['chrom']}:{row['pos']}")


def test_the_header_and_the_sample_table_as_they_stand(lake: Lake) -> None:
    assert lake.header().samples == ("A", "B", "C")
    assert lake.header().fileformat == "VCFv4.3"
    raw = lake.raw_samples()
    assert raw.columns == ["sample", "pop"]
    assert raw.rows() == [("A", "GBR"), ("B", "FIN"), ("C", "YRI")]


def test_verify_finds_a_flipped_bit(lake: Lake, files: tuple[Path, Path]) -> None:
    assert wrong(lake) == set()
    there = lake.path / "bronze" / files[0].name
    raw = bytearray(there.read_bytes())
    raw[len(raw) // 2] ^= 1
    there.write_bytes(raw)
    assert wrong(lake) == {"bronze.sha256", "bronze.blocks"}


def test_verify_finds_tables_that_do_not_agree(lake: Lake) -> None:
    """A gold table from other counts is caught by silver's."""
    from medallion.gold.tables import FREQUENCIES
    from medallion.storage import delta, parts

    frame = lake.scan("gold.frequencies").collect()
    other = frame.with_columns(pl.col("ac") + (pl.col("level") == "all").cast(pl.Int32))
    part = parts.write_part(
        lake.path, FREQUENCIES, other.drop("chrom"), chrom="1", name="part-00000"
    )
    assert delta.commit(lake.path, FREQUENCIES, [part], {}) == 1
    record = lake.path / "gold" / "layer.json"
    published = json.loads(record.read_text(encoding="utf-8"))
    published["tables"]["frequencies"]["version"] = 1
    record.write_text(json.dumps(published), encoding="utf-8")
    assert wrong(lake) == {"gold.all_equals_silver", "gold.sum_ac"}


def wrong(lake: Lake) -> set[str]:
    """The checks that fail and are no mere warnings: INFO of these records is made up."""
    return {c.id for c in lake.verify() if not c.ok and c.severity == "error"}
