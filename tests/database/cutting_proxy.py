"""A TCP proxy that breaks the connection at a chosen request: a network fault on demand."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import Literal
from urllib.parse import urlsplit

from tests.waiting import PATIENCE

Moment = Literal["before", "after"]


class CuttingProxy:
    """Forwards to `url`; a request that contains `marker` loses its connection, `times` times.

    "before": the request never reaches the server. "after": the server answers, nobody hears it.
    """

    def __init__(self, url: str, marker: bytes, moment: Moment, times: int = 1) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._marker, self._moment, self._left = marker, moment, times
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), closing(socket.create_connection(self._target)) as server:
            hung_up = threading.Event()
            back = threading.Thread(
                target=self._answer, args=(server, client, hung_up), daemon=True
            )
            back.start()
            while data := _receive(client):
                if self._marker in data and self._left > 0:
                    self._left -= 1
                    self.cut += 1
                    if self._moment == "before":
                        return
                    hung_up.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join(PATIENCE)

    def _answer(
        self, server: socket.socket, client: socket.socket, hung_up: threading.Event
    ) -> None:
        while data := _receive(server):
            if hung_up.is_set():
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(data)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""
