"""Commands that ask a lake: variant, query, on demand, export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from commands import Command, built, new, run
from plain_vcf import vcf_text

from medallion import Lake

__all__ = ["built", "new", "run"]  # fixtures

# variant


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("22-100-A-G", [("A", "G")]),
        ("chr22:100:A:G", [("A", "G")]),
        ("22:100", [("A", "G")]),
        ("rs1", [("A", "G")]),
        ("rs33", [("A", "<DEL>")]),
        ("rs3;rs33", [("A", "<DEL>")]),
        ("22:200", [("C", "T"), ("C", "G")]),
        ("22-200-C-G", [("C", "G")]),
        ("22-300-A-<DEL>", [("A", "<DEL>")]),
        ("22:400", [("A", ".")]),
    ],
)
def test_variant_in_all_its_forms(text: str, found: list[tuple[str, str]], run: Command) -> None:
    results = json.loads(run("variant", text, "--json"))
    assert [(r["ref"], r["alt"]) for r in results] == found
    for result in results:
        groups = [g["population"] for g in result["frequencies"]]
        assert groups == ["FIN", "GBR", "YRI", "AFR", "EUR", "ALL"] or set(groups) == {
            "FIN", "GBR", "YRI", "AFR", "EUR", "ALL",
        }  # fmt: skip
        everyone = result["frequencies"][-1]
        assert (everyone["ac"], everyone["an"]) == (result["ac"], result["an"])
    plain = run("variant", text)
    assert plain.startswith(f"22-{results[0]['pos']}-{found[0][0]}-{found[0][1]}\n")


def test_a_variant_in_some_groups(run: Command) -> None:
    chosen = ["--population", "GBR", "--population", "ALL"]
    (result,) = json.loads(run("variant", "22:400", "--json", *chosen))
    assert [g["population"] for g in result["frequencies"]] == ["GBR", "ALL"]
    assert "Expected one of" in run("variant", "22:400", "--population", "TSI", code=2)


@pytest.mark.parametrize("text", ["22:101", "22-100-A-C", "rs999", "X:100", "nonsense"])
def test_a_variant_that_is_not_there(text: str, run: Command) -> None:
    assert text in run("variant", text, code=1)


def test_a_source_without_identifiers_says_so(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(["22 100 . A G . . . GT 0|1 0|0 0|0"]), encoding="utf-8")
    new("build", "--vcf", str(vcf))
    assert "no variant of this lake has an identifier" in new("variant", "rs1", code=1)


def test_what_is_not_found_is_told_why(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    calls = ". . . GT 0|1 0|0 0|0"
    extra = ["##contig=<ID=22,length=51304566>"]
    records = [f"22 100 . A G {calls}", f"22 200 . A Z {calls}"]
    vcf.write_text(vcf_text(records, extra=extra), encoding="utf-8")
    new("build", "silver", "--vcf", str(vcf))
    apart = "Line 5 of some.vcf, at this position, was set apart: "
    assert apart in new("variant", "22:200", code=1)
    assert f"missing\t200\t{apart}" in new("search", "100", "200")
    assert "variant\tNC_000022.10:100\t22-100-A-G" in new("search", "NC_000022.10:100")
    assert "of GRCh38, but this lake is of GRCh37" in new("variant", "NC_000022.11:100", code=2)


# query


def test_query(run: Command) -> None:
    out = run("query", "select pos, alt, ac from silver.variants order by pos, alt_index limit 3")
    assert out.splitlines() == ["pos\talt\tac", "100\tG\t3", "200\tT\t1", "200\tG\t1"]
    out = run("query", "select pos, qual from silver.variants where pos = 100", "--json")
    assert [json.loads(line) for line in out.splitlines()] == [{"pos": 100, "qual": None}]
    joined = run(
        "query",
        "select f.population, sum(f.ac) from gold.frequencies f join gold.populations p "
        "using (population, level) where level = 'population' group by 1 order by 1",
    )
    assert joined.splitlines()[1:] == ["FIN\t3", "GBR\t2", "YRI\t1"]
    every = ["bronze.files", "bronze.blocks", "silver.samples", "silver.columns",
             "silver.variants", "silver.identifiers", "silver.genotypes", "silver.calls",
             "silver.patterns", "silver.defects", "gold.frequencies",
             "gold.populations"]  # fmt: skip
    for table in every:
        run("query", f"select count(*) from {table}")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{secret}')",
        "select * from read_text('{secret}')",
        "select * from '{secret}'",
        "select * from glob('/*')",
        "select * from read_parquet('https://127.0.0.1:9/x.parquet')",
        "copy (select 1) to '{target}'",
        "copy gold.populations to '{target}' (format parquet)",
        "attach '{target}' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset enable_external_access",
        "pragma enable_external_access",
        "create table t as select 1",
        "create or replace view gold.populations as select 1",
        "drop view gold.populations",
        "delete from gold.populations",
        "export database '{target}'",
        "call pragma_version()",
        "select 1; select 2",
        "select 1; copy (select 1) to '{target}'",
        "select getenv('HOME')",
        "explain copy (select 1) to '{target}'",
        "explain analyze copy (select 1) to '{target}'",
        "explain analyze create table t as select 1",
        "explain analyze drop view gold.populations",
        "explain select 1; select 2",
        "explain",
        "",
        ";",
        "selec 1",
        "select * from gold.nothing",
        "select nothing from gold.frequencies",
        "select cast('x' as integer)",
    ],
)
def test_query_refuses_all_but_reading_the_tables(sql: str, run: Command, tmp_path: Path) -> None:
    secret, target = tmp_path / "secret.csv", tmp_path / "target"
    secret.write_text("word\nhidden\n", encoding="utf-8")
    message = run("query", sql.format(secret=secret, target=target), code=1)
    assert "hidden" not in message
    assert list(tmp_path.iterdir()) == [secret]


def test_query_reaches_no_folder_that_duckdb_would_spill_to(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spilled = tmp_path / ".tmp" / "spilled.csv"
    spilled.parent.mkdir()
    spilled.write_text("word\nhidden\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for sql in (
        "select * from read_text('.tmp/*')",
        f"select * from read_text('{spilled}')",
        "select * from glob('.tmp/*')",
        "explain analyze copy (select 1) to '.tmp/written'",
        "explain analyze /* no */ copy (select 1) to '.tmp/written'",
        "-- no\nexplain analyze copy (select 1) to '.tmp/written'",
        "explain (format json) copy (select 1) to '.tmp/written'",
    ):
        assert "hidden" not in run("query", sql, code=1)
    assert sorted(tmp_path.rglob("*")) == [spilled.parent, spilled]


def test_a_plan_of_a_query_can_be_asked_for(run: Command) -> None:
    for how in ("explain", "EXPLAIN analyze", "explain (format json)", "explain /* why */"):
        assert run("query", f"{how} select count(*) from gold.populations").strip()
    assert run("query", "explain (select 1)").strip()


def test_a_query_tells_no_folder_of_this_machine_but_where_it_spills(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = run("query", "select name, value from duckdb_settings() where name not in "
              "('temp_directory', 'allowed_directories')")  # fmt: skip
    assert "memory_limit" in out
    assert str(tmp_path) not in out
    assert str(Path.home()) not in out


# on demand


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["linked", "sim64", "--limit", "4"], lambda lake: lake.linked("sim64", limit=4)),
        (["linked", "22:16077687", "--population", "GBR", "--distance", "90000",
          "--minimum-af", "0.1", "--limit", "4"],
         lambda lake: lake.linked("22:16077687", population="GBR", distance=90000, minimum_af=0.1,
                                  limit=4)),
        (["haplotypes", "sim64", "sim65", "--population", "YRI"],
         lambda lake: lake.haplotypes(["sim64", "sim65"], "YRI").drop("alleles")),
        (["ld", "sim64", "sim65", "--measure", "d_prime"],
         lambda lake: lake.ld_matrix(["sim64", "sim65"], measure="d_prime")),
        (["cohort", "22:16077000-16078000", "--population", "GBR", "--population", "YRI",
          "--sex", "female"],
         lambda lake: lake.cohort("22:16077000-16078000", populations=["GBR", "YRI"],
                                  sex="female")),
    ],
)  # fmt: skip
def test_what_is_worked_out_on_demand_is_printed_as_a_table(
    words: list[str], rows: Callable[[Lake], pl.DataFrame], demo_lake: Lake,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    expected = rows(demo_lake)
    assert len(expected) > 0
    lines = Command(demo_lake.path, capsys)(*words).splitlines()
    assert lines[0].split("\t") == expected.columns
    found = [line.split("\t")[0] for line in lines[1:]]
    assert found == [str(value) for value in expected.to_series()]


def test_a_cohort_of_samples_from_a_file(
    demo_lake: Lake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    people = demo_lake.scan("silver.samples").filter("in_vcf").collect()["sample"].to_list()
    (tmp_path / "names").write_text("\n".join(people[:5]) + "\n\n", encoding="utf-8")
    medallion = Command(demo_lake.path, capsys)
    where = "22:16077687-16077687"
    row = medallion("cohort", where, "--sample", f"@{tmp_path / 'names'}", "--sample", people[5])
    an = demo_lake.cohort(where, samples=people[:6])["an"].item()
    header, values = (line.split("\t") for line in row.splitlines())
    assert an == 12
    assert values[header.index("an")] == str(an)
    told = medallion("cohort", where, "--sample", f"@{tmp_path}", code=2)
    assert "a text file with a sample's name a line" in told


# export


def test_export_in_each_format(run: Command, tmp_path: Path) -> None:
    whole = Lake(run.lake).scan("gold.frequencies", build=False).collect()
    for ending in ("parquet", "csv", "tsv"):
        path = tmp_path / f"out.{ending}"
        assert run("export", "gold.frequencies", "-o", str(path)).startswith(f"{len(whole)} rows")
        if ending == "parquet":
            back = pl.read_parquet(path)
            assert back.equals(whole)
        else:
            back = pl.read_csv(
                path, separator="," if ending == "csv" else "\t", schema=whole.schema
            )
            assert back.select(pl.exclude("af", "hwe_p")).equals(
                whole.select(pl.exclude("af", "hwe_p"))
            )
            assert (back["af"] - whole["af"]).abs().max() == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.parquet", "out.tsv"]


def test_export_filters(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"

    def exported(*words: str) -> pl.DataFrame:
        run("export", "gold.frequencies", "-o", str(path), *words)
        return pl.read_parquet(path)

    assert set(exported("--region", "22:100-200")["pos"]) == {100, 200}
    assert set(exported("--region", "chr22:300")["pos"]) == {300}
    assert len(exported("--region", "21")) == 0
    some = exported("--population", "GBR", "--population", "EUR")
    assert set(some["population"]) == {"GBR", "EUR"}
    assert set(exported("--where", "ac > 0 and population = 'ALL'")["ac"]) == {1, 3}
    both = exported("--region", "22:200", "--population", "ALL", "--where", "alt = 'T'")
    assert both.select("pos", "alt", "ac", "an").rows() == [(200, "T", 1, 4)]
    run("export", "silver.defects", "-o", str(path))
    run("export", "bronze.files", "-o", str(path))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["gold.frequencies", "-o", "{tmp}/out.ods"], 2, "no ending"),
        (["gold.frequencies", "-o", "{tmp}/none/out.csv"], 1, "cannot be written"),
        (["gold.nothing", "-o", "{tmp}/out.csv"], 2, "There is no table"),
        (["gold.frequencies", "-o", "{tmp}/out.csv", "--region", "22:9-1"], 2, "ends before"),
        (["gold.frequencies", "-o", "{tmp}/out.csv", "--region", "#5"], 2, "is no region"),
        (["gold.populations", "-o", "{tmp}/out.csv", "--region", "22"], 2, "chrom and pos"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--population", "GBR"], 2, "population"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--where", "ac >"], 2, "cannot be read"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--where", "nothing > 1"], 2, "nothing"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--where", "chrom > 1"], 2, "--where"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--where", "CAST(ref AS INT) > 1"], 2, "ref"),
        (["silver.variants", "-o", "{tmp}/out.csv", "--where", "ac"], 2, "--where"),
    ],
)
def test_export_that_cannot_be(
    words: list[str], code: int, said: str, run: Command, tmp_path: Path
) -> None:
    message = run("export", *(w.format(tmp=tmp_path) for w in words), code=code)
    assert said in message
    assert list(tmp_path.iterdir()) == []
