"""The posts as files for a blog: Markdown that is MDX as well, and a chart to a file."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from medallion.errors import UsageError
from medallion.export.place import check_target
from medallion.figures.static import Form, draw_static
from medallion.lake import Lake
from medallion.story.ask import folder_of
from medallion.story.chapters import CHAPTERS, Chapter, Post, told
from medallion.story.fill import Chart, Link, plain_alt

__all__ = ["Written", "write"]

_DASHBOARD = "http://localhost:8501"  # where Streamlit serves it unless told otherwise


@dataclass(frozen=True, slots=True)
class Written:
    """A post's file, and those of its charts."""

    path: Path
    charts: tuple[Path, ...]


def write(lake: Lake, folder: Path, form: Form = "svg") -> list[Written]:
    """Write all posts into `folder`, their charts into `folder/figures`; what was written.

    Files of the same names are replaced. Raises UsageError where the folder cannot be
    written or matplotlib is missing, NotBuiltError where a layer has not been built.
    """
    check_target(folder, lake.path, ())
    posts = [told(lake, slug) for slug in CHAPTERS]
    drawn = {
        f"{post.chapter.slug}-{part.name}.{form}": draw_static(part.figure, form)
        for post in posts
        for part in post.parts
        if isinstance(part, Chart)
    }
    try:
        figures = folder / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        for name, data in drawn.items():
            (figures / name).write_bytes(data)
        written = []
        for post in posts:
            path = folder / _name(post.chapter)
            text = _text(post, form, folder_of(lake))
            path.write_text(text, encoding="utf-8", newline="\n")
            own = [n for n in drawn if n.startswith(f"{post.chapter.slug}-")]
            written.append(Written(path, tuple(figures / name for name in own)))
    except OSError as error:
        raise UsageError(
            f"The posts cannot be written to {folder}: {error.strerror or error}. Name another "
            "folder with -o."
        ) from error
    return written


def _name(chapter: Chapter) -> str:
    return f"{chapter.order}-{chapter.slug}.md"


def _text(post: Post, form: Form, lake: str) -> str:
    about = {
        "title": post.chapter.title,
        "description": post.chapter.description,
        "order": post.chapter.order,
        "slug": post.chapter.slug,
        "built": post.built_at.isoformat(timespec="seconds") if post.built_at else None,
    }
    # JSON is YAML, and quotes what has to be.
    head = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()]
    body = []
    for part in post.parts:
        if isinstance(part, Chart):
            name = f"figures/{post.chapter.slug}-{part.name}.{form}"
            body.append(f"![{plain_alt(part.alt)}]({name})\n")
        elif isinstance(part, Link):
            body.append(_way(part, lake))
        else:
            body.append(part)
    body += ["---\n", *_neighbours(post.chapter)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(("---", *head, "---", "", *body)))


def _way(link: Link, lake: str) -> str:
    """What leads to a page of the dashboard, once that runs."""
    page = link.page.partition("/")[2]
    query = f"?{urlencode(link.query, quote_via=quote)}" if link.query else ""
    start = f"uv run streamlit run app.py -- --lake {shlex.quote(lake)}"
    return (
        f"*{link.label}: start it with `{start}`, and open "
        f"[its page {page.capitalize()}]({_DASHBOARD}/{page}{query}).*\n"
    )


def _neighbours(chapter: Chapter) -> list[str]:
    """Links to the post before and to the one after."""
    by_order = {c.order: c for c in CHAPTERS.values()}
    return [
        f"{word}: [{other.title}]({_name(other)})\n"
        for word, place in (("Next", chapter.order + 1), ("Before", chapter.order - 1))
        if (other := by_order.get(place))
    ]
