"""Any VCF at all: random ones whose every count is known, and real ones with bytes changed.

What must hold, whatever comes: nothing but a MedallionError escapes; records in are
records kept and quarantined; what is kept is kept to the letter; counts are what a
plain count gives; and nothing depends on where a file is cut or by how many it is read.
"""

from __future__ import annotations

import gzip
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
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
from real_data import SLICES, real

from medallion import Lake
from medallion.errors import SourceError
from medallion.silver import partition
from medallion.vcf import blocks

POPULATIONS = ("GBR", "FIN", "YRI", "Elsewhere", None)
BASES = st.text("ACGTN", min_size=1, max_size=3)
QUICK = settings(
    max_examples=10, deadline=None, derandomize=True, database=None,
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
        """What makes an allele the same as another; symbols may repeat."""
        spelled = [a for a in self.alts or (".",) if a.isalpha() or a in "*."]
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


@contextmanager
def cut_into(partition_bytes: int, batch_bytes: int, block: int = 1 << 16) -> Iterator[None]:
    """Have files cut into partitions, batches and blocks of text of these sizes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_TEXT_PER_PARTITION", partition_bytes)
        patch.setattr(partition, "_RECORDS_PER_PARTITION", 0)
        patch.setattr(partition, "_MOST_TEXT", batch_bytes)
        patch.setattr(blocks, "_TEXT_BLOCK", block)
        yield


def content(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table of silver and gold, in an order of its own."""
    found = {}
    for table in lake.tables():
        if table.layer != "bronze":
            frame = lake.scan(table.name, build=False).collect()
            found[table.name] = frame.sort(frame.columns)
    return found


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


@pytest.mark.parametrize("name", ["chr22", "chrX", "chr12"])
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


@pytest.mark.parametrize("size", [1 << 28, 60, 200])
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


# Real lines with bytes changed

NASTY = [
    b"\t", b"\n", b"\r", b"\0", b":", b"|", b"/", b".", b",", b";", b"=", b" ", b"-", b"9",
    b"\xff", b"\xc3\xa9", b"<", b">", b"GT", b"0|0", b"1e999", b"99999999999", b"", b'"', b"#",
    b"\xe2\x80\xa8", b"\x0b", b"\x85", b"NaN", b"*", b"0", b"\t\t", b"\r\n",
]  # fmt: skip


def mutated(line: bytes, chosen: random.Random) -> bytes:
    """`line` with one to three places changed: bytes replaced, dropped, put in, or swapped."""
    for _ in range(chosen.choice([1, 1, 2, 3])):
        # Half of the changes fall into the first columns, which are a small part of the line.
        end = len(line) if chosen.random() < 0.5 else min(len(line), 120)
        at = chosen.randrange(max(1, end))
        kind = chosen.randrange(5)
        if kind == 0:
            line = line[:at] + bytes([chosen.randrange(256)]) + line[at + 1 :]
        elif kind == 1:
            line = line[:at] + chosen.choice(NASTY) + line[at + 1 :]
        elif kind == 2:
            line = line[:at] + chosen.choice(NASTY) + line[at:]
        elif kind == 3:
            line = line[:at] + line[at + chosen.randrange(1, 6) :]
        else:
            fields = line.split(b"\t")
            one, other = chosen.randrange(len(fields)), chosen.randrange(len(fields))
            fields[one] = fields[other]
            line = b"\t".join(fields)
    return line


def real_lines(name: str, count: int, samples: int) -> tuple[list[bytes], list[bytes]]:
    """The header and some records of a real file, with fewer samples."""
    header, lines = split_file(real(SLICES[name].vcf))
    step = max(1, len(lines) // count)
    body = [line.encode() for line in lines[::step][:count]]
    cut = [b"\t".join(line.split(b"\t")[: 9 + samples]) for line in body]
    head = [line.encode() for line in header]
    head[-1] = b"\t".join(head[-1].split(b"\t")[: 9 + samples])
    return head, cut


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["chr22", "chrX", "chr12"])
def test_real_lines_with_bytes_changed(name: str, seed: int, tmp_path: Path) -> None:
    """Kept to the letter or quarantined whole; and never a count that the text does not give."""
    chosen = random.Random(f"{name} {seed}")
    head, body = real_lines(name, 250, 30)
    spoilt = [mutated(line, chosen) if chosen.random() < 0.7 else line for line in body]
    text = b"\n".join([*head, *spoilt]) + b"\n"
    vcf = tmp_path / "spoilt.vcf.gz"
    vcf.write_bytes(bgzf(text, [chosen.randrange(50, 5000)]))
    raw_lines = text.split(b"\n")[len(head) : -1]
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    with cut_into(20_000, 10_000):
        lake.build("gold")
    ledger = lake.status()["silver"].summary["ledger"][0]
    assert ledger["records"] == len(raw_lines)
    assert ledger["kept"] + ledger["quarantined"] == len(raw_lines)
    assert ledger["quarantined"] > 10
    assert ledger["kept"] > 30
    out = (
        lake.scan("silver.defects")
        .filter((pl.col("verdict") == "quarantined") & (pl.col("scope") == "record"))
        .collect()
    )
    for line, raw in out.select("line", "raw").rows():
        whole = raw_lines[line - len(head) - 1].decode("utf-8", "backslashreplace")
        assert raw in (whole, whole.removesuffix("\r"))
    decoded = [r.removesuffix(b"\r").decode("utf-8", "replace") for r in raw_lines]
    kept = assert_lossless(lake, "spoilt.vcf.gz", decoded)
    assert kept == ledger["kept"]
    variants = lake.scan("silver.variants").sort("record", "alt_index").collect()
    everyone = {
        (r["record"], r["alt_index"]): r
        for r in lake.scan("gold.frequencies").filter(pl.col("level") == "all").collect()
        .iter_rows(named=True)
    }  # fmt: skip
    for row in variants.iter_rows(named=True):
        fields = decoded[row["record"] - 1].split("\t")
        assert [row["chrom"], str(row["pos"]), row["ref"]] == [
            fields[0], fields[1].lstrip("0") or "0", fields[3],
        ]  # fmt: skip
        assert len(fields) == 39
        alts = fields[4].split(",")
        assert row["alt"] == alts[max(row["alt_index"], 1) - 1]
        assert (row["info"] or ".") == fields[7]
        texts = genotype_texts("\t".join(fields))
        if texts is None:
            assert not row["has_gt"]
            continue
        expected = count_group(texts, max(row["alt_index"], 1))
        gold = everyone[(row["record"], row["alt_index"])]
        for count in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"):
            assert gold[count] == expected[count], (count, row["line"])


def test_headers_with_bytes_changed(tmp_path: Path) -> None:
    """A header is survived or the file refused, with a message; nothing else comes out."""
    head, body = real_lines("chr22", 3, 5)
    chosen = random.Random(7)
    ended: dict[str, int] = {}
    for i in range(16):
        number = chosen.randrange(len(head)) if i % 2 else len(head) - 1
        spoilt = [mutated(h, chosen) if n == number else h for n, h in enumerate(head)]
        vcf = tmp_path / f"{i}.vcf"
        vcf.write_bytes(b"\n".join([*spoilt, *body]) + b"\n")
        lake = Lake(tmp_path / str(i), vcf=[vcf])
        refusal = ""
        try:
            lake.build("silver", workers=1)
        except SourceError as error:
            refusal = str(error)
        assert "\n" not in refusal
        how = "refused" if refusal else "built"
        ended[how] = ended.get(how, 0) + 1
        if not refusal:
            entry = lake.status()["silver"].summary["ledger"][0]
            assert entry["records"] == entry["kept"] + entry["quarantined"]
    assert set(ended) == {"refused", "built"}, ended


def test_packed_bytes_changed(tmp_path: Path) -> None:
    """A flipped bit is found, or falls where gzip keeps nothing of the text."""
    head, body = real_lines("chr22", 40, 20)
    text = b"\n".join([*head, *body]) + b"\n"
    whole = bgzf(text, [4000])
    chosen = random.Random(11)
    found = 0
    for i in range(30):
        raw = bytearray(whole)
        raw[chosen.randrange(len(raw))] ^= 1 << chosen.randrange(8)
        vcf = tmp_path / f"{i}.vcf.gz"
        vcf.write_bytes(raw)
        lake = Lake(tmp_path / str(i), vcf=[vcf])
        try:
            lake.build("bronze", workers=1)
        except SourceError:
            found += 1
        else:
            lines = [r.text.encode() for r in lake.raw("#1-99", limit=None)]
            assert lines == body
    assert found > 24


def test_the_plain_count_itself() -> None:
    """By hand: two samples with two copies have 0 or 2 heterozygotes, at odds of 1 to 2."""
    assert exact_hwe(1, 0, 1) == pytest.approx(1 / 3)
    assert exact_hwe(0, 2, 0) == 1
    assert exact_hwe(0, 0, 0) is None
    assert count_group(["0|1", "./1", "1", ".", "2|2", "0"], 1) == {
        "ac": 3, "an": 7, "af": 3 / 7, "n_hom_ref": 2, "n_het": 2, "n_hom_alt": 1,
        "n_missing": 1, "hwe_p": 1.0,
    }  # fmt: skip
