"""A real console server in a process of its own, for tests over HTTP, websocket and browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from allocator import config
from tests.console.clocked import MOVED_ON
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]
OPERATOR = "Ada Lovelace"
PASSWORD = "correct horse battery"
API_KEY = "a long key for the scheduler"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes that cost next to nothing to check; a hash says itself what it costs."""
QUICKLY: dict[str, Any] = {"timeout": PATIENCE, "trust_env": False, "verify": False}
"""httpx's options for plain HTTP to this machine: no certificates to load."""


@dataclass(frozen=True)
class ConsoleServer:
    """A running console. `secrets` is its secrets file, read again when a test changes it."""

    url: str
    secrets: Path

    @property
    def log(self) -> str:
        """What the server has written to standard error so far: its log."""
        return (self.secrets.parent / "console.log").read_text(encoding="utf-8")

    @property
    def printed(self) -> str:
        """What it has written to standard output: Streamlit's greeting, the solver's banner."""
        return (self.secrets.parent / "console.out").read_text(encoding="utf-8")

    @property
    def websocket_url(self) -> str:
        """The address of Streamlit's socket."""
        return self.url.replace("http://", "ws://") + "/_stcore/stream"

    def browser(self) -> httpx.Client:
        """A client with cookies of its own that asks for pages and follows no redirects."""
        return httpx.Client(
            base_url=self.url,
            headers={"Accept": "text/html"},
            **QUICKLY,
        )

    def change_secrets(self, text: str) -> None:
        """Replace the secrets file at one stroke: half a file would end every session."""
        _replace(self.secrets, text)

    @contextmanager
    def other_secrets(self, text: str) -> Iterator[None]:
        """Another secrets file for a while, and the usual one afterwards."""
        usual = self.secrets.read_text(encoding="utf-8")
        self.change_secrets(text)
        try:
            yield
        finally:
            self.change_secrets(usual)

    def pass_time(self, seconds: float) -> None:
        """Move the clock of sessions and locks on."""
        moved_on = _clock_file(self.secrets.parent)
        _replace(moved_on, str(float(moved_on.read_text(encoding="utf-8")) + seconds))

    def ask(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        """The answer to a request without a cookie; options are httpx's own."""
        return httpx.request(method, self.url + path, **QUICKLY, **options)

    @contextmanager
    def signed_in(self, operator: str = OPERATOR) -> Iterator[httpx.Client]:
        """A browser after a successful sign-in."""
        with self.browser() as client:
            answer = sign_in(client, operator, PASSWORD)
            assert answer.status_code == 303, answer.text
            yield client


def sign_in(
    client: httpx.Client, operator: str, password: str, following: str = "/", **headers: str
) -> httpx.Response:
    """Fill in and send the sign-in form."""
    page = client.get("/sign-in").text
    token = page.split('name="token" value="', 1)[1].split('"', 1)[0]
    form = {"token": token, "next": following, "operator": operator, "password": password}
    return client.post("/sign-in", data=form, headers=headers)


def secrets_text(
    operators: Mapping[str, str] | None = None, console: str = "", api_key: str = API_KEY
) -> str:
    """A secrets file: operator → password (default: one operator), options, API key."""
    people = {OPERATOR: PASSWORD} if operators is None else operators
    lines = [f'"{name}" = "{QUICK.hash(password)}"' for name, password in people.items()]
    api = f'key_hash = "{QUICK.hash(api_key)}"' if api_key else ""
    return "\n".join(["[operators]", *lines, "[console]", console, "[api]", api, ""])


@contextmanager
def console_server(
    directory: Path,
    secrets: str,
    connection: config.Connection | None = None,
    *options: str,
    start_in: Path = ROOT,
) -> Iterator[ConsoleServer]:
    """Start a console on a free port; without a connection its database does not answer.
    `options` are Streamlit's own; `start_in` is the directory that the command runs in, and one
    that is not this repository's has nothing of the tests in it, such as a clock to move on."""
    secrets_file = directory / "secrets.toml"
    secrets_file.write_text(secrets, encoding="utf-8")
    port = _free_port()
    environment = os.environ | {
        config.SECRETS_VARIABLE: str(secrets_file),
        config.URL_VARIABLE: connection.url if connection else "http://127.0.0.1:9",
        config.KEY_VARIABLE: connection.service_role_key if connection else "no-key",
        MOVED_ON: str(_clock_file(directory)),
    }
    _clock_file(directory).write_text("0", encoding="utf-8")
    is_here = start_in == ROOT
    streamlit = "tests.console.clocked" if is_here else "streamlit"
    script = "console/app.py" if is_here else str(ROOT / "console" / "app.py")
    command = [sys.executable, "-m", streamlit, "run", script, f"--server.port={port}", *options]
    with (directory / "console.log").open("w") as log, (directory / "console.out").open("w") as out:
        process = subprocess.Popen(command, cwd=start_in, env=environment, stdout=out, stderr=log)
        try:
            server = ConsoleServer(f"http://127.0.0.1:{port}", secrets_file)
            _wait_until_up(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _clock_file(directory: Path) -> Path:
    return directory / "clock"


def _replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def _wait_until_up(server: ConsoleServer, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the console stopped while it was starting"
        try:
            server.ask("/sign-in/icon.svg")
        except httpx.TransportError:
            return False
        return True

    eventually(answers)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
