"""What the samples of a group can be called at one ALT allele: the words for it, everywhere.

They are of this ALT against all else, so of a record with another ALT "homozygous REF"
would not be true of all that have no copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["GENOTYPES", "genotypes_told"]

GENOTYPES: dict[str, tuple[str, str]] = {
    "n_hom_ref": (
        "No copy",
        (
            "Called samples without this ALT allele. Where the record has another, carriers of "
            "that count here too; all others are homozygous REF."
        ),
    ),
    "n_het": (
        "Heterozygous",
        "Samples with this ALT allele and another one, REF or not.",
    ),
    "n_hom_alt": (
        "Homozygous",
        "Samples with this ALT allele alone: two copies, or one where they are haploid.",
    ),
    "n_missing": ("Not called", "Samples without a called allele."),
}
"""Label and meaning of the counts of samples in `gold.frequencies`."""


def genotypes_told(row: Mapping[str, Any], count: Callable[[Any], str]) -> list[str]:
    """The counts of a row of `gold.frequencies` in words: 1,300 no copy, ...

    `count` writes a number.
    """
    return [f"{count(row[name])} {label.lower()}" for name, (label, _) in GENOTYPES.items()]
