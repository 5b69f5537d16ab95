"""The program that made the embedded demo data set, and makes larger ones for benchmarks.

    uv run python -m medallion.demo.simulate -o DIR
    uv run python -m medallion.demo.simulate -o DIR --records 1000000 --no-broken --level 1

writes `demo.chr22.vcf.gz` (BGZF) and `demo.samples.txt`. The same arguments give the same
bytes, however many workers there are, with the same versions of msprime, numpy and zlib.

Chromosome 22 is simulated in independent segments of one megabase (no linkage across their
borders) under the history in `medallion.demo.model`. Of the sites of a segment, as many as
were asked for are kept at random, so a small file has the frequency spectrum of a dense one.
Singletons are kept less often than others: Phase 3, sequenced at low coverage, missed some,
and with 3 of 4 kept their share comes out as in the release, about 43 %. REF is the base of
one more simulated chromosome from ASW: the donor of most of the real reference appears to
have had African American ancestry (Green et al. 2010, Science 328:710). So here, as there,
REF is at times the derived allele, and rare.

It needs msprime, a development tool; nothing else in `medallion` imports this module.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medallion.demo import broken, records
from medallion.demo.bgzf import END_OF_FILE, Compressor
from medallion.demo.model import (
    MUTATION_RATE,
    PANEL,
    RECOMBINATION_RATE,
    SAMPLES,
    TRANSITION_BIAS,
    demography,
)
from medallion.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import tskit
    from numpy.typing import NDArray

__all__ = ["Request", "main", "simulate"]

FIRST_POS = 16_050_000
SEGMENT = 1_000_000
_MOST_SEGMENTS = (records.CHROM_LENGTH - FIRST_POS) // SEGMENT
# Below this density a segment has sites to spare, above it perhaps not.
_RECORDS_A_SEGMENT = 25_000

# Chances of a site to be kept, relative to others: singletons as said above; sites of two ALT
# alleles less often, for a share as in the release; those of three, which are very rare, more
# often, so that a small file has some.
_KEEP_SINGLETON = 0.75
_KEEP_ALTS = {1: 1.0, 2: 0.4, 3: 10.0}

# Records that are turned to text at a time: 5 MB of text, which stays in cache.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Request:
    """What to simulate; everything that the bytes depend on, but for versions."""

    records: int = 10_000
    """Sound records; the broken lines come on top."""
    seed: int = 22
    megabases: int | None = None
    """Segments of a megabase; None: 5, or more where so many records need them."""
    broken: bool = True
    level: int = 9
    """Of compression: 1 is fast, 9 small."""

    @property
    def segments(self) -> int:
        """How many segments of a megabase are simulated."""
        if self.megabases is not None:
            return self.megabases
        return min(max(5, -(-self.records // _RECORDS_A_SEGMENT)), _MOST_SEGMENTS)

    def numbers(self, segment: int) -> range:
        """Numbers, from 1, of the sound records in `segment` (from 0)."""
        first = self.records * segment // self.segments
        return range(first + 1, self.records * (segment + 1) // self.segments + 1)


def _tree_sequence(rng: np.random.Generator) -> tskit.TreeSequence:
    """One segment: chromosomes of `SAMPLES` in order, and the reference's as the last."""
    import msprime

    ancestry, mutations = (int(seed) for seed in rng.integers(1, 2**31, 2))
    people = {population: males + females for population, (_, males, females) in PANEL.items()}
    trees = msprime.sim_ancestry(
        samples=[
            *(msprime.SampleSet(size, population=name) for name, size in people.items()),
            msprime.SampleSet(1, population="ASW", ploidy=1),
        ],
        demography=demography(),
        sequence_length=SEGMENT,
        recombination_rate=RECOMBINATION_RATE,
        random_seed=ancestry,
    )
    model = msprime.HKY(kappa=TRANSITION_BIAS)
    return msprime.sim_mutations(trees, rate=MUTATION_RATE, model=model, random_seed=mutations)


def _recode(
    variant: tskit.Variant,
) -> tuple[str, tuple[str, ...], NDArray[np.int8], NDArray[np.int64]]:
    """REF, ALTs in alphabetical order, VCF codes (chromosomes,) and the count of each code."""
    alleles, calls = variant.alleles, variant.genotypes
    ref = int(calls[-1])
    people = calls[:-1]
    counts = np.bincount(people, minlength=len(alleles))
    alts = sorted(
        (i for i in range(len(alleles)) if i != ref and counts[i]), key=lambda i: alleles[i]
    )
    if ref == 0 and alts == [1]:
        return alleles[0], (alleles[1],), people, counts
    order = [ref, *alts]
    codes = np.zeros(len(alleles), dtype=np.int8)
    codes[order] = np.arange(len(order), dtype=np.int8)
    return alleles[ref], tuple(alleles[i] for i in alts), codes[people], counts[order]


def _choose(
    trees: tskit.TreeSequence, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """`count` sites that vary in the samples or differ from the reference.

    Returns their ids, in order, and their reference bases (ASCII), both (count,).
    """
    weights = np.zeros(trees.num_sites)
    bases = np.zeros(trees.num_sites, dtype=np.uint8)
    for variant in trees.variants():
        ref, alts, _, counts = _recode(variant)
        bases[variant.site.id] = ord(ref)
        if alts:
            # The reference's own mutations are as hard to see as any other.
            rare = min(counts[0], counts[1:].sum()) == 1
            weights[variant.site.id] = _KEEP_ALTS[len(alts)] * (_KEEP_SINGLETON if rare else 1.0)
    found = np.flatnonzero(weights)
    if found.size < count:
        message = (
            f"{count} records wanted of a megabase that has {found.size} variable sites: "
            "ask for fewer --records or more --megabases"
        )
        raise UsageError(message)
    # The smallest of exponential waiting times: a weighted draw without replacement.
    waits = rng.exponential(size=found.size) / weights[found]
    chosen = np.sort(found[np.argsort(waits, kind="stable")[:count]])
    return chosen, bases[chosen]


def _segment_lines(request: Request, segment: int) -> Iterator[bytes]:
    """The text of a segment's records, some at a time."""
    numbers = request.numbers(segment)
    if not numbers:
        return
    rng = np.random.default_rng([request.seed, segment])
    trees = _tree_sequence(rng)
    chosen, bases = _choose(trees, len(numbers), rng)
    start = FIRST_POS + segment * SEGMENT
    sequence = records.random_sequence(SEGMENT + 64, rng)
    sequence[trees.sites_position[chosen].astype(np.int64)] = bases
    follows = broken.after(request.records) if request.broken else {}

    import tskit

    variant = tskit.Variant(trees)
    for first in range(0, len(chosen), _BATCH):
        batch = chosen[first : first + _BATCH]
        genotypes = np.empty((len(batch), 2 * len(SAMPLES)), dtype=np.int8)
        sites = []
        for row, site_id in enumerate(batch):
            variant.decode(int(site_id))
            ref, alts, genotypes[row], _ = _recode(variant)
            pos = start + int(variant.site.position)
            ancestral = variant.site.ancestral_state
            sites.append(records.Site(numbers[first + row], pos, ref, alts, ancestral))
        text = []
        for site, line in zip(
            sites, records.lines(sites, genotypes, sequence, start, rng), strict=True
        ):
            text.append(line)
            if site.number in follows:
                text.append(broken.break_line(follows[site.number], line))
        yield b"".join(text)


def _segment_blocks(request: Request, segment: int) -> bytes:
    """A segment's records as BGZF blocks of their own."""
    compressor = Compressor(request.level)
    blocks = [compressor.feed(text) for text in _segment_lines(request, segment)]
    return b"".join([*blocks, compressor.finish()])


def _header(request: Request) -> bytes:
    import msprime

    source = (
        f"SIMULATED by medallion.demo.simulate with msprime {msprime.__version__} "
        f"(records={request.records}, megabases={request.segments}, seed={request.seed})"
    )
    simulated = (
        "##medallion_simulated=Not real data: the people, their genotypes and the reference "
        "bases are simulated; names and sizes of populations are those of 1000 Genomes Phase 3"
    )
    return records.header(source, [simulated, broken.note()] if request.broken else [simulated])


def simulate(request: Request, folder: Path, workers: int = 1) -> tuple[Path, Path]:
    """Write the VCF and the sample table into `folder`; return their paths.

    Memory does not grow with the number of records by more than their compressed bytes.
    Raises `UsageError` where a megabase has fewer variable sites than records are wanted of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vcf, samples = folder / "demo.chr22.vcf.gz", folder / "demo.samples.txt"
    samples.write_bytes(records.sample_table())
    compressor = Compressor(request.level)
    segments = range(request.segments)
    with vcf.open("wb") as file:
        file.write(compressor.feed(_header(request)) + compressor.finish())
        if workers == 1:
            for segment in segments:
                file.write(_segment_blocks(request, segment))
        else:
            # Spawned, as everywhere on macOS and Windows; each segment has its own seed.
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(workers, mp_context=context) as pool:
                for blocks in pool.map(_segment_blocks, [request] * len(segments), segments):
                    file.write(blocks)
        file.write(END_OF_FILE)
    return vcf, samples


def _arguments(argv: Sequence[str] | None) -> tuple[Request, Path, int]:
    parser = argparse.ArgumentParser(
        prog="python -m medallion.demo.simulate",
        description="Simulate a data set in the shape of 1000 Genomes Phase 3, chromosome 22.",
    )
    default = Request()
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--records", type=int, default=default.records, metavar="N")
    parser.add_argument("--seed", type=int, default=default.seed, metavar="S")
    parser.add_argument(
        "--megabases",
        type=int,
        metavar="M",
        help="length to spread the records over (default: 5, or more for many records)",
    )
    parser.add_argument(
        "--no-broken", action="store_true", help="leave out the lines broken on purpose"
    )
    parser.add_argument("--level", type=int, default=default.level, choices=range(1, 10))
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    args = parser.parse_args(argv)
    fewest = 2 * len(broken.BROKEN)
    if args.records < fewest:
        parser.error(f"--records must be at least {fewest}, not {args.records}")
    if args.megabases is not None and not 1 <= args.megabases <= _MOST_SEGMENTS:
        parser.error(f"--megabases must be 1 to {_MOST_SEGMENTS}, not {args.megabases}")
    if args.seed < 0 or args.workers < 1:
        parser.error("--seed must be at least 0 and --workers at least 1")
    request = Request(args.records, args.seed, args.megabases, not args.no_broken, args.level)
    return request, args.output, args.workers


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    request, folder, workers = _arguments(argv)
    began = time.perf_counter()
    try:
        paths = simulate(request, folder, workers)
    except UsageError as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(f"{path}: {path.stat().st_size:,} bytes")
    print(f"{request.records:,} simulated records in {time.perf_counter() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
