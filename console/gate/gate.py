"""The gate: pure-ASGI middleware in front of Streamlit, over HTTP and websocket.

Before sign-in every address answers 401 (with the sign-in page when a browser asks for a
page), except the sign-in page, its assets, the addresses for monitors, and the HTTP triggers,
which ask for their own key. Without a configured operator it serves an explanation and nothing
else. What another page than ours sends is refused, signed in or not.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress

from google.protobuf.message import DecodeError
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from allocator import log
from allocator.log import Event
from console.gate import health
from console.gate.access import SESSION, Access, read_cookie
from console.gate.caller import READING, Caller, comes_from_here
from console.gate.headers import with_headers
from console.gate.settings import GateSettings
from console.gate.sign_in import (
    ICON,
    LEAVE,
    REACH,
    SIGN_IN,
    STATE,
    STYLE,
    WATCH,
    not_configured,
    sign_in_page,
)
from console.gate.throttle import ApiKeys, Budget

LOGGER = logging.getLogger(__name__)
_SISTER = re.compile(r"/runs/(process-pending|[^/]+/solve)")
MONITORED = frozenset((*health.LIVENESS, health.READINESS))
ASSETS = frozenset({STYLE, ICON, WATCH, LEAVE, REACH})
OPEN = frozenset(
    {
        *((method, path) for method in READING for path in (SIGN_IN, STATE)),
        ("POST", SIGN_IN),
    }
)
REFUSALS_TOLD = 60  # a minute; nobody shall fill the log


class Gate:
    """Lets a request through to `app` only with a live session."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._keys = ApiKeys()
        self._told = Budget(REFUSALS_TOLD)
        self._has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer in the app's place."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            settings = self._access.settings
            caller = Caller.of(scope, settings.trusted_proxies, secure=settings.secure_cookie)
            self._warn_of_proxy(caller)
            log.bind(request=caller.request_id, operator="")
            serve = self._http if scope["type"] == "http" else self._websocket
            await serve(caller.placed(scope), receive, send, settings)

    async def _http(
        self, scope: Scope, receive: Receive, send: Send, settings: GateSettings
    ) -> None:
        answer = await self._answer(scope, settings)
        await (answer or self._app)(scope, receive, with_headers(scope, send))

    async def _answer(self, scope: Scope, settings: GateSettings) -> Response | None:
        """What the gate says instead of the app, None to let the request through."""
        path, reads = scope["path"], scope["method"] in READING
        if reads and path in MONITORED:
            return None
        if _takes_key(scope):
            return await self._keys.refusal(settings.api_key_hash, Headers(scope=scope))
        if not comes_from_here(scope, settings.origins):
            return self._foreign()
        if reads and path in ASSETS:
            return None
        wants_page = _wants_page(scope)
        if not settings.operators:
            if wants_page:
                return not_configured()
            return PlainTextResponse("The console has no operators yet.", status_code=503)
        if (scope["method"], path) in OPEN:
            return None
        token = read_cookie(scope, SESSION)
        operator = self._access.touch(token) if wants_page else self._access.look_up(token)
        if operator is not None:
            return None
        if wants_page:
            return sign_in_page(self._access, scope, status=401)
        return PlainTextResponse("Sign in first.", status_code=401)

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, settings: GateSettings
    ) -> None:
        token = read_cookie(scope, SESSION)
        if self._access.look_up(token) is None:
            refusal: Response | None = PlainTextResponse("Sign in first.", status_code=401)
        elif "origin" not in Headers(scope=scope) or not comes_from_here(scope, settings.origins):
            refusal = self._foreign()
        else:
            refusal = None
        if refusal is not None:
            await _refuse(scope, receive, send, refusal)
        else:
            await guard(self._app, _as_own(scope), receive, send, self._access, token)

    def _foreign(self) -> Response:
        if self._told.take():
            log.event(Event.REFUSAL, outcome="another origin")
        return PlainTextResponse("Use the console from its own pages.", status_code=403)

    def _warn_of_proxy(self, caller: Caller) -> None:
        if caller.is_forwarded and not self._has_warned:
            self._has_warned = True
            LOGGER.warning(
                "A forwarding header was not believed: if a proxy stands before the console, name "
                "its address in trusted_proxies under [console]."
            )


def _takes_key(scope: Scope) -> bool:
    """True for the HTTP triggers. Whatever the key lets through must end in a route of theirs."""
    path = scope["path"]
    is_sister = scope["method"] == "POST" and _SISTER.fullmatch(path) is not None
    return is_sister or path.startswith("/api/")


def _wants_page(scope: Scope) -> bool:
    """True for a person opening a page; scripts, images and polls ask for something else."""
    headers = Headers(scope=scope)
    return (
        scope["method"] in READING
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def _as_own(scope: Scope) -> Scope:
    """The scope without its origin: the gate has decided, and Streamlit would turn away a
    configured one."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"origin"]
    return {**scope, "headers": headers}


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer a handshake (with 403 on servers that cannot say why)."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": CLOSED})


LOOK_EVERY = 1.0  # seconds between two looks at an otherwise quiet socket's session
LAST_WORDS = 1.0  # seconds for the page to show that it was signed out; input is ignored
CLOSED = 4401


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
