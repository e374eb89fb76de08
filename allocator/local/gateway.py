"""The thin gateway in front of PostgREST, so that Supabase clients work unmodified.

`/rest/v1/…` goes to PostgREST without the prefix; a request without a key is turned away; a
request without an Authorization header acts as its key. A key of the new kind (`sb_…`) is no JWT:
the gateway exchanges it for one, and as a bearer token it is refused. Everything else is
PostgREST's business.
Run as `python -m allocator.local.gateway SOCKET PORT PORT_FILE`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from allocator.local.files import SECRET_KEYS_VARIABLE

PREFIX = "/rest/v1"
METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
NOT_FORWARDED = HOP_BY_HOP | {"host", "apikey", "origin"}
NOT_RETURNED = HOP_BY_HOP | {"server", "date"}


def create_app(postgrest_socket: str, secret_keys: Mapping[str, str]) -> Starlette:
    """The gateway's ASGI app, forwarding to the PostgREST that listens on a unix socket."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        transport = httpx.AsyncHTTPTransport(
            uds=postgrest_socket, limits=httpx.Limits(max_connections=100)
        )
        # PostgREST's own limits end long statements; the gateway only waits.
        async with httpx.AsyncClient(
            transport=transport, base_url="http://postgrest", timeout=httpx.Timeout(60, connect=5)
        ) as client:
            app.state.client, app.state.secret_keys = client, secret_keys
            yield

    cors = Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=["Content-Range", "Content-Location", "Location", "Preference-Applied"],
        max_age=3600,
    )
    return Starlette(
        routes=[
            Route("/health", _health),
            Route(PREFIX, _forward, methods=METHODS),
            Route(PREFIX + "/{path:path}", _forward, methods=METHODS),
        ],
        middleware=[cors],
        exception_handlers={404: _no_route},
        lifespan=lifespan,
    )


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _no_route(request: Request, exc: Exception) -> Response:
    return JSONResponse({"message": "no Route matched with those values"}, status_code=404)


async def _forward(request: Request) -> Response:
    query = parse_qsl(request.url.query, keep_blank_values=True)
    key = request.headers.get("apikey") or next((v for k, v in query if k == "apikey"), "")
    if not key:
        return _turned_away()
    if key.startswith("sb_") and key not in request.app.state.secret_keys:
        return JSONResponse({"message": "Invalid API key"}, status_code=401)
    answer = await _ask(request, key, query)
    if isinstance(answer, Response):
        return answer
    response = StreamingResponse(_body(answer), status_code=answer.status_code)
    response.raw_headers = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if name.lower().decode("ascii") not in NOT_RETURNED
    ]
    return response


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The raw bytes: a compressed answer stays compressed, as its headers say."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _turned_away() -> Response:
    return JSONResponse(
        {
            "message": "No API key found in request",
            "hint": "No `apikey` request header or url param was found.",
        },
        status_code=401,
    )


async def _ask(
    request: Request, key: str, query: list[tuple[str, str]]
) -> httpx.Response | Response:
    headers = [(k, v) for k, v in request.headers.items() if k not in NOT_FORWARDED]
    if "authorization" not in request.headers:
        token = request.app.state.secret_keys.get(key, key)
        headers.append(("authorization", f"Bearer {token}"))
    path = request.scope["raw_path"].decode("ascii").removeprefix(PREFIX) or "/"
    raw_query = request.url.query
    if any(name == "apikey" for name, _ in query):
        raw_query = urlencode([pair for pair in query if pair[0] != "apikey"])
    client: httpx.AsyncClient = request.app.state.client
    forwarded = client.build_request(
        request.method,
        httpx.URL(path=path.split("?")[0], query=raw_query.encode()),
        headers=headers,
        content=request.stream() if "content-length" in request.headers else None,
    )
    try:
        return await client.send(forwarded, stream=True)
    except httpx.HTTPError:
        # 502, never 503: clients repeat on 503, and nobody knows what became of this request.
        return JSONResponse(
            {"message": "The database's REST API does not answer."}, status_code=502
        )


def serve(postgrest_socket: str, port: int, port_file: Path) -> None:
    """Listen on the loopback interface (0 = any free port) and write the port to a file."""
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    draft = port_file.with_name(f"{port_file.name}.{os.getpid()}")
    draft.write_text(str(listener.getsockname()[1]))
    draft.replace(port_file)
    config = uvicorn.Config(
        create_app(postgrest_socket, json.loads(os.environ.get(SECRET_KEYS_VARIABLE) or "{}")),
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
