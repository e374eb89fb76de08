"""Sweeps: one run solved for many settings at once, as a frame along the frontier.

The solves run in processes of this machine, or on a Dask cluster; both are `concurrent.futures`
executors. Local processes come from loky: unlike the standard pool's, they never run the main
module again (under Streamlit that is the app's script), and cancelling ends the solves that have
begun.
"""

from __future__ import annotations

import os
import pickle
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from loky import ProcessPoolExecutor
from numpy.typing import NDArray

from allocator.config import console_options
from allocator.errors import AllocatorError, ConfigurationError, UsageError
from allocator.measures import outcome
from allocator.models import RunInputs, Settings
from allocator.result import Status
from allocator.rules.ranks import read_by
from allocator.solving.solver import solve

POLL_SECONDS = 0.1
"""How soon a cancel is seen."""


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One solved point; figures are None without an allocation.

    `worker_dissatisfaction` and `organisation_dissatisfaction` are sums over the allocation,
    `weighting_points` is the sum of its net weightings; the shares (0 … 1) are of those who
    ranked (see `measures.outcome`).
    """

    alpha: float
    power: float
    status: str
    worker_dissatisfaction: float | None = None
    organisation_dissatisfaction: float | None = None
    weighting_points: int | None = None
    objective: float | None = None
    mean_rank: float | None = None
    first_choice_share: float | None = None
    top_3_share: float | None = None
    seconds: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep is; `point` is the one just solved."""

    done: int
    total: int
    point: SweepPoint | None = None


def grid(
    settings: Settings, alphas: Iterable[float], powers: Iterable[float] = ()
) -> tuple[Settings, ...]:
    """Settings for every alpha and power (default: the settings' own), each once, in order.

    Raises UsageError when a value is out of range.
    """
    pairs = [(p, a) for p in (tuple(powers) or (settings.power,)) for a in alphas]
    try:
        return tuple(replace(settings, alpha=a, power=p) for p, a in sorted(set(pairs)))
    except ValueError as error:
        raise UsageError(f"The sweep cannot run: {error}.") from error


def sweep(
    inputs: RunInputs,
    points: Sequence[Settings],
    *,
    on_progress: Callable[[SweepProgress], None] | None = None,
    cancel: threading.Event | None = None,
    address: str | None = None,
    processes: int | None = None,
) -> pd.DataFrame:
    """Solve `inputs` with each settings in parallel; one row a point, in the order given.

    Columns are those of `SweepPoint` and `frontier`. `address` is a Dask scheduler's (None: as
    configured; empty: this machine). After `cancel` the points not yet solved have the status
    `cancelled`. A point that fails has its message. Raises ConfigurationError for the cluster.
    """
    report = on_progress or (lambda progress: None)
    report(SweepProgress(0, len(points)))
    blob = zlib.compress(pickle.dumps(inputs), 1)
    rows = {i: _unsolved(s) for i, s in enumerate(points)}
    where = scheduler_address() if address is None else address
    with sweep_executor(where, min(len(points), processes or os.cpu_count() or 1)) as executor:
        futures = {executor.submit(solve_point, blob, s): i for i, s in enumerate(points)}
        pending: set[Future[SweepPoint]] = set(futures)
        while pending and not (cancel is not None and cancel.is_set()):
            done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
            for future in done:
                place = futures[future]
                rows[place] = _outcome(future, points[place])
                report(SweepProgress(len(points) - len(pending), len(points), rows[place]))
        for future in pending:
            future.cancel()
    return _frame(rows[i] for i in range(len(points)))


def solve_point(blob: bytes, settings: Settings) -> SweepPoint:
    """Solve the packed inputs with these settings; runs in a worker process."""
    inputs = read_by(_unpacked(blob), settings)
    try:
        result = solve(inputs, settings)
    except AllocatorError as error:
        return replace(_unsolved(settings), status=Status.INVALID_DATA.value, message=str(error))
    got = outcome(inputs, result)
    return SweepPoint(
        settings.alpha,
        settings.power,
        result.status.value,
        result.worker_dissatisfaction,
        result.organisation_dissatisfaction,
        got.weighting_points if got.placed else None,
        result.objective,
        got.mean_rank,
        got.first_choice_share if got.placed else None,
        got.share(3) if got.placed else None,
        sum(result.timings.values()),
        result.message,
    )


@lru_cache(maxsize=1)
def _unpacked(blob: bytes) -> RunInputs:
    """One object for all points that a process solves, so that its matrices are built once."""
    inputs: RunInputs = pickle.loads(zlib.decompress(blob))
    return inputs


def _unsolved(settings: Settings) -> SweepPoint:
    return SweepPoint(settings.alpha, settings.power, Status.CANCELLED.value)


def _outcome(future: Future[SweepPoint], settings: Settings) -> SweepPoint:
    error = future.exception()
    if error is None:
        return future.result()
    return replace(
        _unsolved(settings), status="failed", message=f"The solve stopped: {type(error).__name__}."
    )


def _frame(points: Iterable[SweepPoint]) -> pd.DataFrame:
    frame = pd.DataFrame([asdict(point) for point in points], columns=SweepPoint.__slots__)
    frame["frontier"] = False
    for _, rows in frame.groupby("power"):
        measures = rows[["worker_dissatisfaction", "organisation_dissatisfaction"]]
        frame.loc[rows.index, "frontier"] = on_frontier(measures.to_numpy(dtype=float))
    return frame


def on_frontier(measures: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other row beats in one measure without losing in another (Pareto).

    `measures` is (points, measures), less is better; rows with a NaN are never on the frontier.
    Powers measure dissatisfaction on different scales: compare points of one power only.
    """
    no_worse = (measures[:, None, :] <= measures[None, :, :]).all(axis=2)
    better = (measures[:, None, :] < measures[None, :, :]).any(axis=2)
    beaten = (no_worse & better).any(axis=0)
    return np.logical_not(beaten | np.isnan(measures).any(axis=1))


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
