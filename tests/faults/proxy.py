"""A proxy between the program and the gateway that does to each commit what a test wants.

Other requests pass unharmed.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.database.answers import QuietServer
from tests.waiting import PATIENCE, eventually

COMMIT = "/rpc/allocator_console_commit"
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class Answer:
    """What the gateway said."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Exchange:
    """One request that has arrived, and the connection on which somebody waits for its answer."""

    def __init__(self, handler: BaseHTTPRequestHandler, target: str) -> None:
        self._handler, self._target = handler, target
        length = int(handler.headers.get("content-length") or 0)
        self._body = handler.rfile.read(length) if length else None

    def forward(self) -> Answer | None:
        """Send the request on, as often as this is called; None when nobody answers."""
        parts = urlsplit(self._target)
        headers = {k: v for k, v in self._handler.headers.items() if k.lower() != "host"}
        connection = HTTPConnection(str(parts.hostname), parts.port or 80, timeout=PATIENCE)
        try:
            connection.request(self._handler.command, self._handler.path, self._body, headers)
            came = connection.getresponse()
            kept = [(k, v) for k, v in came.getheaders() if k.lower() not in OF_A_CONNECTION]
            return Answer(came.status, tuple(kept), came.read())
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    def answer(self, answer: Answer | None, *, times: int = 1) -> None:
        """Give the answer, or lose the connection when there is none."""
        if answer is None:
            self.hang_up()
            return
        lines = [f"HTTP/1.1 {answer.status} as forwarded"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines += [f"content-length: {len(answer.body)}", "", ""]
        whole = "\r\n".join(lines).encode("latin-1") + answer.body
        with suppress(OSError):  # whoever asked may have left
            self._handler.wfile.write(whole * times)

    def pass_on(self) -> None:
        """Forward, and give what comes."""
        self.answer(self.forward())

    def hang_up(self) -> None:
        """Close the connection without an answer."""
        self._handler.close_connection = True
        with suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)

    def wait_until_left(self) -> None:
        """Until whoever asked gives up or dies."""
        connection = self._handler.connection
        ready, _, _ = select.select([connection], [], [], PATIENCE)
        assert ready, "nobody gave up waiting for the answer"
        self._handler.close_connection = True


Fault = Callable[[Exchange], None]


class FaultProxy:
    """Forwards to `target`; while a fault is set, it decides what becomes of each commit."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.seen = 0
        self._fault: Fault | None = None
        self._under_way = 0
        self._counting = threading.Lock()
        self._failures: list[BaseException] = []
        self._server = QuietServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[None]:
        """While it lasts, `fault` gets every commit."""
        self.seen, self._fault = 0, fault
        try:
            yield
        finally:
            self._fault = None

    def settle(self) -> None:
        """Wait until no commit is under way; raises what a fault itself failed with."""
        eventually(lambda: self._under_way == 0, every=0.002)
        if self._failures:
            raise self._failures.pop()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                proxy._serve(Exchange(self, proxy.target), is_commit=COMMIT in self.path)

            do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _serve(self, exchange: Exchange, *, is_commit: bool) -> None:
        fault = self._fault
        if not is_commit or fault is None:
            exchange.pass_on()
            return
        with self._counting:
            self._under_way += 1
            self.seen += 1
        try:
            fault(exchange)
        except BaseException as exc:
            self._failures.append(exc)
            exchange.hang_up()
        finally:
            with self._counting:
                self._under_way -= 1
