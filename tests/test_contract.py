"""Every table as it is published: exactly its columns and types, and what must hold in it.

The names are written out here a second time, on purpose: they are a contract with those
who read the tables from outside, so a change of the declaration alone must not pass.
"""

from __future__ import annotations

from collections.abc import Callable

import deltalake
import polars as pl
import pyarrow as pa
import pytest

from medallion import Lake
from medallion.bronze import tables as bronze
from medallion.gold import tables as gold
from medallion.silver import tables as silver
from medallion.storage.schema import Table

DECLARED = (*bronze.TABLES, *silver.TABLES, *gold.TABLES)

PROMISED = {
    "bronze.files": "file kind dataset chrom url bytes md5 sha256 fetched_at",
    "silver.samples": (
        "sample population population_name super_population super_population_name sex in_vcf "
        "in_metadata"
    ),
    "silver.variants": (
        "chrom pos id ref alt alt_index n_alts qual filter variant_type ancestral_allele ac an "
        "n_missing published_ac published_an published_af published_afr_af published_amr_af "
        "published_eas_af published_eur_af published_sas_af file record"
    ),
    "silver.identifiers": "chrom id pos file",
    "silver.genotypes": ("chrom pos ref alt sample population super_population sex gt dosage"),
    "silver.calls": "chrom pos file record gt",
    "silver.defects": "file line chrom pos scope verdict reason field detail raw",
    "gold.frequencies": (
        "chrom pos id ref alt population level ac an af n_hom_ref n_het n_hom_alt n_missing hwe_p"
    ),
    "gold.populations": (
        "population samples polymorphic_alleles singletons private_alleles mean_heterozygosity "
        "transitions transversions"
    ),
}

TYPES = {
    "string": (pa.string(), pl.String()),
    "boolean": (pa.bool_(), pl.Boolean()),
    "int8": (pa.int8(), pl.Int8()),
    "int16": (pa.int16(), pl.Int16()),
    "int32": (pa.int32(), pl.Int32()),
    "int64": (pa.int64(), pl.Int64()),
    "float64": (pa.float64(), pl.Float64()),
    "timestamp": (pa.timestamp("us", "UTC"), pl.Datetime("us", "UTC")),
}

LAKES = ["demo", "chr22", "chrX", "chrMT", "chr1", "chr12"]
ALLELE = ["file", "record", "alt_index"]


@pytest.fixture
def lake(request: pytest.FixtureRequest, real_lake: Callable[[str], Lake], demo_lake: Lake) -> Lake:
    """The lake that the test's parameter names."""
    return demo_lake if request.param == "demo" else real_lake(request.param)


each_lake = pytest.mark.parametrize("lake", LAKES, indirect=True)


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.scan(table, build=False).collect()


# The declarations


@pytest.mark.parametrize("name", list(PROMISED))
def test_the_promised_columns_are_there_under_their_names(name: str) -> None:
    table = next(t for t in DECLARED if t.name == name)
    assert set(PROMISED[name].split()) <= set(table.column_names)


@pytest.mark.parametrize("table", DECLARED, ids=lambda t: t.name)
def test_every_column_says_what_it_is(table: Table) -> None:
    assert table.row
    assert len(set(table.column_names)) == len(table.columns)
    for column in table.columns:
        assert column.meaning.strip(), column.name
        assert column.name == column.name.lower()
        assert column.type in TYPES
    assert set(table.pruned_by) <= set(table.column_names)
    along = {"pos", "start"} & set(table.column_names)
    small = table.name in ("silver.defects", "gold.pca_sites")
    assert table.partitioned == ("chrom" in table.column_names and bool(along) and not small)


def test_table_names_are_distinct_and_of_their_layer() -> None:
    names = [t.name for t in DECLARED]
    assert len(set(names)) == len(names)
    assert {n.split(".")[0] for n in names} == {"bronze", "silver", "gold"}


# What is published


@each_lake
def test_tables_have_exactly_the_declared_columns_and_types(lake: Lake) -> None:
    assert [t.name for t in lake.tables()] == [t.name for t in DECLARED]
    for table in DECLARED:
        frame = rows(lake, table.name)
        assert dict(frame.schema) == {c.name: TYPES[c.type][1] for c in table.columns}
        for column in table.columns:
            if not column.nullable:
                assert frame[column.name].null_count() == 0, f"{table.name}.{column.name}"
        # The same for other readers of Delta, and its rows as the snapshot counts them.
        on_disk = deltalake.DeltaTable(
            lake.path / table.layer / table.short,
            version=lake.status()[table.layer].versions[table.short],
        )
        fields = pa.schema(on_disk.to_pyarrow_dataset().schema)
        assert {f.name: f.type for f in fields} == {c.name: TYPES[c.type][0] for c in table.columns}
        assert on_disk.metadata().partition_columns == (["chrom"] if table.partitioned else [])
        assert on_disk.metadata().name == table.name
        assert lake.status()[table.layer].rows[table.short] == len(frame)


PAIR = ("population_1", "population_2")


@each_lake
def test_the_lake_explains_every_column_of_every_table(lake: Lake) -> None:
    told = rows(lake, "gold.tables").select("table", "column").rows()
    assert told == [(t.name, c) for t in lake.tables() for c in t.column_names]


@each_lake
def test_keys_are_unique(lake: Lake) -> None:
    keys = {
        "bronze.files": ["file"],
        "bronze.blocks": ["file", "block"],
        "silver.samples": ["sample"],
        "silver.columns": ["file", "column"],
        "silver.variants": ALLELE,
        "silver.identifiers": ["file", "chrom", "pos", "id"],
        "silver.genotypes": [*ALLELE, "sample"],
        "silver.calls": ["file", "record", "first_column"],
        "silver.patterns": ["pattern", "first_column"],
        "gold.frequencies": [*ALLELE, "population", "level"],
        "gold.variants": ALLELE,
        "gold.most_different": [*ALLELE, "level"],
        "gold.populations": ["population", "level"],
        "gold.windows": ["chrom", "start", "size", "population", "level"],
        "gold.windows_fst": ["chrom", "start", "size", *PAIR],
        "gold.spectrum": ["population", "level", "kind", "n", "count"],
        "gold.joint_spectrum": [*PAIR, "kind", "n_1", "n_2", "count_1", "count_2"],
        "gold.samples": ["sample"],
        "gold.fst": [*PAIR, "level", "method"],
        "gold.pca": ["sample"],
        "gold.pca_components": ["component"],
        "gold.pca_sites": ["file", "record"],
        "gold.relatedness": ["sample_1", "sample_2"],
        "gold.ld_decay": ["super_population", "distance_from"],
        "gold.checks": ["id", "about"],
        "gold.tables": ["table", "column"],
    }
    assert set(keys) | {"silver.defects"} == {t.name for t in DECLARED}
    for name, key in keys.items():
        assert not rows(lake, name).select(key).is_duplicated().any(), name


@each_lake
def test_blocks_tile_each_file_and_its_text(lake: Lake) -> None:
    files = rows(lake, "bronze.files")
    for row in files.filter(pl.col("kind") == "vcf").iter_rows(named=True):
        blocks = rows(lake, "bronze.blocks").filter(pl.col("file") == row["file"]).sort("block")
        assert blocks["block"].to_list() == list(range(row["blocks"]))
        ends = blocks["text_offset"] + blocks["text_bytes"]
        assert (ends[:-1] == blocks["text_offset"][1:]).all()
        assert ends[-1] == row["text_bytes"]
        assert (blocks["offset"] + blocks["bytes"])[-1] == row["bytes"]
        assert blocks["line"].is_sorted()
        assert row["records"] < row["lines"]


@each_lake
def test_records_in_are_records_kept_and_quarantined(lake: Lake) -> None:
    files = rows(lake, "bronze.files").filter(pl.col("kind") == "vcf")
    variants, defects = rows(lake, "silver.variants"), rows(lake, "silver.defects")
    ledger = lake.status()["silver"].summary["ledger"]
    assert [e["file"] for e in ledger] == files["file"].to_list()
    for entry in ledger:
        own = variants.filter(pl.col("file") == entry["file"])
        out = defects.filter(
            (pl.col("file") == entry["file"])
            & (pl.col("verdict") == "quarantined")
            & (pl.col("scope") == "record")
        )
        records = files.filter(pl.col("file") == entry["file"])["records"].item()
        assert entry["records"] == records == own["record"].n_unique() + len(out)
        assert entry["kept"] == own["record"].n_unique()
        assert entry["quarantined"] == len(out) == out["line"].n_unique()
        assert entry["alleles"] == len(own.filter(pl.col("alt_index") > 0))
        assert out["raw"].null_count() == 0
        assert not set(out["line"]) & set(own["line"])


@each_lake
def test_alleles_of_a_record_belong_together(lake: Lake) -> None:
    variants = rows(lake, "silver.variants")
    one = variants.group_by("file", "record").agg(
        *(pl.col(c).n_unique().alias(c) for c in
          ("chrom", "pos", "ref", "n_alts", "an", "n_missing", "info", "line", "pattern")),
        pl.col("alt_index").sort(),
        pl.col("n_alts").first().alias("n"),
        pl.len().alias("rows"),
    )  # fmt: skip
    for column in ("chrom", "pos", "ref", "n_alts", "an", "n_missing", "info", "line", "pattern"):
        assert (one[column] == 1).all(), column
    assert one.filter(pl.col("rows") != pl.max_horizontal("n", pl.lit(1))).is_empty()
    whole = one.with_columns(expected=pl.int_ranges(1, pl.col("n") + 1)).filter(pl.col("n") > 0)
    assert (whole["alt_index"].list.eval(pl.element().cast(pl.Int64)) == whole["expected"]).all()


@each_lake
def test_silver_counts_agree_with_one_another(lake: Lake) -> None:
    variants, genotypes = rows(lake, "silver.variants"), rows(lake, "silver.genotypes")
    counted = variants.filter("has_gt")
    assert (counted["ac"] <= counted["an"]).all()
    assert (counted["ac"] >= 0).all()
    assert counted["ac"].null_count() == counted["an"].null_count() == 0
    copies = genotypes.group_by(ALLELE).agg(pl.col("dosage").cast(pl.Int64).sum())
    both = variants.join(copies, on=ALLELE, how="full", coalesce=True)
    assert len(both) == len(variants)
    assert (both["ac"].fill_null(0) == both["dosage"].fill_null(0)).all()
    # A record's copies of all its ALTs, and of REF, are its called alleles.
    of_record = counted.group_by("file", "record").agg(pl.col("ac").sum(), pl.col("an").first())
    assert (of_record["ac"] <= of_record["an"]).all()
    missed = (
        rows(lake, "silver.calls")
        .filter(pl.col("called") == 0)
        .group_by("file", "record")
        .agg((pl.col("last_column") - pl.col("first_column") + 1).sum().alias("missed"))
    )
    with_missed = counted.join(missed, on=["file", "record"], how="left")
    assert (with_missed["n_missing"] == with_missed["missed"].fill_null(0)).all()


@each_lake
def test_genotypes_are_joined_with_their_allele_and_their_sample(lake: Lake) -> None:
    genotypes = rows(lake, "silver.genotypes")
    assert (genotypes["dosage"] > 0).all()
    who = ["sample", "population", "super_population", "sex"]
    people = rows(lake, "silver.samples").filter("in_vcf").select(who)
    assert len(genotypes.select(who).unique().join(people, on=who, nulls_equal=True)) == (
        genotypes["sample"].n_unique()
    )
    site = [*ALLELE, "chrom", "pos", "ref", "alt"]
    alleles = rows(lake, "silver.variants").select(site)
    found = genotypes.select(site).unique()
    assert len(found.join(alleles, on=site)) == len(found)


@each_lake
def test_variant_types_and_what_goes_with_them(lake: Lake) -> None:
    variants = rows(lake, "silver.variants")
    types = {
        "snv",
        "mnv",
        "insertion",
        "deletion",
        "indel",
        "sv",
        "spanning_deletion",
        "unspecified",
        "none",
    }
    assert set(variants["variant_type"]) <= types
    is_snv = variants["variant_type"] == "snv"
    assert variants.filter(~is_snv)["transition"].null_count() == (~is_snv).sum()
    bases = variants.filter(is_snv & (pl.col("ref").str.len_bytes() == 1))
    pair = bases["ref"].str.to_uppercase() + bases["alt"].str.to_uppercase()
    assert (bases["transition"] == pair.is_in(["AG", "GA", "CT", "TC"])).all()
    change = variants["alt"].str.len_chars().cast(pl.Int32) - variants["ref"].str.len_chars()
    plain = variants["alt"].str.contains("^[A-Za-z]+$")
    assert (variants.filter(plain)["length_change"] == change.filter(plain)).all()
    assert variants.filter(~plain)["length_change"].null_count() == (~plain).sum()


@each_lake
def test_patterns_cover_every_column_once(lake: Lake) -> None:
    patterns = rows(lake, "silver.patterns").sort("pattern", "first_column")
    samples = rows(lake, "silver.columns")["column"].max() + 1
    for _, runs in patterns.group_by("pattern"):
        assert runs["first_column"][0] == 0
        assert runs["last_column"][-1] == samples - 1
        assert (runs["first_column"][1:] == runs["last_column"][:-1] + 1).all()
    used = rows(lake, "silver.variants")["pattern"].drop_nulls().unique()
    assert set(used) == set(patterns["pattern"])


# Gold


@each_lake
def test_every_allele_has_every_group(lake: Lake) -> None:
    frequencies, groups = rows(lake, "gold.frequencies"), rows(lake, "gold.populations")
    alleles = rows(lake, "silver.variants").filter("has_gt")
    assert len(frequencies) == len(alleles) * len(groups)
    keys = ["population", "level"]
    assert sorted(frequencies.select(keys).unique().rows()) == sorted(groups.select(keys).rows())
    assert groups.filter(pl.col("level") == "all")["population"].to_list() == ["ALL"]
    assert groups["population"].to_list()[-1] == "ALL"


@each_lake
def test_counts_of_a_group_are_its_samples(lake: Lake) -> None:
    """All samples of these files are in every record, so each is counted in one way."""
    both = rows(lake, "gold.frequencies").join(
        rows(lake, "gold.populations").select("population", "level", "samples"),
        on=["population", "level"],
    )
    whole = both["n_hom_ref"] + both["n_het"] + both["n_hom_alt"] + both["n_missing"]
    assert (whole == both["samples"]).all()
    for name in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"):
        assert (both[name] >= 0).all(), name
    assert (both["ac"] <= both["an"]).all()
    assert (both["n_het"] + both["n_hom_alt"] <= both["ac"]).all()
    people = rows(lake, "silver.samples").filter("in_vcf")
    sizes = dict(people["population"].value_counts().rows())
    assert sizes == dict(
        rows(lake, "gold.populations").filter(pl.col("level") == "population")
        .select("population", "samples").rows()
    )  # fmt: skip


@each_lake
def test_frequencies_are_what_they_are_called(lake: Lake) -> None:
    frame = rows(lake, "gold.frequencies")
    called = frame.filter(pl.col("an") > 0)
    assert (called["af"] == called["ac"] / called["an"]).all()
    assert frame.filter(pl.col("an") == 0)["af"].null_count() == (frame["an"] == 0).sum()
    assert called["af"].is_between(0, 1).all()
    p = frame["hwe_p"].drop_nulls()
    assert p.is_between(0, 1).all()
    assert p.is_nan().sum() == 0
    assert frame["af"].is_nan().sum() == 0


@each_lake
def test_groups_add_up_to_all_and_to_silver(lake: Lake) -> None:
    counts = ["ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"]
    frame = rows(lake, "gold.frequencies")
    whole = frame.filter(pl.col("level") == "all").sort(ALLELE).select(*ALLELE, *counts)
    for level in ("population", "super_population"):
        parts = (
            frame.filter(pl.col("level") == level)
            .group_by(ALLELE)
            .agg(pl.col(counts).sum())
            .sort(ALLELE)
        )
        assert parts.equals(whole), level
    silver = rows(lake, "silver.variants").filter("has_gt").sort(ALLELE)
    both = ["ac", "an", "n_missing"]
    assert silver.select(*ALLELE, *both).equals(whole.select(*ALLELE, *both))
    site = ["chrom", "pos", "id", "ref", "alt"]
    of_all = frame.filter(pl.col("level") == "all").sort(ALLELE)
    assert silver.select(site).equals(of_all.select(site))


@each_lake
def test_summaries_of_groups_follow_from_their_frequencies(lake: Lake) -> None:
    """`gold.populations` worked out again from `gold.frequencies`, by the plain definitions."""
    frame = rows(lake, "gold.frequencies").join(
        rows(lake, "silver.variants").select(*ALLELE, "transition"), on=ALLELE
    )
    everyone = frame.filter(pl.col("level") == "all").select(*ALLELE, pl.col("ac").alias("total"))
    seen = (pl.col("ac") > 0) & (pl.col("ac") < pl.col("an"))
    again = (
        frame.join(everyone, on=ALLELE)
        .group_by("population", "level")
        .agg(
            polymorphic_alleles=seen.sum(),
            singletons=(pl.col("ac") == 1).sum(),
            private_alleles=((pl.col("ac") > 0) & (pl.col("ac") == pl.col("total"))).sum(),
            transitions=(seen & pl.col("transition").fill_null(value=False)).sum(),
            transversions=(seen & ~pl.col("transition").fill_null(value=True)).sum(),
            alleles=pl.len(),
        )
        .with_columns(
            private_alleles=pl.when(pl.col("level") != "all").then("private_alleles"),
        )
    )
    groups = rows(lake, "gold.populations")
    columns = [c for c in again.columns if c not in ("population", "level")]
    both = groups.join(again, on=["population", "level"], suffix="_again")
    assert len(both) == len(groups)
    for name in columns:
        assert both[name].cast(pl.Int64).equals(both[f"{name}_again"].cast(pl.Int64)), name
    some = both.filter(pl.col("transversions") > 0)
    assert (some["ti_tv"] == some["transitions"] / some["transversions"]).all()
    h = groups["mean_heterozygosity"].drop_nulls()
    assert h.is_between(0, 1).all()


@pytest.mark.parametrize("lake", ["chr22", "chr12"], indirect=True)
def test_mean_heterozygosity_is_the_mean_over_alleles(lake: Lake) -> None:
    """Where all are diploid and nothing is half called: n_het / called samples, averaged."""
    called = pl.col("n_hom_ref") + pl.col("n_het") + pl.col("n_hom_alt")
    again = (
        rows(lake, "gold.frequencies")
        .filter(called > 0)
        .group_by("population", "level")
        .agg(again=(pl.col("n_het") / called).mean())
    )
    both = rows(lake, "gold.populations").join(again, on=["population", "level"])
    assert (both["again"] - both["mean_heterozygosity"]).abs().max() < 1e-12


def test_the_32_groups_of_the_release(chr22_lake: Lake) -> None:
    groups = rows(chr22_lake, "gold.populations")
    assert dict(groups["level"].value_counts().rows()) == {
        "population": 26, "super_population": 5, "all": 1,
    }  # fmt: skip
    sizes = dict(
        groups.filter(pl.col("level") == "super_population").select("population", "samples").rows()
    )
    assert sizes == {"AFR": 661, "AMR": 347, "EAS": 504, "EUR": 503, "SAS": 489}
    people = rows(chr22_lake, "silver.samples")
    assert dict(people["sex"].value_counts().rows()) == {"male": 1233, "female": 1271}
    assert people["in_vcf"].all()
    assert people["in_metadata"].all()


def test_haploid_carriers_are_homozygous(real_lake: Callable[[str], Lake]) -> None:
    frame = rows(real_lake("chrMT"), "gold.frequencies")
    assert frame["n_het"].sum() == 0
    assert (frame["n_hom_alt"] == frame["ac"]).all()
    assert frame["hwe_p"].null_count() == len(frame)
