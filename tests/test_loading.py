"""What modules make is looked through for garbage no more; other garbage is still found."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Iterator

import pytest
from app_pages import Open

from medallion import Lake, loading


class Knot:
    """Something that only a look for garbage finds out to be garbage."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(loading, "_passed_over", 0)
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_modules_are_passed_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loading.pass_over_modules()
    frozen = gc.get_freeze_count()
    assert frozen > len(sys.modules)
    later = [Knot() for _ in range(1000)]
    loading.pass_over_modules()
    assert gc.get_freeze_count() <= frozen  # what is let go leaves, nothing comes to it
    monkeypatch.setitem(sys.modules, "a module of this test", types.ModuleType("new"))
    loading.pass_over_modules()
    assert gc.get_freeze_count() > frozen + len(later) // 2


def test_garbage_made_later_is_found() -> None:
    loading.pass_over_modules()
    knot = Knot()
    seen = weakref.ref(knot)
    del knot
    assert seen() is not None
    gc.collect()
    assert seen() is None


def test_what_is_garbage_by_then_is_not_kept() -> None:
    knot = Knot()
    seen = weakref.ref(knot)
    del knot
    loading.pass_over_modules()
    assert seen() is None


def test_a_page_leaves_little_to_look_through(demo_lake: Lake, open_page: Open) -> None:
    """Streamlit looks through it after every answer."""
    open_page(demo_lake, "explore/variant")
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())
