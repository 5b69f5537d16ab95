"""Who the samples are: any sample table that people have, joined with the VCFs' samples."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text
from real_data import IGSR, PANEL, PEDIGREE, SLICES, metadata, real

from medallion import Lake
from medallion.errors import SampleTableError
from medallion.silver.samples import UNASSIGNED, read_metadata, read_sample_table


def table(folder: Path, text: str, name: str = "people.tsv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def people(path: Path) -> dict[str, tuple[str, str | None, str]]:
    frame, _ = read_metadata(path)
    rows = frame.select("sample", "population", "super_population", "sex").rows()
    return {sample: (population, above, sex) for sample, population, above, sex in rows}


# Real tables


def test_the_official_panel_with_its_trailing_tabs() -> None:
    raw = read_sample_table(real(PANEL))
    assert raw.columns == ["sample", "pop", "super_pop", "gender"]
    assert len(raw) == 2504
    found, odd = read_metadata(real(PANEL))
    assert odd == []
    assert found["population"].n_unique() == 26
    assert dict(found["super_population"].value_counts().rows()) == {
        "AFR": 661, "AMR": 347, "EAS": 504, "EUR": 503, "SAS": 489,
    }  # fmt: skip
    assert dict(found["sex"].value_counts().rows()) == {"male": 1233, "female": 1271}
    assert found["population_name"].null_count() == 0


def test_the_igsr_table() -> None:
    found = people(real(IGSR))
    assert len(found) == 4972
    known = metadata(IGSR)
    panel = metadata(PANEL)
    assert "NA12236" not in found
    for sample, (population, above) in panel.items():
        assert found[sample][:2] == (population, above) == known[sample], sample


def test_the_pedigree() -> None:
    found = people(real(PEDIGREE))
    with real(PEDIGREE).open(encoding="utf-8", newline="") as file:
        rows = {r["Individual ID"]: r for r in csv.DictReader(file, delimiter="\t")}
    assert found.keys() == rows.keys()
    sexes = {"1": "male", "2": "female"}
    for sample, row in rows.items():
        assert found[sample][0] == row["Population"]
        assert found[sample][2] == sexes.get(row["Gender"], "unknown")
    assert all(found[s][1] == above for s, (_, above) in metadata(PANEL).items())


def test_a_vcf_that_names_others_than_the_panel(tmp_path: Path) -> None:
    """chrMT has 2534 samples; the panel 2504, and one that chrMT lacks."""
    lake = Lake(tmp_path, vcf=[real(SLICES["chrMT"].vcf)], samples=real(PANEL))
    lake.build("silver")
    frame = lake.scan("silver.samples").collect()
    header = set(lake.header().samples)
    panel = set(metadata(PANEL))
    assert set(frame["sample"]) == header | panel
    assert set(frame.filter(~pl.col("in_metadata"))["sample"]) == header - panel
    assert set(frame.filter(~pl.col("in_vcf"))["sample"]) == panel - header
    strangers = frame.filter(~pl.col("in_metadata"))
    assert set(strangers["population"]) == {UNASSIGNED}
    assert set(strangers["super_population"]) == {UNASSIGNED}
    assert set(strangers["sex"]) == {"unknown"}
    noted = lake.scan("silver.defects").filter(pl.col("scope") == "sample").collect()
    by_reason = noted.group_by("reason").len().sort("reason").rows()
    assert by_reason == [
        ("metadata-without-sample", 1), ("sample-without-metadata", len(header - panel)),
    ]  # fmt: skip


# Tables of any make


@pytest.mark.parametrize(
    "text",
    [
        "sample\tpop\nA\tGBR\nB\tYRI\n",
        "sample,population\nA,GBR\nB,YRI\n",
        'sample,population\n"A","GBR"\n"B","YRI"\n',
        "Sample;Population\nA;GBR\nB;YRI\n",
        "#sample\tpop\t\t\nA\tGBR\nB\tYRI\n",
        "\ufeffsample\tpop\r\nA\tGBR\r\nB\tYRI\r\n",
        "Sample name\tSex\tPopulation code\nA\t\tGBR\nB\t\tYRI\n",
        "sample pop\nA GBR\nB YRI\n",
        "##made by hand\nIID\tPOP\nA\tGBR\n\nB\tYRI",
        "pop\tfamily\tIndividual ID\nGBR\t1\tA\nYRI\t2\tB\n",
        "sample|group\nA|GBR\nB|YRI\n",
        "sample\tpop\nA\t GBR \n B\tYRI\t\t\n",
    ],
)
def test_headings_and_delimiters_as_people_write_them(text: str, tmp_path: Path) -> None:
    found = people(table(tmp_path, text))
    assert {s: p[:2] for s, p in found.items()} == {"A": ("GBR", "EUR"), "B": ("YRI", "AFR")}


@pytest.mark.parametrize(
    ("cell", "sex"),
    [("1", "male"), ("2", "female"), ("M", "male"), ("f", "female"), ("Male", "male"),
     ("FEMALE", "female"), ("0", "unknown"), ("", "unknown"), ("other", "unknown")],
)  # fmt: skip
def test_sex_as_people_write_it(cell: str, sex: str, tmp_path: Path) -> None:
    assert people(table(tmp_path, f"sample\tpop\tgender\nA\tGBR\t{cell}\n"))["A"][2] == sex


@pytest.mark.parametrize(
    ("population", "above", "expected"),
    [
        ("GBR", "", ("GBR", "EUR")),
        ("FIN,FinnishSGDP", "", ("FIN", "EUR")),
        ("Basque", "EUR", ("Basque", "EUR")),
        ("Basque", "", ("Basque", None)),
        ("Basque", "Iberia", ("Basque", "Iberia")),
        ("", "", (UNASSIGNED, UNASSIGNED)),
        ("NA", "", (UNASSIGNED, UNASSIGNED)),
        ("", "EUR", (UNASSIGNED, "EUR")),
        ("gbr", "", ("gbr", None)),
    ],
)
def test_codes_known_and_unknown(
    population: str, above: str, expected: tuple[str, str | None], tmp_path: Path
) -> None:
    found = people(table(tmp_path, f"sample\tpop\tsuper_pop\nA\t{population}\t{above}\n"))
    assert found["A"][:2] == expected


def test_names_of_populations_that_the_catalog_does_not_have(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "sample\tpop\tpopulation name\tsuperpopulation name\nA\tBAS\tBasque\tIberian\n"
        "B\tGBR\tsomething else\tother\n",
    )
    frame, _ = read_metadata(path)
    names = frame.select("population_name", "super_population_name").rows()
    assert names[0] == ("Basque", "Iberian")
    assert "British" in str(names[1][0])


def test_a_sample_named_twice_counts_once_and_is_remarked_on(tmp_path: Path) -> None:
    path = table(tmp_path, "sample\tpop\nA\tGBR\nB\tFIN\nA\tYRI\n\tFIN\n")
    frame, odd = read_metadata(path)
    assert frame.select("sample", "population").rows() == [("A", "GBR"), ("B", "FIN")]
    (defect,) = odd
    assert (defect.reason, defect.line, defect.scope) == ("sample-row-repeated", 4, "sample")
    assert defect.raw is not None
    assert "YRI" in defect.raw


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"sample\theight\nA\t1\n", "population"),
        (b"height\tpop\n1\tGBR\n", "sample"),
        (b"HG00096\tGBR\nHG00097\tFIN\n", "'HG00096'"),
        (b"\xff\xfe\x00s", "UTF-8"),
        (b"\t\t\n", "is empty"),
    ],
)
def test_tables_that_cannot_be_told(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "people.tsv"
    path.write_bytes(content)
    with pytest.raises(SampleTableError) as error:
        read_metadata(path)
    assert words in str(error.value)
    assert "people.tsv" in str(error.value)
    assert "\n" not in str(error.value)


# Joined with a VCF


def test_samples_of_the_vcf_come_first_and_the_rest_after(tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(["1 1 . A C . . . GT 0|1 1|1 0|0"]), encoding="utf-8")
    path = table(tmp_path, "sample\tpop\tsex\nX\tFIN\t1\nC\tYRI\t2\nA\tGBR\t1\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=path)
    lake.build()
    frame = lake.scan("silver.samples").collect()
    assert frame.select("sample", "population", "in_vcf", "in_metadata").rows() == [
        ("A", "GBR", True, True), ("B", UNASSIGNED, True, False), ("C", "YRI", True, True),
        ("X", "FIN", False, True),
    ]  # fmt: skip
    genotypes = lake.scan("silver.genotypes").collect()
    assert genotypes.select("sample", "population", "super_population", "sex", "gt").rows() == [
        ("A", "GBR", "EUR", "male", "0|1"), ("B", UNASSIGNED, UNASSIGNED, "unknown", "1|1"),
    ]  # fmt: skip
    groups = lake.scan("gold.populations").collect().select("population", "level", "samples")
    # Those whom no VCF holds are in no group.
    assert "FIN" not in groups["population"].to_list()
    assert (UNASSIGNED, "population", 1) in groups.rows()
    assert groups.rows()[-1] == ("ALL", "all", 3)
    noted = lake.scan("silver.defects").select("file", "reason", "verdict").collect()
    assert sorted(noted.rows()) == [
        ("people.tsv", "metadata-without-sample", "noted"),
        ("some.vcf", "sample-without-metadata", "noted"),
    ]  # fmt: skip


def test_without_a_table_all_are_unassigned_and_nothing_is_remarked_on(tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(["1 1 . A C . . . GT 0|1 1|1 0|0"]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build()
    assert set(lake.scan("silver.samples").collect()["population"]) == {UNASSIGNED}
    scopes = lake.scan("silver.defects").collect()["scope"].to_list()
    assert "sample" not in scopes
    assert lake.scan("gold.populations").collect()["population"].to_list()[-1] == "ALL"


def test_a_table_named_as_the_vcf_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    vcf, path = tmp_path / "data.vcf", tmp_path / "a" / "data.vcf"
    vcf.write_text(vcf_text(["1 1 . A C . . . GT 0|1 1|1 0|0"]), encoding="utf-8")
    path.write_text("sample\tpop\nA\tGBR\n", encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=path)
    lake.build("silver")
    assert lake.scan("bronze.files").collect()["file"].to_list() == [
        "data.vcf", "samples-data.vcf",
    ]  # fmt: skip
    assert lake.scan("silver.samples").collect()["population"].to_list()[0] == "GBR"
