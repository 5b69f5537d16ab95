"""What a lake is made of: a data set of the catalog, or the user's own files.

A lake remembers its source in `lake.json`, so that it is named once. Where that file is
lost, bronze's own record tells it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from medallion.bronze.places import is_taken
from medallion.catalog.genomes import bare_chrom
from medallion.catalog.releases import DATASETS
from medallion.errors import LakeError, LayerFormatError, StoreError, UsageError
from medallion.files import Place, in_command, move
from medallion.storage.lock import build_lock
from medallion.storage.snapshot import read_snapshot, replace_json

__all__ = [
    "DEFAULT_CHROM",
    "OWN",
    "Source",
    "combine",
    "exchanged",
    "file_name",
    "is_address",
    "is_written",
    "named",
    "put_aside_damaged",
    "read_source",
    "write_source",
]

DEFAULT_CHROM = "22"
OWN = "own"
_NAME = "lake.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A lake's source.

    `dataset` is a name of the catalog or "own". `chroms` are bare names ("22"), of a
    downloaded data set only. `vcf` (absolute paths or addresses) and `samples` (an absolute
    path) are of own files only.
    """

    dataset: str
    chroms: tuple[str, ...] = ()
    vcf: tuple[str, ...] = ()
    samples: str | None = None

    @property
    def simulated(self) -> bool:
        """Whether no real person is in the data; to be said wherever it is shown."""
        return self.dataset in DATASETS and DATASETS[self.dataset].simulated

    @property
    def title(self) -> str:
        """The source in a few words."""
        if self.dataset == OWN:
            names = [file_name(v) for v in self.vcf]
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            return f"Own data: {names[0]}{more}" if names else "Own data"
        title = DATASETS[self.dataset].title
        return title if not self.chroms or self.simulated else (
            f"{title}, chromosome{'s' if len(self.chroms) > 1 else ''} {', '.join(self.chroms)}"
        )  # fmt: skip


def is_address(place: str) -> bool:
    """Whether a VCF is named by its address on the web rather than a path."""
    return re.match(r"https?://", place) is not None


def file_name(place: str) -> str:
    """The name that a VCF given by path or address has in bronze."""
    if not is_address(place):
        return Path(place).name
    name = unquote(urlsplit(place).path).rsplit("/", 1)[-1]
    if not re.fullmatch(r"[\w][\w.+=@-]*", name):
        raise UsageError(f"{place} does not end in a file's name: expected one such as x.vcf.gz.")
    return name


def named(
    dataset: str | None,
    chroms: Sequence[str] | None,
    vcf: Iterable[str | Path] | str | Path | None,
    samples: str | Path | None,
) -> Source | None:
    """The source that a user's words name, or None where they name none.

    Raises UsageError where the words contradict themselves or name what is not there.
    """
    files = [vcf] if isinstance(vcf, str | Path) else list(vcf or ())
    if files:
        if dataset not in (None, OWN) or chroms:
            raise UsageError(
                "--vcf names your own files, so it does not go with --dataset or --chrom. "
                "Give one or the other."
            )
        paths = _files(files)
        table = None if samples is None else str(_existing(Path(samples), "sample table"))
        for place in (*paths, *([] if table is None else [table])):
            if is_taken(name := Path(place).name if place == table else file_name(place)):
                raise UsageError(
                    f"{place} cannot have the name {name!r} in the lake: that is one of bronze's "
                    "own files. Rename it."
                )
        return Source(OWN, (), paths, table)
    if samples is not None:
        raise UsageError("--samples goes with --vcf: name the VCF whose samples the table tells.")
    if dataset is None:
        if chroms:
            return Source("", tuple(_chroms(None, chroms)))
        return None
    if dataset not in DATASETS:
        raise UsageError(
            f"There is no data set {dataset!r}. Expected one of {', '.join(DATASETS)}, "
            "or your own files with --vcf."
        )
    found = DATASETS[dataset]
    if not found.downloads:
        return Source(dataset, found.chroms)
    return Source(dataset, tuple(_chroms(dataset, chroms or [DEFAULT_CHROM])))


def _chroms(dataset: str | None, given: Sequence[str]) -> list[str]:
    wanted = [chrom.strip() for text in given for chrom in text.split(",") if chrom.strip()]
    if dataset is None:
        return [bare_chrom(c) for c in wanted]
    known = DATASETS[dataset].chroms
    if any(c.lower() == "all" for c in wanted):
        return list(known)
    chosen = {bare_chrom(c) for c in wanted}
    if missing := sorted(chosen - set(known)):
        raise UsageError(
            f"The data set {dataset} has no chromosome {', '.join(missing)}. "
            f"Expected some of {', '.join(known)}, or all."
        )
    return [c for c in known if c in chosen]


def _files(given: Iterable[str | Path]) -> tuple[str, ...]:
    """The VCF files named; a folder stands for the VCF files in it."""
    found: list[str] = []
    for item in given:
        if is_address(str(item)):
            found.append(str(item))
            continue
        path = Path(item)
        if path.is_dir():
            inside = sorted(
                p for p in path.iterdir() if p.name.endswith((".vcf", ".vcf.gz", ".vcf.bgz"))
            )
            if not inside:
                raise UsageError(f"The folder {path} holds no .vcf, .vcf.gz or .vcf.bgz file.")
            found += [str(p.resolve()) for p in inside]
        else:
            found.append(str(_existing(path, "VCF")))
    names = [file_name(p) for p in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise UsageError(
            f"Two VCF files are called {twice[0]}: expected names that differ, for both land in "
            "one folder. Rename one."
        )
    return tuple(found)


def _existing(path: Path, what: str) -> Path:
    if not path.exists():
        raise UsageError(f"The {what} {path} does not exist. Check the path.")
    if not path.is_file():
        raise UsageError(f"The {what} {path} is not a file.")
    return path.resolve()


def combine(known: Source | None, given: Source | None, root: Place) -> Source:
    """The source of a lake that remembers `known` when the user names `given`.

    Raises UsageError where neither is there, or they are of different data sets.
    """
    if given is None:
        if known is None:
            raise UsageError(
                f"{root} holds no data yet. Say what to build: --dataset demo (simulated, at once),"
                " --dataset phase3 or --dataset highcov (downloads), or --vcf FILE for your own."
            )
        return known
    if not given.dataset:
        if known is None:
            raise UsageError("--chrom goes with --dataset: name the data set it belongs to.")
        if known.dataset == OWN:
            raise UsageError(
                f"--chrom picks chromosomes of a published release, but {root} holds your own "
                f"files ({_few(known.vcf)}). Expected --vcf: name all its VCF files together, or "
                "name another folder with --lake for a release."
            )
        given = Source(known.dataset, tuple(_chroms(known.dataset, given.chroms)))
    if known is None or known == given:
        return given
    if known.dataset != given.dataset:
        raise UsageError(
            f"The lake {root} holds the data set {known.dataset}, and a lake holds one. "
            f"Name another folder with --lake for {given.dataset}."
        )
    if given.dataset == OWN:
        # A table of samples that was given once need not be named with every VCF.
        return given if given.samples else replace(given, samples=known.samples)
    both = {*known.chroms, *given.chroms}
    return Source(given.dataset, tuple(c for c in DATASETS[given.dataset].chroms if c in both))


def exchanged(known: Source | None, now: Source) -> str | None:
    """What of a lake's own files others take the place of, in a sentence; None where all stay."""
    if known is None or known.dataset != OWN:
        return None
    told = []
    if set(known.vcf) - set(now.vcf):
        told.append(f"The source changes from {_few(known.vcf)} to {_few(now.vcf)}.")
    if known.samples is not None and known.samples != now.samples:
        told.append(f"The sample table changes from {known.samples} to {now.samples}.")
    return " ".join(told) or None


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def read_source(root: Place) -> Source | None:
    """The source that the lake at `root` remembers, or None where there is no lake.

    Raises LayerFormatError where another version of the program wrote it, LakeError where
    the file is damaged.
    """
    path = root / _NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return _source_of_bronze(root)
    except (ValueError, OSError) as error:
        raise LakeError(
            f"{path} cannot be read ({error}). Have it written again: medallion build "
            f"--lake {in_command(root)}"
        ) from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise LayerFormatError(
            f"{path} is of another version of this program: expected format {_FORMAT}. Use that "
            f"version, or have the file written again: medallion build --force "
            f"--lake {in_command(root)}"
        )
    try:
        return Source(
            str(data["dataset"]), tuple(data["chroms"]), tuple(data["vcf"]), data["samples"]
        )
    except (KeyError, TypeError) as error:
        raise LakeError(
            f"{path} lacks {error}. Have it written again: medallion build "
            f"--lake {in_command(root)}"
        ) from error


def put_aside_damaged(root: Place, *, force: bool) -> None:
    """Take a damaged `lake.json` out of the way; with `force`, that of another version too.

    A build that follows takes the source from bronze's record, or from the user's words.
    """
    try:
        read_source(root)
    except StoreError:
        raise
    except LakeError as error:
        if isinstance(error, LayerFormatError) and not force:
            raise
        with build_lock(root, lambda: None):
            move(root / _NAME, root / f"{_NAME}.other")


def is_written(root: Place) -> bool:
    """Whether the lake has a record of its source, rather than bronze's alone."""
    return (root / _NAME).is_file()


def _source_of_bronze(root: Place) -> Source | None:
    """The source that bronze was built from, by its record; None where that cannot be told."""
    try:
        snapshot = read_snapshot(root, "bronze")
    except StoreError:
        raise
    except (LakeError, NotADirectoryError):
        return None
    if snapshot is None:
        return None
    name = str(snapshot.fingerprint.parameters.get("dataset"))
    files = snapshot.summary["files"]
    if name == OWN:
        origins = {kind: [f["origin"] for f in files.values() if f["kind"] == kind]
                   for kind in ("vcf", "samples")}  # fmt: skip
        return Source(OWN, (), tuple(origins["vcf"]), next(iter(origins["samples"]), None))
    if name not in DATASETS:
        return None
    found = DATASETS[name]
    if not found.downloads:
        return Source(name, found.chroms)
    return Source(name, tuple(c for c in found.chroms if found.vcf(c).local_name in files))


def write_source(root: Place, source: Source) -> None:
    """Have the lake at `root` remember its source."""
    replace_json(
        root,
        _NAME,
        {
            "format": _FORMAT,
            "dataset": source.dataset,
            "chroms": list(source.chroms),
            "vcf": list(source.vcf),
            "samples": source.samples,
        },
    )
