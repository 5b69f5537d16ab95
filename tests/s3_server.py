"""A real S3 server on loopback, as a process of its own: moto's, counted and made to stumble.

Run as a program it prints its port. Requests to `/-/...` steer it: `/-/sent` answers with
the requests since the last time and the bytes that went out, `/-/stumble?every=N` has every
Nth request answered 503 (0: none).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUCKET = "bucket"
STRANGER = "stranger"
"""An access key that the server does not know."""
REFUSED = (
    b'<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>no</Message></Error>'
)
BUSY = b"<Error><Code>SlowDown</Code><Message>busy</Message></Error>"


class Counted:
    """A WSGI application that counts what another one sends."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._requests: list[tuple[str, str, int]] = []
        self._seen = 0
        self._every = 0

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/-/"):
            return self._steer(path, environ, start)
        if f"Credential={STRANGER}/" in environ.get("HTTP_AUTHORIZATION", ""):
            return _refuse(environ, start, "403 Forbidden", REFUSED)
        with self._lock:
            self._seen += 1
            stumbles = self._every and self._seen % self._every == 0
        if stumbles:
            return _refuse(environ, start, "503 Slow Down", BUSY)
        body = b"".join(self._app(environ, start))
        with self._lock:
            self._requests.append((environ["REQUEST_METHOD"], path, len(body)))
        return [body]

    def _steer(self, path: str, environ: dict[str, Any], start: Any) -> list[bytes]:
        with self._lock:
            answer: Any = None
            if path == "/-/sent":
                answer, self._requests = self._requests, []
            else:
                self._every = int(environ["QUERY_STRING"].partition("=")[2])
                self._seen = 0
        body = json.dumps(answer).encode()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]


def _refuse(environ: dict[str, Any], start: Any, status: str, body: bytes) -> list[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start(status, [("Content-Length", str(len(body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


@dataclass(frozen=True)
class Server:
    """The server, to those who ask it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What a user of such a store sets."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def sent(self) -> list[tuple[str, str, int]]:
        """Method, path and bytes of each request answered since the last call."""
        return [(m, p, n) for m, p, n in self._ask("/-/sent")]

    @contextmanager
    def stumbling(self, every: int) -> Iterator[None]:
        """Meanwhile every so manyth request is answered 503."""
        self._ask(f"/-/stumble?every={every}")
        try:
            yield
        finally:
            self._ask("/-/stumble?every=0")

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(self.endpoint + what, timeout=30) as answer:
            return json.loads(answer.read())

    def make_bucket(self) -> None:
        """Make the bucket that the tests use."""
        request = urllib.request.Request(f"{self.endpoint}/{BUCKET}", method="PUT")
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def running() -> Iterator[Server]:
    """A server with one bucket, for as long as it is needed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__))], stdout=subprocess.PIPE, text=True, env=clean
    ) as process:
        try:
            assert process.stdout is not None
            server = Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
            server.make_bucket()
            yield server
        finally:
            process.kill()


def main() -> None:
    import logging

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    app = Counted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
