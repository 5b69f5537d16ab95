"""A build makes what is new or changed, and leaves the rest where it is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text
from small_lake import assert_same

from medallion import Lake
from medallion.errors import ConservationError, QuarantineError, UsageError
from medallion.silver.limit import Limit
from medallion.storage import delta

SAMPLES = ["A", "B", "C"]
PEOPLE = "sample\tpop\tsuper_pop\nA\tGBR\tEUR\nB\tGBR\tEUR\nC\tYRI\tAFR\n"


def line(chrom: str, pos: int, *genotypes: str, alt: str = "G") -> str:
    return " ".join([chrom, str(pos), ".", "A", alt, ".", "PASS", ".", "GT", *genotypes])


def write(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text(vcf_text(lines, SAMPLES), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.tsv"
    path.write_text(PEOPLE, encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    lines = [line("HLA-A*01:01", p, "0|1", "0|0", "1|1") for p in range(1, 40)]
    return write(tmp_path, "one.vcf", [*lines, line("2", 5, "0|0", "0|0", ".|1")])


@pytest.fixture
def two(tmp_path: Path) -> Path:
    lines = [line("X", p, "1", "0|0", "./.") for p in range(1, 30)]
    return write(tmp_path, "two.vcf", [*lines, line("X", 99, "0", "7|0", "./.")])


def parts(lake: Lake, layer: str) -> set[str]:
    """The Parquet files that the tables of a layer that are cut by file are made of."""
    return {
        part.path
        for table in lake.tables()
        if table.layer == layer and table.partitioned and "file" in table.column_names
        for part in delta.parts_of(lake.path, table, lake.status()[layer].versions[table.short])
    }


def content(lake: Lake, layer: str) -> dict[str, pl.DataFrame]:
    found = {}
    for table in lake.tables():
        if table.layer == layer:
            frame = lake.scan(table.name, build=False).collect()
            found[table.name] = frame.sort(frame.columns)
    return found


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_a_file_that_is_added_leaves_the_parts_of_the_others(
    layer: str, tmp_path: Path, one: Path, two: Path, people: Path
) -> None:
    place = tmp_path / "lake"
    small = Lake(place, vcf=[one], samples=people)
    small.build("gold")
    before = parts(small, layer)
    grown = Lake(place, vcf=[one, two], samples=people)
    grown.build("gold")
    assert before
    assert before < parts(grown, layer)
    whole = Lake(tmp_path / "whole", vcf=[one, two], samples=people)
    whole.build("gold")
    assert_same(content(grown, layer), content(whole, layer))


@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_a_file_that_is_taken_away_takes_its_rows(
    layer: str, tmp_path: Path, one: Path, two: Path, people: Path
) -> None:
    place = tmp_path / "lake"
    Lake(place, vcf=[one, two], samples=people).build("gold")
    fewer = Lake(place, vcf=[two], samples=people)
    fewer.build("gold")
    whole = Lake(tmp_path / "whole", vcf=[two], samples=people)
    whole.build("gold")
    assert_same(content(fewer, layer), content(whole, layer))


def test_a_file_of_another_name_has_its_rows(tmp_path: Path, one: Path, people: Path) -> None:
    place = tmp_path / "lake"
    Lake(place, vcf=[one], samples=people).build("gold")
    other = one.rename(tmp_path / "other.vcf")
    renamed = Lake(place, vcf=[other], samples=people)
    renamed.build("gold")
    whole = Lake(tmp_path / "whole", vcf=[other], samples=people)
    whole.build("gold")
    for layer in ("silver", "gold"):
        assert_same(content(renamed, layer), content(whole, layer))


def test_gold_that_lost_alleles_is_not_published(
    tmp_path: Path, one: Path, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake", vcf=[one], samples=people)
    lake.build("silver")
    monkeypatch.setattr("medallion.gold.build.arrived", lambda *_: [])
    with pytest.raises(ConservationError, match="Silver has 40 ALT alleles, but 0 were counted"):
        lake.build("gold")
    assert lake.status()["gold"].state == "missing"


def test_a_file_that_changed_is_read_again(
    tmp_path: Path, one: Path, two: Path, people: Path
) -> None:
    place = tmp_path / "lake"
    lake = Lake(place, vcf=[one, two], samples=people)
    lake.build("gold")
    write(tmp_path, "two.vcf", [line("X", 3, "1", "0|1", "./.")])
    lake.build("gold")
    whole = Lake(tmp_path / "whole", vcf=[one, two], samples=people)
    whole.build("gold")
    for layer in ("silver", "gold"):
        assert_same(content(lake, layer), content(whole, layer))


def test_a_sample_that_moves_to_another_population_changes_its_files(
    tmp_path: Path, one: Path, people: Path
) -> None:
    lake = Lake(tmp_path / "lake", vcf=[one], samples=people)
    lake.build("gold")
    people.write_text(PEOPLE.replace("B\tGBR\tEUR", "B\tYRI\tAFR"), encoding="utf-8", newline="\n")
    lake.build("gold")
    carried = lake.scan("silver.genotypes", build=False).filter(pl.col("sample") == "B").collect()
    assert carried["population"].unique().to_list() in (["YRI"], [])
    counted = lake.scan("gold.frequencies", build=False).filter(pl.col("population") == "YRI")
    assert counted.collect()["an"].max() == 4


def test_a_part_that_is_lost_is_made_again(
    tmp_path: Path, one: Path, two: Path, people: Path
) -> None:
    """To keep what is not there would publish a table with a hole."""
    place = tmp_path / "lake"
    Lake(place, vcf=[one], samples=people).build("gold")
    next((place / "silver" / "genotypes").rglob("*.parquet")).unlink()
    next((place / "gold" / "frequencies").rglob("*.parquet")).unlink()
    grown = Lake(place, vcf=[one, two], samples=people)
    grown.build("gold")
    whole = Lake(tmp_path / "whole", vcf=[one, two], samples=people)
    whole.build("gold")
    for layer in ("silver", "gold"):
        assert_same(content(grown, layer), content(whole, layer))


# The limit of quarantined records


def test_a_build_stops_past_the_limit_and_publishes_nothing(
    tmp_path: Path, one: Path, two: Path, people: Path
) -> None:
    lake = Lake(tmp_path / "lake", vcf=[two], samples=people)
    with pytest.raises(QuarantineError, match=r"1 of 30 records .* limit of 0: allele-out-of-ra"):
        lake.build("gold", max_quarantined=0)
    assert lake.status()["silver"].state == "missing"
    with pytest.raises(QuarantineError, match="limit of 3%"):
        lake.build("gold", max_quarantined="3%")
    lake.build("gold", max_quarantined="3.4%")
    assert lake.status()["gold"].state == "fresh"
    # One that is built already is held to it too.
    for layer in ("silver", "gold"):
        with pytest.raises(QuarantineError, match="1 of 30 records"):
            lake.build(layer, max_quarantined=0)
    lake.build("gold", max_quarantined="3.4%")
    # What was kept from the build before counts, too.
    both = Lake(tmp_path / "lake", vcf=[one, two], samples=people)
    with pytest.raises(QuarantineError, match="1 of 70 records"):
        both.build("gold", max_quarantined=0)


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5", "101%", "5 %%"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="whole number"):
        Limit.parse(text)


@pytest.mark.parametrize(
    ("text", "most"), [("0", 0), ("7", 7), ("100%", 200), ("0.5%", 1), ("1 %", 2)]
)
def test_limits(text: str, most: int) -> None:
    assert Limit.parse(text).of(200) == most
