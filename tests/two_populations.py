"""A small cohort of two populations of hostile names, with structure and relatives in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medallion import Lake

__all__ = [
    "NASTY", "NASTY_SAMPLE", "OTHER", "TWIN", "take_samples_away", "two_populations",
    "write_cohort",
]  # fmt: skip

NASTY = "<script>alert(1)</script> **bold** [x](http://example.org) $a_b$"
OTHER = "A & B <i>ü</i>, 100%"
NASTY_SAMPLE = "<b>S0</b>"
TWIN = "the twin & 1"


def write_cohort(
    vcf: Path, records: int = 2400, samples: int = 40, seed: int = 7, chrom: str = "7"
) -> list[str]:
    """Write SNVs of two populations that drifted apart; the last sample repeats the first.

    Returns the samples' names, the first half of the first population.
    """
    rng = np.random.default_rng(seed)
    names = [NASTY_SAMPLE, *(f"S{i}" for i in range(1, samples - 1)), TWIN]
    half = samples // 2
    base = rng.uniform(0.15, 0.85, records)
    shift = rng.normal(0, 0.12, records)
    p = np.stack([np.clip(base + shift, 0.02, 0.98), np.clip(base - shift, 0.02, 0.98)])
    of = np.array([0] * half + [1] * (samples - half))
    calls = rng.random((records, samples, 2)) < p[of].T[:, :, None]
    calls[:, -1] = calls[:, 0]
    head = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID={chrom}>",
        '##INFO=<ID=AA,Number=1,Type=String,Description="Ancestral allele">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
        ),
    ]
    body = []
    for i in range(records):
        gts = "\t".join(f"{int(a)}|{int(b)}" for a, b in calls[i])
        body.append(f"{chrom}\t{1000 + 2500 * i}\t.\tA\tG\t.\tPASS\tAA=A\tGT\t{gts}")
    vcf.write_text("\n".join([*head, *body, ""]), encoding="utf-8", newline="\n")
    return names


def take_samples_away(vcf: Path) -> None:
    """Leave a VCF its sites alone."""
    lines = vcf.read_text(encoding="utf-8").splitlines()
    kept = [x if x.startswith("##") else "\t".join(x.split("\t")[:8]) for x in lines]
    vcf.write_text("\n".join([*kept, ""]), encoding="utf-8", newline="\n")


def two_populations(folder: Path, **how: int) -> Lake:
    """Build the lake of such a cohort up to gold."""
    names = write_cohort(folder / "cohort.vcf", **how)
    half = len(names) // 2
    rows = ["sample\tpop\tsuper_pop\tgender"]
    for i, name in enumerate(names):
        # The twin is of the other population by the table, whatever its genome says.
        rows.append(f"{name}\t{NASTY if i < half else OTHER}\tnone so <u>ever</u>\tmale")
    panel = folder / "panel.txt"
    panel.write_text("\n".join([*rows, ""]), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[folder / "cohort.vcf"], samples=panel)
    lake.build("gold")
    return lake
