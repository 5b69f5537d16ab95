"""Files that a reader sends through the page: kept in the lake's folder, under safe names.

For a lake in an object store they are kept on this machine, until a build brings them there.

A name that comes from outside never becomes a path: only its last part is used, with
every unusual character replaced. What is no VCF is refused at once and not kept.
"""

from __future__ import annotations

import re
import tempfile
import uuid
from pathlib import Path
from typing import Protocol

from medallion.bronze.places import is_taken
from medallion.errors import MedallionError, SourceError
from medallion.files import Place
from medallion.silver.samples import read_sample_table
from medallion.vcf.blocks import list_blocks
from medallion.vcf.header import read_header

__all__ = ["TABLE_MB", "VCF_MB", "keep_table", "keep_vcf", "safe_name"]

VCF_MB = 200
TABLE_MB = 20
_FOLDER = "uploads"
_MAX_NAME = 100
_BLOCK = 1 << 20
_VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz")


class Upload(Protocol):
    """What st.file_uploader returns, as far as it is needed here."""

    name: str

    def seek(self, offset: int) -> int: ...

    def read(self, size: int = -1) -> bytes: ...


def safe_name(name: str, default: str) -> str:
    """Return `name` as a plain file name; `default` where nothing of it can be used."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = re.sub(r"[^A-Za-z0-9._+=@-]", "_", last).lstrip("._-")[-_MAX_NAME:].lstrip("._-")
    return plain or default


def keep_vcf(upload: Upload, lake: Place) -> Path:
    """Keep an uploaded VCF below `lake`; return where. Raises NotVCFError and the like."""
    name = safe_name(upload.name, "upload.vcf")
    if not name.endswith(_VCF_ENDINGS):
        name += ".vcf"
    path = _keep(upload, _folder(lake), name, VCF_MB)
    try:
        read_header(list_blocks(path))
    except MedallionError:
        path.unlink()
        raise
    return path


def keep_table(upload: Upload, lake: Place) -> Path:
    """Keep an uploaded sample table below `lake`; return where. Raises SampleTableError."""
    name = safe_name(upload.name, "samples.txt")
    # Never the name of a VCF that was sent, nor one that bronze has for itself.
    if name.lower().endswith(_VCF_ENDINGS) or is_taken(name):
        name += ".txt"
    path = _keep(upload, _folder(lake), name, TABLE_MB)
    try:
        read_sample_table(path)
    except MedallionError:
        path.unlink()
        raise
    return path


def _folder(lake: Place) -> Path:
    if isinstance(lake, Path):
        return lake / _FOLDER
    return Path(tempfile.gettempdir()) / f"medallion-{_FOLDER}" / safe_name(str(lake), "lake")


def _keep(upload: Upload, folder: Path, name: str, most_mb: int) -> Path:
    """Write the upload whole, then give it its name. SourceError for more than `most_mb`."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{uuid.uuid4().hex}"
    upload.seek(0)
    left = most_mb << 20
    try:
        with temporary.open("wb") as file:
            while block := upload.read(_BLOCK):
                left -= len(block)
                if left < 0:  # the browser refuses it first, but whoever sends needs no browser
                    raise SourceError(
                        f"{name} has more than {most_mb} MB, the most that can be sent. Name it by "
                        "its path."
                    )
                file.write(block)
        return temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
