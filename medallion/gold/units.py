"""The units of gold, contigs of files: their keys, and their sums on disk."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from medallion.errors import LakeError
from medallion.files import Place, new_file
from medallion.gold.different import MOST_DIFFERENT
from medallion.gold.frequencies import FREQUENCIES
from medallion.gold.sums import Sums
from medallion.gold.variants import VARIANTS
from medallion.popgen.groups import Groups
from medallion.storage import delta
from medallion.storage.arrays import load_arrays, save_arrays
from medallion.storage.parts import Part, missing
from medallion.storage.snapshot import Snapshot

__all__ = ["BY_UNIT", "Unit", "kept_units", "read_sums", "remove_sums", "unit_key", "write_sums"]

BY_UNIT = (FREQUENCIES, VARIANTS, MOST_DIFFERENT)
"""The tables whose parts are each of one unit."""
_FOLDER = "sums"


@dataclass(frozen=True, slots=True)
class Unit:
    """A contig of a file. `key` is a digest of all that its tables are made from."""

    file: str
    chrom: str
    key: str


def unit_key(file: str, silver: str, chrom: str, groups: Groups, code: str) -> str:
    """The key of a contig of `file`, which has the key `silver` in that layer.

    The file's name is part of it, since it stands in the rows.
    """
    who = [list(groups.stratum.items()), [g.code for g in groups.groups], groups.members]
    told = json.dumps([file, silver, chrom, who, code])
    return hashlib.sha256(told.encode()).hexdigest()


def _path(root: Place, key: str) -> Place:
    return root / "gold" / _FOLDER / f"{key[:32]}.npz"


def write_sums(root: Place, unit: Unit, sums: Sums | None) -> None:
    """Store the sums of a unit; an empty file where it has no genotypes."""
    path = _path(root, unit.key)
    if sums is None:
        with new_file(path):
            pass
    else:
        save_arrays(path, sums)


def read_sums(root: Place, unit: Unit) -> Sums | None:
    """The sums of a unit, None where it has no genotypes."""
    path = _path(root, unit.key)
    try:
        return load_arrays(path, Sums) if path.stat().st_size else None
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise LakeError(
            f"{path} is damaged ({error}). Make the layer again: "
            f"medallion build gold --force --lake {root}"
        ) from error


def _there(path: Place) -> bool:
    """Whether sums are stored, and not cut short: what ends a zip file is looked at."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return not path.stat().st_size or zipfile.is_zipfile(file)


def kept_units(
    root: Place, snapshot: Snapshot | None, units: Sequence[Unit]
) -> dict[str, dict[str, list[Part]]]:
    """Parts of the published layer, by key and table, of units whose key is as it was.

    None is kept where a part or the sums are not there any more.
    """
    known = {u["key"] for u in snapshot.summary.get("units", ())} if snapshot else set()
    same = [u for u in units if u.key in known and _there(_path(root, u.key))]
    if snapshot is None or not same:
        return {}
    found: dict[str, dict[str, list[Part]]] = {u.key: {} for u in same}
    for table in BY_UNIT:
        parts = delta.parts_of(root, table, snapshot.tables[table.short].version)
        lost = {p.path for p in missing(root, table, parts)}
        for unit in same:
            own = [p for p in parts if (p.stats["file"][0], p.chrom) == (unit.file, unit.chrom)]
            if not any(p.path in lost for p in own):
                found[unit.key][table.short] = own
            else:
                found.pop(unit.key)
        same = [u for u in same if u.key in found]
    return found


def remove_sums(root: Place, before: Snapshot | None, units: Sequence[Unit]) -> None:
    """Remove sums of units that neither the published layer has nor the one before."""
    keys = {u.key for u in units}
    if before is not None:
        keys |= {u["key"] for u in before.summary.get("units", ())}
    wanted = {_path(root, key).name for key in keys}
    for path in (root / "gold" / _FOLDER).glob("*.npz"):
        if path.name not in wanted:
            path.unlink(missing_ok=True)
