"""The story: true of any lake, code as it stands, Markdown that MDX compiles."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text
from real_data import absent, tool

from medallion import Lake
from medallion.cli import main
from medallion.errors import NotBuiltError, UsageError
from medallion.figures import samples_sunburst
from medallion.figures.static import draw_static
from medallion.story import CHAPTERS, Chart, Link, Post, told, write
from medallion.story.bronze import count_lines
from medallion.story.fill import fill, source_of, written
from medallion.story.silver import copies

ROOT = Path(__file__).resolve().parents[1]
POSTS = ROOT / "medallion" / "story" / "posts"
NASTY = "<b>{bad}</b>|`*_$x$[a](b)"
# Numbers of a template that are no lake's: in names, and 1000 sites of a chart's remark.
NAMES = {"1000", "256", "8601"}


def prose(post: Post) -> str:
    return "\n".join(part for part in post.parts if isinstance(part, str))


@pytest.fixture(scope="module")
def posts(demo_lake: Lake) -> dict[str, Post]:
    """All posts, told by the demo."""
    return {slug: told(demo_lake, slug) for slug in CHAPTERS}


@pytest.fixture(scope="module")
def odd_lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lake]:
    """A lake without samples, and one with odd names, five ALT alleles and rows too many."""
    folder = tmp_path_factory.mktemp("odd")
    head = "##fileformat=VCFv4.2\n##contig=<ID=7>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    sites = folder / "sites.vcf"
    sites.write_text(f"{head}\n7\t5\t.\tA\tG\t.\tPASS\tAC=3\n7\t9\t.\tC\tT\t.\tPASS\tAC=1\n",
                     encoding="utf-8", newline="\n")  # fmt: skip
    own = folder / "own.vcf"
    calls = "\tGT\t0|1\t1|2\t5|0\n"
    own.write_text(
        f'##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="">\n'
        f"{head.splitlines()[-1]}\tFORMAT\tS1\tS2\tS3\n"
        f"7\t5\t.\tA\tC,G,T,AA,AC\t.\tPASS\t.{calls}7\t9\t.\tC\tT\t.\tPASS\t.\tGT\t0|1\t1|1\t0|0\n",
        encoding="utf-8", newline="\n")  # fmt: skip
    panel = folder / "panel.txt"
    panel.write_text(f"sample\tpop\nS1\t{NASTY}\nS2\tB\nS3\tB\nS4\tB\n",
                     encoding="utf-8", newline="\n")  # fmt: skip
    lakes = {
        "sites": Lake(folder / "lake-sites", vcf=[sites]),
        "own": Lake(folder / "lake-own", vcf=[own], samples=panel),
    }
    for lake in lakes.values():
        lake.build("gold")
    return lakes


def test_templates_type_in_no_number_of_a_lake() -> None:
    found = sorted(POSTS.glob("*.md"))
    assert {path.stem for path in found} == set(CHAPTERS)
    for path in found:
        text = re.sub(
            r"\{\{.*?\}\}|\{%.*?%\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        text = re.sub(r"`[^`]*`", "", text)
        assert set(re.findall(r"\d+", text)) <= NAMES, path


def test_each_post_has_code_numbers_and_something_to_try(posts: dict[str, Post]) -> None:
    for slug, post in posts.items():
        text = prose(post)
        assert "```python\n" in text, slug
        assert "\n| --- |" in text, slug
        assert "## Try it" in text.split("\n## ")[-1] or text.split("\n## ")[-1][:6] == "Try it"
        assert any(isinstance(part, Chart) for part in post.parts), slug
        assert any(isinstance(part, Link) for part in post.parts), slug
        assert text.index("?") < 300, f"{slug} does not start from a question"
        words = re.sub(r"```.*?```", "", text, flags=re.DOTALL).split()
        assert 600 < len(words) < 1500, (slug, len(words))


def test_code_is_the_projects_own(posts: dict[str, Post]) -> None:
    for slug, post in posts.items():
        quoted = re.findall(r'source\("([\w.]+):([\w.]+)"\)',
                            (POSTS / f"{slug}.md").read_text(encoding="utf-8"))  # fmt: skip
        assert quoted
        shown = re.findall(r"^```python\n(.*?)^```$", prose(post), re.MULTILINE | re.DOTALL)
        sources = set()
        for module, name in quoted:
            thing = getattr(importlib.import_module(module), name)
            sources.add(textwrap.dedent(inspect.getsource(thing)))
        assert set(shown) <= sources, slug


def test_the_demos_numbers(demo_lake: Lake, posts: dict[str, Post]) -> None:
    told_of = {slug: prose(post) for slug, post in posts.items()}
    vcf = demo_lake.scan("bronze.files").filter(kind="vcf").collect().row(0, named=True)
    apart = demo_lake.scan("silver.defects").filter(verdict="quarantined").collect()
    kept = vcf["records"] - apart.height
    assert (
        f"{vcf['records']:,} records in, {kept:,} kept, {apart.height} in quarantine"
        in (told_of["silver"])
    )
    assert f"| {vcf['bytes']:,} | {vcf['lines']:,} | none |" in told_of["bronze"]
    odd = demo_lake.scan("silver.variants").filter(pl.col("ac") != pl.col("published_ac")).collect()
    assert f"| {odd['published_ac'][0]:,} | {odd['ac'][0]:,} |" in told_of["introduction"]
    top = demo_lake.scan("gold.variants").filter(variant_type="snv", n_alts=1).collect()
    spread = (top["highest_af"] - top["lowest_af"]).arg_max()
    assert spread is not None
    best = top.row(spread, named=True)
    assert f"`{best['highest_af']:.4f}`" in told_of["introduction"]
    assert f"| {best['highest_population']} | " in told_of["gold"]


def test_what_the_script_makes_of_broken_lines(demo_lake: Lake, posts: dict[str, Post]) -> None:
    apart = demo_lake.scan("silver.defects").filter(verdict="quarantined").collect()
    silent = 0
    for row in apart.iter_rows(named=True):
        try:
            copies(row["raw"])
            silent += 1
        except (ValueError, IndexError):
            pass
    assert 0 < silent < apart.height
    assert f"The script answers {silent} of {apart.height} times." in prose(posts["silver"])


def test_a_cut_file_is_read_without_an_error(demo_lake: Lake, posts: dict[str, Post]) -> None:
    text = prose(posts["bronze"])
    found = re.search(r"\| the copy \| ([\d,]+) \| ([\d,]+) \| none \|", text)
    assert found
    size, lines = (int(number.replace(",", "")) for number in found.groups())
    vcf = demo_lake.scan("bronze.files").filter(kind="vcf").collect().row(0, named=True)
    assert size < vcf["bytes"]
    assert 0 < lines < vcf["lines"]
    assert "the copy has none" in text


def test_count_lines_counts_what_python_reads(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_bytes(b"a\nb\nc")
    assert count_lines(text, compressed=False) == 3


def test_one_edited_character_is_found(posts: dict[str, Post]) -> None:
    text = prose(posts["conclusion"])
    assert "small.vcf has the bytes that arrived" in text
    assert "| bronze | stale |" in text


def test_another_lake_gives_other_numbers(
    posts: dict[str, Post], odd_lakes: dict[str, Lake]
) -> None:
    for slug, post in posts.items():
        assert prose(told(odd_lakes["own"], slug)) != prose(post), slug
    silver = prose(told(odd_lakes["own"], "silver"))
    assert "The file has 5 ALT alleles" in silver
    assert "The library returned 3" in silver
    assert "names 4 people; 3 of them are in the VCF" in silver
    assert "has no broken lines at all: 2 of 2 records" in silver
    assert "`allele-out-of-range`" in silver
    shown = r"has 4 ALT alleles, `C, G, T, \w+`. The library returned 3: `C, G, T`"
    assert re.search(shown, prose(posts["silver"])), "the demo has none with four"
    sites = prose(told(odd_lakes["sites"], "silver"))
    assert "The line has 4 ALT alleles, `G, AA, AC, AG`. The library returned 3" in sites


def test_a_lake_without_people_is_told_of_too(odd_lakes: dict[str, Lake]) -> None:
    whole = {slug: prose(told(odd_lakes["sites"], slug)) for slug in CHAPTERS}
    assert "No people, no frequencies" in whole["introduction"]
    assert "there is nothing to count" in whole["gold"]
    for slug, text in whole.items():
        assert "None" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL), slug
        assert "## Try it" in text, slug


def test_what_is_missing_is_said(tmp_path: Path, demo_lake: Lake) -> None:
    with pytest.raises(NotBuiltError):
        told(Lake(tmp_path / "new", dataset="demo"), "gold")
    with pytest.raises(UsageError, match="introduction, bronze"):
        told(demo_lake, "platinum")


def test_values_are_no_markup() -> None:
    assert written(5008) == "5,008"
    assert written(0.439497) == "0.4395"
    assert written(None) == "–"
    assert re.sub(r"\\(.)", r"\1", written(NASTY)) == NASTY
    assert not re.search(r"(?<!\\)[<{|`*_$\[]", written(NASTY))
    assert source_of("medallion.story.fill:fill").startswith("def fill(")
    with pytest.raises(Exception, match="is undefined"):
        fill("gold", {}, {})


def compiled(folder: Path, texts: list[Path]) -> None:
    node = tool("node")
    if not folder.name:
        absent("MEDALLION_MDX names no folder with @mdx-js/mdx in it", "MEDALLION_REQUIRE_TOOLS")
    module = folder.resolve() / "node_modules" / "@mdx-js" / "mdx" / "index.js"
    script = (
        f"import {{ compile }} from {module.as_uri()!r};"
        "import { readFile } from 'node:fs/promises';"
        "for (const path of process.argv.slice(1)) await compile(await readFile(path));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "-e", script, *map(str, texts)],
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_command_writes_posts_that_mdx_compiles(
    posts: dict[str, Post],
    demo_lake: Lake,
    odd_lakes: dict[str, Lake],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def once(lake: Lake, slug: str) -> Post:  # the demo has been asked already
        return posts[slug] if lake.path == demo_lake.path else told(lake, slug)

    monkeypatch.setattr("medallion.story.files.told", once)
    texts: list[Path] = []
    for lake in (demo_lake, odd_lakes["own"], odd_lakes["sites"]):
        folder = tmp_path / f"{lake.path.parent.name}-{lake.path.name}"
        assert main(["story", "-o", str(folder), "--lake", str(lake.path)]) == 0
        own = sorted(folder.glob("*.md"))
        assert [p.stem.split("-")[1] for p in own] == list(CHAPTERS)
        for path in own:
            text = path.read_text(encoding="utf-8")
            assert re.match(r'---\ntitle: "[^"]+"\ndescription: "[^"]+"\norder: \d\nslug: ', text)
            assert "\x02" not in text
            for name in re.findall(r"!\[[^\n]*\]\((figures/[\w.-]+)\)", text):
                assert (folder / name).read_bytes().startswith(b"<?xml")
        texts += own
    assert "1-introduction.md with introduction-frequencies.svg" in capsys.readouterr().out
    compiled(Path(os.environ.get("MEDALLION_MDX", "")), texts)


def test_a_folder_that_cannot_be_is_a_plain_error(
    demo_lake: Lake,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "medallion.story.files.told", lambda _, slug: Post(CHAPTERS[slug], None, ())
    )
    (tmp_path / "file").touch()
    assert main(["story", "-o", str(tmp_path / "file"), "--lake", str(demo_lake.path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_figures_are_drawn_into_files(
    posts: dict[str, Post], demo_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = next(part for part in posts["gold"].parts if isinstance(part, Chart))
    svg = draw_static(chart.figure)
    assert svg == draw_static(chart.figure), "the same figure gives other bytes"
    assert chart.alt.encode() in svg
    assert svg.count(b"<use") > len(chart.figure.data) * 8  # a mark for each bin
    assert draw_static(chart.figure, "png").startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="sunburst"):
        draw_static(samples_sunburst(demo_lake.scan("silver.samples").collect()))
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(UsageError, match="--extra story"):
        draw_static(chart.figure)


def test_what_there_is_to_try_works_as_it_is_typed(
    posts: dict[str, Post], demo_lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = posts["bronze"].parts  # any will do: all name the lake's folder in the same way
    folder = re.search(r"build --dataset demo --lake (\S+)", "".join(map(str, asked)))
    assert folder
    place = demo_lake.path.parents[len(Path(folder[1]).parts) - 1]
    tried = []
    with contextlib.chdir(place):
        for slug in ("introduction", "bronze", "silver", "gold"):
            last = prose(posts[slug]).split("\n## ")[-1]
            (block,) = re.findall(r"^```sh\n(.*?)^```$", last, re.MULTILINE | re.DOTALL)
            for command in block.splitlines():
                words = shlex.split(command)
                if words[2] == "python":
                    said = tried_python(*words[4:])
                    count = re.search(r"You should count ([\d,]+)", last)
                    assert count
                    assert said.stdout.split() == [count[1].replace(",", "")]
                    fewer = re.sub(r"read\((\d+)\)", lambda m: f"read({int(m[1]) - 10})", words[4])
                    assert "EOFError" in tried_python(fewer, *words[5:]).stderr
                else:
                    assert words[:3] == ["uv", "run", "medallion"]
                    assert main(words[3:]) == 0, command
                tried.append(words[2:4])
    assert len(tried) == 8
    said_all = capsys.readouterr().out
    assert "Nothing to do" in said_all, "the first line made a lake that was there already"
    assert "silver.genotypes" in said_all
    assert "column-count" in said_all
    assert "private_alleles" in said_all


def tried_python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


def test_a_line_that_ends_as_windows_ends_it_loses_a_person(
    posts: dict[str, Post], tmp_path: Path
) -> None:
    rows = re.search(
        r"\| `\\n` \| `\S+` \| (\d+) \|\n\| `\\r\\n` \| `\S+\\r` \| (\d+) \|",
        prose(posts["silver"]),
    )
    assert rows
    assert int(rows[2]) == int(rows[1]) - 1
    assert "Our file is not." in prose(posts["silver"])
    lines = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=fa,Description="Genotypes called from fasta file">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB",
        "MT\t5\t.\tA\tG\t.\tfa\tAC=2\tGT\t1\t1",
        "MT\t7\t.\tC\tT\t.\tfa\tAC=1\tGT\t1\t0",
        "",
    ]
    vcf = tmp_path / "mt.vcf"
    vcf.write_bytes("\r\n".join(lines).encode())
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    text = prose(told(lake, "silver"))
    assert "This is how the file arrived." in text
    assert r"| `\n` | `1` | 2 |" in text
    assert r"| `\r\n` | `1\r` | 1 |" in text
    assert "B, who carries 1 of the file's ALT alleles" in text
    assert "none of the 2 lines says `PASS`" in text
    assert "Genotypes called from fasta file" in text
    assert "AFR (African), AMR (Admixed American)" in prose(posts["introduction"])
    begun = prose(told(lake, "introduction"))
    assert "everybody has just one copy" in begun
    assert "everybody has just one copy" not in prose(posts["introduction"])
    assert "| 2 | 2 | 2 |\n| 1 | 2 | 1 |" in begun, "half of the people, the same stated count"


def test_a_lake_whose_records_are_all_in_quarantine_has_a_story(tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    vcf.write_text(vcf_text(["7 x . A G . . . GT 0|1"], ("S1",)), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build()
    for slug in CHAPTERS:
        assert told(lake, slug).parts


@pytest.mark.parametrize(
    "name", ["www.example.org", "WWW.example.org", "https://example.org", "ftp://x", "me@x.org"]
)
def test_a_name_becomes_no_link_by_itself(name: str) -> None:
    text = written(name)
    assert not re.search(r"(?i)www\.|(?<!\\)://|(?<!\\)@", text)
    assert re.sub(r"\\(.)", r"\1", text) == name


def test_commands_of_the_posts_quote_what_a_file_is_called(tmp_path: Path) -> None:
    vcf = tmp_path / "a $(touch x) 'b'.vcf"
    vcf.write_text(vcf_text(["7 5 . A G . . . GT 0|1"], ("S1",)), encoding="utf-8")
    lake = Lake(tmp_path / "my $(lake)", vcf=[vcf])
    lake.build()
    seen = 0
    for slug in CHAPTERS:
        for block in re.findall(
            r"^```sh\n(.*?)^```$", prose(told(lake, slug)), re.MULTILINE | re.DOTALL
        ):
            for line in block.splitlines():
                words = shlex.split(line)
                if "--lake" in words:
                    seen += 1
                    assert words[words.index("--lake") + 1] in ("my $(lake)", "mine")
                if "--vcf" in words:
                    assert words[words.index("--vcf") + 1] in (vcf.name, "yours.vcf.gz")
                # Nothing of a name is left to the shell.
                assert "$(" not in re.sub(r"'[^']*'", "", line)
    assert seen > 4


def test_posts_are_not_written_into_a_layer(demo_lake: Lake) -> None:
    with pytest.raises(UsageError, match="belongs to the lake"):
        write(demo_lake, demo_lake.path / "gold")
    assert not (demo_lake.path / "gold" / "figures").exists()
