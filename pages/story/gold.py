"""The fourth post: counts, and an average that is not one."""

from __future__ import annotations

from pages.shared import posts

posts.show("gold")
