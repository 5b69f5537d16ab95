"""History of builds, plan, clean, and the way from a number of gold back to the source."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from medallion import Lake, MedallionError, Progress
from medallion.cli import main
from medallion.errors import BuildCancelled, NotBuiltError, UsageError
from medallion.storage import history
from medallion.storage.lock import build_lock
from medallion.trace import KEYS

# History


def write_vcf(path: Path, records: int = 5) -> Path:
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2"]  # fmt: skip
    lines += [f"7\t{100 + i}\t.\tA\tG\t.\tPASS\t.\tGT\t0|1\t0|0" for i in range(records)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    return path


def test_every_build_of_a_layer_is_told_of(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[write_vcf(tmp_path / "a.vcf")])
    assert lake.history().is_empty()
    lake.build("silver", asked_by="a test")
    lake.build("gold")
    lake.build("gold")  # fresh: nothing is built
    lake.build("gold", force=True)
    runs = lake.history()
    assert runs["layer"].to_list() == ["bronze", "silver", "gold", "gold"]
    assert runs["outcome"].to_list() == ["done"] * 4
    assert runs["asked_by"].to_list() == ["a test", "a test", "Python", "Python"]
    assert runs["started_at"].is_sorted()
    states = lake.status()
    assert runs["rows"].to_list()[1] == sum(states["silver"].rows.values())
    size = (tmp_path / "a.vcf").stat().st_size
    silver = states["silver"]
    taken = (sum(silver.rows.values()), silver.bytes)
    assert runs.select("rows_in", "bytes_in").rows() == [
        (None, size), (lake.scan("silver.variants").collect().height, size), taken, taken
    ]  # fmt: skip
    assert runs["reasons"][3].to_list() == ["You asked for it to be built again."]
    stages = json.loads(runs["stages"][3])
    assert {"counting alleles", "publishing"} <= stages.keys()
    assert 0 < sum(stages.values()) <= runs["seconds"][3] + 0.1
    assert "polars" in json.loads(runs["versions"][0])
    assert (runs["peak_memory"].drop_nulls() > 1 << 20).all()


def test_failed_and_cancelled_builds_are_told_of(tmp_path: Path) -> None:
    vcf = write_vcf(tmp_path / "a.vcf")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    stop = threading.Event()

    def cancel(event: Progress) -> None:
        if event.layer == "silver":
            stop.set()

    write_vcf(vcf, 6)
    with pytest.raises(BuildCancelled):
        Lake(tmp_path / "lake").build("gold", progress=cancel, cancel=stop)
    vcf.write_bytes(b"no VCF at all\n" * 3)
    with pytest.raises(MedallionError):
        Lake(tmp_path / "lake").build("gold")
    runs = lake.history().tail(3)
    assert runs["outcome"].to_list()[-2:] == ["cancelled", "failed"]
    assert runs["rows"].to_list()[-2:] == [None, None]
    assert runs["error"][-1]


def test_half_a_line_is_passed_over_and_the_next_stands_alone(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[write_vcf(tmp_path / "a.vcf")])
    lake.build("bronze")
    with (lake.path / "history.jsonl").open("ab") as file:
        file.write(b'{"layer": "silv')
    lake.build("silver")
    assert lake.history()["layer"].to_list() == ["bronze", "silver"]


def test_the_history_is_bounded_and_the_newest_builds_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(i: int, error: str | None = None) -> history.Run:
        return history.Run(datetime.now(UTC), f"build {i}", "failed", 1.0, "a test", error=error)

    history.write_run(tmp_path, run(0, "x" * 1_000_000))
    [row] = history.read_history(tmp_path).to_dicts()
    assert len(row["error"]) < 10_000
    one = (tmp_path / "history.jsonl").stat().st_size
    monkeypatch.setattr(history, "_MOST_BYTES", 10 * one)
    for i in range(1, 400):
        history.write_run(tmp_path, run(i))
        assert (tmp_path / "history.jsonl").stat().st_size <= 11 * one
    names = history.read_history(tmp_path)["layer"].to_list()
    assert names[-1] == "build 399"
    assert names == [f"build {i}" for i in range(400 - len(names), 400)]
    assert 50 < len(names) < 399
    assert [p.name for p in tmp_path.iterdir()] == ["history.jsonl"]


def test_of_a_history_that_another_hand_made_long_only_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(50):
        history.write_run(tmp_path, history.Run(datetime.now(UTC), str(i), "done", 1.0, "a test"))
    line = (tmp_path / "history.jsonl").read_bytes().splitlines()[-1]
    monkeypatch.setattr(history, "_MOST_BYTES", 3 * (len(line) + 1))
    assert history.read_history(tmp_path)["layer"].to_list() == ["47", "48", "49"]
    monkeypatch.setattr(history, "_MOST_BYTES", 3 * (len(line) + 1) - 1)
    assert history.read_history(tmp_path)["layer"].to_list() == ["48", "49"]


def test_clean_removes_the_version_before_and_reads_stay_right(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[write_vcf(tmp_path / "a.vcf")])
    lake.build("gold")
    lake.build("silver", force=True)
    before = lake.scan("silver.variants", build=False).collect()
    assert lake.clean() > 0
    assert lake.clean() == 0
    assert lake.scan("silver.variants", build=False).collect().equals(before)
    assert all(check.ok for check in lake.verify() if check.severity != "info")


# The way back


@pytest.fixture(scope="module")
def allele(demo_lake: Lake) -> dict[str, object]:
    rows = demo_lake.scan("gold.variants", build=False).filter(pl.col("af").is_between(0.1, 0.4))
    return rows.head(1).collect().row(0, named=True)


def named(row: dict[str, object]) -> str:
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


@pytest.mark.parametrize("group", ["GBR", "AFR", "ALL"])
def test_a_frequency_is_the_sum_of_the_rows_it_is_traced_to(
    demo_lake: Lake, allele: dict[str, object], group: str
) -> None:
    found = demo_lake.trace("gold.frequencies", named(allele), group)
    assert found.row is not None
    by_table = {source.table: source for source in found.sources}
    people = demo_lake.scan("silver.samples", build=False).collect()
    own = people.filter(
        (pl.col("population") == group) | (pl.col("super_population") == group) | (group == "ALL")
    )
    assert by_table["silver.samples"].rows == own.height
    carried = (
        demo_lake.scan("silver.genotypes", build=False)
        .filter(pl.col("pos") == allele["pos"], pl.col("record") == allele["record"])
        .filter(pl.col("sample").is_in(own["sample"].implode()))
        .collect()
    )
    assert by_table["silver.genotypes"].rows == carried.height
    assert carried["dosage"].sum() == found.row["ac"]
    assert found.records == 1
    [line] = found.lines
    assert line.text.split("\t")[1] == str(allele["pos"])
    assert line == demo_lake.raw(f"#{allele['record']}")[0]
    assert found.files["sha256"].str.len_chars().to_list() == [64] * found.files.height


def test_windows_samples_and_populations_are_traced(demo_lake: Lake) -> None:
    window = demo_lake.scan("gold.windows", build=False).filter(pl.col("records") > 3).head(1)
    row = window.collect().row(0, named=True)
    place = f"{row['chrom']}:{row['start']}-{row['end']}"
    found = demo_lake.trace("gold.windows", place, row["population"])
    assert found.row is not None
    assert found.records == row["records"]
    assert all(row["start"] <= int(x.text.split("\t")[1]) <= row["end"] for x in found.lines)
    counts = demo_lake.scan("gold.samples", build=False).head(1).collect().row(0, named=True)
    found = demo_lake.trace("gold.samples", counts["sample"])
    assert found.row == counts
    found = demo_lake.trace("gold.populations", "GBR")
    assert found.row is not None
    assert found.row["samples"] == found.sources[2].rows


def names_of(row: dict[str, Any], words: tuple[str, ...]) -> list[str]:
    """How a user names a row of gold, by its own columns."""
    said = {
        "group": row.get("population") or row.get("population_1") or row.get("super_population"),
        "other_group": row.get("population_2"),
        "sample": row.get("sample") or row.get("sample_1"),
        "other_sample": row.get("sample_2"),
        "variant": f"{row.get('chrom')}-{row.get('pos')}-{row.get('ref')}-{row.get('alt')}",
        "window": f"{row.get('chrom')}:{row.get('start')}-{row.get('end')}",
        "site": f"{row.get('chrom')}:{row.get('pos')}",
    }
    return [str(said.get(word, row.get(word))) for word in words]


@pytest.mark.parametrize("table", KEYS)
def test_a_row_of_every_table_is_found_by_its_names(demo_lake: Lake, table: str) -> None:
    """Any row that is named as KEYS says is found, alone, with lines, files and versions."""
    rows = demo_lake.scan(table, build=False).collect()
    if rows.is_empty():
        assert table == "gold.relatedness"  # the demo's people are not related
        return
    row = rows.row(rows.height // 2, named=True)
    found = demo_lake.trace(table, *names_of(row, KEYS[table]))
    assert found.row == row
    assert found.version == demo_lake.status()["gold"].versions[table.removeprefix("gold.")]
    variants, _, people = found.sources
    assert found.records > 0
    assert variants.rows >= found.records
    assert len(found.lines) == min(found.records, 20)
    assert set(found.files["kind"]) == {"vcf", "samples"}
    everyone = demo_lake.scan("silver.samples", build=False).collect()
    pair = [row.get(f"population_{i}", "-") for i in (1, 2)]
    if pair != ["-", "-"]:
        either = pl.col("population").is_in(pair) | pl.col("super_population").is_in(pair)
        assert people.rows == everyone.filter(either).height
    if table.startswith("gold.pca"):
        sites = 1 if table == "gold.pca_sites" else demo_lake.status()["gold"].rows["pca_sites"]
        assert (found.records, people.rows) == (sites, everyone.height)


def test_a_pair_may_be_named_in_either_order(demo_lake: Lake) -> None:
    one = demo_lake.trace("gold.fst", "AFR", "EUR", "hudson")
    assert one.row is not None
    assert demo_lake.trace("gold.fst", "EUR", "AFR", "hudson").row == one.row


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("gold.fst", "GBR"), "Expected one of"),
        (("gold.checks", "GBR"), "Expected one of"),
        (("gold.spectrum", "GBR", "folded", "many"), "is no count: expected a whole number"),
        (("gold.pca_sites", "22"), "is no site"),
        (("gold.frequencies", "22-1-A-G"), "Expected one of"),
        (("gold.frequencies", "22-1-A-G", "GBR"), "means 0 alleles"),
        (("gold.windows", "22", "GBR"), "is no window"),
    ],
)
def test_what_cannot_be_traced_is_said(demo_lake: Lake, key: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        demo_lake.trace(*key)


def test_a_row_that_gold_has_not_is_none(demo_lake: Lake, allele: dict[str, object]) -> None:
    assert demo_lake.trace("gold.frequencies", named(allele), "NONE").row is None


# The command line


def test_the_commands(
    demo_lake: Lake, allele: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--lake", str(demo_lake.path)]
    assert main(["plan", *at]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    assert main(["plan", "silver", "--force", *at]) == 0
    assert "You asked for it" in capsys.readouterr().out
    assert main(["trace", "gold.frequencies", named(allele), "GBR", *at]) == 0
    out = capsys.readouterr().out
    assert f"#{allele['record']:,}" in out
    assert "sha256" in out
    assert main(["history", *at]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 4
    assert main(["search", named(allele), "GBR", "nothing", *at]) == 0
    out = capsys.readouterr().out
    assert "population\tGBR" in out
    assert "missing\tnothing" in out
    assert main(["search", "nothing", *at]) == 1
    assert main(["trace", "gold.frequencies", "x", *at]) == 2
    assert "Expected one of" in capsys.readouterr().err


def test_a_command_that_a_message_names_can_be_run_as_it_is_printed(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "a b $(c)", vcf=[write_vcf(tmp_path / "a.vcf")])
    lake.build("bronze")
    with pytest.raises(NotBuiltError) as told:
        lake.variant("7:100")
    command = str(told.value).partition("Build it: medallion ")[2]
    split = shlex.split(command) if os.name != "nt" else [w.strip('"') for w in re.findall(
        r'"[^"]*"|\S+', command)]  # fmt: skip
    assert split == ["build", "silver", "--lake", str(lake.path)]
    assert main(split) == 0
    assert lake.variant("7:100").height == 1


def test_cleaning_says_that_it_waits_for_a_build(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[write_vcf(tmp_path / "a.vcf")])
    lake.build("bronze")
    held, release = threading.Event(), threading.Event()

    def build() -> None:
        with build_lock(lake.path, lambda: None):
            held.set()
            release.wait(60)

    other = threading.Thread(target=build)
    other.start()
    assert held.wait(60)
    said: list[bool] = []

    def waiting() -> None:
        said.append(True)
        release.set()

    lake.clean(waiting=waiting)
    other.join()
    assert said
