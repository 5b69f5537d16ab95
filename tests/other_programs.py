"""What bcftools and plink2 count of each sample."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import polars as pl
from real_data import tool


@cache
def psc(vcf: Path) -> pl.DataFrame:
    """The PSC lines of bcftools stats, in the order of the samples."""
    text = subprocess.run(
        [tool("bcftools"), "stats", "-s", "-", str(vcf)], check=True, capture_output=True, text=True
    ).stdout
    names = ["nRefHom", "nNonRefHom", "nHets", "nTransitions", "nTransversions", "nIndels", "depth",
             "nSingletons", "nHapRef", "nHapAlt", "nMissing"]  # fmt: skip
    rows = [line.split("\t")[3:] for line in text.splitlines() if line.startswith("PSC\t")]
    return pl.DataFrame(
        [[float(x) for x in r] for r in rows], schema=names, orient="row"
    ).drop("depth")  # fmt: skip


def plink_het(vcf: Path, folder: Path) -> pl.DataFrame:
    subprocess.run(
        [tool("plink2"), "--vcf", str(vcf), "--het", "cols=het,nobs,f", "--bad-freqs", "--out",
         str(folder / "h")],
        check=True, capture_output=True,
    )  # fmt: skip
    return pl.read_csv(folder / "h.het", separator="\t")
