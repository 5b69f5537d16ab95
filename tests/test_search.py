"""What a text means in a lake: the search over variants, samples, populations and places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_samples import lake_of
from real_data import THOROUGH

from medallion import Lake
from medallion.bronze.raw import Region
from medallion.errors import UsageError
from medallion.find import Name, read_name
from medallion.ondemand import MOST_TERMS
from medallion.ondemand.search import terms_of
from medallion.ondemand.terms import place_of


@pytest.fixture(scope="module")
def alleles(demo_lake: Lake) -> list[tuple[str, int, str, str, str | None]]:
    """chrom, pos, ref, alt and ID of every kept allele."""
    rows = demo_lake.scan("silver.variants", build=False)
    return rows.select("chrom", "pos", "ref", "alt", "id").collect().rows()


def names(row: tuple[str, int, str, str, str | None]) -> str:
    return f"{row[0]}-{row[1]}-{row[2]}-{row[3]}"


def test_every_allele_is_found_by_its_full_name_or_is_said_to_be_doubled(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]]
) -> None:
    wanted = [names(row) for row in alleles if row[3].isalpha()][:MOST_TERMS]
    found = demo_lake.search("\n".join(wanted))
    assert found.missing == ()
    got = found.variants.select("chrom", "pos", "ref", "alt", "id").rows()
    assert found.variants["asked"].to_list() == [names(row) for row in got]
    assert found.variants.height + found.ambiguous["asked"].n_unique() == len(set(wanted))


def test_positions_and_identifiers_find_what_a_scan_of_all_rows_finds(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]]
) -> None:
    positions = [f"chr{row[0]}:{row[1]:,}" for row in alleles[:400]]
    ids = [known for row in alleles[400:800] if row[4] for known in row[4].split(";")]
    found = demo_lake.search("; ".join([*positions, *ids, "22:1", "rs0"]))
    by_name: dict[str, list[str]] = {}
    for row in alleles:
        by_name.setdefault(f"chr{row[0]}:{row[1]:,}", []).append(names(row))
        for known in (row[4] or "").split(";"):
            by_name.setdefault(known, []).append(names(row))
    asked = list(dict.fromkeys([*positions, *ids]))
    one = {name for name in asked if len(by_name[name]) == 1}
    assert set(found.variants["asked"]) == one
    assert set(found.ambiguous["asked"]) == set(asked) - one
    assert found.missing == ("22:1", "rs0")
    for name, rows in found.ambiguous.group_by("asked"):
        assert sorted(
            f"{r['chrom']}-{r['pos']}-{r['ref']}-{r['alt']}" for r in rows.to_dicts()
        ) == sorted(by_name[str(name[0])])


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("chr22:16,050,000-16,060,000", Region("22", 16_050_000, 16_060_000)),
        ("22:16050000 - 16060000", Region("22", 16_050_000, 16_060_000)),
        (" 22 ", Region("22")),
        ("chr22", Region("22")),
        ("CHR22", Region("22")),
        ("Chr22:16,050,000\u201316,060,000", Region("22", 16_050_000, 16_060_000)),
        ("22-16050000-16060000", Region("22", 16_050_000, 16_060_000)),
    ],
)
def test_a_region_is_one(demo_lake: Lake, text: str, region: Region) -> None:
    found = demo_lake.search(text)
    assert found.region == region
    assert found.variants.is_empty()
    assert found.missing == ()


def test_a_contig_that_is_not_here_is_missing(demo_lake: Lake) -> None:
    found = demo_lake.search("21:16,050,000-16,060,000")
    assert found.region is None
    assert found.missing


@pytest.mark.parametrize(
    ("form", "chrom"),
    [
        ("{chrom}:{pos}{ref}>{alt}", "22"),
        ("{chrom}:g.{pos}{ref}>{alt}", "chr22"),
        ("{chrom}-{pos}-{ref}-{alt}", "Chr22"),
        ("{chrom}:{pos:,}:{ref}:{alt}", "CHR22"),
        ("{chrom}\t{pos}\t{ref}\t{alt}", "22"),
        ("{chrom} {pos} {ref} {alt}", "chr22"),
        ("{chrom}\t{pos}\t.\t{ref}\t{alt}", "22"),
        ("{chrom},{pos},{ref},{alt}", "22"),
        ("{chrom}:{pos} {ref}>{alt}", "22"),
    ],
)
def test_an_allele_is_found_in_any_form(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]], form: str, chrom: str
) -> None:
    of_names: dict[str, int] = {}
    for row in alleles:
        of_names[names(row)] = of_names.get(names(row), 0) + 1
    some = [r for r in alleles if set(r[2] + r[3]) <= set("ACGT") and of_names[names(r)] == 1][:9]
    texts = [form.format(chrom=chrom, pos=r[1], ref=r[2], alt=r[3]) for r in some]
    for text in (texts[0], "\n".join(texts)):
        found = demo_lake.search(text)
        got = found.variants.select("chrom", "pos", "ref", "alt", "id").rows()
        assert got == some[: len(got)]
        assert len(got) == text.count("\n") + 1
        assert found.missing == ()


@pytest.mark.parametrize("form", ["{0}:{1}-{1}", "{0} {1}", "{0},{1}", "{0}\t{1:,}", "CHR{0}:{1}"])
def test_a_position_is_found_in_any_form(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]], form: str
) -> None:
    row = alleles[5]
    found = demo_lake.search(form.format(row[0], row[1]))
    got = [*found.variants["pos"], *found.ambiguous["pos"]]
    assert set(got) == {row[1]}
    assert found.region is None


def test_identifiers_are_found_in_another_case(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]]
) -> None:
    known = next(row[4] for row in alleles if row[4] and ";" not in row[4])
    found = demo_lake.search(f"{known.upper()} {known}")
    assert known != known.upper()
    asked = [*found.variants["asked"], *found.ambiguous["asked"]]
    assert list(dict.fromkeys(asked)) == [known.upper(), known]
    assert found.missing == ()


def test_several_regions_are_told_apart(demo_lake: Lake) -> None:
    found = demo_lake.search("22:16,050,000-16,060,000, chr22:17000000 - 17000100\n22 GBR 21:5-9")
    assert found.region is None
    assert found.regions == (
        Region("22", 16_050_000, 16_060_000), Region("22", 17_000_000, 17_000_100), Region("22"),
    )  # fmt: skip
    assert (found.populations, found.missing) == (("GBR",), ("21:5-9",))


def test_all_is_everyone(demo_lake: Lake) -> None:
    assert demo_lake.search("all").populations == ("ALL",)


def test_what_is_missing_has_a_reason_that_fits_its_form(
    demo_lake: Lake, alleles: list[tuple[str, int, str, str, str | None]]
) -> None:
    row = next(row for row in alleles if row[2:4] == ("A", "G"))
    other = f"22-{row[1]}-A-TTTTTT"
    asked = {
        "21:16,050,000-16,060,000": "no chromosome 21: it has 22",
        "chrX": "no chromosome chrX: it has 22",
        "21-16050075-A-G": "no chromosome 21: it has 22",
        f"22:{row[1] + 1}": "No variant stands at this position. Positions are 1-based",
        other: "position with these alleles",
        "22:200-100": "ends before it starts",
        "nobody": "No sample, population or identifier of this lake has this name. Genes",
    }
    assert row[1] + 1 not in {each[1] for each in alleles}
    found = demo_lake.search("; ".join(asked))
    assert found.missing == tuple(asked)
    for reason, words in zip(found.reasons, asked.values(), strict=True):
        assert words in reason
    for name in (f"22:{row[1] + 1}", other):
        assert found.nearest[name].startswith(f"22-{row[1]}-")


def test_samples_and_populations_in_any_case_and_by_name(demo_lake: Lake) -> None:
    people = demo_lake.scan("silver.samples", build=False).collect()
    sample = people["sample"][3]
    found = demo_lake.search(f"{sample.lower()}, gbr AFR unknown")
    assert (found.samples, found.populations) == ((sample,), ("GBR", "AFR"))
    assert found.missing == ("unknown",)
    found = demo_lake.search("british in england and scotland")
    assert (found.populations, found.missing) == (("GBR",), ())


def test_an_identifier_within_another_is_not_found_by_it(demo_lake: Lake) -> None:
    """sim1 is part of sim10 to sim19, and of the thousands."""
    assert set(demo_lake.search("sim1 sim19").variants["asked"]) <= {"sim1", "sim19"}
    assert demo_lake.search("sim").missing == ("sim",)


@pytest.mark.parametrize("text", ["", "  \n ", ",;"])
def test_nothing_to_look_for_is_said(demo_lake: Lake, text: str) -> None:
    with pytest.raises(UsageError, match="Name what to look for"):
        demo_lake.search(text)


def test_too_long_a_list_is_refused(demo_lake: Lake) -> None:
    with pytest.raises(UsageError, match=r"10,001 names are too many"):
        demo_lake.search(" ".join(f"rs{i}" for i in range(MOST_TERMS + 1)))


KNOWN = ["101", "102", "103", "7", "S 1", "S 2", "Two words", "HG-1", "234", "a, b"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("101,102,103", ["101", "102", "103"]),
        ("901,902,903", ["901", "902", "903"]),
        ("101,902", ["101", "902"]),
        ("16,050,075", ["16,050,075"]),
        ("16,050,075, 16,050,115 GBR", ["16,050,075", "16,050,115", "GBR"]),
        ("101,102\n103,7", ["101", "102", "103", "7"]),
        ("7, 101", ["7", "101"]),
        ("S 1\nS 2", ["S 1", "S 2"]),
        ("S 1, s 2; two words", ["S 1", "s 2", "two words"]),
        ("S 1 S 2 101 Two words", ["S 1", "S 2", "101", "Two words"]),
        ("S 3", ["S", "3"]),
        ("HG-1,234", ["HG-1", "234"]),
        ("a, b\nHG-1", ["a, b", "HG-1"]),
        ("22:16,050,000-16,060,000", ["22:16,050,000-16,060,000"]),
        ("22:16,050,000-16,060,000,101", ["22:16,050,000-16,060,000", "101"]),
        ("22:16,050,075,101", ["22:16,050,075", "101"]),
        ("22,16050075", ["22,16050075"]),
        ("22-16,050,075-A-G,102", ["22-16,050,075-A-G", "102"]),
    ],
)
def test_names_are_parted_by_what_is_known_and_by_their_form(text: str, terms: list[str]) -> None:
    assert terms_of(text, KNOWN) == terms


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("22,16050075", Name("22", 16_050_075)),
        ("22 16,050,075 a g", Name("22", 16_050_075, "A", "G")),
        ("chrX:g.155A>G", Name("chrX", 155, "A", "G")),
        ("MT 263 A G", Name("MT", 263, "A", "G")),
        ("HLA-A*01:01:100-200", Region("HLA-A*01:01", 100, 200)),
        ("22:9\u20139", Name("22", 9)),
        ("22", None),
        ("rs123", None),
        ("22 101", None),
    ],
)
def test_a_place_is_read_by_its_form(text: str, place: object) -> None:
    assert place_of(text) == place


def test_samples_with_numbers_or_blanks_for_names_are_found(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, ["101", "102", "S 1", "22"])
    found = lake.search("101,102\nS 1")
    assert (found.samples, found.missing) == (("101", "102", "S 1"), ())
    assert lake.search("s 1").samples == ("S 1",)
    both = lake.search("22")
    assert (both.samples, both.regions, both.region) == (("22",), (Region("22"),), None)


@settings(max_examples=60 if THOROUGH else 15, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_too_odd(demo_lake: Lake, text: str) -> None:
    try:
        found = demo_lake.search(text)
    except UsageError:
        assert not terms_of(text)
        return
    told = {*found.missing, *found.variants["asked"], *found.ambiguous["asked"]}
    assert told <= set(found.terms)


@given(
    st.sampled_from(["22", "chr1", "HLA-A*01:01", "X"]),
    st.integers(1, (1 << 31) - 1),
    st.text("ACGT", min_size=1, max_size=5),
    st.text("ACGT", min_size=1, max_size=5),
)
def test_names_are_read_as_they_are_written(chrom: str, pos: int, ref: str, alt: str) -> None:
    for between in "-:_":
        for digits in (str(pos), f"{pos:,}"):
            name = read_name(between.join((chrom, digits, ref.lower(), alt)))
            assert name is not None
            assert (name.chrom, name.pos, name.ref, name.alt) == (chrom, pos, ref, alt)
    assert terms_of(f"{chrom}:{pos:,}, {chrom}-{pos}-{ref}-{alt};x") == [
        f"{chrom}:{pos:,}", f"{chrom}-{pos}-{ref}-{alt}", "x",
    ]  # fmt: skip
