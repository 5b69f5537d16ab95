"""The first post: one number, followed through gold and silver to its line in bronze."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE
from medallion.figures.intervals import frequency_intervals
from medallion.figures.static import PlotlyFigure
from medallion.lake import Lake
from medallion.popgen.intervals import wilson
from medallion.status import LAYERS
from medallion.story.ask import Answers, Hero, beginning, find_hero, frame, of_lake
from medallion.story.silver import copies
from medallion.trace import CellTrace

__all__ = ["ask", "follow"]


def follow(lake: Lake, variant: str, group: str) -> CellTrace:
    """From a number in gold, down to the line that it was counted from."""
    return lake.trace("gold.frequencies", variant, group)


def ask(lake: Lake, theme: Theme) -> Answers:
    """Ask what the introduction says."""
    values = of_lake(lake) | _layers(lake) | _disagreement(lake)
    hero = find_hero(lake)
    if hero is None:
        return Answers(values | {"hero": None, "one_copy": False})
    values |= {"fewer": _fewer_people(lake, hero)}
    charts = {"frequencies": _chart(hero, theme)} if hero.groups.height > 1 else {}
    return Answers(values | _followed(lake, hero), charts)


def _layers(lake: Lake) -> dict[str, object]:
    status = lake.status()
    return {
        "layers": [
            (name, len(status[name].rows), sum(status[name].rows.values()), status[name].bytes)
            for name in LAYERS
        ]
    }


def _followed(lake: Lake, hero: Hero) -> dict[str, object]:
    by_code = {row["population"]: row for row in hero.groups.iter_rows(named=True)}
    code = hero.row["highest_population"]
    if hero.groups["population"].to_list().count(code) != 1:  # no group, or on two levels
        code = ALL
    low = by_code.get(hero.row["lowest_population"])
    traced = follow(lake, hero.name, code)
    known = POPULATIONS_BY_CODE.get(code)
    line = traced.lines[0]
    return {
        "hero": hero.name,
        "ref": hero.row["ref"],
        "alt": hero.row["alt"],
        "pos": hero.row["pos"],
        "chrom": hero.row["chrom"],
        "code_of": code,
        "group_name": known.name if known else None,
        "number": by_code[code],
        "larger": _larger_groups(lake),
        "one_copy": _one_copy(by_code[ALL]),
        "low": low if low and low["population"] != code else None,
        "sources": [(s.table, s.rows, s.meaning) for s in traced.sources],
        "line": line.line,
        "record": line.record,
        "begins": beginning(line.text),
        "line_file": line.file,
        "sha256": traced.files.filter(pl.col("file") == line.file)["sha256"][0],
    }


def _larger_groups(lake: Lake) -> list[tuple[str, str]]:
    """The super-populations that have a name: codes and names."""
    groups = frame(lake, "gold.populations").filter(
        pl.col("level").cast(pl.String) == "super_population",
        pl.col("population_name").is_not_null(),
    )
    return groups.select(pl.col("population", "population_name").cast(pl.String)).collect().rows()


def _one_copy(everyone: Mapping[str, Any]) -> bool:
    """Whether everybody who was read has one copy, as of the mitochondrion."""
    people = sum(everyone[name] for name in ("n_hom_ref", "n_het", "n_hom_alt"))
    return bool(everyone["an"] == people)


def _fewer_people(lake: Lake, hero: Hero) -> list[tuple[int, int, int]]:
    """The hero's line with everybody, and with the first half of the people alone.

    People, copies that the line states, copies in its genotypes; nothing where the line
    states none, or has several ALT alleles.
    """
    stated = hero.row["published_ac"]
    line = lake.raw(f"#{hero.row['record']}", file=hero.row["file"])[0].text
    fixed, people = line.split("\t")[:9], line.split("\t")[9:]
    if stated is None or hero.row["n_alts"] != 1 or len(people) < 2:
        return []
    kept = (people, people[: len(people) // 2])
    return [(len(some), stated, copies("\t".join((*fixed, *some)))) for some in kept]


def _disagreement(lake: Lake) -> dict[str, object]:
    """The alleles whose count the file states, and the first for which it states another."""
    both = frame(lake, "silver.variants").filter(
        pl.col("published_ac").is_not_null(), pl.col("ac").is_not_null()
    )
    odd = both.filter(pl.col("published_ac") != pl.col("ac"))
    first = odd.sort("file", "record", "alt_index").head(1).collect()
    return {
        "stated": int(both.select(pl.len()).collect().item()),
        "differ": int(odd.select(pl.len()).collect().item()),
        "odd": first.row(0, named=True) if first.height else None,
    }


def _chart(hero: Hero, theme: Theme) -> PlotlyFigure:
    low, high = wilson(hero.groups["ac"], hero.groups["an"])
    bounded = hero.groups.with_columns(pl.Series("af_low", low), pl.Series("af_high", high))
    return frequency_intervals(bounded, theme=theme)
