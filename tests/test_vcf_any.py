"""Any VCF at all: random ones whose every count is known.

What must hold, whatever comes: nothing but a MedallionError escapes; records in are
records kept and quarantined; what is kept is kept to the letter; counts are what a
plain count gives; and nothing depends on where a file is cut or by how many it is read.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from cuts import content, cut_into
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invariants import assert_tables_agree
from plain_vcf import (
    assert_lossless,
    bgzf,
    count_group,
    exact_hwe,
    genotype_texts,
    split_file,
)
from real_data import THOROUGH

from medallion import Lake

POPULATIONS = ("GBR", "FIN", "YRI", "Elsewhere", None)
BASES = st.text("ACGTN", min_size=1, max_size=3)
QUICK = settings(
    max_examples=10 if THOROUGH else 5, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A record that is sound by itself; `cells` are the samples' columns, None without FORMAT."""

    chrom: str
    pos: int
    ref: str
    alts: tuple[str, ...]
    rest: tuple[str, ...]
    format: str | None
    cells: tuple[str, ...]

    def line(self) -> str:
        site = [self.chrom, str(self.pos), self.rest[0], self.ref, ",".join(self.alts) or "."]
        fields = [*site, *self.rest[1:]]
        if self.format is not None:
            fields += [self.format, *self.cells]
        return "\t".join(fields)

    def keys(self) -> set[tuple[str, int, str, str]]:
        """What makes an allele the same as another; symbols and * may repeat."""
        spelled = [a for a in self.alts or (".",) if a.isalpha() or a == "."]
        return {(self.chrom, self.pos, self.ref.upper(), a.upper()) for a in spelled}


@dataclass(frozen=True)
class Document:
    """A VCF as it is meant, and how it is packed."""

    samples: tuple[str, ...]
    people: tuple[str | None, ...]
    records: tuple[Record, ...]
    newline: str
    last_newline: bool
    container: str
    sizes: tuple[int, ...]

    @property
    def text(self) -> bytes:
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
        if self.samples:
            columns += ["FORMAT", *self.samples]
        lines = ["##fileformat=VCFv4.3", "\t".join(columns), *(r.line() for r in self.records)]
        text = self.newline.join(lines) + (self.newline if self.last_newline else "")
        return text.encode()

    def packed(self) -> bytes:
        if self.container == "bgzf":
            return bgzf(self.text, self.sizes)
        return gzip.compress(self.text) if self.container == "gzip" else self.text


@st.composite
def genotypes(draw: st.DrawFn, n_alts: int, ploidy: int) -> str:
    choices = [*(str(i) for i in range(n_alts + 1)), "0", "0", "."]
    alleles = [draw(st.sampled_from(choices)) for _ in range(ploidy)]
    text = alleles[0]
    for allele in alleles[1:]:
        text += draw(st.sampled_from("||/")) + allele
    return text


@st.composite
def records(draw: st.DrawFn, chrom: str, pos: int, n_samples: int) -> Record:
    ref = draw(BASES)
    plain = BASES.filter(lambda a: a.upper() != ref.upper())
    alts = draw(
        st.lists(st.one_of(plain, plain, st.sampled_from(["<DEL>", "<CN0>", "*", "]2:3]A"])),
                 max_size=draw(st.sampled_from([1, 1, 2, 12])), unique_by=str.upper)
    )  # fmt: skip
    rest = (
        draw(st.sampled_from([".", "rs1", "rs1;rs2", "é"])),
        draw(st.sampled_from([".", "100", "1e-3", "0.5"])),
        draw(st.sampled_from([".", "PASS", "q10", "q10;s50"])),
        draw(st.sampled_from([".", "DP=3", "DP=3;DB", "NS=5;AA=a", "X=é" + "y" * 70])),
    )
    if not n_samples:
        return Record(chrom, pos, ref, tuple(alts), rest, None, ())
    form = draw(st.sampled_from(["GT", "GT", "GT", "GT:DP", "GT:DP:GQ", "DP", "DP:GQ"]))
    keys = form.split(":")
    style = draw(st.sampled_from(["diploid", "diploid", "haploid", "mixed", "sexes", "reference"]))
    cells = []
    for column in range(n_samples):
        values = [str(draw(st.integers(0, 99))) for _ in keys]
        if keys[0] == "GT":
            ploidy = {"haploid": 1, "mixed": draw(st.integers(1, 6)), "sexes": 1 + column % 2}
            ploidy = ploidy.get(style, 2)
            values[0] = "0|0" if style == "reference" else draw(genotypes(len(alts), ploidy))
        kept = draw(st.integers(1, len(keys)))
        cells.append(":".join(values[:kept]))
    return Record(chrom, pos, ref, tuple(alts), rest, form, tuple(cells))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    n = draw(st.sampled_from([0, 1, 2, 3, 5, 9]))
    found: list[Record] = []
    chroms = draw(st.lists(st.sampled_from(["1", "chr2", "HLA-A*01:01", "X" * 70]), unique=True))
    for chrom in chroms:
        pos = 0
        for step in draw(st.lists(st.sampled_from([0, 1, 1, 7, 10_000]), max_size=12)):
            pos += step
            found.append(draw(records(chrom, pos, n)))
    if draw(st.integers(0, 3)) == 0:
        found = draw(st.permutations(found))
    return Document(
        samples=tuple(f"s{i}" for i in range(n)),
        people=tuple(draw(st.sampled_from(POPULATIONS)) for _ in range(n)),
        records=tuple(found),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        last_newline=draw(st.booleans()),
        container=draw(st.sampled_from(["bgzf", "bgzf", "text", "gzip"])),
        sizes=tuple(draw(st.lists(st.integers(1, 90), min_size=1, max_size=5))),
    )


def built(folder: Path, document: Document, workers: int = 1, layer: str = "gold") -> Lake:
    vcf, table = folder / "any.vcf.gz", folder / "people.tsv"
    if not vcf.exists():
        vcf.write_bytes(document.packed())
        rows = [f"{s}\t{p}" for s, p in zip(document.samples, document.people, strict=True) if p]
        table.write_text("\n".join(["sample\tpop", *rows]) + "\n", encoding="utf-8")
    lake = Lake(Path(tempfile.mkdtemp(dir=folder)), vcf=[vcf], samples=table)
    lake.build(layer, workers=workers)
    return lake


@QUICK
@given(documents())
def test_a_random_vcf_is_read_to_the_letter_and_counted(document: Document) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = built(Path(folder), document)
        _, lines = split_file(Path(folder) / "any.vcf.gz")
        assert lines == [r.line() for r in document.records]
        kept = assert_lossless(lake, "any.vcf.gz", lines)
        repeated = set(repeats(document.records))
        ledger = lake.status()["silver"].summary["ledger"][0]
        assert (ledger["records"], ledger["kept"], ledger["quarantined"]) == (
            len(lines), kept, len(repeated),
        )  # fmt: skip
        out = (
            lake.scan("silver.defects")
            .filter(pl.col("verdict") == "quarantined")
            .sort("line")
            .collect()
        )
        assert out["raw"].to_list() == [lines[i] for i in sorted(repeated)]
        assert set(out["reason"]) <= {"duplicate"}
        assert_counts(lake, document, repeated)
        assert_tables_agree(lake)


def repeats(found: tuple[Record, ...]) -> Iterator[int]:
    """Records one of whose alleles stands in an earlier record that was kept."""
    seen: set[tuple[str, int, str, str]] = set()
    for i, record in enumerate(found):
        if record.keys() & seen:
            yield i
        else:
            seen |= record.keys()


def assert_counts(lake: Lake, document: Document, out: set[int]) -> None:
    """`gold.frequencies` and silver's counts against a plain count, allele by allele."""
    of = dict(zip(document.samples, document.people, strict=True))
    super_of = {"GBR": "EUR", "FIN": "EUR", "YRI": "AFR", "Elsewhere": None, None: "unassigned"}
    groups: dict[tuple[str, str], list[int]] = {("ALL", "all"): list(range(len(of)))}
    for i, person in enumerate(document.people):
        groups.setdefault((person or "unassigned", "population"), []).append(i)
        if super_of[person]:
            groups.setdefault((super_of[person], "super_population"), []).append(i)
    expected = {}
    for number, record in enumerate(document.records, 1):
        texts = genotype_texts(record.line())
        if texts is None or number - 1 in out:
            continue
        for index in range(1, max(1, len(record.alts)) + 1):
            allele = index if record.alts else 0
            for (code, level), members in groups.items():
                counts = count_group([texts[i] for i in members], index)
                expected[(number, allele, code, level)] = counts
    found = {
        (row["record"], row["alt_index"], row["population"], row["level"]): row
        for row in lake.scan("gold.frequencies").collect().iter_rows(named=True)
    }
    assert found.keys() == expected.keys()
    for key, counts in expected.items():
        for name, value in counts.items():
            if name in ("af", "hwe_p") and value is not None:
                assert found[key][name] == pytest.approx(value, rel=1e-9), (key, name)
            else:
                assert found[key][name] == value, (key, name)
    for row in lake.scan("silver.variants").filter("has_gt").collect().iter_rows(named=True):
        counts = expected[(row["record"], row["alt_index"], "ALL", "all")]
        for name in ("ac", "an", "n_missing"):
            assert row[name] == counts[name], name


@QUICK
@given(documents(), st.integers(100, 900), st.integers(1, 900), st.integers(1, 200))
def test_nothing_depends_on_the_cuts_or_the_workers(
    document: Document, partition_bytes: int, batch_bytes: int, block: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = content(built(Path(folder), document))
        with cut_into(partition_bytes, batch_bytes, block):
            pieces = content(built(Path(folder), document, workers=2))
        for name, frame in whole.items():
            assert frame.equals(pieces[name]), name


def test_the_plain_count_itself() -> None:
    """By hand: two samples with two copies have 0 or 2 heterozygotes, at odds of 1 to 2."""
    assert exact_hwe(1, 0, 1) == pytest.approx(1 / 3)
    assert exact_hwe(0, 2, 0) == 1
    assert exact_hwe(0, 0, 0) is None
    assert count_group(["0|1", "./1", "1", ".", "2|2", "0"], 1) == {
        "ac": 3, "an": 7, "af": 3 / 7, "n_hom_ref": 2, "n_het": 2, "n_hom_alt": 1,
        "n_missing": 1, "hwe_p": 1.0,
    }  # fmt: skip
