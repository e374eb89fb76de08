"""scipy `linear_sum_assignment` over seats: a job line with several places is several columns."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from tests.benchmarks.instances import Table
from tests.benchmarks.solvers.answer import Answer, Stopwatch


def solve(table: Table, limit: float, threads: int) -> Answer:
    """Solve on one thread; the library has no time limit, so the process is ended at `limit`.

    Where somebody must hold a job line, seats that stay empty are taken by dummy workers, who
    may not sit on that job line's first seat.
    """
    clock = Stopwatch()
    n_workers = len(table.costs)
    owner = np.repeat(np.arange(len(table.upper)), table.upper)
    seats = np.where(table.allowed, table.costs, np.inf)[:, owner]
    if table.lower.any():
        dummies = np.zeros((len(owner) - n_workers, len(owner)))
        seat_number = np.arange(len(owner)) - np.searchsorted(owner, owner)
        dummies[:, seat_number < table.lower[owner]] = np.inf
        seats = np.vstack([seats, dummies])
    clock.built()
    _, columns = linear_sum_assignment(seats)
    return clock.answer(True, owner[columns[:n_workers]], f"{seats.shape[0]} × {seats.shape[1]}")
