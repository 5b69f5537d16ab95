"""What the code imports is what pyproject.toml asks for: nothing by chance, nothing for nothing."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from medallion import __version__

ROOT = Path(__file__).resolve().parents[1]


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def names(requirements: list[str]) -> set[str]:
    """Names of distributions, normalised."""
    found = (re.match(r"[A-Za-z0-9._-]+", r) for r in requirements)
    return {re.sub(r"[-_.]+", "-", m[0]).lower() for m in found if m}


def imported() -> dict[str, set[str]]:
    """Top-level packages that the program imports, with the files that do."""
    found: dict[str, set[str]] = {}
    # What made the demo is no part of the program at work.
    files = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py")]
    files += [p for p in (ROOT / "medallion").rglob("*.py") if "demo" not in p.parts]
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            for module in modules:
                found.setdefault(module.partition(".")[0], set()).add(path.name)
    own = {"medallion", "pages", "__future__"}
    return {n: f for n, f in found.items() if n not in own | set(sys.stdlib_module_names)}


def test_every_import_is_asked_for_and_everything_asked_for_is_imported() -> None:
    told = project()["project"]
    assert isinstance(told, dict)
    required = names(told["dependencies"])
    optional = names([r for extra in told.get("optional-dependencies", {}).values() for r in extra])
    of = packages_distributions()
    used = {
        re.sub(r"[-_.]+", "-", dist).lower(): name
        for name in imported()
        for dist in of.get(name, [name])
    }
    # dask[distributed] brings distributed.
    optional |= {"distributed"} if "dask" in optional else set()
    assert set(used) <= required | optional, {k: v for k, v in used.items() if k not in required}
    assert required <= set(used)


def test_every_library_has_a_version_that_it_is_known_to_work_from() -> None:
    """A lower bound keeps old releases out, with the flaws that were mended since."""
    told = project()["project"]
    assert isinstance(told, dict)
    for requirement in told["dependencies"]:
        assert re.search(r">=\d", requirement), requirement


# Flaws that are known, and the release that mended the last of them.
MENDED = {
    "dask": ("2026.1", "CVE-2026-23528"),
    "filelock": ("4.2.1", "CVE-2025-68146, CVE-2026-22701, CVE-2026-112906, CVE-2026-112935"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "pyarrow": ("23.0.1", "a use of freed memory in Arrow IPC"),
    "requests": ("2.33", "CVE-2024-47081, CVE-2026-25645"),
    "streamlit": ("1.54", "CVE-2026-10804"),
    "urllib3": ("2.7", "CVE-2025-66471, CVE-2026-21441, CVE-2026-44431, CVE-2026-44432"),
}


def test_no_bound_lets_in_a_release_with_a_known_flaw() -> None:
    """For those who install with other libraries that hold ours back."""
    told = project()["project"]
    assert isinstance(told, dict)
    extras = [r for extra in told["optional-dependencies"].values() for r in extra]
    bounds = dict(
        re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\d.]+)(?:,<\d+)?", r).groups()  # type: ignore[union-attr]
        for r in [*told["dependencies"], *extras]
    )

    def number(version: str) -> tuple[int, ...]:
        return tuple(map(int, version.split(".")))

    assert {n for n, (mended, _) in MENDED.items() if number(bounds[n]) < number(mended)} == set()


def test_the_version_is_one_everywhere() -> None:
    told = project()["project"]
    assert isinstance(told, dict)
    cited = (ROOT / ".github" / "CITATION.cff").read_text("utf-8")
    stated = {str(told["version"]), __version__, *re.findall(r"(?m)^version: (\S+)$", cited)}
    assert len(stated) == 1
    assert f"\n{stated.pop()} is" in (ROOT / "README.mdx").read_text("utf-8"), "Changes"
