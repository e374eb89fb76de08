"""The one service, the one registry of jobs and the one store of readings of this process.

Pages and HTTP triggers get them here and nowhere else, so that they see the same jobs. They
live in the module, not in Streamlit's cache: the triggers run outside any page. What each of
them keeps, and for how long, is in docs/decisions/state.md.
"""

from __future__ import annotations

from functools import lru_cache

from allocator.jobs import JobKind, Jobs
from allocator.repair.points import Frontier
from allocator.repair.swaps import SwapRound
from allocator.report.publication import Publication
from allocator.service import AllocatorService
from allocator.solved import Solved
from console.state.store import BYTES_A_MOVE, BYTES_A_PLACEMENT, SMALL, Store, weight_of_inputs


@lru_cache(maxsize=1)
def service() -> AllocatorService:
    """The service on the configured database; it connects when it is first used."""
    return AllocatorService()


@lru_cache(maxsize=1)
def jobs() -> Jobs:
    """The registry of background jobs; a solve's subject is its run's id."""
    return Jobs(weigh=_weight_of_result)


@lru_cache(maxsize=1)
def store() -> Store:
    """What was read from the database and worked out from it."""
    return Store(exempt=_is_held_by_a_solve)


def _weight_of_result(result: object) -> float:
    """Bytes that a job's result keeps from being freed: its inputs above all."""
    if isinstance(result, list | tuple):
        return sum(map(_weight_of_result, result))
    if isinstance(result, Frontier):
        placements = len(result.points) * len(result.inputs.workers)
        return weight_of_inputs(result.inputs) + placements * BYTES_A_MOVE
    if isinstance(result, SwapRound):
        return weight_of_inputs(result.inputs)
    if isinstance(result, Publication):
        return len(result.content)
    if not isinstance(result, Solved):
        return SMALL
    changed = result.inputs is not result.as_read
    placements = len(result.inputs.workers) * BYTES_A_PLACEMENT
    return weight_of_inputs(result.as_read) * (1 + changed) + placements


def _is_held_by_a_solve(value: object) -> bool:
    """Whether an uncommitted solve keeps these inputs alive, whatever the store does."""
    solves = [job.result for job in jobs().snapshots(JobKind.SOLVE)]
    inputs = getattr(value, "inputs", None)
    return any(isinstance(one, Solved) and one.as_read is inputs for one in solves)


jobs(), store()  # made now: two first visitors at once must not get one each
