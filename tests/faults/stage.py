"""Where faults happen: a local stack of its own, a proxy before it, the programs that commit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest

from allocator import postgres
from allocator.config import KEY_VARIABLE, SECRETS_VARIABLE, URL_VARIABLE, Connection
from allocator.database import commit, transport
from allocator.errors import AllocatorError
from allocator.local import stack
from allocator.local.processes import is_alive
from allocator.models import Settings
from allocator.result import Receipt
from allocator.service import AllocatorService
from tests.conftest import Database
from tests.console.server import API_KEY, ROOT, ConsoleServer, console_server, secrets_text
from tests.database.crashes import connected, wait_until_settled
from tests.database.year import Year
from tests.faults.proxy import COMMIT, FaultProxy
from tests.faults.truth import Attempt
from tests.waiting import PATIENCE, eventually

API_OPERATOR = "HTTP trigger"
OPERATORS = ("Ada", "Ben", "Zoë O'Brien")
NOT_PATIENT = 0.3
"""Seconds that an impatient program waits for the answer to a commit."""


@contextmanager
def no_pauses() -> Iterator[None]:
    """Programs in this process try and look as often as ever, at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "RETRY_DELAYS", (0.0,) * len(transport.RETRY_DELAYS))
        patch.setattr(commit, "LOOK_AGAIN", (0.0,) * len(commit.LOOK_AGAIN))
        yield


class Stage:
    """A stack whose parts may die; `revive` brings them back, with every row that it had."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open = ExitStack()
        self._connection = ExitStack()
        self._console: ExitStack | None = None
        self._clients: list[httpx.Client] = []
        self._n = 0
        self.info = stack.start(directory)
        self.proxy = FaultProxy(self.info.url)
        self.database: Database = self._connection.enter_context(connected(self.info))

    def close(self) -> None:
        """Stop everything."""
        self.stop_console()
        self.hang_up()
        self.proxy.close()
        self._connection.close()
        stack.stop(self.directory)

    def revive(self) -> None:
        """Start what died; then wait until no commit is open, whichever end of it is alive, and
        until the stack answers: PostgREST connects anew when a backend of its own was killed."""
        self.info = stack.start(self.directory)
        self.proxy.target = self.info.url
        try:
            self.database.rows("select 1")
        except psycopg.Error:
            self._connection.close()
            eventually(self._connect)
        wait_until_settled(self.database)
        service = self.service(direct=True)

        def answers() -> bool:
            try:
                return bool(next(postgres.fetch_pages("runs", None, client=service.client)))
            except AllocatorError:
                return False

        eventually(answers)

    def _connect(self) -> bool:
        try:
            self.database = self._connection.enter_context(connected(self.info))
        except psycopg.OperationalError:  # it is still recovering
            return False
        return True

    def service(self, *, impatient: bool = False, direct: bool = False) -> AllocatorService:
        """A service behind the proxy, as a program of its own; `direct` goes past the proxy."""
        url = self.info.url if direct else self.proxy.url
        client = postgres.connect(Connection(url, self.info.service_role_key))

        def hurry(request: httpx.Request) -> None:
            if COMMIT in request.url.path:
                request.extensions["timeout"] |= {"read": NOT_PATIENT}

        self._clients.append(client.options.httpx_client)
        if impatient:
            client.options.httpx_client.event_hooks["request"].append(hurry)
        return AllocatorService(client)

    def hang_up(self) -> None:
        """End the connections of every program that was a service of this stage."""
        while self._clients:
            self._clients.pop().close()

    def new_run(self, rng: random.Random, workers: int = 8) -> str:
        """A pending run with two more job lines than workers, each of whom ranked four."""
        self._n += 1
        year = Year(self.database, f"Year {self._n}")
        lines = [str(uuid4()) for _ in range(workers + 2)]
        people = [(str(uuid4()), str(uuid4())) for _ in range(workers)]
        ranks = [
            {"allocation_run_worker_mapping": mapping, "job_line": line, "order_preference": rank}
            for _, mapping in people
            for rank, line in enumerate(rng.sample(lines, 4), 1)
        ]
        self.database.insert_tables(
            {
                "workers": [
                    {"id": person, "firstname": f"W{n}", "lastname": "Lee", "internal_id": f"W{n}"}
                    for n, (person, _) in enumerate(people)
                ],
                "allocation_run_worker_mappings": [
                    {"id": m, "worker": p, "allocation_run": year.id, "submitted": True}
                    for p, m in people
                ],
                "job_lines": [
                    {"id": line, "name": f"Line {n}", "allocation_run": year.id}
                    for n, line in enumerate(lines)
                ],
                "preference_worker_job_lines": ranks,
            }
        )
        return year.run()

    def attempt(self, run: str, operator: str, settings: Settings) -> Attempt:
        """The run read and solved by this operator, ready to commit."""
        service = self.service(direct=True)
        inputs = service.hydrate(run)
        return Attempt(operator, inputs, service.solve(inputs, settings, work=None))

    def start_command(self, attempt: Attempt) -> Program:
        """The command line, committing this very solve."""
        settings = attempt.result.settings
        argv = ["solve", attempt.inputs.run.id, "--commit", "--operator", attempt.operator]
        argv += [f"--alpha={settings.alpha}", f"--seed={settings.seed}"]
        argv += [f"--expect={attempt.identity}", "--json"]
        return Program(
            subprocess.Popen(
                [sys.executable, "-m", "allocator", *argv],
                cwd=ROOT,
                env=os.environ
                | {
                    URL_VARIABLE: self.proxy.url,
                    KEY_VARIABLE: self.info.service_role_key,
                    SECRETS_VARIABLE: str(self.directory / "none.toml"),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def console(self) -> ConsoleServer:
        """The running console behind the proxy, started when there is none."""
        if self._console is None:
            self._console = ExitStack()
            directory = self.directory.parent / f"console-{uuid4()}"
            directory.mkdir()
            connection = Connection(self.proxy.url, self.info.service_role_key)
            running = console_server(directory, secrets_text(), connection)
            self._running = self._console.enter_context(running)
        return self._running

    def kill_console(self) -> None:
        """kill -9."""
        port = httpx.URL(self.console().url).port
        (process,) = (
            child
            for child in psutil.Process().children()
            if any(f"--server.port={port}" in word for word in child.cmdline())
        )
        process.kill()
        eventually(lambda: not is_alive(process), every=0.001)

    def stop_console(self) -> None:
        """End the console, or collect what is left of it."""
        if self._console is not None:
            self._console.close()
            self._console = None

    def ask_console(self, method: str, path: str, **body: object) -> httpx.Response:
        """One call of the HTTP triggers."""
        return httpx.request(
            method,
            f"{self.console().url}/api/runs{path}",
            headers={"X-API-KEY": API_KEY},
            json=body or None,
            timeout=PATIENCE,
            trust_env=False,
        )


@dataclass
class Program:
    """The command line in a process of its own."""

    process: subprocess.Popen[str]

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def told(self, attempt: Attempt) -> None:
        """Note what it printed until it ended."""
        out, _err = self.process.communicate(timeout=PATIENCE)
        if not out.strip():
            attempt.hear(None)
            return
        said = json.loads(out)
        if said.get("receipt"):
            kept = {name: said["receipt"].get(name) for name in Receipt.__slots__}
            attempt.hear(Receipt(**kept))
        else:
            error = said.get("error") or {}
            attempt.hear(None, f"{error.get('message')} {error.get('remedy')}")
