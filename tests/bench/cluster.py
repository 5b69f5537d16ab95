"""What Dask costs: a build by worker processes of a local cluster beside one without it.

    uv run python tests/bench/cluster.py VCF SAMPLES [--layer gold] [--workers 4] [--runs 3]

Bronze is built once, then each layer up to the one chosen on copies of that lake, by this
machine's cores and by the cluster in turn. Prints seconds of CPU of all processes, and the
wall time. The workers are the same from run to run: the first of theirs shows what it takes
them to load the package. Not a test: a time is never asserted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import psutil
from distributed import Client, LocalCluster

from medallion import Lake


def cpu_seconds() -> float:
    """CPU seconds so far of this process and of those below it, also of those that ended."""
    below = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return sum(os.times()[:4]) + sum(t.user + t.system for t in below)


def build(bronze: Path, layer: str, executor: Executor | None) -> tuple[float, float]:
    """CPU and wall seconds of a build on a copy of a lake."""
    with tempfile.TemporaryDirectory(dir=bronze.parent) as folder:
        lake = Lake(shutil.copytree(bronze, Path(folder) / "lake"))
        cpu, wall = cpu_seconds(), time.perf_counter()
        lake.build(layer, executor=executor)
        return cpu_seconds() - cpu, time.perf_counter() - wall


def main() -> None:
    """Build in turn, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("vcf", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--layer", default="gold", choices=["silver", "gold"])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    local: Mapping[str, Any] = {
        "n_workers": asked.workers, "threads_per_worker": 1, "dashboard_address": None,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, LocalCluster(**local) as made, Client(made) as c:
        lake = Lake(Path(folder) / "lake", vcf=[asked.vcf], samples=asked.samples)
        lake.build("bronze")
        executor = c.get_executor()
        found: dict[str, list[tuple[float, float]]] = {"ours": [], "Dask": []}
        for run in range(asked.runs + 1):  # the first of each loads what is loaded once
            for name, by in (("ours", None), ("Dask", executor)):
                cpu, wall = build(lake.path, asked.layer, by)
                print(f"{run} {name:8}{cpu:10.1f} s of CPU{wall:10.1f} s", flush=True)
                found[name].append((cpu, wall))
    ours, dask = (statistics.median(cpu for cpu, _ in found[name][1:]) for name in ("ours", "Dask"))
    print(f"median of {asked.runs}: {ours:.1f} and {dask:.1f} s of CPU, {dask / ours:.2f} ×")


if __name__ == "__main__":
    main()
