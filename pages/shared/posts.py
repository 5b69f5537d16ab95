"""The posts of the story as pages: this lake's numbers, live charts, links to other pages."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.status import LAYERS
from medallion.story import CHAPTERS, Chapter, Chart, Link
from pages.shared import cache, draw, find, say, state

__all__ = ["show"]

_WIDTH = 760  # as wide as text is good to read


def show(slug: str) -> None:
    """Draw the page of a post."""
    lake = state.current()
    chapter = CHAPTERS[slug]
    with st.container(width=_WIDTH):
        st.caption(f"The story of three layers, post {chapter.order} of {len(CHAPTERS)}")
        st.title(chapter.title, anchor=False)
        if lake.source.simulated:
            say.simulated()
        if all(lake.version(layer) for layer in LAYERS):
            _tell(lake, slug)
        else:
            say.text_note(
                "There is nothing to tell yet.", ["Build the layers on the Overview page."]
            )
        st.divider()
        _neighbours(chapter)


def _tell(lake: Lake, slug: str) -> None:
    """Draw the text, with charts and links in their places."""
    versions = tuple(lake.version(layer) for layer in LAYERS)
    post = cache.post(str(lake.path), versions, slug, state.theme())
    for part in post.parts:
        if isinstance(part, Chart):
            draw.figure(part.figure, key=f"story {slug} {part.name}")
        elif isinstance(part, Link):
            target = f"pages/{part.page}.py"
            find.link(part.label, ":material/arrow_forward:", target, part.query)
        else:
            st.markdown(part)


def _neighbours(chapter: Chapter) -> None:
    """Draw links to the post before and to the one after, in the order of reading."""
    by_order = {c.order: c for c in CHAPTERS.values()}
    columns = st.columns(2)
    for column, word, place, icon in (
        (columns[0], "Before", chapter.order - 1, ":material/arrow_back:"),
        (columns[1], "Next", chapter.order + 1, ":material/arrow_forward:"),
    ):
        if other := by_order.get(place):
            with column:
                find.link(f"{word}: {other.title}", icon, f"pages/story/{other.slug}.py", {})
