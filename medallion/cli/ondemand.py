"""What is worked out when asked for: linked, ld, haplotypes, cohort."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from medallion.cli.shared import Commands, command, open_lake, print_estimates
from medallion.errors import UsageError
from medallion.ondemand import Measure

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    within = "in one group, such as GBR or AFR; default: ALL"
    linked = command(commands, "linked", _linked, "list the variants in linkage with one")
    linked.add_argument("variant", help="22-16050075-A-G, 22:16050075 or rs587697622")
    linked.add_argument("--population", metavar="CODE", help=within)
    linked.add_argument("--distance", type=int, default=500_000, metavar="BASES",
                        help="how far to look to both sides; default: 500000")  # fmt: skip
    linked.add_argument("--minimum-af", type=float, default=0.01, metavar="AF",
                        help="leave out what is rarer in the group; default: 0.01")  # fmt: skip
    linked.add_argument("--limit", type=int, default=20, metavar="N",
                        help="the N closest by r2; default: 20")  # fmt: skip
    ld = command(commands, "ld", _ld, "tell the linkage of all pairs of some variants")
    ld.add_argument("variant", nargs="+", help="22-16050075-A-G, 22:16050075 or rs587697622")
    ld.add_argument("--population", metavar="CODE", help=within)
    ld.add_argument("--measure", choices=get_args(Measure), default="r2", help="default: r2")
    haplotypes = command(commands, "haplotypes", _haplotypes, "count haplotypes of some variants")
    haplotypes.add_argument("variant", nargs="+", help="22:16050075 or rs587697622")
    haplotypes.add_argument("--population", metavar="CODE", help=within)
    cohort = command(commands, "cohort", _cohort, "count alleles in any set of samples")
    cohort.add_argument("region", metavar="REGION", help="22:16050000-16051000")
    cohort.add_argument("--population", action="append", metavar="CODE", help="repeatable")
    cohort.add_argument("--super-population", action="append", metavar="CODE", help="repeatable")
    cohort.add_argument("--sex", help="female, male or unknown")
    cohort.add_argument("--sample", action="append", metavar="NAME|@FILE",
                        help="repeatable; @FILE has a name a line")  # fmt: skip


def _linked(options: argparse.Namespace) -> int:
    return print_estimates(
        open_lake(options).linked(
            options.variant, distance=options.distance, population=options.population,
            minimum_af=options.minimum_af, limit=options.limit,
        )
    )  # fmt: skip


def _ld(options: argparse.Namespace) -> int:
    return print_estimates(
        open_lake(options).ld_matrix(options.variant, options.population, options.measure)
    )


def _haplotypes(options: argparse.Namespace) -> int:
    found = open_lake(options).haplotypes(options.variant, options.population)
    return print_estimates(found.drop("alleles"))


def _cohort(options: argparse.Namespace) -> int:
    samples: list[str] | None = None
    for name in options.sample or ():
        samples = samples or []
        if not name.startswith("@"):
            samples.append(name)
            continue
        try:
            text = Path(name[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--sample {name}: expected a text file with a sample's name a line, but it "
                f"cannot be read ({error})."
            ) from error
        samples += [line.strip() for line in text.splitlines() if line.strip()]
    return print_estimates(
        open_lake(options).cohort(
            options.region, populations=options.population,
            super_populations=options.super_population, sex=options.sex, samples=samples,
        )
    )  # fmt: skip
