"""The fourth post: counts that can be added, and an average that is not one."""

from __future__ import annotations

import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures import bin_frequencies, frequency_spectrum
from medallion.lake import Lake
from medallion.popgen.intervals import wilson
from medallion.story.ask import Answers, Hero, find_hero, frame, of_lake

__all__ = ["ask", "question", "two_averages"]


def two_averages(frequencies: pl.LazyFrame) -> pl.LazyFrame:
    """The frequency of each allele over all groups: averaged, and counted."""
    return frequencies.group_by("file", "record", "alt_index").agg(
        averaged=pl.col("af").mean(),
        counted=pl.col("ac").sum() / pl.col("an").sum(),
    )


def ask(lake: Lake, theme: Theme) -> Answers:
    """Ask what the post on gold says."""
    values = of_lake(lake)
    hero = find_hero(lake)
    if hero is None:
        return Answers(values | {"hero": None, "variants": _rows(lake, "gold.variants")})
    values |= {
        "hero": hero.name,
        "rows": _rows(lake, "gold.frequencies"),
        "variants": _rows(lake, "gold.variants"),
        "groups": hero.groups.height,
        "question": question(hero.name),
        "answer": lake.query(question(hero.name)).rows(),
    }
    level = _level(lake)
    spectrum = bin_frequencies(frame(lake, "gold.frequencies").filter(pl.col("level") == level))
    bins = spectrum.collect()
    values |= _averages(lake) | _singletons(lake) | _sizes(hero)
    charts = {} if bins.is_empty() else {"spectrum": frequency_spectrum(bins, theme=theme)}
    return Answers(values, charts)


def question(variant: str) -> str:
    """The question of the series in SQL: where is this letter most common?"""
    chrom, pos, ref, alt = variant.rsplit("-", 3)
    text = {name: value.replace("'", "''") for name, value in
            {"chrom": chrom, "ref": ref, "alt": alt}.items()}  # fmt: skip
    return (
        "select population, ac, an, round(af, 4) as af\n"
        "from gold.frequencies\n"
        f"where chrom = '{text['chrom']}' and pos = {int(pos)}\n"
        f"  and ref = '{text['ref']}' and alt = '{text['alt']}' and level = 'population'\n"
        "order by af desc, population\n"
        "limit 5"
    )


def _rows(lake: Lake, table: str) -> int:
    return int(frame(lake, table).select(pl.len()).collect().item())


def _level(lake: Lake) -> str:
    """The level that has two groups or more, the larger groups first."""
    levels = dict(
        frame(lake, "gold.populations").group_by(pl.col("level").cast(pl.String)).len()
        .collect().rows()
    )  # fmt: skip
    several = [name for name in ("super_population", "population") if levels.get(name, 0) > 1]
    return several[0] if several else "all"


def _averages(lake: Lake) -> dict[str, object]:
    """The allele for which the average of the populations' frequencies is most off."""
    populations = frame(lake, "gold.frequencies").filter(
        pl.col("level") == "population", pl.col("an") > 0
    )
    off = (pl.col("averaged") - pl.col("counted")).abs()
    found = (
        two_averages(populations)
        .with_columns(off=off)
        .sort(["off", "file", "record", "alt_index"], descending=[True, False, False, False])
        .collect(engine="streaming")
    )
    if found.is_empty() or not found["off"][0] > 1e-9:
        return {"worst": None}
    worst = found.row(0, named=True)
    same = [pl.col(k) == worst[k] for k in ("file", "record", "alt_index")]
    allele = frame(lake, "gold.variants").filter(*same).collect().row(0, named=True)
    sizes = (
        frame(lake, "gold.populations").filter(pl.col("level") == "population")
        .select("population", "samples").collect().sort("samples", "population")
    )  # fmt: skip
    return {
        "worst": worst,
        "worst_name": f"{allele['chrom']}-{allele['pos']}-{allele['ref']}-{allele['alt']}",
        "worst_ac": allele["ac"],
        "worst_an": allele["an"],
        "off_by_a_hundredth": found.filter(pl.col("off") > 0.01).height,
        "smallest": sizes.row(0),
        "largest": sizes.row(-1),
        "populations": sizes.height,
    }


def _singletons(lake: Lake) -> dict[str, object]:
    seen = frame(lake, "gold.variants").filter(pl.col("ac") > 0)
    total, single = seen.select(pl.len(), pl.col("singleton").sum().alias("one")).collect().row(0)
    return {"seen": int(total), "singletons": int(single or 0)}


def _sizes(hero: Hero) -> dict[str, object]:
    """The interval of the hero's frequency in its smallest and in its largest group."""
    rows = hero.groups.filter(pl.col("an") > 0).sort("an", "population")
    low, high = wilson(rows["ac"], rows["an"])
    ends = [
        (r["population"], r["ac"], r["an"], r["af"], float(low[i]), float(high[i]))
        for i, r in enumerate(rows.iter_rows(named=True))
    ]
    return {"intervals": [ends[0], ends[-1]] if len(ends) > 1 else ends}
