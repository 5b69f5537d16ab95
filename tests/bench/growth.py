"""How time and memory grow with the records of a VCF.

    uv run python tests/bench/growth.py VCF SAMPLES [--records 10000,100000,1000000]

Cuts the VCF to its first records, builds bronze, and times silver with
`gold.frequencies`, a whole process each. Prints seconds, peak memory, and what each
further million records costs between two sizes. Not a test: a time is never asserted.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from itertools import islice
from pathlib import Path

from build_versus_peers import alone, run

from medallion.demo.bgzf import END_OF_FILE, Compressor


def cut(source: Path, records: int, target: Path) -> int:
    """Write the header and the first records as BGZF; return how many there were."""
    packed = Compressor(6)
    found = 0
    with gzip.open(source, "rb") as lines, target.open("wb") as out:
        for line in lines:
            if not line.startswith(b"#"):
                break
            out.write(packed.feed(line))
        else:
            line = b""
        for record in islice((each for part in ([line], lines) for each in part), records):
            out.write(packed.feed(record))
            found += 1
        out.write(packed.finish() + END_OF_FILE)
    return found


def main() -> None:
    """Read the arguments, measure each size, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("vcf", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--records", default="10000,100000,1000000")
    asked = parser.parse_args()
    print(f"{'records':>12}{'seconds':>10}{'peak MB':>10}{'s per further million':>24}")
    before: tuple[int, float] | None = None
    for size in map(int, asked.records.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            vcf = folder / "cut.vcf.gz"
            found = cut(asked.vcf, size, vcf)
            seconds, peak = run(alone(vcf, asked.samples, folder))
        slope = "" if before is None else f"{(seconds - before[1]) / (found - before[0]) * 1e6:.1f}"
        print(f"{found:12,}{seconds:10.2f}{(peak or 0) / 1e6:10.0f}{slope:>24}", flush=True)
        before = found, seconds


if __name__ == "__main__":
    main()
