"""A first allocation for the master to start from, or the finding that there is none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from allocator.residual import Face

DENSE_LIMIT = 30_000_000
"""Most cells (workers × places) that are laid out for the dense assignment algorithm."""
QUICK = 500_000
"""Up to this many cells it is faster to wait than to watch."""


class NoAllocation(Exception):
    """No allocation satisfies every hard rule."""


def feasible_allocation(face: Face) -> NDArray[np.intp]:
    """Any allocation that satisfies the face, from a maximum flow; raises NoAllocation.

    A job line's places are two arcs: the mandatory part and the rest. The flow must fill all
    mandatory parts and place every worker.
    """
    n_workers, n_job_lines = face.allowed.shape
    upper = np.minimum(face.upper, n_workers)
    must = int(face.lower.sum())
    if (face.lower > upper).any() or must > n_workers:
        raise NoAllocation
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
        raise NoAllocation
    flow = csr_array(result.flow)[:n_workers, n_workers:source]
    flow.data[flow.data < 0] = 0
    flow.eliminate_zeros()
    return np.asarray(flow.indices, dtype=np.intp)


def assignment(
    costs: NDArray[np.int64], face: Face, stop: Callable[[], bool]
) -> NDArray[np.intp] | None:
    """The best allocation by scipy's `linear_sum_assignment` over places; None when stopped.

    Raises NoAllocation. Costs are whole numbers below 2^40, which float64 adds up exactly. A job
    line with several places is several columns. Places that may stay empty are taken by
    dummy workers, whom a mandatory job line's first place refuses.
    """
    n_workers = len(costs)
    upper = np.minimum(face.upper, n_workers)
    owner = np.repeat(np.arange(len(upper)), upper)
    if len(owner) < n_workers or (face.lower > upper).any():
        raise NoAllocation
    table = np.where(face.allowed, costs, np.inf)
    if not (upper == 1).all():
        table = table[:, owner]
    if face.lower.any():
        filler = np.zeros((len(owner) - n_workers, len(owner)))
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        filler[:, rank < face.lower[owner]] = np.inf
        table = np.vstack([table, filler])
    outcome: list[NDArray[np.intp] | None] = []

    def work() -> None:
        try:
            outcome.append(linear_sum_assignment(table)[1])
        except ValueError:
            outcome.append(None)

    if table.size <= QUICK:
        work()
    else:
        # scipy releases the interpreter lock but cannot be interrupted: leave it behind.
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.02)
            if stop():
                return None
    if outcome[0] is None:
        raise NoAllocation
    return owner[outcome[0][:n_workers]].astype(np.intp)


def fits_dense(face: Face) -> bool:
    """Whether `assignment` can lay out these places in memory."""
    n_workers = len(face.allowed)
    places = int(np.minimum(face.upper, n_workers).sum())
    rows = max(n_workers, places) if face.lower.any() else n_workers
    return rows * places <= DENSE_LIMIT
