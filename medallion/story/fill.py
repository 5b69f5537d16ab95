"""A post from its template: values written out, code quoted, charts and links set in place.

Templates are Markdown with Jinja. Whatever they write of a lake goes through `written`,
so that no name or line of a file is taken for markup, by Markdown or by MDX.
"""

from __future__ import annotations

import html
import importlib
import inspect
import re
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from medallion.figures.static import PlotlyFigure

__all__ = ["Chart", "Link", "Part", "fill", "plain_alt", "source_of", "written"]

# A bare address becomes a link by itself: at ://, at www., and at the @ of a mailbox.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~&@]|:(?=[A-Za-z/])|(?<=www)\.)", re.IGNORECASE)
_PLACE = re.compile(r"\x02(\d+)\x03")


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in the text. `name` is a word for its file."""

    name: str
    figure: PlotlyFigure

    @property
    def alt(self) -> str:
        """What it shows, in a sentence."""
        return str(self.figure.layout.meta["alt"])


@dataclass(frozen=True, slots=True)
class Link:
    """What leads to a page of the dashboard: its file below `pages/`, and its choices."""

    label: str
    page: str
    query: Mapping[str, str]


Part = str | Chart | Link
"""A piece of a post: Markdown, or what stands between two such pieces."""


class _Ready(str):
    """Markdown already: not escaped again."""

    __slots__ = ()


def written(value: object) -> str:
    """Write a value as a reader reads it: 5,008; 0.4395; text with its marks escaped."""
    if isinstance(value, _Ready):
        return value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def plain_alt(text: str) -> str:
    """A chart's sentence as the text of an image: plotly's entities read, marks escaped."""
    return written(html.unescape(text))


def _span(value: object) -> _Ready:
    """A value as code in a line; in a table a bar is escaped as well."""
    text = " ".join(str(value).split()) or " "
    marks = "`" * (1 + max((len(m) for m in re.findall("`+", text)), default=0))
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return _Ready(f"{marks}{room}{text}{room}{marks}")


def _block(text: str, language: str = "text") -> _Ready:
    marks = "`" * max(3, 1 + max((len(m) for m in re.findall("`+", text)), default=0))
    return _Ready(f"{marks}{language}\n{text.rstrip()}\n{marks}")


def _table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> _Ready:
    body = [[written(value).replace("\n", " ") for value in row] for row in rows]
    # A bar would end the cell, in code as well.
    cells = [[re.sub(r"(?<!\\)\|", r"\\|", text) for text in row] for row in body]
    lines = [heading, ["---"] * len(heading), *cells]
    return _Ready("\n".join(f"| {' | '.join(line)} |" for line in lines))


def source_of(name: str) -> str:
    """The source of one of the project's functions, such as medallion.checks:run_checks."""
    module, _, path = name.partition(":")
    thing: Any = importlib.import_module(module)
    for word in path.split("."):
        thing = getattr(thing, word)
    return textwrap.dedent(inspect.getsource(thing)).rstrip()


@dataclass(slots=True)
class _Places:
    """Charts and links of a post, in the order of their mention."""

    charts: Mapping[str, PlotlyFigure]
    found: list[Chart | Link] = field(default_factory=list)

    def chart(self, name: str) -> _Ready:
        return self._put(Chart(name, self.charts[name]))

    def link(self, label: str, page: str, **query: str) -> _Ready:
        return self._put(Link(label, page, query))

    def _put(self, thing: Chart | Link) -> _Ready:
        self.found.append(thing)
        return _Ready(f"\x02{len(self.found) - 1}\x03")


def fill(
    name: str, values: Mapping[str, object], charts: Mapping[str, PlotlyFigure]
) -> tuple[Part, ...]:
    """Fill the template `name` with a lake's values. A name that has no value is an error."""
    places = _Places(charts)
    environment = Environment(
        loader=PackageLoader("medallion.story", "posts"),
        undefined=StrictUndefined,
        finalize=written,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  # not HTML: `written` escapes for Markdown
    )
    environment.globals |= {
        "chart": places.chart, "link": places.link, "code": _span, "fence": _block,
        "source": lambda name: _block(source_of(name), "python"), "table": _table,
        "as_is": _Ready, "charts": charts,
    }  # fmt: skip
    environment.filters["shell"] = lambda word: shlex.quote(str(word))
    text = environment.get_template(f"{name}.md").render(values)
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    parts: list[Part] = []
    for place, piece in enumerate(_PLACE.split(text)):
        if place % 2:
            parts.append(places.found[int(piece)])
        elif piece.strip():
            parts.append(piece.strip() + "\n")
    return tuple(parts)
