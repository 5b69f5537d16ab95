"""A lake in an object store: the same tables and answers, few bytes, and faults survived.

The store is moto's S3 server, a process of its own on loopback (`s3_server`).
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import misbehaving_server as ms
import polars as pl
import pytest
import s3_server
from real_data import PANEL, SLICES, real
from streamlit.testing.v1 import AppTest
from test_readme import MEDALLION, commands

from medallion import Lake, cli
from medallion.bronze.download import Policy, fetch
from medallion.catalog.releases import RemoteFile, Version
from medallion.errors import BuildCancelled, DownloadError, LakeError, UsageError
from medallion.files import ObjectPath, is_stamp_of, names, place, replacing, stamp
from medallion.files.objects import ObjectWriter
from medallion.storage import cluster, delta, lease, rows
from medallion.storage.lease import Lease
from medallion.storage.lock import build_lock
from medallion.storage.parts import write_part
from medallion.storage.schema import Column, Table

pytest.importorskip("moto", reason="moto, the S3 server of these tests, is not installed")
pytest.importorskip("obstore", reason="the extra s3 is not installed")

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "bucket"
PAGE_BYTES = 5_000_000


@pytest.fixture(scope="module")
def store() -> Iterator[s3_server.Server]:
    """The server, with one bucket, and the environment of who uses it."""
    with s3_server.running() as server, pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in server.environment.items():
            patch.setenv(name, value)
        server.make_bucket(BUCKET)
        yield server


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


@pytest.fixture(scope="module")
def copied(store: s3_server.Server, demo_lake: Lake) -> Lake:
    """The demo, built on the disk and copied. For reading only."""
    return copy(demo_lake, "copied")


def same(one: Lake, other: Lake) -> None:
    """Every table of silver and gold has the same rows in the same order."""
    tables = [t.name for t in one.tables() if t.layer != "bronze"]
    for name in tables:
        assert other.scan(name, build=False).collect().equals(one.scan(name, build=False).collect())


# Paths


def test_an_address_is_a_place_and_other_addresses_are_not() -> None:
    assert place("s3://bucket/a//b/") == ObjectPath("bucket", "a/b")
    assert str(ObjectPath("bucket", "a") / "b") == "s3://bucket/a/b"
    assert place("data/x") == Path("data/x")
    for odd in ("s3://", "s3:///a", "s3://bucket/../a", "gs://bucket/a", "https://host/a"):
        with pytest.raises(UsageError, match="s3://bucket/folder"):
            place(odd)


def test_an_object_does_what_a_file_does(folder: ObjectPath, tmp_path: Path) -> None:
    """The same acts on a folder of the disk and of the store leave and tell the same."""
    told = []
    for root in (tmp_path / "root", folder / "root"):
        (root / "a").mkdir(parents=True, exist_ok=True)
        (root / "a" / "one.json").write_bytes(b"{}")
        (root / "a" / "two words %41 \xe9.txt").write_bytes(b"\xef\xbb\xbfabc")
        (root / "a" / "old").write_bytes(b"old")
        (root / "a" / "new").write_bytes(b"newer")
        (root / "a" / "new").replace(root / "a" / "old")
        (root / "a" / "gone").write_bytes(b"")
        (root / "a" / "gone").unlink()
        (root / "a" / "gone").unlink(missing_ok=True)
        missing = []
        for act in (Path.stat, Path.read_bytes, Path.unlink):
            with pytest.raises(FileNotFoundError):
                getattr(root / "none", act.__name__)()
            missing.append(act.__name__)
        told.append((
            sorted(p.name for p in (root / "a").iterdir()),
            sorted(names(root, ".json")),
            sorted(p.name for p in (root / "a").glob("*o*")),
            (root / "a" / "old").read_bytes(),
            (root / "a" / "old").stat().st_size,
            (root / "a" / "two words %41 \xe9.txt").read_text(encoding="utf-8-sig"),
            (root / "a").is_dir(), (root / "a").is_file(), (root / "a").exists(),
            (root / "none").is_dir(), (root / "none").exists(),
            [p.name for p in (root / "a" / "b").parents][:2],
            missing,
        ))  # fmt: skip
    assert told[0] == told[1]


def test_ranges_are_those_of_the_bytes(folder: ObjectPath, store: s3_server.Server) -> None:
    chance = random.Random(1)
    data = chance.randbytes(3_000_000)
    path = folder / "bytes"
    path.write_bytes(data)
    for ahead in (True, False):
        store.sent()
        with path.open("rb", ahead=ahead) as file:
            for _ in range(40):
                at, size = chance.randrange(len(data) + 10), chance.randrange(40_000)
                file.seek(at)
                assert file.read(size) == data[at : at + size]
            file.seek(-5, io.SEEK_END)
            assert file.read() == data[-5:]
    few = sum(n for *_, n in store.sent())
    assert few < 40 * 60_000  # without reading ahead no more than was asked for
    with path.open("rb") as file:
        assert file.read() == data
    # What is read to its end comes in larger and larger pieces.
    assert len(store.sent()) < 8


def test_what_is_not_closed_is_not_there(folder: ObjectPath) -> None:
    def stop(out: ObjectWriter) -> None:
        with out:
            out.write(b"x" * (9 << 20))  # more than one part of an upload
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        stop((folder / "part").writer())
    left: ObjectWriter | None = (folder / "left").writer()
    assert left is not None
    left.write(b"x")
    del left
    assert folder.sizes() == {}
    with (folder / "whole").writer() as out:
        out.write(b"y" * (9 << 20))
        out.write(memoryview(b"z"))
    assert folder.sizes() == {"whole": (9 << 20) + 1}


def test_of_two_writers_the_store_takes_one(folder: ObjectPath) -> None:
    path = folder / "record"
    with replacing(path) as first, replacing(path) as second:
        first(b"1")
        with pytest.raises(LakeError, match="Another build wrote"):
            second(b"2")
    assert path.read_bytes() == b"1"
    with replacing(path) as third, replacing(path) as fourth:
        third(b"3")
        with pytest.raises(LakeError, match="Another build wrote"):
            fourth(b"4")
    assert path.read_bytes() == b"3"


TABLE = Table(
    "silver.numbers",
    "number",
    (Column("chrom", "string", "contig"), Column("pos", "int32", "position"),
     Column("file", "string", "file"), Column("record", "int64", "record")),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
)  # fmt: skip


@pytest.mark.parametrize(
    "chrom", ["22", "<chr1>", "HLA-A*01:01:01:01", "a/b", "a=b", "a b", "%41", "..", "ß" * 80]
)
def test_any_name_of_a_contig_comes_back(chrom: str, folder: ObjectPath) -> None:
    def frame(name: str) -> pl.DataFrame:
        return pl.DataFrame({"chrom": name, "pos": [1, 2], "file": "f", "record": [1, 2]}).cast(
            {"pos": pl.Int32}
        )

    written = [
        write_part(folder, TABLE, frame(name), chrom=name, name=f"part-{i}")
        for i, name in enumerate((chrom, "other"))
    ]
    version = delta.commit(folder, TABLE, written, {})
    found = delta.scan(folder, TABLE, version).filter(pl.col("chrom") == chrom).collect()
    assert found.equals(frame(chrom))
    groups = rows.row_groups(folder, TABLE, version)
    assert {g.chrom for g in groups} == {chrom, "other"}
    assert delta.clean(folder, TABLE, [version]) == 0
    assert delta.damaged(folder, "silver", {"numbers": version}) == []
    (folder / "silver" / "numbers" / written[0].path).unlink()
    assert delta.damaged(folder, "silver", {"numbers": version}) == ["silver.numbers"]


# A lake that is there


def test_a_lake_that_was_copied_is_fresh_and_its_tables_are_the_same(
    copied: Lake, demo_lake: Lake
) -> None:
    assert {s.state for s in copied.status().values()} == {"fresh"}
    assert copied.plan() == []
    same(demo_lake, copied)


COMMANDS = [
    "raw 22:16050000-16060000",
    "raw #5000-5002",
    "variant 22:16056829",
    "variant 22:16056829 --json",
    "trace gold.frequencies 22-16056829-T-A EUR",
    "search 22:16056829",
    "linked 22:16056901 --limit 5",
    "ld 22:16056829 22:16056901",
    "haplotypes 22:16056829 22:16056901",
    "cohort 22:16050000-16060000 --population GBR",
    "versions gold.variants",
    "plan",
    "history",
    "status",
    "query select_population,_sum(an)_from_gold.frequencies_group_by_all_order_by_1",
    "query select_*_from_silver.variants_where_pos_=_16056829",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_of_a_lake_in_a_store_what_it_says_of_one_on_the_disk(
    command: str, copied: Lake, demo_lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("_", " ") if "select" in word else word for word in command.split()]
    said = []
    for lake in (demo_lake, copied):
        assert cli.main([*words, "--lake", str(lake.path)]) == 0, capsys.readouterr().err
        said.append(capsys.readouterr().out.replace(str(lake.path), "LAKE"))
    assert said[0] == said[1]
    assert said[0].strip()


def test_what_the_readme_says_to_do_can_be_done(store: s3_server.Server) -> None:
    told = [c for c in commands() if "s3://" in c and c.startswith(MEDALLION)]
    assert len(told) > 2
    for command in told:
        assert cli.main(shlex.split(command)[3:]) == 0


def test_verify_finds_all_well_and_a_changed_byte(
    demo_lake: Lake, store: s3_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = copy(demo_lake, "verified")
    assert cli.main(["verify", "--lake", str(lake.path)]) == 0
    path = lake.path / "bronze" / "demo.chr22.vcf.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    capsys.readouterr()
    assert cli.main(["verify", "--lake", str(lake.path)]) == 1
    assert "bronze.sha256" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["x.csv", "x.parquet", "x.vcf"])
def test_an_export_is_the_same_file(
    target: str, copied: Lake, demo_lake: Lake, tmp_path: Path
) -> None:
    what = "vcf" if target.endswith("vcf") else "gold.populations"
    written = []
    for lake in (demo_lake, copied):
        lake.export(what, tmp_path / target)
        written.append((tmp_path / target).read_bytes().replace(str(lake.path).encode(), b"LAKE"))
    assert written[0] == written[1] or target.endswith("parquet")  # which tells its lake's name
    if target.endswith("parquet"):
        assert pl.read_parquet(tmp_path / target).height == 32


def test_a_line_is_read_without_its_file(copied: Lake, store: s3_server.Server) -> None:
    copied.raw("#1")
    store.sent()
    assert copied.raw("#7000")[0].record == 7000
    fetched = sum(n for _, path, n in store.sent() if path.endswith(".vcf.gz"))
    whole = (copied.path / "bronze" / "demo.chr22.vcf.gz").stat().st_size
    assert 0 < fetched < whole / 2


# The app


Open = Callable[..., AppTest]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """A page of the app on a lake, as a link with these parameters opens it."""

    def opened(lake: Lake, name: str, **query: str) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
        monkeypatch.setattr("sys.argv", ["app.py"])
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        app.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, [element.message for element in app.exception]
        return app

    return opened


PAGES = sorted(
    path.relative_to(ROOT / "pages").with_suffix("").as_posix()
    for path in (ROOT / "pages").glob("*/*.py")
    if path.parent.name != "shared"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_a_lake_in_a_store(name: str, copied: Lake, page: Open) -> None:
    page(copied, name)


@pytest.fixture(scope="module")
def large(store: s3_server.Server, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """25,000 real records of 2,504 samples: 29 MB of a lake."""
    lake = Lake(
        tmp_path_factory.mktemp("large") / "lake", vcf=real(SLICES["chr20"].vcf),
        samples=real(PANEL),
    )  # fmt: skip
    lake.build("gold")
    return copy(lake, "large")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "query", "shown"),
    [
        ("explore/variant", {"variant": "20-467283-G-C"}, "467,283"),
        ("explore/region", {"region": "20:460000-480000"}, "20:460,000-480,000"),
        ("layers/bronze", {"bronze": "Records", "at": "20:467283"}, "467283"),
    ],
)
def test_a_page_fetches_a_few_megabytes(
    name: str, query: dict[str, str], shown: str, large: Lake, store: s3_server.Server, page: Open
) -> None:
    whole = sum(large.path.sizes().values())
    assert whole > 4 * PAGE_BYTES
    page(large, "trust/history")  # what the sidebar reads is not the page's
    store.sent()
    app = page(large, name, **query)
    fetched = sum(n for *_, n in store.sent())
    assert 0 < fetched < PAGE_BYTES
    texts = [str(getattr(e, "value", "")) for kind in ("title", "text", "caption", "markdown",
             "code", "metric", "text_input") for e in app.get(kind)]  # fmt: skip
    assert any(shown in text or shown.replace(",", "") in text for text in texts)


# Building there


def test_a_build_in_a_store_makes_what_one_on_the_disk_makes(
    folder: ObjectPath, demo_lake: Lake, store: s3_server.Server
) -> None:
    """With a store that answers 503 to every ninth request."""
    lake = Lake(str(folder), dataset="demo")
    with store.stumbling(9):
        lake.build("gold")
        same(demo_lake, lake)
        assert lake.plan() == []
        for ask in ("select sum(ac) from gold.frequencies", "select count(*) from silver.calls"):
            assert lake.query(ask).equals(demo_lake.query(ask))
        assert lake.raw("#5000") == demo_lake.raw("#5000")
    for name in ("demo.chr22.vcf.gz", "demo.samples.txt"):
        assert (folder / "bronze" / name).read_bytes() == (
            demo_lake.path / "bronze" / name
        ).read_bytes()
    # Neither a lock nor a part that no table names is left.
    left = folder.sizes()
    named = {
        f"{t.layer}/{t.short}/{p}" for t in lake.tables() for p in delta.newest_names(folder, t)
    }
    assert {n for n in left if n.endswith(".parquet") and "_delta_log" not in n} == named
    assert not [n for n in left if ".lock" in n or "arriving" in n]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own: sockets that it leaves to the collector
def test_workers_of_a_cluster_write_straight_to_the_store(
    folder: ObjectPath, demo_lake: Lake
) -> None:
    distributed = pytest.importorskip("distributed")
    lake = Lake(str(folder), dataset="demo")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
            silence_logs=50,
        ) as machines,
        cluster.connected(machines.scheduler_address, lake.path) as executor,
    ):  # fmt: skip
        lake.build("silver", executor=executor)
    for name in ("silver.variants", "silver.genotypes", "silver.calls"):
        one, other = (lk.scan(name, build=False).collect() for lk in (lake, demo_lake))
        assert one.equals(other)


def test_a_file_of_the_disk_goes_there_and_a_new_one_takes_its_place(
    folder: ObjectPath, tmp_path: Path
) -> None:
    from two_populations import two_populations

    local = two_populations(tmp_path)
    lake = Lake(str(folder), vcf=local.source.vcf, samples=local.source.samples)
    lake.build("silver")
    assert lake.status()["silver"].state == "fresh"
    vcf = Path(local.source.vcf[0])
    before = lake.path / "bronze" / vcf.name
    assert is_stamp_of(before, stamp(before))
    text = vcf.read_bytes()
    lines = text.splitlines(keepends=True)
    vcf.write_bytes(b"".join(lines[:-1]))
    assert [step.layer for step in lake.plan("silver")] == ["bronze", "silver"]
    lake.build("silver")
    assert before.read_bytes() == vcf.read_bytes()
    assert {s.state for s in lake.status().values() if s.layer != "gold"} == {"fresh"}
    assert lake.raw("#1")


CONTENT = random.Random(2).randbytes(20_000_000)


def remote(url: str, content: bytes = CONTENT) -> RemoteFile:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return RemoteFile("file.vcf.gz", "vcf", None, (Version("v1", (url,), len(content), md5),))


@pytest.fixture
def policy() -> Policy:
    return Policy(connect_timeout=2.0, read_timeout=2.0, wait=lambda _s, _c: None)


def test_a_download_streams_into_the_store(
    folder: ObjectPath, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off twice, it goes on where it stopped, and nothing of it touches the disk."""
    monkeypatch.chdir(tmp_path)
    with ms.serve() as server:
        site = server.add("/file", CONTENT)
        site.behaviours = [ms.cut(7_000_000), ms.cut(5_000_000), ms.well]
        seen: list[dict[str, int]] = []
        got = fetch(
            remote(site.url), folder, policy=policy,
            progress=lambda _event: seen.append(folder.sizes()) if len(seen) < 20 else None,
        )  # fmt: skip
    assert got.verified
    assert got.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (folder / "file.vcf.gz").read_bytes() == CONTENT
    assert folder.sizes() == {"file.vcf.gz": len(CONTENT)}
    assert [r.get("range") for r in site.requests] == [None, "bytes=7000000-", "bytes=12000000-"]
    assert not any(seen)  # until it is whole it is not there
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_file_is_never_there(folder: ObjectPath, policy: Policy) -> None:
    with ms.serve() as server:
        site = server.add("/file", CONTENT[:-1] + b"?")
        with pytest.raises(DownloadError, match="md5"):
            fetch(remote(site.url), folder, policy=policy)
    assert folder.sizes() == {}


# Faults


def test_a_lease_keeps_others_out_until_its_holder_is_dead(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "TERM_SECONDS", 1.0)
    monkeypatch.setattr(lease, "_POLL_SECONDS", 0.05)

    def give_up() -> None:
        raise BuildCancelled("enough")

    path = folder / "lock"
    alive = Lease(path)
    alive.take(give_up)
    since = time.monotonic()

    def for_a_while() -> None:
        if time.monotonic() - since > 2.5:
            raise BuildCancelled("enough")

    with pytest.raises(BuildCancelled):
        Lease(path).take(for_a_while)  # it waits longer than a term: the holder renews
    alive.confirm()
    # The holder stands still, as a machine that sleeps.
    alive._stop.set()
    alive._thread.join()
    another = Lease(path)
    since = time.monotonic()
    another.take(lambda: None)
    assert time.monotonic() - since >= 1.0
    with pytest.raises(LakeError, match="another took its place"):
        alive.confirm()
    alive.give_back()
    another.confirm()
    another.give_back()
    assert folder.sizes() == {}


def test_a_builder_that_lost_its_lease_publishes_and_removes_nothing(
    folder: ObjectPath, demo_lake: Lake
) -> None:
    lake = Lake(str(folder), dataset="demo")
    lake.build("bronze")

    def robbed(event: object) -> None:
        if "reading records" in str(event):
            (folder / ".build.lock").write_bytes(b"{}")
            (folder / "silver/variants/chrom=22/of-another.parquet").write_bytes(b"x")

    with pytest.raises(LakeError, match="another took its place"):
        lake.build("silver", progress=robbed)
    assert lake.version("silver") == ""
    assert "silver/variants/chrom=22/of-another.parquet" in folder.sizes()


def program(text: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process of its own, as on another machine."""
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


VICTIM = """
import sys
from medallion import Lake
from medallion.storage import lease
lease.TERM_SECONDS = 2.0
def tell(event):
    if event.stage == "reading records" and event.done:
        print("in the middle", flush=True)
        sys.stdin.read()
Lake(sys.argv[1]).build("silver", force=True, progress=tell)
"""


def test_a_killed_builder_leaves_the_layer_readable_and_the_next_goes_on(
    demo_lake: Lake, store: s3_server.Server
) -> None:
    lake = copy(demo_lake, "killed")
    before = lake.version("silver")
    parts = delta.part_names(lake.path, lake.tables()[0])
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(lake.path)], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert victim.stdout is not None
    assert victim.stdout.readline() == "in the middle\n"
    victim.kill()
    victim.wait()
    victim.communicate()
    assert lake.version("silver") == before
    same(demo_lake, lake)
    waited: list[str] = []
    lake.build("silver", force=True, progress=lambda event: waited.append(event.stage))
    assert "waiting for another build of this lake" in waited
    assert lake.version("silver") != before
    same(demo_lake, lake)
    assert delta.part_names(lake.path, lake.tables()[0]) == parts  # bronze is as it was
    newest = {p for t in lake.tables() for p in delta.newest_names(lake.path, t)}
    variants = next(t for t in lake.tables() if t.name == "silver.variants")
    kept = {p for v in (0, 1) for p in (q.path for q in delta.parts_of(lake.path, variants, v))}
    assert delta.part_names(lake.path, variants) <= newest | kept  # of the dead nothing is left


BUILDER = """
import sys
from medallion import cli
sys.exit(cli.main(["build", "silver", "--dataset", "demo", "--lake", sys.argv[1]]))
"""


def test_two_builders_at_a_time_do_the_work_once(folder: ObjectPath, demo_lake: Lake) -> None:
    both = [program(BUILDER, str(folder)) for _ in range(2)]
    said = [p.communicate(timeout=300)[0] for p in both]
    assert [p.returncode for p in both] == [0, 0], said
    lake = Lake(str(folder))
    runs = lake.history()
    assert sorted(runs["layer"]) == ["bronze", "silver"]
    assert set(runs["outcome"]) == {"done"}
    assert {s.state for s in lake.status().values() if s.layer != "gold"} == {"fresh"}
    for name in ("silver.variants", "silver.genotypes"):
        one, other = (lk.scan(name, build=False).collect() for lk in (lake, demo_lake))
        assert one.equals(other)


def test_builders_of_one_process_take_turns(folder: ObjectPath) -> None:
    inside: list[int] = []
    most = [0]

    def enter() -> None:
        with build_lock(folder, lambda: None):
            inside.append(1)
            most[0] = max(most[0], len(inside))
            time.sleep(0.2)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


# What cannot be


def fails(environment: dict[str, str | None], *arguments: str) -> str:
    """What the command says, in one line, with exit code 1."""
    changed = {**os.environ, **{k: v for k, v in environment.items() if v is not None}}
    for name, value in environment.items():
        if value is None:
            del changed[name]
    done = subprocess.run(
        [sys.executable, "-m", "medallion", *arguments], cwd=ROOT, env=changed, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("environment", "lake", "said"),
    [
        ({}, "s3://no-such-bucket/lake", "has no bucket 'no-such-bucket'"),
        ({"AWS_ACCESS_KEY_ID": s3_server.STRANGER}, "s3://bucket/copied", "refuses these cred"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "s3://bucket/copied", "cannot be reached"),
        ({"AWS_ALLOW_HTTP": None}, "s3://bucket/copied", "AWS_ALLOW_HTTP=true"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_in_one_line(
    environment: dict[str, str | None], lake: str, said: str, store: s3_server.Server
) -> None:
    for command in (["status"], ["build", "--dataset", "demo"]):
        assert said in fails(environment, *command, "--lake", lake)


def test_a_profile_tells_who_one_is(copied: Lake, tmp_path: Path, store: s3_server.Server) -> None:
    """Each library that goes there (obstore, delta-rs, polars, Arrow) knows it."""
    profile = tmp_path / "credentials"
    profile.write_text("[me]\naws_access_key_id = me\naws_secret_access_key = secret\n")
    told = {k: v for k, v in os.environ.items() if "KEY" not in k}
    told |= {"AWS_PROFILE": "me", "AWS_SHARED_CREDENTIALS_FILE": str(profile)}
    store.sent()
    for command in (["query", "select count(*) from gold.fst"], ["variant", "22:16056829"]):
        done = subprocess.run(
            [sys.executable, "-m", "medallion", *command, "--lake", str(copied.path)], cwd=ROOT,
            env=told, text=True, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [("gs://bucket/lake", "expected a folder"), ("s3://no-such-bucket/lake", "has no bucket")],
)
def test_the_app_says_why_a_place_cannot_be_opened(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch, store: s3_server.Server
) -> None:
    monkeypatch.setenv("MEDALLION_LAKE", address)
    monkeypatch.setattr("sys.argv", ["app.py"])
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not app.exception
    assert any(said in element.value for element in app.code)


def test_without_the_extra_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from medallion.files import stores

    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    stores.obstore.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"medallion\[s3\]"):
            Lake("s3://bucket/lake")
    finally:
        stores.obstore.cache_clear()
