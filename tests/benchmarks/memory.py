"""Peak memory of this process, and of a child with all its children."""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

import psutil

MEGABYTE = 2**20


def start_counting() -> float:
    """Forget the peak so far where the system can; returns what is held now, in MB."""
    # Without /proc the peak counts from the start of the process.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return psutil.Process().memory_info().rss / MEGABYTE


def peak_mb() -> float:
    """The most that this process held, in MB.

    `ru_maxrss` survives exec, so that a child would inherit its parent's peak: Linux's own
    high-water mark of the address space is better where there is one.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEGABYTE if sys.platform == "darwin" else 1024)


def tree_mb(pid: int) -> float:
    """What a process and its children hold now, in MB; 0 when it has ended."""
    total = 0
    try:
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            try:
                total += member.memory_info().rss
            except psutil.Error:
                continue
    except psutil.Error:
        return 0.0
    return total / MEGABYTE
