"""Alleles of a lake to read matrices of, and made-up matrices written for other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from plain_vcf import vcf_text

from medallion import Lake
from medallion.storage.snapshot import read_snapshot


def versions(lake: Lake) -> dict[str, int]:
    silver = read_snapshot(lake.path, "silver")
    assert silver is not None
    return {k: v.version for k, v in silver.tables.items()}


def variants_of(lake: Lake) -> pl.DataFrame:
    frame = lake.scan("silver.variants", build=False)
    return frame.sort("record", "alt_index").collect()


def written(copies: np.ndarray, pos: np.ndarray, target: Path, chrom: str = "1") -> Path:
    """Dosages of shape (n_sites, n_samples) as a VCF, for other programs to read."""
    cells = np.array(["0/0", "0/1", "1/1", "./."])[copies]
    names = [f"s{i}" for i in range(copies.shape[1])]
    records = [
        f"{chrom} {p} v{i} A G . PASS . GT " + " ".join(row)
        for i, (p, row) in enumerate(zip(pos.tolist(), cells.tolist(), strict=True))
    ]
    target.write_text(
        vcf_text(
            records, names, extra=[f"##contig=<ID={chrom}>", '##FILTER=<ID=PASS,Description="">',
                                   '##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">'],
        ),
        encoding="utf-8",
    )  # fmt: skip
    return target


def structured(seed: int, sites: int, samples: int, missing: float = 0.0) -> np.ndarray:
    """Dosages of three groups of samples that differ in frequencies, some missing."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 0.9, sites)
    groups = np.clip(p[:, None] + rng.normal(0, 0.15, (sites, 3)), 0.02, 0.98)
    of = np.arange(samples) * 3 // samples
    copies = rng.binomial(2, groups[:, of]).astype(np.int8)
    copies[rng.random(copies.shape) < missing] = -1
    return copies
