"""The last post: what the layers cost, and what they bought."""

from __future__ import annotations

from pages.shared import posts

posts.show("conclusion")
