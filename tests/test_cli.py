"""The command line: each command, its exit code, and one plain line where it cannot go on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import bgzf, split_file, vcf_text

from medallion import Lake, __version__, demo
from medallion.cli import main

RECORDS = [
    "22 100 rs1 A G . PASS AC=3 GT 0|1 1|1 0|0",
    "22 200 . C T,G . . . GT 0/2 ./. 1/0",
    "22 300 rs3;rs33 A <DEL> . . END=400 GT 0 1 0",
    "22 400 . A . . . . GT 0|0 0|0 0|0",
]
PEOPLE = "sample\tpop\tsex\nA\tGBR\tmale\nB\tFIN\tfemale\nC\tYRI\t\n"


class Command:
    """`medallion` with a lake, in this process: its exit code and what it printed."""

    def __init__(self, lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lake, self._capsys = lake, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """Run; return what went to standard output, or on failure to standard error."""
        found = main([words[0], "--lake", str(self.lake), *words[1:]])
        out, errors = self._capsys.readouterr()
        assert found == code, (out, errors)
        assert "Traceback" not in errors
        if code:
            last = errors.rstrip("\n").split("\n")[-1]
            assert last.startswith("medallion: ")
            return last
        return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small lake of own files, up to gold. For reading only."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "some.vcf.gz").write_bytes(bgzf(vcf_text(RECORDS).encode(), [100]))
    (folder / "people.tsv").write_text(PEOPLE, encoding="utf-8")
    Lake(folder / "lake", vcf=[folder / "some.vcf.gz"], samples=folder / "people.tsv").build()
    return folder / "lake"


@pytest.fixture
def run(built: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(built, capsys)


@pytest.fixture
def new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`medallion` on a lake that is not there yet."""
    return Command(tmp_path / "new", capsys)


# build and status


def test_build_says_what_came_out_and_then_that_nothing_is_to_do(
    new: Command, tmp_path: Path
) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text([*RECORDS, "22 x . A C . . . GT 0 0 0"]), encoding="utf-8")
    out = new("build", "--vcf", str(vcf))
    assert "some.vcf: 5 records in = 4 kept + 1 quarantined; 4 ALT alleles out" in out
    for layer in ("bronze", "silver", "gold"):
        assert any(line.startswith(layer) and "fresh" in line for line in out.splitlines())
    assert "Nothing to do" in new("build")
    assert "Nothing to do" in new("build", "bronze")
    forced = new("build", "gold", "--force").splitlines()
    assert [line.split()[0] for line in forced] == ["gold"]
    forced = new("build", "--force", "--workers", "1").splitlines()
    assert [line.split()[0] for line in forced[:3]] == ["bronze", "silver", "gold"]


def test_build_one_layer_at_a_time(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    for layer in ("bronze", "silver", "gold"):
        out = new("build", layer, "--vcf", str(vcf))
        assert next(x for x in out.splitlines() if not x.startswith(" ")).startswith(layer)
        fresh = [
            name
            for name, status in json.loads(new("status", "--json"))["layers"].items()
            if status["state"] == "fresh"
        ]
        assert fresh[-1] == layer


def test_build_the_demo(new: Command) -> None:
    out = new("build", "bronze", "--dataset", "demo")
    assert out.startswith("bronze fresh")
    status = json.loads(new("status", "--json"))
    assert status["dataset"] == "demo"
    assert status["simulated"] is True
    assert "imulated" in status["title"]
    assert "imulated" in new("status")


def test_status(run: Command) -> None:
    text = run("status")
    assert "Own data: some.vcf.gz" in text
    status = json.loads(run("status", "--json"))
    assert status["lake"] == str(run.lake)
    assert list(status["layers"]) == ["bronze", "silver", "gold"]
    silver = status["layers"]["silver"]
    assert silver["state"] == "fresh"
    assert silver["rows"]["variants"] == 5
    assert silver["reasons"] == []
    assert silver["bytes"] > 0
    assert silver["built_at"].endswith("+00:00")
    assert status["simulated"] is False


def test_status_says_why_something_is_stale(new: Command, tmp_path: Path) -> None:
    vcf, table = tmp_path / "some.vcf", tmp_path / "people.tsv"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    table.write_text(PEOPLE, encoding="utf-8")
    new("build", "silver", "--vcf", str(vcf), "--samples", str(table))
    table.write_text(PEOPLE.replace("YRI", "LWK!"), encoding="utf-8")
    text = new("status")
    assert "The sample table people.tsv changed." in text
    assert "The gold layer has not been built." in text


# raw


def test_raw_prints_the_lines_as_they_stand(run: Command) -> None:
    lines = [r.replace(" ", "\t") for r in RECORDS]
    assert run("raw", "22:100-300").splitlines() == lines[:3]
    assert run("raw", "chr22:200").splitlines() == [lines[1]]
    assert run("raw", "#2").splitlines() == [lines[1]]
    assert run("raw", "#2-99").splitlines() == lines[1:]
    assert run("raw", "22", "--limit", "2").splitlines() == lines[:2]
    assert run("raw", "22:1-9") == ""
    assert run("raw", "#1", "--file", "some.vcf.gz").splitlines() == lines[:1]


def test_raw_of_the_demo_is_the_file(demo_lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = split_file(demo.vcf_path())
    out = Command(demo_lake.path, capsys)("raw", "#5000-5003")
    assert out.splitlines() == lines[4999:5003]


@pytest.mark.parametrize("where", ["22-16050075-A-G", "22:1-9"])
def test_raw_says_so_where_nothing_is(
    demo_lake: Lake, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    assert main(["raw", where, "--lake", str(demo_lake.path)]) == 0
    told = capsys.readouterr()
    assert not told.out
    assert "no line of" in told.err
    assert "22:16050075" in told.err


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
    assert "gives no identifiers" in new("variant", "rs1", code=1)


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


# export


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


# verify, and the rest


def test_another_source_is_told_and_so_is_a_file_that_was_cut_between_blocks(
    new: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.vcf.gz", tmp_path / "second.vcf.gz"
    text = vcf_text(RECORDS).encode()
    first.write_bytes(bgzf(text, [40]))
    second.write_bytes(bgzf(text[: len(text) // 40 * 40], [40], end=False))
    where = ["--lake", str(new.lake)]
    assert main(["build", "--vcf", str(first), *where]) == 0
    assert main(["build", "--vcf", str(first), *where]) == 0
    assert capsys.readouterr().err.count("medallion:") == 0
    assert main(["build", "--vcf", str(second), *where]) == 0
    told = [e for e in capsys.readouterr().err.splitlines() if e.startswith("medallion:")]
    change = f"The source changes from {first} to {second}."
    assert len(told) == 2
    assert change in told[0]
    assert "another folder with --lake" in told[0]
    assert "second.vcf.gz lacks the block that ends BGZF" in told[1]
    reasons = Lake(new.lake).history()["reasons"].to_list()
    assert [change in r for r in reasons] == [False] * 3 + [True, False, False]
    assert "warning bronze.end_block" in new("verify")
    # One more beside it takes nobody's place.
    assert main(["build", "--vcf", str(first), "--vcf", str(second), *where]) == 0
    assert "changes from" not in capsys.readouterr().err


def test_verify(run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run("verify")
    assert "0 failed" in out
    assert "some.vcf.gz" in out
    assert "warning" not in out


def test_verify_exits_with_1_where_a_check_fails(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    new("build", "--vcf", str(vcf))
    held = new.lake / "bronze" / "some.vcf"
    held.write_text(vcf_text([*RECORDS, RECORDS[0]]), encoding="utf-8")
    assert main(["verify", "--lake", str(new.lake)]) == 1


def test_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    out = capsys.readouterr().out
    for name in ("demo", "phase3", "highcov"):
        assert any(line.startswith(name) for line in out.splitlines())
    assert "205.6 MB" in out


# What goes wrong


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be built."""
    folder = tmp_path_factory.mktemp("bad")
    whole = bgzf(vcf_text(RECORDS * 20).encode(), [300])
    middle = len(whole) // 2
    flipped = bytearray(whole)
    flipped[middle] ^= 16
    for name, content in {
        "good.vcf": vcf_text(RECORDS).encode(),
        "picture.vcf": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        "empty.vcf": b"",
        "short.vcf.gz": whole[:middle],
        "flipped.vcf.gz": bytes(flipped),
        "header-gone.vcf": vcf_text(RECORDS).encode().split(b"\n", 2)[2],
        "nopop.tsv": b"sample\theight\nA\t1\n",
        "nosample.tsv": b"height\tpop\n1\tGBR\n",
        "empty.tsv": b"",
        "binary.tsv": bytes(range(128, 256)),
    }.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--vcf", "absent.vcf"], 2, "does not exist"),
        (["--vcf", "folder"], 2, "holds no"),
        (["--vcf", "picture.vcf"], 1, "is not a VCF"),
        (["--vcf", "empty.vcf"], 1, "is empty"),
        (["--vcf", "short.vcf.gz"], 1, "cut short"),
        (["--vcf", "flipped.vcf.gz"], 1, "damaged"),
        (["--vcf", "header-gone.vcf"], 1, "is not a VCF"),
        (["--vcf", "good.vcf", "--samples", "absent.tsv"], 2, "does not exist"),
        (["--vcf", "good.vcf", "--samples", "folder"], 2, "is not a file"),
        (["--vcf", "good.vcf", "--samples", "nopop.tsv"], 1, "population"),
        (["--vcf", "good.vcf", "--samples", "nosample.tsv"], 1, "sample"),
        (["--vcf", "good.vcf", "--samples", "empty.tsv"], 1, "is empty"),
        (["--vcf", "good.vcf", "--samples", "binary.tsv"], 1, "UTF-8"),
        (["--vcf", "good.vcf", "--dataset", "demo"], 2, "one or the other"),
        (["--samples", "nopop.tsv"], 2, "goes with --vcf"),
        (["--dataset", "nope"], 2, "no data set"),
        (["--dataset", "phase3", "--chrom", "23"], 2, "no chromosome 23"),
        (["--chrom", "22"], 2, "goes with --dataset"),
        (["--vcf", "good.vcf", "--workers", "0"], 2, "at least 1"),
        ([], 2, "--dataset demo"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(
    words: list[str], code: int, said: str, new: Command, bad: Path
) -> None:
    given = [str(bad / w) if "." in w or w == "folder" else w for w in words]
    assert said in new("build", *given, code=code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "--dataset demo"),
        (["raw", "22:1"], "--dataset demo"),
        (["variant", "rs1"], "--dataset demo"),
        (["query", "select 1"], "--dataset demo"),
        (["export", "gold.frequencies", "-o", "x.csv"], "--dataset demo"),
        (["verify"], "--dataset demo"),
    ],
)
def test_commands_on_a_folder_without_a_lake(words: list[str], said: str, new: Command) -> None:
    assert said in new(*words, code=2)


def test_commands_on_layers_that_are_not_built(new: Command, bad: Path, tmp_path: Path) -> None:
    new("build", "bronze", "--vcf", str(bad / "good.vcf"))
    new("raw", "22:100")
    assert "medallion build silver" in new("variant", "22:100", code=1)
    target = str(tmp_path / "x.csv")
    assert "medallion build gold" in new("export", "gold.frequencies", "-o", target, code=1)
    assert "frequencies" in new("query", "select * from gold.frequencies", code=1)
    new("build", "silver")
    assert "medallion build gold" in new("variant", "22:100", code=1)
    new("verify")


@pytest.mark.parametrize(
    "words", [[], ["unknown"], ["build", "platinum"], ["raw"], ["build", "--workers", "two"]]
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: medallion" in capsys.readouterr().err


def test_as_a_module_and_as_a_program(built: Path) -> None:
    def python(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "medallion", *words],
            check=False, capture_output=True, text=True, encoding="utf-8", timeout=60,
        )  # fmt: skip

    assert python("--version").stdout == f"medallion {__version__}\n"
    done = python("query", "--lake", str(built), "select count(*) as n from silver.variants")
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n5\n", "")
    refused = python("status", "--lake", str(built / "none"))
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a shell of POSIX")
def test_a_reader_that_has_seen_enough(demo_lake: Lake) -> None:
    """`medallion raw ... | head -1` ends without a word of complaint."""
    with subprocess.Popen(
        [sys.executable, "-m", "medallion", "raw", "--lake", str(demo_lake.path), "22"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline().startswith(b"22\t")
        program.stdout.close()
        errors = program.stderr.read()
        assert program.wait(timeout=30) == 0
    assert errors == b""
