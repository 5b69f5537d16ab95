"""The second post: what bronze keeps, and a file cut where no reader notices."""

from __future__ import annotations

from pages.shared import posts

posts.show("bronze")
