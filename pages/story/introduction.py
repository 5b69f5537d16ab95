"""The first post: one number, followed from gold down to its line."""

from __future__ import annotations

from pages.shared import posts

posts.show("introduction")
