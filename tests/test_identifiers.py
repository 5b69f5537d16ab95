"""The identifiers of a lake, sorted, and what is looked up in them."""

from __future__ import annotations

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
    lower = pl.col("id").str.to_lowercase()
    folded = pl.when(lower != pl.col("id")).then(lower)
    rows = spelled.select("chrom", "id", "pos", "file", folded=folded)
    return rows.select(IDENTIFIERS.column_names).unique().sort(pl.all())


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
    ids = pl.when(pl.col("record") % 9 > 0).then(pl.col("id") + ";My_" + pl.col("id"))
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
        assert rows.equals(rows.sort("folded", "id", "pos"))
        told = {name: (rows[name].min(), rows[name].max()) for name in ("id", "folded")}
        assert part.stats == {**told, "file": ("a file", "a file")}
        assert pq.read_metadata(path).num_row_groups == -(-len(rows) // 100)
    names = pl.concat(frames).select("id", "folded", "pos")
    assert names.sort(pl.all()).equals(listed(some).select(names.columns).unique().sort(pl.all()))


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


_ANY = {"string": "x", "int32": 0, "int64": 0, "boolean": False}
CASED = [
    "MyVar_1",
    "rs77",
    "RS77",
    "rs77;Other",
    "esv3647175;esv3647176",
    "\u00c4hnlich_1",
    "lonely",
]


@pytest.fixture(scope="module")
def cased(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose identifiers are CASED, at 1000, 1050, ..."""
    folder = tmp_path_factory.mktemp("cased")
    head = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "S1"]
    rows = [["22", str(1000 + 50 * i), name, *"AG...", "GT", "0|1"] for i, name in enumerate(CASED)]
    lines = ["##fileformat=VCFv4.2", *("\t".join(row) for row in [head, *rows]), ""]
    vcf = folder / "cased.vcf"
    vcf.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[vcf])
    lake.build("silver")
    return lake


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("MyVar_1", [0]),
        ("mYvAR_1", [0]),
        ("Rs77", [1, 2, 3]),  # as written is none of them: any of them
        ("rs77", [1, 3]),
        ("RS77", [2]),
        ("OTHER", [3]),
        ("Esv3647176", [4]),
        ("\u00e4HNLICH_1", [5]),
        ("LoneLy", [6]),
        ("lonel", []),
    ],
)
def test_an_identifier_is_found_in_any_case_as_written_first(
    cased: Lake, typed: str, meant: list[int]
) -> None:
    at = [1000 + 50 * i for i in meant]
    assert cased.variant(typed)["pos"].to_list() == at
    found = cased.search(f"{typed}, 22:5")
    rows = found.ambiguous if len(meant) > 1 else found.variants
    assert rows["pos"].to_list() == at
    assert set(rows["asked"]) == ({typed} if meant else set())
    assert found.missing == (("22:5",) if meant else (typed, "22:5"))


def test_the_whole_of_several_identifiers_is_found_in_any_case(cased: Lake) -> None:
    assert cased.variant("ESV3647175;esv3647176")["pos"].to_list() == [1200]
    assert cased.variant("esv3647175;esv3647175").is_empty()


def test_a_long_list_is_found_in_any_case(cased: Lake) -> None:
    found = cased.search("\n".join([*(f"rs{i}" for i in range(100, 200)), "LONELY", "myvar_1"]))
    assert found.variants["asked"].to_list() == ["LONELY", "myvar_1"]
    assert len(found.missing) == 100


@pytest.mark.parametrize("typed", ["rs002500", "RS002500", "RS003003", "Rs003003", "rs003003"])
def test_a_look_up_reads_the_row_groups_that_can_hold_it(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are overwritten, and nobody notices."""
    monkeypatch.setattr(identifiers, "_ROWS_PER_GROUP", 100)
    names = [f"{'rS' if i % 7 == 0 else 'rs'}{i:06d}" for i in range(5000)]
    rows = pl.DataFrame(
        {name: pl.Series(dtype=dtype) for name, dtype in VARIANTS.polars_schema().items()}
    )
    rows = pl.concat(
        [rows, pl.DataFrame({"id": names, "pos": range(5000)}, schema_overrides={"pos": pl.Int32})],
        how="diagonal",
    ).with_columns(pl.lit(1, pl.Int32).alias("alt_index"), chrom=pl.lit("22"))
    filled = [pl.col(c.name).fill_null(_ANY[c.type]) for c in VARIANTS.columns if not c.nullable]
    written = write_part(tmp_path, VARIANTS, rows.with_columns(filled), chrom="22", name="variants")
    assert written is not None
    (task,) = identifiers.listings(tmp_path, "a file", [written])
    part = identifiers.list_identifiers(task)
    assert part is not None
    path = table_path(tmp_path, IDENTIFIERS) / part.path
    meta = pq.read_metadata(path)
    held = pl.read_parquet(path, hive_partitioning=False).with_row_index()
    bounds = held.group_by(number=pl.col("index") // 100).agg(
        pl.any_horizontal(
            pl.lit(typed.lower()).is_between(pl.col(name).min(), pl.col(name).max())
            for name in ("id", "folded")
        ).alias("can")
    )
    can = set(bounds.filter("can")["number"])
    assert 1 <= len(can) <= 3  # of those in lower case, of the others, and where the two meet
    data = bytearray(path.read_bytes())
    for number in set(range(meta.num_row_groups)) - can:
        columns = [meta.row_group(number).column(i) for i in range(meta.num_columns)]
        first = columns[0].dictionary_page_offset or columns[0].data_page_offset
        size = sum(column.total_compressed_size for column in columns)
        data[first : first + size] = bytes(size)
    path.write_bytes(data)
    table = pl.scan_parquet(path, hive_schema={"chrom": pl.String})
    at = int(typed[2:])
    here = pl.DataFrame({"chrom": ["22"] * 2, "pos": [at, at + 1]}).filter(places([typed], table))
    assert here["pos"].to_list() == [at]
