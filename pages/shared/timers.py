"""Timers of the page give way to what the reader asks for.

A fragment that is drawn anew every few seconds is asked for by a timer in the browser, for
the page that the browser shows at that moment. Streamlit takes the page from the newest of
the requests that wait. So a tick that comes right behind a click on the menu would take the
click back; and one that comes once the next page runs would have its parameters dropped
from the URL.
"""

from __future__ import annotations

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession

__all__ = ["give_way"]

_streamlits = AppSession.request_rerun


def give_way() -> None:
    """Have the app pass over ticks that come while it runs, or that are for a page it left.

    Nothing is lost by it: the run draws what the tick asks for, and the next tick comes.
    """
    AppSession.request_rerun = _but_for_late_ticks  # type: ignore[method-assign]


def _but_for_late_ticks(session: AppSession, client_state: ClientState | None) -> None:
    # Both are looked at where Streamlit handles all events of a session, one by one.
    if client_state is not None and client_state.is_auto_rerun:
        busy = session._scriptrunner is not None  # noqa: SLF001  # no public way
        if busy or client_state.page_script_hash != session.page_script_hash:
            return
    _streamlits(session, client_state)
