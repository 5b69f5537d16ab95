"""What a lake answers on demand, against tools nobody here wrote and against what it stores."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_vcf import vcf_text
from polars.testing import assert_frame_equal
from real_data import rest, tool

from medallion import Lake
from medallion.errors import NotBuiltError, UsageError

RealLake = Callable[[str], Lake]


def out(*command: str) -> str:
    """What a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def common(lake: Lake, n: int, least: float = 0.05) -> pl.DataFrame:
    """The first n biallelic snvs whose ALT and REF both have a frequency above `least`."""
    af = pl.col("ac") / pl.col("an")
    return (
        lake.scan("silver.variants", build=False)
        .filter("has_gt", pl.col("n_alts") == 1, variant_type="snv")
        .filter(af.is_between(least, 1 - least))
        .sort("file", "record")
        .head(n)
        .collect()
    )


def name(row: dict[str, object]) -> str:
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


def own_lake(folder: Path, records: list[str], samples: int) -> Lake:
    """Silver of these records, of so many samples, all of them GBR."""
    names = [f"S{i}" for i in range(samples)]
    (folder / "s.vcf").write_text(vcf_text(records, names), encoding="utf-8")
    table = "sample\tpop\n" + "".join(f"{n}\tGBR\n" for n in names)
    (folder / "s.tsv").write_text(table, encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[folder / "s.vcf"], samples=folder / "s.tsv")
    lake.build("silver")
    return lake


def members(lake: Lake, **of: str) -> list[str]:
    people = lake.scan("silver.samples", build=False).filter("in_vcf").filter(**of)
    return people.collect()["sample"].to_list()


# Linkage


@pytest.mark.parametrize("population", [None, "YRI"])
def test_proxies_have_the_r2_and_d_prime_of_plink2(
    population: str | None, real_lake: RealLake, tmp_path: Path
) -> None:
    """plink2 --ld tells r² and |D'| of two phased variants; six digits are compared."""
    lake = real_lake("chr22")
    chosen = common(lake, 400).row(150, named=True)
    ours = lake.linked(name(chosen), distance=20_000, population=population)
    partners = ours.filter(pl.col("ref").str.len_chars() == 1, pl.col("alt").str.len_chars() == 1)
    by_r2 = partners.filter(pl.col("pos").is_unique())
    picked = pl.concat([by_r2.head(4), by_r2.slice(len(by_r2) // 2, 3)])
    assert len(picked) == 7
    prefix, keep = str(tmp_path / "x"), list[str]()
    if population is not None:
        (tmp_path / "keep").write_text("\n".join(members(lake, population=population)) + "\n")
        keep = ["--keep", str(tmp_path / "keep")]
    out(
        tool("plink2"), "--vcf", str(lake.source.vcf[0]), "--set-all-var-ids", "@-#-$r-$a",
        "--new-id-max-allele-len", "2", "missing", "--from-bp", str(chosen["pos"] - 20_000),
        "--to-bp", str(chosen["pos"] + 20_000), "--chr", str(chosen["chrom"]), *keep,
        "--make-pgen", "--out", prefix,
    )  # fmt: skip
    for row in picked.iter_rows(named=True):
        other = name({"chrom": chosen["chrom"], **row})
        told = out(tool("plink2"), "--pfile", prefix, "--ld", name(chosen), other, "--out", prefix)
        words = told.replace("=", " ").split()
        r2, d_prime = float(words[words.index("r^2") + 1]), float(words[words.index("D'") + 1])
        assert row["r2"] == pytest.approx(r2, rel=1e-5, abs=1e-6)
        assert abs(row["d_prime"]) == pytest.approx(abs(d_prime), rel=1e-5, abs=1e-6)


def test_proxies_are_all_that_are_near_and_vary_best_first(real_lake: RealLake) -> None:
    """Counted from the VCF by scikit-allel: who is near, how often it is carried, and r²."""
    lake = real_lake("chr22")
    chosen = common(lake, 400).row(200, named=True)
    ours = lake.linked(name(chosen), distance=5_000, minimum_af=0.02)
    read = allel.read_vcf(
        str(lake.source.vcf[0]), alt_number=8,
        fields=["variants/POS", "variants/REF", "variants/ALT", "calldata/GT"],
    )  # fmt: skip
    near = np.flatnonzero(np.abs(read["variants/POS"] - chosen["pos"]) <= 5_000)
    copies = {}
    for i in near.tolist():
        for k, alt in enumerate(a for a in read["variants/ALT"][i] if a):
            key = (int(read["variants/POS"][i]), read["variants/REF"][i], alt)
            copies[key] = (read["calldata/GT"][i] == k + 1).ravel()
    mine = copies.pop((chosen["pos"], chosen["ref"], chosen["alt"]))
    expected = {
        key: (theirs.mean(), np.corrcoef(mine, theirs)[0, 1] ** 2)
        for key, theirs in copies.items()
        if 0.02 <= theirs.mean() <= 0.98
    }
    found = {(r["pos"], r["ref"], r["alt"]): (r["af"], r["r2"]) for r in ours.to_dicts()}
    assert found.keys() == expected.keys()
    assert len(found) > 10
    for key, numbers in expected.items():
        assert found[key] == pytest.approx(numbers, abs=1e-9)
    assert ours["r2"].to_list() == sorted(ours["r2"], reverse=True)
    assert (ours["distance"] == ours["pos"] - chosen["pos"]).all()
    assert (ours["n"] == 2 * 2504).all()
    assert ours["phased"].all()
    assert_frame_equal(
        lake.linked(name(chosen), distance=5_000, minimum_af=0.02, limit=3), ours.head(3)
    )


def test_genotypes_without_phase_have_the_r2_of_rogers_and_huff(real_lake: RealLake) -> None:
    """scikit-allel's rogers_huff_r, on samples that both records call."""
    lake = real_lake("chr12")
    chosen = common(lake, 1).row(0, named=True)
    ours = lake.linked(name(chosen), distance=1_000_000, minimum_af=0.05)
    loose = ours.filter(~pl.col("phased"))
    assert len(loose) > 3
    assert loose["d_prime"].null_count() == len(loose)
    read = allel.read_vcf(
        str(lake.source.vcf[0]), alt_number=1, fields=["variants/POS", "variants/REF",
        "variants/ALT", "variants/numalt", "calldata/GT"],
    )  # fmt: skip
    copies = allel.GenotypeArray(read["calldata/GT"]).to_n_alt(fill=-1)
    at = int(np.flatnonzero(read["variants/POS"] == chosen["pos"])[0])
    checked = 0
    for row in loose.iter_rows(named=True):
        here = np.flatnonzero(read["variants/POS"] == row["pos"])
        if len(here) != 1 or read["variants/numalt"][here[0]] != 1:
            continue
        both = (copies[at] >= 0) & (copies[here[0]] >= 0)
        r = allel.rogers_huff_r(np.stack([copies[at], copies[here[0]]])[:, both].astype(np.int8))
        assert row["n"] == both.sum()
        assert row["r2"] == pytest.approx(float(r) ** 2, rel=1e-5, abs=1e-7)
        checked += 1
    assert checked > 3


def test_a_males_x_is_one_haplotype(real_lake: RealLake) -> None:
    """Outside the PARs n is two for a female and one for a male; r² and D' are by numpy."""
    lake = real_lake("chrX")
    chosen = common(lake, 60).row(30, named=True)
    ours = lake.linked(name(chosen), distance=200_000_000)  # the slice is sparse
    women, men = (len(members(lake, sex=sex)) for sex in ("female", "male"))
    assert men > 100
    assert len(ours) > 100
    assert set(ours["n"].to_list()) == {2 * women + men}
    order = list(zip(-ours["r2"], ours["distance"].abs(), strict=True))
    assert order == sorted(order)
    rows = out(tool("bcftools"), "query", "-f", r"%POS-%REF-%ALT[\t%GT]\n", str(lake.source.vcf[0]))
    copies = {
        key: np.array([int(a) for call in calls for a in call.split("|")])
        for key, *calls in (line.split("\t") for line in rows.splitlines())
    }
    mine = copies[name(chosen).split("-", 1)[1]]
    checked = 0
    for row in ours.to_dicts():
        theirs = copies.get(f"{row['pos']}-{row['ref']}-{row['alt']}", mine[:0])
        if len(theirs) != len(mine):
            continue  # one of several ALTs, or in a PAR, where a male has two
        p, q, both = mine.mean(), theirs.mean(), (mine & theirs).mean()
        d = both - p * q
        most = min(p * (1 - q), q * (1 - p)) if d > 0 else min(p * q, (1 - p) * (1 - q))
        assert row["r2"] == pytest.approx(d**2 / (p * (1 - p) * q * (1 - q)), abs=1e-9)
        assert row["d_prime"] == pytest.approx(d / most, abs=1e-9)
        checked += 1
    assert checked > 100


def test_x_without_phase_is_not_linked_by_sex_alone(tmp_path: Path) -> None:
    """A male's one copy weighs as a homozygote's two: r² is that of allele shares."""
    rng = np.random.default_rng(1)
    calls = [[rng.binomial(1, 0.9, 1 + (i % 2)).tolist() for i in range(400)] for _ in range(3)]
    records = [
        f"X {100 * (k + 1)} . A C . . . GT " + " ".join("/".join(map(str, c)) for c in some)
        for k, some in enumerate(calls)
    ]
    lake = own_lake(tmp_path, records, 400)
    r2 = np.corrcoef([[np.mean(c) for c in some] for some in calls]) ** 2
    assert r2[0, 1:].max() < 0.02
    ours = lake.linked("X:100").sort("pos")
    assert not ours["phased"].any()
    assert ours["n"].to_list() == [400, 400]
    np.testing.assert_allclose(ours["r2"], r2[0, 1:], atol=1e-9)
    matrix = lake.ld_matrix(["X:100", "X:200", "X:300"], population="GBR")
    np.testing.assert_allclose(matrix.drop("variant").to_numpy(), r2, atol=1e-9)


def test_a_frequency_at_the_bound_is_not_too_rare(tmp_path: Path) -> None:
    """7 of 100, and 93: in floating point 0.07 * 100 > 7, and 1 - 0.93 < 0.07."""
    records = [
        f"MT {pos} . A C . . . GT " + " ".join("1" if i < n else "0" for i in range(100))
        for pos, n in ((10, 50), (20, 7), (30, 93), (40, 6))
    ]
    lake = own_lake(tmp_path, records, 100)
    assert sorted(lake.linked("MT:10", minimum_af=0.07)["pos"]) == [20, 30]
    assert len(lake.linked("MT:10", minimum_af=0.06)) == 3
    assert lake.linked("MT:10", distance=10, minimum_af=0)["pos"].to_list() == [20]
    assert lake.linked("MT:10", distance=9).is_empty()


def test_a_matrix_holds_the_same_numbers_as_the_list_of_proxies(real_lake: RealLake) -> None:
    """Symmetric, one on the diagonal, and each row as `linked` tells it."""
    lake = real_lake("chr22")
    chosen = common(lake, 12)
    names = [name(r) for r in chosen.to_dicts()]
    for measure in ("r2", "d_prime"):
        matrix = lake.ld_matrix(names[::-1], measure=measure)  # type: ignore[arg-type]
        assert matrix["variant"].to_list() == names == matrix.columns[1:]
        numbers = matrix.drop("variant").to_numpy()
        np.testing.assert_allclose(numbers, numbers.T, atol=1e-12)
        np.testing.assert_allclose(np.diag(numbers), 1, atol=1e-12)
        by_name = {
            name({"chrom": chosen["chrom"][0], **r}): r[measure]
            for r in lake.linked(names[4], distance=10**7).to_dicts()
        }
        for other, value in zip(names, numbers[4].tolist(), strict=True):
            if other != names[4]:
                assert value == pytest.approx(by_name[other], abs=1e-12)


# Haplotypes


def test_haplotypes_are_those_counted_in_what_bcftools_prints(real_lake: RealLake) -> None:
    """Three variants, one of them with several ALTs, in every group."""
    lake = real_lake("chr22")
    sites = lake.scan("silver.variants", build=False).collect()
    several = sites.filter(pl.col("n_alts") > 2).row(0, named=True)
    chosen = common(lake, 300)
    alone = chosen.filter(pl.col("pos").is_unique() & (pl.col("pos") != several["pos"]))
    positions = sorted([several["pos"], alone["pos"][10], alone["pos"][100]])
    chrom = several["chrom"]
    ours = lake.haplotypes([f"{chrom}:{p}" for p in positions])
    vcf = str(lake.source.vcf[0])
    samples = out(tool("bcftools"), "query", "-l", vcf).split()
    where = " || ".join(f"POS={p}" for p in positions)
    lines = out(
        tool("bcftools"), "query", "-i", where, "-f", r"%POS\t%REF,%ALT[\t%GT]\n", vcf
    ).splitlines()
    assert len(lines) == 3
    copies: list[list[str]] = [["", ""] for _ in samples]
    for line in lines:
        _, alleles, *calls = line.split("\t")
        spelled = alleles.split(",")
        for own, call in zip(copies, calls, strict=True):
            for side, number in enumerate(call.split("|")):
                own[side] += ("_" if own[side] else "") + spelled[int(number)]
    people = lake.scan("silver.samples", build=False).collect()
    of = {r["sample"]: ("ALL", r["population"], r["super_population"]) for r in people.to_dicts()}
    expected: Counter[tuple[str, str]] = Counter()
    total: Counter[str] = Counter()
    for sample, pair in zip(samples, copies, strict=True):
        for group in of[sample]:
            total[group] += 2
            expected.update((haplotype, group) for haplotype in pair)
    found = {(r["haplotype"], r["population"]): r["count"] for r in ours.to_dicts() if r["count"]}
    assert found == expected
    for row in ours.iter_rows(named=True):
        assert row["n"] == total[row["population"]]
        assert row["frequency"] == row["count"] / row["n"]
        assert row["haplotype"] == "_".join(row["alleles"])
    everyone = ours.filter(population="ALL")["count"].to_list()
    assert everyone == sorted(everyone, reverse=True)
    one = lake.haplotypes([f"{chrom}:{p}" for p in positions], population="GBR")
    assert one.rows() == (
        ours.filter(pl.col("population") == "GBR", pl.col("count") > 0)
        .sort("count", descending=True, maintain_order=True)
        .rows()
    )


def test_copies_that_are_not_called_are_counted_apart(tmp_path: Path) -> None:
    """A record is taken with all its alleles, so once; phase is within a contig."""
    records = ["21 5 . A C . . . GT 0|1 1|1 0|0", "22 100 . A G,T . . . GT 0|1 1|2 .|0",
               "22 200 rs2 C T . . . GT 0|1 1|1 0|0"]  # fmt: skip
    lake = own_lake(tmp_path, records, 3)
    ours = lake.haplotypes(["rs2", "22-100-A-T"], population="ALL")
    assert ours.select("haplotype", "count", "n", "n_missing").rows() == [
        ("A_C", 2, 5, 1), ("G_T", 2, 5, 1), ("T_T", 1, 5, 1),
    ]  # fmt: skip
    for names, told in (
        (["22-100-A-G", "22-100-A-T"], "of one record"),
        (["rs2", "22:200"], "more than once"),
        (["21:5", "22:200"], "several contigs"),
    ):
        with pytest.raises(UsageError, match=told):
            lake.haplotypes(names)


# Cohorts


@pytest.mark.parametrize("slice_", ["chrX", "chr12", *rest("chr22")])
def test_a_population_as_a_cohort_is_what_gold_stores(slice_: str, real_lake: RealLake) -> None:
    """Every column, to the last bit."""
    lake = real_lake(slice_)
    chrom = lake.scan("gold.frequencies", build=False).select("chrom").first().collect().item()
    for level, code in (("population", "GBR"), ("super_population", "AFR")):
        ours = lake.cohort(str(chrom), **{f"{level}s": [code]})  # type: ignore[arg-type]
        stored = (
            lake.scan("gold.frequencies", build=False)
            .filter(pl.col("level") == level, pl.col("population") == code)
            .sort("file", "record", "alt_index")
            .collect()
        )
        assert_frame_equal(ours, stored.select(ours.columns), check_dtypes=False)
        assert ours["ac"].sum() > 0


@pytest.mark.parametrize(("slice_", "sex"), [("chr22", "female"), ("chrX", "male")])
def test_a_cohort_of_any_samples_has_the_counts_of_bcftools(
    slice_: str, sex: str, real_lake: RealLake, tmp_path: Path
) -> None:
    """One sex of two populations, over a region: AC, AN, and genotypes, haploid ones too."""
    lake = real_lake(slice_)
    sites = lake.scan("silver.variants", build=False).collect()
    chrom, pos = sites["chrom"][0], sites["pos"].sort()
    low, high = int(pos[len(pos) // 3]), int(pos[len(pos) // 3 + 200])
    ours = lake.cohort(f"{chrom}:{low}-{high}", populations=["GBR", "YRI"], sex=sex)
    who = [n for code in ("GBR", "YRI") for n in members(lake, population=code, sex=sex)]
    (tmp_path / "who").write_text("\n".join(who) + "\n", encoding="utf-8")
    part = str(tmp_path / "part.bcf")
    out(
        tool("bcftools"), "view", "-S", str(tmp_path / "who"), "-t", f"{chrom}:{low}-{high}",
        str(lake.source.vcf[0]), "-Ob", "-o", part,
    )  # fmt: skip
    text = out(tool("bcftools"), "query", "-f", r"%POS\t%INFO/AN\t%INFO/AC[\t%GT]\n", part)
    expected = []
    for line in text.splitlines():
        at, an, ac, *calls = line.split("\t")
        if not low <= int(at) <= high:
            continue  # -t also takes deletions that reach in
        for k, copies in enumerate(ac.split(","), 1):
            carried = [
                {a == str(k) for a in c.replace("/", "|").split("|")} for c in calls if "." not in c
            ]
            expected.append(
                (int(at), int(copies), int(an), sum(c == {False} for c in carried),
                 sum(len(c) == 2 for c in carried), sum(c == {True} for c in carried),
                 sum("." in c for c in calls))
            )  # fmt: skip
    told = ("pos", "ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")
    assert ours.select(told).rows() == expected
    assert len(expected) > 100
    # A male has one chrX outside the PARs.
    assert min(ours["an"]) == len(who) * (1 if slice_ == "chrX" else 2)
    assert ours["ac"].sum() > 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_counts_of_two_cohorts_add_up(demo_lake: Lake, data: st.DataObject) -> None:
    """Of two sets without a common sample, and their union."""
    names = sorted(members(demo_lake))
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=40, unique=True))
    cut = data.draw(st.integers(1, len(chosen) - 1))
    region = "22:16050000-16150000"
    both, one, two = (
        demo_lake.cohort(region, samples=some) for some in (chosen, chosen[:cut], chosen[cut:])
    )
    assert len(both) > 0
    for column in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"):
        assert (both[column] == one[column] + two[column]).all()


def test_a_region_without_variants_gives_no_rows(demo_lake: Lake) -> None:
    """The columns are there all the same."""
    empty = demo_lake.cohort("22:1-2", populations=["GBR"])
    assert empty.is_empty()
    assert empty.columns == demo_lake.cohort("22:16050000-16100000").columns


# What cannot be answered

REFUSED = {
    "no variant": ("linked", ("22-1-A-G",), {}, "no variant '22-1-A-G'"),
    "no group": ("linked", (0,), {"population": "XXX"}, "'XXX'"),
    "distance": ("linked", (0,), {"distance": -1}, "distance is -1"),
    "af": ("linked", (0,), {"minimum_af": 0.6}, "minimum_af is 0.6"),
    "limit": ("linked", (0,), {"limit": 0}, "limit is 0"),
    "measure": ("ld_matrix", ([0, 1],), {"measure": "r3"}, "measure is 'r3'"),
    "none named": ("ld_matrix", ([],), {}, "0 variants are named"),
    "twice": ("ld_matrix", ([0, 0],), {}, "more than once"),
    "too many to pair": ("ld_matrix", ([0] * 501,), {}, "501 variants are named"),
    "too many": ("haplotypes", ([0] * 11,), {}, "11 variants are named"),
    "region": ("cohort", ("#5",), {}, "is no region"),
    "contig": ("cohort", ("7:1-100",), {}, "no contig '7'"),
    "population": ("cohort", ("22",), {"populations": ["GBX"]}, "GBX"),
    "sex": ("cohort", ("22",), {"sex": "other"}, "other"),
    "sample": ("cohort", ("22",), {"samples": ["nobody"]}, "nobody"),
    "no fit": (
        "cohort", ("22",), {"populations": ["GBR"], "super_populations": ["AFR"]},
        "fits all conditions",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_refused_in_a_sentence(case: str, demo_lake: Lake) -> None:
    """Numbers stand for common variants of the demo."""
    method, arguments, options, told = REFUSED[case]
    names = [name(r) for r in common(demo_lake, 2).to_dicts()]

    def filled(x: object) -> object:
        if isinstance(x, list):
            return [filled(y) for y in x]
        return names[x] if isinstance(x, int) else x

    with pytest.raises(UsageError) as refused:
        getattr(demo_lake, method)(*map(filled, arguments), **options)
    assert told in str(refused.value)


def test_phase_that_is_not_known_is_said(real_lake: RealLake) -> None:
    """D' and haplotypes need it."""
    lake = real_lake("chr12")
    names = [name(r) for r in common(lake, 2).to_dicts()]
    with pytest.raises(UsageError, match="not known"):
        lake.haplotypes(names)
    with pytest.raises(UsageError, match="not known"):
        lake.ld_matrix(names, measure="d_prime")


def test_nothing_is_answered_before_silver(tmp_path: Path) -> None:
    """The command that builds it is named."""
    lake = Lake(tmp_path / "new", dataset="demo")
    with pytest.raises(NotBuiltError, match="medallion build silver"):
        lake.linked("22-16050075-A-G")
