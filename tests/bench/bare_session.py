"""Sessions of the app without a browser: they ask over its socket, and read what comes.

What a server does for many readers can only be told apart from what their browsers do by
leaving the browsers out, where both work on the same cores.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

Link = tuple[str, str]
"""A page and the query of its URL."""


class BareSession:
    """One session, as a browser tab opens one."""

    def __init__(self, address: str, socket: ClientConnection) -> None:
        self._address = address
        self._socket = socket

    @classmethod
    async def open(cls, address: str) -> Self:
        """Open a session; it shows nothing yet."""
        place = address.replace("http", "ws", 1) + "/_stcore/stream"
        socket = await connect(place, subprotocols=["streamlit"], max_size=None)
        return cls(address, socket)

    async def ask(self, link: Link) -> float:
        """Have a page run, to its end, and return the seconds until its first chart was there.

        RuntimeError where it shows an error or no chart.
        """
        page, query = link
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = query
        asked.rerun_script.context_info.url = f"{self._address}/{page}"
        begun = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        drawn = None
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self._socket.recv())
            if told.WhichOneof("type") == "script_finished":
                break
            kind = told.delta.new_element.WhichOneof("type")
            if kind == "exception":
                raise RuntimeError(told.delta.new_element.exception.message)
            if kind == "plotly_chart" and drawn is None:
                drawn = time.perf_counter() - begun
        if drawn is None:
            raise RuntimeError(f"No chart on {page}?{query}")
        return drawn


async def crowd(
    address: str, sessions: int, times: int, links: Callable[[random.Random], Link], *, think: bool
) -> list[float]:
    """Seconds to the first chart of so many sessions, each asking for so many links.

    With `think` each waits 2 to 8 s between them; without, all ask at the same instant.
    """
    open_ones = [await BareSession.open(address) for _ in range(sessions)]
    chances = [random.Random(number) for number in range(sessions)]
    with contextlib.suppress(RuntimeError):  # a fresh server's first answer is to load it again
        await open_ones[0].ask(links(chances[0]))
    await asyncio.gather(*(s.ask(links(c)) for s, c in zip(open_ones, chances, strict=True)))
    gate = asyncio.Barrier(sessions)

    async def one(session: BareSession, chance: random.Random) -> list[float]:
        taken = []
        for _ in range(times):
            if think:
                await asyncio.sleep(chance.uniform(2, 8))
            else:
                await gate.wait()
            taken.append(await session.ask(links(chance)))
        return taken

    both = zip(open_ones, chances, strict=True)
    return [t for taken in await asyncio.gather(*(one(s, c) for s, c in both)) for t in taken]
