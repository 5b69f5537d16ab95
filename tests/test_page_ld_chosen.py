"""The page Linkage on a pasted list of variants: what of it is compared, and what is left out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from app_pages import Open, charts, no_markup, sound, tables, texts

from medallion import Lake
from medallion.ondemand import MOST_IN_MATRIX

NASTY = "<script>alert(1)</script>"
GTS = ("0|1", "0|0", "1|1", "1|0", "0|1", "0|0")
OTHER = ("0|1", "1|2", "0|0", "2|0", "0|1", "1|0")
BOTH = ("7-100-A-G", "7-300-A-C")


@pytest.fixture
def page(open_page: Open, demo_lake: Lake) -> Open:
    """Open the list's view of a lake, the demo unless told, as a link with it does."""
    return lambda names, lake=demo_lake, **query: open_page(
        lake, "explore/ld", ld="My variants", ld_variants=names, **query
    )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two contigs; a record with two ALTs, another at its place, and one without genotypes."""
    folder = tmp_path_factory.mktemp("own")
    records = [
        ("7", 100, NASTY, "A", "G", GTS),
        ("7", 200, "rs2", "A", "T", GTS[::-1]),
        ("7", 300, "rs3", "A", "C,G", OTHER),
        ("7", 300, ".", "AT", "A", GTS),
        ("7", 400, "rs4", "C", "T", None),
        ("8", 100, "rs5", "C", "T", GTS),
        ("8", 200, "rs6", "C", "T", GTS[::-1]),
    ]
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=7>", "##contig=<ID=8>",
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
             "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                        *(f"S{i}" for i in range(6))])]  # fmt: skip
    for chrom, pos, known, ref, alt, gts in records:
        cells = ["GT", *gts] if gts else ["DP", *"123456"]
        lines.append(
            "\t".join([chrom, str(pos), known, ref, alt, ".", "PASS", ".", *cells])
        )  # fmt: skip
    vcf = folder / "own.vcf"
    vcf.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[vcf])
    lake.build("gold")
    return lake


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> pl.DataFrame:
    """Twelve common SNVs far apart, each alone at its place, with its identifier."""
    rows = demo_lake.scan("gold.variants", build=False).filter(
        pl.col("variant_type") == "snv", pl.col("n_alts") == 1, pl.col("af").is_between(0.2, 0.8),
        pl.col("pos").is_unique(), pl.col("id").is_not_null(),
    )  # fmt: skip
    return rows.collect().gather_every(20).head(12)


def names_of(frame: pl.DataFrame) -> list[str]:
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in frame.select("chrom", "pos", "ref", "alt").rows()]


@pytest.mark.parametrize(("title", "measure"), [("r²", "r2"), ("|D′|", "d_prime")])
def test_pairs_of_a_mixed_list_are_those_of_the_matrix(
    page: Open, demo_lake: Lake, common: pl.DataFrame, title: str, measure: str
) -> None:
    """Names, positions and identifiers, in no order, and one allele by two of its names."""
    names, rows = names_of(common), common.rows(named=True)
    assert len(names) == 12
    forms = [*names[:4], *(f"chr22:{row['pos']}" for row in rows[4:8])]
    forms += [row["id"] for row in rows[8:]]
    typed = f"{', '.join(forms[::-1][:6])}\n{' '.join(forms[::-1][6:])} {rows[0]['id']}"
    app = page(typed, ld_group="EUR", ld_measure=title)
    assert "left out" not in texts(app)
    assert "12 alleles, each a column and a row" in texts(app)
    matrix = demo_lake.ld_matrix(names, "EUR", measure)  # type: ignore[arg-type]
    values = matrix.drop("variant").to_numpy()
    [shown] = tables(app)
    assert shown.height == np.isfinite(values[np.triu_indices(12, 1)]).sum() > 50
    place = {name: i for i, name in enumerate(names)}
    for row in shown.iter_rows(named=True):
        assert place[row["allele_1"]] < place[row["allele_2"]]
        assert row[measure] == pytest.approx(values[place[row["allele_1"]], place[row["allele_2"]]])
    stored = demo_lake.scan("gold.frequencies", build=False).filter(population="EUR").collect()
    af = dict(zip(names_of(stored), stored["af"], strict=True))
    assert shown["af_1"].to_list() == [af[name] for name in shown["allele_1"]]
    [chart] = charts(app)
    assert "12 alleles" in chart["layout"]["title"]["text"]


def test_what_is_left_out_is_told_apart(page: Open, own: Lake) -> None:
    app = page(f"{NASTY} rs2, rs3; 7:300\n7-300-A-C nothing rs4 S1 rs5", own)
    said = texts(app)
    assert "2 names of the list not found, and left out" in said
    assert "nothing, S1" in said
    assert "1 name of the list of another chromosome or file, and left out" in said
    assert "1 name of the list without genotypes, and left out" in said
    assert "2 names of the list with several alleles, and left out" in said
    assert "3 alleles, each a column and a row" in said
    unclear, shown = tables(app)
    assert unclear["asked"].to_list() == ["rs3"] * 2 + ["7:300"] * 3
    assert unclear["alt"].to_list() == ["C", "G", "C", "G", "A"]
    used = {*shown["allele_1"], *shown["allele_2"]}
    assert used == {"7-100-A-G", "7-200-A-T", "7-300-A-C"}
    expected = own.ld_matrix(sorted(used))
    top = shown.row(0, named=True)
    assert top["r2"] == pytest.approx(
        expected.filter(variant=top["allele_1"])[top["allele_2"]].item()
    )
    no_markup(app)


def test_each_chromosome_of_a_list_can_be_chosen(page: Open, own: Lake) -> None:
    names = "7-100-A-G rs2 rs5 rs6 7-300-A-C"
    app = page(names, own)
    (box,) = [each for each in app.selectbox if each.label == "Chromosome and file"]
    assert box.options == ["7 of own.vcf", "8 of own.vcf"]
    assert "3 alleles, each" in texts(app)
    assert "2 names of the list of another chromosome" in texts(app)
    app = page(names, own, ld_contig="8 of own.vcf")
    assert "2 alleles, each" in texts(app)
    assert set(tables(app)[0]["allele_1"]) == {"8-100-C-T"}
    assert not [each for each in page("rs2 7-100-A-G", own).selectbox if "file" in each.label]


def test_a_pair_of_the_list_is_named_by_the_link(page: Open, own: Lake) -> None:
    app = page(", ".join(BOTH), own, ld_pair=list(BOTH))
    assert "200 bases apart. Frequencies: 0.4167 and 0.3333" in texts(app)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("7-100-A-G", "Of the names above, 1 can be used"),
        ("7-100-A-G rs3", "Of the names above, 1 can be used"),
        ("rs4 rs4", "Of the names above, 0 can be used"),
        ("nothing at all", "3 names of the list not found"),
        ("7", "1 name of the list not found"),
        ("7:1-1000", "1 name of the list not found"),
        ("", "Name the variants"),
        (" ,;\n", "This list cannot be read"),
    ],
)
def test_lists_of_which_nothing_can_be_compared(
    page: Open, own: Lake, names: str, said: str
) -> None:
    app = page(names, own)
    assert said in texts(app)
    assert not app.get("plotly_chart")


def test_the_bound_is_the_library_s(page: Open, demo_lake: Lake) -> None:
    rows = demo_lake.scan("gold.variants", build=False).filter(pl.col("variant_type") == "snv")
    names = names_of(rows.head(MOST_IN_MATRIX + 1).collect())
    app = page(" ".join(names))
    assert f"{MOST_IN_MATRIX + 1} alleles are too many: up to {MOST_IN_MATRIX}" in texts(app)
    assert "Not in the link: too long" in texts(app)
    app = page(" ".join(names[1:]))
    assert f"{MOST_IN_MATRIX} alleles, each a column" in texts(app)
    # What a page may send is 5 MB.
    assert sum(len(chart.proto.spec) for chart in app.get("plotly_chart")) < 4_000_000


def test_one_list_serves_the_matrix_and_the_haplotypes(
    page: Open, demo_lake: Lake, common: pl.DataFrame
) -> None:
    names = names_of(common)[:3]
    app = page("\n".join(names))
    assert "3 alleles, each" in texts(app)
    view = next(each for each in app.button_group if each.key == "ld")
    sound(view.set_value("Haplotypes").run())
    assert app.text_area(key="ld_variants").value.split() == names
    assert len(app.get("plotly_chart")) == 2
    expected = demo_lake.haplotypes(names, "ALL")
    shown = tables(app)[0].filter(pl.col("population") == "ALL", pl.col("count") > 0)
    assert shown["count"].to_list() == expected["count"].to_list()


def test_an_example_is_a_press_away(page: Open) -> None:
    app = page("")
    (button,) = [each for each in app.button if "differ much between groups" in each.label]
    sound(button.click().run())
    assert "12 alleles, each a column and a row" in texts(app)
    assert "left out" not in texts(app)


def test_why_a_name_is_missing_and_what_was_taken_for_granted_is_said(
    page: Open, demo_lake: Lake, common: pl.DataFrame
) -> None:
    apart = demo_lake.scan("silver.defects", build=False).filter(
        pl.col("verdict") == "quarantined", pl.col("reason") == "allele-out-of-range"
    )
    line, pos = apart.select("line", "pos").collect().row(0)
    one, other = names_of(common)[:2]
    app = page(f"NC_000022.11{one.removeprefix('22')} {other} 22:{pos}")
    assert "took NC_000022.11 for 22" in texts(app)
    assert f"Line {line:,} of demo.chr22.vcf.gz, at this position, was set apart" in texts(app)
    links = [link.proto.label.replace("\\", "") for link in app.get("page_link")]
    assert f"Line {line:,} of demo.chr22.vcf.gz" in links
    assert len(charts(app)) == 1
