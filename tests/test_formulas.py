"""Text in CSV and TSV: nothing that a spreadsheet runs, and every value can be had back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medallion import Lake
from medallion.export import as_text
from pages.shared import draw

UNDO = re.compile(r"^'('*[=+\-@\t\r\n])")
"""What the module's docstring gives to a reader, who has the file alone."""


def written(values: list[str | None]) -> list[str]:
    return as_text(pl.LazyFrame({"a": values}, schema={"a": pl.String})).collect()["a"].to_list()


@pytest.mark.parametrize(
    "value",
    ["=1+1", "=cmd|' /C calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "--1",
     "-1e", "+-1", "-=1", "'=1", "''@x", "-0|1"],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_quoted(value: str) -> None:
    assert written([value]) == [f"'{value}"]


@pytest.mark.parametrize(
    "value",
    ["", ".", "-", "+", "-12", "+5", "-1.5e-3", "-.5", "*", "<DEL>", "<INS:ME>", "G]17:198982]",
     "rs1", "0|1", "./.", "'quoted'", "''", "a=b", "AC=1;DB", " =1", "1-2", "HLA-A*01:01"],
)  # fmt: skip
def test_all_else_stays_as_it_is(value: str) -> None:
    assert written([value, None]) == [value, None]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="'=+-@\t\r\n1.eaG", max_size=8))
@example("'=")
def test_every_value_can_be_had_back(value: str) -> None:
    [text] = written([value])
    assert UNDO.sub(r"\1", text) == value
    number = re.fullmatch(r"[+\-]([\d.]+(e[+\-]?\d+)?)?", text)
    assert number or not re.match(r"[=+\-@\t\r\n]", text)


def test_numbers_names_and_other_kinds_of_text() -> None:
    frame = pl.DataFrame(
        {"n": [-1, 2], "x": [-0.5, None], "=a": ["-", "=b"], "e": ["@", "G"]},
        schema_overrides={"e": pl.Enum(["@", "G"])},
    )
    found = as_text(frame.lazy()).collect()
    assert found.rows() == [(-1, -0.5, "-", "'@"), (2, None, "'=b", "G")]
    assert found.columns == ["n", "x", "'=a", "e"]


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_names_of_a_vcf_run_nowhere_in_an_export(tmp_path: Path, ending: str) -> None:
    names = ["=cmd()", "+1+1", "@x", "-3", "rs1"]
    head = ("##fileformat=VCFv4.2\n##contig=<ID=7>\n"
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t=S(1)\t-2\n")  # fmt: skip
    body = "".join(
        f"7\t{100 + i}\t{n}\tA\t<DEL>\t.\t.\t.\tGT\t0|1\t1|1\n" for i, n in enumerate(names)
    )
    vcf = tmp_path / "odd.vcf"
    vcf.write_text(head + body, encoding="utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    delimiter = "," if ending == "csv" else "\t"
    for table, key in (("variants", "id"), ("genotypes", "sample")):
        path = tmp_path / f"{table}.{ending}"
        lake.export(f"silver.{table}", path)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter=delimiter))
        wanted = lake.scan(f"silver.{table}", build=False).collect()[key].to_list()
        assert [UNDO.sub(r"\1", row[key]) for row in rows] == wanted
        assert (
            {"'=S(1)", "-2"} == {row["sample"] for row in rows}
            if key == "sample"
            else [row["id"] for row in rows] == ["'=cmd()", "'+1+1", "'@x", "-3", "rs1"]
        )
        assert {row["alt"] for row in rows} == {"<DEL>"}


def test_what_a_page_downloads_runs_nowhere_and_parquet_is_exact() -> None:
    frame = pl.DataFrame({"id": ["=cmd()", "-"], "af": [-0.5, 1.0]})
    assert draw.as_bytes(frame, "csv") == b"id,af\n'=cmd(),-0.5\n-,1.0\n"
    assert pl.read_parquet(io.BytesIO(draw.as_bytes(frame, "parquet"))).equals(frame)


def test_no_page_writes_a_csv_past_the_rule() -> None:
    root = Path(__file__).resolve().parents[1]
    for folder in ("pages", "medallion"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for call in re.findall(r".*(?:write_csv|sink_csv)\(.*", text):
                assert "as_text(" in call, f"{path}: {call.strip()}"
