"""The third post: lines that make no sense, who the samples are, and alleles cut off."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.samples import samples_by_population
from medallion.lake import Lake
from medallion.story.ask import Answers, find_hero, frame, of_lake

__all__ = ["Verdict", "ask", "copies"]

_LINES = 12  # of quarantined lines that are shown
_REF, _ALT, _FIRST_CALL = 3, 4, 9  # places of a line's fields
_FOUR = 4  # ALT alleles: one more than scikit-allel keeps, as it comes
_FIRST_ALLELE = pl.col("alt_index") <= 1  # a row of each record


def copies(line: str) -> int:
    """Copies of the first ALT allele in a line of a VCF, as a first script counts them."""
    fields = line.rstrip("\n").split("\t")
    int(fields[1])  # the position
    genotypes = [cell.split(":")[0] for cell in fields[9:]]
    return sum(re.split(r"[|/]", genotype).count("1") for genotype in genotypes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A line that was set apart: what the script made of it, and what silver said."""

    line: int
    script: str
    silent: bool
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class LineEnds:
    """What the script makes of a line that the last person of a file carries.

    `rows` are for each way to end a line: how it is written, the last cell as the script
    has it, the copies that it counts. `windows` says whether the file's own lines end in
    the second way. `carried` are the ALT alleles that `person` carries in all of the lake.
    """

    windows: bool
    person: str
    carried: int
    line: int
    rows: tuple[tuple[str, str, int], ...]


def ask(lake: Lake, theme: Theme) -> Answers:
    """Ask what the post on silver says."""
    apart = frame(lake, "silver.defects").filter(
        pl.col("scope") == "record", pl.col("verdict") == "quarantined"
    )
    rows = apart.sort("file", "line").head(_LINES).collect()
    values = of_lake(lake)
    broken = rows.is_empty()
    if broken:
        rows = _broken_on_purpose(lake)
    verdicts = [_judge(row) for row in rows.iter_rows(named=True)]
    kept = frame(lake, "silver.variants").filter(_FIRST_ALLELE).select(pl.len())
    values |= {
        "verdicts": verdicts,
        "on_purpose": broken,
        "silent": sum(v.silent for v in verdicts),
        "quarantined": int(apart.select(pl.len()).collect().item()),
        "kept": int(kept.collect().item()),
        "alleles": int(frame(lake, "silver.variants").select(pl.len()).collect().item()),
    }
    values |= _people(lake) | _cut_off(lake) | _filters(lake) | {"ends": _line_ends(lake)}
    people = frame(lake, "silver.samples").filter("in_vcf").collect()
    charts = {"samples": samples_by_population(people, theme=theme)} if people.height else {}
    return Answers(values, charts)


def _judge(row: Mapping[str, Any]) -> Verdict:
    try:
        found = copies(row["raw"])
        script, silent = f"counts {found:,} {'copy' if found == 1 else 'copies'}", True
    except (ValueError, IndexError) as wrong:
        script, silent = f"stops: {wrong}", False
    return Verdict(row["line"], script, silent, row["reason"], row["detail"] or "")


def _broken_on_purpose(lake: Lake) -> pl.DataFrame:
    """What silver says of copies of the lake's first record, each broken in another way."""
    header = lake.header()
    found = lake.raw("#1", file=None)
    if not found:
        return frame(lake, "silver.defects").head(0).collect()
    good = found[0].text
    with tempfile.TemporaryDirectory() as folder:
        vcf = Path(folder) / "broken.vcf"
        text = "\n".join((*header.lines, good, *_spoilt(good), ""))
        vcf.write_text(text, encoding="utf-8", newline="\n")
        trial = Lake(Path(folder) / "lake", vcf=[vcf])
        trial.build("silver")
        return (
            frame(trial, "silver.defects")
            .filter(pl.col("scope") == "record", pl.col("verdict") == "quarantined")
            .sort("line")
            .collect()
        )


def _spoilt(good: str) -> list[str]:
    """The line again as it is, and without its last column, with a letter in its position, ..."""
    fields = good.split("\t")

    def put(place: int, value: str) -> str:
        return "\t".join((*fields[:place], value, *fields[place + 1 :]))

    lines = [good, "\t".join(fields[:-1]), put(1, f"{fields[1][:-1]}x"), put(4, "A?G")]
    if len(fields) > _FIRST_CALL:
        rest = fields[_FIRST_CALL].partition(":")
        lines.append(put(_FIRST_CALL, f"0|7{rest[1]}{rest[2]}"))
    return lines


def _people(lake: Lake) -> dict[str, object]:
    """Who is in the file, who is in the table, and an example of a genotype with its person."""
    samples = frame(lake, "silver.samples").collect()
    both = samples.filter("in_vcf", "in_metadata").height
    hero = find_hero(lake)
    rows: list[tuple[object, ...]] = []
    if hero is not None:
        same = [pl.col(k) == hero.row[k] for k in ("chrom", "pos", "file", "record", "alt_index")]
        carriers = frame(lake, "silver.genotypes").filter(*same).head(4).collect()
        rows = carriers.select(
            pl.col("sample", "gt", "population", "super_population", "sex").cast(pl.String)
        ).rows()
    return {
        "both": both,
        "only_table": samples.filter("in_metadata").height - both,
        "only_vcf": samples.filter("in_vcf").height - both,
        "carriers": rows,
        "hero": hero.name if hero else None,
        "stored": int(frame(lake, "silver.genotypes").select(pl.len()).collect().item()),
    }


def _line_ends(lake: Lake) -> LineEnds | None:
    """Give the script a line with each kind of end; None where the last person carries nothing."""
    header = lake.header()
    if not header.samples:
        return None
    person = header.samples[-1]
    own = frame(lake, "silver.genotypes").filter(pl.col("sample") == person)
    first = own.filter(pl.col("alt_index") == 1).select("file", "record").head(1).collect()
    if first.is_empty():
        return None
    file, number = first.row(0)
    record = lake.raw(f"#{number}", file=file)[0]
    rows = []
    for end in ("\n", "\r\n"):
        last = (record.text + end).rstrip("\n").split("\t")[-1].split(":")[0]
        rows.append((repr(end)[1:-1], repr(last)[1:-1], copies(record.text + end)))
    carried = own.select(pl.len()).collect().item()
    return LineEnds(header.crlf, person, carried, record.line, tuple(rows))


def _filters(lake: Lake) -> dict[str, object]:
    """How many records say PASS, and what most of the others say, in the header's words too."""
    found = (
        frame(lake, "silver.variants").filter(_FIRST_ALLELE).group_by("filter").len()
        .sort("len", "filter", descending=[True, False]).collect()
    )  # fmt: skip
    other = found.filter(pl.col("filter") != "PASS")
    word = other["filter"][0] if other.height else None
    return {
        "passing": int(found.filter(pl.col("filter") == "PASS")["len"].sum()),
        "filter": word,
        "filter_means": lake.header().filters.get(word, {}).get("Description") if word else None,
    }


def _cut_off(lake: Lake) -> dict[str, object]:
    """What scikit-allel reads, as it comes, of the record with the most ALT alleles.

    Where it has less than four, of a copy with four.
    """
    found = (
        frame(lake, "silver.variants")
        .sort(["n_alts", "file", "record", "alt_index"], descending=[True, False, False, False])
        .head(1)
        .select("n_alts", "file", "record", "pos", "line")
        .collect()
    )
    if found.is_empty():  # all is in quarantine
        return {"most": None}
    most = found.row(0, named=True)
    fields = lake.raw(f"#{most['record']}", file=most["file"])[0].text.split("\t")
    own = fields[_ALT].split(",") if most["n_alts"] else []
    more = [longer for letter in "ACGT" if (longer := fields[_REF] + letter) not in own]
    alts = [*own, *more[: max(0, _FOUR - len(own))]]
    fields[_ALT] = ",".join(alts)
    read = _alts_read(lake, most["file"], "\t".join(fields))
    return {"most": most, "alts": alts, "added": alts != own, "read": read}


def _alts_read(lake: Lake, file: str, line: str) -> list[str]:
    import allel  # takes a second to import

    with tempfile.TemporaryDirectory() as folder:
        vcf = Path(folder) / "one.vcf"
        text = "\n".join((*lake.header(file).lines, line, ""))
        vcf.write_text(text, encoding="utf-8", newline="\n")
        read = allel.read_vcf(str(vcf), fields=["variants/ALT"])
    return [str(alt) for alt in read["variants/ALT"][0] if alt]
