"""A web server on loopback that does what bad networks and bad servers do.

`with serve() as server:` gives a server; `site = server.add("/name", content)` puts a
file on it. `site.script(a, b, c)` sets what the next requests meet, one behaviour each;
the last one stays. A behaviour is a function of the request's handler. The requests that
came are in `site.requests` (their headers, lower-case).
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """One address and the file behind it."""

    def __init__(self, server: MisbehavingServer, path: str, content: bytes) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
        self.content = content
        self.etag: str | None = '"first"'
        self.last_modified: str | None = "Mon, 23 Nov 2026 08:00:00 GMT"
        self.requests: list[dict[str, str]] = []
        self.behaviours: list[Behaviour] = [well]

    def script(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)

    @property
    def ranges(self) -> list[str | None]:
        return [request.get("range") for request in self.requests]


class MisbehavingServer(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sites: dict[str, Site] = {}
        self.closing = threading.Event()

    def add(self, path: str, content: bytes) -> Site:
        self.sites[path] = Site(self, path, content)
        return self.sites[path]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what this server is for."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MisbehavingServer

    @property
    def site(self) -> Site:
        return self.server.sites[self.path]

    def do_GET(self) -> None:
        site = self.server.sites.get(self.path)
        if site is None:
            self.send_error(404)
            return
        site.requests.append({name.lower(): value for name, value in self.headers.items()})
        behaviour = site.behaviours.pop(0) if len(site.behaviours) > 1 else site.behaviours[0]
        behaviour(self)

    def head(self, status: int, length: int | None, **headers: str) -> None:
        """The head of an answer, with the marks of the file."""
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if self.site.etag:
            self.send_header("ETag", self.site.etag)
        if self.site.last_modified:
            self.send_header("Last-Modified", self.site.last_modified)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def start(self) -> int:
        """The first byte to send: that of the Range, if the file is still the same, else 0."""
        wanted = self.headers.get("Range", "")
        held = self.headers.get("If-Range")
        if not wanted.startswith("bytes="):
            return 0
        if held is not None and held not in (self.site.etag, self.site.last_modified):
            return 0
        return int(wanted.removeprefix("bytes=").partition("-")[0])

    def answer(self) -> bytes:
        """Send the head of a right answer, and return the body that belongs to it."""
        start, total = self.start(), len(self.site.content)
        if start >= total > 0:
            self.head(416, 0, Content_Range=f"bytes */{total}")
            return b""
        if start:
            self.head(206, total - start, Content_Range=f"bytes {start}-{total - 1}/{total}")
        else:
            self.head(200, total)
        return self.site.content[start:]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        """No noise in the tests."""

    def break_off(self, *, reset: bool = False) -> None:
        """Close the connection in the middle, or tear it down with a reset."""
        self.close_connection = True
        self.wfile.flush()
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


Behaviour = Callable[[Handler], None]


def well(handler: Handler) -> None:
    """As a server should."""
    handler.wfile.write(handler.answer())


def cut(sent: int, *, reset: bool = False) -> Behaviour:
    """Right head, then only `sent` bytes of the body."""

    def behave(handler: Handler) -> None:
        handler.wfile.write(handler.answer()[:sent])
        handler.break_off(reset=reset)

    return behave


def status(code: int, **headers: str) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.head(code, 0, **headers)

    return behave


def hang_up(handler: Handler) -> None:
    """Not a word."""
    handler.break_off()


def no_ranges(sent: int | None = None) -> Behaviour:
    """Always the whole file (or its first `sent` bytes and a break), whatever was asked."""

    def behave(handler: Handler) -> None:
        handler.head(200, len(handler.site.content))
        handler.wfile.write(handler.site.content[:sent])
        if sent is not None:
            handler.break_off()

    return behave


def changed(content: bytes, *, honest: bool = True) -> Behaviour:
    """The file is another one from now on; a dishonest server still continues the range."""

    def behave(handler: Handler) -> None:
        site = handler.site
        site.content, site.etag = content, '"second"'
        site.last_modified = "Mon, 23 Nov 2026 09:00:00 GMT"
        if honest:
            well(handler)
            return
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        total = len(content)
        handler.head(206, total - start, Content_Range=f"bytes {start}-{total - 1}/{total}")
        handler.wfile.write(content[start:])

    return behave


def content_range(text: str) -> Behaviour:
    """A 206 that says `text`, whatever was asked."""

    def behave(handler: Handler) -> None:
        handler.head(206, len(handler.site.content), Content_Range=text)
        handler.wfile.write(handler.site.content)

    return behave


def lie(length: int) -> Behaviour:
    """A Content-Length that is not the body's."""

    def behave(handler: Handler) -> None:
        handler.head(200, length)
        handler.wfile.write(handler.site.content)
        handler.break_off()

    return behave


def stall(sent: int) -> Behaviour:
    """`sent` bytes, then silence with the connection open."""

    def behave(handler: Handler) -> None:
        handler.wfile.write(handler.answer()[:sent])
        handler.wfile.flush()
        handler.server.closing.wait(30)
        handler.close_connection = True

    return behave


def drip(handler: Handler) -> None:
    """A byte now and then: never silent, never done."""
    body = handler.answer()
    for at in range(len(body)):
        handler.wfile.write(body[at : at + 1])
        if handler.server.closing.wait(0.02):
            break
    handler.close_connection = True


def redirect(location: str) -> Behaviour:
    return status(302, Location=location)


def chunked(*, whole: bool = True) -> Behaviour:
    """No length, but marked chunks; not `whole`: without the last mark."""

    def behave(handler: Handler) -> None:
        handler.head(200, None, Transfer_Encoding="chunked")
        body = handler.site.content
        for at in range(0, len(body), 1000):
            piece = body[at : at + 1000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.break_off()

    return behave


def unmeasured(sent: int | None = None) -> Behaviour:
    """No length and no marks: the end of the connection is the end of the file."""

    def behave(handler: Handler) -> None:
        handler.head(200, None, Connection="close")
        handler.wfile.write(handler.site.content[:sent])
        handler.close_connection = True

    return behave


def sends(**headers: str) -> Behaviour:
    """The whole file with more headers."""

    def behave(handler: Handler) -> None:
        handler.head(200, len(handler.site.content), **headers)
        handler.wfile.write(handler.site.content)

    return behave


@contextmanager
def serve() -> Iterator[MisbehavingServer]:
    """A running server; closed, with all that stalls in it, on leaving."""
    server = MisbehavingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
