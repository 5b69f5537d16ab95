"""Every way in which data, a user or the world can make `medallion` stop.

    MedallionError
    ├── UsageError            the request cannot be understood or contradicts itself
    ├── SourceError           a source cannot be used
    │   ├── NotVCFError       the file is not a VCF at all
    │   ├── DamagedFileError  compressed bytes that do not check out, with the block
    │   ├── SampleTableError  no sample or population column can be told
    │   └── DownloadError     no mirror delivered the file
    ├── LakeError             the lake itself cannot be used
    │   ├── StoreError        the object store that holds it cannot be used
    │   ├── NotBuiltError     the layer that is asked for has not been built
    │   └── LayerFormatError  a layer was written in a format this version does not read
    ├── QuarantineError       more records are quarantined than the user allows
    ├── ConservationError     records in are not records kept plus records quarantined
    ├── CheckError            a check says that what was built is wrong: it is not published
    ├── QueryError            SQL that was refused or failed
    ├── WorkerError           the workers of a build died, or cannot be reached
    └── BuildCancelled        the user asked a build to stop

Anything else that escapes the library is a bug.

A message says what was wrong, what was expected, what was found and what to do
next, in one line a user can act on. It is plain text: never rendered as markup.
"""

from __future__ import annotations

__all__ = [
    "BuildCancelled",
    "CheckError",
    "ConservationError",
    "DamagedFileError",
    "DownloadError",
    "LakeError",
    "LayerFormatError",
    "MedallionError",
    "NotBuiltError",
    "NotVCFError",
    "QuarantineError",
    "QueryError",
    "SampleTableError",
    "SourceError",
    "StoreError",
    "UsageError",
    "WorkerError",
]


class MedallionError(Exception):
    """Base of every error that data, a user or the world can cause."""


class UsageError(MedallionError):
    """The request cannot be understood or contradicts itself (exit code 2)."""


class SourceError(MedallionError):
    """A source file or table cannot be used."""


class NotVCFError(SourceError):
    """The file is not a VCF at all."""


class DamagedFileError(SourceError):
    """Compressed bytes that do not check out: cut short, or a flipped bit."""


class SampleTableError(SourceError):
    """A sample table in which the sample or the population column cannot be told."""


class DownloadError(SourceError):
    """No mirror delivered the file."""


class LakeError(MedallionError):
    """The lake itself cannot be used."""


class StoreError(LakeError):
    """The object store that holds the lake cannot be reached, or refuses."""


class NotBuiltError(LakeError):
    """The layer that is asked for has not been built."""


class LayerFormatError(LakeError):
    """A layer was written in a format that this version does not read."""


class QuarantineError(MedallionError):
    """More records cannot be trusted than the user allows."""


class ConservationError(MedallionError):
    """Records in are not records kept plus records quarantined, or alleles were lost above."""


class CheckError(MedallionError):
    """A check says that what was built is wrong: it is not published."""


class QueryError(MedallionError):
    """SQL that was refused or failed."""


class WorkerError(MedallionError):
    """The workers that do a build's work died, cannot be reached, or lack what they need."""


class BuildCancelled(MedallionError):  # noqa: N818  # it is no fault of anybody
    """The user asked a build to stop."""
