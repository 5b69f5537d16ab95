"""Exports: every format gives back what the lake holds, and bad wishes leave no trace."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from plain_vcf import split_file, vcf_text
from real_data import SLICES, metadata, tool

from medallion import Lake
from medallion.catalog import POPULATIONS, SUPER_POPULATIONS
from medallion.cli import main
from medallion.errors import LakeError, MedallionError, NotBuiltError, SourceError, UsageError
from medallion.export import excel
from medallion.export.vcf_header import Group

ODD = vcf_text(
    [
        "1 100 =cmd() A C,G 7.5 PASS AC=9,9;DB;AF_EUR=0.5;XX=a=b;YY=1;ZZ GT 0|1 1|2 ./1",
        "1 200 . A C . q10;odd . GT ./. 0/. .",
        "1 300 +1 A C 100 . DB GT 0 1 .",
        "1 400 . A . . . AN=7 GT 0/0 0/0 ./.",
        "1 600 . A <DEL>,* . . END=700 GT:DP 0/1:3 2/2 ./.:.",
        "1 650 . AT A . . . DP 1 2 3",
        "X 50 @x A C . . . GT 0/1 1 ./.",
    ],
    ("one", "two", "three"),
    extra=[
        "##contig=<ID=1>",
        '##FILTER=<ID=q10,Description="Low">',
        '##INFO=<ID=AC,Number=.,Type=String,Description="Wrong">',
        '##INFO=<ID=AF_EUR,Number=1,Type=Float,Description="Stated">',
        '##INFO=<ID=DB,Number=0,Type=Flag,Description="Flag">',
        '##INFO=<ID=XX,Number=1,Type=String,Description="Text">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    ],
)
WHO = {"one": ("GBR", "EUR"), "two": ("FIN", "EUR"), "three": ("YRI", "AFR")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small lake of odd records. For reading only."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.vcf").write_text(ODD, encoding="utf-8")
    table = "sample\tpop\n" + "".join(f"{s}\t{p}\n" for s, (p, _) in WHO.items())
    (folder / "samples.tsv").write_text(table, encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[folder / "odd.vcf"], samples=folder / "samples.tsv")
    lake.build("gold")
    return lake


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


# VCF


def query(vcf: Path, keys: list[str]) -> pl.DataFrame:
    """What bcftools reads: a record a row, each field as text."""
    columns = ["CHROM", "POS", "REF", "ALT", *(f"INFO/{k}" for k in keys)]
    run = subprocess.run(
        [tool("bcftools"), "query", "-f", "\t".join(f"%{c}" for c in columns) + "\n", str(vcf)],
        check=True, capture_output=True,
    )  # fmt: skip
    assert run.stderr == b""
    return pl.read_csv(
        run.stdout, separator="\t", has_header=False, new_columns=columns, infer_schema=False,
        quote_char=None,
    )  # fmt: skip


def filled(vcf: Path, who: dict[str, tuple[str, str]], folder: Path) -> Path:
    """`vcf` with counts of each group by bcftools."""
    listed, target = folder / "groups.txt", folder / "filled.bcf"
    rows = [f"{s}\t{','.join(dict.fromkeys(pair))}\n" for s, pair in who.items()]
    listed.write_text("".join(rows), encoding="utf-8")
    subprocess.run(
        [tool("bcftools"), "+fill-tags", str(vcf), "-Ob", "-o", str(target), "--", "-S",
         str(listed), "-t", "AC,AN,AF"],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def keys_of(who: dict[str, tuple[str, str]]) -> list[str]:
    codes = sorted({code for pair in who.values() for code in pair})
    return [f"{k}{end}" for end in ("", *(f"_{c}" for c in codes)) for k in ("AC", "AN", "AF")]


@pytest.mark.parametrize("name", ["chr22", "chrX", "chrMT"])
def test_counts_are_those_of_fill_tags(
    name: str, real_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    tool("bcftools")
    lake = real_lake(name)
    source = Path(lake.source.vcf[0])
    packed = tmp_path / "out.vcf.gz"
    done = lake.export("vcf", packed)
    header = split_file(source)[0][-1]
    known = metadata(SLICES[name].samples)
    who = {s: known.get(s, ("unassigned", "unassigned")) for s in header.split("\t")[9:]}
    keys = keys_of(who)
    if name == "chr22":
        assert len(keys) == 3 * (1 + len(POPULATIONS) + len(SUPER_POPULATIONS))
    ours, theirs = query(packed, keys), query(filled(source, who, tmp_path), keys)
    assert len(ours) == len(theirs) == done.rows > 100
    for column in theirs.columns:
        assert ours[column].equals(theirs[column]), column
    subprocess.run([tool("bcftools"), "index", str(packed)], check=True)


def test_odd_records_are_as_bcftools_counts_them(odd: Lake, tmp_path: Path) -> None:
    path = tmp_path / "odd.vcf"
    odd.export("vcf", path)
    keys = keys_of(WHO)
    source = tmp_path / "source.vcf"
    # bcftools refuses what the lake survives: names without a definition, AC as text.
    more = '##contig=<ID=X>\n##FILTER=<ID=odd,Description="Odd">\n##contig=<ID=1>'
    more += '\n##INFO=<ID=YY,Number=1,Type=String,Description="Y">'
    more += '\n##INFO=<ID=AN,Number=1,Type=Integer,Description="AN">'
    more += '\n##INFO=<ID=ZZ,Number=0,Type=Flag,Description="Z">'
    readable = ODD.replace("AC,Number=.,Type=String", "AC,Number=A,Type=Integer")
    source.write_text(readable.replace("##contig=<ID=1>", more), "utf-8")
    ours, theirs = query(path, keys), query(filled(source, WHO, tmp_path), keys)
    with_gt = [p != "650" for p in ours["POS"]]
    assert ours.filter(with_gt).rows() == theirs.filter(with_gt).rows()
    assert ours.row(5)[4:] == (".",) * len(keys)


def test_lines_of_a_vcf(odd: Lake, tmp_path: Path) -> None:
    path = tmp_path / "odd.vcf"
    done = odd.export("vcf", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("#")]
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    assert header[0] == "##fileformat=VCFv4.3"
    assert header[-1] == "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    assert "##contig=<ID=1>" in header
    assert "##contig=<ID=X>" in header
    assert '##FILTER=<ID=q10,Description="Low">' in header
    assert any(line.startswith("##FILTER=<ID=odd,") for line in header)
    assert any(line.startswith("##INFO=<ID=YY,Number=.,Type=String,") for line in header)
    assert any(line.startswith("##INFO=<ID=ZZ,Number=0,Type=Flag,") for line in header)
    for key, start in (("AC", "A,Type=Integer"), ("AN", "1,Type=Integer"), ("AF", "A,Type=Float")):
        for end in ("", "_EUR", "_GBR", "_YRI"):
            own = [line for line in header if line.startswith(f"##INFO=<ID={key}{end},")]
            assert len(own) == 1
            assert own[0].startswith(f"##INFO=<ID={key}{end},Number={start},"), own
    assert not any("FORMAT" in line for line in header)
    assert done.rows == len(records) == 7
    assert done.unit == "records"
    assert records[0][:7] == ["1", "100", "=cmd()", "A", "C,G", "7.5", "PASS"]
    info = records[0][7].split(";")
    assert info[:3] == ["AC=3,1", "AN=5", "AF=0.6,0.2"]
    assert "AC_EUR=2,1" in info
    assert "AF_EUR=0.5,0.25" in info
    assert info[-4:] == ["DB", "XX=a=b", "YY=1", "ZZ"]
    assert sum(word.startswith("AF_EUR=") for word in info) == 1
    assert [r[6] for r in records] == ["PASS", "q10;odd", ".", ".", ".", ".", "."]
    assert records[3][7].startswith("AN=4;AN_AFR=0;")
    assert records[5] == ["1", "650", ".", "AT", "A", ".", ".", "."]
    assert records[4][4] == "<DEL>,*"
    assert records[4][7].endswith(";END=700")


def test_a_region_of_a_vcf(demo_lake: Lake, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.vcf", tmp_path / "part.vcf"
    demo_lake.export("vcf", whole)
    demo_lake.export("vcf", part, region="chr22:17000000-18000000")

    def lines(path: Path) -> list[str]:
        found = path.read_text(encoding="utf-8").splitlines()
        return [line for line in found if not line.startswith("#")]

    inside = [
        line for line in lines(whole) if 17_000_000 <= int(line.split("\t", 2)[1]) <= 18_000_000
    ]
    assert lines(part) == inside
    assert len(lines(whole)) > len(inside) > 100
    none = demo_lake.export("vcf", part, region="21")
    assert none.rows == 0
    assert lines(part) == []


def test_groups_have_keys_that_a_vcf_may_have() -> None:
    found = [("EUR", "population"), ("a-b c", "population"), ("a_b c", "population"),
             ("EUR", "super_population"), ("ALL", "all")]  # fmt: skip
    named = Group.named(found)
    assert [g.code for g in named] == [code for code, _ in found]
    assert [g.af for g in named] == [
        "AF_EUR_population", "AF_a_b_c", "AF_a_b_c_population", "AF_EUR", "AF",
    ]  # fmt: skip


def test_a_vcf_of_stale_gold_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text(ODD, encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf"])
    lake.build("gold")
    (tmp_path / "a.vcf").write_text(ODD.replace("1 300".replace(" ", "\t"), "1\t301"), "utf-8")
    lake.build("silver")
    with pytest.raises(NotBuiltError, match=r"Gold is stale.*medallion build gold"):
        lake.export("vcf", tmp_path / "x.vcf")
    lake.build("gold")
    for part in (lake.path / "gold" / "frequencies").rglob("*.parquet"):
        part.unlink()
    with pytest.raises(LakeError, match="medallion build gold --force"):
        lake.export("vcf", tmp_path / "x.vcf")
    assert not (tmp_path / "x.vcf").exists()


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
