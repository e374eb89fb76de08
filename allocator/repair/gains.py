"""Who gains from places that have become free, and the best chains in which nobody loses."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from allocator.errors import SolveCancelled
from allocator.measures.bands import rank_words
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.moves import Shift, chains, shifts
from allocator.result import Progress, SolveResult, Status
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import read_by
from allocator.scenario import Scenario
from allocator.scenario.changes import ImproveOnly
from allocator.solving.solver import solve


@dataclass(frozen=True, slots=True)
class FreePlace:
    """A job line with places that nobody of the baseline holds now, and everybody who may have it
    and ranks it better than what they hold: (worker, name, rank in words, ranks gained)."""

    job_line: str
    name: str
    places: int
    gainers: tuple[tuple[str, str, str, float], ...]


@dataclass(frozen=True, eq=False)
class Gains:
    """`scenario`, solved as `result`: the least total in which whoever moves gains, by its own
    list. `chains` as in `moves.chains`; without an allocation there are none."""

    scenario: Scenario
    result: SolveResult
    chains: tuple[tuple[Shift, ...], ...]

    @property
    def gainers(self) -> int:
        """How many gain."""
        return sum(map(len, self.chains))


def free_places(inputs: RunInputs) -> tuple[FreePlace, ...]:
    """The free places of a run with a baseline, in the coordinators' order of job lines."""
    arrays, held = matrices(inputs), inputs.baseline.placements
    here = {w.id: held[w.id] for w in inputs.workers if w.id in held}
    taken, columns = Counter(here.values()), inputs.job_line_positions
    found = []
    for line in sorted(inputs.job_lines, key=lambda line: (line.sort_order, line.id)):
        left = line.places - taken[line.id]
        if left <= 0:
            continue
        column, gainers = columns[line.id], []
        for row in np.flatnonzero(arrays.eligible[:, column] & arrays.ranked[:, column]):
            worker = inputs.workers[row].id
            own = columns.get(here.get(worker, ""))
            if own is None:
                continue
            score = float(arrays.scores[row, column])
            gained = float(arrays.scores[row, own]) - score
            if gained > 0:
                gainers.append((worker, worker_name(inputs, worker), rank_words(score), gained))
        gainers.sort(key=lambda gainer: (-gainer[3], gainer[1], gainer[0]))
        found.append(FreePlace(line.id, job_line_name(inputs, line.id), left, tuple(gainers)))
    return tuple(found)


def gains(
    as_read: RunInputs,
    scenario: Scenario,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Gains:
    """The best chains of gains from the scenario's baseline, in which nobody is worse off.

    Raises UsageError as `Scenario.apply`, SolveCancelled.
    """
    plain: Settings = replace(scenario.settings, policy=Policy.LEAST_TOTAL, move_price=0.0)
    tried = replace(scenario, settings=plain).then(ImproveOnly(reason="Nobody is to be worse off"))
    inputs = read_by(tried.apply(as_read), plain)
    result = solve(inputs, plain, on_progress=on_progress, cancel=cancel)
    if result.status is Status.CANCELLED:
        raise SolveCancelled
    placements = {a.worker_mapping: a.job_line for a in result.allocations}
    found = chains(shifts(inputs, placements)) if placements else ()
    return Gains(tried, result, found)
