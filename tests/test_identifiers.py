"""The identifiers of a lake, sorted, and what is looked up in them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from medallion import Lake
from medallion.find import places, variant_filter
from medallion.silver import identifiers
from medallion.silver.tables import IDENTIFIERS, VARIANTS
from medallion.storage.parts import table_path, write_part


def listed(variants: pl.DataFrame) -> pl.DataFrame:
    """What the table is to hold, told from all variants."""
    spelled = variants.drop_nulls("id").with_columns(pl.col("id").str.split(";")).explode("id")
    return spelled.select("chrom", "id", "pos", "file").unique().sort(pl.all())


@pytest.fixture(scope="module")
def variants(demo_lake: Lake) -> pl.DataFrame:
    return demo_lake.scan("silver.variants", build=False).collect()


def test_every_identifier_is_listed_once(demo_lake: Lake, variants: pl.DataFrame) -> None:
    table = demo_lake.scan("silver.identifiers", build=False).collect()
    assert table.sort(pl.all()).equals(listed(variants))
    assert len(table) > 2000


@pytest.mark.parametrize(("most", "parts"), [(10, 3), (1400, 2), (1 << 20, 1)])
def test_parts_are_sorted_and_bounded(
    most: int, parts: int, variants: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identifiers, "_ROWS_PER_PART", most)
    monkeypatch.setattr(identifiers, "_ROWS_PER_GROUP", 100)
    ids = pl.when(pl.col("record") % 9 > 0).then(pl.col("id") + ";rs" + pl.col("id"))
    some = variants.head(1800).with_columns(id=ids)
    written = [
        write_part(tmp_path, VARIANTS, some[i : i + 600], chrom="22", name=f"part-{i}")
        for i in (0, 600, 1200)
    ]
    tasks = identifiers.listings(tmp_path, "a file", [p for p in written if p])
    made = [part for t in tasks if (part := identifiers.list_identifiers(t))]
    assert len(made) == parts
    frames = []
    for part in made:
        path = table_path(tmp_path, IDENTIFIERS) / part.path
        rows = pl.read_parquet(path, hive_partitioning=False)
        frames.append(rows)
        assert rows["id"].is_sorted()
        assert part.stats == {
            "id": (rows["id"][0], rows["id"][-1]), "file": ("a file", "a file")
        }  # fmt: skip
        groups = pq.read_metadata(path)
        bounds = [groups.row_group(i).column(0).statistics for i in range(groups.num_row_groups)]
        assert len(bounds) == -(-len(rows) // 100)
        assert all(one.max <= other.min for one, other in pairwise(bounds))
    expected = listed(some).select("id", "pos").unique().sort(pl.all())
    assert pl.concat(frames).select("id", "pos").sort(pl.all()).equals(expected)


def test_places_are_few_and_hold_what_is_meant(demo_lake: Lake, variants: pl.DataFrame) -> None:
    table = demo_lake.scan("silver.identifiers", build=False)
    named = variants.drop_nulls("id")
    for row in named[::400].iter_rows(named=True):
        here = variants.filter(places([row["id"]], table))
        meant = variants.filter(variant_filter(row["id"]))
        assert len(meant) > 0
        assert here.filter(variant_filter(row["id"])).equals(meant)
        assert set(here["pos"]) <= set(meant["pos"])
    texts = [named["id"][3], f"chr22:{named['pos'][7]:,}", "22-5-A-G", "rs0", f"22:{1 << 40}"]
    assert set(variants.filter(places(texts, table))["pos"]) == {named["pos"][3], named["pos"][7]}
    assert variants.filter(places(["nothing"], table)).is_empty()
