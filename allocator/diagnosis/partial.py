"""The best partial allocation: the most workers that can be placed, and who is left."""

from __future__ import annotations

import numpy as np

from allocator.diagnosis.elastic import Frozen, Ground, Prices, Weights, least_change
from allocator.diagnosis.results import PartialAllocation
from allocator.matrices import matrices
from allocator.models import RunInputs, Settings

EXACT_BELOW = 2**50
"""Sums of prices stay below this, so that the assignment's floats hold them exactly."""


def best_partial(inputs: RunInputs, settings: Settings) -> PartialAllocation:
    """Most workers placed; then most mandatory job lines filled; then least dissatisfaction.

    No hard rule is bent for those who are placed: each is eligible, pins hold, places suffice.
    """
    arrays = matrices(inputs)
    # A worker left out outweighs all mandatory job lines together.
    left_out = len(inputs.job_lines) + 1
    weights = Weights(None, None, 1, left_out, None)
    prices = Prices(Ground(inputs, settings, Frozen()), weights)
    costs = arrays.costs(settings)
    taste = costs.values - costs.values.min(initial=0)
    shift = 0
    while _largest_sum(inputs, int(taste.max(initial=0)) >> shift, left_out) >= EXACT_BELOW:
        shift += 1
    change = least_change(prices, taste >> shift)
    place = np.full(0, -1, dtype=np.intp) if change is None else change.place
    held = np.flatnonzero(place >= 0)
    load = np.bincount(place[held], minlength=len(inputs.job_lines))
    lines = [j.id for j in inputs.job_lines]
    return PartialAllocation(
        tuple((inputs.workers[w].id, lines[place[w]]) for w in held),
        tuple(inputs.workers[w].id for w in np.flatnonzero(place < 0)),
        tuple(lines[j] for j in np.flatnonzero((arrays.lower > 0) & (load == 0))),
        float(costs.values[held, place[held]].sum() * costs.unit),
        is_exact=shift == 0 and costs.exact,
    )


def _largest_sum(inputs: RunInputs, taste: int, left_out: int) -> int:
    n_workers = len(inputs.workers)
    return n_workers * left_out * (taste * n_workers + 1)
