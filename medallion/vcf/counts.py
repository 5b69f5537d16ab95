"""How many values a sample's field may have, by the Number of its key.

A, R and counts are the same for all samples of a record. What else FORMAT knows depends on
the sample: on the ploidy of its genotype (G, P), on the alleles that its LAA names (LA, LR,
LG), or on the bases of the alleles it has (M).

Source: The Variant Call Format Specification, VCFv4.5, sections 1.4.4 (the Numbers, modified
bases) and 1.6.2 (LAA, order of genotypes), https://samtools.github.io/hts-specs/ .
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from medallion.vcf.cells import Cells, Fields
from medallion.vcf.definitions import (
    ANY,
    LOCAL_ALLELE,
    LOCAL_ALT,
    LOCAL_GENOTYPE,
    PER_ALLELE,
    PER_ALT,
    PER_BASE,
    PER_CALLED,
    PER_GENOTYPE,
)
from medallion.vcf.genotype_texts import INVALID, parse

__all__ = ["SampleCounts", "modifiable", "suits", "suits_ploidy"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.int16]

_LOCAL = {LOCAL_ALT: PER_ALT, LOCAL_ALLELE: PER_ALLELE, LOCAL_GENOTYPE: PER_GENOTYPE}
_BASES = re.compile(rb"[ACGTacgt]+")
_CALLED = re.compile(rb"([/|]?)([0-9]+)")
# The letters of an allele at which a base, of this or of the other strand, may be modified.
_STRANDS = {"A": b"ATat", "T": b"ATat", "U": b"ATat", "C": b"CGcg", "G": b"CGcg"}


def suits(number: Ints, items: Ints, alts: Ints | int) -> Bools:
    """Whether so many values suit a Number that is any, a count, A or R; no other is suited."""
    alleles = np.maximum(alts, 1)
    result: Bools = (
        (number == ANY)
        | (number == items)
        | ((number == PER_ALT) & (items == alleles))
        | ((number == PER_ALLELE) & (items == alleles + 1))
        | ((number == PER_ALLELE) & (np.asarray(alts) == 0) & (items == 1))
    )
    return result


def suits_ploidy(ploidy: int, items: Ints, alts: Ints) -> Bools:
    """Whether `items` is (ploidy + ALTs) over ploidy; without ALT, that of one ALT will do."""
    # Counts beyond 62 bits, of many alleles at a high ploidy, cannot be met.
    most = int(alts.max(initial=0)) + 1
    table = np.array([min(comb(ploidy + a, ploidy), 1 << 62) for a in range(most + 1)])
    met: Bools = items == table[alts]
    met |= (alts == 0) & (items == table[1])
    return met


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """Judges the fields of some records' samples, whose number the sample tells.

    `fields` are pieces of `text`, `alts` the ALT alleles of each one's record, `keys` the
    FORMAT of all `records`. `ploidy` holds the ploidy and the called alleles of samples,
    shape (n_records, n_samples); None where FORMAT has no GT.
    """

    text: npt.NDArray[np.uint8]
    fields: Fields
    alts: Ints
    keys: tuple[str, ...]
    records: Sequence[Cells]
    n_samples: int
    ploidy: tuple[Shorts, Shorts] | None

    def suit(self, number: Ints, at: Ints) -> Bools:
        """Whether fields `at` have as many values as `number` says, both of shape (m,)."""
        ok = np.zeros(len(at), bool)
        for each in np.unique(number).tolist():
            own = number == each
            ok[own] = self._suit(each, at[own])
        return ok

    def _suit(self, number: int, at: Ints) -> Bools:
        items, cell = self.fields.items[at], self.fields.cell[at]
        if number == PER_CALLED:
            return self._called(items, cell)
        if number == PER_BASE:
            return self._modified(at)
        if number in _LOCAL:
            # Without LAA, which should stand in FORMAT too, nothing tells the alleles.
            if "LAA" not in self.keys:
                return np.ones(len(at), bool)
            number, alts = _LOCAL[number], np.minimum(self._local()[cell], self.alts[at])
        else:
            alts = self.alts[at]
        if number == PER_GENOTYPE:
            return self._genotypes(items, cell, alts)
        return suits(np.array(number), items, alts)

    def _called(self, items: Ints, cell: Ints) -> Bools:
        """One value for each allele of GT. Of a missing genotype the ploidy says nothing."""
        if self.ploidy is None:
            return np.ones(len(items), bool)
        ploidy, called = self.ploidy
        ok: Bools = (called.ravel()[cell] == 0) | (ploidy.ravel()[cell] == items)
        return ok

    def _genotypes(self, items: Ints, cell: Ints, alts: Ints) -> Bools:
        """One value for each genotype that a sample may have.

        A sample without a genotype is diploid by specification, but haploid ones exist; of a
        missing genotype the ploidy says nothing.
        """
        if self.ploidy is None:
            return suits_ploidy(1, items, alts) | suits_ploidy(2, items, alts)
        ploidy, called = self.ploidy[0].ravel()[cell], self.ploidy[1].ravel()[cell]
        ok: Bools = called == 0
        for p in np.unique(ploidy).tolist():
            ok |= (ploidy == p) & suits_ploidy(p, items, alts)
        return ok

    def _local(self) -> Ints:
        """The ALT alleles that each sample's LAA names; none where it is missing or left out."""
        fields = self.fields
        at = np.flatnonzero(fields.key == self.keys.index("LAA"))
        length = fields.stop[at] - fields.start[at]
        missing = (length == 0) | ((length == 1) & (self.text[fields.start[at]] == ord(".")))
        local = np.zeros(len(self.records) * self.n_samples, np.int64)
        local[fields.cell[at]] = np.where(missing, 0, fields.items[at])
        return local

    def _modified(self, at: Ints) -> Bools:
        """One value for each base of the sample's alleles that may be modified."""
        ok = np.ones(len(at), bool)
        if self.keys[0] != "GT":
            return ok
        fields = self.fields
        genotype = np.flatnonzero(fields.key == 0)
        alleles = [tuple(_alleles(record.site)) for record in self.records]
        known: dict[tuple[int, bytes, str], int | None] = {}
        for i, f in enumerate(at.tolist()):
            cell = int(fields.cell[f])
            gt = int(genotype[cell])
            record, letter = cell // self.n_samples, self.keys[int(fields.key[f])][-1]
            text = self.text[fields.start[gt] : fields.stop[gt]].tobytes()
            case = (record, text, letter)
            if case not in known:
                known[case] = modifiable(alleles[record], text, letter)
            ok[i] = known[case] in (None, int(fields.items[f]))
        return ok


def _alleles(site: bytes) -> list[bytes]:
    """REF and the ALT alleles of a record."""
    ref, alt = site.split(b"\t", 5)[3:5]
    return [ref] if alt == b"." else [ref, *alt.split(b",")]


def modifiable(alleles: Sequence[bytes], genotype: bytes, letter: str) -> int | None:
    """How many bases of a genotype's alleles a modification of base `letter` may be at.

    Of either strand; of N at each base, on both. An allele that is not phased counts once.
    None where that is not clear: of a reference block (which stands for more bases than it
    names), of other alleles that are not bases, of base N, of a genotype that is missing.
    """
    if (letter != "N" and letter not in _STRANDS) or not all(map(_BASES.fullmatch, alleles)):
        return None
    meaning = parse(genotype)
    if meaning.kind == INVALID or not meaning.called:
        return None
    # What the first allele leaves unsaid follows from the others.
    unsaid = b"/" if b"/" in genotype else b"|"
    counted: set[int] = set()
    total = 0
    for mark, number in _CALLED.findall(genotype):
        allele = int(number)
        if allele >= len(alleles):
            return None
        if (mark or unsaid) == b"/":
            if allele in counted:
                continue
            counted.add(allele)
        bases = alleles[allele]
        of_it = len(bases) - len(bases.translate(None, _STRANDS.get(letter, b"ACGTacgt")))
        total += of_it * (2 if letter == "N" else 1)
    return total
