"""The house style: linted, formatted, and typed as strictly as mypy can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from real_data import thorough

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(["ruff", "check", "."], id="lint"),
        pytest.param(["ruff", "format", "--check", "."], id="format"),
        pytest.param(["mypy"], marks=thorough, id="types"),
    ],
)
def test_style(tool: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *tool],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules_are_of_a_size_to_read_in_one_sitting() -> None:
    folders = ("medallion", "pages")
    files = [ROOT / "app.py", *(f for folder in folders for f in (ROOT / folder).rglob("*.py"))]
    lines = {f: len(f.read_text(encoding="utf-8").splitlines()) for f in files}
    assert not {str(f.relative_to(ROOT)): n for f, n in lines.items() if n > 400}
