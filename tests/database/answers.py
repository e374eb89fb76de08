"""A server that gives prepared answers: what stands in front of, or instead of, a database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from allocator.config import Connection
from allocator.postgres import Client, connect


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; a `body` that is not a str is sent as JSON. `drop` closes the connection
    instead, `wait` holds the answer back (seconds)."""

    status: int = 200
    body: Any = ""
    kind: str = ""
    drop: bool = False
    wait: float = 0.0


@dataclass
class Server:
    """Gives its answers in turn, the last one for ever; `asked` are the methods it was sent."""

    url: str
    asked: list[str]

    @property
    def client(self) -> Client:
        return connect(Connection(self.url, "sb_secret_for-tests"))


class QuietServer(ThreadingHTTPServer):
    """A client that hangs up first is no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def answering(*answers: Answer) -> Iterator[Server]:
    """Serve these answers on a free port of this machine."""
    asked: list[str] = []
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append(self.command)
            answer = answers[min(len(asked), len(answers)) - 1]
            ended.wait(answer.wait)
            if answer.drop:
                self.close_connection = True
                return
            is_text = isinstance(answer.body, str)
            body = (answer.body if is_text else json.dumps(answer.body)).encode()
            self.send_response(answer.status)
            kind = answer.kind or ("text/html" if is_text else "application/json")
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            """Keep the test's output clean."""

    server = QuietServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
