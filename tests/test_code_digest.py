"""Which code makes a layer stale: what its build imports, and nothing else."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from medallion.gold import build as gold_build
from medallion.silver import build as silver_build
from medallion.storage import fingerprint
from medallion.storage.fingerprint import code_digest

BUILDS = [silver_build, gold_build]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package that digests are of."""
    copy = shutil.copytree(fingerprint._PACKAGE, tmp_path / "medallion")
    monkeypatch.setattr(fingerprint, "_PACKAGE", copy)
    yield copy
    code_digest.cache_clear()


def digests() -> list[str]:
    code_digest.cache_clear()
    return [build._code() for build in BUILDS]


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_module_that_nothing_asks_for_makes_nothing_stale(package: Path) -> None:
    before = digests()
    new = package / "popgen" / "new.py"
    add(new, "from medallion.popgen.fst import ratio\n")
    add(package / "popgen" / "tree.py", "# Which charts alone ask for.\n")
    assert digests() == before
    # Asked for by what gold asks for, and in a function.
    add(package / "popgen" / "jackknife.py", "\n\ndef f():\n    from medallion.popgen import new\n")
    silver, gold = digests()
    assert silver == before[0]
    assert gold != before[1]
    add(new, "# Another line.\n")
    assert digests()[0] == silver
    assert digests()[1] != gold


@pytest.mark.parametrize(
    "module", ["gold/whole.py", "popgen/jackknife.py", "vcf/genotype_texts.py"]
)
def test_a_module_that_gold_is_made_with_makes_it_stale(module: str, package: Path) -> None:
    before = digests()
    add(package / module, "\n")
    assert digests()[1] != before[1]


@pytest.mark.parametrize("build", BUILDS)
def test_no_place_is_named_in_vain(build: ModuleType) -> None:
    used = fingerprint._files(build._CODE, f"{build.LAYER}/build.py")
    for place in build._CODE:
        folder = fingerprint._PACKAGE / place
        assert any(f == folder or folder in f.parents for f in used), place


def test_every_import_is_found() -> None:
    """Against Python's own parser, in all modules."""
    package = fingerprint._PACKAGE
    total = 0
    for file in package.rglob("*.py"):
        names = set()
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {str(node.module), *(f"{node.module}.{a.name}" for a in node.names)}
        places = [package.parent.joinpath(*n.split(".")) for n in names]
        found = {p.with_suffix(".py") for p in places} | {p / "__init__.py" for p in places}
        own = {f for f in found if f.is_file() and package in f.parents}
        assert fingerprint._imported(file) >= own, file
        total += len(own)
    assert total > 500
