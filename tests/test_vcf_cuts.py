"""Nothing depends on where a file is cut, or by how many it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from cuts import content, cut_into
from plain_vcf import (
    assert_lossless,
    bgzf,
)
from real_data import SLICES, real, rest

from medallion import Lake


@pytest.mark.parametrize("name", ["chr12", *rest("chr22", "chrX")])
def test_a_real_file_gives_the_same_however_it_is_cut(name: str, tmp_path: Path) -> None:
    vcf, samples = real(SLICES[name].vcf), real(SLICES[name].samples)
    found = []
    small = (1 << 23, 1 << 20, 2) if name == "chr22" else (1 << 18, 1 << 16, 2)
    for i, (size, batch, workers) in enumerate([(1 << 28, 1 << 27, 1), small]):
        lake = Lake(tmp_path / str(i), vcf=[vcf], samples=samples)
        with cut_into(size, batch):
            lake.build("gold", workers=workers)
        found.append(content(lake))
    for table, frame in found[0].items():
        assert frame.equals(found[1][table]), table


def test_the_cuts_of_these_tests_do_fall(tmp_path: Path) -> None:
    """The tests above would prove nothing if every file were read in one piece."""
    lines = [f"1\t{i}\t.\tA\tC\t.\t.\t.\tGT\t0|1" for i in range(1, 300)]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    vcf = tmp_path / "a.vcf.gz"
    vcf.write_bytes(bgzf((head + "\n".join(lines) + "\n").encode(), [150, 90]))
    with cut_into(200, 100):
        lake = Lake(tmp_path / "lake", vcf=[vcf])
        lake.build("silver")
    parts = list((lake.path / "silver" / "variants").rglob("*.parquet"))
    assert len(parts) > 10
    assert len(lake.scan("silver.variants").collect()) == 299


def test_ploidy_that_changes_beside_a_cut(tmp_path: Path) -> None:
    """How a record spells its reference is up to the record, not to those read before it."""
    calls = [
        "0|0\t0\t0|0", "0|1\t1|1\t1", "1\t1\t1", "0\t0|1\t0", "1|1\t.\t./.", "0/0\t1\t0|1",
        ".\t.\t.", "0|0\t0|0\t0|0", "1|1\t1\t0/1", "0/0/0\t1\t1|0", "0\t0\t0", "1|0\t1/1\t1",
    ]  # fmt: skip
    orders = [*calls, *reversed(calls), *calls[::5], *calls[1::3], *calls[2::7]]
    lines = [f"1\t{i}\t.\tA\tC\t.\t.\t.\tGT\t{c}" for i, c in enumerate(orders, 1)]
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT a b c".replace(" ", "\t")
    vcf = tmp_path / "a.vcf.gz"
    text = "\n".join(["##fileformat=VCFv4.2", columns, *lines]) + "\n"
    vcf.write_bytes(bgzf(text.encode(), [23]))
    found = []
    for i, size in enumerate([1 << 28, 20, 100]):
        with cut_into(size, 10_000):
            lake = Lake(tmp_path / str(i), vcf=[vcf])
            lake.build("gold")
        assert assert_lossless(lake, "a.vcf.gz", lines) == len(lines)
        found.append(content(lake))
    for other in found[1:]:
        for table, frame in found[0].items():
            assert frame.equals(other[table]), table


@pytest.mark.parametrize("far", [10, 5000])
def test_a_stray_carriage_return_means_the_same_wherever_it_stands(
    far: int, tmp_path: Path
) -> None:
    """One line of many ends in CR LF: what becomes of it is up to the line, not to the cuts."""
    lines = [f"1\t{i}\t.\tA\tC\t.\t.\t.\tGT\t0|1" for i in range(1, 400)]
    lines[far // 20] += "\r"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    vcf = tmp_path / "a.vcf.gz"
    vcf.write_bytes(bgzf((head + "\n".join(lines) + "\n").encode(), [777]))
    found = []
    for i, (size, batch) in enumerate([(1 << 28, 1 << 27), (900, 300)]):
        with cut_into(size, batch):
            lake = Lake(tmp_path / str(i), vcf=[vcf])
            lake.build("silver")
        found.append(content(lake))
    for table, frame in found[0].items():
        assert frame.equals(found[1][table]), table
    # A CR before the LF is the line's end, as where all lines have it.
    assert len(found[0]["silver.variants"]) == len(lines)


# Rules that look from one record to another hold across cuts


@pytest.mark.parametrize("size", [60, *rest(1 << 28, 200)])
@pytest.mark.parametrize("sizes", [[65280], [13], [40, 3]])
def test_duplicates_and_order_are_seen_across_cuts(
    size: int, sizes: list[int], tmp_path: Path
) -> None:
    def line(chrom: str, pos: int, alt: str = "C") -> str:
        return f"{chrom}\t{pos}\t.\tA\t{alt}\t.\t.\t.\tGT\t0|1"

    sorted_part = [line("1", pos) for pos in range(100, 140)]
    cases = {
        # Repeated at once, much later, as one of several ALTs, in other letters.
        "sorted": [*sorted_part, line("1", 139), line("1", 139, "G,c"), line("1", 140)],
        "unsorted": [*sorted_part, line("2", 5), line("1", 100), line("2", 4), line("2", 5)],
    }
    expected = {
        "sorted": [("duplicate", 43), ("duplicate", 44)],
        "unsorted": [("duplicate", 44), ("duplicate", 46), ("out-of-order", 44),
                     ("out-of-order", 45)],
    }  # fmt: skip
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    for name, lines in cases.items():
        vcf = tmp_path / f"{name}.vcf.gz"
        vcf.write_bytes(bgzf((head + "\n".join(lines) + "\n").encode(), sizes))
        with cut_into(size, 100):
            lake = Lake(tmp_path / name, vcf=[vcf])
            lake.build("silver", workers=2)
        found = (
            lake.scan("silver.defects")
            .filter(pl.col("reason").is_in(["duplicate", "out-of-order"]))
            .select("reason", "line")
            .collect()
        )
        ours = [r for r in found.rows() if r[0] == "duplicate" or name == "unsorted"]
        duplicates = [r for r in ours if r[0] == "duplicate"]
        assert sorted(duplicates) == [e for e in expected[name] if e[0] == "duplicate"], name
        late = {line for reason, line in ours if reason == "out-of-order"}
        # A contig that was left and comes back is remarked on where it comes back.
        assert bool(late) == (name == "unsorted")


HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BY_RECORD = ("silver.variants", "silver.genotypes", "silver.calls", "gold.frequencies")
FAR = 9_000
"""Records: more than two blocks can hold."""


@pytest.mark.parametrize("batch", [1 << 16, 1 << 27])
def test_an_allele_that_stands_twice_far_apart_is_seen_whatever_is_read_at_a_time(
    batch: int, tmp_path: Path
) -> None:
    """Also where another contig of the file is in order, and where one place fills many blocks."""
    site = "{}\t{}\t.\tA\t{}\t.\t.\t."
    one = [site.format(1, pos, "C") for pos in range(1, FAR)]
    two = [site.format(2, pos, "C") for pos in range(1, FAR + 1)]
    letters = np.array(list("ACGT"))
    insertions = ["A" + "".join(letters[[n >> 2 * k & 3 for k in range(8)]]) for n in range(FAR)]
    three = [site.format(3, 7, alt) for alt in [*insertions, insertions[0]]]
    lines = [*one, *two, *two, *three]
    vcf = tmp_path / "a.vcf.gz"
    vcf.write_bytes(bgzf((HEAD + "\n".join(lines) + "\n").encode(), [1 << 10]))
    with cut_into(1 << 17, batch):
        lake = Lake(tmp_path / "lake", vcf=[vcf])
        lake.build("silver", workers=1)
    again = lake.scan("silver.defects").filter(pl.col("reason") == "duplicate").collect()
    found = again.group_by("chrom").len().sort("chrom").rows()
    assert found == [("2", FAR), ("3", 1)]


def test_contigs_that_take_turns_lie_together(tmp_path: Path) -> None:
    """Each record was a row group of its own, and reading took the square of their number."""
    head = HEAD.removesuffix("\n") + "\tFORMAT\ts\tt\n"
    calls = ["0|1\t2", "./.\t1/2", "0/0\t0|0|1", "2\t.", "0|0\t0|0"]
    lines = {
        (chrom, pos): f"{chrom}\t{pos}\t.\tA\tC,<DEL>\t.\t.\tAC=1,{pos};END={pos + 5};DB\tGT\t"
        + calls[(pos + len(chrom)) % len(calls)]
        for pos in range(1, 51)
        for chrom in ("1", "chr2", "X")
    }
    found = []
    for name, order in (("turns", list(lines)), ("sorted", sorted(lines))):
        vcf = tmp_path / name / "a.vcf"
        vcf.parent.mkdir()
        vcf.write_text(head + "\n".join(lines[key] for key in order) + "\n", encoding="utf-8")
        lake = Lake(tmp_path / name / "lake", vcf=[vcf])
        lake.build("gold", workers=1)
        assert assert_lossless(lake, vcf.name, [lines[key] for key in order]) == len(lines)
        groups = [
            pq.ParquetFile(path).num_row_groups
            for table in ("variants", "genotypes", "calls")
            for path in (tmp_path / name / "lake" / "silver" / table).rglob("*.parquet")
        ]
        assert groups == [1] * 9
        tables = {table: lake.scan(table).collect() for table in BY_RECORD}
        found.append({
            table: frame.drop("record", "line", "pattern", strict=False).sort(pl.all())
            for table, frame in tables.items()
        })  # fmt: skip
    for table in BY_RECORD:
        assert found[0][table].equals(found[1][table]), table
