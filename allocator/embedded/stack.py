"""The local stack: PostgreSQL, PostgREST and the gateway, started, found and stopped together.

The three are detached processes; their pids and the port are recorded in the data dir. Only one
command at a time changes a data dir; other data dirs are independent.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import fasteners  # type: ignore[import-untyped]
import httpx
import psycopg

from allocator.embedded import database, postgres_server, postgrest_binary
from allocator.embedded.files import (
    Files,
    Secrets,
    ensure_secrets,
    load_secrets,
    read_json,
    write_private,
)
from allocator.embedded.processes import Part, end, spawn, tail
from allocator.errors import ConfigurationError, DatabaseError

Seed = Literal["empty", "demo"]
DataDir = str | os.PathLike[str] | None
"""None means ALLOCATOR_DATA_DIR or the default of this machine."""

MAX_ROWS = 1000
READY_SECONDS = 20.0
_threads = threading.RLock()


@dataclass(frozen=True, slots=True)
class StackInfo:
    """How to reach a running stack; repr leaves the secrets out."""

    url: str
    service_role_key: str = field(repr=False)
    anon_key: str = field(repr=False)
    dsn: str = field(repr=False)
    data_dir: str

    def as_dict(self) -> dict[str, str]:
        """Everything, secrets included, JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StackStatus:
    """Which parts run (their pids, None when not) and where."""

    data_dir: str
    url: str | None
    postgres: int | None
    postgrest: int | None
    gateway: int | None

    @property
    def running(self) -> bool:
        """True when every part runs."""
        return None not in (self.postgres, self.postgrest, self.gateway)

    def as_dict(self) -> dict[str, str | int | bool | None]:
        """JSON-ready; holds no secret."""
        return {"running": self.running, **asdict(self)}


def start(data_dir: DataDir = None, port: int = 0, seed: Seed = "empty") -> StackInfo:
    """Start what does not run yet and wait until it answers; harmless when all of it runs.

    `port` 0 keeps the last port, or takes a free one. `seed="demo"` fills a database that holds
    no allocation plan. Raises ConfigurationError (PostgREST missing, port taken) or
    DatabaseError (a part did not start).
    """
    with _locked(Files.of(data_dir)) as files:
        secrets = ensure_secrets(files)
        found = running(files.data_dir)
        if found is None or (port and not found.url.endswith(f":{port}")):
            _start_parts(files, secrets, port)
            found = running(files.data_dir)
        if found is None:
            raise DatabaseError("The local stack stopped while it was starting.")
        if seed == "demo" and database.is_empty(found.dsn):
            _insert_demo(found.dsn)
        return found


def running(data_dir: DataDir = None) -> StackInfo | None:
    """The stack of this data dir when every part runs, else None; asks nobody, changes nothing."""
    files = Files.of(data_dir)
    secrets = load_secrets(files)
    now = status(files.data_dir)
    if secrets is None or now.url is None or not now.running:
        return None
    return StackInfo(
        url=now.url,
        service_role_key=secrets.service_role_key,
        anon_key=secrets.anon_key,
        dsn=postgres_server.dsn(files, "postgres", secrets.postgres_password),
        data_dir=str(files.data_dir),
    )


def status(data_dir: DataDir = None) -> StackStatus:
    """Which parts of the stack run; asks nobody, changes nothing."""
    files = Files.of(data_dir)
    state = read_json(files.state)
    port = state.get("port")
    return StackStatus(
        data_dir=str(files.data_dir),
        url=f"http://127.0.0.1:{port}" if port else None,
        postgres=postgres_server.pid(files),
        postgrest=_live_pid(Part.from_json(state.get("postgrest"))),
        gateway=_live_pid(Part.from_json(state.get("gateway"))),
    )


def stop(data_dir: DataDir = None) -> None:
    """Stop every part; the data stays. Harmless when nothing runs."""
    if Files.of(data_dir).data_dir.exists():
        with _locked(Files.of(data_dir)) as files:
            _stop_front(files)
            postgres_server.stop(files)


def reset(data_dir: DataDir = None, seed: Seed = "empty", port: int = 0) -> StackInfo:
    """Delete the data of this data dir and start anew; keys and port stay the same."""
    with _locked(Files.of(data_dir)) as files:
        stop(files.data_dir)
        shutil.rmtree(files.postgres, ignore_errors=True)
        return start(files.data_dir, port, seed)


@contextmanager
def _locked(files: Files) -> Iterator[Files]:
    """One command at a time per data dir; nested calls of one thread pass."""
    files.data_dir.mkdir(parents=True, exist_ok=True)
    with _threads:
        if files.data_dir in _held:
            yield files
            return
        with fasteners.InterProcessLock(files.lock):
            _held.add(files.data_dir)
            try:
                yield files
            finally:
                _held.discard(files.data_dir)


_held: set[Path] = set()


def _live_pid(part: Part | None) -> int | None:
    return part.pid if part and part.process() else None


def _start_parts(files: Files, secrets: Secrets, port: int) -> None:
    binary = postgrest_binary.find()
    _stop_front(files)
    postgres_server.start(files, secrets)
    dsn = postgres_server.dsn(files, "postgres", secrets.postgres_password)
    database.apply_schema(dsn, secrets.authenticator_password)
    postgrest = _start_postgrest(files, secrets, binary)
    gateway, port = _start_gateway(files, port)
    parts = {"postgrest": asdict(postgrest), "gateway": asdict(gateway), "port": port}
    write_private(files.state, json.dumps(parts))
    _wait_until_ready(files, secrets, port)


def _stop_front(files: Files) -> None:
    """Stop gateway and PostgREST; the port is kept for the next start."""
    state = read_json(files.state)
    parts = (Part.from_json(state.get(name)) for name in ("gateway", "postgrest"))
    end(process for part in parts if part and (process := part.process()))
    if state:
        write_private(files.state, json.dumps({"port": state.get("port")}))


def _start_postgrest(files: Files, secrets: Secrets, binary: Path) -> Part:
    socket = files.postgrest_socket
    socket.unlink(missing_ok=True)
    uri = postgres_server.dsn(files, "authenticator", secrets.authenticator_password)
    env = {
        "PGRST_DB_URI": uri,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
        "PGRST_DB_POOL": "10",
        "PGRST_JWT_SECRET": secrets.jwt_secret,
        "PGRST_SERVER_UNIX_SOCKET": str(socket),
        "PGRST_LOG_LEVEL": "error",
    }
    return spawn([str(binary)], log=files.log("postgrest"), env=env)


def _start_gateway(files: Files, port: int) -> tuple[Part, int]:
    """The gateway on the wanted port, else on the last one, else on any that is free."""
    remembered = int(read_json(files.state).get("port") or 0)
    for candidate in [port] if port else [remembered, 0]:
        files.gateway_port.unlink(missing_ok=True)
        command = [sys.executable, "-m", "allocator.embedded.gateway"]
        command += [str(files.postgrest_socket), str(candidate), str(files.gateway_port)]
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {"PYTHONPATH": os.pathsep.join(paths)}
        part = spawn(command, log=files.log("gateway"), env=env)
        _wait(partial(_listens_or_ended, files, part))
        if files.gateway_port.exists():
            return part, int(files.gateway_port.read_text())
    raise ConfigurationError(
        f"The gateway could not listen on port {port}.",
        remedy="Choose another port, or 0 for a free one.",
    )


def _listens_or_ended(files: Files, gateway: Part) -> bool:
    return files.gateway_port.exists() or gateway.process() is None


def _wait_until_ready(files: Files, secrets: Secrets, port: int) -> None:
    """Until the REST API has loaded the schema and answers through the gateway."""
    headers = {"apikey": secrets.service_role_key}
    address = f"http://127.0.0.1:{port}/rest/v1/allocator_py_runs?limit=0"

    def answers() -> bool:
        if not status(files.data_dir).running:
            raise DatabaseError(
                "The local stack did not start: " + tail(files.log("postgrest")),
                remedy=f"The logs are in {files.data_dir}.",
            )
        try:
            return client.get(address, headers=headers).status_code == 200
        except httpx.HTTPError:
            return False

    with httpx.Client(trust_env=False, timeout=5) as client:
        if not _wait(answers):
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


def _insert_demo(dsn: str) -> None:
    from allocator.embedded import demo

    with psycopg.connect(dsn) as connection:
        database.insert_rows(connection, demo.rows())
