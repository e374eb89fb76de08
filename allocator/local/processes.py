"""Child processes that outlive the command that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

STOP_SECONDS = 8.0
KILL_SECONDS = 5.0
_children: list[subprocess.Popen[bytes]] = []
"""Kept so that ended ones are reaped and live ones are not warned about."""


@dataclass(frozen=True, slots=True)
class Part:
    """A recorded process; `created` (seconds since the epoch) tells it from a later process that
    got the same pid."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Part:
        """The part that runs under `pid` now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Part:
        """The inverse of `dataclasses.asdict`."""
        return cls(int(content["pid"]), float(content["created"]))

    def process(self) -> psutil.Process | None:
        """The live process, None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            # The kernel's boot time drifts a little on some machines, hence the tolerance.
            same = abs(process.create_time() - self.created) < 2
            return process if same and is_alive(process) else None
        except psutil.Error:
            return None


def spawn(command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Part:
    """Start a detached process in its own session, its output appended to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            start_new_session=True,
            cwd=log.parent,
        )
    _children[:] = [child for child in _children if child.poll() is None]
    _children.append(process)
    return Part.of(process.pid)


def end(processes: Iterable[psutil.Process], first: int = signal.SIGTERM) -> None:
    """Ask processes to end, wait, and kill those that do not."""
    waiting = list(processes)
    for number, seconds in ((first, STOP_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        for process in waiting:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        waiting = _still_alive(waiting, seconds)


def _still_alive(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that live after waiting; `psutil.wait_procs` waits seconds for what takes 20 ms."""
    deadline = time.monotonic() + seconds
    while True:
        processes = [process for process in processes if is_alive(process)]
        if not processes or time.monotonic() > deadline:
            return processes
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    """True unless it has ended, reaped or not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for a message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
