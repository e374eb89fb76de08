"""The gate: pure-ASGI middleware in front of Streamlit, over HTTP and websocket.

Before sign-in every address answers 401 (with the sign-in page when a browser asks for a
page), except the sign-in page, its assets, `/healthz`, and `/api/…`, which asks for its own key.
Without a configured operator it serves an explanation and nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from google.protobuf.message import DecodeError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from console.gate.access import Access, session_token
from console.gate.api import ApiKeys
from console.gate.sign_in import ICON, SIGN_IN, SIGN_OUT, STATE, STYLE, not_configured, sign_in_page

HEALTH = "/healthz"
API = "/api/"
ALWAYS_OPEN = frozenset({HEALTH, STYLE, ICON})
OPEN = frozenset({SIGN_IN, SIGN_OUT, STATE})


class Gate:
    """Lets a request through to `app` only with a live session."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._keys = ApiKeys()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer in the app's place."""
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope)
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        """What the gate says instead of the app, None to let the request through."""
        path = scope["path"]
        if path in ALWAYS_OPEN:
            return None
        if path.startswith(API):
            return await self._keys.refusal(
                self._access.settings.api_key_hash, Headers(scope=scope)
            )
        wants_page = _wants_page(scope)
        if not self._access.is_configured:
            if wants_page:
                return not_configured()
            return PlainTextResponse("The console has no operators yet.", status_code=503)
        if path in OPEN:
            return None
        token = session_token(Headers(scope=scope))
        operator = self._access.touch(token) if wants_page else self._access.look_up(token)
        if operator is not None:
            return None
        if wants_page:
            return sign_in_page(self._access, scope, status=401)
        return PlainTextResponse("Sign in first.", status_code=401)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = session_token(Headers(scope=scope))
        if token is None or self._access.look_up(token) is None:
            await refuse(scope, receive, send)
            return
        await guard(self._app, scope, receive, send, self._access, token)


def _wants_page(scope: Scope) -> bool:
    """True for a person opening a page; scripts, images and polls ask for something else."""
    headers = Headers(scope=scope)
    return (
        scope["method"] in ("GET", "HEAD")
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def _with_headers(scope: Scope, send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("X-Frame-Options", "DENY")
            headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
            headers.setdefault("Referrer-Policy", "same-origin")
            if not scope["path"].startswith("/static/"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return wrapped


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
