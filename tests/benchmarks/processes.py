"""Children that solve: started, watched for memory, ended with all their children."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import memory
from tests.benchmarks.child import Task, write_task

ROOT = Path(__file__).parents[2]
INTERVAL = 0.05
"""Seconds between two looks at a child's memory."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: `outcome` as it wrote it (None: it did not get that far), the most
    memory seen from outside in MB, and the last line of what it complained about."""

    outcome: dict[str, Any] | None
    peak_mb: float
    timed_out: bool
    over_memory: bool
    complaint: str


def run(task: Task, directory: Path, memory_limit_mb: float) -> Ended:
    """Run one task to its end; a child above the memory limit is ended."""
    path = directory / "task.json"
    out, errors = path.with_suffix(".out"), directory / "errors.txt"
    out.unlink(missing_ok=True)
    write_task(task, path)
    with errors.open("w") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.child", str(path)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        )
        try:
            peak, over_memory = _watch(process, memory_limit_mb)
        finally:
            _end(process)
    lines = errors.read_text(errors="replace").strip().splitlines()
    return Ended(
        json.loads(out.read_text()) if process.returncode == 0 and out.exists() else None,
        peak,
        process.returncode == -signal.SIGALRM,
        over_memory,
        lines[-1] if lines else f"ended with code {process.returncode}",
    )


def _watch(process: subprocess.Popen[bytes], memory_limit_mb: float) -> tuple[float, bool]:
    """Wait for the end; returns the peak in MB and whether it was above the limit."""
    peak = 0.0
    while True:
        try:
            process.wait(INTERVAL)
            return peak, False
        except subprocess.TimeoutExpired:
            peak = max(peak, memory.tree_mb(process.pid))
            if peak > memory_limit_mb:
                return peak, True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child's own session, which outlives it when its solver is a program."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
