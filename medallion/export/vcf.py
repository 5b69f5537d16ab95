"""Silver's sites as a VCF without samples, gold's counts of every group in INFO.

AC, AN and AF of all samples, and AC_GBR, AN_GBR, AF_GBR and so on of each group: what
`bcftools +fill-tags -- -S groups -t AC,AN,AF` says of the source. A record is one line, as
in the source; the rest of its INFO stays, less what is counted here. A record without
genotypes has no counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.demo.bgzf import END_OF_FILE, Compressor
from medallion.errors import LakeError, UsageError
from medallion.export.filters import in_region, parse_region
from medallion.export.place import new_file
from medallion.export.result import Exported, Origin
from medallion.export.vcf_header import Group, Used, header_lines
from medallion.files import Place, in_command
from medallion.gold.frequencies import FREQUENCIES
from medallion.gold.populations import POPULATIONS
from medallion.silver.tables import VARIANTS
from medallion.storage import delta
from medallion.storage.arrow import values
from medallion.storage.rows import RowReader, row_groups
from medallion.vcf.header import Header

__all__ = ["export_vcf"]

_ENDINGS = (".vcf", ".vcf.gz")
_RECORDS = 4096
"""Records that are in memory at a time; some 1.5 kB of text each with 32 groups."""
_COLUMNS = ("pos", "id", "ref", "alt", "alt_index", "qual", "filter", "info", "has_gt")
_LEVEL = 6
_UNSORTED = (
    "The source is not in order of position, so neither is this; an index needs: bcftools sort"
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Records `first` to `last` of a contig in a file, and the lowest position there."""

    chrom: str
    file: str
    first: int
    last: int
    pos: int


def export_vcf(
    root: Place,
    versions: Mapping[str, int],
    headers: Sequence[Header],
    path: Path,
    *,
    region: str | None = None,
) -> Exported:
    """Write the sites of the lake at `root` to a .vcf or .vcf.gz (BGZF) file.

    `versions` are those of silver.variants, gold.frequencies and gold.populations, by
    name; `headers` those of the lake's VCFs. Sites are in the order of contigs and, in
    them, of the source. Raises UsageError for another ending or what is no region,
    LakeError where gold was not made of this silver, SourceError where the path cannot be
    written.
    """
    if not path.name.endswith(_ENDINGS):
        raise UsageError(
            f"{path.name} has no ending of a VCF: expected one of {', '.join(_ENDINGS)}."
        )
    sites = delta.scan(root, VARIANTS, versions[VARIANTS.name])
    if region is not None:
        sites = sites.filter(in_region(parse_region(region)))
    with delta.reading(root, "gold"):
        groups = _groups(root, versions[POPULATIONS.name])
        stretches = _stretches(sites)
        fact = (
            f"lake {root}, {VARIANTS.name} version {versions[VARIANTS.name]}, "
            f"{FREQUENCIES.name} version {versions[FREQUENCIES.name]}"
        )
        lines = header_lines(headers, groups, _used(sites, stretches), fact)
        with new_file(path) as temporary, temporary.open("wb") as file:
            text = _Text(file, packed=path.suffix == ".gz")
            text.write("".join(f"{line}\n" for line in lines).encode())
            records = alleles = cells = 0
            at, in_order = ("", 0), True
            for rows, counts in _pieces(root, versions, stretches, len(groups), region):
                piece = _lines(rows, counts, groups)
                records, alleles = records + len(piece), alleles + len(rows)
                cells += counts[0].size
                chrom, pos = rows.select("chrom", "pos").row(0)
                in_order &= rows["pos"].is_sorted() and (chrom != at[0] or pos >= at[1])
                at = rows.select("chrom", "pos").row(-1)
                text.write("".join(piece).encode())
            text.close()
    origins = (
        Origin(VARIANTS.name, versions[VARIANTS.name], alleles),
        Origin(FREQUENCIES.name, versions[FREQUENCIES.name], cells),
    )
    return Exported(path, root, origins, records, "records", "" if in_order else _UNSORTED)


class _Text:
    """A file that text is written to, packed as BGZF or as it is."""

    def __init__(self, file: BinaryIO, *, packed: bool) -> None:
        self._file = file
        self._compressor = Compressor(_LEVEL) if packed else None

    def write(self, text: bytes) -> None:
        self._file.write(self._compressor.feed(text) if self._compressor else text)

    def close(self) -> None:
        if self._compressor:
            self._file.write(self._compressor.finish() + END_OF_FILE)


def _groups(root: Place, version: int) -> list[Group]:
    """The groups in the order that `gold.frequencies` has them in for each allele."""
    found = delta.scan(root, POPULATIONS, version).select("population", "level").collect()
    return Group.named(found.rows())


def _stretches(sites: pl.LazyFrame) -> list[_Stretch]:
    found = sites.group_by("chrom", "file").agg(
        pl.col("record").min().alias("first"),
        pl.col("record").max().alias("last"),
        pl.col("pos").min(),
    )
    rows = [_Stretch(**row) for row in found.collect().iter_rows(named=True)]
    return sorted(rows, key=lambda s: (_rank(s.chrom), s.pos, s.file))


def _used(sites: pl.LazyFrame, stretches: Sequence[_Stretch]) -> Used:
    """What the records name that a header defines."""
    filters = sites.select(pl.col("filter").str.split(";").explode().drop_nulls().unique())
    words = sites.select(pl.col("info").drop_nulls().str.split(";").explode().alias("word"))
    keys = (
        words.filter(~pl.col("word").is_in(["", "."]))
        .group_by(pl.col("word").str.extract("^([^=]*)").alias("key"))
        .agg(pl.col("word").str.contains("=", literal=True).any().alias("has_value"))
        .sort("key")
    )
    return Used(
        tuple(dict.fromkeys(s.chrom for s in stretches)),
        tuple(filters.collect()["filter"].sort().to_list()),
        dict(keys.collect(engine="streaming").rows()),
    )


def _rank(chrom: str) -> tuple[int, int, str]:
    """Numbered contigs by number, then X, Y, M, then the others by name."""
    bare = chrom.removeprefix("chr")
    if bare.isdecimal():
        return (0, int(bare), chrom)
    sex = {"X": 0, "Y": 1, "M": 2, "MT": 2}
    return (1, sex[bare], chrom) if bare in sex else (2, 0, chrom)


def _pieces(
    root: Place,
    versions: Mapping[str, int],
    stretches: Sequence[_Stretch],
    n_groups: int,
    region: str | None,
) -> Iterator[tuple[pl.DataFrame, Ints]]:
    """Rows of `silver.variants`, of whole records, and counts of those with genotypes.

    Counts are AC and AN of shape (2, n_alleles, n_groups).
    """
    # What cannot be read is the lake's fault, not that of the file to be written.
    with delta.reading(root, "silver"):
        variants = row_groups(root, VARIANTS, versions[VARIANTS.name])
    with delta.reading(root, "gold"):
        frequencies = row_groups(root, FREQUENCIES, versions[FREQUENCIES.name])
    place = None if region is None else in_region(parse_region(region))
    for s in stretches:
        own = [g for g in variants if (g.chrom, g.file) == (s.chrom, s.file)]
        its = [g for g in frequencies if (g.chrom, g.file) == (s.chrom, s.file)]
        sites = RowReader(own, _COLUMNS, ("ref", "alt", "filter"))
        counted = RowReader(its, ("alt_index", "ac", "an"))
        for low in range(s.first, s.last + 1, _RECORDS):
            high = min(low + _RECORDS - 1, s.last)
            with delta.reading(root, "silver"):
                read = sites.between(low, high)
            if read is None:
                continue
            rows = pl.DataFrame(read).with_columns(pl.lit(s.chrom).alias("chrom"))
            with delta.reading(root, "gold"):
                found = counted.between(low, high)
            counts = np.zeros((2, 0, n_groups), np.int64)
            keys = np.zeros((2, 0), np.int64)
            if found is not None:
                counts = np.stack([values(found[c]) for c in ("ac", "an")]).astype(np.int64)
                counts = counts.reshape(2, -1, n_groups)
                keys = np.stack([values(found[c])[::n_groups] for c in ("record", "alt_index")])
            with_gt = rows.filter("has_gt").select("record", "alt_index").to_numpy().T
            if not np.array_equal(keys, with_gt):
                raise LakeError(
                    f"gold.frequencies and silver.variants of {root} hold different alleles of "
                    f"{s.file}. Make gold again: medallion build gold --force "
                    f"--lake {in_command(root)}"
                )
            if place is not None:
                keep = rows.select(place).to_series()
                counts = counts[:, keep.filter(rows["has_gt"]).to_numpy(), :]
                rows = rows.filter(keep)
            if len(rows):
                yield rows, counts


def _lines(rows: pl.DataFrame, counts: Ints, groups: Sequence[Group]) -> list[str]:
    """The lines of some records, each with its end; `counts` as `_pieces` gives them."""
    shown = Group.shown(groups)
    keys = [key for group in shown for key in group.keys]
    alleles = rows.with_columns(
        pl.col("qual").cast(pl.String).str.strip_suffix(".0"),
        *_counted(rows["has_gt"], rows["alt_index"] > 0, counts, groups),
    )
    per_record = [group.an for group in shown]
    per_allele = [key for group in shown for key in (group.ac, group.af)]
    if rows["record"].n_unique() < len(rows):
        first = pl.col("chrom", "pos", "id", "ref", "qual", "filter", "info", *per_record).first()
        # A joined list of nothing but nulls is empty, where nothing is meant.
        joined = pl.col("alt", *per_allele).str.join(",", ignore_nulls=False)
        alleles = alleles.group_by("record", maintain_order=True).agg(first, joined)
    stated = pl.col("info").fill_null(".").str.split(";")
    key = pl.element().str.extract("^([^=]*)")
    others = stated.list.eval(
        pl.element().filter(~key.is_in(keys) & ~pl.element().is_in(["", "."]))
    ).list.join(";")
    fields = [pl.format(f"{k}={{}}", pl.col(k)) for k in keys]
    alleles = alleles.with_columns(_others=pl.when(others != "").then(others))
    info = pl.concat_str(*fields, "_others", separator=";", ignore_nulls=True)
    columns = ("chrom", "pos", "id", "ref", "alt", "qual", "filter")
    line = pl.concat_str(
        *(pl.col(c).cast(pl.String).fill_null(".") for c in columns),
        pl.when(info != "").then(info).otherwise(pl.lit(".")),
        separator="\t",
    )
    return alleles.select(line + "\n").to_series().to_list()


def _counted(
    has_gt: pl.Series, has_alt: pl.Series, counts: Ints, groups: Sequence[Group]
) -> list[pl.Series]:
    """The text of each group's AC, AN and AF of each allele; null where there is none."""
    place = np.full(len(has_gt), -1)
    place[has_gt.to_numpy()] = np.arange(counts.shape[1])
    at = pl.Series(np.maximum(place, 0))
    found = []
    ac, an = counts
    with np.errstate(invalid="ignore", divide="ignore"):
        # INFO's numbers are read as 32-bit floats: no more digits than those need.
        af = (ac / an).astype(np.float32)
    for i, group in enumerate(groups):
        texts = {
            group.ac: pl.Series(ac[:, i]).cast(pl.String),
            group.an: pl.Series(an[:, i]).cast(pl.String),
            group.af: pl.Series(af[:, i]).fill_nan(None).cast(pl.String),
        }
        texts[group.af] = texts[group.af].str.strip_suffix(".0").fill_null(".")
        for key, text in texts.items():
            here = has_gt if key == group.an else has_gt & has_alt
            if not len(text):
                text = pl.Series([None], dtype=pl.String)  # noqa: PLW2901  # nothing to take from
            taken = text.gather(at)
            found.append(taken.zip_with(here, pl.Series([None], dtype=pl.String)).alias(key))
    return found
