"""The header of an exported VCF: the sources' own definitions, and those of the counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE, SUPER_POPULATIONS_BY_CODE
from medallion.vcf.header import FIXED_COLUMNS, Header

__all__ = ["Group", "Used", "header_lines"]

_KEPT = re.compile(r"##(INFO|FILTER|ALT|contig)=<(?:.*?,)?ID=([^,>]+)[,>]")
_FREE = ("##reference=", "##assembly=", "##pedigreeDB=")
_LEVELS = ("all", "super_population", "population")
_ODD = re.compile(r"[^0-9A-Za-z_.]")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of samples and what its keys in INFO end in; nothing for all samples."""

    code: str
    level: str
    suffix: str

    @property
    def ac(self) -> str:
        """Key of the copies of each ALT."""
        return f"AC{self.suffix}"

    @property
    def an(self) -> str:
        """Key of the called alleles."""
        return f"AN{self.suffix}"

    @property
    def af(self) -> str:
        """Key of the frequency of each ALT."""
        return f"AF{self.suffix}"

    @property
    def keys(self) -> tuple[str, str, str]:
        """Its keys, in order."""
        return (self.ac, self.an, self.af)

    @property
    def meaning(self) -> str:
        """The group in words."""
        if self.level == "all":
            return "all samples"
        known = SUPER_POPULATIONS_BY_CODE if "super" in self.level else POPULATIONS_BY_CODE
        name = f" ({known[self.code].name})" if self.code in known else ""
        return f"{self.level.replace('_', '-')} {self.code}{name}"

    @staticmethod
    def shown(groups: Sequence[Group]) -> list[Group]:
        """The groups in the order of INFO: all samples, super-populations, populations."""
        return sorted(groups, key=lambda g: _LEVELS.index(g.level))

    @classmethod
    def named(cls, found: Sequence[tuple[str, str]]) -> list[Group]:
        """Groups of codes and levels, as they are ordered, each with keys of its own.

        A code's characters that no key may have become `_`. A name that is taken, as where
        a population is called as its super-population is, gets its level's after it.
        """
        taken: set[str] = set()
        suffixes: dict[tuple[str, str], str] = {}
        # Super-populations choose before populations, so that AF_EUR is what it seems.
        for code, level in sorted(found, key=lambda g: _LEVELS.index(g[1])):
            suffix = "" if (code, level) == (ALL, "all") else f"_{_ODD.sub('_', code)}"
            if suffix in taken:
                suffix = f"{suffix}_{level}"
            base, n = suffix, 2
            while suffix in taken:
                suffix, n = f"{base}_{n}", n + 1
            taken.add(suffix)
            suffixes[code, level] = suffix
        return [cls(code, level, suffixes[code, level]) for code, level in found]


@dataclass(frozen=True, slots=True)
class Used:
    """Names that records use: contigs, filters, and keys of INFO with whether they have values."""

    contigs: tuple[str, ...]
    filters: tuple[str, ...]
    info: Mapping[str, bool]


def header_lines(
    headers: Sequence[Header],
    groups: Sequence[Group],
    used: Used,
    fact: str,
) -> list[str]:
    """The lines of the header, the one of the columns last.

    What records have `used` and the sources do not define is defined here, for bcftools
    stops at some of it. `fact` says where the records come from.
    """
    counted = {key for group in groups for key in group.keys}
    defined: dict[tuple[str, str], str] = {}
    free: dict[str, None] = {}
    for header in headers:
        for line in header.lines:
            if match := _KEPT.match(line):
                if match[1] != "INFO" or match[2] not in counted:
                    defined.setdefault((match[1], match[2]), line)
            elif line.startswith(_FREE):
                free.setdefault(line)
    defined.setdefault(("FILTER", "PASS"), '##FILTER=<ID=PASS,Description="All filters passed">')
    unknown = 'Description="Not described in the source">'
    for code in used.filters:
        defined.setdefault(("FILTER", code), f"##FILTER=<ID={code},{unknown}")
    for key, has_value in used.info.items():
        kind = "Number=.,Type=String" if has_value else "Number=0,Type=Flag"
        if key not in counted:
            defined.setdefault(("INFO", key), f"##INFO=<ID={key},{kind},{unknown}")
    for chrom in used.contigs:
        defined.setdefault(("contig", chrom), f"##contig=<ID={chrom}>")
    version = next((h.fileformat for h in headers if h.fileformat), "VCFv4.2")
    kinds = ("FILTER", "contig", "ALT", "INFO")
    return [
        f"##fileformat={version}",
        f"##medallion={fact}",
        *free,
        *(line for kind in kinds for (k, _), line in defined.items() if k == kind),
        *(line for group in Group.shown(groups) for line in _definitions(group)),
        "\t".join(FIXED_COLUMNS),
    ]


def _definitions(group: Group) -> Iterator[str]:
    of = group.meaning.replace("\\", "\\\\").replace('"', '\\"')
    for key, number, kind, what in (
        (group.ac, "A", "Integer", "Copies of each ALT allele among called alleles"),
        (group.an, "1", "Integer", "Called alleles"),
        (group.af, "A", "Float", "Frequency of each ALT allele, AC / AN"),
    ):
        yield (
            f"##INFO=<ID={key},Number={number},Type={kind},"
            f'Description="{what} in {of}, recounted from genotypes">'
        )
