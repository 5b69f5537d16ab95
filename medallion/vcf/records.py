"""Records of a piece of VCF, whole: sites and calls that can be trusted, and defects.

This is where a line is judged. A line that breaks a rule becomes a defect that holds it
whole; every other line becomes one row of sites. So, line for line,
records in = records kept + records quarantined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.declared import Undeclared
from medallion.vcf.defects import Defect
from medallion.vcf.formats import Cells, FormatChecker
from medallion.vcf.genotype_texts import INVALID
from medallion.vcf.genotypes import Calls, GenotypeReader
from medallion.vcf.header import Header
from medallion.vcf.info import InfoFields, InfoReader
from medallion.vcf.lines import newlines
from medallion.vcf.order import OrderKeeper
from medallion.vcf.reserved import minor_version
from medallion.vcf.sites import broken_rules, parse_sites, typed_sites

__all__ = ["Batch", "RecordReader"]

_NO_GT, _GT_ONLY, _GT_FIRST, _GT_LATER, _BAD_FORMAT = range(5)


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of some lines.

    `sites` has one row per kept record, in the order of the file: record (1-based in
    the file), line (1-based), the eight columns typed, n_alts, has_gt, pattern.
    `row`, `column`, `gid` (each of shape (n_calls,)) are the calls that are not plain
    reference, `row` an index into `sites`; ordered by row, then column.
    `n_records` counts the lines read, kept or not; `info` is the INFO of `sites`, cut up.
    """

    sites: pl.DataFrame
    info: InfoFields
    row: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    gid: npt.NDArray[np.int32]
    defects: list[Defect]
    n_records: int


class RecordReader:
    """Reads the records of one partition, piece after piece of whole lines."""

    def __init__(self, header: Header, first_record: int, memory: int | None = None) -> None:
        """`first_record` is the number of the first record fed; `memory`: see OrderKeeper."""
        self._order = OrderKeeper(memory)
        self._header = header
        self._n = len(header.samples)
        self._next_record = first_record
        self._lines_above = len(header.lines)
        self.genotypes = GenotypeReader(self._n)
        version = minor_version(header.fileformat)
        self._info = InfoReader(header.info, version)
        self._formats = FormatChecker(header.format, version, header.samples)
        self.undeclared = Undeclared(header)
        self._ploidies: dict[int, npt.NDArray[np.int16]] = {}
        self._colons = None if version > 2 else header.contigs
        self._format = b"\tGT\t"
        self._format_kinds: dict[bytes, int] = {b"\tGT\t": _GT_ONLY}
        self._reset()

    def _reset(self) -> None:
        self._prefixes: list[bytes] = []
        self._records: list[int] = []
        self._patterns: list[npt.NDArray[np.int64]] = []
        self._rows: list[npt.NDArray[np.int32]] = []
        self._columns: list[npt.NDArray[np.int32]] = []
        self._gids: list[npt.NDArray[np.int32]] = []
        self._bad: dict[int, tuple[str, str | None, str]] = {}
        self._late: dict[int, tuple[str, str | None, str]] = {}
        self._defects: list[Defect] = []
        self._begin = self._next_record
        self._held: list[tuple[int, bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []

    @property
    def pending(self) -> int:
        """Records read since the last batch."""
        return self._next_record - self._begin

    def feed(self, text: bytes) -> None:
        """Read `text`, whole lines with a newline at the end of each."""
        ends = newlines(text)
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1] + 1
        # A CR before the LF belongs to the line's end, be it in one line or in all.
        last = np.frombuffer(text, np.uint8)[np.maximum(ends - 1, 0)]
        ends = ends - ((last == 13) & (ends > starts))
        first_row = len(self._prefixes)
        cell_start: list[int] = []
        cell_stop: list[int] = []
        only_gt: list[bool] = []
        cell_row: list[int] = []
        rich: list[tuple[bytes, int, int, int, int]] = []
        colons = b":" in text
        find, count = text.find, text.count
        fmt, width = self._format, len(self._format)
        kind = self._format_kinds[fmt]
        record = self._next_record
        sites_only = not self._header.has_format
        for start, stop in zip(starts.tolist(), ends.tolist(), strict=True):
            hit = -1 if sites_only else find(fmt, start, stop)
            if hit < 0 or count(b"\t", start, hit) != 7:
                hit, reason = self._locate(text, start, stop)
                if reason is not None:
                    self._defects.append(self._judge_line(record, text[start:stop], reason))
                    record += 1
                    continue
                fmt = self._format
                width, kind = len(fmt), self._format_kinds[fmt]
            row = len(self._prefixes)
            self._prefixes.append(text[start:hit])
            self._records.append(record)
            record += 1
            if sites_only or kind == _NO_GT:
                cells = -1 if sites_only else hit + width
                if cells >= 0 and count(b"\t", cells, stop) != self._n - 1:
                    self._bad[row] = self._columns_found(text[start:stop])
                elif cells >= 0:
                    rich.append((fmt, -1, row, cells, stop))
            elif kind <= _GT_FIRST:
                if kind == _GT_FIRST or (colons and find(b":", hit + width, stop) >= 0):
                    rich.append((fmt, len(cell_row), row, hit + width, stop))
                cell_start.append(hit + width)
                cell_stop.append(stop)
                only_gt.append(kind == _GT_ONLY)
                cell_row.append(row)
            elif kind == _GT_LATER:
                self._bad[row] = ("genotype-not-first", "FORMAT", f"found {_text(fmt)}")
            else:
                self._bad[row] = ("format-malformed", "FORMAT", f"found {_text(fmt)}")
        n_rows = len(self._prefixes) - first_row
        pattern = np.full(n_rows, -1, np.int64)
        calls = None
        if cell_row and self._n:
            calls = self._read_cells(
                text, cell_start, cell_stop, only_gt, cell_row, pattern, first_row
            )
        if rich and self._n:
            self._check_formats(text, rich, calls)
        self._patterns.append(pattern)
        line_rows = np.array(self._records[first_row:], np.int64) - self._next_record
        self._held.append((first_row, text, starts[line_rows], ends[line_rows]))
        self._next_record = record

    def _read_cells(
        self,
        text: bytes,
        cell_start: list[int],
        cell_stop: list[int],
        only_gt: list[bool],
        cell_row: list[int],
        pattern: npt.NDArray[np.int64],
        first_row: int,
    ) -> Calls:
        calls = self.genotypes.read(text, cell_start, cell_stop, only_gt)
        place = np.array(cell_row, np.int32)
        pattern[place - first_row] = calls.pattern
        for i in np.flatnonzero(calls.pattern < 0).tolist():
            found = text.count(b"\t", cell_start[i], cell_stop[i]) + 10
            detail = f"expected {self._header.columns:,} columns, found {found:,}"
            self._bad[cell_row[i]] = ("column-count", None, detail)
        self._rows.append(place[calls.row])
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
                alt = self._prefixes[row].split(b"\t", 5)[4]
                n_alts = 0 if alt == b"." else alt.count(b",") + 1
                places, cells = groups.setdefault(fmt, ([], []))
                places.append(place)
                cells.append(Cells(row, start, stop, n_alts))
        for fmt, (places, cells) in groups.items():
            self.undeclared.keys(fmt[1:-1], self._records[cells[0].row] + self._lines_above)
            ploidy = None
            if calls is not None and places[0] >= 0:
                ploidy = partial(self._ploidy, calls, np.array(places))
            for row, *told in self._formats.check(text, fmt[1:-1], cells, ploidy):
                self._late[row] = (told[0], told[1], told[2])

    def _ploidy(
        self, calls: Calls, places: npt.NDArray[np.int64], which: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
        """Ploidy and called alleles of the samples of records places[which] of `calls`."""
        texts, own = self.genotypes.texts, places[which]
        patterns, of = np.unique(calls.pattern[own], return_inverse=True)
        ploidy = np.stack([self._spelled(p) for p in patterns.tolist()])[of]
        called = ploidy.copy()
        low, high = np.searchsorted(calls.row, [own, own + 1])
        many = high - low
        at = np.repeat(low - np.cumsum(many) + many, many) + np.arange(int(many.sum()))
        row, gid = np.repeat(np.arange(len(own)), many), calls.gid[at]
        ploidy[row, calls.column[at]] = texts.ploidy[gid]
        called[row, calls.column[at]] = texts.called[gid]
        return ploidy, called

    def _spelled(self, pattern: int) -> npt.NDArray[np.int16]:
        """The ploidy of each sample's reference call in a pattern."""
        if pattern not in self._ploidies:
            ploidy = np.zeros(self._n, np.int16)
            for low, high, gt in self.genotypes.patterns.patterns[pattern].runs:
                ploidy[low : high + 1] = len(re.findall(r"[0-9]+|\.", gt))
            self._ploidies[pattern] = ploidy
        return self._ploidies[pattern]

    def _locate(self, text: bytes, start: int, stop: int) -> tuple[int, tuple[str, str] | None]:
        """Where the prefix ends, learning the FORMAT; or what is wrong with the line."""
        line = text[start:stop]
        if not line:
            return 0, ("blank-line", "")
        fields = line.split(b"\t", 9)
        wanted = 9 + (self._n > 0) if self._header.has_format else 8
        if len(fields) < wanted or (wanted < 10 and len(fields) > wanted):
            found = line.count(b"\t") + 1
            detail = f"expected {self._header.columns:,} columns, found {found:,}"
            return 0, ("column-count", detail)
        hit = start + sum(map(len, fields[:8])) + 7
        if self._header.has_format:
            self._format = b"\t" + fields[8] + (b"\t" if self._n else b"")
            if self._format not in self._format_kinds:
                self._format_kinds[self._format] = _format_kind(fields[8])
        return hit, None

    def _columns_found(self, line: bytes) -> tuple[str, str | None, str]:
        found = line.count(b"\t") + 1
        detail = f"expected {self._header.columns:,} columns, found {found:,}"
        return "column-count", None, detail

    def _judge_line(self, record: int, line: bytes, reason: tuple[str, str]) -> Defect:
        fields = line.split(b"\t", 2)
        chrom, pos = (_text(fields[0]), _number(fields[1])) if len(fields) > 2 else (None, None)
        return Defect(
            reason[0], record + self._lines_above, "record", chrom, pos, None, reason[1],
            _text(line),
        )  # fmt: skip

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
        for number, reason, field, detail in info.broken(n_alts):
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
        result = Batch(table, info, row, column, gid, self._defects, self.pending)
        self._reset()
        return result

    def _sites(self) -> pl.DataFrame:
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
        if not len(gid):
            return
        invalid = texts.kind[gid] == INVALID
        # Where ALT is a dot, allele 1 stands for an allele that the source leaves unsaid.
        beyond = texts.max_allele[gid] > np.maximum(n_alts, 1)[row]
        for at in np.flatnonzero(invalid | beyond).tolist():
            r = int(row[at])
            if r in self._bad:
                continue
            sample = self._header.samples[int(column[at])]
            shown = _text(texts.texts[int(gid[at])].text)
            if invalid[at]:
                detail = f"sample {sample}: expected allele numbers joined by / or |, found {shown}"
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
        for row in sorted(self._bad):
            reason, field, detail = self._bad[row]
            site = sites.row(row, named=True)
            self._defects.append(
                Defect(
                    reason, self._records[row] + self._lines_above, "record", site["chrom"],
                    _number(site["pos"].encode()), field, detail, _text(self._line(row)),
                )
            )  # fmt: skip

    def _line(self, row: int) -> bytes:
        for first_row, text, starts, ends in reversed(self._held):
            if row >= first_row:
                return text[starts[row - first_row] : ends[row - first_row]]
        raise AssertionError(row)


def _format_kind(keys: bytes) -> int:
    names = keys.split(b":")
    if any(not n or any(c in b" \t,;=" for c in n) for n in names) or len(set(names)) < len(names):
        return _BAD_FORMAT
    if names[0] == b"GT":
        return _GT_ONLY if len(names) == 1 else _GT_FIRST
    return _GT_LATER if b"GT" in names else _NO_GT


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _number(raw: bytes) -> int | None:
    return int(raw) if raw.isdigit() and len(raw) <= 10 and int(raw) < 2**31 else None


def _joined(arrays: list[npt.NDArray[np.int32]]) -> npt.NDArray[np.int32]:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int32)
