"""The last post: what the layers cost, one character that was edited, and one picture."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from medallion.catalog.colours import UNASSIGNED, Theme
from medallion.figures.pca import sample_space
from medallion.lake import Lake
from medallion.status import LAYERS
from medallion.story.ask import Answers, frame, of_lake

__all__ = ["Edit", "ask"]

_CHECKS = 3  # that failed, of which the words are shown
_RECORDS = 20  # of the lake, in the small one that is edited


@dataclass(frozen=True, slots=True)
class Edit:
    """One character changed in a small lake's bronze, and what was said of it.

    `checks` are those that failed: (what it says, expected, found). `reasons` are why each
    layer is stale afterwards: (layer, state, reason).
    """

    before: str
    after: str
    records: int
    checks: tuple[tuple[str, str, str], ...]
    states: tuple[tuple[str, str, str], ...]


def ask(lake: Lake, theme: Theme) -> Answers:
    """Ask what the last post says."""
    status = lake.status()
    costs = [
        (
            name,
            f"{status[name].seconds or 0.0:.1f}",
            sum(status[name].rows.values()),
            status[name].bytes,
        )
        for name in LAYERS
    ]
    verdicts = dict(
        frame(lake, "gold.checks").group_by(pl.col("verdict").cast(pl.String)).len()
        .collect().rows()
    )  # fmt: skip
    failing = frame(lake, "gold.checks").filter(pl.col("verdict").cast(pl.String) == "failed")
    words = failing.select("meaning", "about", "expected", "found").head(_CHECKS).collect()
    values = of_lake(lake) | {
        "costs": costs,
        "failing": words.rows(),
        "seconds": sum(status[name].seconds or 0.0 for name in LAYERS),
        "above": sum(status[name].bytes for name in ("silver", "gold")),
        "edit": _edited(lake),
        "passed": int(verdicts.get("passed", 0)),
        "failed": int(verdicts.get("failed", 0)),
    }
    spread = frame(lake, "gold.pca").drop_nulls(["pc1", "pc2"]).collect()
    placed = spread.filter(pl.col("super_population") != UNASSIGNED)
    if placed["super_population"].n_unique() < 2:
        return Answers(values | {"sites": 0})
    components = frame(lake, "gold.pca_components").collect()
    chart = sample_space(spread, components, (1, 2), theme=theme)
    return Answers(values | {"sites": int(components["sites"][0])}, {"space": chart})


def _edited(lake: Lake) -> Edit | None:
    """Build a small lake of the first records, change one character of it, and verify it."""
    records = lake.raw(f"#1-{_RECORDS}")
    if not records:
        return None
    text = "\n".join((*lake.header(records[0].file).lines, *(r.text for r in records), ""))
    with tempfile.TemporaryDirectory() as folder:
        vcf = Path(folder) / "small.vcf"
        vcf.write_text(text, encoding="utf-8", newline="\n")
        small = Lake(Path(folder) / "lake", vcf=[vcf])
        small.build("silver")
        kept = Path(folder) / "lake" / "bronze" / vcf.name
        last = text[-2]
        other = "1" if last == "0" else "0"
        kept.write_text(f"{text[:-2]}{other}\n", encoding="utf-8", newline="\n")
        failed = [c for c in small.verify() if not c.ok]
        states = small.status()
        return Edit(
            last,
            other,
            len(records),
            tuple((c.message, c.expected[:16], c.found[:16]) for c in failed),
            tuple((s.layer, s.state, " ".join(s.reasons)) for s in states.values())[:2],
        )
