"""The README is true: its commands and Python run, its outputs come out, its paths are there.

    uv run python tests/test_readme.py

rewrites the README's catalog of tables from the code, and outputs from what comes out.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from real_data import absent, tool
from screenshots import PICTURES

from medallion import Lake, cli, demo
from medallion.bronze import tables as bronze
from medallion.cli.run import make_parser
from medallion.gold import tables as gold
from medallion.silver import tables as silver

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.mdx"
TABLES = (*bronze.TABLES, *silver.TABLES, *gold.TABLES)
MEDALLION = "uv run medallion "
DOWNLOADS = ("phase3", "highcov")
# These start a server, run these very tests, or belong to another program.
NOT_RUN = ("uv run streamlit run app.py", "uv run pytest", "dask ", "curl ", "powershell ")
# What is had from elsewhere: a download, other machines, a store (see test_store_reading.py).
ELSEWHERE = (*DOWNLOADS, "--cluster", "s3://")


@dataclass(frozen=True)
class Fence:
    """A fenced block. `output` is the text block that follows it at once, if one does."""

    line: int
    language: str
    text: str
    output: str | None = None


def fences() -> list[Fence]:
    """Every fenced block of the README, in order."""
    found: list[Fence] = []
    end = -1
    text = README.read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        fence = Fence(text.count("\n", 0, match.start()) + 1, match[1], match[2])
        follows = not text[end : match.start()].strip()
        if fence.language == "text" and follows and found and found[-1].language == "sh":
            before = found.pop()
            fence = Fence(before.line, "sh", before.text, fence.text)
        found.append(fence)
        end = match.end()
    return found


def commands() -> list[str]:
    """Every shell command of the README."""
    return [c for f in fences() if f.language in ("sh", "powershell") for c in f.text.splitlines()]


def catalog() -> str:
    """The README's catalog of tables, from the code that declares them."""
    pieces = []
    layer = ""
    for table in TABLES:
        if table.layer != layer:  # each layer's tables are folded
            pieces += ["</details>\n"] if layer else []
            layer = table.layer
            names = ", ".join(t.short for t in TABLES if t.layer == layer)
            pieces.append(f"<details>\n<summary>{layer.capitalize()}: {names}</summary>\n")
        pieces.append(f"### {table.name}\n\nOne row per {table.row}.\n")
        pieces.append("| column | type | meaning | unit |\n| --- | --- | --- | --- |")
        pieces += [
            f"| `{c.name}` | {c.type} | {_cell(c.meaning)} | {_cell(c.unit)} |"
            for c in table.columns
        ]
        pieces.append("")
    return "\n".join([*pieces, "</details>\n"])


def _cell(text: str) -> str:
    # These mean something in a table or in MDX.
    return re.sub(r"([|<{*`\\])", r"\\\1", text)


def _catalog_span(text: str) -> tuple[int, int]:
    start = text.index("\n<details>\n<summary>Bronze: ") + 1
    return start, text.index("\n## ", start) + 1


def rewrite() -> None:
    """Put the catalog as the code has it into the README, and outputs as they come out.

    An output with `...` in it is left as it is where it is wrong, and said to be.
    """
    text = README.read_text(encoding="utf-8")
    start, end = _catalog_span(text)
    text = text[:start] + catalog() + "\n" + text[end:]
    with tempfile.TemporaryDirectory() as reader, tempfile.TemporaryDirectory() as release:
        results = run_commands(make_place(Path(reader), Path(release)))
    for fence in fences():
        if fence.output is None or not (wrong := _comes_out(fence.output, results[fence.line])):
            continue
        if "\n...\n" in f"\n{fence.output}":
            print(f"README.mdx:{fence.line}: {wrong!r} does not come out; mend it by hand from:")
            print(results[fence.line])
        else:
            text = text.replace(f"```text\n{fence.output}", f"```text\n{results[fence.line]}")
    README.write_text(text, encoding="utf-8", newline="\n")


def make_place(folder: Path, release: Path) -> Path:
    """Make `folder` as a reader's may be: files of their own, and `data/` with bronze built.

    The release is not downloaded: the demo's bytes stand in for it, in `release`, under
    its names.
    """
    for vcf, samples in (
        (folder / "cohort.vcf.gz", folder / "samples.tsv"),
        (release / "ALL.chr22.vcf.gz", release / "1000_genomes_samples.txt"),
    ):
        shutil.copyfile(demo.vcf_path(), vcf)
        shutil.copyfile(demo.samples_path(), samples)
    lake = Lake(
        folder / "data",
        vcf=[release / "ALL.chr22.vcf.gz"],
        samples=release / "1000_genomes_samples.txt",
    )
    lake.build("bronze")
    return folder


def run_commands(folder: Path) -> dict[int, str]:
    """What each shell block prints, by its line; run in the README's order."""
    results = {}
    with contextlib.chdir(folder):
        for fence in fences():
            if fence.language != "sh":
                continue
            for command in fence.text.splitlines():
                if not command.startswith(MEDALLION) or any(w in command for w in ELSEWHERE):
                    continue
                out, said = io.StringIO(), io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
                    code = cli.main(shlex.split(command)[3:])
                assert code == 0, (command, said.getvalue())
                results[fence.line] = out.getvalue()
    return results


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `make_place` makes it."""
    return make_place(tmp_path_factory.mktemp("reader"), tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def printed(place: Path) -> dict[int, str]:
    """What `run_commands` returns, in `place`."""
    return run_commands(place)


def _python(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def _masked(text: str) -> str:
    """`text` without what differs from run to run or from system to system."""
    text = re.sub(r"built [0-9-]+ [0-9:]+ in [0-9.,]+ s", "built WHEN in SECONDS", text)
    text = re.sub(r" +[0-9.,]+ [kM]B  ", "  BYTES  ", text)
    return text.replace("\\", "/")


def _lines(text: str) -> Iterator[str]:
    yield from (line.rstrip() for line in text.splitlines() if line.strip())


def _comes_out(stated: str, printed: str) -> str | None:
    """None where `printed` is what is stated, else the line that is not there.

    A line `...` stands for any lines; elsewhere line follows on line.
    """
    found = list(_lines(_masked(printed)))
    at, anywhere = 0, False
    for line in _lines(_masked(stated)):
        if line == "...":
            anywhere = True
            continue
        places = range(at, len(found)) if anywhere else range(at, min(at + 1, len(found)))
        hit = next((i for i in places if found[i] == line), None)
        if hit is None:
            return line
        at, anywhere = hit + 1, False
    return None if anywhere or at == len(found) else f"and no more after {found[at - 1]!r}"


def test_every_command_is_known() -> None:
    for command in commands():
        assert command.startswith((MEDALLION, *NOT_RUN)), command


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith(MEDALLION)])
def test_every_medallion_command_parses(command: str) -> None:
    options = make_parser().parse_args(shlex.split(command)[3:])
    assert callable(options.run)


def test_every_command_runs_but_for_downloads(printed: dict[int, str]) -> None:
    assert len(printed) > 10


def test_the_command_is_also_a_module(place: Path) -> None:
    done = _python(["-W", "error", "-m", "medallion", "--version"], place)
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "medallion", "")


@pytest.mark.parametrize(
    "fence", [f for f in fences() if f.output], ids=lambda f: f.text.split("--lake")[0].strip()
)
def test_outputs_are_as_stated(fence: Fence, printed: dict[int, str]) -> None:
    assert fence.output is not None
    wrong = _comes_out(fence.output, printed[fence.line])
    assert wrong is None, f"The README states {wrong!r}; printed was:\n{printed[fence.line]}"


@pytest.mark.parametrize(
    ("stated", "right"),
    [
        ("a\nb\nc", True),
        ("a\n...\nc", True),
        ("a\n...", True),
        ("...\nb\nc", True),
        ("a\nb", False),
        ("a\nc", False),
        ("a\nB\nc", False),
        ("a\n...\nd", False),
        ("b\n...\na\n...", False),
    ],
)
def test_a_wrong_output_is_told(stated: str, right: bool) -> None:
    assert (_comes_out(stated, "a\nb\n\nc\n") is None) is right


@pytest.mark.usefixtures("printed")
@pytest.mark.parametrize(
    "block", [f for f in fences() if f.language == "python"], ids=lambda f: f"line {f.line}"
)
def test_python_runs(block: Fence, place: Path) -> None:
    done = _python(["-c", block.text], place)
    assert done.returncode == 0, done.stderr


def test_other_tools_see_the_same_gold(demo_lake: Lake) -> None:
    import duckdb
    import pandas as pd
    from deltalake import DeltaTable

    path = str(demo_lake.path / "gold" / "frequencies")
    wanted = (pl.col("population") == "GBR") & (pl.col("af") > 0.05) & (pl.col("n_het") > 3)
    ours = demo_lake.scan("gold.frequencies", build=False).filter(wanted).collect()
    assert ours.height > 50
    assert pl.scan_delta(path).filter(wanted).select(ours.columns).collect().equals(ours)
    files = DeltaTable(path).file_uris()
    pandas = pd.read_parquet(files, filters=[("population", "==", "GBR"), ("af", ">", 0.05)])
    assert (pandas["n_het"] > 3).sum() == ours.height
    theirs = duckdb.sql(
        "select * from read_parquet($files, hive_partitioning = true, hive_types_autocast = false)"
        " where population = 'GBR' and af > 0.05 and n_het > 3",
        params={"files": files},
    ).pl()
    key = ["record", "alt_index"]
    assert theirs.select(ours.columns).sort(key).equals(ours.sort(key))


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("silver.variants", "n_alts > 1"),
        ("silver.variants", "sv_end is not null"),
        ("silver.variants", "sv_end is null"),
        ("silver.genotypes", "dosage = 2 and population = 'YRI'"),
        ("silver.samples", "super_population = 'EUR'"),
        ("gold.populations", "level = 'super_population'"),
        ("bronze.files", "kind = 'vcf'"),
    ],
)
def test_sql_filters_find_what_frames_find(demo_lake: Lake, table: str, condition: str) -> None:
    frame = demo_lake.scan(table, build=False).filter(pl.sql_expr(condition))
    expected = frame.select(pl.len()).collect().item()
    assert expected > 0
    found = demo_lake.query(f"select count(*) as n from {table} where {condition}")
    assert found["n"].to_list() == [expected]


@pytest.mark.usefixtures("printed")
def test_paths_are_there(place: Path) -> None:
    text = README.read_text(encoding="utf-8")
    inline = set(re.findall(r"`([^`\s]+)`", text))
    tops = ("medallion/", "pages/", "tests/", "data/", ".ci/", ".github/", "app.py", "LICENSE")
    named = {path for path in inline if path.startswith(tops)}
    assert len(named) > 15
    # The index comes with a download only.
    for path in named - {"data/bronze/ALL.chr22.vcf.gz.tbi"}:
        assert (ROOT / path).exists() or (place / path).exists(), path


def test_pictures_are_there_and_can_be_taken_again() -> None:
    shown = re.findall(r"!\[(.+)\]\((\S+)\)", README.read_text(encoding="utf-8"))
    assert {path for _, path in shown} == {f".github/screenshots/{n}.webp" for n in PICTURES}
    for says, path in shown:
        assert says.startswith("The page ")
        assert (ROOT / path).stat().st_size < 200_000, path


def test_structure_is_there() -> None:
    block = next(f.text for f in fences() if f.text.startswith("app.py"))
    inside = ""
    listed = set()
    for line in block.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            inside = name if name.endswith("/") else ""
            path = name
        else:
            path = inside + name
        listed.add(path)
        assert (ROOT / path).exists(), path
    for folder in ("pages", "medallion"):
        for path in (ROOT / folder).iterdir():
            if path.is_dir() and next(path.rglob("*.py"), None):
                assert f"{folder}/{path.name}/" in listed, f"the README leaves out {path}"


def test_catalog_is_in_step() -> None:
    text = README.read_text(encoding="utf-8")
    start, end = _catalog_span(text)
    assert text[start:end].strip() == catalog().strip(), "run: uv run python tests/test_readme.py"


def test_links_inside_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        assert anchor in anchors


def test_is_valid_mdx() -> None:
    node = tool("node")
    folder = os.environ.get("MEDALLION_MDX")
    if not folder:
        absent("MEDALLION_MDX names no folder with @mdx-js/mdx in it", "MEDALLION_REQUIRE_TOOLS")
    module = Path(str(folder)).resolve() / "node_modules" / "@mdx-js" / "mdx" / "index.js"
    script = (
        f"import {{ compile }} from {module.as_uri()!r};"
        "import { readFile } from 'node:fs/promises';"
        "await compile(await readFile(process.argv[1]));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", script, str(README)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    rewrite()
