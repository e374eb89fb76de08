"""Websockets behind the gate: refused without a session, closed when it ends.

What counts as activity: messages that a person caused. A page's polls (`run_every`) arrive
marked as automatic; heartbeats are a kind of their own; the first run request of a socket is the
browser connecting again by itself. None of these prolongs a session.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from google.protobuf.message import DecodeError
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from console.access import Access

LOOK_EVERY = 1.0  # seconds between two looks at an otherwise quiet socket's session
LAST_WORDS = 1.0  # seconds for the page to show that it was signed out; input is ignored
CLOSED = 4401


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the handshake with 401 (403 from servers that cannot say why)."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        response = PlainTextResponse("Sign in first.", status_code=401)
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": CLOSED})


async def guard(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, access: Access, token: str
) -> None:
    """Run `app` on the socket until either side leaves or the session ends."""
    socket = _GuardedSocket(receive, send, access, token)
    await app(scope, socket.receive, socket.send)


class _GuardedSocket:
    def __init__(self, receive: Receive, send: Send, access: Access, token: str) -> None:
        self._receive = receive
        self._send = send
        self._access = access
        self._token = token
        self._closed = False
        self._run_requests = 0

    async def send(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)

    async def receive(self) -> Message:
        if self._closed:
            return {"type": "websocket.disconnect", "code": CLOSED}
        waiting = asyncio.ensure_future(self._receive())
        try:
            while self._access.look_up(self._token) is not None:
                done, _ = await asyncio.wait({waiting}, timeout=LOOK_EVERY)
                if done and self._access.look_up(self._token) is not None:
                    message = waiting.result()
                    if self._is_activity(message):
                        self._access.touch(self._token)
                    return message
        finally:
            waiting.cancel()
        return await self._close()

    async def _close(self) -> Message:
        await asyncio.sleep(LAST_WORDS)
        self._closed = True
        with suppress(RuntimeError, OSError):  # the browser may have left already
            await self._send({"type": "websocket.close", "code": CLOSED})
        return {"type": "websocket.disconnect", "code": CLOSED}

    def _is_activity(self, message: Message) -> bool:
        content = message.get("bytes")
        if message["type"] != "websocket.receive" or not content:
            return False
        request = BackMsg()
        try:
            request.ParseFromString(content)
        except DecodeError:
            return False
        kind = request.WhichOneof("type")
        if kind != "rerun_script":
            return kind in ("file_urls_request", "stop_script")
        self._run_requests += 1
        return self._run_requests > 1 and not request.rerun_script.is_auto_rerun
