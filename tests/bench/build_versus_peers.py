"""How long a VCF takes to become frequencies in every population, here and elsewhere.

    uv run python tests/bench/build_versus_peers.py VCF SAMPLES [--runs N] [--peers a,b]

Runs whole processes in turn (ours, each peer, ours, ...), so that a drift of the
machine's speed meets all of them, and prints the median wall and CPU time, the peak memory,
and the ratio to ours. A peer that is not installed is left out and
said so. Not a test: a time is never asserted.

What each does: *silver + frequencies* from bronze to committed silver and
`gold.frequencies` (genotype counts and Hardy-Weinberg in every group), which is what the
peers are held against; *from the VCF* the same, and bronze before it (a copy, checksums and
an index); *all of gold* `medallion build`, every table; plink2 VCF to pgen, then
--freq and --hardy in each population; bcftools +fill-tags AC, AN, HWE in each population;
scikit-allel chunks of genotypes, then count_alleles_subpops; cyvcf2 reads every genotype
array and counts nothing.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

OURS = ("silver + frequencies", "from the VCF", "all of gold")
PEERS = ("plink2", "bcftools", "scikit-allel", "cyvcf2")


def populations(samples: Path) -> list[tuple[str, str]]:
    """Pairs of sample and population from a panel."""
    with samples.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        return [(row[0], row[1]) for row in rows]


ALONE = str(Path(__file__).with_name("frequencies_alone.py"))


def _build(layer: str, vcf: Path, samples: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "medallion", "build", layer, "--lake", str(folder / "lake"),
            "--vcf", str(vcf), "--samples", str(samples)]  # fmt: skip


def alone(vcf: Path, samples: Path, folder: Path) -> list[list[str]]:
    """Silver and frequencies, from a bronze that is there."""
    subprocess.run(_build("bronze", vcf, samples, folder), check=True, capture_output=True)
    return [[sys.executable, ALONE, str(folder / "lake")]]


def from_vcf(vcf: Path, samples: Path, folder: Path) -> list[list[str]]:
    """Bronze, then silver and frequencies, two processes."""
    return [
        _build("bronze", vcf, samples, folder), [sys.executable, ALONE, str(folder / "lake")]
    ]  # fmt: skip


def everything(vcf: Path, samples: Path, folder: Path) -> list[list[str]]:
    """All layers, all tables."""
    return [_build("gold", vcf, samples, folder)]


def plink2(vcf: Path, samples: Path, folder: Path) -> list[list[str]]:
    """The commands of plink2, on as many threads as there are cores."""
    pheno = folder / "populations.txt"
    lines = ["#IID\tpopulation", *(f"{s}\t{p}" for s, p in populations(samples))]
    pheno.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = str(folder / "plink")
    return [
        ["plink2", "--vcf", str(vcf), "--vcf-half-call", "missing", "--allow-extra-chr",
         "--make-pgen", "--out", out],
        ["plink2", "--pfile", out, "--allow-extra-chr", "--pheno", str(pheno),
         "--loop-cats", "population", "--freq", "--hardy", "--out", out],
    ]  # fmt: skip


def bcftools(vcf: Path, samples: Path, folder: Path) -> list[list[str]]:
    """The command of bcftools."""
    groups = folder / "groups.txt"
    pairs = [f"{s}\t{p}" for s, p in populations(samples)]
    groups.write_text("\n".join(pairs) + "\n", encoding="utf-8")
    return [
        ["bcftools", "+fill-tags", "--threads", "2", "-Ob", "-o", str(folder / "out.bcf"),
         str(vcf), "--", "-S", str(groups), "-t", "AC,AN,AF,HWE"]
    ]  # fmt: skip


ALLEL = """
import sys, allel, csv
rows = list(csv.reader(open(sys.argv[2]), delimiter="\\t"))[1:]
of = {r[0]: r[1] for r in rows}
_, names, _, chunks = allel.iter_vcf_chunks(sys.argv[1], fields=["calldata/GT"], alt_number=8)
groups = {}
for i, name in enumerate(names):
    groups.setdefault(of.get(name, "unassigned"), []).append(i)
for chunk, *_ in chunks:
    allel.GenotypeArray(chunk["calldata/GT"]).count_alleles_subpops(groups, max_allele=8)
"""

CYVCF2 = """
import sys, cyvcf2
for record in cyvcf2.VCF(sys.argv[1], threads=2):
    record.genotype.array()
"""


def script(text: str) -> Callable[[Path, Path, Path], list[list[str]]]:
    """A peer that is a Python library: the command that runs `text`."""
    return lambda vcf, samples, _folder: [[sys.executable, "-c", text, str(vcf), str(samples)]]


COMMANDS = {
    "silver + frequencies": alone,
    "from the VCF": from_vcf,
    "all of gold": everything,
    "plink2": plink2,
    "bcftools": bcftools,
    "scikit-allel": script(ALLEL),
    "cyvcf2": script(CYVCF2),
}


def installed(peer: str) -> bool:
    """Whether a peer can be run here."""
    module = {"scikit-allel": "allel", "cyvcf2": "cyvcf2"}.get(peer)
    if module is not None:
        return importlib.util.find_spec(module) is not None
    return shutil.which(peer) is not None


_LOOK_SECONDS = 0.3
# As on a user's machine: compiled Python is kept from one start to the next.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What commands took: wall seconds, CPU seconds, and bytes of memory at the most."""

    wall: float
    cpu: float
    peak: int


def held(process: psutil.Process) -> int:
    """Bytes of memory of a process; what several share is parted among them, on Linux."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", full.rss))


def run(commands: list[list[str]]) -> Taken:
    """Run commands one after the other. Memory is that of all processes of a command together,
    looked at a few times a second, so that the looking takes no core from it."""
    peak, cpu = 0, 0.0
    begun = time.perf_counter()
    for command in commands:
        before = os.times()
        with tempfile.TemporaryFile() as errors:
            process = psutil.Popen(
                command, stdout=subprocess.DEVNULL, stderr=errors, env=ENVIRONMENT
            )
            while True:
                with suppress(psutil.Error):
                    own = [process, *process.children(recursive=True)]
                    peak = max(peak, sum(map(held, own)))
                with suppress(psutil.TimeoutExpired):
                    code = process.wait(_LOOK_SECONDS)
                    break
            if code != 0:
                errors.seek(0)
                raise SystemExit(f"{command[0]} ended with {code}: {errors.read()[-500:]!r}")
        after = os.times()
        cpu += after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
    return Taken(time.perf_counter() - begun, cpu, peak)


def main() -> None:
    """Time all, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("vcf", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args()
    chosen = list(OURS)
    for peer in options.peers.split(","):
        if installed(peer):
            chosen.append(peer)
        else:
            print(f"{peer} is not installed here: left out")
    results: dict[str, list[Taken]] = {name: [] for name in chosen}
    for _ in range(options.runs):
        for name in chosen:
            with tempfile.TemporaryDirectory() as folder:
                commands = COMMANDS[name](options.vcf, options.samples, Path(folder))
                results[name].append(run(commands))
    base = statistics.median(taken.wall for taken in results[OURS[0]])
    print(f"{'':<22}{'median s':>10}{'CPU s':>10}{'peak MB':>10}{'times ours':>12}")
    for name, runs in results.items():
        wall, cpu = (statistics.median(getattr(t, what) for t in runs) for what in ("wall", "cpu"))
        peak = max(taken.peak for taken in runs) / 1e6
        print(f"{name:<22}{wall:>10.2f}{cpu:>10.2f}{peak:>10,.0f}{wall / base:>12.2f}")


if __name__ == "__main__":
    main()
