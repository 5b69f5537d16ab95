"""The embedded demo as it is shipped, read by a plain parser of its own.

Not by the code that wrote it, nor by `medallion.vcf`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from medallion import demo

# SHA-256 of the shipped VCF, of its text, and of the sample table.
VCF_SHA256 = "434115d89b7321aed6aaa859ccd971d811b238f8b15b50bd95281b3f22316988"
TEXT_SHA256 = "570d438075857266551b268440ea6d5bbcebcb4b8322b0781b6efbb050662f9a"
SAMPLES_SHA256 = "ec3889d803ae9424d48f1688942799ed79d6e50c983d95e5c18cba49f61ab584"
# With which zlib: others may compress the same text to other bytes.
ZLIB = "1.2.13"
GROUPS = ["AFR", "AMR", "EAS", "EUR", "SAS"]


@dataclass
class Record:
    """A sound record, split in the plainest way."""

    pos: int
    id: str
    ref: str
    alts: list[str]
    info: dict[str, str]
    calls: np.ndarray = field(repr=False)
    """(samples, 2): allele numbers, -1 where missing."""

    @cached_property
    def counts(self) -> np.ndarray:
        """(alleles, samples): copies of each allele in each sample."""
        return np.stack([(self.calls == k).sum(axis=1) for k in range(len(self.alts) + 1)])


@dataclass
class Text:
    """The shipped VCF as text."""

    whole: bytes
    header: list[str]
    records: list[bytes]

    @cached_property
    def broken_at(self) -> dict[int, str]:
        """Where in `records` the broken lines are: by their ID, or a copy of the line before."""
        found = {}
        for i, line in enumerate(self.records):
            if match := re.search(rb"\tsim_broken_(\w+)\t", line[:100]):
                found[i] = match[1].decode()
            elif i and line == self.records[i - 1]:
                found[i] = "duplicate"
        return found

    @cached_property
    def sound_lines(self) -> list[bytes]:
        return [line for i, line in enumerate(self.records) if i not in self.broken_at]

    @cached_property
    def sound(self) -> list[Record]:
        return [parse(line) for line in self.sound_lines]


def read(path: Path) -> Text:
    whole = gzip.decompress(path.read_bytes())
    assert whole.endswith(b"\n")
    lines = whole[:-1].split(b"\n")
    header = [line.decode() for line in lines if line.startswith(b"#")]
    return Text(whole, header, lines[len(header) :])


def parse(line: bytes) -> Record:
    *site, calls = line.split(b"\t", 9)
    chrom, pos, id_, ref, alt, qual, filter_, info, format_ = (x.decode() for x in site)
    assert (chrom, qual, filter_, format_) == ("22", "100", "PASS", "GT")
    # Every call is 'a|b' and a tab, the last one without.
    cells = np.frombuffer(calls + b"\t", dtype=np.uint8).reshape(-1, 4)
    assert (cells[:, 1] == ord("|")).all()
    assert (cells[:, 3] == ord("\t")).all()
    alleles = cells[:, [0, 2]].astype(int)
    alleles = np.where(alleles == ord("."), -1, alleles - ord("0"))
    alts = alt.split(",")
    assert alleles.min() >= -1
    assert alleles.max() <= len(alts)
    fields = dict(item.partition("=")[::2] for item in info.split(";"))
    return Record(int(pos), id_, ref, alts, fields, alleles)


@pytest.fixture(scope="module")
def shipped() -> Text:
    return read(demo.vcf_path())


@pytest.fixture(scope="module")
def panel() -> list[list[str]]:
    text = demo.samples_path().read_bytes().decode()
    header, *rows = text.removesuffix("\n").split("\n")
    assert header == "sample\tpop\tsuper_pop\tgender"
    return [row.split("\t") for row in rows]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
