"""Pages drawn at the same instant: one at a time, and none held up by one that takes long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.shared import turns


def test_a_page_begins_when_the_one_before_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SECONDS", 600)
    drawn: list[str] = []
    at_once = threading.Lock()

    def draw(name: str) -> None:
        with turns.in_turn():
            assert at_once.acquire(blocking=False)
            time.sleep(0.02)  # in which another would begin
            drawn.append(name)
            at_once.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(draw, "abcdefgh"))
    assert sorted(drawn) == list("abcdefgh")


def test_a_page_that_fails_lets_the_next_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SECONDS", 600)
    with pytest.raises(ValueError, match="odd"), turns.in_turn():
        raise ValueError("odd")
    with turns.in_turn():
        pass
    assert not turns._begun


def test_a_page_that_takes_long_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_SECONDS", 0.05)
    began, other_is_done = threading.Event(), threading.Event()

    def take_long() -> bool:
        with turns.in_turn():
            began.set()
            return other_is_done.wait(60)

    def draw() -> None:
        began.wait(60)
        with turns.in_turn():
            other_is_done.set()

    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(take_long)
        pool.submit(draw).result()
        assert long.result()
