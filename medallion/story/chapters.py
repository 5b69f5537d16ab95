"""The five posts: their titles, and each of them told with a lake's numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from medallion.catalog.colours import Theme
from medallion.errors import UsageError
from medallion.lake import Lake
from medallion.story.ask import Answers
from medallion.story.bronze import ask as ask_bronze
from medallion.story.conclusion import ask as ask_conclusion
from medallion.story.fill import Part, fill
from medallion.story.gold import ask as ask_gold
from medallion.story.introduction import ask as ask_introduction
from medallion.story.silver import ask as ask_silver

__all__ = ["CHAPTERS", "Chapter", "Post", "told"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A post before it is told: its word in addresses, its place from 1, what it is about."""

    slug: str
    order: int
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Post:
    """A post as a lake has it. `built_at` is when its gold was built."""

    chapter: Chapter
    built_at: datetime | None
    parts: tuple[Part, ...]


CHAPTERS: Mapping[str, Chapter] = {
    slug: Chapter(slug, place, title, description)
    for place, (slug, title, description) in enumerate(
        (
            (
                "introduction",
                "Would you bet on this number?",
                "What bronze, silver and gold are, told by following one number back to its line.",
            ),
            (
                "bronze",
                "Bronze: keep the bytes",
                "A file can lose half of its lines and still open without a complaint.",
            ),
            (
                "silver",
                "Silver: decide in the open",
                "What a short script does with a broken line, and what to do instead.",
            ),
            (
                "gold",
                "Gold: keep the counts",
                "Why a table of answers stores two whole numbers and not one fraction.",
            ),
            (
                "conclusion",
                "What three layers cost, and what they bought",
                "The pipeline as a whole, one edited character, and when not to build any of it.",
            ),
        ),
        start=1,
    )
}
"""Slug → chapter, in their order."""

_ASK: Mapping[str, Callable[[Lake, Theme], Answers]] = {
    "introduction": ask_introduction,
    "bronze": ask_bronze,
    "silver": ask_silver,
    "gold": ask_gold,
    "conclusion": ask_conclusion,
}


def told(lake: Lake, slug: str, theme: Theme = "light") -> Post:
    """Tell one post with the numbers of a lake, whose three layers have to be there.

    Raises UsageError for another slug, NotBuiltError where a layer has not been built.
    """
    if slug not in CHAPTERS:
        raise UsageError(f"There is no post {slug!r}. Choose one of: {', '.join(CHAPTERS)}.")
    built = lake.status()["gold"].built_at
    answers = _ASK[slug](lake, theme)
    return Post(CHAPTERS[slug], built, fill(slug, answers.values, answers.charts))
