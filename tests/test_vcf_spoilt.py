"""Real files with bytes changed: kept to the letter, or quarantined or refused with a reason."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from cuts import cut_into
from plain_vcf import (
    assert_lossless,
    bgzf,
    count_group,
    genotype_texts,
    split_file,
)
from real_data import SLICES, real, rest

from medallion import Lake
from medallion.errors import SourceError

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


@pytest.mark.parametrize("seed", [0, *rest(1)])
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
