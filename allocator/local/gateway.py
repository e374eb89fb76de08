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
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
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

from allocator.errors import ConfigurationError, DatabaseError
from allocator.local import postgres_server
from allocator.local.files import SECRET_KEYS_VARIABLE, Files, Secrets, read_json, write_private
from allocator.local.processes import Part, end, spawn, tail

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


NAMES = ("postgrest", "gateway")
MAX_ROWS = 1000
READY_SECONDS = 120.0
"""Longest wait for parts that live but do not answer yet; one that has ended ends the wait."""


def pids(files: Files) -> tuple[dict[str, int | None], int | None]:
    """The pids of the parts that run (None when not), and the recorded port."""
    live = {name: part.pid if part.process() else None for name, part in _parts(files).items()}
    return {name: live.get(name) for name in NAMES}, read_json(files.state).get("port")


def start(files: Files, secrets: Secrets, binary: Path, port: int) -> None:
    """Start both parts and wait until the REST API answers; PostgreSQL must run.

    Raises ConfigurationError when the port is taken, DatabaseError when a part fails.
    """
    _record(files, postgrest=_start_postgrest(files, secrets, binary))
    _wait_until_ready(files, secrets, _start_gateway(files, secrets, port))


def stop(files: Files) -> None:
    """Stop both parts; the port is kept for the next start."""
    end(process for part in _parts(files).values() if (process := part.process()))
    with suppress(OSError):  # on a full disk the record stays, of processes that are no more
        for name in NAMES:
            _record(files, **{name: None})


def _parts(files: Files) -> dict[str, Part]:
    state = read_json(files.state)
    return {name: Part.from_json(state[name]) for name in NAMES if state.get(name)}


def _record(files: Files, **changes: Part | int | None) -> None:
    """Write at once what was started, so that the next command finds it whatever happens."""
    state = read_json(files.state)
    for name, value in changes.items():
        state[name] = asdict(value) if isinstance(value, Part) else value
    write_private(files.state, json.dumps(state))


def _start_postgrest(files: Files, secrets: Secrets, binary: Path) -> Part:
    socket = files.postgrest_socket
    socket.unlink(missing_ok=True)
    env = {
        "PGRST_DB_URI": postgres_server.dsn(files, "authenticator", secrets.authenticator_password),
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
        "PGRST_DB_POOL": "10",
        "PGRST_JWT_SECRET": secrets.jwt_secret,
        "PGRST_SERVER_UNIX_SOCKET": str(socket),
        "PGRST_LOG_LEVEL": "error",
    }
    return spawn([str(binary)], log=files.log("postgrest"), env=env)


def _start_gateway(files: Files, secrets: Secrets, port: int) -> int:
    """Listen on the wanted port, else on the last one, else on any that is free; the port."""
    remembered = int(read_json(files.state).get("port") or 0)
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    for candidate in [port] if port else [remembered, 0]:
        files.gateway_port.unlink(missing_ok=True)
        command = [sys.executable, "-m", "allocator.local.gateway"]
        command += [str(files.postgrest_socket), str(candidate), str(files.gateway_port)]
        env = {
            "PYTHONPATH": os.pathsep.join(paths),
            SECRET_KEYS_VARIABLE: json.dumps({secrets.secret_key: secrets.service_role_key}),
        }
        gateway = spawn(command, log=files.log("gateway"), env=env)
        _record(files, gateway=gateway)
        _wait(partial(_listens_or_ended, files, gateway))
        if files.gateway_port.exists():
            actual = int(files.gateway_port.read_text())
            _record(files, port=actual)
            return actual
    stop(files)
    raise ConfigurationError(
        f"The gateway could not listen on port {port}.",
        remedy="Choose another port, or 0 for a free one.",
    )


def _listens_or_ended(files: Files, gateway: Part) -> bool:
    return files.gateway_port.exists() or gateway.process() is None


def answers(port: int, key: str) -> bool:
    """True when gateway, PostgREST and PostgreSQL answer, or are merely slow to."""
    # No table is touched, so that no lock that somebody holds can keep the answer back.
    address = f"http://127.0.0.1:{port}/rest/v1/rpc/allocator_console_version"
    try:
        # Plain HTTP: no certificates to load.
        answer = httpx.get(
            address, headers={"apikey": key}, trust_env=False, timeout=5, verify=False
        )
    except httpx.TimeoutException:
        return True
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _wait_until_ready(files: Files, secrets: Secrets, port: int) -> None:
    """Until the REST API has loaded the schema and answers through the gateway."""

    def is_ready() -> bool:
        for name, pid in pids(files)[0].items():
            if pid is None:
                log = files.log(name)
                raise DatabaseError(
                    f"A part of the local stack, {name}, ended: {tail(log)}",
                    remedy=f"Its log is {log}.",
                )
        return answers(port, secrets.service_role_key)

    if not _wait(is_ready):
        raise DatabaseError(
            "The local stack does not answer.", remedy=f"The logs are in {files.data_dir}."
        )


def _wait(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False
