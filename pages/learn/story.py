"""Story: what each layer is for, in five posts with this lake's numbers and live charts."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.status import LAYERS
from medallion.story import CHAPTERS, Chart, Link
from pages.shared import cache, draw, find, say, state

NAMES = {slug: slug.capitalize() for slug in CHAPTERS}
SLUGS = {name: slug for slug, name in NAMES.items()}


def choose() -> str:
    """Draw the chapters' names; return the slug of the chosen one."""
    name = st.segmented_control(
        "Chapter",
        list(SLUGS),
        key="chapter",
        bind="query-params",
        default=NAMES["introduction"],
        required=True,
        label_visibility="collapsed",
    )
    return SLUGS[name or NAMES["introduction"]]


def turn(slug: str) -> None:
    """Turn to another chapter."""
    st.session_state["chapter"] = NAMES[slug]


def show(lake: Lake, slug: str) -> None:
    """Draw one post: its text as wide as is good to read, charts and links in their places."""
    versions = tuple(lake.version(layer) for layer in LAYERS)
    post = cache.post(str(lake.path), versions, slug, state.theme())
    with st.container(width=760):
        st.header(post.chapter.title, anchor=False)
        for part in post.parts:
            if isinstance(part, Chart):
                draw.figure(part.figure, key=f"story {slug} {part.name}")
            elif isinstance(part, Link):
                target = f"pages/{part.page}.py"
                find.link(part.label, ":material/arrow_forward:", target, part.query)
            else:
                st.markdown(part)
        slugs = list(CHAPTERS)
        if (after := post.chapter.order) < len(slugs):
            following = CHAPTERS[slugs[after]]
            st.divider()
            st.button(
                f"Next: {following.title}",
                icon=":material/arrow_forward:",
                on_click=turn,
                args=(following.slug,),
                key=f"next {following.slug}",
            )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Story", anchor=False)
    if lake.source.simulated:
        say.simulated()
    if not all(lake.version(layer) for layer in LAYERS):
        say.text_note("There is nothing to tell yet.", ["Build the layers on the Overview page."])
        return
    show(lake, choose())


main()
