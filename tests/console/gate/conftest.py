"""A console whose database does not answer, for tests of who gets in; its sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from allocator import config
from console import places
from tests.console.server import (
    OPERATOR,
    PASSWORD,
    ConsoleServer,
    console_server,
    secrets_text,
)
from tests.waiting import PATIENCE

CLOSED_ADDRESSES = (
    "/",
    *(f"/{place.path}" for place in places.PLACES),
    "/review?run=11111111-1111-4111-8111-111111111111",
    "/no-such-page",
    "/sign-in/",
    "/sign-in/../",
    "//sign-in",
    "/healthz/",
    "/readyz/",
    "/sign-out",
    "/index.html",
    "/favicon.png",
    "/manifest.json",
    "/static/js/index.js",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/allowed-message-origins",
    "/_stcore/script-health-check",
    "/_stcore/upload_file/a/b",
    "/_stcore/bidi-components/a",
    "/_stcore/agent/mcp",
    "/media/0123456789abcdef.csv",
    "/component/a/index.html",
    "/app/static/secret",
    "/auth/login",
    "/oauth2callback",
)


IDLE = 60 * config.ConsoleOptions().idle_minutes
LOCK = 60 * config.ConsoleOptions().lockout_minutes


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    """One for all tests of the gate: each locks names and addresses of its own, and puts the
    secrets file back."""
    people = dict.fromkeys((OPERATOR, "Grace", "Locked", "Guessed"), PASSWORD)
    with console_server(tmp_path_factory.mktemp("gate"), secrets_text(people)) as running:
        yield running


def socket_of(server: ConsoleServer, client: httpx.Client) -> ClientConnection:
    return connect_from(server, server.url, client)


def connect_from(
    server: ConsoleServer, origin: str | None, client: httpx.Client
) -> ClientConnection:
    cookies = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)}
    return connected(server, cookies | ({"Origin": origin} if origin else {}))


def connected(server: ConsoleServer, headers: dict[str, str]) -> ClientConnection:
    return connect(
        server.websocket_url,
        additional_headers=headers,
        subprotocols=["streamlit"],
        open_timeout=PATIENCE,
    )


def ask_for_run(socket: ClientConnection, *, automatic: bool = False) -> None:
    request = BackMsg()
    request.rerun_script.query_string = ""
    request.rerun_script.is_auto_rerun = automatic
    socket.send(request.SerializeToString())


def wait_for_run(socket: ClientConnection) -> None:
    """Read until the server begins a run of the script."""
    kind = ""
    while kind != "new_session":
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=PATIENCE))
        kind = message.WhichOneof("type")


def is_open(socket: ClientConnection, seconds: float) -> bool:
    """Read for a while; False once the server has closed the socket."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            socket.recv(timeout=left)
        except TimeoutError:
            return True
        except ConnectionClosed:
            return False
    return True
