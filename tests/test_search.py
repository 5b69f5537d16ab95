"""What a text means in a lake: the search over variants, samples, populations and places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import THOROUGH

from medallion import Lake
from medallion.bronze.raw import Region
from medallion.errors import UsageError
from medallion.find import read_name
from medallion.ondemand import MOST_TERMS
from medallion.ondemand.search import terms_of


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
