"""Repeat a VCF's records along the chromosome, to time what is larger than the sample at hand.

    uv run python tests/bench/enlarge.py VCF TIMES OUT.vcf.gz

Each repetition is moved behind the one before, so that no record is another's duplicate;
INFO (END, for one) stays as it is. The output is BGZF.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

from medallion.demo.bgzf import END_OF_FILE, Compressor


def repeated(lines: list[bytes], times: int) -> Iterator[bytes]:
    """The records, `times` over, each time further along."""
    split = [line.split(b"\t", 2) for line in lines]
    span = int(split[-1][1]) - int(split[0][1]) + 1000
    for turn in range(times):
        for chrom, pos, rest in split:
            yield b"%s\t%d\t%s" % (chrom, int(pos) + turn * span, rest)


def main() -> None:
    """Read the arguments and write the file."""
    source, times, target = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    with gzip.open(source, "rb") as file:
        lines = file.readlines()
    header = [line for line in lines if line.startswith(b"#")]
    packed = Compressor(6)
    with target.open("wb") as out:
        out.write(packed.feed(b"".join(header)))
        for line in repeated(lines[len(header) :], times):
            out.write(packed.feed(line))
        out.write(packed.finish() + END_OF_FILE)


if __name__ == "__main__":
    main()
