"""The index of a VCF in bronze: which lines and positions each block holds.

One pass inflates every block, so it checks every block's CRC as well. The index is what
makes any record reachable at once, and what silver cuts its partitions by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from medallion.bronze.tables import BLOCKS
from medallion.files import Place
from medallion.storage.work import Work
from medallion.vcf.blocks import Blocks, list_blocks
from medallion.vcf.header import Header, read_header
from medallion.vcf.line_index import LineIndex, index_lines

__all__ = ["Indexed", "as_blocks", "index_file"]

_BLOCKS_PER_TASK = 512
_MOST_TASKS = 128  # each is told all blocks


@dataclass(frozen=True, slots=True)
class Indexed:
    """A VCF as indexed: its header, its blocks (rows of `bronze.blocks`), its lines."""

    header: Header
    blocks: Blocks
    table: pl.DataFrame
    lines: int

    @property
    def records(self) -> int:
        """Lines after the header."""
        return self.lines - len(self.header.lines)


@dataclass(frozen=True, slots=True)
class _Task:
    blocks: Blocks
    first: int
    last: int


def _index(task: _Task) -> LineIndex:
    return index_lines(task.blocks, task.first, task.last)


def index_file(path: Place, work: Work) -> Indexed:
    """Index the VCF at `path`.

    Raises NotVCFError, and DamagedFileError with the block that does not check out.
    """
    blocks = list_blocks(path)
    header = read_header(blocks)
    n = len(blocks)
    # A gzip stream has one entrance: it is one task.
    step = n if blocks.container == "gzip" else max(_BLOCKS_PER_TASK, n // _MOST_TASKS)
    tasks = [_Task(blocks, low, min(low + step, n)) for low in range(0, n, max(1, step))]
    done = 0

    def told(_count: int, index: LineIndex) -> None:
        nonlocal done
        done += int(
            blocks.text_offset[index.first + len(index.count)] - blocks.text_offset[index.first]
        )
        work.report("bronze", f"checking {path.name}", done, blocks.text_size, "bytes")

    pieces = work.map(_index, tasks, text=blocks.text_size, told=told)
    count = np.concatenate([p.count for p in pieces])
    above = np.concatenate([[0], np.cumsum(count)])
    uncertain = sorted(b for p in pieces for b in p.uncertain)
    stretches = [s for p in pieces for s in p.stretches]
    full = np.flatnonzero(np.diff(blocks.text_offset) > 0)
    last_piece = next((p for p in reversed(pieces) if p.first <= full[-1]), pieces[-1])
    lines = int(above[-1]) + (0 if last_piece.ends_with_newline else 1)
    each = pl.DataFrame(
        {
            "file": pl.Series([path.name] * n, dtype=pl.String),
            "block": np.arange(n, dtype=np.int64),
            "offset": blocks.offset,
            "bytes": blocks.size,
            "text_offset": blocks.text_offset[:-1],
            "text_bytes": np.diff(blocks.text_offset),
            "line": above[:-1],
        }
    ).with_columns(certain=~pl.col("block").is_in(uncertain))
    contigs = pl.DataFrame(
        [(s.block, s.chrom, s.pos_min, s.pos_max) for s in stretches],
        schema={"block": pl.Int64, "chrom": pl.String, "pos_min": pl.Int64, "pos_max": pl.Int64},
        orient="row",
    )
    table = each.join(contigs, on="block", how="left", maintain_order="left_right")
    return Indexed(header, blocks, BLOCKS.conform(table), lines)


def as_blocks(path: Place, container: str, table: pl.DataFrame) -> Blocks:
    """The blocks of `path` as its rows of `bronze.blocks` tell them."""
    table = table.unique("block", keep="first", maintain_order=True)
    text = table["text_offset"].to_numpy()
    end = int(text[-1] + table["text_bytes"][-1]) if len(text) else 0
    return Blocks(
        path=path,
        container=container,  # type: ignore[arg-type]  # one of the three, as it was written
        offset=table["offset"].to_numpy(),
        size=table["bytes"].to_numpy(),
        text_offset=np.append(text, end),
        has_eof_block=True,
    )
