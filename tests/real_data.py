"""Where the real data and the other programs are, for tests that need them, and how much to do.

The data is not part of the project: it lies in `../shared/data` beside a checkout, or
does not. A test that needs what is absent is skipped with the reason; where
MEDALLION_REQUIRE_DATA=1 or MEDALLION_REQUIRE_TOOLS=1 is set it fails instead, so that a
machine that ought to run everything cannot pass by running nothing.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from medallion.catalog import POPULATIONS

THOROUGH = os.environ.get("MEDALLION_THOROUGH") == "1"
thorough = pytest.mark.skipif(
    not THOROUGH, reason="takes long and finds little: MEDALLION_THOROUGH=1 asks for it"
)
"""Marks what a machine may do that has the time, and one on which somebody waits may not."""


def rest(*values: object) -> list[Any]:
    """Parameters of a test that has others of their kind: these are for when there is time."""
    return [pytest.param(value, marks=thorough) for value in values]


def thinned(values: Sequence[str], every: int) -> list[Any]:
    """Parameters of a test: every n-th value always, the others when there is time."""
    return [v if i % every == 0 else pytest.param(v, marks=thorough) for i, v in enumerate(values)]


DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

PANEL = "phase3/integrated_call_samples_v3.20130502.ALL.panel"
IGSR = "metadata/igsr_samples.tsv"
PEDIGREE = "metadata/20130606_g1k.ped"


@dataclass(frozen=True)
class Slice:
    """A real VCF, and the sample table that goes with it."""

    vcf: str
    samples: str


SLICES = {
    "chr22": Slice("phase3/chr22-16.05-16.50mb.vcf.gz", PANEL),
    "chr20": Slice("phase3/chr20-25000-records.vcf.gz", PANEL),
    "chrX": Slice("phase3/chrX-1126-samples.vcf.gz", PANEL),
    "chrMT": Slice("phase3/ALL.chrMT.phase3_callmom-v0_4.20130502.genotypes.vcf.gz", PANEL),
    "chr1": Slice("highcov/chr1-head-1000-phased-panel.vcf.gz", IGSR),
    "chr12": Slice("highcov/chr12-100-raw-calls.vcf.gz", IGSR),
}


def real(name: str) -> Path:
    """A file of the real data, by its path in the data's folder."""
    path = DATA / name
    if not path.exists():
        absent(f"the real data has no {name} here", "MEDALLION_REQUIRE_DATA")
    return path


def tool(name: str) -> str:
    """The path of another program, such as bcftools."""
    found = shutil.which(name)
    if found is None:
        absent(f"{name} is not installed", "MEDALLION_REQUIRE_TOOLS")
    return str(found)


def absent(reason: str, required: str) -> None:
    """Skip the test, or fail it where the environment says that nothing may be absent."""
    if os.environ.get(required) == "1":
        pytest.fail(f"{reason}, and {required}=1 asks for it")
    pytest.skip(reason)


@cache
def metadata(table: str) -> dict[str, tuple[str, str]]:
    """Population and super-population of each sample of a real table, read by hand."""
    with real(table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if "pop" in rows[0]:
        return {r["sample"]: (r["pop"], r["super_pop"]) for r in rows}
    known = {p.code: p.super_population for p in POPULATIONS}
    found = {}
    for row in rows:
        code = next((c for c in row["Population code"].split(",") if c in known), None)
        found[row["Sample name"]] = (code, known[code]) if code else ("unassigned", "unassigned")
    return found
