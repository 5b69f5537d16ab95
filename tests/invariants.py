"""What holds between the tables of any gold layer, whatever stands in the VCF.

Everything is told again from `gold.frequencies` and `silver.variants` in the plainest way.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import polars as pl
import pytest

from medallion import Lake
from medallion.tables import TABLES

__all__ = ["assert_tables_agree"]

COUNTS = ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")
CLOSE = {"rel": 1e-9, "abs": 1e-12}


def assert_tables_agree(lake: Lake) -> None:
    """Every table of gold against the others."""
    tables = {t.name: lake.scan(t.name, build=False).collect() for t in lake.tables()}
    for name, rows in tables.items():
        assert_no_nonsense(name, rows)
    gold = {n.removeprefix("gold."): f for n, f in tables.items() if n.startswith("gold.")}
    variants = tables["silver.variants"].filter("has_gt")
    groups_add_up(gold["frequencies"], gold["populations"])
    sites = snv_sites(gold["frequencies"], variants)
    diversity_follows_from_frequencies(gold, sites)
    windows_add_up(gold, variants)
    spectra_follow_from_frequencies(gold["spectrum"], sites)
    alleles_are_counted_alike(gold)
    samples_add_up(gold)
    pairs_are_told_once(gold)


def assert_no_nonsense(name: str, rows: pl.DataFrame) -> None:
    for column in TABLES[name].columns:
        values = rows[column.name]
        assert column.nullable or not values.has_nulls(), (name, column.name)
        if values.dtype.is_float():
            assert values.is_finite().fill_null(value=True).all(), (name, column.name)
    key = list(TABLES[name].key)
    assert not key or name.startswith("silver.") or not rows.select(key).is_duplicated().any(), name


def groups_add_up(frequencies: pl.DataFrame, populations: pl.DataFrame) -> None:
    """Populations to super-populations and to ALL; genotypes to samples; AF to AC / AN."""
    rows = frequencies.with_columns(pl.col("population", "level").cast(pl.String))
    allele = ["file", "record", "alt_index"]
    known = populations.with_columns(pl.col("population", "level").cast(pl.String))
    size = known.select("population", "level", "samples", above="super_population")
    rows = rows.join(size, on=["population", "level"], validate="m:1")
    kinds = pl.sum_horizontal("n_hom_ref", "n_het", "n_hom_alt", "n_missing")
    assert rows.filter(kinds != pl.col("samples")).is_empty()
    assert rows.filter((pl.col("ac") < 0) | (pl.col("ac") > pl.col("an"))).is_empty()
    af = pl.when(pl.col("an") > 0).then(pl.col("ac") / pl.col("an"))
    assert rows.filter(pl.col("af").ne_missing(af)).is_empty()
    assert rows.filter(~pl.col("hwe_p").is_between(0, 1.0000001)).is_empty()
    by_level = rows.filter(pl.col("level") == "population")
    whole = by_level.group_by(allele).agg(pl.col(COUNTS).sum()).sort(allele)
    everyone = rows.filter(pl.col("level") == "all").select(*allele, *COUNTS).sort(allele)
    assert whole.equals(everyone)
    # A population whose samples are of several super-populations is of none.
    of = by_level.group_by(*allele, population="above").agg(pl.col(COUNTS).sum())
    supers = rows.filter(pl.col("level") == "super_population")
    both = supers.join(of, on=[*allele, "population"], suffix="_sum")
    odd = size.filter((pl.col("level") == "population") & pl.col("above").is_null())
    if odd.is_empty():
        assert both.height == supers.height
        for name in COUNTS:
            assert (both[name] == both[f"{name}_sum"]).all(), name


@cache
def harmonic(n: int) -> float:
    return sum(1 / i for i in range(1, n))


Site = tuple[int, list[int]]
"""Called alleles, and copies of each ALT."""


def snv_sites(
    frequencies: pl.DataFrame, variants: pl.DataFrame
) -> dict[tuple[str, str], list[Site]]:
    """By group, the records all of whose alleles are snvs."""
    record = ["file", "record"]
    snv = pl.col("variant_type").cast(pl.String) == "snv"
    records = variants.group_by(record).agg(snv.all().alias("snv")).filter("snv").select(record)
    found: dict[tuple[str, str], list[Site]] = defaultdict(list)
    rows = frequencies.join(records, on=record).sort(*record, "alt_index")
    grouped = rows.group_by("population", "level", *record, maintain_order=True)
    for code, level, _, _, ac, an in grouped.agg("ac", pl.col("an").first()).iter_rows():
        found[(code, level)].append((an, ac))
    return found


def diversity_follows_from_frequencies(
    gold: dict[str, pl.DataFrame], sites: dict[tuple[str, str], list[Site]]
) -> None:
    for row in gold["populations"].iter_rows(named=True):
        own = [(n, [n - sum(ac), *ac]) for n, ac in sites[(row["population"], row["level"])]]
        called = [(n, alleles) for n, alleles in own if n > 1]
        pi = sum(n / (n - 1) * (1 - sum((c / n) ** 2 for c in alleles)) for n, alleles in called)
        segregating = [n for n, alleles in called if max(alleles) < n]
        theta = sum(1 / harmonic(n) for n in segregating)
        assert row["segregating_sites"] == len(segregating)
        if not called:
            assert (row["pi"], row["theta_w"], row["tajima_d"]) == (None, None, None)
            continue
        assert row["pi"] * row["length"] == pytest.approx(pi, **CLOSE)
        assert row["theta_w"] * row["length"] == pytest.approx(theta, **CLOSE)
        # With fewer than four alleles D has no variance, and so no meaning.
        most = max(n for n, _ in called)
        assert (row["tajima_d"] is None) == (not segregating or most < 4)
        assert row["f"] is None or row["f"] <= 1


def windows_add_up(gold: dict[str, pl.DataFrame], variants: pl.DataFrame) -> None:
    """Windows of either size to the whole."""
    groups = gold["populations"].select(
        pl.col("population", "level").cast(pl.String), "pi", "segregating_sites", "length"
    )
    rows = gold["windows"].with_columns(pl.col("population", "level").cast(pl.String))
    records = variants.select("file", "record").n_unique()
    for _, own in rows.group_by("size"):
        assert (own["end"] - own["start"] + 1 == own["size"]).all()
        total = own.group_by("population", "level").agg(
            pl.col("records", "segregating_sites").sum(),
            total=(pl.col("pi") * pl.col("size")).sum(),
        )
        both = total.join(groups, on=["population", "level"], suffix="_whole", validate="1:1")
        assert both.height == total.height
        assert (both["records"] == records).all()
        assert (both["segregating_sites"] == both["segregating_sites_whole"]).all()
        whole = (both["pi"].fill_null(0) * both["length"]).to_list()
        assert both["total"].to_list() == pytest.approx(whole, **CLOSE)


def spectra_follow_from_frequencies(
    spectrum: pl.DataFrame, sites: dict[tuple[str, str], list[Site]]
) -> None:
    """A folded spectrum holds every snv of one ALT and as many calls as most; so has its pi."""
    rows = spectrum.with_columns(pl.col("kind", "population", "level").cast(pl.String))
    sums = {"folded": 0, "unfolded": 0}
    for (code, level, kind), own in rows.group_by("population", "level", "kind"):
        n = own["n"][0]
        assert own["n"].n_unique() == 1
        wanted = [ac[0] for an, ac in sites[(str(code), str(level))] if (an, len(ac)) == (n, 1)]
        sums[str(kind)] += own["sites"].sum()
        if kind == "unfolded":
            assert own["sites"].sum() <= len(wanted)
            continue
        counts = dict(own.select("count", "sites").rows())
        assert sum(counts.values()) == len(wanted)
        assert max(counts) <= n / 2
        segregating = sum(sites for k, sites in counts.items() if k)
        assert segregating == sum(0 < ac < n for ac in wanted)
        pi = sum(2 * ac * (n - ac) for ac in wanted)
        assert sum(2 * k * (n - k) * sites for k, sites in counts.items()) == pi
    assert sums["unfolded"] <= sums["folded"]


def alleles_are_counted_alike(gold: dict[str, pl.DataFrame]) -> None:
    """`gold.variants` and `gold.populations` from the same counts."""
    allele = ["file", "record", "alt_index"]
    rows = gold["variants"].filter(pl.col("an").is_not_null())
    level = pl.col("level").cast(pl.String)
    everyone = gold["frequencies"].filter(level == "all")
    both = rows.join(everyone, on=allele, suffix="_all", validate="1:1")
    assert both.height == rows.height == everyone.height
    for name in ("ac", "an", "af", "n_missing"):
        assert both[name].eq_missing(both[f"{name}_all"]).all(), name
    people = {
        r["population"]: r
        for r in gold["populations"].filter(level == "population").iter_rows(named=True)
    }
    assert sum(r["samples"] for r in people.values()) == gold["samples"].height
    told = {c: p for c, p in people.items() if c != "unassigned"}
    if len(told) > 1:
        private = rows["private_population"].drop_nulls().value_counts()
        found = dict(private.rows())
        for code, row in told.items():
            assert row["private_alleles"] == found.get(code, 0), code


def samples_add_up(gold: dict[str, pl.DataFrame]) -> None:
    rows = gold["samples"]
    kinds = ("hom_ref", "het", "hom_alt", "haploid_ref", "haploid_alt", "missing")
    assert (rows.select(kinds).sum_horizontal() == rows["records"]).all()
    assert rows["singletons"].sum() <= gold["variants"]["singleton"].sum()
    assert rows.filter(pl.col("f") > 1).is_empty()
    assert rows.filter(~pl.col("call_rate").is_between(0, 1)).is_empty()


def pairs_are_told_once(gold: dict[str, pl.DataFrame]) -> None:
    pair = ["population_1", "population_2"]
    for name in ("fst", "windows_fst", "joint_spectrum"):
        rows = gold[name].with_columns(pl.col(pair).cast(pl.String))
        both = rows.select(pair).unique().rows()
        assert not {(b, a) for a, b in both} & set(both), name
        assert all(a != b for a, b in both), name
    rows = gold["fst"]
    for name in ("fst", "mean_fst"):
        assert (rows[name].is_null() == (rows["sites"] == 0)).all()
        assert rows.filter(pl.col(name) > 1 + 1e-12).is_empty()
    assert (rows["se"].is_null() == (rows["blocks"] < 2)).all()
    decay = gold["ld_decay"]
    assert (decay["r2"].is_null() == (decay["pairs"] == 0)).all()
    assert decay.filter(~pl.col("r2").is_between(0, 1 + 1e-6)).is_empty()
