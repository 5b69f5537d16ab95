"""Gold's published statistics against tools nobody here wrote, on a simulated cohort.

msprime makes the genomes of three super-populations; they are written as a VCF, built
into a lake, and the tables are read as a user reads them. Every site varies in each pair
of groups; all megabases have SITES of them but for the last, which has fewer. So blocks of
a megabase are runs of so many sites, which are plink2's blocks.
"""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import allel
import msprime
import numpy as np
import polars as pl
import pytest
import tskit
from real_data import tool

from medallion import Lake

GROUPS = {"AFR": ("YRI", "LWK"), "EUR": ("GBR", "FIN"), "EAS": ("CHB", "JPT")}
PAIRS = [("AFR", "EAS"), ("AFR", "EUR"), ("EAS", "EUR")]  # in the catalog's order
EACH = 24  # samples of a super-population, half of them of each of its populations
SITES = 150
MEGABASES = 6
SIX_DIGITS = 5.1e-6  # as vcftools and plink2 print


@dataclass(frozen=True)
class Cohort:
    """The cohort and its lake; `known` are the trees of the sites whose ancestral allele
    the VCF tells."""

    vcf: Path
    folder: Path
    lake: Lake
    pos: np.ndarray
    genotypes: allel.GenotypeArray
    known: tskit.TreeSequence

    def members(self, code: str) -> np.ndarray:
        place = list(GROUPS).index(code)
        return np.arange(place * EACH, (place + 1) * EACH)

    def chromosomes(self, code: str) -> np.ndarray:
        """tskit's samples."""
        return np.arange(6 * EACH).reshape(3, -1)[list(GROUPS).index(code)]

    def counts(self, code: str) -> allel.AlleleCountsArray:
        return self.genotypes.count_alleles(max_allele=1, subpop=self.members(code))

    def keep(self, code: str) -> Path:
        path = self.folder / f"{code}.txt"
        path.write_text("".join(f"{code}{i}\n" for i in range(EACH)), encoding="utf-8")
        return path

    def table(self, name: str) -> pl.DataFrame:
        return self.lake.scan(f"gold.{name}", build=False).collect()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort")
    trees, kept, pos = chosen_sites()
    genotypes = trees.genotype_matrix()[kept].astype(np.int8)
    # The REF of a third of the sites is the derived allele; of some, AA tells nothing.
    number = np.arange(len(kept))
    flipped, unknown = number % 3 == 0, number % 7 == 0
    genotypes[flipped] = 1 - genotypes[flipped]
    names = [f"{code}{i}" for code in GROUPS for i in range(EACH)]
    vcf = folder / "cohort.vcf"
    write_vcf(vcf, names, pos, genotypes, flipped, unknown)
    panel = ["sample\tpop\tsuper_pop\tgender"]
    for code, populations in GROUPS.items():
        panel += [f"{code}{i}\t{populations[i % 2]}\t{code}\tfemale" for i in range(EACH)]
    (folder / "panel.txt").write_text("\n".join([*panel, ""]), encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[vcf], samples=folder / "panel.txt")
    lake.build("gold")
    return Cohort(
        vcf, folder, lake, pos, allel.GenotypeArray(genotypes.reshape(len(kept), -1, 2)),
        trees.delete_sites(np.setdiff1d(np.arange(trees.num_sites), kept[~unknown])),
    )  # fmt: skip


def chosen_sites() -> tuple[tskit.TreeSequence, np.ndarray, np.ndarray]:
    """Trees, the sites that the VCF has, and their positions, 1-based and all different."""
    history = msprime.Demography()
    for code in GROUPS:
        history.add_population(name=code, initial_size=3000)
    history.add_population(name="out", initial_size=3000)
    history.add_population(name="all", initial_size=8000)
    history.add_population_split(time=300, derived=["EUR", "EAS"], ancestral="out")
    history.add_population_split(time=900, derived=["AFR", "out"], ancestral="all")
    trees = msprime.sim_mutations(
        msprime.sim_ancestry(
            dict.fromkeys(GROUPS, EACH), demography=history, random_seed=3,
            sequence_length=MEGABASES * 1_000_000, recombination_rate=1e-8,
        ),
        rate=1e-8, discrete_genome=False, random_seed=4,
    )  # fmt: skip
    pos = np.floor(trees.sites_position).astype(np.int64) + 1
    genotypes = trees.genotype_matrix()
    sets = [genotypes[:, 2 * EACH * k : 2 * EACH * (k + 1)] for k in range(3)]
    varies = np.ones(len(pos), bool)
    for some in itertools.combinations(sets, 2):
        both = np.hstack(some)
        varies &= (both.min(axis=1) == 0) & (both.max(axis=1) == 1)
    # Windows of vcftools begin one base before ours: none of the bases between is taken.
    varies &= (np.diff(pos, prepend=0) > 0) & (pos % 10_000 > 0)
    kept = []
    for block in range(MEGABASES):
        rows = np.flatnonzero(varies & ((pos - 1) // 1_000_000 == block))
        wanted = SITES if block < MEGABASES - 1 else SITES // 3
        assert len(rows) >= wanted
        kept.append(rows[np.arange(wanted) * len(rows) // wanted])
    kept = np.concatenate(kept)
    return trees, kept, pos[kept]


def write_vcf(
    path: Path, names: list[str], pos: np.ndarray, genotypes: np.ndarray,
    flipped: np.ndarray, unknown: np.ndarray,
) -> None:  # fmt: skip
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=7>",
        '##INFO=<ID=AA,Number=1,Type=String,Description="Ancestral allele">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
        ),
    ]
    for i, (place, row) in enumerate(zip(pos.tolist(), genotypes, strict=True)):
        # Lower case and bars as Phase 3 has them; unknown in each way that it has.
        no, alt, ref = (".|||", "T|||", "N|||")[i % 3], "C|||", ("A|||", "a|||")[i % 2]
        ancestral = no if unknown[i] else alt if flipped[i] else ref
        calls = "\t".join(f"{a}|{b}" for a, b in row.reshape(-1, 2).tolist())
        lines.append(f"7\t{place}\t.\tA\tC\t.\tPASS\tAA={ancestral}\tGT\t{calls}")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return done.stdout


# Spectra -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", GROUPS)
def test_unfolded_spectra_are_those_of_tskit(cohort: Cohort, code: str) -> None:
    ours = of_kind(cohort.table("spectrum").filter(population=code), "unfolded")
    theirs = cohort.known.allele_frequency_spectrum(
        [cohort.chromosomes(code)], polarised=True, span_normalise=False
    )
    assert set(ours["n"]) == {2 * EACH}
    found = np.zeros(2 * EACH + 1)
    found[ours["count"].to_numpy()] = ours["sites"]
    assert found.tolist() == theirs.tolist()
    assert found.sum() == cohort.known.num_sites > 500


@pytest.mark.parametrize("code", GROUPS)
def test_folded_spectra_are_those_of_scikit_allel(cohort: Cohort, code: str) -> None:
    ours = of_kind(cohort.table("spectrum").filter(population=code), "folded")
    found = np.zeros(EACH + 1)
    found[ours["count"].to_numpy()] = ours["sites"]
    assert found.tolist() == allel.sfs_folded(cohort.counts(code)).tolist()
    assert found.sum() == len(cohort.pos)


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_joint_spectra_are_those_of_tskit(cohort: Cohort, one: str, two: str) -> None:
    found = joint(cohort, one, two, "unfolded")
    theirs = cohort.known.allele_frequency_spectrum(
        [cohort.chromosomes(one), cohort.chromosomes(two)], polarised=True, span_normalise=False
    )
    assert found.tolist() == theirs.tolist()
    assert (found > 0).sum() > 50


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_joint_folded_spectra_are_those_of_scikit_allel(cohort: Cohort, one: str, two: str) -> None:
    """Its joint spectrum of the ALT, folded: a class and its mirror image are one."""
    found = joint(cohort, one, two, "folded")
    theirs = allel.joint_sfs(cohort.counts(one)[:, 1], cohort.counts(two)[:, 1], 2 * EACH, 2 * EACH)
    assert (found + found[::-1, ::-1]).tolist() == (theirs + theirs[::-1, ::-1]).tolist()
    assert np.add(*np.nonzero(found)).max() <= 2 * EACH  # of the allele that is rarer in the two
    assert found.sum() == len(cohort.pos)


def of_kind(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return rows.filter(pl.col("kind").cast(pl.String) == kind)


def joint(cohort: Cohort, one: str, two: str, kind: str) -> np.ndarray:
    rows = cohort.table("joint_spectrum").filter(population_1=one, population_2=two)
    ours = of_kind(rows, kind)
    assert set(ours["n_1"]) == set(ours["n_2"]) == {2 * EACH}
    found = np.zeros((2 * EACH + 1, 2 * EACH + 1))
    found[ours["count_1"].to_numpy(), ours["count_2"].to_numpy()] = ours["sites"]
    return found


# Populations ---------------------------------------------------------------------------


def test_populations_are_those_of_scikit_allel(cohort: Cohort) -> None:
    """pi, theta and D from the first to the last record. Its expected heterozygosity is
    that of the sample; ours has the factor n / (n - 1), Nei's correction."""
    ours = {r["population"]: r for r in cohort.table("populations").iter_rows(named=True)}
    groups = {code: cohort.members(code) for code in GROUPS}
    for code, populations in GROUPS.items():
        groups |= {p: cohort.members(code)[k::2] for k, p in enumerate(populations)}
    groups["ALL"] = np.arange(3 * EACH)
    assert ours.keys() == groups.keys()
    for code, who in groups.items():
        ac = cohort.genotypes.count_alleles(max_allele=1, subpop=who)
        n = 2 * len(who)
        bounds = {"start": cohort.pos[0], "stop": cohort.pos[-1]}
        observed = allel.heterozygosity_observed(cohort.genotypes.take(who, axis=1))
        expected = allel.heterozygosity_expected(ac.to_frequencies(), ploidy=2) * n / (n - 1)
        theirs = {
            "pi": allel.sequence_diversity(cohort.pos, ac, **bounds),
            "theta_w": allel.watterson_theta(cohort.pos, ac, **bounds),
            "tajima_d": allel.tajima_d(ac),
            "het_observed": observed.mean(),
            "het_expected": expected.mean(),
            "f": 1 - observed.sum() / expected.sum(),
            "segregating_sites": ac.count_segregating(),
            "singletons": ac.count_singleton(allele=1),
        }
        assert {k: ours[code][k] for k in theirs} == pytest.approx(theirs, rel=1e-9), code


# Windows -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize("code", ["AFR", "EAS"])
def test_tajima_d_is_that_of_vcftools(cohort: Cohort, tmp_path: Path, code: str, size: int) -> None:
    run(tool("vcftools"), "--vcf", cohort.vcf, "--keep", cohort.keep(code), "--TajimaD", str(size),
        "--out", tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(
        tmp_path / "out.Tajima.D", separator="\t", infer_schema_length=None, null_values="nan"
    ).filter(pl.col("N_SNPS") > 0)
    rows = cohort.table("windows").filter(population=code, size=size)
    ours = rows.filter(pl.col("segregating_sites") > 0)
    assert (ours["start"] - 1).to_list() == theirs["BIN_START"].to_list()
    assert ours["segregating_sites"].to_list() == theirs["N_SNPS"].to_list()
    d = theirs["TajimaD"].to_numpy()
    assert ours["tajima_d"].to_numpy() == pytest.approx(d, rel=SIX_DIGITS)
    assert ours.height > 50


@pytest.mark.parametrize("size", [10_000, 100_000])
def test_windows_are_those_of_scikit_allel(cohort: Cohort, size: int) -> None:
    ours = cohort.table("windows").filter(population="EUR", size=size)
    windows = {"windows": ours.select("start", "end").to_numpy()}
    ac = cohort.counts("EUR")
    het = allel.heterozygosity_observed(cohort.genotypes.take(cohort.members("EUR"), axis=1))
    theirs = {
        "pi": allel.windowed_diversity(cohort.pos, ac, **windows)[0],
        "theta_w": allel.windowed_watterson_theta(cohort.pos, ac, **windows)[0],
        "het_observed": allel.windowed_statistic(cohort.pos, het, np.mean, **windows)[0],
        "records": allel.windowed_count(cohort.pos, **windows)[0],
    }
    for name, values in theirs.items():
        assert ours[name].to_numpy() == pytest.approx(values, rel=1e-10), name
    assert ours["records"].sum() == len(cohort.pos)


@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_windows_of_fst_are_those_of_scikit_allel(
    cohort: Cohort, one: str, two: str, size: int
) -> None:
    """windowed_hudson_fst: num and den summed over the window, as ours."""
    ours = cohort.table("windows_fst").filter(population_1=one, population_2=two, size=size)
    theirs, windows, sites = allel.windowed_hudson_fst(
        cohort.pos, cohort.counts(one), cohort.counts(two),
        windows=ours.select("start", "end").to_numpy(),
    )  # fmt: skip
    assert np.unique((cohort.pos - 1) // size).tolist() == ((windows[:, 0] - 1) // size).tolist()
    assert ours["fst"].to_numpy() == pytest.approx(theirs, rel=1e-10, nan_ok=True)
    assert ours["sites"].to_list() == sites.tolist()
    assert np.isfinite(theirs).sum() > 50


# FST -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "name"), [("hudson", "hudson"), ("wc", "weir_cockerham")])
def test_fst_and_its_standard_error_are_those_of_plink2(
    cohort: Cohort, tmp_path: Path, method: str, name: str
) -> None:
    """Its blocks are runs of so many sites that vary in the pair, here a megabase each.

    The last one is shorter, so it is the jackknife of unequal blocks.
    """
    groups = ["#IID\tSUPER", *(f"{c}{i}\t{c}" for c in GROUPS for i in range(EACH))]
    (tmp_path / "groups.txt").write_text("\n".join([*groups, ""]), encoding="utf-8")
    run(tool("plink2"), "--vcf", cohort.vcf, "--pheno", tmp_path / "groups.txt", "--fst", "SUPER",
        f"method={method}", f"blocksize={SITES}", "cols=nobs", "--threads", "1", "--out",
        tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(tmp_path / "out.fst.summary", separator="\t")
    ours = cohort.table("fst").filter(
        pl.col("level").cast(pl.String) == "super_population",
        pl.col("method").cast(pl.String) == name,
    )
    both = theirs.join(ours, left_on=["#POP1", "POP2"], right_on=["population_1", "population_2"])
    assert both.height == ours.height == 3
    assert both["fst"].to_numpy() == pytest.approx(
        both[f"{method.upper()}_FST"].to_numpy(), rel=SIX_DIGITS
    )
    assert both["se"].to_numpy() == pytest.approx(both["SE"].to_numpy(), rel=SIX_DIGITS)
    assert both["sites"].to_list() == both["OBS_CT"].to_list()
    assert both["blocks"].to_list() == [MEGABASES] * 3


@pytest.mark.parametrize(("method", "name"), [("hudson", "hudson"), ("wc", "weir_cockerham")])
def test_standard_errors_between_populations_are_those_of_plink2(
    cohort: Cohort, tmp_path: Path, method: str, name: str
) -> None:
    """Of two populations alone: of each megabase as many sites that vary in the pair."""
    who = {"YRI": cohort.members("AFR")[::2], "CHB": cohort.members("EAS")[::2]}
    people = np.concatenate(list(who.values()))
    genotypes = cohort.genotypes.values[:, people].reshape(len(cohort.pos), -1)
    varies = np.flatnonzero(genotypes.min(axis=1) < genotypes.max(axis=1))
    block = (cohort.pos[varies] - 1) // 1_000_000
    size = int(np.bincount(block)[:-1].min())
    wanted = [size] * (MEGABASES - 1) + [size // 4]
    kept = np.concatenate([varies[block == b][:n] for b, n in enumerate(wanted)])
    names = [f"{code}{i}" for code, own in who.items() for i in own.tolist()]
    none = np.zeros(len(kept), bool)
    write_vcf(tmp_path / "two.vcf", names, cohort.pos[kept], genotypes[kept], none, none)
    rows = [f"{n}\t{n[:3]}" for n in names]
    (tmp_path / "people.tsv").write_text("\n".join(["sample\tpop", *rows, ""]), encoding="utf-8")
    (tmp_path / "groups.txt").write_text("\n".join(["#IID\tPOP", *rows, ""]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "two.vcf"], samples=tmp_path / "people.tsv")
    lake.build("gold")
    run(tool("plink2"), "--vcf", tmp_path / "two.vcf", "--pheno", tmp_path / "groups.txt", "--fst",
        "POP", f"method={method}", f"blocksize={size}", "--threads", "1", "--out",
        tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(tmp_path / "out.fst.summary", separator="\t").row(0, named=True)
    ours = lake.scan("gold.fst", build=False).filter(
        pl.col("level").cast(pl.String) == "population", pl.col("method").cast(pl.String) == name
    )
    row = ours.collect().row(0, named=True)
    assert row["fst"] == pytest.approx(theirs[f"{method.upper()}_FST"], rel=SIX_DIGITS)
    assert row["se"] == pytest.approx(theirs["SE"], rel=SIX_DIGITS)
    assert (row["sites"], row["blocks"]) == (len(kept), MEGABASES)
    assert size > 100


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_fst_is_that_of_scikit_allel(cohort: Cohort, one: str, two: str) -> None:
    """Its jackknife has equal blocks only, so the value alone."""
    num, den = allel.hudson_fst(cohort.counts(one), cohort.counts(two))
    a, b, c = allel.weir_cockerham_fst(cohort.genotypes, [cohort.members(g) for g in (one, two)])
    theirs = {
        "hudson": num.sum() / den.sum(),
        "weir_cockerham": a.sum() / (a + b + c).sum(),
    }
    rows = cohort.table("fst").filter(population_1=one, population_2=two)
    ours = dict(rows.select(pl.col("method").cast(pl.String), "fst").rows())
    assert ours == pytest.approx(theirs, rel=1e-10)
    means = dict(rows.select(pl.col("method").cast(pl.String), "mean_fst").rows())
    assert means["hudson"] == pytest.approx((num / den).mean(), rel=1e-10)
    assert means["weir_cockerham"] == pytest.approx((a / (a + b + c)).mean(), rel=1e-10)


# Linkage -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", GROUPS)
def test_decay_is_that_of_vcftools(cohort: Cohort, tmp_path: Path, code: str) -> None:
    """Its --geno-r2 of each pair, within megabases, averaged by distance.

    The sites are told by bcftools and vcftools: of a frequency of 5 % in all, the first of
    each kilobase, and of 5 % in the group.
    """
    frequent = tmp_path / "frequent.vcf"
    run(tool("bcftools"), "view", "-G", "-q", "0.05:minor", "-o", frequent, cohort.vcf)
    common = [int(p) for p in run(tool("bcftools"), "query", "-f", "%POS\n", frequent).split()]
    first = {(p - 1) // 1000: p for p in reversed(common)}
    (tmp_path / "sites.txt").write_text(
        "".join(f"7\t{p}\n" for p in sorted(first.values())), encoding="utf-8"
    )
    run(tool("vcftools"), "--vcf", cohort.vcf, "--positions", tmp_path / "sites.txt", "--keep",
        cohort.keep(code), "--maf", "0.05", "--geno-r2", "--ld-window-bp", "1000000", "--out",
        tmp_path / "out")  # fmt: skip
    pairs = pl.read_csv(
        tmp_path / "out.geno.ld", separator="\t", infer_schema_length=None, null_values="-nan"
    ).filter((pl.col("POS1") - 1) // 1_000_000 == (pl.col("POS2") - 1) // 1_000_000)
    ours = cohort.table("ld_decay").filter(super_population=code)
    distance = pairs["POS2"] - pairs["POS1"]
    place = ours["distance_to"].search_sorted(distance)
    means = pairs.with_columns(place=place).group_by("place").agg(pl.len(), pl.col("R^2").mean())
    theirs = means.sort("place")
    there = ours.with_row_index("place").filter(pl.col("pairs") > 0)
    assert there["place"].to_list() == theirs["place"].to_list()
    assert there["pairs"].to_list() == theirs["len"].to_list()
    # Ours are of float32, theirs are printed with six digits.
    assert there["r2"].to_numpy() == pytest.approx(theirs["R^2"].to_numpy(), rel=2e-5)
    assert theirs["len"].sum() > 10_000
