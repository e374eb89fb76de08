"""Liveness and readiness while the database keeps its answer back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from allocator.config import Connection
from tests.console.server import QUICKLY, console_server, secrets_text


@contextmanager
def silent_database() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that takes every connection and never answers; its address, what it took."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", taken
        for connection in taken:
            connection.close()
        listening.shutdown(socket.SHUT_RDWR)


def test_many_who_ask_for_readiness_are_one_question_and_leave_pages_free(tmp_path):
    with (
        silent_database() as (url, taken),
        console_server(tmp_path, secrets_text(), Connection(url, "a-key")) as server,
        server.signed_in() as client,
        ThreadPoolExecutor(60) as callers,
    ):
        waiting = [callers.submit(ask, f"{server.url}/readyz") for _ in range(60)]
        assert client.get("/").status_code == 200
        assert client.get("/static/js/no-such.js").status_code == 200
        assert ask(f"{server.url}/healthz") == 200
        assert {one.result() for one in waiting} == {503}
        assert len(taken) == 1


def ask(url: str) -> int:
    return httpx.get(url, **QUICKLY).status_code
