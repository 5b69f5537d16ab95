"""The header of a VCF: its definitions, its samples, and what is odd about it.

A header that strays from the specification is survived and noted; only a file without
a readable #CHROM line is refused, for then it is not a VCF.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from medallion.errors import NotVCFError, SourceError
from medallion.files import Place
from medallion.vcf.blocks import Blocks, read_text
from medallion.vcf.defects import Defect
from medallion.vcf.escaped import readable
from medallion.vcf.foreign import foreign
from medallion.vcf.meta_lines import (
    STRUCTURED,
    odd_definition,
    odd_line,
    odd_reserved,
    pairs_of,
)
from medallion.vcf.reserved import minor_version

__all__ = ["FIXED_COLUMNS", "Header", "parse_header", "read_header"]

FIXED_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_MAX_HEADER = 1 << 27
_MAX_SAMPLES = 1_000_000
_NO_NAME = re.compile("[\x00-\x1f\x7f\ufffd]")
# Of these 4.1 and 4.2 do not speak.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NO_HEADER = re.compile(rb"\n[^#]")
# As much of the text before a piece as may belong to what is looked for in it.
_REACH = len(b"\n#CHROM")
_VERSIONS = re.compile(r"VCFv4\.[0-5]")


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed header. Definitions are dictionaries of the keys as they stand in the file."""

    fileformat: str | None
    lines: tuple[str, ...]
    size: int
    samples: tuple[str, ...]
    has_format: bool
    crlf: bool
    info: Mapping[str, Mapping[str, str]]
    format: Mapping[str, Mapping[str, str]]
    filters: Mapping[str, Mapping[str, str]]
    alts: Mapping[str, Mapping[str, str]]
    contigs: Mapping[str, Mapping[str, str]]
    other: tuple[tuple[str, str], ...]
    defects: tuple[Defect, ...] = field(default=(), repr=False)

    @property
    def columns(self) -> int:
        """Number of columns of a record."""
        return len(FIXED_COLUMNS) + self.has_format + len(self.samples)


def read_header(blocks: Blocks) -> Header:
    """The header of the file. Raises NotVCFError where it is not a VCF."""
    text = bytearray()
    for piece in read_text(blocks, 0, len(blocks), run=1):
        seen = max(0, len(text) - _REACH)
        text += piece
        if text and not text.startswith(b"#"):
            break
        if (end := _end_of_header(text, seen)) is not None:
            return parse_header(bytes(text[:end]), blocks.path)
        if len(text) > _MAX_HEADER:
            raise SourceError(
                f"{blocks.path.name} has a header of more than {_MAX_HEADER:,} bytes: expected a "
                "#CHROM line and records before that. Check that the file is a VCF."
            )
    return parse_header(bytes(text), blocks.path)


def _end_of_header(text: bytearray, seen: int) -> int | None:
    """Where the first line after `seen` that does not begin with # begins; None: not there yet.

    Lines before #CHROM that do not begin with # are broken lines of the header.
    """
    names = text.find(b"\n#CHROM", seen)
    found = _NO_HEADER.search(text, names + 1 if names >= 0 else seen)
    return found.start() + 1 if found else None


def parse_header(text: bytes, path: Place) -> Header:
    """Parse the lines of a header, the #CHROM line included.

    Raises NotVCFError where there is no readable #CHROM line.
    """
    if not text.startswith(b"#"):
        raise NotVCFError(
            f"{path.name} is not a VCF: expected a first line that begins with ##fileformat=VCF, "
            f"{foreign(text)}"
        )
    raw = text.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    crlf = bool(raw) and raw[-1].endswith(b"\r")
    raw = [line.removesuffix(b"\r") for line in raw]
    lines = tuple(line.decode("utf-8", "replace") for line in raw)
    where = next((i for i, line in enumerate(lines) if line.startswith("#CHROM")), None)
    if where is None:
        raise NotVCFError(
            f"{path.name} has no #CHROM line: expected one after the lines that begin with ##. "
            "The file may be cut short; get it again."
        )
    samples, has_format = _columns(lines[where], path)
    found = _Definitions()
    for number, line in enumerate(lines[:where], 1):
        found.enter(line, number)
    if not text.endswith(b"\n"):
        found.note(len(lines), lines[-1], "expected a line separator at the end of the line")
    if has_format and not samples:
        found.note(where + 1, lines[where], "FORMAT stands there, but no sample after it")
    for number, line in enumerate(lines[where + 1 :], where + 2):
        found.note(number, line, "a header line stands after the #CHROM line")
    if not lines[0].startswith("##fileformat="):
        found.defects.insert(
            0,
            Defect("fileformat-missing", 1, "header", field="fileformat", raw=lines[0],
                   detail="The first line should be ##fileformat=VCFv4.x."),
        )  # fmt: skip
    return Header(
        fileformat=found.fileformat,
        lines=lines,
        size=len(text),
        samples=samples,
        has_format=has_format,
        crlf=crlf,
        info=found.tables["INFO"],
        format=found.tables["FORMAT"],
        filters=found.tables["FILTER"],
        alts=found.tables["ALT"],
        contigs=found.tables["contig"],
        other=tuple(found.other),
        defects=tuple(_whole(found.defects, raw)),
    )


def _whole(defects: list[Defect], raw: list[bytes]) -> list[Defect]:
    """The defects, and those of lines that are not UTF-8, each with its line to the byte."""
    broken = {i: told for i, line in enumerate(raw, 1) if (told := readable(line))[1]}
    found = [
        Defect("header-malformed", number, "header", detail="expected UTF-8 text")
        for number in broken
    ]
    return [
        replace(d, raw=broken[d.line][0], escaped=True) if d.line in broken else d
        for d in sorted([*defects, *found], key=lambda d: d.line)
    ]


def _columns(line: str, path: Place) -> tuple[tuple[str, ...], bool]:
    if line.count("\t") > _MAX_SAMPLES:
        raise SourceError(
            f"{path.name} names {line.count(chr(9)) - 8:,} samples in its #CHROM line: expected at "
            f"most {_MAX_SAMPLES:,}. Check that the file is what it should be."
        )
    names = line.split("\t")
    if tuple(names[:8]) != FIXED_COLUMNS or (len(names) > 8 and names[8] != "FORMAT"):
        raise NotVCFError(
            f"{path.name} has a #CHROM line that cannot be read: expected the columns "
            f"{' '.join(FIXED_COLUMNS)} [FORMAT samples...] parted by tabs, found "
            f"{_shown(line.encode())}."
        )
    samples = tuple(names[9:])
    if odd := next((n for n in samples if _NO_NAME.search(n)), None):
        raise NotVCFError(
            f"{path.name} has a sample name that is no UTF-8 text or holds a control character, "
            f"{odd!r}: expected plain names. Mend the #CHROM line (iconv -t UTF-8, or bcftools "
            "reheader) and build again."
        )
    if any(not s for s in samples):
        raise NotVCFError(
            f"{path.name} has an empty sample name in its #CHROM line: expected a name for each "
            "column after FORMAT. Mend the line (bcftools reheader) and build again."
        )
    if len(set(samples)) != len(samples):
        twice = next(name for name, count in Counter(samples).items() if count > 1)
        raise NotVCFError(
            f"{path.name} names the sample {twice!r} more than once: expected each sample once. "
            "Rename one (bcftools reheader) and build again."
        )
    return samples, len(names) > 8


class _Definitions:
    """Gathers the definitions of `##` lines and notes what is odd."""

    def __init__(self) -> None:
        self.fileformat: str | None = None
        self.tables: dict[str, dict[str, dict[str, str]]] = {k: {} for k in STRUCTURED}
        self.other: list[tuple[str, str]] = []
        self.defects: list[Defect] = []

    def note(self, number: int, line: str, detail: str, field: str | None = None) -> None:
        self.defects.append(
            Defect("header-malformed", number, "header", field=field, raw=line, detail=detail)
        )

    def enter(self, line: str, number: int) -> None:
        if _CONTROL.search(line) and minor_version(self.fileformat) > 2:
            self.note(number, line, "a control character stands in the line")
        key, equals, value = line.removeprefix("##").partition("=")
        if not line.startswith("##") or not equals or not key or not value:
            self.note(number, line, "expected ##KEY=VALUE")
            return
        if key == "fileformat":
            if self.fileformat is not None or number != 1:
                self.note(number, line, "##fileformat should stand once, in the first line", key)
            self.fileformat = value
            if not _VERSIONS.fullmatch(value):
                self.defects.append(
                    Defect("fileformat-unknown", number, "header", field=key, raw=line,
                           detail=f"expected VCFv4.0 to VCFv4.5, found {value}")
                )  # fmt: skip
            return
        version = minor_version(self.fileformat)
        if key not in STRUCTURED:
            self.other.append((key, value))
            if (odd := odd_line(key, value, version)) is not None:
                self.note(number, line, odd, key)
            return
        pairs, _, problem = pairs_of(value)
        if problem is None:
            problem = odd_definition(key, pairs, self.tables[key], version)
        if problem is not None:
            self.note(number, line, problem, key)
        elif (differs := odd_reserved(key, pairs, version)) is not None:
            self.defects.append(
                Defect("reserved-key", number, "header", field=key, raw=line, detail=differs)
            )
        if "ID" in pairs:
            known = self.tables[key].setdefault(pairs["ID"], pairs)
            if key == "contig":
                # A contig may be told of in several lines, as long as they agree.
                self.tables[key][pairs["ID"]] = {**pairs, **known}


def _shown(text: bytes) -> str:
    start = text[:60].decode("utf-8", "replace").split("\n")[0]
    return repr(start)
