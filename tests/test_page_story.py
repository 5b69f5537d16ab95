"""The pages of the story, and where the links of its posts lead."""

from __future__ import annotations

import ast
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest
from test_story import ROOT, posts

from medallion import Lake
from medallion.story import CHAPTERS, Chart, Link, Post, write

__all__ = ["posts"]  # a fixture


def sections() -> dict[str, dict[str, tuple[str, str, str | None]]]:
    """The menu, as `app.py` declares it; to import that would run it."""
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    (found,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SECTIONS"
    )
    return cast("dict[str, dict[str, tuple[str, str, str | None]]]", ast.literal_eval(found))


Open = Callable[..., AppTest]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """The page of a post on a lake."""

    def opened(lake: Lake, slug: str) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
        monkeypatch.setattr("sys.argv", ["app.py"])
        # Before a first run pages are known by the names of their files alone, and the
        # layers' pages have the same ones.
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
        return turned(app, slug)

    return opened


def turned(app: AppTest, slug: str) -> AppTest:
    app.switch_page(f"pages/story/{slug}.py").run()
    assert not app.exception, [e.message for e in app.exception]
    assert app.title[0].value == CHAPTERS[slug].title
    return app


def test_the_pages_show_the_posts_with_their_charts_and_links(
    page: Open, demo_lake: Lake, posts: dict[str, Post]
) -> None:
    app = page(demo_lake, "introduction")
    paths = {file: path for pages in sections().values() for file, (_, _, path) in pages.items()}
    assert [file for file in paths if file.startswith("story/")] == [f"story/{s}" for s in CHAPTERS]
    for slug, post in posts.items():
        turned(app, slug)
        shown = {e.value for e in app.markdown}
        assert {p.strip() for p in post.parts if isinstance(p, str)} <= {s.strip() for s in shown}
        charts = [part for part in post.parts if isinstance(part, Chart)]
        assert len(app.get("plotly_chart")) == len(charts)
        links = [link.proto for link in app.get("page_link")]
        targets = {link.page: link for link in links}
        for part in post.parts:
            if isinstance(part, Link):
                assert (ROOT / "pages" / f"{part.page}.py").is_file()
                query = urllib.parse.parse_qs(targets[paths[part.page]].query_string)
                assert query == {key: [value] for key, value in part.query.items()}
        around = [link.page for link in links if link.label.startswith(("Before: ", "Next: "))]
        place = list(CHAPTERS).index(slug)
        near = [s for i, s in enumerate(CHAPTERS) if abs(i - place) == 1]
        assert around == [paths[f"story/{s}"] for s in near]


def test_a_page_without_layers_says_what_to_do(page: Open, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "new", dataset="demo")
    lake.build("bronze")
    app = page(lake, "gold")
    assert any("nothing to tell yet" in e.value for e in app.markdown)


def test_a_post_in_a_file_leads_to_the_dashboard_and_to_its_neighbours(
    posts: dict[str, Post], demo_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medallion.story.files.told", lambda _, slug: posts[slug])
    monkeypatch.setattr("medallion.story.files.draw_static", lambda *_: b"")
    written_files = write(demo_lake, tmp_path)
    paths = {path for pages in sections().values() for _, _, path in pages.values()}
    names = [post.path.name for post in written_files]
    for i, post in enumerate(written_files):
        text = post.path.read_text(encoding="utf-8")
        pages = re.findall(r"\]\(http://localhost:8501/([\w-]*)\S*\)", text)
        assert pages
        assert set(pages) <= paths
        near = re.findall(r"^(?:Next|Before): \[.*\]\((.*)\)$", text, re.MULTILINE)
        assert near == [*names[i + 1 : i + 2], *names[max(i - 1, 0) : i]]
