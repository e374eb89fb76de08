"""The parts in front of PostgreSQL, PostgREST and the gateway: started, found and stopped."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from allocator.errors import ConfigurationError, DatabaseError
from allocator.local import postgres_server
from allocator.local.files import SECRET_KEYS_VARIABLE, Files, Secrets, read_json, write_private
from allocator.local.processes import Part, end, spawn, tail

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
    import httpx

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
