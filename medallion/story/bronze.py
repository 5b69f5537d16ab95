"""The second post: what bronze keeps, and a file that is cut where no reader notices."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.way_to_a_line import way_to_a_line
from medallion.files import Place
from medallion.lake import Lake
from medallion.storage.fingerprint import digest_file
from medallion.story.ask import Answers, beginning, frame, of_lake
from medallion.vcf.blocks import list_blocks

__all__ = ["Cut", "ask", "count_lines"]

_MOST_TEXT = 50_000_000  # bytes: what a post takes the time to read


@dataclass(frozen=True, slots=True)
class Cut:
    """A copy of the beginning of a file, and what is read from it.

    `lines` were read, the last of them `broken_off` in the middle or not; or `error` stopped
    the reader. `ends_well` says whether the copy has
    the mark that ends a whole BGZF file.
    """

    bytes: int
    lines: int | None
    broken_off: bool
    error: str | None
    ends_well: bool
    sha256: str


def count_lines(path: Path, *, compressed: bool) -> int:
    """Lines of a text file, as Python reads it."""
    with gzip.open(path, "rb") if compressed else path.open("rb") as file:
        return sum(1 for _ in file)


def ask(lake: Lake, theme: Theme) -> Answers:
    """Ask what the post on bronze says."""
    files = frame(lake, "bronze.files").collect()
    vcf = files.filter(pl.col("kind") == "vcf").row(0, named=True)
    blocks = (
        frame(lake, "bronze.blocks").filter(pl.col("file") == vcf["file"]).sort("block").collect()
    ).unique("block", keep="first", maintain_order=True)
    path = lake.path / "bronze" / vcf["file"]
    number = max(1, vcf["records"] * 3 // 4)
    record = lake.raw(f"#{number}", file=vcf["file"])
    values = of_lake(lake) | {
        "files": [
            (r["file"], r["kind"], r["bytes"], r["sha256"][:16], r["fetched_at"])
            for r in files.iter_rows(named=True)
        ],
        "vcf": vcf,
        "blocks": blocks.height,
        "cut": _cut(path, vcf, blocks),
        "number": number,
        "record": record[0] if record else None,
        "begins": beginning(record[0].text) if record else "",
        "block_bytes": int(blocks["bytes"].max() or 0),  # type: ignore[arg-type]
    }
    # The pieces of a plain gzip stream have no place in the file.
    can = vcf["container"] != "gzip" and blocks.height > 1
    return Answers(values, {"way": way_to_a_line(blocks, theme=theme)} if can else {})


def _cut(path: Place, vcf: Mapping[str, Any], blocks: pl.DataFrame) -> Cut | None:
    """Cut a copy of the file in the middle, where a block ends, and read it.

    Of a large file less than the half is kept. None where there is nothing to cut.
    """
    ends = (blocks["offset"] + blocks["bytes"]).to_numpy()
    few = int(np.searchsorted(blocks["text_offset"].to_numpy(), _MOST_TEXT))
    block = min(blocks.height // 2, few)
    with path.open("rb") as file:
        if vcf["container"] == "bgzf" and block:
            kept = file.read(int(ends[block - 1]))
        else:
            kept = file.read(min(path.stat().st_size // 2, _MOST_TEXT))
            if vcf["container"] == "text":
                kept = kept[: kept.rfind(b"\n") + 1]
    if not kept:
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(kept)
        compressed = vcf["container"] != "text"
        broken_off = False
        try:
            lines, error = count_lines(copy, compressed=compressed), None
            broken_off = _last_byte(copy, compressed=compressed) != b"\n"
        except (EOFError, OSError) as wrong:
            lines, error = None, f"{type(wrong).__name__}: {wrong}"
        ends_well = vcf["container"] != "bgzf" or list_blocks(copy).has_eof_block
        return Cut(len(kept), lines, broken_off, error, ends_well, digest_file(copy))


def _last_byte(path: Path, *, compressed: bool) -> bytes:
    last = b""
    with gzip.open(path, "rb") if compressed else path.open("rb") as file:
        while piece := file.read(1 << 20):
            last = piece
    return last[-1:]
