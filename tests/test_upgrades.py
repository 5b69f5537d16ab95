"""A lake of another version: read, or refused with the command that makes it again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from medallion import Lake
from medallion.cli import main
from medallion.errors import LayerFormatError, MedallionError
from medallion.gold.frequencies import FREQUENCIES
from medallion.storage import delta
from medallion.storage.parts import write_part
from medallion.storage.schema import Column, Table

LAYERS = ("bronze", "silver", "gold")
TABLE = {"bronze": "files", "silver": "variants", "gold": "frequencies"}
VCF = """##fileformat=VCFv4.2
##contig=<ID=7>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1	S2
7	100	.	A	G	.	PASS	.	GT	0|1	1|1
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("built")
    (folder / "a.vcf").write_text(VCF, encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[folder / "a.vcf"])
    lake.build("gold")
    return lake


@pytest.fixture
def lake(built: Lake, tmp_path: Path) -> Lake:
    """A lake to rewrite as another version would have written it."""
    return Lake(shutil.copytree(built.path, tmp_path / "lake"))


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def run_the_command_in(message: str) -> int:
    [command] = re.findall(r"medallion (build .*--lake \S+)$", message)
    return main(command.split())


def ac(lake: Lake) -> list[int]:
    rows = Lake(lake.path).scan("gold.frequencies", build=False).filter(pl.col("level") == "all")
    return rows.collect()["ac"].to_list()


@pytest.mark.parametrize("number", [0, 2, 7])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_recorded_in_another_format_is_refused_and_made_again(
    lake: Lake, layer: str, number: int
) -> None:
    edit(lake.path / layer / "layer.json", lambda data: data.update(format=number))
    for ask in (
        lake.status, lake.plan, lake.build, lambda: lake.scan(f"{layer}.{TABLE[layer]}"),
        lambda: lake.query(f"select * from {layer}.{TABLE[layer]}"),
    ):  # fmt: skip
        with pytest.raises(LayerFormatError, match=f"format {number}") as refused:
            ask()
    fetched = (lake.path / "bronze" / "a.vcf").stat().st_mtime_ns
    assert run_the_command_in(str(refused.value)) == 0
    assert main(["build", "--lake", str(lake.path)]) == 0
    assert {s.state for s in Lake(lake.path).status().values()} == {"fresh"}
    assert ac(lake) == [3]
    assert (lake.path / "bronze" / "a.vcf").stat().st_mtime_ns == fetched


@pytest.mark.parametrize("number", [0, 99])
@pytest.mark.parametrize("layer", LAYERS)
def test_tables_of_another_format_are_not_read_and_made_again(
    lake: Lake, layer: str, number: int
) -> None:
    """Another format may give a column of the same name another meaning."""
    edit(lake.path / layer / "layer.json", lambda data: data["fingerprint"].update(format=number))
    state = lake.status()[layer]
    assert state.state == "stale"
    assert any(f"have format {number}" in reason for reason in state.reasons)
    name = f"{layer}.{TABLE[layer]}"
    asks = [lambda: lake.scan(name, build=False), lambda: lake.export(name, lake.path / "x.csv"),
            lambda: lake.compare(name, 0)]  # fmt: skip
    if layer == "silver":
        asks += [lambda: lake.haplotypes(["7-100-A-G"]), lambda: lake.variant("7-100-A-G")]
    for ask in asks:
        with pytest.raises(LayerFormatError, match=f"have format {number}") as refused:
            ask()
    with pytest.raises(MedallionError):
        lake.query(f"select * from {name}")
    assert run_the_command_in(str(refused.value)) == 0
    assert lake.scan(name, build=False).collect().height


def other_columns(lake: Lake, columns: tuple[Column, ...]) -> None:
    """Write gold.frequencies as a version would have that had other columns in one format."""
    past = Table(FREQUENCIES.name, "test", columns, partitioned=True)
    row = {c.name: 1 if c.type != "string" else "x" for c in columns if c.name != "chrom"}
    frame = pl.DataFrame([row]).cast(
        {c.name: past.polars_schema()[c.name] for c in columns if c.name != "chrom"}
    )
    part = write_part(lake.path, past, frame, chrom="7", name="past")
    version = delta.commit(lake.path, past, [part], {})
    edit(
        lake.path / "gold" / "layer.json",
        lambda data: data["tables"]["frequencies"].update(version=version),
    )


@pytest.mark.parametrize("odd", ["missing", "another type"])
def test_a_table_that_lacks_a_column_is_refused_in_words(lake: Lake, odd: str) -> None:
    """Even where nobody remembered to give the format another number."""
    columns = tuple(
        Column("ac", "string", "") if c.name == "ac" else c
        for c in FREQUENCIES.columns
        if odd != "missing" or c.name != "ac"
    )
    other_columns(lake, columns)
    for ask in (
        lambda: lake.scan("gold.frequencies", build=False),
        lambda: lake.query("select ac from gold.frequencies"),
    ):
        with pytest.raises(LayerFormatError, match="columns ac are missing or of another") as said:
            ask()
    assert run_the_command_in(str(said.value)) == 0
    assert ac(lake) == [3]


def test_a_lake_record_of_another_format_is_refused_and_the_bytes_stay(lake: Lake) -> None:
    edit(lake.path / "lake.json", lambda data: data.update(format=2))
    with pytest.raises(LayerFormatError, match="of another version") as said:
        Lake(lake.path)
    for command in ("status", "build"):
        assert main([command, "--lake", str(lake.path)]) == 1
    vcf = lake.path / "bronze" / "a.vcf"
    assert run_the_command_in(str(said.value)) == 0
    assert Lake(lake.path).source == lake.source
    assert ac(lake) == [3]
    assert vcf.read_text(encoding="utf-8") == VCF


def test_a_layer_without_a_table_of_today_says_so(lake: Lake) -> None:
    edit(lake.path / "gold" / "layer.json", lambda data: data["tables"].pop("fst"))
    with pytest.raises(MedallionError, match=r"no gold\.fst in .*medallion build gold"):
        lake.scan("gold.fst", build=False)
    assert "gold.fst" not in [t.name for t in lake.tables()]
    assert ac(lake) == [3]
