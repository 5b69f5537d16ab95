"""Counts per sample: what `gold.samples` is made of.

Counted are calls: a sample's genotype in a record. Each call is one of het, hom_ref,
hom_alt, haploid_ref, haploid_alt and missing, so these sum to the records. They are those
of `bcftools stats -s -` (its PSC lines), but that PSC counts het and hom_alt of snvs only:
`het_snv`, `hom_alt_snv`. A half-missing call (`./1`) is missing, as there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["ALLELE_TYPES", "SampleSums"]

ALLELE_TYPES = ("transition", "transversion", "snv", "insertion", "deletion", "indel", "other")
"""Types of an ALT allele. `snv` is one that is neither of the first two, as to N; `indel` is
complex (ACT to TCGA): neither insertion nor deletion, which bcftools counts among others."""
_SNV, _INDEL = slice(0, 3), slice(3, 5)
# The kinds of call in `carried`.
_HET, _HOM_ALT, _HAPLOID = range(3)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SampleSums:
    """Sums over records; all of shape (n_samples,) but `carried`. Sums of parts add up.

    `carried`, shape (3, len(ALLELE_TYPES), n_samples): het, hom_alt and haploid_alt calls
    by the type of the ALT allele; of two different ones, of that with the lower number.
    `other_snv`, `other_indel`: calls of two different ALTs of which only the second is one.
    `singletons`: ALT alleles of which this sample has the only copy. `sole_records`:
    records where its call of two copies is the only such that carries an ALT (nSingletons
    of PSC). `observed_het`, `expected_het` and `autosomal` (called records) are over diploid
    calls of the records that count for the inbreeding coefficient: autosomal, of more than
    one allele.
    """

    records: Ints
    carried: Ints
    other_snv: Ints
    other_indel: Ints
    hom_ref: Ints
    haploid_ref: Ints
    missing: Ints
    singletons: Ints
    sole_records: Ints
    observed_het: Ints
    expected_het: Floats
    autosomal: Ints

    @classmethod
    def zeros(cls, n_samples: int) -> SampleSums:
        """Sums of nothing."""
        made: dict[str, Any] = {
            f.name: np.zeros(n_samples, np.float64 if f.name == "expected_het" else np.int64)
            for f in fields(cls)
        }
        made["carried"] = np.zeros((3, len(ALLELE_TYPES), n_samples), np.int64)
        return cls(**made)

    def __add__(self, other: SampleSums) -> SampleSums:
        return SampleSums(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def __iadd__(self, other: SampleSums) -> Self:
        """Add in place: of 500,000 samples, sums take 128 MB."""
        for f in fields(self):
            mine = getattr(self, f.name)
            mine += getattr(other, f.name)
        return self

    def placed(self, place: Ints, n_samples: int) -> SampleSums:
        """The same among more samples: this one's i-th becomes number `place[i]` of them.

        Files that name their samples in another order add up so.
        """
        made = SampleSums.zeros(n_samples)
        for f in fields(self):
            getattr(made, f.name)[..., place] = getattr(self, f.name)
        return made

    def _of(self, kinds: int | slice, types: int | slice) -> Ints:
        some = self.carried[kinds, types].reshape(-1, self.carried.shape[2])
        total: Ints = some.sum(axis=0)
        return total

    @property
    def het(self) -> Ints:
        """Calls of two or more copies that are not all of one allele."""
        return self._of(_HET, slice(None))

    @property
    def hom_alt(self) -> Ints:
        """Calls of two or more copies, all of one ALT allele."""
        return self._of(_HOM_ALT, slice(None))

    @property
    def haploid_alt(self) -> Ints:
        """Calls of one copy that is an ALT allele."""
        return self._of(_HAPLOID, slice(None))

    @property
    def het_snv(self) -> Ints:
        """Heterozygous calls with an snv: nHets of PSC."""
        return self._of(_HET, _SNV) + self.other_snv

    @property
    def hom_alt_snv(self) -> Ints:
        """Homozygous calls of an snv: nNonRefHom of PSC."""
        return self._of(_HOM_ALT, _SNV)

    def of_type(self, name: str) -> Ints:
        """Calls that carry an ALT of a type of ALLELE_TYPES, haploid ones too.

        PSC's nTransitions and nTransversions are without the haploid: see `carried`.
        """
        return self._of(slice(0, 3), ALLELE_TYPES.index(name))

    @property
    def indels(self) -> Ints:
        """Calls that carry an insertion or deletion: nIndels of PSC, and haploid ones too."""
        return self._of(slice(0, 3), _INDEL) + self.other_indel

    @property
    def call_rate(self) -> Floats:
        """Share of records that are called; NaN where there is no record."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share: Floats = 1 - self.missing / self.records
        return share

    @property
    def inbreeding(self) -> Floats:
        """F = 1 - O(het) / E(het), the method of moments of plink --het; NaN without E.

        Purcell S et al. PLINK: a tool set for whole-genome association and
        population-based linkage analyses. Am J Hum Genet 81:559-575 (2007),
        https://doi.org/10.1086/519795
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            f: Floats = np.where(
                self.expected_het > 0, 1 - self.observed_het / self.expected_het, np.nan
            )
        return f
