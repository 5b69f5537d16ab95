"""`gold.variants` against bcftools and scikit-allel, from the real file to the table.

bcftools +fill-tags counts AC and AN in every population and tests Hardy-Weinberg;
scikit-allel has Weir and Cockerham's FST of an allele. The rest follows from the counts,
and is told here again in the plainest way.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from real_data import PANEL, SLICES, metadata, real, tool

from medallion import Lake
from medallion.catalog import POPULATIONS

SUPER = ("AFR", "AMR", "EAS", "EUR", "SAS")
CODES = tuple(p.code for p in POPULATIONS)
SIX_DIGITS = 5.1e-6  # as bcftools prints
REGIONS = {"chr22": "22:1-16150000", "chrX": "X", "chr1": "chr1"}


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module", params=["chr22", "chrX", "chr1"])
def told(
    request: pytest.FixtureRequest, real_lake: Callable[[str], Lake],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[pl.DataFrame, list[dict[str, str]]]:  # fmt: skip
    """Rows of `gold.variants`, and what bcftools finds of each, a text for each tag."""
    folder = tmp_path_factory.mktemp("filled")
    vcf, some = real(SLICES[request.param].vcf), folder / "some.bcf"
    run(tool("bcftools"), "view", "-Ob", "-t", REGIONS[request.param], "-o", some, vcf)
    names = run(tool("bcftools"), "query", "-l", vcf).split()
    known = metadata(SLICES[request.param].samples)
    people = {s: known.get(s, ("unassigned", "unassigned")) for s in names}
    rows = [f"{s}\t{','.join(people[s])}" for s in names]
    (folder / "groups.txt").write_text("\n".join([*rows, ""]), encoding="utf-8")
    run(tool("bcftools"), "+fill-tags", some, "-Ob", "-o", folder / "all.bcf", "--", "-t", "HWE,NS")
    run(tool("bcftools"), "+fill-tags", folder / "all.bcf", "-Ob", "-o", folder / "groups.bcf",
        "--", "-S", folder / "groups.txt", "-t", "AC,AN")  # fmt: skip
    groups = sorted({g for s in names for g in people[s]})
    own = ("POS", "REF", "AN", "NS", "AA", *(f"AN_{g}" for g in groups))
    listed = ("ALT", "AC", "HWE", *(f"AC_{g}" for g in groups))
    header = run(tool("bcftools"), "view", "-h", folder / "groups.bcf")
    tags = [t for t in (*own, *listed) if t != "AA" or "ID=AA," in header]
    text = run(tool("bcftools"), "query", "-f", "\t".join(f"%{t}" for t in tags) + "\n",
               folder / "groups.bcf")  # fmt: skip
    found = []
    for line in text.splitlines():
        record = dict(zip(tags, line.split("\t"), strict=True))
        for i in range(record["ALT"].count(",") + 1):
            found.append({k: v.split(",")[i] if k in listed else v for k, v in record.items()})
    ours = real_lake(request.param).scan("gold.variants", build=False).collect()
    return ours.head(len(found)), [{**tags, "SAMPLES": str(len(names))} for tags in found]


def expected(tags: Mapping[str, str]) -> dict[str, object]:
    """The row of `gold.variants` that follows from an allele's tags."""
    ac, an = int(tags["AC"]), int(tags["AN"])
    counts = {g: (int(tags[f"AC_{g}"]), int(tags[f"AN_{g}"])) for g in (*CODES, *SUPER)
              if f"AC_{g}" in tags}  # fmt: skip
    af = {g: c / n for g, (c, n) in counts.items() if n and g in CODES}
    seen = [g for g in af if counts[g][0]]
    seen_above = [g for g in SUPER if counts[g][0]]
    highest = max(af, key=lambda g: af[g])
    lowest = min(af, key=lambda g: af[g])
    flipped = 2 * ac > an
    minor = {g: (n - c if flipped else c, n) for g, (c, n) in counts.items()}
    code = "".join(
        "U" if not minor[g][0] else "C" if 20 * minor[g][0] >= minor[g][1] else "R" for g in SUPER
    )
    words = {"U": "unobserved", "R": "rare everywhere", "C": "common everywhere"}
    spread = "R" if set(code) == {"U", "R"} else code[0] if len(set(code)) == 1 else None
    ancestral = tags.get("AA", ".").split("|")[0]
    derived = {tags["REF"].upper(): ac / an, tags["ALT"].upper(): 1 - ac / an}
    return {
        "ac": ac,
        "an": an,
        "n_missing": int(tags["SAMPLES"]) - int(tags["NS"]),
        "af": ac / an,
        "highest_population": highest if seen else None,
        "highest_af": af[highest],
        "lowest_population": lowest if seen else None,
        "lowest_af": af[lowest],
        "n_populations": len(seen),
        "n_super_populations": len(seen_above),
        "private_population": private(seen, counts, ac),
        "private_super_population": private(seen_above, counts, ac),
        "singleton": ac == 1,
        "minor_is_ref": flipped,
        "geographic_code": code,
        "rarity": words[spread] if spread is not None else "common somewhere",
        "derived_af": derived.get(ancestral.upper()),
    }


def private(seen: list[str], counts: Mapping[str, tuple[int, int]], ac: int) -> str | None:
    return seen[0] if len(seen) == 1 and counts[seen[0]][0] == ac else None


def test_alleles_are_those_that_bcftools_counts(
    told: tuple[pl.DataFrame, list[dict[str, str]]],
) -> None:
    """Of the haploid males of chrX as well."""
    rows, theirs = told
    assert rows.height == len(theirs) > 800
    columns = ["pos", "ref", "alt", *expected(theirs[0])]
    for row, tags in zip(rows.select(columns).iter_rows(named=True), theirs, strict=True):
        here = {"pos": int(tags["POS"]), "ref": tags["REF"], "alt": tags["ALT"]}
        assert row == here | expected(tags)


def test_hardy_weinberg_is_that_of_bcftools(
    told: tuple[pl.DataFrame, list[dict[str, str]]],
) -> None:
    """Of records of one ALT. Of several, bcftools leaves the other ALTs out, and we count them
    as all else that is not the ALT, as plink2 --hardy does."""
    rows, theirs = told
    one = (rows["n_alts"] == 1).to_numpy()
    p = np.array([float(t["HWE"]) for t in theirs])
    assert rows["hwe_p"].to_numpy()[one] == pytest.approx(p[one], rel=SIX_DIGITS)
    assert (p[one] < 0.01).sum() > 20


def test_fst_of_alleles_is_that_of_scikit_allel(chr22_lake: Lake) -> None:
    """Of each ALT of a record; undefined where all carry the same."""
    read = allel.read_vcf(str(real(SLICES["chr22"].vcf)), region="22:16050000-16100000",
                          fields=["samples", "calldata/GT", "variants/ALT"], alt_number=8,
                          tabix=None)  # fmt: skip
    genotypes = allel.GenotypeArray(read["calldata/GT"])
    people = [metadata(PANEL)[s] for s in read["samples"]]
    ours = chr22_lake.scan("gold.variants", build=False).collect()
    alts = (read["variants/ALT"] != "").sum(axis=1)
    ours = ours.head(int(alts.sum()))
    assert ours.height > 300
    assert (ours["n_alts"] > 1).any()
    for column, codes, place in (
        ("fst_populations", CODES, 0),
        ("fst_super_populations", SUPER, 1),
    ):
        members = [[i for i, of in enumerate(people) if of[place] == code] for code in codes]
        with np.errstate(invalid="ignore"):
            a, b, c = allel.weir_cockerham_fst(genotypes, members)
            ratio = a / (a + b + c)
        theirs = np.concatenate([row[1 : n + 1] for row, n in zip(ratio, alts, strict=True)])
        found = ours[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        assert found == pytest.approx(theirs, rel=1e-9, nan_ok=True)
        assert np.isfinite(theirs).sum() > 300
