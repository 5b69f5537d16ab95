"""Checks of a lake: that its bytes are whole, nothing was lost, and sums agree.

Each check is one function over the published tables; together they are what
`medallion verify` runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from medallion.catalog.checks import AT_BUILD, KINDS, Severity
from medallion.errors import LakeError, MedallionError
from medallion.files import Place, in_command
from medallion.storage.delta import reading
from medallion.storage.fingerprint import digest_file
from medallion.storage.lost import lost_now
from medallion.storage.parts import Part, read_through
from medallion.storage.schema import Table
from medallion.storage.snapshot import read_snapshot
from medallion.storage.work import Work
from medallion.together import apart, unchanged
from medallion.vcf.blocks import ends_whole

__all__ = ["Check", "run_checks", "without_end_block"]

Scan = Callable[[str], pl.LazyFrame]


_COUNTS = ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")


@dataclass(frozen=True, slots=True)
class Check:
    """A check's verdict. `id` is stable; `expected` and `found` are words or numbers."""

    id: str
    layer: str
    severity: Severity
    ok: bool
    expected: str
    found: str
    message: str


def run_checks(
    root: Place,
    scan: Scan,
    parts: Callable[[str], Iterable[tuple[Table, Part]]],
    summaries: Mapping[str, Mapping[str, Any]],
    work: Work,
) -> list[Check]:
    """All checks of the layers that are published, bronze re-hashed first.

    `parts` gives the parts of a layer's tables: each is read to its end.
    """
    groups: dict[str, Callable[[], Iterable[Check]]] = {
        "bronze": lambda: _bytes(root, scan, work),
        "silver": lambda: [
            *_conservation(scan, summaries["silver"]), _alleles(scan), _published(scan)
        ],
        "gold": lambda: [*_silver_and_gold(root, scan), *_sums(scan), _samples(scan)],
    }  # fmt: skip
    found: list[Check] = []
    for layer, checks in groups.items():
        if layer not in summaries:
            continue
        whole = False
        try:
            with reading(root, layer):
                for table, part in parts(layer):
                    work.report(layer, f"reading {table.name}")
                    read_through(root, table, part)
                whole = True
                # A build that publishes meanwhile makes no difference of what is all right.
                found += unchanged(root, lambda: list(checks()))  # noqa: B023  # called here
        except LakeError as error:
            found.append(_unreadable(root, layer, str(error), whole=whole))
    return found


def _unreadable(root: Place, layer: str, error: str, *, whole: bool) -> Check:
    """Say what is lost: a table of the layer, or, where all are `whole`, one that it stands on."""
    layers = ("bronze", "silver", "gold")
    lost = {
        name: lost_now(root, snapshot)
        for name in layers[: layers.index(layer) + 1]
        if (snapshot := read_snapshot(root, name)) is not None
    }
    below = next((name for name, tables in lost.items() if tables and name != layer), None)
    if whole and below is not None:
        tables = lost[below]
        expected = f"whole tables, and whole {', '.join(tables)} to hold them against"
        told = (
            f"every table of {layer} is whole, but {' and '.join(tables)} of {below} "
            f"{'is' if len(tables) == 1 else 'are'} gone or damaged: not all checks of {layer} "
            f"could be made. Make {below} again: "
            f"medallion build {below} --force --lake {in_command(root)}"
        )
    else:
        expected = "whole tables"
        told = f"{', '.join(own)}: {error}" if (own := lost.get(layer)) else error
    message = f"every table of {layer} can be read"
    return _check(f"{layer}.readable", ok=False, expected=expected, found=told, message=message)


def _check(name: str, ok: bool, expected: str, found: str, message: str) -> Check:  # noqa: FBT001
    kind = KINDS[name]
    return Check(name, kind.layer, kind.severity, ok, expected, found, message)


def _bytes(root: Place, scan: Scan, work: Work) -> Iterator[Check]:
    from medallion.bronze.index import index_file  # only verify reads blocks

    for row in scan("bronze.files").collect().iter_rows(named=True):
        path = root / "bronze" / row["file"]
        work.report("bronze", f"hashing {row['file']}", 0, row["bytes"], "bytes")
        digest = digest_file(path) if path.is_file() else "no file"
        yield _check(
            "bronze.sha256", digest == row["sha256"], row["sha256"], digest,
            f"{row['file']} has the bytes that arrived",
        )  # fmt: skip
        if row["kind"] != "vcf":
            continue
        try:
            lines = f"{index_file(path, work).lines:,} lines"
        except MedallionError as error:
            lines = str(error)
        expected = f"{row['lines']:,} lines"
        yield _check(
            "bronze.blocks", lines == expected, expected, lines,
            f"every block of {row['file']} inflates and has its CRC",
        )  # fmt: skip
        cut = without_end_block(root, row)
        yield _check(
            "bronze.end_block", not cut, "the block that ends BGZF", "none" if cut else "whole",
            f"{row['file']} was not cut off between two blocks",
        )  # fmt: skip


def without_end_block(root: Place, row: Mapping[str, Any]) -> bool:
    """Whether a file, by its row of `bronze.files`, is BGZF that may have lost its end."""
    path = root / "bronze" / row["file"]
    return row["container"] == "bgzf" and path.is_file() and not ends_whole(path)


def _conservation(scan: Scan, summary: Mapping[str, Any]) -> Iterator[Check]:
    kept = dict(
        scan("silver.variants")
        .group_by("file")
        .agg(pl.col("record").n_unique())
        .collect()
        .iter_rows()
    )
    out = dict(
        scan("silver.defects")
        .filter((pl.col("verdict") == "quarantined") & (pl.col("scope") == "record"))
        .group_by("file")
        .len()
        .collect()
        .iter_rows()
    )
    for entry in summary["ledger"]:
        file, records = entry["file"], entry["records"]
        found = kept.get(file, 0) + out.get(file, 0)
        yield _check(
            "silver.conservation", found == records, f"{records:,}",
            f"{kept.get(file, 0):,} + {out.get(file, 0):,}",
            f"{file}: records in = records kept + records quarantined",
        )  # fmt: skip


def _alleles(scan: Scan) -> Check:
    carried = int(scan("silver.genotypes").select(pl.col("dosage").cast(pl.Int64).sum())
                  .collect().item() or 0)  # fmt: skip
    counted = int(scan("silver.variants").select(pl.col("ac").cast(pl.Int64).sum())
                  .collect().item() or 0)  # fmt: skip
    return _check(
        "silver.allele_copies", carried == counted, f"{counted:,}",
        f"{carried:,}", "ALT copies in silver.variants = copies in silver.genotypes",
    )  # fmt: skip


def _published(scan: Scan) -> Check:
    stated = (
        scan("silver.variants")
        .filter(pl.col("published_ac").is_not_null() & pl.col("ac").is_not_null())
        .select(pl.len(), (pl.col("published_ac") != pl.col("ac")).sum().alias("differ"))
        .collect()
        .row(0)
    )
    return _check(
        "silver.published_ac", stated[1] == 0,
        f"{stated[0]:,} alleles agree", f"{stated[1]:,} differ",
        "AC as the source states it = AC recounted from genotypes",
    )  # fmt: skip


def _silver_and_gold(root: Place, scan: Scan) -> Iterator[Check]:
    reason = apart(root, "gold")
    yield _check(
        "gold.of_silver", reason is None, "made of the silver that is published",
        reason or "made of it", "gold and silver can be held against each other",
    )  # fmt: skip
    if reason is None:
        yield _same_counts(scan)
        yield from _of_the_build(root, scan)


def _of_the_build(root: Place, scan: Scan) -> Iterator[Check]:
    """The checks of the build, made again: one for each kind, whatever it was made of."""
    from medallion.gold.build import checks_again  # only verify makes them outside a build

    now = checks_again(root)
    before = scan("gold.checks").collect()
    differ = now.join(before, on=now.columns, how="anti").height
    yield _check(
        "gold.checks", differ == 0 and now.height == before.height, f"{before.height:,} verdicts",
        f"{now.height:,}, {differ:,} of them others",
        "the checks of the build, made again, say what they said then",
    )  # fmt: skip
    for (name,), rows in now.group_by("id", maintain_order=True):
        bad = rows.filter(pl.col("verdict") == "failed")
        shown = bad if len(bad) else rows
        first = f"{shown['about'][0]}: {shown['found'][0]}"
        others = f" and {len(shown) - 1:,} more" if len(shown) > 1 else ""
        yield _check(
            str(name), bad.is_empty(), shown["expected"][0], first + others,
            AT_BUILD[str(name)].meaning.rstrip("."),
        )  # fmt: skip


def _same_counts(scan: Scan) -> Check:
    keys = ["file", "record", "alt_index"]
    silver = scan("silver.variants").filter("has_gt").select(*keys, "ac", "an", "n_missing")
    gold = (
        scan("gold.frequencies").filter(pl.col("level") == "all").select(
            *keys, pl.col("ac").alias("gold_ac"), pl.col("an").alias("gold_an"),
            pl.col("n_missing").alias("gold_missing"),
        )
    )  # fmt: skip
    joined = silver.join(gold, on=keys, how="full", coalesce=True)
    odd = joined.filter(
        pl.col("ac").ne_missing(pl.col("gold_ac"))
        | pl.col("an").ne_missing(pl.col("gold_an"))
        | pl.col("n_missing").ne_missing(pl.col("gold_missing"))
    )
    differ = int(odd.select(pl.len()).collect().item())
    return _check(
        "gold.all_equals_silver", differ == 0, "0 alleles differ",
        f"{differ:,} differ", "counts over all samples in gold = counts in silver",
    )  # fmt: skip


def _sums(scan: Scan) -> Iterator[Check]:
    totals = (
        scan("gold.frequencies")
        .group_by("level")
        .agg(pl.col(c).cast(pl.Int64).sum() for c in _COUNTS)
        .collect()
    )
    by_level = {row["level"]: row for row in totals.iter_rows(named=True)}
    if not {"population", "all"} <= set(by_level):
        return
    for name in _COUNTS:
        parts, whole = by_level["population"][name], by_level["all"][name]
        yield _check(
            f"gold.sum_{name}", parts == whole, f"{whole:,}", f"{parts:,}",
            f"{name} summed over populations = {name} over all samples",
        )  # fmt: skip


def _samples(scan: Scan) -> Check:
    wrong = int(
        scan("gold.frequencies")
        .join(scan("gold.populations").select("population", "level", "samples"),
              on=["population", "level"])
        .filter(
            pl.sum_horizontal("n_hom_ref", "n_het", "n_hom_alt", "n_missing") > pl.col("samples")
        )
        .select(pl.len())
        .collect()
        .item()
    )  # fmt: skip
    return _check(
        "gold.sample_counts", wrong == 0, "0 rows", f"{wrong:,} rows",
        "genotype counts never exceed the samples of the group",
    )  # fmt: skip
