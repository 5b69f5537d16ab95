"""Where an allele is found, against slow Python, bcftools and published frequencies."""

from __future__ import annotations

import subprocess

import numpy as np
import polars as pl
import pytest
from allele_counts import SUPER, counted, real_chr22
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import PANEL, SLICES, metadata, real, tool

from medallion.catalog import POPULATIONS
from medallion.popgen.geography import (
    RARITIES,
    SCHEMA,
    Layout,
    code_in_words,
    codes_in_words,
    geography,
    where_found,
)
from medallion.popgen.groups import Groups

SOME = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@st.composite
def lakes(draw: st.DrawFn) -> tuple[Layout, np.ndarray, np.ndarray, np.ndarray]:
    """Groups of any number and order of columns, and counts of a few alleles in each.

    Populations have a super-population or none.
    """
    n_pops, n_supers = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    columns = draw(st.permutations(range(n_pops + n_supers + 1)))
    above = draw(st.lists(st.integers(-1, n_supers - 1), min_size=n_pops, max_size=n_pops))
    n_alleles = draw(st.integers(0, 6))
    size = st.sampled_from([0, 1, 2, 19, 20, 40, 200])
    an = np.zeros((n_alleles, n_pops + n_supers + 1), np.int64)
    ac = np.zeros_like(an)
    for row in range(n_alleles):
        for pop in range(n_pops):
            n = draw(size)
            c = draw(st.sampled_from(sorted({0, min(1, n), n // 20, n // 2, max(n - 1, 0), n})))
            where = [pop, n_pops + n_supers] + ([n_pops + above[pop]] if above[pop] >= 0 else [])
            an[row, [columns[w] for w in where]] += n
            ac[row, [columns[w] for w in where]] += c
    codes = [""] * (n_pops + n_supers + 1)
    names = [*(f"p{i}" for i in range(n_pops)), *(f"s{i}" for i in range(n_supers)), "ALL"]
    for name, column in zip(names, columns, strict=True):
        codes[column] = name
    layout = Layout(
        tuple(codes), tuple(columns[:n_pops]), tuple(columns[n_pops : n_pops + n_supers]),
        columns[-1],
    )  # fmt: skip
    which = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=n_alleles, max_size=n_alleles))
    return layout, ac, an, np.array(which, np.int8)


def plainly(layout: Layout, ac: list[int], an: list[int], derived: int) -> dict[str, object]:
    """One row of the table, group by group."""
    everyone = layout.everyone
    c, n = ac[everyone], an[everyone]
    af = c / n if n else None
    out: dict[str, object] = {
        "af": af,
        "singleton": c == 1,
        "minor_is_ref": 2 * c > n,
        "derived_af": None if af is None or derived < 0 else af if derived else 1 - af,
    }
    called = [(layout.codes[p], ac[p] / an[p]) for p in layout.populations if an[p]]
    seen = any(f > 0 for _, f in called)
    for end, best in (("highest", max), ("lowest", min)):
        code, value = best(called, key=lambda pair: pair[1]) if called else (None, None)
        out[f"{end}_population"] = code if seen else None
        out[f"{end}_af"] = value
    for level in ("population", "super_population"):
        columns = getattr(layout, f"{level}s")
        has = [p for p in columns if ac[p] > 0]
        out[f"n_{level}s"] = len(has) if columns else None
        private = len(has) == 1 < len(columns) and ac[has[0]] == c
        out[f"private_{level}"] = layout.codes[has[0]] if private else None
    code = ""
    for s in layout.super_populations:
        minor = an[s] - ac[s] if 2 * c > n else ac[s]
        if an[s] == 0:
            code += "."
        else:
            code += "U" if minor == 0 else "R" if 100 * minor < 5 * an[s] else "C"
    out["geographic_code"] = code if code and n else None
    letters = set(code) - {"."}
    if not letters:
        out["rarity"] = None
    elif "C" in letters:
        out["rarity"] = "common everywhere" if letters == {"C"} else "common somewhere"
    else:
        out["rarity"] = "rare everywhere" if "R" in letters else "unobserved"
    return out


@SOME
@given(lakes())
def test_it_is_what_slow_python_finds(
    lake: tuple[Layout, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    layout, ac, an, which = lake
    found = geography(ac, an, layout, which)
    assert dict(found.schema) == SCHEMA
    expected = [
        plainly(layout, *row) for row in zip(ac.tolist(), an.tolist(), which.tolist(), strict=True)
    ]
    assert found.to_dicts() == [{name: row[name] for name in SCHEMA} for row in expected]


@SOME
@given(lakes())
def test_the_code_does_not_depend_on_which_allele_is_the_alt(
    lake: tuple[Layout, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """But where the two are equally frequent: there it is the ALT's."""
    layout, ac, an, _ = lake
    keep = 2 * ac[:, layout.everyone] != an[:, layout.everyone]
    ac, an = ac[keep], an[keep]
    one, other = geography(ac, an, layout), geography(an - ac, an, layout)
    assert one.select("geographic_code", "rarity").equals(other.select("geographic_code", "rarity"))
    assert (one["minor_is_ref"] != other["minor_is_ref"]).all()


def test_without_samples_all_is_null() -> None:
    found = geography(np.zeros((3, 0), int), np.zeros((3, 0), int), Layout((), (), (), None))
    assert dict(found.schema) == SCHEMA
    assert found.null_count().row(0) == (3,) * len(SCHEMA)


def test_the_layout_of_a_lake() -> None:
    people = pl.DataFrame(
        {
            "sample": ["a", "b", "c"],
            "population": ["YRI", "GBR", "mine"],
            "population_name": ["Yoruba", "British", None],
            "super_population": ["AFR", "EUR", None],
            "super_population_name": ["African", "European", None],
            "in_vcf": [True] * 3,
        }
    )
    layout = Layout.of(Groups.of(people))
    codes = [layout.codes[i] for i in (*layout.populations, *layout.super_populations)]
    assert sorted(codes[:3]) == ["GBR", "YRI", "mine"]
    assert codes[3:] == ["AFR", "EUR"]
    assert layout.codes[layout.everyone or 0] == "ALL"
    assert Layout.of(Groups.of(people.clear())).everyone is None


def test_unassigned_samples_are_no_population_where_others_are() -> None:
    """One sample that the table does not know is not a sixth continent."""
    people = pl.DataFrame(
        {
            "sample": ["a", "b", "c"],
            "population": ["YRI", "GBR", "unassigned"],
            "super_population": ["AFR", "EUR", "unassigned"],
            "in_vcf": [True] * 3,
        }
    ).with_columns(population_name=None, super_population_name=None)
    groups = Groups.of(people)
    layout = Layout.of(groups)
    assert [layout.codes[i] for i in layout.populations] == ["YRI", "GBR"]
    assert [layout.codes[i] for i in layout.super_populations] == ["AFR", "EUR"]
    assert [g.code for g in groups.groups].count("unassigned") == 2
    # Columns: YRI, GBR, unassigned, AFR, EUR, unassigned, ALL.
    found = geography(
        np.array([[0, 1, 0, 0, 1, 0, 1], [0, 1, 1, 0, 1, 1, 2], [0, 0, 1, 0, 0, 1, 1]]),
        np.array([[2, 2, 2, 2, 2, 2, 6]] * 3), layout,
    )  # fmt: skip
    assert found["geographic_code"].to_list() == ["UC", "UC", "UU"]
    assert found["lowest_population"].to_list() == ["YRI", "YRI", None]
    assert found["n_populations"].to_list() == [1, 1, 0]
    assert found["private_population"].to_list() == ["GBR", None, None]
    alone = Layout.of(Groups.of(people.filter(pl.col("population") == "unassigned")))
    assert [alone.codes[i] for i in alone.populations] == ["unassigned"]


def test_ties_go_to_the_first_of_the_catalog() -> None:
    layout = Layout(("B", "A", "C", "ALL"), (0, 1, 2), (), 3)
    found = geography(np.array([[1, 2, 0, 3]]), np.array([[5, 10, 10, 25]]), layout)
    assert found["highest_population"].to_list() == ["B"]
    found = geography(np.array([[0, 2, 0, 2]]), np.array([[0, 10, 10, 20]]), layout)
    assert found.select("highest_population", "lowest_population", "private_population").row(0) == (
        "A", "C", "A",
    )  # fmt: skip


NAMES = ("Afr", "Amr", "East", "Eur", "South")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CRRRR", "common in Afr, rare in the others"),
        ("CCCCC", "common in all"),
        ("UUUUU", "unobserved in all"),
        ("RUUUU", "rare in Afr, unobserved in the others"),
        ("CRUUU", "common in Afr, rare in Amr, unobserved in the others"),
        ("CCCRU", "rare in Eur, unobserved in South, common in the others"),
        ("CCRRR", "common in Afr and Amr, rare in the others"),
        ("C.UUU", "common in Afr, not called in Amr, unobserved in the others"),
    ],
)
def test_codes_in_words(code: str, words: str) -> None:
    assert code_in_words(code, NAMES) == words


def test_codes_of_other_lakes_in_words() -> None:
    assert code_in_words("C", ["home"]) == "common in all"
    assert code_in_words("CR", ["here", "there"]) == "common in here, rare in there"
    column = pl.Series(["CR", None, "UU", "CR"])
    said = ["common in here, rare in there", None, "unobserved in all"]
    assert codes_in_words(column, ["here", "there"]).to_list() == [*said, said[0]]
    assert codes_in_words(pl.Series([None], dtype=pl.String), ["here"]).to_list() == [None]
    with pytest.raises(ValueError, match="2 names for a code of 3 letters"):
        code_in_words("CRU", ["here", "there"])


@pytest.mark.parametrize(
    ("code", "minor_is_ref", "n_alts", "words"),
    [
        ("CRRRR", False, 1, "It is common in AFR, rare in the others."),
        ("CRRRR", False, 2, "It is common in AFR, rare in the others."),
        ("CRRRR", True, 1,
         "The reference allele, here the rarer one, is common in AFR, rare in the others."),
        # Beside another ALT the code is of that too: the REF may be found nowhere.
        ("RURUU", True, 2, ("It is the commonest allele; all others here, taken together, are "
                           "rare in AFR and EAS, unobserved in the others.")),
        ("UUUUU", False, 1, "It is seen in no super-population."),
        ("UU.UU", True, 3, ("It is the commonest allele; all others here, taken together, are "
                           "seen in no super-population.")),
    ],
)  # fmt: skip
def test_a_sentence_says_of_what_allele_the_code_is(
    code: str, minor_is_ref: bool, n_alts: int, words: str
) -> None:
    assert where_found(code, SUPER, minor_is_ref=minor_is_ref, n_alts=n_alts) == words


# The real slice ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found() -> pl.DataFrame:
    """The geography of the real slice, from genotypes that scikit-allel read."""
    data = real_chr22()
    people = metadata(PANEL)
    vcf = real(SLICES["chr22"].vcf)
    names = subprocess.run(
        [tool("bcftools"), "query", "-l", str(vcf)], check=True, capture_output=True, text=True
    ).stdout.split()
    codes = [p.code for p in POPULATIONS]
    of = np.array([people[n][0] for n in names])
    members = tuple(np.flatnonzero(of == c) for c in codes)
    again = counted(data.genotypes, members, np.unique(data.record), np.bincount(data.record))
    ac, an = np.hstack([again.ac, data.ac]), np.hstack([again.an, data.an])
    layout = Layout((*codes, *SUPER, "ALL"), tuple(range(26)), tuple(range(26, 31)), 31)
    return geography(ac, an, layout).with_columns(pos=pl.Series(data.pos))


def stated() -> pl.DataFrame:
    """AC, AN and the super-populations' AFs that the file states, as bcftools reads them."""
    tags = ("AC", "AN", *(f"{code}_AF" for code in SUPER))
    vcf = str(real(SLICES["chr22"].vcf))
    text = subprocess.run(
        [tool("bcftools"), "query", "-f", "%POS\t" + "\t".join(f"%{t}" for t in tags) + "\n", vcf],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    frame = pl.read_csv(
        text, separator="\t", has_header=False, new_columns=["POS", *tags], infer_schema=False
    )
    lists = [t for t in tags if t != "AN"]
    return frame.with_columns(pl.col(lists).str.split(",")).explode(lists)


def test_frequencies_are_those_the_file_states(found: pl.DataFrame) -> None:
    tags = stated()
    assert found["pos"].cast(pl.String).to_list() == tags["POS"].to_list()
    ac, an = tags["AC"].cast(pl.Int64), tags["AN"].cast(pl.Int64)
    assert found["af"].to_list() == (ac / an).to_list()
    assert found["singleton"].to_list() == (ac == 1).to_list()
    assert found["singleton"].sum() > 1000


def test_codes_are_those_of_the_stated_frequencies(found: pl.DataFrame) -> None:
    """The file's AFs have four digits: 0 is below half a copy in any group here, 5 % too near
    to tell in a few."""
    tags = stated()
    af = np.stack([tags[f"{c}_AF"].cast(pl.Float64).to_numpy() for c in SUPER], axis=1)
    flipped = found["minor_is_ref"].to_numpy()
    minor = np.where(flipped[:, None], 1 - af, af)
    letters = np.where(minor < 5e-5, "U", np.where(minor < 0.05, "R", "C"))
    clear = (np.abs(minor - 0.05) > 6e-5).all(axis=1)
    assert clear.mean() > 0.98
    codes = np.array(["".join(row) for row in letters])
    assert (codes == found["geographic_code"].to_numpy())[clear].all()
    # Most are seen in few copies, as everywhere in the genome.
    assert found["rarity"].value_counts(sort=True)["rarity"][0] == "rare everywhere"
    assert set(found["rarity"].to_list()) == set(RARITIES)
    seen = (af > 0).sum(axis=1)
    assert found["n_super_populations"].to_list() == seen.tolist()
    alone = [
        SUPER[int(np.argmax(row))] if k == 1 else None for row, k in zip(af, seen, strict=True)
    ]
    assert found["private_super_population"].to_list() == alone


def test_extremes_are_those_that_bcftools_finds(
    found: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """+fill-tags counts AC and AN in each of the 26 populations."""
    groups = tmp_path_factory.mktemp("groups") / "groups.txt"
    rows = [f"{s}\t{p}" for s, (p, _) in metadata(PANEL).items()]
    groups.write_text("\n".join(rows) + "\n", encoding="utf-8")
    filled = groups.with_name("filled.bcf")
    subprocess.run(
        [tool("bcftools"), "+fill-tags", str(real(SLICES["chr22"].vcf)), "-Ou", "-o", str(filled),
         "--", "-S", str(groups), "-t", "AC,AN"],
        check=True, capture_output=True,
    )  # fmt: skip
    codes = [p.code for p in POPULATIONS]
    text = subprocess.run(
        [tool("bcftools"), "query", "-f",
         "\t".join(f"%AC_{c}\t%AN_{c}" for c in codes) + "\n", str(filled)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    expected = []
    for line in text.splitlines():
        cells = line.split("\t")
        copies = [[int(c) for c in cell.split(",")] for cell in cells[::2]]
        n = [int(cell) for cell in cells[1::2]]
        for allele in zip(*copies, strict=True):
            af = [c / m for c, m in zip(allele, n, strict=True)]
            seen = [code for code, c in zip(codes, allele, strict=True) if c]
            high, low = max(af), min(af)
            expected.append(
                (
                    codes[af.index(high)] if seen else None, high,
                    codes[af.index(low)] if seen else None, low,
                    len(seen), seen[0] if len(seen) == 1 else None,
                )
            )  # fmt: skip
    columns = (
        "highest_population", "highest_af", "lowest_population", "lowest_af",
        "n_populations", "private_population",
    )  # fmt: skip
    assert found.select(columns).rows() == expected
    assert found["private_population"].n_unique() == 27
