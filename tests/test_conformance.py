"""The specification's conformance files for VCF 4.2: what becomes of each.

They lie in `../shared/data/vcf-spec-4.2` (samtools/hts-specs, test/vcf). Each file of
`passed` must build without a remark; each of `failed` must be refused, quarantined or
noted, for a reason that fits what the file says of itself (`##CauseOfFailure`), except
those that are listed here with the reason why they are let through.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from real_data import DATA, SLICES, real, thinned

from medallion import Lake
from medallion.errors import MedallionError
from medallion.vcf.defects import REASONS

FOLDER = "vcf-spec-4.2"

LET_THROUGH = {
    "failed_body_duplicated_001.vcf":
        "TTTAT>TTTGT at 127, TTAT>TTGT at 128 and T>G at 129 spell one change in three ways. "
        "Position, REF and ALT differ, so the records are different ones for all who join by them.",
    "failed_body_duplicated_003.vcf":
        "TAT>TGT at 123 and A>G at 124 spell one change in two ways; as above.",
    "failed_body_format_003.vcf":
        "The FORMAT key G_S has an underscore, which 4.2 does not allow and 4.3 does; "
        "programs that write 4.2 use it (MIN_DP), and it leaves nothing in doubt.",
}  # fmt: skip

OTHER_REASON = {
    "failed_body_duplicated_002.vcf":
        "AT>AAT,AA at 123 and T>A at 124 overlap in what they mean, which is let through (see "
        "above); the first is quarantined because its AC and AF have one value for two ALTs.",
}  # fmt: skip

# Of the files of one theme, the reasons that fit it: (first of the name, codes).
FITTING = (
    ("failed_body_alt", {"alt-malformed"}),
    ("failed_body_chrom", {"chrom-malformed"}),
    ("failed_body_contiguous", {"out-of-order"}),
    ("failed_body_duplicated_000", {"duplicate"}),
    ("failed_body_duplicated_002", {"info-definition"}),
    ("failed_body_filter", {"filter-malformed"}),
    ("failed_body_format_004", {"genotype-unreadable"}),
    ("failed_body_format", {"format-malformed", "genotype-not-first"}),
    ("failed_body_id", {"id-malformed"}),
    ("failed_body_info", {"info-definition", "info-malformed"}),
    ("failed_body_pos", {"pos-malformed"}),
    ("failed_body_qual", {"qual-malformed"}),
    ("failed_body_ref", {"ref-malformed"}),
    ("failed_body_sample_000", {"genotype-unreadable"}),
    ("failed_body_sample_001", {"allele-out-of-range"}),
    ("failed_body_sample_002", {"genotype-unreadable"}),
    ("failed_body_sample_003", {"sample-malformed"}),
    ("failed_body_sample_011", {"refused"}),
    ("failed_body_sample", {"format-definition"}),
    ("failed_body_unsorted", {"out-of-order"}),
    ("failed_fileformat", {"fileformat-missing", "fileformat-unknown", "header-malformed"}),
    ("failed_header_000", {"refused"}),
    ("failed_header_001", {"header-malformed"}),
    ("failed_meta", {"header-malformed", "reserved-key"}),
)

# A record out of its place is whole in itself, so it is kept and noted.
KEPT_BODIES = ("failed_body_contiguous", "failed_body_unsorted")


def outcome(file: Path, root: Path) -> tuple[str, set[str]]:
    """What became of a file: refused, quarantined, noted or none; and the reasons given."""
    lake = Lake(root / file.stem, vcf=[file])
    try:
        lake.build("silver", workers=1)
    except MedallionError:
        return "refused", {"refused"}
    found = lake.scan("silver.defects", build=False).select("verdict", "reason").collect()
    verdicts = set(found["verdict"])
    worst = next((v for v in ("quarantined", "noted") if v in verdicts), "none")
    return worst, set(found["reason"])


def names(kind: str) -> list[str]:
    folder = DATA / FOLDER / kind
    return sorted(p.name for p in folder.glob("*.vcf")) if folder.exists() else []


@pytest.mark.parametrize("name", thinned(names("passed"), 4))
def test_passed_has_no_defect(name: str, tmp_path: Path) -> None:
    assert outcome(real(f"{FOLDER}/passed/{name}"), tmp_path) == ("none", set())


@pytest.mark.parametrize("name", thinned(names("failed"), 4))
def test_failed_is_told(name: str, tmp_path: Path) -> None:
    verdict, reasons = outcome(real(f"{FOLDER}/failed/{name}"), tmp_path)
    if name in LET_THROUGH:
        assert (verdict, reasons) == ("none", set())
        return
    fitting = next(codes for start, codes in FITTING if name.startswith(start))
    assert reasons & fitting, f"{verdict}: {reasons}"
    if name.startswith("failed_body") and not name.startswith(KEPT_BODIES):
        assert verdict in ("quarantined", "refused")


def test_nine_of_ten_are_told() -> None:
    assert all(name.startswith("failed_") for name in LET_THROUGH)
    assert set(OTHER_REASON).isdisjoint(LET_THROUGH)
    codes = {code for _, group in FITTING for code in group} - {"refused"}
    assert codes <= set(REASONS)
    found = names("failed")
    if found:
        assert len(found) == 190
        assert len(LET_THROUGH) + len(OTHER_REASON) <= len(found) // 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "records", "remarks"),
    [
        ("chr22", 6109, {}),
        ("chrX", 1069, {"header-malformed": 3}),
        # AC is Number=. there.
        ("chrMT", 3892, {"reserved-key": 1}),
        # AC is Number=1 there, and one line has Type before Number.
        ("chr1", 889, {"reserved-key": 1, "header-malformed": 1}),
        ("chr12", 100, {}),
    ],
)
def test_real_files_keep_all_their_records(real_lake, name, records, remarks) -> None:
    lake = real_lake(name)
    (entry,) = lake.status()["silver"].summary["ledger"]
    assert (entry["records"], entry["kept"], entry["quarantined"]) == (records, records, 0)
    file = Path(SLICES[name].vcf).name
    defects = lake.scan("silver.defects", build=False).collect()
    counted = dict(
        defects.filter((defects["file"] == file) & (defects["scope"] != "sample"))
        .group_by("reason").len().iter_rows()
    )  # fmt: skip
    assert counted == remarks
