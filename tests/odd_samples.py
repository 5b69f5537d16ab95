"""A small lake whose samples have the names that a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from medallion import Lake

__all__ = ["lake_of"]


def lake_of(
    folder: Path, names: Sequence[str], groups: Sequence[tuple[str, str]] = (("here", "above"),)
) -> Lake:
    """Build a lake of chromosome 22 up to gold, of these samples.

    They take turns in the `groups`, each a population and its super-population.
    """
    head = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
    lines = ["##fileformat=VCFv4.2", "\t".join(head)]
    for i in range(60):
        calls = [f"{(i + j) % 3 % 2}|{(i * j) % 2}" for j in range(len(names))]
        lines.append("\t".join(["22", str(1000 + 50 * i), f"rs{i}", *"AG...", "GT", *calls]))
    vcf, table = folder / "some.vcf", folder / "people.tsv"
    vcf.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    rows = [
        "sample\tpop\tsuper_pop",
        *("\t".join([n, *g]) for n, g in zip(names, cycle(groups), strict=False)),
    ]
    table.write_text("\n".join([*rows, ""]), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[vcf], samples=table)
    lake.build("gold")
    return lake
