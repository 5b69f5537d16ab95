"""Gold of a cohort that is odd in every way at once, counted again in plain Python.

Several ALTs, insertions, `*` and symbolic ones; half-missing, missing and one-copy calls; an
autosome, a chrX with men and a chrMT; populations of one sample, without a super-population,
or with names such as `ALL`; a sample that the table does not name.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import allel
import numpy as np
import polars as pl
import pytest
from plain_vcf import vcf_text

from medallion import Lake

SEED = 6
PEOPLE = [("São Tomé", "S 1", 7), ("a,b;c", "S 1", 6), ('x"y', "S 2", 1), ("EUR", "S 2", 5),
          ("ALL", "ALL", 4), ("1", "", 3), ("unassigned", "unassigned", 1)]  # fmt: skip
CONTIGS = [("7", 100, 200, 40_000), ("X", 3_000_000, 60, 40_000), ("MT", 10, 25, 5)]
TRANSITIONS = (frozenset("AG"), frozenset("CT"))
Call = list[int | None]
Group = tuple[str, str]


@dataclass(frozen=True)
class Record:
    number: int
    chrom: str
    pos: int
    ref: str
    alts: list[str]
    ancestral: str
    calls: list[Call]

    def line(self, made: random.Random) -> str:
        calls = [made.choice("/|").join("." if a is None else str(a) for a in c)
                 for c in self.calls]  # fmt: skip
        info = f"AA={self.ancestral}|||" if self.ancestral else "."
        alts = ",".join(self.alts)
        return " ".join(
            [self.chrom, str(self.pos), ".", self.ref, alts, ".", "PASS", info, "GT", *calls]
        )

    def change(self, alt: int) -> tuple[str, str]:
        """REF and an ALT without the bases that both begin or end with."""
        ref, new = self.ref, self.alts[alt - 1]
        while min(len(ref), len(new)) > 1 and ref[-1] == new[-1]:
            ref, new = ref[:-1], new[:-1]
        while min(len(ref), len(new)) > 1 and ref[0] == new[0]:
            ref, new = ref[1:], new[1:]
        return ref, new

    def is_snv(self, alt: int) -> bool:
        ref, new = self.change(alt)
        return len(ref) == 1 and new in tuple("ACGT")

    def transition(self, alt: int) -> bool | None:
        return frozenset(self.change(alt)) in TRANSITIONS if self.is_snv(alt) else None

    @property
    def snvs_alone(self) -> bool:
        return all(self.is_snv(i + 1) for i in range(len(self.alts)))

    def counts(self, members: Sequence[int]) -> list[int]:
        called = [a for i in members for a in self.calls[i] if a is not None]
        return [called.count(a) for a in range(len(self.alts) + 1)]


@dataclass(frozen=True)
class Odd:
    lake: Lake
    records: list[Record]
    samples: list[str]
    groups: dict[Group, list[int]]

    def rows(self, table: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        found = self.lake.scan(table, build=False).collect()
        made = {tuple(r[k] for k in key): r for r in found.iter_rows(named=True)}
        assert len(made) == found.height
        return made

    def alleles(self) -> list[tuple[Record, int]]:
        return [(r, i + 1) for r in self.records for i in range(len(r.alts))]

    @cached_property
    def ac_an(self) -> dict[tuple[int, int, str, str], tuple[int, int]]:
        return {
            (r.number, alt, *group): (counts[alt], sum(counts))
            for r in self.records
            for group, members in self.groups.items()
            for counts in [r.counts(members)]
            for alt in range(1, len(r.alts) + 1)
        }


def made_records(made: random.Random, sexes: Sequence[str]) -> list[Record]:
    records: list[Record] = []
    for chrom, begin, count, furthest in CONTIGS:
        pos = begin
        for _ in range(count):
            pos += made.choice([1, 3, 40, 900, furthest]) if chrom != "MT" else made.choice([1, 5])
            ref = made.choice("ACGT")
            bases = [b for b in "ACGT" if b != ref]
            odd = [ref + "A", ref + "TT", "*", "<DEL>", ref + "CCC"]
            alts = made.sample(
                made.choice([bases, bases, bases, odd]), made.choice([1, 1, 1, 2, 3])
            )
            if len(alts[0]) > 1 and made.random() < 0.3:
                ref += "G"
            weights = [made.random() * 2 + 0.2, *(made.random() ** 2 for _ in alts)]
            lost = made.choice([0, 0, 0.1, 0.3, 0.97])

            def one(weights: list[float] = weights, lost: float = lost) -> int | None:
                return (
                    None if made.random() < lost else made.choices(range(len(weights)), weights)[0]
                )

            def copies(sex: str, chrom: str = chrom) -> int:
                rare = made.random() < 0.03
                return 1 if chrom == "MT" or (chrom == "X" and sex == "male") != rare else 2

            calls = [[one() for _ in range(copies(sex))] for sex in sexes]
            known = [a for a in (ref, ref.lower(), alts[0], "N", "") if "<" not in a and a != "*"]
            number = len(records) + 1
            records.append(Record(number, chrom, pos, ref, alts, made.choice(known), calls))
    return records


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    made, folder = random.Random(SEED), tmp_path_factory.mktemp("odd")
    of = [(p, s) for p, s, n in PEOPLE for _ in range(n)]
    sexes = [made.choice(["male", "female"]) for _ in of]
    names = [f"I{i}" for i in range(len(of))]
    records = made_records(made, sexes)
    (folder / "odd.vcf").write_text(vcf_text([r.line(made) for r in records], names), "utf-8")
    table = zip(names, *zip(*of, strict=True), sexes, strict=True)
    rows = [("sample", "pop", "super_pop", "gender"), *list(table)[:-1]]
    (folder / "people.tsv").write_text("\n".join(map("\t".join, rows)) + "\n", "utf-8")
    lake = Lake(folder / "lake", vcf=[folder / "odd.vcf"], samples=folder / "people.tsv")
    lake.build()
    groups: dict[Group, list[int]] = {("ALL", "all"): list(range(len(of)))}
    for i, (population, wider) in enumerate(of):
        groups.setdefault((population, "population"), []).append(i)
        if wider:
            groups.setdefault((wider, "super_population"), []).append(i)
    kept = set(lake.scan("silver.variants", build=False).select("record").collect()["record"])
    assert len(kept) > len(records) - 10
    return Odd(lake, [r for r in records if r.number in kept], names, groups)


def differing(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """What is not as expected; numbers to nine digits."""

    def same(one: Any, other: Any) -> bool:
        if isinstance(one, float) and isinstance(other, float | int):
            return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
        return bool(one == other)

    return {n: (found[n], value) for n, value in expected.items() if not same(found[n], value)}


def hardy_weinberg(n_ref: int, n_het: int, n_alt: int) -> float | None:
    """The exact test by factorials of whole numbers."""
    n, copies = n_ref + n_het + n_alt, 2 * n_alt + n_het
    if not n:
        return None
    f = math.factorial
    ways = {
        het: 2**het * f(n) // (f((copies - het) // 2) * f(het) * f(n - (copies + het) // 2))
        for het in range(copies % 2, min(copies, 2 * n - copies) + 1, 2)
    }
    return sum(w for w in ways.values() if w <= ways[n_het]) / sum(ways.values())


def test_frequencies(odd: Odd) -> None:
    found = odd.rows("gold.frequencies", "record", "alt_index", "population", "level")
    assert set(found) == set(odd.ac_an)
    wrong = {}
    for r, alt in odd.alleles():
        for group, members in odd.groups.items():
            ac, an = odd.ac_an[r.number, alt, *group]
            mine = [r.calls[i] for i in members]
            called = [c for c in mine if any(a is not None for a in c)]
            whole = [c for c in mine if len(c) == 2 and None not in c]
            expected = {
                "ac": ac, "an": an, "af": ac / an if an else None,
                "n_hom_ref": sum(alt not in c for c in called),
                "n_het": sum(alt in c and set(c) != {alt} for c in called),
                "n_hom_alt": sum(set(c) == {alt} for c in called),
                "n_missing": len(mine) - len(called),
                "hwe_p": hardy_weinberg(*(sum(c.count(alt) == n for c in whole) for n in range(3))),
            }  # fmt: skip
            if bad := differing(found[r.number, alt, *group], expected):
                wrong[r.number, alt, *group] = bad
    assert wrong == {}


def test_variants(odd: Odd) -> None:
    found = odd.rows("gold.variants", "record", "alt_index")
    groups = {level: [g for g, own in odd.groups if own == level and g != "unassigned"]
              for level in ("population", "super_population")}  # fmt: skip
    wrong = {}
    for r, alt in odd.alleles():
        ac, an = odd.ac_an[r.number, alt, "ALL", "all"]
        expected = {"ac": ac, "an": an, "singleton": ac == 1, "transition": r.transition(alt)}
        for level, names in groups.items():
            of = {g: odd.ac_an[r.number, alt, g, level] for g in names}
            seen = [g for g in names if of[g][0]]
            expected[f"n_{level}s"] = len(seen)
            expected[f"private_{level}"] = next((g for g in seen if of[g][0] == ac), None)
            if level == "population":
                known = [a / n for a, n in of.values() if n]
                expected |= {
                    "highest_af": max(known, default=None), "lowest_af": min(known, default=None)
                }  # fmt: skip
        derived = {r.ref: ac, r.alts[alt - 1]: an - ac}.get(r.ancestral.upper())
        expected["derived_af"] = None if derived is None or not an else derived / an
        if bad := differing(found[r.number, alt], expected):
            wrong[r.number, alt] = bad
    assert wrong == {}


def test_fst_of_alleles_leaves_out_who_is_of_no_population(odd: Odd) -> None:
    found = odd.rows("gold.variants", "record", "alt_index")
    wrong = {}
    for level, column in (("population", "fst_populations"),
                          ("super_population", "fst_super_populations")):  # fmt: skip
        groups = [m for (g, own), m in odd.groups.items() if own == level and g != "unassigned"]
        for r, alt in odd.alleles():
            calls = np.array([[a == alt for a in c] if len(c) == 2 and None not in c else [-1, -1]
                              for c in r.calls], np.int8)[None]  # fmt: skip
            called = [m for m in groups if (calls[0, m, 0] >= 0).any()]
            value = None
            if len(called) > 1:
                with np.errstate(invalid="ignore", divide="ignore"):
                    parts = allel.weir_cockerham_fst(calls, called, max_allele=1)
                total = float(sum(p[0, 1] for p in parts))
                value = float(parts[0][0, 1]) / total if total and np.isfinite(total) else None
            if bad := differing(found[r.number, alt], {column: value}):
                wrong[r.number, alt] = bad
    assert wrong == {}


def harmonic(n: int, power: int = 1) -> float:
    return sum(1 / i**power for i in range(1, n))


def tajima(n: int, pi: float, segregating: int) -> float | None:
    if n < 4 or not segregating:
        return None
    a1, a2 = harmonic(n), harmonic(n, 2)
    e1 = ((n + 1) / (3 * (n - 1)) - 1 / a1) / a1
    b2 = 2 * (n * n + n + 3) / (9 * n * (n - 1))
    e2 = (b2 - (n + 2) / (a1 * n) + a2 / a1**2) / (a1**2 + a2)
    return (pi - segregating / a1) / math.sqrt(
        e1 * segregating + e2 * segregating * (segregating - 1)
    )


def diversity(records: Sequence[Record], members: Sequence[int], length: int) -> dict[str, Any]:
    segregating, most, pi, theta = 0, 0, 0.0, 0.0
    observed, due = [], []
    for r in (r for r in records if r.snvs_alone):
        counts = r.counts(members)
        n = sum(counts)
        if n > 1:
            most = max(most, n)
            pi += (n * n - sum(c * c for c in counts)) / (n * (n - 1))
            if max(counts) < n:
                segregating, theta = segregating + 1, theta + 1 / harmonic(n)
        mine = [r.calls[i] for i in members]
        whole = [c for c in mine if len(c) == 2 and None not in c]
        if len(r.alts) == 1 and whole:
            p, m = sum(map(sum, whole)) / (2 * len(whole)), 2 * len(whole)  # type: ignore[arg-type]
            observed.append(sum(c[0] != c[1] for c in whole) / len(whole))
            due.append(2 * p * (1 - p) * m / (m - 1))
    return {
        "segregating_sites": segregating,
        "pi": pi / length if most else None,
        "theta_w": theta / length if most else None,
        "tajima_d": tajima(most, pi, segregating),
        "het_observed": sum(observed) / len(observed) if due else None,
        "het_expected": sum(due) / len(due) if due else None,
        "f": 1 - sum(observed) / sum(due) if sum(due) else None,
    }


def test_populations(odd: Odd) -> None:
    found = odd.rows("gold.populations", "population", "level")
    assert set(found) == set(odd.groups)
    places = [[r.pos for r in odd.records if r.chrom == chrom] for chrom, *_ in CONTIGS]
    length = sum(max(p) - min(p) + 1 for p in places)
    wrong = {}
    for group, members in odd.groups.items():
        of = [(r, alt, *odd.ac_an[r.number, alt, *group]) for r, alt in odd.alleles()]
        vary = [r.transition(alt) for r, alt, ac, an in of if 0 < ac < an]
        whole = [odd.ac_an[r.number, alt, "ALL", "all"][0] for r, alt in odd.alleles()]
        own = sum(0 < ac == all_ for (*_, ac, _an), all_ in zip(of, whole, strict=True))
        expected = {
            "samples": len(members), "alleles": len(of), "polymorphic_alleles": len(vary),
            "singletons": sum(ac == 1 for *_, ac, _ in of), "length": length,
            "private_alleles": None if group[1] == "all" else own,
            "transitions": vary.count(True), "transversions": vary.count(False),
            "ti_tv": vary.count(True) / vary.count(False),
            **diversity(odd.records, members, length),
        }  # fmt: skip
        if bad := differing(found[group], expected):
            wrong[group] = bad
    assert wrong == {}


def test_windows(odd: Odd) -> None:
    found = odd.rows("gold.windows", "chrom", "start", "size", "population", "level")
    assert {size for _, _, size, *_ in found} == {10_000, 100_000}
    wrong = {}
    for (chrom, start, size, *group), row in found.items():
        inside = [r for r in odd.records if r.chrom == chrom and start <= r.pos < start + size]
        expected = diversity(inside, odd.groups[tuple(group)], size) | {"records": len(inside)}
        del expected["f"]
        if bad := differing(row, expected):
            wrong[chrom, start, size, *group] = bad
    assert wrong == {}


def test_fst_of_hudson(odd: Odd) -> None:
    found = odd.rows("gold.fst", "method", "level", "population_1", "population_2")
    assert len(found) == 2 * (15 + 3)
    for (method, level, one, other), row in found.items():
        above, below, sites = 0.0, 0.0, 0
        for r in (r for r in odd.records if len(r.alts) == 1):
            (k1, n1), (k2, n2) = (odd.ac_an[r.number, 1, g, level] for g in (one, other))
            if min(n1, n2) > 1:
                p, q = k1 / n1, k2 / n2
                above += (p - q) ** 2 - p * (1 - p) / (n1 - 1) - q * (1 - q) / (n2 - 1)
                below += p * (1 - q) + q * (1 - p)
                sites += p * (1 - q) + q * (1 - p) > 0
        if method == "hudson":
            assert differing(row, {"fst": above / below, "sites": sites}) == {}


def test_samples(odd: Odd) -> None:
    found = odd.rows("gold.samples", "sample")
    kinds: dict[str, Callable[[Call], bool]] = {
        "missing": lambda c: None in c,
        "haploid_ref": lambda c: c == [0],
        "haploid_alt": lambda c: len(c) == 1 and c[0] not in (0, None),
        "hom_ref": lambda c: c == [0, 0],
        "hom_alt": lambda c: len(c) == 2 and c[0] == c[1] and c[0] not in (0, None),
        "het": lambda c: None not in c and len(set(c)) == 2,
    }
    only = {(n, a) for (n, a, *g), (ac, _) in odd.ac_an.items() if g == ["ALL", "all"] and ac == 1}
    for i, sample in enumerate(odd.samples):
        calls = [(r, r.calls[i]) for r in odd.records]
        # As bcftools: of two different ALTs, that with the lower number.
        first = [r.transition(min(set(c) - {0})) for r, c in calls if None not in c and any(c)]  # type: ignore[type-var]
        expected = {
            "records": len(calls),
            **{name: sum(is_one(c) for _, c in calls) for name, is_one in kinds.items()},
            "transitions": first.count(True), "transversions": first.count(False),
            "singletons": sum((r.number, a) in only for r, c in calls for a in c),
            "call_rate": 1 - sum(None in c for _, c in calls) / len(calls),
        }  # fmt: skip
        assert differing(found[sample,], expected) == {}, sample


def test_spectra_are_of_the_sites_with_the_commonest_number_of_calls(odd: Odd) -> None:
    found = odd.lake.scan("gold.spectrum", build=False).filter(pl.col("kind") == "folded").collect()
    for group, members in odd.groups.items():
        counts = [r.counts(members) for r in odd.records if len(r.alts) == 1 and r.snvs_alone]
        own = found.filter(population=group[0], level=group[1])
        (n,) = own["n"].unique()
        calls = [sum(c) for c in counts]
        assert calls.count(n) == max(calls.count(m) for m in set(calls))
        minor = [min(c) for c in counts if sum(c) == n]
        assert dict(own.select("count", "sites").rows()) == {m: minor.count(m) for m in set(minor)}
