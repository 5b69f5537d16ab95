"""From a check that does not hold to the rows that it is about."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from medallion import Lake
from medallion.catalog.checks import KINDS
from medallion.failing import question
from medallion.storage import delta
from medallion.storage.parts import write_part
from medallion.storage.snapshot import read_snapshot, write_snapshot
from medallion.tables import TABLES

COUNTED = [
    "silver.conservation", "silver.allele_copies", "gold.all_equals_silver", "gold.sum_ac",
    "gold.sum_an", "gold.sum_n_het", "gold.sample_counts",
]  # fmt: skip
"""Checks whose question has a row for each thing amiss, and none where nothing is."""


@pytest.fixture
def lake(small: Lake, tmp_path: Path) -> Lake:
    """A lake to spoil."""
    return Lake(shutil.copytree(small.path, tmp_path / "lake"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A few records of X: a duplicate, wrong AC and AF, and a woman with one copy of X."""
    folder = tmp_path_factory.mktemp("small")
    people = [("m1", "GBR", "EUR", "male"), ("m2", "YRI", "AFR", "male"),
              ("f1", "GBR", "EUR", "female"), ("it's", "YRI", "AFR", "female")]  # fmt: skip
    info = [("AC", "A", "Integer"), ("AN", "1", "Integer"), ("AF", "A", "Float"),
            ("EUR_AF", "A", "Float")]  # fmt: skip
    head = ["##fileformat=VCFv4.2", "##contig=<ID=X>",
            *(f'##INFO=<ID={k},Number={n},Type={t},Description="{k}">' for k, n, t in info),
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                       *(p[0] for p in people)])]  # fmt: skip
    rows = [
        (5_000_000, "AC=3;AN=5;AF=0.6;EUR_AF=0.6667", "1 0 0|1 1"),
        (5_000_100, "AC=9;AN=5;AF=0.6;EUR_AF=0.6667", "1 0 0|1 1"),
        (5_000_100, "AC=3;AN=5;AF=0.6;EUR_AF=0.6667", "1 0 0|1 1"),
        (5_000_200, "AC=2;AN=5;AF=0.9;EUR_AF=0.9", "1 0 0|1 0"),
    ]
    body = [f"X\t{pos}\t.\tA\tG\t.\tPASS\t{said}\tGT\t" + gts.replace(" ", "\t")
            for pos, said, gts in rows]  # fmt: skip
    text = "\n".join([*head, *body, ""])
    vcf = folder / "it's, X.vcf"
    vcf.write_text(text.replace("0|1 1", "0|1\t1"), encoding="utf-8", newline="\n")
    table = folder / "people.tsv"
    table.write_text(
        "\n".join(["sample\tpop\tsuper_pop\tgender", *("\t".join(p) for p in people), ""]),
        encoding="utf-8",
    )
    made = Lake(folder / "lake", vcf=[vcf], samples=table)
    made.build("gold")
    return made


def spoil(lake: Lake, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Publish a table with other rows, as code that counts wrongly would."""
    table = TABLES[name]
    rows = change(lake.scan(name, build=False).collect())
    part = write_part(lake.path, table, table.conform(rows), chrom="X", name="spoilt")
    version = delta.commit(lake.path, table, [part], {})
    snapshot = read_snapshot(lake.path, table.layer)
    assert snapshot is not None
    state = dataclasses.replace(snapshot.tables[table.short], version=version)
    tables = {**snapshot.tables, table.short: state}
    write_snapshot(lake.path, dataclasses.replace(snapshot, tables=tables))


def add(column: str, n: int, which: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda f: f.with_columns(pl.when(which).then(pl.col(column) + n).otherwise(column))


ALL, GBR = pl.col("level") == "all", pl.col("population") == "GBR"
AT = pl.col("pos") == 5_000_100


@pytest.mark.parametrize(
    ("table", "change", "amiss"),
    [
        ("silver.variants", lambda f: f.filter(~AT),
         {"silver.conservation": 1, "silver.allele_copies": 1, "gold.all_equals_silver": 1}),
        ("silver.genotypes", lambda f: f.filter(~AT | (f["sample"] != "m1")),
         {"silver.allele_copies": 1}),
        ("gold.frequencies", add("ac", 1, AT & ALL),
         {"gold.all_equals_silver": 1, "gold.sum_ac": 1}),
        ("gold.frequencies", add("an", 1, GBR), {"gold.sum_an": 3}),
        ("gold.frequencies", add("n_het", 90, GBR & AT),
         {"gold.sum_n_het": 1, "gold.sample_counts": 1}),
        ("gold.frequencies", lambda f: f, {}),
    ],
)  # fmt: skip
def test_the_rows_of_a_check_are_those_amiss(
    lake: Lake, table: str, change: Callable[[pl.DataFrame], pl.DataFrame], amiss: dict[str, int]
) -> None:
    spoil(lake, table, change)
    failed = {c.id for c in lake.verify() if not c.ok}
    assert failed & set(COUNTED) == set(amiss)
    rows = {name: lake.query(question(name) or "") for name in COUNTED}
    assert {name: frame.height for name, frame in rows.items() if frame.height} == amiss


def test_the_rows_of_checks_of_the_build(small: Lake) -> None:
    checks = small.scan("gold.checks", build=False).collect()
    failed = checks.filter(pl.col("verdict") == "failed")
    found = {
        row["id"]: small.query(question(row["id"], row["about"]) or "")
        for row in failed.iter_rows(named=True)
    }
    assert found["duplicates"]["line"].to_list() == [11]
    assert found["published_ac"].select("pos", "published_ac", "ac").rows() == [(5_000_100, 9, 3)]
    assert found["published_af"].select("pos", "published_af", "af").rows() == [
        (5_000_200, 0.9, 0.4)
    ]
    assert found["published_eur_af"]["pos"].to_list() == [5_000_200]
    assert found["sex_chrx"].rows() == [("it's", "YRI", "female", True)]
    assert set(found) >= {"duplicates", "published_ac", "sex_chrx", "structure_sites"}


@pytest.mark.parametrize("check", sorted(KINDS))
def test_every_check_has_a_question_that_runs(demo_lake: Lake, check: str) -> None:
    checks = demo_lake.scan("gold.checks", build=False).collect()
    own = checks.filter(pl.col("id") == check)["about"].to_list()
    sql = question(check, own[0] if own else "a file, 'X'")
    if check.endswith(".readable"):
        assert sql is None
    else:
        assert demo_lake.query(sql or "", limit=5, seconds=30).height <= 5


def test_hardy_weinberg_and_transitions_are_counted_alike(demo_lake: Lake) -> None:
    checks = demo_lake.scan("gold.checks", build=False).collect()
    for row in checks.filter(pl.col("id") == "hardy_weinberg").head(3).iter_rows(named=True):
        rows = demo_lake.query(question(row["id"], row["about"]) or "")
        assert row["found"].startswith(f"{rows.height:,} alleles")
    [row] = checks.filter(pl.col("id") == "ti_tv").to_dicts()
    changes = demo_lake.query(question("ti_tv", row["about"]) or "")
    ti, tv = (changes.filter(pl.col("transition") == t)["alleles"].sum() for t in (True, False))
    assert row["found"] == f"{ti / tv:.2f}"
