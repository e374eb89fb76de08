"""Child processes that outlive the command that started them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

STOP_SECONDS = 5.0


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
    def from_json(cls, content: Mapping[str, Any] | None) -> Part | None:
        """The inverse of `dataclasses.asdict`, None from nothing."""
        return cls(int(content["pid"]), float(content["created"])) if content else None

    def process(self) -> psutil.Process | None:
        """The live process, None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            # The kernel's boot time drifts a little on some machines, hence the tolerance.
            same = abs(process.create_time() - self.created) < 2
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
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
    return Part.of(process.pid)


def end(processes: Iterable[psutil.Process]) -> None:
    """Ask processes to end, wait, and kill those that do not."""
    waiting = list(processes)
    for process in waiting:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(waiting, timeout=STOP_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for a message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
