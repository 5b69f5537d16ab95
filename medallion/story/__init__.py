"""The story of the medallion architecture in five posts, told with the numbers of a lake.

The posts are templates in `posts/`; nothing in them is typed in that a lake can say. Each
has a module of its name that asks the lake. `told` gives a post in parts, for a page that
draws them; `write` gives files for a blog.
"""

from __future__ import annotations

from medallion.story.chapters import CHAPTERS, Chapter, Post, told
from medallion.story.files import Written, write
from medallion.story.fill import Chart, Link, Part

__all__ = ["CHAPTERS", "Chapter", "Chart", "Link", "Part", "Post", "Written", "told", "write"]
