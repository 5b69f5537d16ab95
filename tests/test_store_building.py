"""Building a lake in an object store: the same tables, and faults survived."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import s3_server
from in_store import copy, folder, same, store
from real_data import thorough
from two_populations import two_populations

from medallion import Lake
from medallion.errors import BuildCancelled, LakeError
from medallion.files import ObjectPath, is_stamp_of, stamp
from medallion.storage import cluster, delta, lease
from medallion.storage.lease import Lease
from medallion.storage.lock import build_lock

__all__ = ["folder", "store"]  # fixtures

ROOT = Path(__file__).resolve().parents[1]


def test_a_build_in_a_store_makes_what_one_on_the_disk_makes(
    folder: ObjectPath, tmp_path: Path, store: s3_server.Server
) -> None:
    """With a store that answers 503 to every ninth request."""
    local = two_populations(tmp_path, records=600)
    lake = Lake(str(folder), vcf=local.source.vcf, samples=local.source.samples)
    with store.stumbling(9):
        lake.build("gold")
        same(local, lake)
        assert lake.plan() == []
        for ask in ("select sum(ac) from gold.frequencies", "select count(*) from silver.calls"):
            assert lake.query(ask).equals(local.query(ask))
        assert lake.raw("#500") == local.raw("#500")
    for name in ("cohort.vcf", "panel.txt"):
        there = (folder / "bronze" / name).read_bytes()
        assert there == (local.path / "bronze" / name).read_bytes()
    # Neither a lock nor a part that no table names is left.
    left = folder.sizes()
    named = {
        f"{t.layer}/{t.short}/{p}" for t in lake.tables() for p in delta.newest_names(folder, t)
    }
    assert {n for n in left if n.endswith(".parquet") and "_delta_log" not in n} == named
    assert not [n for n in left if ".lock" in n or "arriving" in n]


@thorough
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

    local = two_populations(tmp_path, records=600)
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


@thorough
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


@thorough
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
