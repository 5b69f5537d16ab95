"""The embedded demo data set: simulated genotypes of people who do not exist.

A VCF and a sample table in the shape of 1000 Genomes Phase 3, chromosome 22,
small enough to ship, so that everything can be looked at with no network. Not
real data, and never to be shown without saying so: `TITLE` and `NOTE` hold the
words. `medallion.demo.simulate` is the program that made both files.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["NOTE", "TITLE", "samples_path", "vcf_path"]

TITLE = "Demo (simulated)"
"""Short name, for wherever the data set is named."""

NOTE = (
    "Simulated data: 2504 people who do not exist, in populations of the sizes of 1000 Genomes "
    "Phase 3, drawn from a published out-of-Africa model. No variant or frequency in it says "
    "anything about a real population, and some lines are broken on purpose, to show what the "
    "quarantine does."
)
"""What a reader must know before reading a number of the demo."""

_FOLDER = Path(__file__).resolve().parent


def vcf_path() -> Path:
    """Path of the simulated VCF (BGZF, contig `22`, about 10,000 records)."""
    return _FOLDER / "demo.chr22.vcf.gz"


def samples_path() -> Path:
    """Path of the simulated sample table (tab separated: sample, pop, super_pop, gender)."""
    return _FOLDER / "demo.samples.txt"
