"""Counts exported as a VCF, against bcftools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from odd_export import ODD, WHO, odd
from plain_vcf import split_file
from real_data import SLICES, metadata, rest, tool

from medallion import Lake
from medallion.catalog import POPULATIONS, SUPER_POPULATIONS
from medallion.errors import NotBuiltError
from medallion.export.vcf_header import Group

__all__ = ["odd"]  # fixture


def query(vcf: Path, keys: list[str]) -> pl.DataFrame:
    """What bcftools reads: a record a row, each field as text."""
    columns = ["CHROM", "POS", "REF", "ALT", *(f"INFO/{k}" for k in keys)]
    run = subprocess.run(
        [tool("bcftools"), "query", "-f", "\t".join(f"%{c}" for c in columns) + "\n", str(vcf)],
        check=True, capture_output=True,
    )  # fmt: skip
    assert run.stderr == b""
    return pl.read_csv(
        run.stdout, separator="\t", has_header=False, new_columns=columns, infer_schema=False,
        quote_char=None,
    )  # fmt: skip


def filled(vcf: Path, who: dict[str, tuple[str, str]], folder: Path) -> Path:
    """`vcf` with counts of each group by bcftools."""
    listed, target = folder / "groups.txt", folder / "filled.bcf"
    rows = [f"{s}\t{','.join(dict.fromkeys(pair))}\n" for s, pair in who.items()]
    listed.write_text("".join(rows), encoding="utf-8")
    subprocess.run(
        [tool("bcftools"), "+fill-tags", str(vcf), "-Ob", "-o", str(target), "--", "-S",
         str(listed), "-t", "AC,AN,AF"],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def keys_of(who: dict[str, tuple[str, str]]) -> list[str]:
    codes = sorted({code for pair in who.values() for code in pair})
    return [f"{k}{end}" for end in ("", *(f"_{c}" for c in codes)) for k in ("AC", "AN", "AF")]


@pytest.mark.parametrize("name", ["chrX", *rest("chr22", "chrMT")])
def test_counts_are_those_of_fill_tags(
    name: str, real_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    tool("bcftools")
    lake = real_lake(name)
    source = Path(lake.source.vcf[0])
    packed = tmp_path / "out.vcf.gz"
    done = lake.export("vcf", packed)
    header = split_file(source)[0][-1]
    known = metadata(SLICES[name].samples)
    who = {s: known.get(s, ("unassigned", "unassigned")) for s in header.split("\t")[9:]}
    keys = keys_of(who)
    if name == "chr22":
        assert len(keys) == 3 * (1 + len(POPULATIONS) + len(SUPER_POPULATIONS))
    ours, theirs = query(packed, keys), query(filled(source, who, tmp_path), keys)
    assert len(ours) == len(theirs) == done.rows > 100
    for column in theirs.columns:
        assert ours[column].equals(theirs[column]), column
    subprocess.run([tool("bcftools"), "index", str(packed)], check=True)


def test_odd_records_are_as_bcftools_counts_them(odd: Lake, tmp_path: Path) -> None:
    path = tmp_path / "odd.vcf"
    odd.export("vcf", path)
    keys = keys_of(WHO)
    source = tmp_path / "source.vcf"
    # bcftools refuses what the lake survives: names without a definition, AC as text.
    more = '##contig=<ID=X>\n##FILTER=<ID=odd,Description="Odd">\n##contig=<ID=1>'
    more += '\n##INFO=<ID=YY,Number=1,Type=String,Description="Y">'
    more += '\n##INFO=<ID=AN,Number=1,Type=Integer,Description="AN">'
    more += '\n##INFO=<ID=ZZ,Number=0,Type=Flag,Description="Z">'
    readable = ODD.replace("AC,Number=.,Type=String", "AC,Number=A,Type=Integer")
    source.write_text(readable.replace("##contig=<ID=1>", more), "utf-8")
    ours, theirs = query(path, keys), query(filled(source, WHO, tmp_path), keys)
    with_gt = [p != "650" for p in ours["POS"]]
    assert ours.filter(with_gt).rows() == theirs.filter(with_gt).rows()
    assert ours.row(5)[4:] == (".",) * len(keys)


def test_lines_of_a_vcf(odd: Lake, tmp_path: Path) -> None:
    path = tmp_path / "odd.vcf"
    done = odd.export("vcf", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("#")]
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    assert header[0] == "##fileformat=VCFv4.3"
    assert header[-1] == "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    assert "##contig=<ID=1>" in header
    assert "##contig=<ID=X>" in header
    assert '##FILTER=<ID=q10,Description="Low">' in header
    assert any(line.startswith("##FILTER=<ID=odd,") for line in header)
    assert any(line.startswith("##INFO=<ID=YY,Number=.,Type=String,") for line in header)
    assert any(line.startswith("##INFO=<ID=ZZ,Number=0,Type=Flag,") for line in header)
    for key, start in (("AC", "A,Type=Integer"), ("AN", "1,Type=Integer"), ("AF", "A,Type=Float")):
        for end in ("", "_EUR", "_GBR", "_YRI"):
            own = [line for line in header if line.startswith(f"##INFO=<ID={key}{end},")]
            assert len(own) == 1
            assert own[0].startswith(f"##INFO=<ID={key}{end},Number={start},"), own
    assert not any("FORMAT" in line for line in header)
    assert done.rows == len(records) == 7
    assert done.unit == "records"
    assert records[0][:7] == ["1", "100", "=cmd()", "A", "C,G", "7.5", "PASS"]
    info = records[0][7].split(";")
    assert info[:3] == ["AC=3,1", "AN=5", "AF=0.6,0.2"]
    assert "AC_EUR=2,1" in info
    assert "AF_EUR=0.5,0.25" in info
    assert info[-4:] == ["DB", "XX=a=b", "YY=1", "ZZ"]
    assert sum(word.startswith("AF_EUR=") for word in info) == 1
    assert [r[6] for r in records] == ["PASS", "q10;odd", ".", ".", ".", ".", "."]
    assert records[3][7].startswith("AN=4;AN_AFR=0;")
    assert records[5] == ["1", "650", ".", "AT", "A", ".", ".", "."]
    assert records[4][4] == "<DEL>,*"
    assert records[4][7].endswith(";END=700")


def test_a_region_of_a_vcf(demo_lake: Lake, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.vcf", tmp_path / "part.vcf"
    demo_lake.export("vcf", whole)
    demo_lake.export("vcf", part, region="chr22:17000000-18000000")

    def lines(path: Path) -> list[str]:
        found = path.read_text(encoding="utf-8").splitlines()
        return [line for line in found if not line.startswith("#")]

    inside = [
        line for line in lines(whole) if 17_000_000 <= int(line.split("\t", 2)[1]) <= 18_000_000
    ]
    assert lines(part) == inside
    assert len(lines(whole)) > len(inside) > 100
    none = demo_lake.export("vcf", part, region="21")
    assert none.rows == 0
    assert lines(part) == []


def test_groups_have_keys_that_a_vcf_may_have() -> None:
    found = [("EUR", "population"), ("a-b c", "population"), ("a_b c", "population"),
             ("EUR", "super_population"), ("ALL", "all")]  # fmt: skip
    named = Group.named(found)
    assert [g.code for g in named] == [code for code, _ in found]
    assert [g.af for g in named] == [
        "AF_EUR_population", "AF_a_b_c", "AF_a_b_c_population", "AF_EUR", "AF",
    ]  # fmt: skip


def test_a_vcf_of_stale_gold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text(ODD, encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf"])
    lake.build("gold")
    (tmp_path / "a.vcf").write_text(ODD.replace("1 300".replace(" ", "\t"), "1\t301"), "utf-8")
    lake.build("silver")
    with pytest.raises(NotBuiltError, match=r"Gold is stale.*medallion build gold"):
        lake.export("vcf", tmp_path / "x.vcf")
    lake.build("gold")
    for part in (lake.path / "gold" / "frequencies").rglob("*.parquet"):
        part.unlink()
    with pytest.raises(NotBuiltError, match=r"gold\.frequencies is gone or damaged.*build gold"):
        lake.export("vcf", tmp_path / "x.vcf")
    assert not (tmp_path / "x.vcf").exists()
