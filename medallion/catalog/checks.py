"""The checks that there are, as data: what each looks at, how grave it is, what it says.

No check is made that is not named here. Those of the build are made of its sums at each
build of gold, and kept in `gold.checks`; those of `verify` read every table and every byte
again. `medallion verify` makes both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["AT_BUILD", "AT_VERIFY", "KINDS", "Kind", "Severity"]

Severity = Literal["error", "warning", "info"]
"""error: the tables are wrong, or cannot be read; warning: look at the source before trusting
it; info: a fact to know."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of check: a name that stays, the layer that it is about, and its meaning."""

    id: str
    layer: str
    severity: Severity
    meaning: str


_STATED = ("AC", "AN", "AF", "AFR_AF", "AMR_AF", "EAS_AF", "EUR_AF", "SAS_AF")
_COUNTS = ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")

AT_BUILD: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("conservation", "silver", "error",
             "Every record of the file is in silver or in the quarantine."),
        Kind("duplicates", "silver", "warning",
             "No record repeats the contig, position, REF and an ALT of an earlier one."),
        *(
            Kind(f"published_{field.lower()}", "silver", "warning",
                 f"{field}, as the source states it, is what is counted from the genotypes.")
            for field in _STATED
        ),
        Kind("release_samples", "silver", "warning",
             "The population has as many samples as the release says."),
        Kind("sample_sums", "gold", "error",
             "Each sample with genotypes is in one population, or in 'unassigned'."),
        Kind("sex_chrx", "silver", "warning",
             "Samples called with one copy of X are those that the sample table calls male."),
        Kind("structure_sites", "gold", "info",
             "There are common snvs of autosomes enough to tell structure and relatives from."),
        Kind("hardy_weinberg", "gold", "info",
             "Few alleles have p below 1e-6 within a population; many point to bad calls."),
        Kind("ti_tv", "gold", "warning",
             "Transitions over transversions are as in a human genome; about 0.5 is chance."),
    )
}  # fmt: skip
"""Checks of each build, by id."""

AT_VERIFY: Mapping[str, Kind] = {
    kind.id: kind
    for kind in (
        *(
            Kind(f"{layer}.readable", layer, "error",
                 f"Every table of {layer} can be read to its end, each page as its checksum says.")
            for layer in ("bronze", "silver", "gold")
        ),
        Kind("bronze.sha256", "bronze", "error", "The file has the bytes that arrived."),
        Kind("bronze.blocks", "bronze", "error",
             "Every block of the file inflates, has its CRC, and holds the lines that it held."),
        Kind("bronze.end_block", "bronze", "warning",
             "The file was not cut off between two blocks."),
        Kind("silver.conservation", "silver", "error",
             "Records in = records kept + records quarantined, counted in the tables."),
        Kind("silver.allele_copies", "silver", "error",
             "ALT copies in silver.variants are the copies in silver.genotypes."),
        Kind("silver.published_ac", "silver", "warning",
             "AC as the source states it is AC recounted from genotypes."),
        Kind("gold.of_silver", "gold", "warning",
             "Gold was made of the silver that is published, so the two can be compared."),
        Kind("gold.all_equals_silver", "gold", "error",
             "Counts over all samples in gold are the counts in silver."),
        *(
            Kind(f"gold.sum_{name}", "gold", "error",
                 f"{name} summed over populations is {name} over all samples.")
            for name in _COUNTS
        ),
        Kind("gold.sample_counts", "gold", "error",
             "Genotype counts never exceed the samples of the group."),
        Kind("gold.checks", "gold", "error",
             "The checks of the build, made again, say what they said then."),
    )
}  # fmt: skip
"""Checks that `medallion verify` makes beside those of the build, by id."""

KINDS: Mapping[str, Kind] = {**AT_BUILD, **AT_VERIFY}
