"""`gold.most_different`, held against what all of `gold.frequencies` says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from plain_vcf import vcf_text

from medallion import Lake
from medallion.catalog.populations import UNASSIGNED
from medallion.gold.different import KEPT
from pages.shared import cache

LEVELS = ("population", "super_population")
KEY = ("file", "record", "alt_index")


def told(frequencies: pl.DataFrame, level: str) -> pl.DataFrame:
    """All alleles by how much they differ between the groups of a level, the most first."""
    af = pl.col("af")
    rows = frequencies.filter(
        pl.col("an") > 0, pl.col("population") != UNASSIGNED, pl.col("level") == level
    )
    spread = rows.group_by(KEY, maintain_order=True).agg(
        pl.col("chrom", "pos", "id", "ref", "alt").first(),
        highest=pl.col("population").filter(af == af.max()).last(),
        highest_af=af.max(),
        lowest=pl.col("population").filter(af == af.min()).first(),
        lowest_af=af.min(),
        difference=af.max() - af.min(),
    )
    return spread.sort("difference", *KEY, descending=[True, False, False, False])


def two_files(folder: Path) -> Lake:
    """Two files, of more alleles on a contig than are kept, some not called in some groups."""
    rng = np.random.default_rng(3)
    people = [f"S{i}" for i in range(24)]
    groups = [("GBR", "EUR"), ("FIN", "EUR"), ("YRI", "AFR"), ("", "")]
    table = folder / "people.tsv"
    lines = ["\t".join([s, *groups[i % 4]]) for i, s in enumerate(people) if groups[i % 4][0]]
    table.write_text("\n".join(["sample\tpop\tsuper_pop", *lines, ""]), encoding="utf-8")

    def write(name: str, contigs: dict[str, int]) -> Path:
        records = []
        for chrom, count in contigs.items():
            for i in range(count):
                calls = rng.choice(["0|0", "0|1", "1|1", ".|."], 24, p=[0.4, 0.2, 0.3, 0.1])
                if i % 5 == 0:
                    calls[2::4] = ".|."  # nobody of YRI
                if i % 50 == 0:
                    calls[:] = ".|."
                alt = "G,T" if i % 9 == 0 else "G"
                records.append(
                    " ".join([chrom, str(100 + i), ".", "A", alt, ".", "PASS", ".", "GT", *calls])
                )
        path = folder / name
        path.write_text(vcf_text(records, people), encoding="utf-8", newline="\n")
        return path

    vcfs = [write("b.vcf", {"1": 900, "X": 40}), write("a.vcf", {"2": 300})]
    lake = Lake(folder / "lake", vcf=vcfs, samples=table)
    lake.build("gold")
    return lake


@pytest.fixture(params=["demo", "two populations", "two files"])
def lake(
    request: pytest.FixtureRequest, built_once: Callable[[str, Callable[[Path], Lake]], Lake]
) -> Lake:
    if request.param == "demo":
        return request.getfixturevalue("demo_lake")  # type: ignore[no-any-return]
    if request.param == "two populations":
        return request.getfixturevalue("cohort_lake")  # type: ignore[no-any-return]
    return built_once("two files that differ", two_files)


def test_each_contig_of_a_file_keeps_its_most_different(lake: Lake) -> None:
    frequencies = lake.scan("gold.frequencies", build=False).collect()
    kept = lake.scan("gold.most_different", build=False).collect()
    checked = 0
    for (file, chrom), own in frequencies.group_by("file", "chrom"):
        for level in LEVELS:
            wanted = told(own, level).head(KEPT)
            here = pl.col("file") == file, pl.col("chrom") == chrom, pl.col("level") == level
            found = kept.filter(*here).rename(
                {"highest_population": "highest", "lowest_population": "lowest"}
            )
            assert found.select(wanted.columns).equals(wanted)
            checked += found.height
    assert checked == kept.height > 0


def test_the_first_of_the_lake_are_those_of_a_full_read(lake: Lake) -> None:
    frequencies = lake.scan("gold.frequencies", build=False).collect()
    supers = told(frequencies, "super_population")
    level = LEVELS[pl.concat([supers["highest"], supers["lowest"]]).n_unique() > 1]
    for limit in (1, KEPT):
        found = cache.most_different(str(lake.path), lake.version("gold"), limit)
        wanted = told(frequencies, level).head(limit)
        assert found.select(wanted.columns).equals(wanted)
        assert found.height == limit


def test_gold_is_not_read_through_for_them(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.shared.cache import gold

    read: list[str] = []
    scan = gold.scan
    monkeypatch.setattr(gold, "scan", lambda path, name: (read.append(name), scan(path, name))[1])
    cache.most_different.clear()
    cache.most_different(str(lake.path), lake.version("gold"), KEPT)
    assert read == ["gold.most_different"]


def test_of_a_contig_that_is_added_the_others_keep_theirs(tmp_path: Path) -> None:
    whole = two_files(tmp_path)
    people = tmp_path / "people.tsv"
    grown = Lake(tmp_path / "grown", vcf=[tmp_path / "b.vcf"], samples=people)
    grown.build("gold")
    Lake(tmp_path / "grown", vcf=[tmp_path / n for n in ("b.vcf", "a.vcf")], samples=people).build(
        "gold"
    )
    one, other = (
        cache.most_different(str(lake.path), lake.version("gold"), KEPT) for lake in (whole, grown)
    )
    assert one.equals(other)
    assert one["file"].n_unique() == 2
