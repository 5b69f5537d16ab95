"""Parquet files of coded columns, as three readers that know nothing of them read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medallion.storage import pages
from medallion.storage.coded import Coded, Plain
from medallion.storage.pages import PageWriter, Rows
from medallion.storage.thrift import varint

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("code", pa.string(), nullable=False),
        pa.field("copies", pa.int8(), nullable=False),
        pa.field("place", pa.int16(), nullable=False),
        pa.field("pos", pa.int32(), nullable=False),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("share", pa.float64()),
        pa.field("count", pa.int32(), nullable=False),
    ]
)


def some_rows(
    rng: np.random.Generator, n: int, distinct: int, *, null: bool
) -> tuple[Rows, dict[str, list[Any]]]:
    """Columns of n rows, and what they are to be read as."""
    lengths = rng.integers(0, 40, n)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), n))]
    lengths = np.append(lengths, n - lengths.sum())  # runs of no rows among them
    names = [f"näme{i % 7}" if i % 3 or not null else None for i in range(len(lengths))]
    words = [f"w{i}" for i in range(distinct)]
    code = rng.integers(0, distinct, n)
    pos, record = rng.integers(-5, 1 << 31, (2, len(lengths)))
    copies, place = rng.integers(0, 3, n), rng.integers(0, 2, n)
    share, count = rng.random(n), rng.integers(-9, 9, n).astype(np.int32)
    absent = rng.random(n) < (0.5 if null else 0)
    columns: dict[str, Coded | Plain] = {
        "count": Plain(count),
        "share": Plain(share, absent),
        "name": Coded.of(names).repeated(lengths),
        "code": Coded.of(words).take(code),
        "copies": Coded.numbers(np.array([0, 1, 2])).take(copies),
        "place": Coded.numbers(np.array([-1, 7], np.int16)).take(place),
        "pos": Coded.numbers(pos).repeated(lengths),
        "record": Coded.numbers(record << 20).repeated(lengths),
    }
    told = {
        "name": [x for x, k in zip(names, lengths.tolist(), strict=True) for _ in range(k)],
        "code": [words[c] for c in code.tolist()],
        "copies": copies.tolist(),
        "place": [-1 if p == 0 else 7 for p in place.tolist()],
        "pos": np.repeat(pos, lengths).tolist(),
        "record": np.repeat(record << 20, lengths).tolist(),
        "share": [None if a else s for s, a in zip(share.tolist(), absent.tolist(), strict=True)],
        "count": count.tolist(),
    }
    return columns, told


@pytest.mark.parametrize("null", [False, True])
def test_rows_come_back(
    null: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "_ROWS_PER_PAGE", 1 << 10)
    rng = np.random.default_rng(1)
    path = tmp_path / "a.parquet"
    writer = PageWriter(path, SCHEMA, {"pos", "record", "count", "code"})
    wanted: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    bounds = []
    # One code, and as many as have 1, 2, 4, 8 and 16 bits, and one more of each.
    for distinct, n in (
        (1, 1), (2, 8), (3, 9), (4, 1023), (5, 1024), (16, 1025), (17, 50), (256, 3000),
        (257, 2000), (40_000, 5000),
    ):  # fmt: skip
        columns, told = some_rows(rng, n, distinct, null=null)
        writer.write(columns)
        bounds.append((min(told["pos"]), max(told["pos"]), min(told["count"])))
        for name, values in told.items():
            wanted[name] += values
    writer.close()
    with pq.ParquetFile(path, page_checksum_verification=True) as opened:
        assert opened.schema_arrow == SCHEMA
        assert opened.read().to_pydict() == wanted
        for i, (low, high, least) in enumerate(bounds):
            group = opened.metadata.row_group(i)
            pos, count = (group.column(SCHEMA.names.index(n)).statistics for n in ("pos", "count"))
            assert (pos.min, pos.max, count.min) == (low, high, least)
            assert group.column(1).statistics is None  # of strings none are told
    assert pl.read_parquet(path).to_dict(as_series=False) == wanted
    assert duckdb.sql(f"from '{path.as_posix()}'").fetchall() == list(
        zip(*wanted.values(), strict=True)
    )
    coded = pq.ParquetFile(path, read_dictionary=["name", "code"]).read()
    assert coded["code"].to_pylist() == wanted["code"]
    assert coded["name"].to_pylist() == wanted["name"]


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    writer = PageWriter(path, SCHEMA, ())
    writer.write(some_rows(np.random.default_rng(2), 5000, 300, null=True)[0])
    writer.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with (
        pq.ParquetFile(path, page_checksum_verification=True) as opened,
        pytest.raises(OSError, match="CRC"),
    ):
        opened.read()


def test_numbers_of_any_length() -> None:
    """The examples of Thrift's and Protocol Buffers' specifications."""
    assert [varint(n) for n in (0, 127, 128, 300, 50399)] == [
        b"\0", b"\x7f", b"\x80\x01", b"\xac\x02", b"\xdf\x89\x03",
    ]  # fmt: skip
