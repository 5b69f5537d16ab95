"""One partition of silver: a range of a VCF's blocks in, parts of tables and a summary out.

A pure function of its task, so that any executor can run it: the parts it writes are
seen by nobody until the build's one commit names them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.files import Place
from medallion.silver.genotypes import (
    calls_rows,
    carriers,
    count,
    genotype_rows,
)
from medallion.silver.quarantine import Quarantine
from medallion.silver.tables import CALLS, DEFECTS, GENOTYPES, VARIANTS
from medallion.silver.variants import alleles
from medallion.storage.coded import Coded
from medallion.storage.pages import Rows
from medallion.storage.parts import Part, PartWriter
from medallion.storage.schema import Table
from medallion.vcf.blocks import Blocks
from medallion.vcf.declared import Names
from medallion.vcf.defects import Defect
from medallion.vcf.header import Header
from medallion.vcf.lines import newlines, read_lines
from medallion.vcf.patterns import Pattern
from medallion.vcf.records import Batch, RecordReader

__all__ = ["MEMORY", "Cut", "Partition", "Summary", "cut", "read_partition", "text_per_batch"]

_TEXT_PER_PARTITION = 1 << 28
# A record of many samples is long. A part of few records costs the log as much as one of
# many, so a partition has some thousand of them; memory follows from the batch alone.
_RECORDS_PER_PARTITION = 1 << 12
_BYTES_PER_CALL = 4
# Even a file of some tens of megabytes is cut into some pieces, for several cores.
_FEW, _SMALLEST = 8, 1 << 24
_MOST_TEXT, _LEAST_TEXT = 1 << 27, 1 << 23
# What a process takes before it reads, and what a batch takes for each byte of its text.
_BEFORE, _PER_BYTE = 1 << 28, 4
# Only lines that are no records, such as empty ones, come to more than this in that text.
_LINES_PER_BATCH = 1 << 19
# Of a record of no usual ploidy each call is worked on, where else one in twenty is.
_CALLS_PER_BATCH = 1 << 22
# More records than two blocks of 64 KiB can begin: a record has at least 16 bytes.
MEMORY = 8192


@dataclass(frozen=True, slots=True)
class Partition:
    """The task: blocks [first, last) of `file`, and all that is needed to read them."""

    root: Place
    file: str
    number: int
    blocks: Blocks
    header: Header
    first: int
    last: int
    first_record: int
    memory: int | None
    people: dict[str, Coded]
    text_per_batch: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a partition's records: parts by table, and the counts of the ledger.

    `reasons` counts the records that were left out. `defects` are all defects where they are
    few; else they are in a part.
    """

    parts: dict[str, list[Part]] = field(default_factory=dict)
    records: int = 0
    kept: int = 0
    alleles: int = 0
    variant_rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    defects: list[Defect] = field(default_factory=list)
    patterns: dict[int, Pattern] = field(default_factory=dict)
    undeclared: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """Blocks [first, last) and the number of their first record.

    `in_order`: no position in a block is smaller than one in a block before.
    """

    first: int
    last: int
    record: int
    in_order: bool


def cut(table: pl.DataFrame, blocks: Blocks, header: Header) -> list[Cut]:
    """Where to cut a VCF.

    `table` is the file's rows of `bronze.blocks`. A cut stands only where all positions
    before it are smaller than all behind it and no contig has records on both sides of
    another's; so order and repeated alleles can be judged within a partition. What is
    not sorted is one partition.
    """
    n = len(blocks)
    if blocks.container == "gzip" or n == 0:
        return [Cut(0, n, 1, in_order=False)]
    keys = _Keys.of(table)
    good = keys.separate(n)
    first_body = int(np.searchsorted(blocks.text_offset, header.size - 1, side="right")) - 1
    cuts = [max(0, first_body)]
    text = int(blocks.text_offset[n] - blocks.text_offset[cuts[0]])
    size = _partition_size(text, len(header.samples))
    for block in range(cuts[0] + 1, n):
        far = blocks.text_offset[block] - blocks.text_offset[cuts[-1]] >= size
        if far and good[block]:
            cuts.append(block)
    above = table.unique("block", maintain_order=True)["line"].to_numpy()
    records = [max(1, int(above[c]) + 2 - len(header.lines)) for c in cuts]
    return [
        Cut(first, last, record, in_order=keys.in_order(first, last))
        for first, last, record in zip(cuts, [*cuts[1:], n], records, strict=True)
    ]


def _partition_size(text: int, samples: int) -> int:
    """Bytes of text of each partition: equal ones, so that no worker is left waiting.

    A function of the file alone, so that a lake does not depend on who built it.
    """
    most = max(_TEXT_PER_PARTITION, _RECORDS_PER_PARTITION * samples * _BYTES_PER_CALL)
    number = max(-(-text // most), min(_FEW, text // _SMALLEST), 1)
    return -(-text // number)


def text_per_batch(memory: int | None) -> int:
    """Bytes of text to judge at a time, where the task may take so many bytes of memory.

    Rows do not depend on it; they lie in a row group for each batch.
    """
    if memory is None:
        return _MOST_TEXT
    return min(_MOST_TEXT, max(_LEAST_TEXT, (memory - _BEFORE) // _PER_BYTE))


@dataclass(frozen=True, slots=True)
class _Keys:
    """The records of blocks by contig and position as one number: `low` to `high` in `block`.

    Arrays of shape (n,), a row for each contig in a block, in order of the file; of a file
    where that is not `certain`, nothing can be told.
    """

    block: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    certain: bool

    @classmethod
    def of(cls, table: pl.DataFrame) -> _Keys:
        """From rows of `bronze.blocks` of one file."""
        told = table.filter(pl.col("chrom").is_not_null())
        # <1> is an assembly file's name of 1: the two count as one contig.
        contig = told["chrom"].str.strip_chars("<>")
        seen = contig.unique(maintain_order=True)
        rank = contig.replace_strict(seen, pl.Series(range(len(seen)), dtype=pl.Int64))
        # Ascending by contig, in order of first appearance, and position.
        key = rank.to_numpy() << 34
        return cls(
            told["block"].to_numpy().astype(np.int64),
            key + told["pos_min"].to_numpy(),
            key + told["pos_max"].to_numpy(),
            bool(table["certain"].all()),
        )

    def separate(self, n: int) -> npt.NDArray[np.bool_]:
        """For each of n blocks: whether a cut before it parts smaller positions from larger."""
        if not self.certain:
            return np.zeros(n, bool)
        least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
        low, high = np.full(n, most), np.full(n, least)
        np.minimum.at(low, self.block, self.low)
        np.maximum.at(high, self.block, self.high)
        before = np.concatenate([[least], np.maximum.accumulate(high)[:-1]])
        after = np.minimum.accumulate(low[::-1])[::-1]
        return before < after

    def in_order(self, first: int, last: int) -> bool:
        """Whether no position in blocks [first, last) is smaller than one in a block before."""
        own = slice(*np.searchsorted(self.block, [first, last]))
        return self.certain and bool((self.low[own][1:] >= self.high[own][:-1]).all())


def read_partition(task: Partition) -> Summary:
    """Read the task's records and write them as parts of silver's tables."""
    reader = RecordReader(task.header, task.first_record, task.memory)
    writers = _Writers(task)
    ledger = _Ledger(task)
    fed = 0
    for lines in read_lines(task.blocks, task.first, task.last, task.header.size):
        for low, high, ends in _few_lines(lines.text):
            reader.feed(lines.text[low:high], ends, partial(_again, lines.again, low, high))
            fed += high - low
            if lines.cut:
                ledger.quarantine.add([_without_end(reader)])
            many = reader.pending >= _LINES_PER_BATCH or reader.pending_calls >= _CALLS_PER_BATCH
            if fed >= task.text_per_batch or many:
                ledger.add(reader.batch(), reader, writers, task)
                fed = 0
    if reader.pending:
        ledger.add(reader.batch(), reader, writers, task)
    defects, apart = ledger.quarantine.close()
    parts = writers.close()
    return Summary(
        parts=parts if apart is None else {**parts, DEFECTS.short: [apart]},
        records=ledger.records,
        kept=ledger.kept,
        alleles=ledger.alleles,
        variant_rows=ledger.variant_rows,
        reasons=ledger.quarantine.reasons,
        defects=defects,
        patterns=ledger.patterns,
        undeclared=reader.undeclared.names,
    )


def _without_end(reader: RecordReader) -> Defect:
    """The remark on the line that was fed last."""
    detail = "expected a line separator at its end"
    return Defect("line-end-missing", reader.last_line, "file", detail=detail)


def _few_lines(text: bytes) -> Iterator[tuple[int, int, npt.NDArray[np.int64]]]:
    """Pieces of `text`, whole lines, that have not too many: from, to, and their newlines."""
    ends = newlines(text)
    low = 0
    for i in range(0, len(ends), _LINES_PER_BATCH):
        some = ends[i : i + _LINES_PER_BATCH]
        high = int(some[-1]) + 1
        yield low, high, some - low
        low = high


def _again(again: Callable[[], bytes], low: int, high: int) -> bytes:
    return again()[low:high]


class _Ledger:
    """Counts what becomes of records while a partition is read."""

    def __init__(self, task: Partition) -> None:
        self.records = self.kept = self.alleles = self.variant_rows = 0
        name, size = f"part-{task.number:05d}", task.blocks.path.stat().st_size
        self.quarantine = Quarantine(task.root, task.file, name, size)
        self.patterns: dict[int, Pattern] = {}

    def add(self, batch: Batch, reader: RecordReader, writers: _Writers, task: Partition) -> None:
        # Each run of a contig is a row group: where contigs take turns, that was one a record.
        batch = batch.by_contig()
        texts, patterns = reader.genotypes.texts, reader.genotypes.patterns.patterns
        long, remarks = alleles(batch.sites, batch.info)
        carried = carriers(batch, texts)
        counts = count(batch, carried, texts, patterns, len(long))
        has_gt = pl.col("has_gt")
        per_allele = np.repeat(
            np.arange(len(batch.sites)), np.maximum(batch.sites["n_alts"].to_numpy(), 1)
        )
        long = long.with_columns(
            ac=pl.when(has_gt).then(pl.Series(counts.ac)),
            an=pl.when(has_gt).then(pl.Series(counts.an[per_allele])),
            n_missing=pl.when(has_gt).then(pl.Series(counts.n_missing[per_allele])),
            file=pl.lit(task.file),
        )
        variants = VARIANTS.conform(long)
        for chrom, start, stop in _runs(long["chrom"]):
            writers.write(VARIANTS, chrom, variants[start:stop].to_arrow())
            own = carried.of(start, stop)
            if len(own.allele):
                genotypes = genotype_rows(own, long[start:stop], texts, task.people, task.file)
                writers.write(GENOTYPES, chrom, genotypes)
        for calls in calls_rows(batch, texts, task.file):
            for chrom, start, stop in _runs(calls["chrom"]):
                writers.write(CALLS, chrom, calls[start:stop].to_arrow())
        self.records += batch.n_records
        self.kept += len(batch.sites)
        self.alleles += int(batch.sites["n_alts"].sum())
        self.variant_rows += len(long)
        self.quarantine.add([*batch.defects, *remarks])
        used = set(batch.sites["pattern"].unique().to_list())
        self.patterns |= {k: v for k, v in patterns.items() if k in used}


class _Writers:
    """The parts of a partition, one for each table and contig."""

    def __init__(self, task: Partition) -> None:
        self._task = task
        self._open: dict[tuple[str, str], PartWriter] = {}

    def write(self, table: Table, chrom: str, rows: pa.Table | Rows) -> None:
        self._writer(table, chrom).write(rows)

    def _writer(self, table: Table, chrom: str) -> PartWriter:
        key = (table.short, chrom)
        if key not in self._open:
            name = f"part-{self._task.number:05d}"
            self._open[key] = PartWriter(self._task.root, table, chrom, name)
        return self._open[key]

    def close(self) -> dict[str, list[Part]]:
        parts: dict[str, list[Part]] = {}
        for (short, _), writer in self._open.items():
            part = writer.close()
            if part is not None:
                parts.setdefault(short, []).append(part)
        return parts


def _runs(chrom: pl.Series) -> list[tuple[str, int, int]]:
    """Runs of equal contigs: (contig, start, stop)."""
    if not len(chrom):
        return []
    if chrom[0] == chrom[-1] and chrom.n_unique() == 1:
        return [(chrom[0], 0, len(chrom))]
    starts = (chrom != chrom.shift(1)).fill_null(value=True).arg_true().to_list()
    return [(chrom[a], a, b) for a, b in zip(starts, [*starts[1:], len(chrom)], strict=True)]
