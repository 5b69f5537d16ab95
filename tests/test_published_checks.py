"""Each check is seen to hold where all is right, and to fail where that very thing is wrong.

`gold.checks` is read after a build from an input that is wrong, or from silver's tables
where some were changed; `medallion verify` is run on a lake that was whole when it was
built. The cases are told by the checks that there are: one without a case fails.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from plain_vcf import vcf_text

from medallion import Lake
from medallion.bronze import tables as bronze
from medallion.catalog import POPULATIONS
from medallion.catalog.checks import AT_BUILD, AT_VERIFY, KINDS
from medallion.errors import CheckError
from medallion.gold import tables as gold
from medallion.silver import tables as silver
from medallion.storage import delta, parts

TABLES = {t.name: t for t in (*bronze.TABLES, *silver.TABLES, *gold.TABLES)}
SUPER = {"ASW": "AFR", "MXL": "AMR", "CDX": "EAS", "GBR": "EUR", "BEB": "SAS"}
SIZES = {p.code: p.samples_phase3 for p in POPULATIONS if p.code in SUPER}
FIELDS = ("AC", "AN", "AF", *(f"{s}_AF" for s in SUPER.values()))
SNVS, OF_X = 1400, 20


# The input -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """A cohort of one population of each super-population, of the sizes of Phase 3.

    `copies` has shape (2, n_sites, n_samples); the last OF_X sites are of chrX, where
    males have the first copy alone. `wrong` says of how many alleles a field of INFO lies.
    """

    populations: tuple[str, ...]
    sexes: tuple[str, ...]
    copies: np.ndarray
    alts: str = "GGC"
    wrong: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    left_out: int = 0

    def lines(self) -> list[str]:
        males = np.array(self.sexes) == "male"
        of = np.array([SUPER[p] for p in self.populations])
        found = []
        for i in range(self.left_out, self.copies.shape[1]):
            one, other = self.copies[:, i]
            chrom, pos = ("7", 2000 * (i + 1)) if i < SNVS else ("X", 5_000_000 + i)
            here = ~males if chrom == "X" else np.ones(len(of), bool)
            ac, an = one + other * here, 1 + here
            info = {"AC": ac.sum(), "AN": an.sum(), "AF": ac.sum() / an.sum()}
            info |= {f"{s}_AF": ac[of == s].sum() / an[of == s].sum() for s in SUPER.values()}
            number = i - self.left_out
            for name, lies in self.wrong.items():
                # AC and AN stay whole, a frequency is off by more than four digits can be.
                info[name] += (1 if name in ("AC", "AN") else 2e-4) * (number < lies)
            told = ";".join(f"{k}={v:.6g}" for k, v in info.items())
            calls = [
                f"{a}|{b}" if both else str(a)
                for a, b, both in zip(one.tolist(), other.tolist(), here.tolist(), strict=True)
            ]
            alt = self.alts[i % len(self.alts)]
            found.append(" ".join([f"{chrom} {pos} . A {alt} . PASS {told} GT", *calls]))
        return [*found[: self.repeated], *found, "7 nowhere . A C . PASS . GT" + " 0|0" * len(of)]

    def write(self, folder: Path) -> Lake:
        names = [f"S{i}" for i in range(len(self.populations))]
        folder.mkdir(exist_ok=True)
        (folder / "cohort.vcf").write_text(vcf_text(self.lines(), names), encoding="utf-8")
        rows = zip(names, self.populations, map(SUPER.get, self.populations), self.sexes,
                   strict=True)  # fmt: skip
        table = "\n".join("\t".join(r) for r in [("sample", "pop", "super_pop", "gender"), *rows])
        (folder / "panel.txt").write_text(table + "\n", encoding="utf-8")
        return Lake(folder / "lake", vcf=[folder / "cohort.vcf"], samples=folder / "panel.txt")


@functools.cache
def right() -> Input:
    made = np.random.default_rng(11)
    populations = tuple(itertools.chain.from_iterable([p] * n for p, n in SIZES.items()))
    n = len(populations)
    base = made.uniform(0.2, 0.8, SNVS + OF_X)[:, None]
    copies = (made.random((2, SNVS + OF_X, n)) < base).astype(np.int8)
    return Input(populations, tuple(made.choice(["male", "female"], n).tolist()), copies)


# Tables that are changed on the disk ---------------------------------------------------


def rewrite(lake: Lake, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Publish a table with other rows."""
    table = TABLES[name]
    rows = change(lake.scan(name, build=False).collect())
    chroms = rows["chrom"].unique().to_list() if table.partitioned else [None]
    made = []
    for chrom in chroms:
        own = rows if chrom is None else rows.filter(chrom=chrom).drop("chrom")
        made.append(parts.write_part(lake.path, table, own, chrom=chrom, name="part-other"))
    version = delta.commit(lake.path, table, made, {})
    path = lake.path / table.layer / "layer.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["tables"][table.short]["version"] = version
    path.write_text(json.dumps(record), encoding="utf-8")


def first(column: str, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A change of a column's first value that is not null; an int is added to it."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        place = rows[column].is_not_null().arg_true()[0]
        said = rows[column][place] + value if isinstance(value, int) else value
        return rows.with_columns(rows[column].scatter(place, said))

    return change


Change = tuple[str, Callable[[pl.DataFrame], pl.DataFrame]]
"""A table, and what is done to it."""


# gold.checks ---------------------------------------------------------------------------


def checks(lake: Lake) -> pl.DataFrame:
    found = lake.scan("gold.checks", build=False).collect()
    return found.with_columns(pl.col("id", "severity", "verdict").cast(pl.String))


def failed(found: pl.DataFrame) -> set[str]:
    return set(found.filter(verdict="failed")["id"])


Build = Callable[[Callable[[], Input], tuple[Change, ...]], pl.DataFrame]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A function that tells the checks of an input, said to be of Phase 3, with gold made
    from silver's tables after some changes. Each input, and each case, is built once."""

    @functools.cache
    def silver_of(make: Callable[[], Input]) -> Lake:
        lake = make().write(tmp_path_factory.mktemp("input"))
        lake.build("silver")
        rewrite(lake, "bronze.files", lambda f: f.with_columns(dataset=pl.lit("phase3")))
        return lake

    @functools.cache
    def of(make: Callable[[], Input], changes: tuple[Change, ...]) -> pl.DataFrame:
        folder = tmp_path_factory.mktemp("case") / "lake"
        lake = Lake(shutil.copytree(silver_of(make).path, folder))
        for name, change in changes:
            rewrite(lake, name, change)
        with pytest.MonkeyPatch.context() as patch:
            # What is wrong would not be published, and could not be looked at.
            patch.setattr("medallion.gold.whole.refuse", lambda _checks: None)
            lake.build("gold")
        return checks(lake)

    return of


def test_all_checks_are_made_and_hold(built: Build) -> None:
    all_right = built(right, ())
    assert set(all_right["id"]) == set(AT_BUILD)
    assert failed(all_right) == set()
    said = dict(all_right.select("id", "severity").rows())
    assert said == {name: kind.severity for name, kind in AT_BUILD.items()}


def wrong() -> Input:
    """All that a file and its sample table can be wrong in, each by a number of its own."""
    copies = right().copies.copy()
    # In the first population all are heterozygous at two sites of a hundred.
    copies[:, : SNVS // 50, : SIZES["ASW"]] = np.array([0, 1], np.int8)[:, None, None]
    populations = ("MXL", *right().populations[1:])
    lies = {name: i + 1 for i, name in enumerate(FIELDS)}
    return replace(
        right(), populations=populations, copies=copies, alts="C", wrong=lies, repeated=3
    )


def few() -> Input:
    return replace(right(), left_out=SNVS - 900)


def one_that_no_file_has(rows: pl.DataFrame) -> pl.DataFrame:
    more = rows.head(1).with_columns(sample=pl.lit("nobody"), population=pl.lit("unassigned"))
    return pl.concat([rows, more])


def other_sex(rows: pl.DataFrame) -> pl.DataFrame:
    turned = {"female": "male", "male": "female"}
    some = pl.int_range(pl.len()) < 2
    return rows.with_columns(
        pl.when(some).then(pl.col("sex").replace(turned)).otherwise("sex").alias("sex")
    )


CHANGES: tuple[Change, ...] = (
    ("silver.defects", lambda f: f.filter(pl.col("verdict") != "quarantined")),
    ("silver.samples", one_that_no_file_has),
    ("silver.samples", other_sex),
)
KEPT = f"{SNVS + OF_X:,}"
WRONG: Mapping[str, tuple[Callable[[], Input], tuple[Change, ...], tuple[str, ...]]] = {
    "conservation": (right, CHANGES, (f"{KEPT} kept [+] 0 quarantined",)),
    "duplicates": (wrong, (), ("3 records",)),
    **{
        f"published_{name.lower()}": (wrong, (), (f"[0-9,]+ agree, {i + 1} differ",))
        for i, name in enumerate(FIELDS)
    },
    "release_samples": (wrong, (), ("60 samples", "65 samples")),
    "sample_sums": (right, CHANGES, ("396 samples",)),
    "sex_chrx": (right, CHANGES, ("[0-9]+ with one copy; 2 samples do not match their sex",)),
    "structure_sites": (few, (), ("[89][0-9]{2} sites",)),
    "hardy_weinberg": (wrong, (), (r"28 alleles \(1[.]97%\)",)),
    "ti_tv": (wrong, (), ("0[.]00",)),
}  # fmt: skip
"""For each check, an input and changes of silver by which it must fail, and what it then
says of the rows that fail."""


@pytest.mark.parametrize("name", AT_BUILD)
def test_a_check_of_the_build_fails_where_it_should(name: str, built: Build) -> None:
    make, changes, said = WRONG[name]
    found = built(make, changes)
    assert failed(found) == {n for n in AT_BUILD if WRONG[n][:2] == (make, changes)}
    bad = found.filter(id=name, verdict="failed").sort("found")
    assert set(bad["severity"]) == {AT_BUILD[name].severity}
    assert len(bad) == len(said)
    for row, pattern in zip(bad["found"], said, strict=True):
        assert re.fullmatch(pattern, row), row


def test_what_a_check_finds_wrong_is_not_published(tmp_path: Path) -> None:
    lake = replace(right(), left_out=SNVS - 30).write(tmp_path)
    lake.build("gold")
    before = lake.version("gold"), lake.scan("gold.frequencies", build=False).collect()
    rewrite(lake, "silver.samples", one_that_no_file_has)
    with pytest.raises(CheckError, match=r"sample_sums of all samples: .* found 396 samples"):
        lake.build("gold", force=True)
    after = lake.version("gold"), lake.scan("gold.frequencies", build=False).collect()
    assert after[0] == before[0]
    assert after[1].equals(before[1])
    assert lake.history().select("layer", "outcome").row(-1) == ("gold", "failed")
    rewrite(lake, "silver.samples", lambda rows: rows.filter(pl.col("sample") != "nobody"))
    lake.build("gold", force=True)
    assert lake.version("gold") != before[0]


# medallion verify ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = replace(right(), left_out=SNVS - 30).write(tmp_path_factory.mktemp("small"))
    lake.build("gold")
    return lake


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def lose(lake: Lake, name: str) -> None:
    shutil.rmtree(parts.table_path(lake.path, TABLES[name]) / "_delta_log")


def one_less(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the alleles of the first record."""
    return rows.filter(pl.col("record") != rows["record"].min())


def in_a_population(column: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """One more in the first row of a population."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        place = (rows["level"].cast(pl.String) == "population").arg_true()[0]
        return rows.with_columns(rows[column].scatter(place, rows[column][place] + 1))

    return change


def an_of_all(rows: pl.DataFrame) -> pl.DataFrame:
    """One more in all samples, one less there of another allele: their sum is the same."""
    all_rows = (rows["level"].cast(pl.String) == "all").arg_true()[:2]
    return rows.with_columns(
        rows["an"].scatter(all_rows, rows["an"][all_rows] + pl.Series([1, -1]))
    )


Damage = Callable[[Lake], None]
COUNTS = ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")


def other_silver(lake: Lake) -> None:
    """As if silver had been built since of other data: gold is stale, which is no error."""
    record = lake.path / "silver" / "layer.json"
    told = json.loads(record.read_text("utf-8"))
    told["fingerprint"]["inputs"]["The VCF cohort.vcf"] = "another"
    record.write_text(json.dumps(told), "utf-8")
    rewrite(lake, "silver.variants", lambda f: f.with_columns(n_missing=pl.col("n_missing") + 1))


DAMAGE: Mapping[str, tuple[Damage, set[str]]] = {
    "bronze.readable": (lambda k: lose(k, "bronze.files"), {"gold.readable"}),
    "silver.readable": (lambda k: lose(k, "silver.variants"), {"gold.readable"}),
    "gold.readable": (lambda k: lose(k, "gold.frequencies"), set()),
    "bronze.sha256": (lambda k: flip(k.path / "bronze" / "panel.txt"), set()),
    "bronze.blocks": (
        lambda k: (k.path / "bronze" / "cohort.vcf").write_text("##fileformat=VCFv4.3\n"),
        {"bronze.sha256"},
    ),
    "bronze.end_block": (
        lambda k: rewrite(k, "bronze.files", lambda f: f.with_columns(container=pl.lit("bgzf"))),
        set(),
    ),
    "silver.conservation": (
        lambda k: rewrite(k, "silver.variants", one_less),
        {"silver.allele_copies", "gold.all_equals_silver"},
    ),
    "silver.allele_copies": (lambda k: rewrite(k, "silver.genotypes", first("dosage", 1)), set()),
    "silver.published_ac": (
        lambda k: rewrite(k, "silver.variants", first("published_ac", 1)), set()
    ),
    "gold.of_silver": (other_silver, set()),
    "gold.all_equals_silver": (lambda k: rewrite(k, "gold.frequencies", an_of_all), set()),
    **{
        f"gold.sum_{c}": (
            lambda k, c=c: rewrite(k, "gold.frequencies", in_a_population(c)),
            # One genotype more than the group has samples.
            {"gold.sample_counts"} if c.startswith("n_") else set(),
        )
        for c in COUNTS
    },
    "gold.sample_counts": (
        lambda k: rewrite(k, "gold.populations", first("samples", -1)), set()
    ),
    "gold.checks": (
        lambda k: rewrite(k, "gold.checks", lambda f: f.with_columns(found=pl.lit("all well"))),
        set(),
    ),
}  # fmt: skip
"""For each check, what is done to a lake, and which other checks notice."""


@pytest.mark.parametrize("name", ["bronze.blocks", "silver.genotypes", "gold.frequencies"])
def test_verify_finds_a_byte_that_was_flipped_in_a_part(
    name: str, small: Lake, tmp_path: Path
) -> None:
    """In the middle of the numbers: nothing but the page's checksum tells that it is another."""
    lake = Lake(shutil.copytree(small.path, tmp_path / "lake"))
    layer, _, short = name.partition(".")
    part = next((lake.path / layer / short).rglob("*.parquet"))
    column = pq.read_metadata(part).row_group(0).column(0)
    data = bytearray(part.read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    part.write_bytes(data)
    found = {c.id: c for c in lake.verify() if not c.ok}
    assert f"{layer}.readable" in found
    assert f"medallion build {layer} --force" in found[f"{layer}.readable"].found


def test_verify_finds_nothing_in_a_whole_lake(small: Lake) -> None:
    found = small.verify()
    # So few sites are told of; they are no fault.
    assert [c.id for c in found if not c.ok] == ["structure_sites"]
    # What cannot be read is said of a layer that cannot be read, alone.
    own = {c.id for c in found if c.id not in AT_BUILD}
    assert own == {n for n in AT_VERIFY if not n.endswith(".readable")}
    # Those of the build, too: what they are about makes one verdict.
    stored = small.scan("gold.checks", build=False).collect()["id"]
    assert {c.id for c in found} - own == set(stored) <= set(AT_BUILD)


def test_verify_makes_the_checks_of_the_build_again(small: Lake, tmp_path: Path) -> None:
    """Of what silver holds now: its samples, in a file that nobody was to change."""
    lake = Lake(shutil.copytree(small.path, tmp_path / "lake"))
    rewrite(lake, "silver.samples", other_sex)
    found = {c.id: c for c in lake.verify() if not c.ok}
    assert set(found) == {"sex_chrx", "gold.checks", "structure_sites"}
    assert "2 samples do not match their sex" in found["sex_chrx"].found


@pytest.mark.parametrize("name", AT_VERIFY)
def test_a_check_of_verify_fails_where_it_should(name: str, small: Lake, tmp_path: Path) -> None:
    damage, others = DAMAGE[name]
    lake = Lake(shutil.copytree(small.path, tmp_path / "lake"))
    damage(lake)
    found = [c for c in lake.verify() if not c.ok and c.id != "structure_sites"]
    assert {c.id for c in found} == {name, *others}
    assert all((c.layer, c.severity) == (KINDS[c.id].layer, KINDS[c.id].severity) for c in found)
