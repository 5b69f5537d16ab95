"""Lines that silver set apart are kept to the byte, whatever bytes they have."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plain_vcf import vcf_text

from medallion import Lake
from medallion.cli import main
from medallion.errors import UsageError
from medallion.vcf.escaped import line_of, readable
from pages.shared import defects

# Bytes that mean something to UTF-8 or to the escape stand together more often than by chance.
PIECES = st.one_of(
    st.binary(max_size=4),
    st.sampled_from([b"\\", b"\\x", b"\\xff", b"\xc3", b"\xa9", b"x5c", b"\t"]),
)
LINES = st.lists(PIECES, max_size=12).map(b"".join)


@given(LINES)
@example(b"\\xff\xff")
@example(b"\\\\\xff\\")
def test_a_line_is_turned_back_into_its_bytes(line: bytes) -> None:
    text, escaped = readable(line)
    assert line_of(text, escaped=escaped) == line
    assert text.encode("utf-8").decode("utf-8") == text
    try:
        assert (text, escaped) == (line.decode("utf-8"), False)
    except UnicodeDecodeError:
        assert escaped


@given(LINES, LINES)
def test_no_two_lines_are_told_alike(one: bytes, two: bytes) -> None:
    assert (readable(one) == readable(two)) == (one == two)


BROKEN = [
    b"1\t1\t\xff\\xfe\tA\tC\t.\t.\t.\tGT\t0/1",
    b"1\t2\t.\tA\tC\t.\t.\tX=\\xff\tGT\t0/1\t0/0",
    b"1\tx\tcaf\xc3\xa9\\\tA\tC\t.\t.\t.\tGT\t0/1",
    b"1\tx\tcaf\xe9\tA\tC\t.\t.\t.\tGT\t0/1",
    b"1\t3\t.\tA\tC\t.\t.\t.\tGT\t0/\xf0",
]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    head, body = vcf_text(["1 1 . A C . . . GT 0/1"], ("A",)).encode().split(b"\n", 1)
    vcf = tmp_path / "a.vcf"
    vcf.write_bytes(b"\n".join([head, b"##by=Andr\xe9 \\o/", body[:-1], *BROKEN, b""]))
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    return lake


def test_what_is_set_apart_is_taken_out_as_it_was(lake: Lake, tmp_path: Path) -> None:
    kept = lake.scan("silver.defects").filter(pl.col("scope") == "record").sort("line").collect()
    assert kept["raw_escaped"].to_list() == [True, False, False, True, True]
    assert kept["raw"][1] == BROKEN[1].decode()
    done = lake.export("silver.defects", tmp_path / "lines.txt", where="scope = 'record'")
    assert sorted(done.path.read_bytes().splitlines()) == sorted(BROKEN)
    assert (done.rows, done.unit) == (5, "lines")


def test_a_header_line_that_is_not_text_is_noted_as_it_was(lake: Lake) -> None:
    noted = lake.scan("silver.defects").filter(pl.col("scope") == "header").collect()
    assert noted.select("line", "reason", "detail").rows() == [
        (2, "header-malformed", "expected UTF-8 text")
    ]
    (raw,), (escaped,) = noted["raw"], noted["raw_escaped"]
    assert line_of(raw, escaped=escaped) == b"##by=Andr\xe9 \\o/"


def test_the_command_line_takes_lines_out(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "lines.txt"
    where = defects.condition(("quarantined",), ("pos-malformed", "column-count"))
    told = ["export", "silver.defects", "-o", str(out), "--lake", str(lake.path)]
    assert main([*told, "--where", str(where)]) == 0
    assert capsys.readouterr().out.startswith("2 lines of silver.defects in")
    assert sorted(out.read_bytes().splitlines()) == sorted([BROKEN[1], BROKEN[2]])
    # As the page offers them.
    assert defects.written(str(lake.path), (), (), ".txt").count(b"\n") == 6


def test_only_defects_have_lines(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"lines\.txt has no ending"):
        lake.export("silver.variants", tmp_path / "lines.txt")
