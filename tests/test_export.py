"""Exports of a layer or a table: folders, DuckDB, Excel; and wishes that cannot be."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
from odd_export import odd
from plain_vcf import vcf_text

from medallion import Lake
from medallion.cli import main
from medallion.errors import MedallionError, SourceError, UsageError
from medallion.export import excel

__all__ = ["odd"]  # fixture


def layer_of(lake: Lake, layer: str) -> dict[str, pl.DataFrame]:
    names = [t.name for t in lake.tables() if t.layer == layer]
    return {n: lake.scan(n, build=False).collect() for n in names}


# A layer as a folder


def test_all_of_gold_as_a_folder_of_parquet(demo_lake: Lake, tmp_path: Path) -> None:
    done = demo_lake.export("gold", tmp_path / "gold")
    whole = layer_of(demo_lake, "gold")
    assert len(whole) > 10
    files = {p.name for p in done.path.iterdir()}
    assert files == {f"{n.removeprefix('gold.')}.parquet" for n in whole}
    for name, frame in whole.items():
        back = pl.read_parquet(done.path / f"{name.removeprefix('gold.')}.parquet")
        assert back.equals(frame), name
    versions = demo_lake.status()["gold"].versions
    assert [(o.table, o.version, o.rows) for o in done.tables] == [
        (n, versions[n.removeprefix("gold.")], len(f)) for n, f in whole.items()
    ]
    assert done.rows == sum(len(f) for f in whole.values())
    assert done.lake == demo_lake.path
    said = pl.read_parquet_metadata(done.path / "frequencies.parquet")["medallion"]
    assert said == f"gold.frequencies, version {versions['frequencies']} in the lake {done.lake}"


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_folder_of_text(form: str, odd: Lake, tmp_path: Path) -> None:
    # A second export takes the place of the first one, of another format too.
    odd.export("gold", tmp_path / "out")
    odd.export("gold", f"{tmp_path}/out/", form=form)
    assert {p.suffix for p in (tmp_path / "out").iterdir()} == {f".{form}"}
    separator = "," if form == "csv" else "\t"
    frame = odd.scan("gold.frequencies").collect()
    path = tmp_path / "out" / f"frequencies.{form}"
    back = pl.read_csv(path, separator=separator, schema=frame.schema)
    # The quote before what a spreadsheet would run is taken off, as the README says.
    quoted = pl.col(pl.String).str.replace(r"^'('*[=+\-@\t\r\n])", "${1}")
    assert back.with_columns(quoted).equals(frame)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_holds_other_things_is_left_alone(odd: Lake, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    with pytest.raises(UsageError, match=r"thesis\.txt.*empty folder"):
        odd.export("gold", tmp_path / "mine")
    assert [p.name for p in tmp_path.rglob("*")] == ["mine", "thesis.txt"]
    # A table of the user's own that is called as one of gold's.
    (tmp_path / "mine" / "thesis.txt").rename(tmp_path / "mine" / "samples.csv")
    with pytest.raises(UsageError, match=r"samples\.csv"):
        odd.export("gold", tmp_path / "mine", form="csv")
    assert (tmp_path / "mine" / "samples.csv").read_text(encoding="utf-8") == "years"


def test_an_empty_folder_that_one_stands_in(
    odd: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    odd.export("gold", ".")
    assert (tmp_path / "here" / "fst.parquet").exists()


# DuckDB


def test_gold_as_a_database(demo_lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    path.write_bytes(b"what an export replaces")
    done = demo_lake.export("gold", path)
    assert [p.name for p in tmp_path.iterdir()] == ["lake.duckdb"]
    with duckdb.connect(str(path), read_only=True) as opened:
        for name, frame in layer_of(demo_lake, "gold").items():
            back = opened.sql(f"select * from {name}").pl()
            assert back.equals(frame), name
        said = dict(
            opened.execute(
                "select table_name, comment from duckdb_tables() where schema_name = 'gold'"
            ).fetchall()
        )
        assert len(said) == len(done.tables)
        assert said["frequencies"].startswith("One row per ALT allele and group of samples. gold")
        meanings = opened.execute(
            "select table_name, column_name, comment from duckdb_columns() where schema_name='gold'"
        ).fetchall()
        meant = {(t, c): m for t, c, m in meanings}
        for table in demo_lake.tables():
            for column in table.columns if table.layer == "gold" else ():
                assert meant[table.short, column.name].startswith(column.meaning)
        wide = opened.sql("select * from gold.variant_frequencies").pl()
        named = opened.execute("select count(*) from gold.population_frequencies").fetchone()
        views = opened.execute("select comment from duckdb_views() where not internal").fetchall()
        assert all(comment for (comment,) in views)
    frequencies = demo_lake.scan("gold.frequencies").collect()
    key = ["file", "record", "alt_index"]
    assert named == (len(frequencies),)
    assert len(wide) == frequencies.select(key).n_unique()
    for code in ("AFR", "EUR"):
        own = frequencies.filter(population=code, level="super_population")
        both = wide.join(own, on=key, suffix="_own")
        assert len(both) == len(wide)
        assert (both[f"af_{code.lower()}"] == both["af_own"]).all()
    # From another database, under another name.
    with duckdb.connect(":memory:") as other:
        other.execute(f"attach '{path}' as x (read_only)")
        counted = other.execute("select count(*) from x.gold.variant_frequencies").fetchone()
        assert counted == (len(wide),)


def test_a_database_that_could_not_be_read_is_refused(odd: Lake, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"schema of that name.*lake\.duckdb"):
        odd.export("gold", tmp_path / "gold.duckdb")
    (tmp_path / "x.duckdb").write_bytes(b"old")
    (tmp_path / "x.duckdb.wal").write_bytes(b"journal")
    with pytest.raises(UsageError, match="is open in DuckDB"):
        odd.export("gold.frequencies", tmp_path / "x.duckdb")
    assert (tmp_path / "x.duckdb").read_bytes() == b"old"


# Excel

_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(path: Path) -> dict[str, list[dict[str, str]]]:
    """The cells of each sheet by their addresses' letters; formulas and links are refused."""
    with zipfile.ZipFile(path) as book:
        names = [s.attrib["name"] for s in ET.fromstring(book.read("xl/workbook.xml")).iter(
            f"{{{_NS['m']}}}sheet")]  # fmt: skip
        found = {}
        for i, name in enumerate(names, 1):
            root = ET.fromstring(book.read(f"xl/worksheets/sheet{i}.xml"))
            assert root.findall(".//m:f", _NS) == []
            assert root.findall(".//m:hyperlink", _NS) == []
            found[name] = [
                {
                    c.attrib["r"].rstrip("0123456789"): c.findtext(".//m:t", None, _NS)
                    or c.findtext("m:v", "", _NS)
                    for c in row
                }
                for row in root.iter(f"{{{_NS['m']}}}row")
            ]
    return found


def test_a_table_as_a_sheet(odd: Lake, tmp_path: Path) -> None:
    path = tmp_path / "variants.xlsx"
    done = odd.export("silver.variants", path)
    assert list(sheets(path)) == ["variants"]
    first, *rows = sheets(path)["variants"]
    frame = odd.scan("silver.variants").collect()
    assert list(first.values()) == frame.columns
    assert done.rows == len(rows) == len(frame)
    letters = {name: letter for letter, name in first.items()}
    for row, values in zip(rows, frame.iter_rows(named=True), strict=True):
        # What is a formula to a spreadsheet that opens a CSV is text here.
        assert row.get(letters["id"]) == values["id"]
        assert int(row[letters["pos"]]) == values["pos"]
        # 64-bit numbers are all there: as text, for Excel keeps 15 digits.
        assert row.get(letters["pattern"], "None") == str(values["pattern"])
        assert row[letters["has_gt"]] == str(int(values["has_gt"]))
        assert row.get(letters["qual"]) == (None if (q := values["qual"]) is None else f"{q:g}")
    assert "=cmd()" in frame["id"].to_list()


def test_gold_as_a_workbook(odd: Lake, tmp_path: Path) -> None:
    done = odd.export("gold", tmp_path / "gold.xlsx")
    found = sheets(tmp_path / "gold.xlsx")
    assert {f"gold.{n}": len(rows) - 1 for n, rows in found.items()} == {
        o.table: o.rows for o in done.tables
    }


def test_what_excel_cannot_hold(odd: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")
    excel.check_rows([("gold.frequencies", 1_048_575)])
    with pytest.raises(UsageError, match=r"gold\.frequencies has 1,048,576 rows.*Parquet"):
        excel.check_rows([("gold.frequencies", 1_048_576)])
    monkeypatch.setattr(excel, "MAX_ROWS", 20)
    with pytest.raises(UsageError, match=r"gold\.frequencies has [0-9]+ rows"):
        odd.export("gold", path)
    monkeypatch.setattr(excel, "MAX_ROWS", 1_048_576)
    monkeypatch.setattr(excel, "MAX_CELL", 8)
    with pytest.raises(UsageError, match=r"silver\.variants, row 1: .* characters"):
        odd.export("silver.variants", path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.xlsx"]


# Wishes that cannot be


@pytest.mark.parametrize(
    ("table", "target", "options", "kind", "said"),
    [
        ("gold", "x.parquet", {}, UsageError, r"can hold one table.*Name a folder"),
        ("gold", "x.csv", {}, UsageError, "can hold one table"),
        ("gold", "x", {"region": "1"}, UsageError, "--region cannot be used with gold"),
        ("gold", "x", {"where": "af > 0"}, UsageError, "--where cannot be used with gold"),
        ("gold", "x", {"form": "json"}, UsageError, "no format 'json'"),
        ("gold", "x.xlsx", {"form": "csv"}, UsageError, "x.xlsx is one file"),
        ("gold.fst", "x.csv", {"form": "csv"}, UsageError, "--format is for a whole layer"),
        ("gold.fst", "x.ods", {}, UsageError, "no ending.*parquet.*xlsx.*duckdb"),
        ("gold", "none/x", {}, SourceError, "none.x cannot be written"),
        ("gold", "none/x.xlsx", {}, SourceError, "cannot be written"),
        ("gold.fst", "none/x.duckdb", {}, SourceError, "cannot be written"),
        ("vcf", "x.bcf", {}, UsageError, r"no ending of a VCF.*vcf\.gz"),
        ("vcf", "x.gz", {}, UsageError, "no ending of a VCF"),
        ("vcf", "x.vcf", {"region": "#5"}, UsageError, "is no region"),
        ("vcf", "x.vcf", {"populations": ["GBR"]}, UsageError, "--population cannot be used"),
        ("vcf", "none/x.vcf", {}, SourceError, "cannot be written"),
        ("silver", "x.vcf.gz", {}, UsageError, "can hold one table"),
        ("golden", "x", {}, UsageError, "There is no table"),
    ],
)
def test_wishes_that_cannot_be(
    table: str,
    target: str,
    options: dict[str, object],
    kind: type[MedallionError],
    said: str,
    odd: Lake,
    tmp_path: Path,
) -> None:
    with pytest.raises(kind, match=said) as raised:
        odd.export(table, tmp_path / target, **options)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_the_lake_and_its_source_are_not_overwritten(odd: Lake) -> None:
    source = Path(odd.source.vcf[0])
    before = source.read_bytes()
    for target in (source, odd.path / "bronze" / "x.vcf", odd.path / "gold"):
        with pytest.raises(UsageError, match="belongs to the lake"):
            odd.export("vcf" if target.suffix else "gold", target)
    assert source.read_bytes() == before
    assert odd.status()["gold"].state == "fresh"


def test_the_command_says_what_and_where_from(
    odd: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = ["--lake", str(odd.path)]
    target = tmp_path / "gold"
    assert main(["export", "gold", "--to", f"{target}/", *lake]) == 0
    first, *tables = capsys.readouterr().out.splitlines()
    assert first.endswith(f" rows of gold in {target}")
    rows = len(odd.scan("gold.frequencies").collect())
    assert f"  {rows} of gold.frequencies, version 0 in {odd.path}" in tables
    assert main(["export", "vcf", "--to", str(tmp_path / "x.vcf.gz"), *lake]) == 0
    assert capsys.readouterr().out.startswith("7 records of vcf in ")
    assert main(["export", "gold", "-o", str(tmp_path / "gold.duckdb"), *lake]) == 2
    assert "Name it otherwise" in capsys.readouterr().err


def test_an_order_that_no_index_takes_is_said(tmp_path: Path) -> None:
    text = vcf_text(["1 200 . A C . . . GT 0/1", "1 100 . A C . . . GT 0/1"], ("one",))
    (tmp_path / "a.vcf").write_text(text, encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf"])
    lake.build("gold")
    done = lake.export("vcf", tmp_path / "x.vcf")
    assert done.rows == 2
    assert "bcftools sort" in done.note
    assert lake.export("vcf", tmp_path / "x.vcf", region="1:100").note == ""
