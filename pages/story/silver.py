"""The third post: lines that make no sense, and who the samples are."""

from __future__ import annotations

from pages.shared import posts

posts.show("silver")
