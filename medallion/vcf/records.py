"""Records of a piece of VCF, whole: sites and calls that can be trusted, and defects.

This is where a line is judged. A line that breaks a rule becomes a defect that holds it
whole; every other line becomes one row of sites. So, line for line,
records in = records kept + records quarantined.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.lookup import look_up
from medallion.vcf.cells import Cells
from medallion.vcf.declared import Undeclared
from medallion.vcf.defects import Defect
from medallion.vcf.escaped import readable
from medallion.vcf.formats import FormatChecker, Ploidies
from medallion.vcf.genotype_texts import INVALID
from medallion.vcf.genotypes import Calls, GenotypeReader
from medallion.vcf.header import Header
from medallion.vcf.info import InfoFields, InfoReader
from medallion.vcf.line_parts import LineCutter, LineParts, Reason
from medallion.vcf.lines import newlines
from medallion.vcf.order import OrderKeeper
from medallion.vcf.repeats import broken_lists
from medallion.vcf.reserved import minor_version, phase_may_lead
from medallion.vcf.sites import (
    broken_rules,
    control_character,
    parse_sites,
    typed_sites,
    with_controls,
)

__all__ = ["Batch", "RecordReader"]

_FEW = 16
_CONTROL = ("control-character", None, "")
"""What a line with a control character is bad for; which and where is told with the line."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of some lines.

    `sites` has one row per kept record, in the order of the file: record (1-based in
    the file), line (1-based), the eight columns typed, n_alts, has_gt, pattern.
    `row`, `column`, `gid` (each of shape (n_calls,)) are the calls that are not as the
    record's pattern says, `row` an index into `sites`; ordered by row, then column.
    `texts` are the distinct gids, ascending.
    `n_records` counts the lines read, kept or not; `info` is the INFO of `sites`, cut up.
    """

    sites: pl.DataFrame
    info: InfoFields
    row: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    gid: npt.NDArray[np.int32]
    texts: npt.NDArray[np.int64]
    defects: list[Defect]
    n_records: int

    def where(self, text: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Indices of the calls whose texts `text`, of shape (n_texts,), marks."""
        chosen = self.texts[text[self.texts]].tolist()
        if len(chosen) > _FEW:
            return np.flatnonzero(look_up(text, self.gid))
        found = np.zeros(len(self.gid) if chosen else 0, bool)
        for g in chosen:
            found |= self.gid == g
        return np.flatnonzero(found)

    def by_contig(self) -> Batch:
        """The same with the records of each contig together, contigs as they came."""
        chrom = self.sites["chrom"]
        names = chrom.unique(maintain_order=True)
        if (chrom != chrom.shift(1)).sum() < max(len(names), 1):
            return self
        number = chrom.replace_strict(names, pl.Series(range(len(names)), dtype=pl.Int32))
        order = np.argsort(number.to_numpy(), kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        row = place[self.row].astype(np.int32)
        calls = np.argsort(row, kind="stable")
        return replace(
            self, sites=self.sites[order], info=self.info.arranged(place), row=row[calls],
            column=self.column[calls], gid=self.gid[calls],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fed:
    """A text that was fed: where the lines of its rows, of shape (n_rows,), are in it."""

    first_row: int
    again: Callable[[], bytes]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]


class RecordReader:
    """Reads the records of one partition, piece after piece of whole lines."""

    def __init__(self, header: Header, first_record: int, memory: int | None = None) -> None:
        """`first_record` is the number of the first record fed; `memory`: see OrderKeeper."""
        self._order = OrderKeeper(memory)
        self._header = header
        self._n = len(header.samples)
        self._next_record = first_record
        self._lines_above = len(header.lines)
        self.genotypes = GenotypeReader(self._n, leading=phase_may_lead(header.fileformat))
        version = minor_version(header.fileformat)
        self._info = InfoReader(header.info, version)
        self._formats = FormatChecker(header.format, version, header.samples)
        self.undeclared = Undeclared(header)
        self._ploidies = Ploidies(self.genotypes)
        self._colons = None if version > 2 else header.contigs
        self._cutter = LineCutter(header)
        self._reset()

    def _reset(self) -> None:
        self._prefixes: list[bytes] = []
        self._records: list[int] = []
        self._patterns: list[npt.NDArray[np.int64]] = []
        self._rows: list[npt.NDArray[np.int32]] = []
        self._columns: list[npt.NDArray[np.int32]] = []
        self._gids: list[npt.NDArray[np.int32]] = []
        self._bad: dict[int, Reason] = {}
        self._late: dict[int, Reason] = {}
        self._defects: list[Defect] = []
        self._begin = self._next_record
        self._fed: list[_Fed] = []

    @property
    def pending(self) -> int:
        """Records read since the last batch."""
        return self._next_record - self._begin

    @property
    def pending_calls(self) -> int:
        """Calls read since the last batch that are not as their record's pattern says."""
        return sum(map(len, self._gids))

    @property
    def last_line(self) -> int:
        """Number in the file, from 1, of the line that was fed last."""
        return self._next_record - 1 + self._lines_above

    def feed(
        self,
        text: bytes,
        ends: npt.NDArray[np.int64] | None = None,
        again: Callable[[], bytes] | None = None,
    ) -> None:
        """Read `text`, whole lines with a newline at the end of each: those are at `ends`.

        `again` gives the text once more, should a line of it be quarantined; without it the
        text is kept until the next batch.
        """
        if ends is None:
            ends = newlines(text)
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        # A CR before the LF belongs to the line's end, be it in one line or in all.
        last = np.frombuffer(text, np.uint8)[np.maximum(ends - 1, 0)]
        ends = ends - ((last == 13) & (ends > starts))
        parts = self._cutter.cut(text, starts, ends)
        first_row = len(self._prefixes)
        self._prefixes += parts.prefixes
        self._records += (parts.line + self._next_record).tolist()
        for line, reason in parts.refused:
            whole = text[starts[line] : ends[line]]
            self._defects.append(self._judge_line(self._next_record + line, whole, reason))
        self._bad |= {first_row + row: reason for row, reason in parts.bad.items()}
        pattern = np.full(len(parts.prefixes), -1, np.int64)
        calls = None
        if len(parts.row) and self._n:
            calls = self._read_cells(text, parts, pattern, first_row)
        if self._nul_may_pass(parts) and b"\0" in text:
            for row, line in enumerate(parts.line.tolist(), first_row):
                if text.find(b"\0", int(starts[line]), int(ends[line])) >= 0:
                    self._bad[row] = _CONTROL
        if parts.rich and self._n:
            rich = [(f, at, row + first_row, start, stop) for f, at, row, start, stop in parts.rich]
            self._check_formats(text, rich, calls)
        self._patterns.append(pattern)
        again = again or (lambda: text)
        self._fed.append(_Fed(first_row, again, starts[parts.line], ends[parts.line]))
        self._next_record += len(starts)

    def _nul_may_pass(self, parts: LineParts) -> bool:
        """Whether a NUL in the cells of some lines might be taken for the padding of a short GT.

        Not where they are as wide as if each was `0|0`, and none is known to be shorter: then
        none is longer either, and any other than a genotype is found without this.
        """
        wide = parts.only_gt & (parts.stop - parts.start == 4 * self._n - 1)
        return len(wide) < len(parts.prefixes) or not wide.all() or self.genotypes.shortest < 3

    def _read_cells(
        self, text: bytes, parts: LineParts, pattern: npt.NDArray[np.int64], first_row: int
    ) -> Calls:
        calls = self.genotypes.read(text, parts.start, parts.stop, parts.only_gt)
        pattern[parts.row] = calls.pattern
        for i in np.flatnonzero(calls.pattern < 0).tolist():
            columns = text.count(b"\t", int(parts.start[i]), int(parts.stop[i])) + 10
            self._bad[int(parts.row[i]) + first_row] = self._cutter.columns_found(columns)
        self._rows.append(look_up(parts.row + np.int32(first_row), calls.row))
        self._columns.append(calls.column)
        self._gids.append(calls.gid)
        return calls

    def _check_formats(
        self, text: bytes, rich: list[tuple[bytes, int, int, int, int]], calls: Calls | None
    ) -> None:
        """Check what samples hold beside GT: (FORMAT, place in `calls`, row, start, stop)."""
        groups: dict[bytes, tuple[list[int], list[Cells]]] = {}
        for fmt, place, row, start, stop in rich:
            if row not in self._bad:
                site = self._prefixes[row]
                alt = site.split(b"\t", 5)[4]
                n_alts = 0 if alt == b"." else alt.count(b",") + 1
                places, cells = groups.setdefault(fmt, ([], []))
                places.append(place)
                cells.append(Cells(row, start, stop, n_alts, site))
        for fmt, (places, cells) in groups.items():
            self.undeclared.keys(fmt[1:-1], self._records[cells[0].row] + self._lines_above)
            ploidy = None
            if calls is not None and places[0] >= 0:
                ploidy = partial(self._ploidies.of, calls, np.array(places))
            for row, *told in self._formats.check(text, fmt[1:-1], cells, ploidy):
                self._late[row] = (told[0], told[1], told[2])

    def _judge_line(self, record: int, line: bytes, reason: Reason) -> Defect:
        fields = line.split(b"\t", 2)
        chrom, pos = (_text(fields[0]), _number(fields[1])) if len(fields) > 2 else (None, None)
        return self._defect(record, line, chrom, pos, reason)

    def _defect(
        self, record: int, line: bytes, chrom: str | None, pos: int | None,
        why: Reason,
    ) -> Defect:  # fmt: skip
        # Whatever else is wrong with a line that is not text may follow from that.
        if (control := control_character(line)) is not None:
            why = ("control-character", *control)
        number = record + self._lines_above
        return Defect(why[0], number, "record", chrom, pos, why[1], why[2], *readable(line))

    def batch(self) -> Batch:
        """Judge what was fed since the last batch, and start the next."""
        sites = self._sites()
        for number, reason, field, detail in broken_rules(sites, self._colons):
            self._bad.setdefault(number, (reason, field.upper(), detail))
        n_alts = np.zeros(len(sites), np.int64)
        if len(sites):
            n_alts = sites.select(
                pl.when(pl.col("alt") == ".")
                .then(0)
                .otherwise(pl.col("alt").str.count_matches(",", literal=True).cast(pl.Int64) + 1)
            ).to_series().to_numpy()  # fmt: skip
        info = self._info.read(sites["info"])
        for number, reason, field, detail in (
            *info.broken(n_alts),
            *broken_lists(info, sites["alt"]),
        ):
            self._bad.setdefault(number, (reason, field, detail))
        row = _joined(self._rows)
        column = _joined(self._columns)
        gid = _joined(self._gids)
        self._check_calls(row, column, gid, n_alts)
        # What is wrong with a site or a genotype goes before: the rest may follow from it.
        self._bad = {**self._late, **self._bad}
        self._check_order(sites)
        pattern = np.concatenate(self._patterns) if self._patterns else np.zeros(0, np.int64)
        kept = np.ones(len(sites), bool)
        kept[list(self._bad)] = False
        if self._bad:
            self._quarantine(sites)
            info = info.keep(kept)
            use = kept[row]
            row = (np.cumsum(kept) - 1).astype(np.int32)[row[use]]
            column, gid = column[use], gid[use]
        records = np.array(self._records, np.int64)[kept]
        sites = sites.filter(pl.Series(kept))
        self.undeclared.sites(sites, records + self._lines_above)
        table = typed_sites(sites).with_columns(
            record=pl.Series(records),
            line=pl.Series(records + self._lines_above),
            n_alts=pl.Series(n_alts[kept].astype(np.int32)),
            has_gt=pl.Series(pattern[kept] >= 0),
            pattern=pl.Series(pattern[kept]),
        )
        self._defects.sort(key=lambda d: d.line)
        used = _distinct(gid, len(self.genotypes.texts))
        result = Batch(table, info, row, column, gid, used, self._defects, self.pending)
        self._reset()
        return result

    def _sites(self) -> pl.DataFrame:
        self._bad |= dict.fromkeys(with_controls(self._prefixes), _CONTROL)
        try:
            return parse_sites(self._prefixes)
        except UnicodeDecodeError:
            for row, prefix in enumerate(self._prefixes):
                try:
                    prefix.decode("utf-8")
                except UnicodeDecodeError as error:
                    detail = f"byte {error.start + 1:,} of the line is {prefix[error.start]:#04x}"
                    self._bad[row] = ("not-utf8", None, detail)
                    self._prefixes[row] = prefix.decode("utf-8", "backslashreplace").encode()
            return parse_sites(self._prefixes)

    def _check_calls(
        self,
        row: npt.NDArray[np.int32],
        column: npt.NDArray[np.int32],
        gid: npt.NDArray[np.int32],
        n_alts: npt.NDArray[np.int64],
    ) -> None:
        texts = self.genotypes.texts
        # Any record has an ALT allele, for where ALT is a dot allele 1 stands for one that
        # the source leaves unsaid. So few texts, and few calls, need a look.
        doubtful = (texts.kind == INVALID) | (texts.max_allele > 1)
        if not doubtful.any() or not len(gid):
            return
        calls = np.flatnonzero(look_up(doubtful, gid))
        invalid = texts.kind[gid[calls]] == INVALID
        beyond = texts.max_allele[gid[calls]] > np.maximum(n_alts, 1)[row[calls]]
        bad = invalid | beyond
        for at, unreadable in zip(calls[bad].tolist(), invalid[bad].tolist(), strict=True):
            r = int(row[at])
            if r in self._bad:
                continue
            sample = self._header.samples[int(column[at])]
            shown = _text(texts.texts[int(gid[at])].text)
            if unreadable:
                detail = (
                    f"sample {sample}: expected allele numbers, at most 127, joined by / or | "
                    f"(and with one ahead since VCF 4.4), found {shown[:60]}"
                )
                self._bad[r] = ("genotype-unreadable", "GT", detail)
            else:
                detail = f"sample {sample}: {shown}, but the record has {n_alts[r]} ALT alleles"
                self._bad[r] = ("allele-out-of-range", "GT", detail)

    def _check_order(self, sites: pl.DataFrame) -> None:
        good = np.ones(len(sites), bool)
        good[list(self._bad)] = False
        rows = np.flatnonzero(good)
        trusted = sites.filter(pl.Series(good)).with_columns(pl.col("pos").cast(pl.Int64))
        lines = np.array(self._records, np.int64)[rows] + self._lines_above
        bad, noted = self._order.judge(trusted, lines)
        self._bad |= {int(rows[i]): what for i, what in bad.items()}
        self._defects += noted

    def _quarantine(self, sites: pl.DataFrame) -> None:
        rows = sorted(self._bad)
        for row, line in zip(rows, self._lines(rows), strict=True):
            site = sites.row(row, named=True)
            pos = _number(site["pos"].encode())
            self._defects.append(
                self._defect(self._records[row], line, site["chrom"], pos, self._bad[row])
            )

    def _lines(self, rows: list[int]) -> Iterator[bytes]:
        """The lines of some rows, ascending."""
        upto = [fed.first_row for fed in self._fed[1:]]
        for place, own in groupby(rows, lambda row: bisect_right(upto, row)):
            fed = self._fed[place]
            text = fed.again()
            for row in own:
                yield text[fed.starts[row - fed.first_row] : fed.ends[row - fed.first_row]]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _number(raw: bytes) -> int | None:
    return int(raw) if raw.isdigit() and len(raw) <= 10 and int(raw) < 2**31 else None


def _distinct(gid: npt.NDArray[np.int32], n_texts: int) -> npt.NDArray[np.int64]:
    """The distinct gids, ascending. A comparison with each of a few is quick."""
    if n_texts > _FEW:
        return np.flatnonzero(np.bincount(gid, minlength=n_texts))
    return np.flatnonzero([(gid == g).any() for g in range(n_texts)])


def _joined(arrays: list[npt.NDArray[np.int32]]) -> npt.NDArray[np.int32]:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int32)
