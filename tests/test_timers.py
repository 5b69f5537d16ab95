"""A timer's tick behind a click, over the app's own socket: the click stands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from browser import ROOT, serve
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect  # Streamlit's own

from medallion import Lake

ALLELE = "22-16077687-A-G"
OTHER = "22-17518805-C-A"


@pytest.fixture(scope="module")
def address(demo_lake: Lake) -> Iterator[str]:
    with serve(ROOT, demo_lake.path) as url:
        yield url


def asked(query: str, **more: object) -> bytes:
    """A request for a page, as the browser sends it."""
    request = BackMsg()
    request.rerun_script.query_string = query
    request.rerun_script.widget_states.SetInParent()
    for name, value in more.items():
        setattr(request.rerun_script, name, value)
    return request.SerializeToString()


class Tab:
    """What a tab of a browser knows after all that it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.pages: dict[str, str] = {}
        self.page = ""
        self.query = ""
        self.timers: set[str] = set()

    async def send(self, request: bytes) -> None:
        await self._socket.send(request)

    async def rest(self) -> None:
        """Read until the app has been quiet for a second after a run."""
        finished = False
        while True:
            try:
                data = await asyncio.wait_for(self._socket.recv(), 1.0 if finished else 120.0)
            except TimeoutError:
                return
            told = ForwardMsg.FromString(data)
            match told.WhichOneof("type"):
                case "new_session":
                    self.page = told.new_session.page_script_hash
                case "navigation":
                    known = told.navigation.app_pages
                    self.pages = {page.page_name: page.page_script_hash for page in known}
                    self.page = told.navigation.page_script_hash
                case "page_info_changed":
                    self.query = told.page_info_changed.query_string
                case "auto_rerun":
                    self.timers.add(told.auto_rerun.fragment_id)
                case "script_finished":
                    finished = True


@pytest.mark.parametrize("late", [0.0, 0.2], ids=lambda late: f"{late:g} s later")
def test_a_tick_behind_a_click_does_not_take_it_back(address: str, late: float) -> None:
    """The browser sends it for the page that it still shows, and with that page's URL."""

    async def click_and_tick() -> None:
        place = address.replace("http", "ws", 1) + "/_stcore/stream"
        async with connect(place, subprotocols=["streamlit"], max_size=None) as socket:
            tab = Tab(socket)
            here = f"variant={ALLELE}"
            for _ in range(2):  # a fresh server's first answer is to load it again
                await tab.send(asked(here, page_name="gold"))
                await tab.rest()
            gold, variant = tab.pages["Gold"], tab.pages["Variant"]
            (timer,) = tab.timers
            await tick_answered(tab, gold, here, timer)
            await tab.send(asked(f"variant={OTHER}", page_script_hash=variant,
                                 is_history_navigation=True))  # fmt: skip
            await asyncio.sleep(late)
            await tab.send(asked(here, page_script_hash=gold, fragment_id=timer,
                                 is_auto_rerun=True))  # fmt: skip
            await tab.rest()
            assert tab.page == variant
            assert tab.query == f"variant={OTHER}"
            await tick_answered(tab, variant, tab.query, timer)

    asyncio.run(click_and_tick())


async def tick_answered(tab: Tab, page: str, query: str, timer: str) -> None:
    """See that the page that is shown is drawn anew for its own tick."""
    assert tab.page == page
    tab.page = ""
    await tab.send(asked(query, page_script_hash=page, fragment_id=timer, is_auto_rerun=True))
    await tab.rest()
    assert tab.page == page
