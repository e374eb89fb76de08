"""A first allocation for the master to start from, or the finding that there is none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from ot.lp import emd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from allocator.errors import Infeasible
from allocator.solving.residual import Face

Flow: TypeAlias = tuple[NDArray[np.float64], dict[str, Any]]
"""What POT returns: the flow, and a log with the potentials `u` (rows) and `v` (columns)."""

QUICK = 500_000
"""Up to this many pairs it is faster to wait than to watch for a cancel."""
THIN = 30
"""Pairs of a worker or job line among which an allocation is looked for first."""
SCATTER = 0.618
"""Share of the job lines by which each worker begins after the one before."""
HIGHEST_PRICE = 2.0**58
"""Prices stay below this: added to a cost they fit into int64."""
DETERRENTS = (50, 50_000)
"""Cost of a forbidden pair, in multiples of the spread of costs; the second is tried if need be."""


@dataclass(frozen=True, eq=False)
class Start:
    """An allocation (job line of each worker) and prices (job lines,) to begin with.

    Both come out of floating point: nobody relies on either being the best.
    """

    assigned: NDArray[np.intp]
    prices: NDArray[np.int64]


def feasible_allocation(face: Face) -> NDArray[np.intp]:
    """Any allocation that satisfies the face; raises Infeasible.

    A large one is looked for among a few scattered pairs of each worker and job line first.
    """
    if face.allowed.size > QUICK:
        order = np.where(face.allowed, scattered(*face.allowed.shape), 2)
        few = smallest(order, THIN) | smallest(np.ascontiguousarray(order.T), THIN).T
        with suppress(Infeasible):
            return _by_maximum_flow(Face(face.allowed & few, face.lower, face.upper))
    return _by_maximum_flow(face)


def scattered(n_workers: int, n_job_lines: int) -> NDArray[np.float64]:
    """Fractions 0 … 1 that order the job lines of each worker, (workers, job lines), so that
    workers of one taste do not all begin with the same one."""
    fractions = np.arange(n_job_lines) / n_job_lines
    windows = np.lib.stride_tricks.sliding_window_view(np.tile(fractions, 2), n_job_lines)
    steps = (np.arange(n_workers) * SCATTER * n_job_lines).astype(np.intp) % n_job_lines
    order: NDArray[np.float64] = windows[steps]
    return order


def smallest(values: NDArray[np.generic], count: int) -> NDArray[np.bool_]:
    """Marks the `count` smallest of each row of a matrix."""
    chosen = np.zeros(values.shape, dtype=bool)
    if values.size:
        count = min(count, values.shape[1])
        best = np.argpartition(values, count - 1, axis=1)[:, :count]
        np.put_along_axis(chosen, best, True, axis=1)
    return chosen


def _by_maximum_flow(face: Face) -> NDArray[np.intp]:
    """Any allocation, from a maximum flow; raises Infeasible.

    A job line's places are two arcs: the mandatory part and the rest. The flow must fill all
    mandatory parts and place every worker.
    """
    n_workers, n_job_lines = face.allowed.shape
    upper = np.minimum(face.upper, n_workers)
    must = int(face.lower.sum())
    if (face.lower > upper).any() or must > n_workers:
        raise Infeasible
    source, sink = n_workers + n_job_lines, n_workers + n_job_lines + 3
    forced, spare = sink - 2, sink - 1
    workers, lines = np.nonzero(face.allowed)
    everyone, every_line = np.arange(n_workers), n_workers + np.arange(n_job_lines)
    tails: list[Any] = [
        np.full(n_workers, source),
        workers,
        every_line,
        every_line,
        [forced, spare],
    ]
    heads: list[Any] = [everyone, n_workers + lines, np.full(n_job_lines, forced)]
    heads += [np.full(n_job_lines, spare), [sink, sink]]
    capacity: list[Any] = [
        np.ones(n_workers),
        np.ones(len(workers)),
        face.lower,
        upper - face.lower,
    ]
    capacity += [[must, n_workers - must]]
    entries = np.concatenate(capacity).astype(np.int32)
    where = (np.concatenate(tails), np.concatenate(heads))
    network = csr_array((entries, where), shape=(sink + 1, sink + 1))
    result = maximum_flow(network, source, sink)
    if result.flow_value < n_workers:
        raise Infeasible
    flow = csr_array(result.flow)[:n_workers, n_workers:source]
    flow.data[flow.data < 0] = 0
    flow.eliminate_zeros()
    return np.asarray(flow.indices, dtype=np.intp)


def best_allocation(costs: NDArray[np.int64], face: Face, stop: Callable[[], bool]) -> Start | None:
    """The best allocation by POT's network simplex; None when stopped. Raises Infeasible.

    The run is a transport problem: a unit of mass for each worker, the places of each job line,
    one dummy row for the places that stay empty. A mandatory job line is two columns: one place
    that the dummy avoids, and the rest.
    """
    start: Start | None = None
    for deterrent in DETERRENTS:
        start = _transport(costs, face, deterrent, stop)
        if start is None or face.holds(start.assigned):
            return start
    assert start is not None
    return Start(feasible_allocation(face), start.prices)


def _transport(
    costs: NDArray[np.int64], face: Face, deterrent: int, stop: Callable[[], bool]
) -> Start | None:
    """The transport problem's optimum and potentials; forbidden pairs are just dear."""
    n_workers = len(costs)
    upper = np.minimum(face.upper, n_workers)
    spare = int(upper.sum()) - n_workers
    if spare < 0 or (face.lower > upper).any() or face.lower.sum() > n_workers:
        raise Infeasible
    forced, rest = np.flatnonzero(face.lower), np.flatnonzero(upper > face.lower)
    owner = np.concatenate([forced, rest])
    places = np.concatenate([face.lower[forced], (upper - face.lower)[rest]]).astype(np.float64)
    # The library takes costs below zero for a mistake: count from the least.
    above_least = (costs - costs.min()).astype(np.float64)
    dear = deterrent * (float(above_least.max()) + 1)
    table = np.where(face.allowed, above_least, dear)[:, owner]
    mass = np.ones(n_workers)
    if spare:
        dummy = np.zeros(len(owner))
        dummy[: len(forced)] = dear
        table, mass = np.vstack([table, dummy]), np.append(mass, spare)
    found = _watched(
        lambda: emd(mass, places, table, numItermax=10**12, log=True, center_dual=False),
        costs.size,
        stop,
    )
    if found is None:
        return None
    flow, potentials = found
    assigned = owner[flow[:n_workers].argmax(axis=1)].astype(np.intp)
    # A place that stays empty costs nothing: the dummy's potential is the zero of the prices.
    zero = -potentials["u"][-1] if spare else potentials["v"][len(forced) :].max(initial=-np.inf)
    return Start(assigned, _whole_prices(potentials["v"], owner, zero, len(upper)))


def _whole_prices(
    values: NDArray[np.float64], owner: NDArray[np.intp], zero: float, n_job_lines: int
) -> NDArray[np.int64]:
    """A job line's price: how much the better of its columns is worth less than `zero`."""
    best = np.full(n_job_lines, -np.inf)
    np.maximum.at(best, owner, values)
    zero = zero if np.isfinite(zero) else 0.0
    prices = np.where(np.isfinite(best), zero - best, 0.0)
    whole: NDArray[np.int64] = np.rint(prices.clip(-HIGHEST_PRICE, HIGHEST_PRICE)).astype(np.int64)
    return whole


def _watched(work: Callable[[], Flow], size: int, stop: Callable[[], bool]) -> Flow | None:
    """What `work` returns; None as soon as `stop()` is true.

    The library releases the interpreter's lock but cannot be interrupted: it is left behind.
    """
    if size <= QUICK:
        return work()
    outcome: list[Flow] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.02)
        if stop():
            return None
    if failure:
        raise failure[0]
    return outcome[0]
