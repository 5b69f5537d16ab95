"""Earlier versions of a table: which are kept, and what became of their rows."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from app_pages import Open, tables

from medallion import Lake, versions
from medallion.cli import main
from medallion.errors import UsageError
from medallion.storage import delta
from medallion.storage.parts import write_part
from medallion.storage.schema import Column, Table
from medallion.tables import TABLES

SAMPLES = [f"S{i}" for i in range(6)]
Genotypes = list[tuple[int, str, str]]  # position, ALT, genotypes parted by blanks


def write_vcf(path: Path, rows: Genotypes) -> Path:
    head = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                       *SAMPLES])]  # fmt: skip
    body = [f"7\t{pos}\t.\tA\t{alt}\t.\tPASS\t.\tGT\t" + gts.replace(" ", "\t")
            for pos, alt, gts in rows]  # fmt: skip
    path.write_text("\n".join([*head, *body, ""]), encoding="utf-8", newline="\n")
    return path


FIRST: Genotypes = [(100 + 5000 * i, "G", "0|1 0|0 0|0 1|1 0|0 ./.") for i in range(40)]


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose VCF lost record 3, gained one, and has another genotype at 50,100."""
    folder = tmp_path_factory.mktemp("versions")
    people = folder / "people.tsv"
    rows = [f"{s}\t{'AAA XX' if i < 3 else 'BBB YY'}" for i, s in enumerate(SAMPLES)]
    text = "\n".join(["sample\tpop\tsuper_pop", *rows, ""]).replace(" ", "\t")
    people.write_text(text, encoding="utf-8")
    vcf = write_vcf(folder / "a.vcf", FIRST)
    lake = Lake(folder / "lake", vcf=[vcf], samples=people)
    lake.build("gold")
    second = [*FIRST[:2], *FIRST[3:], (900_000, "C", "0|1 0|0 0|0 0|0 0|0 0|0")]
    second[9] = (second[9][0], "G", "1|1 0|0 0|0 1|1 0|0 ./.")
    write_vcf(vcf, second)
    lake.build("gold")
    return lake


@pytest.fixture
def changed(twice: Lake, tmp_path: Path) -> Lake:
    """The same, for a test to ill-treat."""
    return Lake(shutil.copytree(twice.path, tmp_path / "lake"))


def as_rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    return frame.to_dicts()


def test_the_version_before_is_kept_and_listed(changed: Lake) -> None:
    kept = changed.versions("gold.frequencies")
    assert kept["state"].to_list() == ["published", "earlier"]
    assert kept["rows"].to_list() == [200, 200]  # 40 alleles in five groups
    assert kept["version"][0] == changed.status()["gold"].versions["frequencies"]
    assert kept["committed_at"].is_sorted(descending=True)
    changed.clean()
    assert changed.versions("gold.frequencies")["state"].to_list() == ["published"]


def test_as_many_versions_are_kept_as_the_lake_was_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vcf, root = tmp_path / "a.vcf", tmp_path / "lake"

    def build(records: int, *words: str) -> list[int]:
        """Build with so many records, and give the records of the versions that are kept."""
        write_vcf(vcf, FIRST[:records])
        assert main(["build", "--lake", str(root), *words]) == 0
        return Lake(root).versions("silver.variants")["rows"].to_list()

    assert build(1, "--vcf", str(write_vcf(vcf, FIRST[:1]))) == [1]
    assert build(2) == [2, 1]
    assert Lake(root).keeps == 1
    assert build(3, "--keep", "3") == [3, 2, 1]
    assert [build(n) for n in (4, 5, 6)] == [[4, 3, 2, 1], [5, 4, 3, 2], [6, 5, 4, 3]]
    lake = Lake(root)
    oldest = lake.versions("gold.frequencies")["version"][-1]
    assert lake.compare("gold.frequencies", oldest).added == 3 * len(
        lake.scan("gold.populations").collect()
    )
    assert lake.keeps == 3
    assert build(7, "--keep", "1") == [7, 6]
    capsys.readouterr()
    for number in ("0", "41"):
        assert main(["build", "--lake", str(root), "--keep", number]) == 2
        assert f"keeps 1 to 40 earlier versions of a table, not {number}" in capsys.readouterr().err
    (root / "keep.json").write_text("{", encoding="utf-8")
    assert main(["build", "--lake", str(root)]) == 1
    assert "medallion build --keep 1 --lake" in capsys.readouterr().err
    assert main(["build", "--lake", str(root), "--keep", "1"]) == 0


def test_rows_are_added_removed_and_changed(twice: Lake) -> None:
    found = twice.compare("gold.frequencies", 0)
    assert (found.rows_before, found.rows_now) == (200, 200)
    assert (found.added, found.removed, found.changed, found.same) == (5, 5, 3, 192)
    assert set(found.first_added["pos"]) == {900_000}
    assert set(found.first_removed["pos"]) == {100 + 5000 * 2}
    by_column = {row["column"]: row for row in as_rows(found.columns)}
    # Records after the one that went have another number: where a row stands is no change.
    assert set(by_column) == {"ac", "af", "n_het", "n_hom_alt", "hwe_p"}
    assert by_column["ac"] == {"column": "ac", "rows": 3, "largest_difference": 1.0}
    assert by_column["af"]["largest_difference"] == pytest.approx(1 / 6)
    cells = found.first_changed.filter(pl.col("column") == "ac", pl.col("population") == "ALL")
    assert [(r["pos"], r["before"], r["now"]) for r in as_rows(cells)] == [(50_100, "3", "4")]


def test_a_build_of_the_same_changes_nothing_and_reads_nothing(
    changed: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed.build("gold", force=True)
    monkeypatch.setattr(pl, "scan_parquet", lambda *_args, **_more: pytest.fail("it was read"))
    for name in ("gold.frequencies", "gold.fst", "gold.windows"):
        now, before = changed.versions(name)["version"][:2]
        found = changed.compare(name, before)
        assert (found.now, found.before) == (now, before)
        assert (found.added, found.removed, found.changed) == (0, 0, 0)
        assert found.same == found.rows_now


def test_cut_into_small_stretches_it_is_what_plain_joins_find(
    twice: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    for name, table in TABLES.items():
        kept = twice.versions(name)["version"].to_list()
        if len(kept) < 2:
            continue
        compared += 1
        whole = twice.compare(name, kept[1])
        with monkeypatch.context() as patch:
            patch.setattr(versions, "_ROWS", 7)
            cut = twice.compare(name, kept[1])
        for each in ("rows_before", "rows_now", "added", "removed", "changed"):
            assert getattr(cut, each) == getattr(whole, each), name
        assert cut.columns.sort("column").equals(whole.columns.sort("column")), name
        before, now = (plain(twice, name, v) for v in (kept[1], kept[0]))
        key = list(table.key) or now.columns
        assert whole.added == now.join(before, on=key, how="anti", nulls_equal=True).height, name
        assert whole.removed == before.join(now, on=key, how="anti", nulls_equal=True).height, name
        alike = now.join(before, on=now.columns, how="semi", nulls_equal=True).height
        assert whole.same == alike, name
    assert compared > 15


def plain(lake: Lake, name: str, version: int) -> pl.DataFrame:
    frame = delta.scan(lake.path, TABLES[name], version).collect()
    return frame.drop("record", "line", "alt_index", strict=False)


def test_rows_without_a_name_are_told_apart(tmp_path: Path) -> None:
    """Of two defects that say the same, one that goes is one row less, not two, and not none."""
    rows: Genotypes = [(100, "?", FIRST[0][2]), (100, "?", FIRST[0][2]), FIRST[1]]
    vcf = write_vcf(tmp_path / "a.vcf", rows)
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    assert lake.status()["silver"].rows["defects"] == 2
    write_vcf(vcf, rows[1:])
    lake.build("silver")
    found = lake.compare("silver.defects", 0)
    assert (found.added, found.removed, found.changed, found.same) == (0, 1, 0, 1)


def test_columns_that_came_or_went_or_have_another_type_are_told(tmp_path: Path) -> None:
    rows = {"a": ["x", "y"], "b": [1, 2], "old": [0, 0]}
    past = Table(
        "gold.fst", "test",
        (Column("a", "string", ""), Column("b", "int32", ""), Column("old", "int8", "")),
    )  # fmt: skip
    now = Table(
        "gold.fst", "test",
        (Column("a", "string", ""), Column("b", "string", ""), Column("new", "int8", "")),
        key=("a",),
    )  # fmt: skip
    for table, values in (
        (past, rows), (now, {"a": ["x", "y"], "b": ["1", "3"], "new": [0, 0]}),
    ):  # fmt: skip
        frame = table.conform(pl.DataFrame(values))
        part = write_part(tmp_path, table, frame, chrom=None, name="part")
        delta.commit(tmp_path, table, [part], {})
    found = versions.compare(tmp_path, now, 0, 1)
    assert (found.new_columns, found.lost_columns) == (("new",), ("old",))
    assert (found.added, found.removed, found.changed) == (0, 0, 1)
    assert as_rows(found.first_changed) == [{"a": "y", "column": "b", "before": "2", "now": "3"}]


def test_only_so_many_rows_are_shown_and_all_are_counted(changed: Lake) -> None:
    found = changed.compare("gold.frequencies", 0, limit=1)
    assert (found.first_added.height, found.added) == (1, 5)
    assert found.first_changed.select("pos", "population").unique().height == 1


def test_a_version_that_is_not_kept_is_refused(changed: Lake) -> None:
    with pytest.raises(UsageError, match=r"Version 7 of gold\.frequencies is"):
        changed.compare("gold.frequencies", 7)
    changed.clean()
    with pytest.raises(UsageError, match="expected one of 1"):
        changed.compare("gold.frequencies", 0)


def test_cleaning_keeps_what_is_young_and_never_takes_what_is_published(
    changed: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    def states() -> list[str]:
        return changed.versions("gold.frequencies")["state"].to_list()

    left = changed.path / "gold" / "frequencies" / "chrom=7" / "part-of-a-dead-build.parquet"
    left.write_bytes(b"half")
    made = changed.versions("gold.frequencies")["committed_at"].min()
    age = (datetime.now(UTC) - made).total_seconds() / 86_400
    at = ["--lake", str(changed.path)]
    assert main(["clean", "--older-than", str(age + 1), *at]) == 0
    assert "1 files of" in capsys.readouterr().out
    assert not left.exists()
    assert states() == ["published", "earlier"]
    rows = changed.scan("gold.frequencies", build=False).collect()
    assert main(["clean", "--older-than", str(age / 2), *at]) == 0
    assert states() == ["published"]
    assert changed.scan("gold.frequencies", build=False).collect().equals(rows)
    assert main(["clean", "--older-than", "-1", *at]) == 2
    assert "expected 0 or more" in capsys.readouterr().err


def test_what_a_build_that_died_committed_is_called_so(changed: Lake) -> None:
    record = changed.path / "gold" / "layer.json"
    data = json.loads(record.read_text("utf-8"))
    changed.build("gold", force=True)
    record.write_text(json.dumps(data), "utf-8")  # as if it had died before its last act
    assert changed.versions("gold.frequencies")["state"].to_list()[:2] == [
        "unpublished", "published",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.key])
def test_a_key_names_a_row(demo_lake: Lake, name: str) -> None:
    """The columns that are said to name a row do, so that versions are joined by them."""
    table = TABLES[name]
    rows = demo_lake.scan(name, build=False).select(table.key)
    twice = rows.group_by(table.key).len().filter(pl.col("len") > 1)
    assert twice.collect().is_empty()


def test_the_commands(changed: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--lake", str(changed.path)]
    assert main(["versions", "gold.frequencies", *at]) == 0
    assert [x.split("\t")[-1] for x in capsys.readouterr().out.splitlines()] == [
        "state", "published", "earlier",
    ]  # fmt: skip
    assert main(["compare", "gold.frequencies", "0", *at]) == 0
    out = capsys.readouterr().out
    assert "5 rows added, 5 removed, 3 changed, 192 the same" in out
    assert "af: 3 rows, by up to 0.166667" in out
    assert "900100" not in out
    assert "7\t900000\tA\tC\tALL" in out
    assert main(["compare", "gold.frequencies", "9", *at]) == 2
    assert "is not kept" in capsys.readouterr().err
    assert main(["versions", "gold.nothing", *at]) == 2


def test_an_earlier_version_can_be_read_and_written(
    twice: Lake, tmp_path: Path, open_page: Open
) -> None:
    now, before = twice.versions("gold.frequencies")["version"].to_list()
    old, new = (twice.scan("gold.frequencies", version=v).collect() for v in (before, now))
    assert new.equals(twice.scan("gold.frequencies").collect())
    lost = FIRST[2][0]
    assert (lost in set(old["pos"]), lost in set(new["pos"])) == (True, False)
    path = tmp_path / "old.parquet"
    at = ["--lake", str(twice.path)]
    words = ["export", "gold.frequencies", "-o", str(path), "--version", str(before), *at]
    assert main(words) == 0
    # An export writes texts as texts.
    text = [pl.col(c).cast(pl.String) for c, t in old.schema.items() if not t.is_numeric()]
    assert pl.read_parquet(path).with_columns(text).equals(old.with_columns(text))
    assert main(["export", "gold.frequencies", "-o", str(path), "--version", "99", *at]) == 2
    assert main(["export", "gold", "-o", str(tmp_path / "all"), "--version", "0", *at]) == 2
    with pytest.raises(UsageError, match=r"Version 99 of gold\.frequencies is not kept"):
        twice.scan("gold.frequencies", version=99)
    app = open_page(twice, "trust/history", changed_table="gold.frequencies")
    assert "Its first rows, as they were" in [expander.label for expander in app.expander]
    shown = [table for table in tables(app) if {"pos", "population"} <= set(table.columns)]
    assert any(lost in table["pos"].to_list() for table in shown)
