"""Where a sweep's solves run: processes on this machine, or a Dask cluster.

Both are `concurrent.futures` executors. Local processes come from loky: unlike the standard
pool's, they never run the main module again (under Streamlit that is the app's script), and
cancelling ends the solves that have begun.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from loky import ProcessPoolExecutor

from allocator.config import console_options
from allocator.errors import ConfigurationError

SCHEDULER_VARIABLE = "ALLOCATOR_DASK_SCHEDULER"
CONNECT_SECONDS = 10


def scheduler_address() -> str:
    """The Dask scheduler's address: `$ALLOCATOR_DASK_SCHEDULER`, else `[console] dask_scheduler`.

    Empty: solve on this machine. Raises ConfigurationError for an unreadable secrets file.
    """
    named = os.environ.get(SCHEDULER_VARIABLE)
    return (console_options().dask_scheduler if named is None else named).strip()


@contextmanager
def sweep_executor(address: str = "", processes: int | None = None) -> Iterator[Executor]:
    """An executor on the cluster at `address`, or else on `processes` local processes.

    Leaving the context drops what has not begun. Raises ConfigurationError when the cluster
    cannot be used.
    """
    opened = _cluster(address) if address else _processes(processes)
    with opened as executor:
        yield executor


@contextmanager
def _processes(processes: int | None) -> Iterator[Executor]:
    executor = ProcessPoolExecutor(max_workers=processes or os.cpu_count() or 1)
    try:
        yield executor
    finally:
        executor.shutdown(kill_workers=True)


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            "A Dask scheduler is configured, but the package `distributed` is not installed.",
            remedy="Install it, or take the scheduler's address out to solve on this machine.",
        ) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The Dask scheduler at {address} cannot be reached.",
            remedy="Start it, or take its address out to solve on this machine.",
        ) from error
    with client:
        # Every solve is to run, even when an equal one has run before.
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)
