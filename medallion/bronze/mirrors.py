"""One request to one mirror: sent politely, read in a thread, every refusal in words.

What is here: which addresses are allowed, the stream of an answer's bytes, and what a
failure means: worth another try here, or on to the next mirror. What is not here: files,
checksums, the order of mirrors and how often to try (`parts`, `download`, `policy`).

urllib3's own `Retry` is not used: it repeats a request before its body is read, and
what breaks in a download is the body. Proxies (HTTPS_PROXY, NO_PROXY) and certificates
(REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE) come from the environment.
"""

from __future__ import annotations

import email.utils
import ipaddress
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from urllib3.exceptions import HTTPError

from medallion.bronze.policy import Policy

__all__ = ["Answer", "ContentRange", "MirrorError", "check_address", "host_of", "retry_after"]

_CHUNK = 1 << 17  # bytes asked of the socket at once
_QUEUED = 64  # chunks that may wait for the disk: at most 8 MiB
_POLL = 0.1  # seconds between looks at the wish to cancel


class MirrorError(Exception):
    """One attempt at one mirror failed. Never leaves this package.

    `retry`: the same mirror may do better on another try, of which there are `tries`
    (None: the policy's). `wait`: seconds that the server asked for.
    """

    def __init__(
        self,
        words: str,
        *,
        retry: bool = False,
        tries: int | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.retry = retry
        self.tries = tries
        self.wait = wait


def check_address(url: str, came_from: str | None = None) -> None:
    """Raise MirrorError unless `url` is HTTPS, or HTTP to this very machine.

    A redirect (`came_from`) may stay on this machine, but not lead to it from outside.
    """
    host = host_of(url)
    scheme = url.partition(":")[0].lower()
    local = _is_loopback(host)
    if came_from is not None and local and not _is_loopback(host_of(came_from)):
        raise MirrorError(f"redirected to this machine itself ({url}), which is refused")
    if host and (scheme == "https" or (scheme == "http" and local)):
        return
    if came_from is None:
        raise MirrorError(f"is not an https:// address ({url}); only those are fetched")
    raise MirrorError(f"redirected to an address that is not https:// ({url})")


def host_of(url: str) -> str:
    """The host of an address, in lower case; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class ContentRange:
    """`Content-Range: bytes start-end/total`; `start` and `end` from 0, both included."""

    start: int
    end: int
    total: int | None

    @classmethod
    def parse(cls, text: str | None) -> ContentRange | None:
        """None where the header is missing or does not make sense."""
        match = re.fullmatch(r"\s*bytes\s+(\d+)-(\d+)/(\d+|\*)\s*", text or "", re.IGNORECASE)
        if match is None:
            return None
        start, end = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        if end < start or (total is not None and end >= total):
            return None
        return cls(start, end, total)


class _Session(requests.Session):
    """A session that looks at every redirect before it follows it."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            try:
                check_address(urljoin(resp.url, target), came_from=resp.url)
            except MirrorError:
                resp.close()
                raise
        return target


def _session() -> requests.Session:
    session = _Session()
    session.max_redirects = 5
    # requests knows the first two; the third is what Python, OpenSSL and conda use.
    bundle = os.environ.get("SSL_CERT_FILE")
    if bundle and not {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & os.environ.keys():
        session.verify = bundle
    return session


class Answer:
    """A server's answer to one GET, its body read by a thread of its own.

    The thread keeps the network busy while the caller hashes and writes, and lets the
    caller go at once when the user cancels, even in the middle of a connect or a stall.

    Use as a context manager; entering waits for the head of the answer. `url` is where
    redirects ended, `headers` are case-insensitive, iteration gives the body's exact
    bytes as sent. Raises MirrorError; `check` is called often and may raise.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], policy: Policy, check: Callable[[], None]
    ) -> None:
        check_address(url)
        self._asked = url
        # The bytes of the file are wanted, not a compressed rendering of them.
        self._send = {"Accept-Encoding": "identity", **headers}
        self._policy = policy
        self._check = check
        self._items: queue.Queue[requests.Response | bytes | Exception | None] = queue.Queue(
            _QUEUED
        )
        self._stop = threading.Event()
        self._response: requests.Response | None = None
        self._thread = threading.Thread(target=self._read, name="medallion-get", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            head = self._next()
        except BaseException:
            self.__exit__()
            raise
        if not isinstance(head, requests.Response):
            self.__exit__()
            raise MirrorError("sent nothing at all", retry=True)
        self._response = head
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._response is not None and isinstance(self._response.raw, urllib3.HTTPResponse):
            # Wakes the thread where it waits for bytes; it closes everything itself.
            with suppress(OSError, ValueError, RuntimeError):  # over already
                self._response.raw.shutdown()
        if self._response is not None:
            self._thread.join(timeout=5.0)

    @property
    def response(self) -> requests.Response:
        """The head of the answer; iterating over this object gives its body."""
        if self._response is None:
            raise RuntimeError("the answer has not been entered")
        return self._response

    @property
    def status(self) -> int:
        """The HTTP status code."""
        return self.response.status_code

    @property
    def url(self) -> str:
        """The address that answered, after redirections."""
        return self.response.url

    def header(self, name: str) -> str | None:
        """A header field without surrounding blanks, or None where it was not sent."""
        value = self.response.headers.get(name)
        return None if value is None else str(value).strip()

    @property
    def length(self) -> int | None:
        """Bytes of this body as announced, or None where the server does not say."""
        text = self.header("Content-Length") or ""
        return int(text) if text.isascii() and text.isdigit() else None

    def refusal(self) -> MirrorError | None:
        """What the status says against the file, or None where a body follows (200, 206).

        416 is not judged here: what it means depends on what was asked for.
        """
        status = self.status
        if status in (200, 206, 416):
            return None
        known = {
            401: "wants a password (401)",
            403: "refuses access (403)",
            404: "does not have the file (404)",
            408: "lost patience (408)",
            410: "no longer has the file (410)",
            429: "asks for fewer requests (429)",
            503: "is not available for the moment (503)",
        }
        words = known.get(status, f"answered {status} {self.response.reason or ''}".rstrip())
        busy = status in (408, 429) or status >= 500
        wait = retry_after(self.header("Retry-After")) if busy else None
        return MirrorError(words, retry=busy, wait=wait)

    def __iter__(self) -> Iterator[bytes]:
        since, arrived = time.monotonic(), 0
        while True:
            item = self._next()
            if not isinstance(item, bytes):
                return
            yield item
            arrived += len(item)
            now = time.monotonic()
            if now - since >= self._policy.slow_after:
                if arrived < self._policy.slowest * (now - since):
                    raise MirrorError(
                        f"sent only {arrived} bytes in {now - since:.0f} seconds", retry=True
                    )
                since, arrived = now, 0

    def _next(self) -> requests.Response | bytes | None:
        """The next thing the thread has read; None at the end of the body."""
        while True:
            self._check()
            try:
                item = self._items.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(item, Exception):
                raise _explain(item, self._policy) from item
            return item

    def _read(self) -> None:
        """The thread: send the request, put the head, the chunks, and None or an error."""
        timeout = (self._policy.connect_timeout, self._policy.read_timeout)
        try:
            with (
                _session() as session,
                session.get(self._asked, headers=self._send, stream=True, timeout=timeout) as got,
            ):
                self._put(got)
                while not self._stop.is_set():
                    # One receive a chunk: what came before a break is not lost with it.
                    chunk = got.raw.read1(_CHUNK, decode_content=False)
                    if not chunk:
                        break
                    self._put(chunk)
            self._put(None)
        except Exception as error:  # noqa: BLE001  it crosses to the caller's thread
            self._put(error)

    def _put(self, item: requests.Response | bytes | Exception | None) -> None:
        while not self._stop.is_set():
            try:
                self._items.put(item, timeout=_POLL)
            except queue.Full:
                continue
            return


def retry_after(text: str | None) -> float | None:
    """Seconds from a Retry-After header: a number, or a date; None where it is neither."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


# Signs in an exception and all that it wraps, first match first; what they mean in a
# user's words; whether another try is worth it, and whether of the few for a host that
# cannot be connected to. Names and texts, because requests and urllib3 wrap the same
# break in different classes, depending on when it happens.
_SIGNS: tuple[tuple[tuple[str, ...], str, bool, bool], ...] = (
    (
        ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed"),
        (
            "showed a certificate that cannot be verified (behind a proxy that opens TLS, "
            "set SSL_CERT_FILE to its certificate)"
        ),
        False,
        False,
    ),
    (("ProxyError",), "cannot be reached through the proxy of the environment", True, True),
    (
        ("ConnectTimeout",),
        "did not answer within {policy.connect_timeout:g} seconds",
        True,
        True,
    ),
    (("NameResolutionError", "gaierror"), "cannot be found by its name", True, True),
    (("NewConnectionError", "ConnectionRefusedError"), "cannot be connected to", True, True),
    (("Timeout", "timed out"), "sent nothing for {policy.read_timeout:g} seconds", True, False),
    (("TooManyRedirects",), "redirects in circles", False, False),
    (("InvalidURL", "InvalidSchema", "MissingSchema"), "cannot be asked", False, False),
)


def _explain(error: Exception, policy: Policy) -> MirrorError:
    """The failure, in a user's words, that an exception of the network stack means."""
    if isinstance(error, MirrorError):
        return error
    seen = " ".join(f"{type(e).__name__}: {e}" for e in _chain(error))
    for signs, words, retry, unreachable in _SIGNS:
        if any(sign in seen for sign in signs):
            return MirrorError(
                words.format(policy=policy),
                retry=retry,
                tries=policy.unreachable_tries if unreachable else None,
            )
    if isinstance(error, (HTTPError, HTTPException, OSError)):
        return MirrorError("broke the connection", retry=True)
    return MirrorError(f"failed in an unforeseen way: {type(error).__name__}: {error}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, causes first met first, each once."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
