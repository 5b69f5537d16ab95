"""Named cohorts of a lake: which samples a reader wants counted together, by conditions.

They are kept beside the layers in `cohorts.json`, which no build touches, so that a link
that names one works in another tab and tomorrow. Counting them: `ondemand.cohort`.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, fields
from typing import Any

from medallion.errors import LakeError, UsageError
from medallion.files import Place
from medallion.storage.snapshot import replace_json

__all__ = [
    "MOST", "NAME_CHARS", "Cohort", "as_text", "from_text", "read_cohorts", "remove_cohort",
    "save_cohort",
]  # fmt: skip

MOST = 20
"""The most cohorts that a lake keeps."""

NAME_CHARS = 40
"""The longest name, in characters."""

_NAME = "cohorts.json"
_LOCK = threading.Lock()  # of this process's tabs; another process's write wins or loses whole


@dataclass(frozen=True)
class Cohort:
    """The samples that fulfil all conditions that are not empty; without any, everyone."""

    name: str
    populations: tuple[str, ...] = ()
    super_populations: tuple[str, ...] = ()
    sex: str | None = None
    samples: tuple[str, ...] = ()

    @property
    def everyone(self) -> bool:
        """Whether nothing is asked, so that all samples are in it."""
        return not (self.populations or self.super_populations or self.sex or self.samples)


def read_cohorts(root: Place) -> dict[str, Cohort]:
    """Return the saved cohorts of the lake at `root` by name, in the order of their names.

    Raises LakeError where the file cannot be read as such.
    """
    path = root / _NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LakeError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        found = [_cohort(each) for each in json.loads(text)["cohorts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(
            f"{path} holds no list of cohorts ({error}). Delete it, and save them again."
        ) from error
    return {cohort.name: cohort for cohort in sorted(found, key=lambda each: each.name)}


def save_cohort(root: Place, cohort: Cohort) -> None:
    """Keep a cohort, in place of one of the same name.

    Raises UsageError for a name that is empty or too long, for a cohort without a
    condition and where MOST are kept already; LakeError where the lake cannot be written.
    """
    if not cohort.name.strip() or len(cohort.name) > NAME_CHARS:
        raise UsageError(f"A cohort's name has 1 to {NAME_CHARS} characters: {cohort.name!r}.")
    if cohort.everyone:
        raise UsageError("Nothing is chosen, so the cohort is everyone: that is the group ALL.")
    with _LOCK:
        kept = read_cohorts(root) | {cohort.name: cohort}
        if len(kept) > MOST:
            raise UsageError(f"A lake keeps {MOST} cohorts: remove one first.")
        _write(root, kept)


def remove_cohort(root: Place, name: str) -> None:
    """Forget a cohort; one that is not there is forgotten already."""
    with _LOCK:
        kept = read_cohorts(root)
        if kept.pop(name, None) is not None:
            _write(root, kept)


def as_text(cohort: Cohort) -> str:
    """Return a cohort as a text for a link; what is not asked is left out."""
    told = {key: value for key, value in asdict(cohort).items() if value}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Cohort:
    """Return the cohort that `as_text` wrote. UsageError where the text holds none."""
    try:
        empty = asdict(Cohort(""))
        cohort = _cohort(empty | json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The link holds no cohort that can be read ({error}).") from error
    if not cohort.name.strip() or len(cohort.name) > NAME_CHARS:
        raise UsageError(f"A cohort's name has 1 to {NAME_CHARS} characters: {cohort.name!r}.")
    return cohort


def _write(root: Place, kept: dict[str, Cohort]) -> None:
    try:
        replace_json(root, _NAME, {"cohorts": [asdict(each) for each in kept.values()]})
    except OSError as error:
        raise LakeError(
            f"The cohort cannot be saved: {root} cannot be written "
            f"({error.strerror or error}). Until this tab is closed it is kept, unsaved."
        ) from error


def _cohort(data: dict[str, Any]) -> Cohort:
    """Return a cohort as it was written. TypeError or KeyError where it is none."""
    given = {field.name: data[field.name] for field in fields(Cohort)}
    lists = ("populations", "super_populations", "samples")
    if not all(isinstance(word, str) for key in lists for word in given[key]):
        raise TypeError("a cohort's lists are of words")
    if not isinstance(given["name"], str) or not isinstance(given["sex"], str | None):
        raise TypeError("a cohort's name and sex are words")
    return Cohort(**given | {key: tuple(given[key]) for key in lists})
