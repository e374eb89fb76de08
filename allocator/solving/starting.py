"""A first allocation for the master to start from, or the finding that there is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow, min_weight_full_bipartite_matching

from allocator.errors import Infeasible
from allocator.solving.residual import NO_ARC, Face, Residual

QUICK = 500_000
"""Up to this many pairs any allocation is looked for among all of them at once."""
THIN = 30
"""Pairs of a worker or job line among which an allocation is looked for first."""
SCATTER = 0.618
"""Share of the job lines by which each worker begins after the one before."""
WHOLE, WHOLE_CROWDED = 1_050_000, 100_000
"""Workers times places that are matched at once, and when the job lines are crowded."""
CROWDED = 8
"""With so many places to a job line, or more, moves between job lines are cheaper than matching."""
FOR_WORKER, FOR_JOB_LINE, MORE = 8, 6, 8
"""Pairs of each worker, and of each job line, that are matched at first, and that a worker adds."""
FORBIDDEN = 3
"""Cost of a forbidden pair in a part of a run, in multiples of the spread of costs."""
REWARDS = (50, 50_000)
"""For a mandatory place that is filled, in multiples of the spread; the second if need be."""


@dataclass(frozen=True, eq=False)
class Start:
    """An allocation (job line of each worker) and prices (job lines,) to begin with."""

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
    """A best allocation, and whole prices that prove it; None when stopped. Raises Infeasible.

    A small run is matched whole, whatever `stop()` says. A larger one is dealt into small parts,
    whose prices tell which few pairs of the whole are worth matching. No step takes long or more
    memory than a few tables of the costs, so that a cancel is heeded.
    """
    n_workers, n_job_lines = costs.shape
    upper = np.minimum(face.upper, n_workers)
    places = int(upper.sum())
    if places < n_workers or (face.lower > upper).any() or face.lower.sum() > n_workers:
        raise Infeasible
    crowded = places >= CROWDED * n_job_lines
    n_parts = ceil(sqrt(n_workers * places / (WHOLE_CROWDED if crowded else WHOLE)))
    if n_parts <= 1:
        return _settled(costs, face, _matched_whole(costs, face), np.zeros_like(upper))
    dealt = _by_parts(costs, face, n_parts, stop)
    if dealt is None:
        return None
    if crowded:
        assigned = dealt.assigned if face.holds(dealt.assigned) else feasible_allocation(face)
        return _settled(costs, face, assigned, dealt.prices, stop)
    return _by_rounds(costs, face, dealt.prices, stop)


def _settled(
    costs: NDArray[np.int64],
    face: Face,
    assigned: NDArray[np.intp],
    near: NDArray[np.int64],
    stop: Callable[[], bool] = lambda: False,
) -> Start | None:
    """The allocation made a best one of the face, in whole numbers, with prices like `near`."""
    residual = Residual(costs, face, assigned)
    prices, _ = residual.optimise(stop, near)
    return None if prices is None else Start(residual.assigned, prices)


def _matched_whole(costs: NDArray[np.int64], face: Face) -> NDArray[np.intp]:
    """An allocation of the face that is best but for rounding; raises Infeasible."""
    table = np.where(face.allowed, costs - costs.min(), np.inf)
    for reward in REWARDS:
        assigned = _matched_places(table, face.lower, face.upper, reward * _spread(costs))
        if face.holds(assigned):
            return assigned
    return feasible_allocation(face)


def _spread(costs: NDArray[np.int64]) -> float:
    return float(costs.max() - costs.min()) + 1


def _copies(
    lines: NDArray[np.intp], upper: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Repeats each entry for every place of its job line: (position of the entry, place 0 …)."""
    times = upper[lines]
    entries = np.repeat(np.arange(len(lines)), times)
    return entries, np.arange(len(entries)) - np.repeat(np.cumsum(times) - times, times)


def _matched_places(
    table: NDArray[np.float64], lower: NDArray[np.int64], upper: NDArray[np.int64], reward: float
) -> NDArray[np.intp]:
    """The job line of each worker when a column is made of each place; raises Infeasible."""
    owner, place = _copies(np.arange(len(upper)), np.minimum(upper, len(table)))
    columns = table[:, owner]
    columns[:, place < lower[owner]] -= reward
    try:
        taken = linear_sum_assignment(columns)[1]
    except ValueError:
        raise Infeasible from None
    assigned: NDArray[np.intp] = owner[taken]
    return assigned


def _matched_pairs(costs: NDArray[np.int64], face: Face) -> NDArray[np.intp]:
    """`_matched_whole` for a face of few pairs; raises Infeasible also when only the mandatory
    places could not all be filled."""
    workers, lines = np.nonzero(face.allowed)
    upper = np.minimum(face.upper, len(costs))
    pair, place = _copies(lines, upper)
    columns = (np.cumsum(upper) - upper)[lines][pair] + place
    forced = place < face.lower[lines][pair]
    owner = np.repeat(np.arange(len(upper)), upper)
    for multiple in REWARDS:
        reward = multiple * _spread(costs) if face.lower.any() else 0.0
        # An entry of 0 would be none: count from 1.
        weights = (costs[workers, lines] - costs.min() + 1)[pair] + np.where(forced, 0.0, reward)
        graph = csr_array((weights, (workers[pair], columns)), shape=(len(costs), len(owner)))
        try:
            taken = min_weight_full_bipartite_matching(graph)[1]
        except ValueError:
            raise Infeasible from None
        assigned: NDArray[np.intp] = owner[taken]
        if face.holds(assigned):
            return assigned
    raise Infeasible


def _by_parts(
    costs: NDArray[np.int64], face: Face, n_parts: int, stop: Callable[[], bool]
) -> Start | None:
    """Workers and places dealt into parts by lot, each matched on its own; None when stopped.

    The parts' prices are near those of the whole, for each is a sample of it. The allocation may
    hold forbidden pairs, which are just dear.
    """
    n_workers, n_job_lines = costs.shape
    deal = np.random.default_rng(0)
    workers, lines = deal.permutation(n_workers), deal.permutation(n_job_lines)
    entries, place = _copies(lines, np.minimum(face.upper, n_workers))
    owner = lines[entries]
    forced = place < face.lower[owner]
    spread = _spread(costs)
    total, seen = np.zeros(n_job_lines), np.zeros(n_job_lines)
    assigned = np.empty(n_workers, dtype=np.intp)
    for part in range(n_parts):
        if stop():
            return None
        some = np.sort(workers[part::n_parts])
        upper = np.bincount(owner[part::n_parts], minlength=n_job_lines)
        lower = np.bincount(owner[part::n_parts][forced[part::n_parts]], minlength=n_job_lines)
        open_ = np.flatnonzero(upper)
        there = np.ix_(some, open_)
        dear = int(costs.max() + FORBIDDEN * spread)
        own = np.where(face.allowed[there], costs[there], dear)
        sample = Face(np.ones(own.shape, dtype=bool), lower[open_], upper[open_])
        table = (own - costs.min()).astype(np.float64)
        taken = _matched_places(table, sample.lower, sample.upper, REWARDS[0] * spread)
        settled = _settled(own, sample, taken, np.zeros_like(sample.upper), stop)
        if settled is None:
            return None
        assigned[some] = open_[settled.assigned]
        total[open_] += settled.prices
        seen[open_] += 1
    return Start(assigned, np.rint(total / np.maximum(seen, 1)).astype(np.int64))


def _by_rounds(
    costs: NDArray[np.int64], face: Face, prices: NDArray[np.int64], stop: Callable[[], bool]
) -> Start | None:
    """Match the pairs that the prices make attractive, price all others, and again."""
    chosen = attractive(costs, face, prices, FOR_WORKER, FOR_JOB_LINE)
    while not stop():
        few = Face(chosen, face.lower, face.upper)
        try:
            assigned = _matched_pairs(costs, few)
        except Infeasible:
            assigned = feasible_allocation(face)
            chosen[np.arange(len(costs)), assigned] = True
            with suppress(Infeasible):
                assigned = _matched_pairs(costs, few)
        settled = _settled(costs, few, assigned, prices, stop)
        if settled is None:
            return None
        workers, lines = priced_out(costs, face, settled, MORE)
        if not len(workers):
            return settled
        chosen[workers, lines] = True
        prices = settled.prices
    return None


def attractive(
    costs: NDArray[np.int64],
    face: Face,
    prices: NDArray[np.int64],
    for_worker: int,
    for_job_line: int,
) -> NDArray[np.bool_]:
    """Marks the pairs with which a worker loses least at these prices, the best few of each worker
    and of each job line. Equally good ones are scattered, so that workers of one taste do not
    all name the same job lines."""
    priced = np.where(face.allowed, costs + prices, NO_ARC)
    loss = (priced - priced.min(axis=1, keepdims=True)).astype(np.float64)
    loss += scattered(*costs.shape)
    chosen = smallest(loss, for_worker)
    chosen |= smallest(np.ascontiguousarray(loss.T), for_job_line).T
    chosen &= face.allowed
    return chosen


def priced_out(
    costs: NDArray[np.int64], face: Face, start: Start, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (workers, job lines) that a worker would prefer to its own at these prices, at most
    so many of each worker."""
    own = costs[np.arange(len(costs)), start.assigned] + start.prices[start.assigned]
    reduced = np.where(face.allowed, costs + start.prices, NO_ARC)
    workers = np.flatnonzero(reduced.min(axis=1) < own)
    reduced = reduced[workers] - own[workers, None]
    rows, job_lines = np.nonzero(smallest(reduced, most) & (reduced < 0))
    return workers[rows], job_lines
