"""Every allocation of a small run, straight from the definitions of the domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import inf

from allocator.models import JobLine, RunInputs, Settings, Worker


def may_hold(worker: Worker, line: JobLine) -> bool:
    """The five eligibility rules, first that applies."""
    row = line.eligibility
    if row is None:
        return True
    if worker.id in row.included_worker_mapping_ids:
        return True
    if worker.id in row.excluded_worker_mapping_ids:
        return False
    if any(tag in row.excluded_qualification_tag_ids for tag in worker.qualification_ids):
        return False
    if any(tag in row.included_qualification_tag_ids for tag in worker.qualification_ids):
        return True
    return not row.included_qualification_tag_ids


def score(inputs: RunInputs, worker: Worker, line: JobLine) -> Fraction:
    """Mean of the positions that the job line may take in the worker's list of the run."""
    in_run = {row.id for row in inputs.job_lines}
    buckets = worker.preferences.buckets if inputs.bucket_order else {}
    order = {
        j: (buckets.get(j, 35), rank) for j, rank in worker.preferences.order.items() if j in in_run
    }
    n, r = len(in_run), len(order)
    if line.id not in order:
        return Fraction(n * (n + 1) - r * (r + 1), 2 * (n - r))
    rank = order[line.id]
    positions = [i for i, other in enumerate(sorted(order.values()), start=1) if other == rank]
    return Fraction(sum(positions), len(positions))


def ranked_something(inputs: RunInputs, worker: Worker) -> bool:
    """Whether the worker ranked any job line of the run: the cap on the worst rank binds it."""
    return any(line.id in worker.preferences.order for line in inputs.job_lines)


def within_cap(inputs: RunInputs, chosen: tuple[JobLine, ...], cap: float) -> bool:
    """Whether nobody who ranked something is placed above the cap."""
    return all(
        score(inputs, worker, line) <= cap
        for worker, line in zip(inputs.workers, chosen, strict=True)
        if ranked_something(inputs, worker)
    )


def extra(inputs: RunInputs, worker: Worker, line: JobLine) -> int:
    """Sum of the weightings that reach the pair."""
    total = 0
    for row in inputs.weightings:
        everybody = not row.worker_mapping_ids and not row.qualification_tag_ids
        reached = worker.id in row.worker_mapping_ids
        reached = reached or bool(worker.qualification_ids & row.qualification_tag_ids)
        if row.job_line in (None, line.id) and (everybody or reached):
            total += row.weighting
    return total


def cost(inputs: RunInputs, settings: Settings, worker: Worker, line: JobLine) -> Fraction:
    """The pair's coefficient, exact for a whole power."""
    alpha = Fraction(str(settings.alpha))
    organisation = Fraction(len(inputs.workers) + 1, 2) + extra(inputs, worker, line)
    power = int(settings.power) if settings.power == int(settings.power) else settings.power
    own = Fraction(score(inputs, worker, line) ** power)
    return (1 - alpha) * own + alpha * organisation


def own_rank(worker: Worker, line: str | None) -> float:
    """The worker's raw rank of a job line of the allocation run; infinite when unranked."""
    return worker.preferences.order.get(line, inf)


def may_move(inputs: RunInputs, worker: Worker, line: JobLine) -> bool:
    """Whether the baseline's rules let the worker have the job line."""
    base = inputs.baseline
    had = base.placements.get(worker.id)
    if had is None or had == line.id:
        return True
    if worker.id in base.only_to and line.id not in base.only_to[worker.id]:
        return False
    if worker.id in base.improving and not own_rank(worker, line.id) < own_rank(worker, had):
        return False
    return worker.id not in base.unharmed or own_rank(worker, line.id) <= own_rank(worker, had)


def moves(inputs: RunInputs, chosen: tuple[JobLine, ...]) -> int:
    """How many workers of the baseline an allocation places elsewhere."""
    held = inputs.baseline.placements
    return sum(
        held.get(w.id, line.id) != line.id for w, line in zip(inputs.workers, chosen, strict=True)
    )


def feasible(inputs: RunInputs) -> Iterator[tuple[JobLine, ...]]:
    """Every allocation that satisfies every hard rule, as job lines in the order of workers."""
    able = [
        [j for j in inputs.job_lines if may_hold(w, j) and may_move(inputs, w, j)]
        for w in inputs.workers
    ]
    for chosen in product(*able):
        held = Counter(line.id for line in chosen)
        over = any(held[line.id] > line.places for line in inputs.job_lines)
        short = any(held[line.id] < line.least_places for line in inputs.job_lines)
        if not over and not short:
            yield chosen


def optima(
    inputs: RunInputs, settings: Settings
) -> tuple[Fraction | None, list[tuple[JobLine, ...]]]:
    """(least objective, every allocation that has it); (None, []) when there is none."""
    table = {
        (w.id, line.id): cost(inputs, settings, w, line)
        for w in inputs.workers
        for line in inputs.job_lines
    }
    best: Fraction | None = None
    found: list[tuple[JobLine, ...]] = []
    for chosen in feasible(inputs):
        total = sum(
            (table[w.id, line.id] for w, line in zip(inputs.workers, chosen, strict=True)),
            Fraction(0),
        )
        if best is None or total < best:
            best, found = total, []
        if total == best:
            found.append(chosen)
    return best, found
