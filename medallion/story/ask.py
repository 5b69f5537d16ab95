"""What several posts ask a lake: its files, its samples, the allele that the story follows."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import polars as pl

from medallion.bronze.source import file_name
from medallion.figures.static import PlotlyFigure
from medallion.lake import Lake

__all__ = ["Answers", "Hero", "beginning", "find_hero", "folder_of", "frame", "of_lake"]

_FIELDS = 12  # of a line that are shown


@dataclass(frozen=True, slots=True)
class Answers:
    """What a template is filled with: values by name, charts by name."""

    values: Mapping[str, object]
    charts: Mapping[str, PlotlyFigure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hero:
    """The allele that the story follows: the one whose frequency differs most.

    `row` is its row of `gold.variants`, `groups` are its rows of `gold.frequencies`.
    """

    name: str
    row: Mapping[str, Any]
    groups: pl.DataFrame


def frame(lake: Lake, table: str) -> pl.LazyFrame:
    """A published table, without building it."""
    return lake.scan(table, build=False)


def of_lake(lake: Lake) -> dict[str, object]:
    """What every post may say: the folder, the VCF, how many records and samples."""
    files = frame(lake, "bronze.files").collect()
    vcfs = files.filter(pl.col("kind") == "vcf")
    table = files.filter(pl.col("kind") == "samples")["file"].to_list()
    people = frame(lake, "silver.samples").select(pl.col("in_vcf").sum()).collect().item()
    folder = folder_of(lake)
    return {
        "folder": folder,
        "build": _build_command(lake, folder),
        "simulated": lake.source.simulated,
        "title": lake.source.title,
        "file": vcfs["file"][0],
        "vcfs": vcfs.height,
        "sample_table": table[0] if table else None,
        "records": int(vcfs["records"].sum()),
        "lines": int(vcfs["lines"].sum()),
        "packed": int(vcfs["bytes"].sum()),
        "text_bytes": int(vcfs["text_bytes"].sum()),
        "people": int(people or 0),
    }


def folder_of(lake: Lake) -> str:
    """The lake's folder as a command in the posts names it."""
    parent, name = lake.path.resolve().parent.name, lake.path.name
    return f"{parent}/{name}" if parent == "data" else name


def _build_command(lake: Lake, folder: str) -> str:
    """The command that makes this lake, for somebody who has its files."""
    source = lake.source
    words = ["uv run medallion build"]
    if source.vcf:
        words += [f"--vcf {shlex.quote(file_name(vcf))}" for vcf in source.vcf]
        words += (
            [f"--samples {shlex.quote(PurePath(source.samples).name)}"] if source.samples else []
        )
    else:
        words += [f"--dataset {source.dataset}"]
        words += [f"--chrom {','.join(source.chroms)}"] if not source.simulated else []
    return " ".join((*words, f"--lake {shlex.quote(folder)}"))


def find_hero(lake: Lake) -> Hero | None:
    """The SNV whose frequency differs most between populations; None without genotypes."""
    alleles = frame(lake, "gold.variants").filter(pl.col("an") > 0, pl.col("ac") > 0)
    spread = (pl.col("highest_af") - pl.col("lowest_af")).fill_null(0.0)
    plain = (pl.col("variant_type") == "snv") & (pl.col("n_alts") == 1)
    found = (
        alleles.with_columns(plain=plain, spread=spread)
        .sort(["plain", "spread", "ac", "file", "record"], descending=[True] * 3 + [False] * 2)
        .head(1)
        .collect()
    )
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    same = [pl.col(name) == row[name] for name in ("chrom", "pos", "file", "record", "alt_index")]
    groups = frame(lake, "gold.frequencies").filter(*same).collect()
    groups = groups.with_columns(pl.col("population", "level").cast(pl.String))
    return Hero(f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}", row, groups)


def beginning(line: str, fields: int = _FIELDS, width: int = 40) -> str:
    """The first fields of a line of a VCF, blanks for its tabs, long fields cut short."""
    parts = line.split("\t")
    shown = [part if len(part) <= width else part[: width - 1] + "…" for part in parts[:fields]]
    left = len(parts) - len(shown)
    return "  ".join(shown) + (f"  … and {left:,} more columns" if left else "")
