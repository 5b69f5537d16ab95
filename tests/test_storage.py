"""Tables on disk: parts, versions, rows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from medallion.errors import LakeError
from medallion.files.recent import forget
from medallion.storage import delta, parts, rows
from medallion.storage.coded import Coded
from medallion.storage.schema import Column, Table

TABLE = Table(
    "silver.things",
    "thing",
    (
        Column("chrom", "string", "contig", nullable=False),
        Column("pos", "int32", "position, 1-based", nullable=False),
        Column("file", "string", "file", nullable=False),
        Column("record", "int64", "number", nullable=False),
        Column("note", "string", "a word or none"),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
)


def frame(low: int, high: int, chrom: str = "1") -> pl.DataFrame:
    n = high - low
    return TABLE.conform(
        pl.DataFrame(
            {
                "chrom": [chrom] * n,
                "pos": range(low, high),
                "file": ["f"] * n,
                "record": range(low, high),
                "note": ["a" if i % 2 else None for i in range(n)],
            }
        )
    )


def part(root: Path, low: int, high: int, chrom: str = "1", name: str = "part-0") -> parts.Part:
    written = parts.write_part(root, TABLE, frame(low, high, chrom), chrom=chrom, name=name)
    assert written is not None
    return written


def read(root: Path, version: int) -> pl.DataFrame:
    return delta.scan(root, TABLE, version).sort("chrom", "record").collect()


# Delta tables


def test_parts_are_seen_only_after_their_commit(tmp_path: Path) -> None:
    first = part(tmp_path, 0, 5)
    assert delta.open_table(tmp_path, TABLE) is None
    version = delta.commit(tmp_path, TABLE, [first], {"layer": "silver"})
    assert read(tmp_path, version).equals(frame(0, 5))
    part(tmp_path, 5, 9, name="part-1")
    assert read(tmp_path, version).equals(frame(0, 5))


def test_a_commit_replaces_all_and_leaves_the_version_before(tmp_path: Path) -> None:
    one = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 5)], {})
    two = delta.commit(tmp_path, TABLE, [part(tmp_path, 7, 9), None], {"who": "me"})
    assert (one, two) == (0, 1)
    assert read(tmp_path, one).equals(frame(0, 5))
    assert read(tmp_path, two).equals(frame(7, 9))
    history = DeltaTable(str(tmp_path / "silver/things")).history()
    assert history[0]["who"] == "me"


def test_a_look_at_a_table_does_not_read_the_log_of_every_build_there_was(tmp_path: Path) -> None:
    for n in range(24):
        delta.commit(tmp_path, TABLE, [part(tmp_path, n, n + 2, name=f"part-{n}")], {})
    for version in (9, 10, 11, 20, 23):
        assert read(tmp_path, version)["pos"].to_list() == [version, version + 1]
    for commit in sorted((tmp_path / "silver" / "things" / "_delta_log").glob("*.json"))[:20]:
        commit.unlink()
    assert read(tmp_path, 23)["pos"].to_list() == [23, 24]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    version = delta.commit(tmp_path, TABLE, [], {})
    empty = read(tmp_path, version)
    assert empty.is_empty()
    assert dict(empty.schema) == TABLE.polars_schema()
    again = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 2)], {})
    assert len(read(tmp_path, again)) == 2
    assert read(tmp_path, delta.commit(tmp_path, TABLE, [], {})).is_empty()


@pytest.mark.parametrize(
    "chrom",
    ["22", "chrX", "<chr1>", "HLA-A*01:01:01:01", "a/b", "a=b", "a b", "%41", "..", "ß" * 80],
)
def test_any_name_of_a_contig_comes_back(chrom: str, tmp_path: Path) -> None:
    parts = [part(tmp_path, 0, 3, chrom), part(tmp_path, 3, 4, "other")]
    version = delta.commit(tmp_path, TABLE, parts, {})
    found = read(tmp_path, version).filter(pl.col("chrom") == chrom)
    assert found.equals(frame(0, 3, chrom))
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert {g.chrom for g in groups} == {chrom, "other"}
    assert delta.clean(tmp_path, TABLE, [version]) == 0
    below = [p for p in (tmp_path / "silver").rglob("*") if p.is_file()]
    assert all(p.is_relative_to(tmp_path / "silver" / "things") for p in below)


def test_coded_rows_are_read_as_others(tmp_path: Path) -> None:
    writer = parts.PartWriter(tmp_path, TABLE, "1", "p")
    for first in (1, 4):
        numbers = Coded.numbers(np.arange(first, first + 3)).repeated(np.array([1, 0, 2]))
        writer.write(
            {
                "note": Coded.of(["b", None, "a"]),
                "record": numbers,
                "file": Coded.of(["f"]).repeated(np.array([3])),
                "pos": numbers,
            }
        )
    written = writer.close()
    version = delta.commit(tmp_path, TABLE, [written], {})
    found = read(tmp_path, version)
    assert found["note"].to_list() == ["b", None, "a"] * 2
    assert found["record"].to_list() == [1, 3, 3, 4, 6, 6]
    assert dict(found.schema) == TABLE.polars_schema()
    assert written is not None
    assert written.stats == {"pos": (1, 6), "file": ("f", "f"), "record": (1, 6)}
    parts.read_through(tmp_path, TABLE, written)
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert [(g.first_record, g.last_record) for g in groups] == [(1, 3), (4, 6)]


def test_filters_reach_the_files(tmp_path: Path) -> None:
    """A part whose bounds rule it out is not even opened."""
    kept, doomed = part(tmp_path, 0, 5), part(tmp_path, 100, 105, name="part-1")
    version = delta.commit(tmp_path, TABLE, [kept, doomed], {})
    (tmp_path / "silver" / "things" / doomed.path).write_bytes(bytes(doomed.bytes))
    found = delta.scan(tmp_path, TABLE, version).filter(pl.col("pos") < 50).collect()
    assert len(found) == 5


def test_all_files_of_a_table_are_looked_at_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A genome has thousands; a page of the app asks for a table many times over."""
    monkeypatch.setattr("medallion.files.recent._SECONDS_OF_FILES", 1000)
    own = part(tmp_path, 0, 5)
    version = delta.commit(tmp_path, TABLE, [own], {})
    delta.scan(tmp_path, TABLE, version)
    (tmp_path / "silver" / "things" / own.path).unlink()
    delta.scan(tmp_path, TABLE, version)
    forget(tmp_path)  # as a build does
    with pytest.raises(LakeError, match="a file of it is gone"):
        delta.scan(tmp_path, TABLE, version)


def test_row_groups_and_ranges_of_records(tmp_path: Path) -> None:
    writer = parts.PartWriter(tmp_path, TABLE, "1", "p")
    for low in (0, 10, 20):
        writer.write(frame(low, low + 10))
    written = writer.close()
    assert written is not None
    assert written.rows == 30
    version = delta.commit(tmp_path, TABLE, [written], {})
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert [(g.first_record, g.last_record) for g in groups] == [(0, 9), (10, 19), (20, 29)]
    for first, last in ((0, 29), (5, 5), (9, 10), (12, 23), (-5, 3)):
        found = rows.read_records(groups, ["record"], [], "1", "f", first, last)
        assert found is not None
        wanted = [r for r in range(30) if first <= r <= last]
        assert found["record"].to_pylist() == wanted
    assert rows.read_records(groups, ["record"], [], "1", "f", 30, 99) is None
    assert rows.read_records(groups, ["record"], [], "1", "g", 0, 9) is None


def test_cleaning_keeps_what_is_named(tmp_path: Path) -> None:
    one = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 5)], {})
    two = delta.commit(tmp_path, TABLE, [part(tmp_path, 5, 9)], {})
    three = delta.commit(tmp_path, TABLE, [part(tmp_path, 9, 10)], {})
    orphan = part(tmp_path, 50, 60)
    assert delta.clean(tmp_path, TABLE, [two, three]) == 2
    assert not (tmp_path / "silver" / "things" / orphan.path).exists()
    assert len(read(tmp_path, two)) == 4
    assert len(read(tmp_path, three)) == 1
    with pytest.raises(LakeError, match="a file of it is gone"):
        read(tmp_path, one)


def test_a_flipped_byte_of_a_part_is_never_missed_by_verify(tmp_path: Path) -> None:
    """Each byte of a file once, read as `verify` reads: other readers check no page's checksum."""
    written = part(tmp_path, 1, 300)
    path = parts.table_path(tmp_path, TABLE) / written.path
    data, missed = path.read_bytes(), []
    whole = pl.read_parquet(path)
    parts.read_through(tmp_path, TABLE, written)
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        try:
            parts.read_through(tmp_path, TABLE, written)
        except (OSError, pa.ArrowException):
            continue
        # A byte that Arrow has no use for, but polars has: whoever reads it is told.
        with suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
            if not pl.read_parquet(path).equals(whole):
                missed.append(place)
    assert missed == []
