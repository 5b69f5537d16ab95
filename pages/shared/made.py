"""How what a page shows was made: the tables it reads, and how their numbers came about."""

from __future__ import annotations

from medallion import Lake
from pages.shared import lead

__all__ = ["MADE", "told"]

_FREQUENCY = (
    "Counts are of the genotypes in silver, in each group; frequency: AC / AN, copies of this ALT "
    "allele among all called alleles. Every kept record is counted, whatever its FILTER says. A "
    "cohort of yours is counted when it is asked for."
)
_COUNTED = (["gold.frequencies", "gold.variants"], [_FREQUENCY])

MADE: dict[tuple[str, str], tuple[list[str], list[str]]] = {
    ("overview", ""): (["gold.frequencies"], [_FREQUENCY]),
    ("gold", "Variant"): (
        ["gold.frequencies", "gold.most_different"],
        [
            _FREQUENCY,
            (
                "Differs most: the highest less the lowest frequency, of the super-populations, or "
                "of the populations where there is no second super-population."
            ),
        ],
    ),
    ("gold", "Spectrum"): (
        ["gold.frequencies"],
        [
            (
                "Each ALT allele that a group carries is counted once, by its frequency there: as "
                "the file has REF and ALT, not as ancestral and derived. The folded and unfolded "
                "spectra are on the Populations page."
            )
        ],
    ),
    ("gold", "Populations"): (["gold.populations"], []),
    ("variant", "Frequencies"): _COUNTED,
    ("variant", "Genotypes"): _COUNTED,
    ("variant", "Map"): _COUNTED,
    ("variant", "Linkage"): (
        ["silver.genotypes", "silver.calls"],
        [
            (
                "Counted when it is asked for, over the genotypes of the chosen group. r² is the "
                "squared correlation of the two ALT alleles (Hill & Robertson 1968): of haplotypes "
                "where both records are phased, else of copies."
            ),
            "D′ is their D by the largest that their frequencies allow (Lewontin 1964).",
        ],
    ),
    ("variant", "Carriers"): (
        ["silver.genotypes"],
        ["Calls that carry the ALT allele, joined with what the sample table says of the sample."],
    ),
    ("variant", "Way back"): (["gold.variants", "silver.variants", "bronze.files"], []),
    ("region", ""): (
        ["gold.variants", "gold.windows", "gold.windows_fst"],
        [
            (
                "Each track is one of these tables over the view; what it shows is told above. A "
                "cohort of yours is counted when it is asked for."
            )
        ],
    ),
    ("sample", "Counts"): (["gold.samples"], ["What each count means is told above it."]),
    ("sample", "Rare alleles"): (
        ["silver.genotypes", "gold.variants"],
        ["The sample's calls with an ALT allele as rare as is chosen among all samples."],
    ),
    ("cohort", ""): (
        ["silver.genotypes", "silver.calls", "gold.frequencies"],
        [
            (
                "The cohort's alleles are counted from the genotypes when it is asked for, by the "
                "rules of the stored groups: frequency is AC / AN. The group beside it is as gold "
                "has it."
            )
        ],
    ),
    ("search", ""): (
        ["silver.variants", "silver.identifiers", "silver.samples"],
        ["Positions and alleles are looked up as the files write them; an ID by its whole name."],
    ),
}
"""By page and view; of a page without views the view is empty."""


def told(lake: Lake, page: str, view: str = "") -> None:
    """Tell, folded up, how a view was made, where that is known."""
    if (page, view) in MADE:
        lead.made(lake, *MADE[page, view])
