"""Every list that a worker could hand in, by brute force, against what `honesty` claims.

`python -m tests.honest_lists 1000 10000` tries so many claims of either kind and so many runs by
lottery order, and prints how many were wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from random import Random

from allocator.explanation.honesty import Honesty, honesty
from allocator.models import JobLine, Policy, RunInputs, Settings, Weighting, Worker
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from tests.brute_force import cost, feasible, score
from tests.strategies import RUN


def all_lists(lines: Sequence[str], rank: int = 1) -> Iterator[dict[str, int]]:
    """Every list over these job lines: any part of them, in any order, with any ties."""
    yield {}
    for size in range(1, len(lines) + 1):
        for block in combinations(lines, size):
            rest = [line for line in lines if line not in block]
            for later in all_lists(rest, rank + 1):
                yield {**dict.fromkeys(block, rank), **later}


def random_list(random: Random, lines: Sequence[str]) -> dict[str, int]:
    named = random.sample(lines, random.randint(0, len(lines)))
    if random.random() < 0.5:
        return {line: rank for rank, line in enumerate(named, start=1)}
    return {line: random.randint(1, 3) for line in named}


def random_run(random: Random, most: int = 4) -> RunInputs:
    """A small run that has an allocation, with ties, short lists, places and mandatory lines."""
    while True:
        lines = [f"line {i}" for i in range(random.randint(2, most))]
        workers = tuple(
            Worker(f"worker {i}", preferences=preferences(random_list(random, lines), lines))
            for i in range(random.randint(2, most))
        )
        job_lines = tuple(
            JobLine(line, max_n_workers=random.choice([1, 1, 2]), must_have_workers=must)
            for line in lines
            for must in [random.random() < 0.15]
        )
        weightings = tuple(
            Weighting(f"w{i}", random.randint(-3, 3), random.choice(lines), frozenset(),
                      frozenset([random.choice(workers).id]))
            for i in range(random.randint(0, 3))
        )  # fmt: skip
        inputs = RunInputs(RUN, workers, job_lines, weightings)
        if next(feasible(inputs), None) is not None:
            return inputs


def with_list(inputs: RunInputs, worker: str, order: dict[str, int]) -> RunInputs:
    lines = [line.id for line in inputs.job_lines]
    workers = tuple(
        replace(row, preferences=preferences(order, lines)) if row.id == worker else row
        for row in inputs.workers
    )
    return replace(inputs, workers=workers)


def outcomes(inputs: RunInputs, settings: Settings, i: int) -> list[list[Fraction]]:
    """For each list of worker i, the honest one first: the honest ranks of what it gets in each
    of the best allocations."""
    chosen = list(feasible(inputs))
    costs = [
        {line.id: cost(inputs, settings, w, line) for line in inputs.job_lines}
        for w in inputs.workers
    ]
    others: dict[str, Fraction] = {}
    for allocation in chosen:
        total = sum(costs[k][line.id] for k, line in enumerate(allocation) if k != i)
        mine = allocation[i].id
        others[mine] = min(others.get(mine, total), total)
    worker = inputs.workers[i]
    honest = {line.id: score(inputs, worker, line) for line in inputs.job_lines}
    found = []
    for order in [dict(worker.preferences.order), *all_lists([j.id for j in inputs.job_lines])]:
        told = with_list(inputs, worker.id, order)
        totals = {
            j: others[j] + cost(told, settings, told.workers[i], told.job_line(j)) for j in others
        }
        least = min(totals.values())
        found.append([honest[j] for j, total in totals.items() if total == least])
    return found


def wrong_claims(inputs: RunInputs, settings: Settings, found: Honesty) -> tuple[int, int, int]:
    """(claims of a sure gain, claims of none, how many of either every list proves wrong)."""
    gains = none = wrong = 0
    for i in range(len(inputs.workers)):
        honest, *rest = outcomes(inputs, settings, i)
        sure, luck = min(map(max, rest)), min(map(min, rest))
        claimed = (found.best[i], found.worst[i], found.sure[i], found.luck[i])
        gains, none = gains + bool(found.gains[i]), none + (not found.gains[i])
        wrong += claimed != (min(honest), max(honest), sure, luck)
    return gains, none, wrong


def gains_that_fail(inputs: RunInputs, settings: Settings, found: Honesty) -> tuple[int, int]:
    """(claimed gains solved anew with the list that is said to bring them, how many failed)."""
    failed = 0
    for worker, order in found.lists.items():
        i = inputs.worker_positions[worker]
        result = solve(with_list(inputs, worker, dict(order)), replace(settings, seed=i))
        held = next(row.job_line for row in result.allocations if row.worker_mapping == worker)
        own = inputs.workers[i].preferences
        failed += own.scores.get(held, own.unranked_score) > found.sure[i]
    return len(found.lists), failed


def gain_by_lottery_order(inputs: RunInputs, settings: Settings, random: Random) -> bool:
    """Whether one of two random lists of a random worker brings it more than the honest one."""
    worker = random.choice(inputs.workers)
    lines = [line.id for line in inputs.job_lines]
    lists = [random_list(random, lines) for _ in range(2)]
    own = worker.preferences
    ranks = []
    for told in [inputs, *(with_list(inputs, worker.id, order) for order in lists)]:
        rows = solve(told, settings).allocations
        held = next(row.job_line for row in rows if row.worker_mapping == worker.id)
        ranks.append(own.scores.get(held, own.unranked_score))
    return min(ranks[1:]) < ranks[0]


def random_settings(random: Random) -> Settings:
    """The least total with some alpha and whole power."""
    return Settings(random.choice([0.0, 0.3, 0.6, 1.0]), random.choice([1, 2, 3]))


def main(claims: int, runs: int) -> None:
    """Try until so many claims of each kind were tested."""
    random, gains, none, wrong, solved, failed = Random(1), 0, 0, 0, 0, 0
    while min(gains, none, solved) < claims:
        inputs, settings = random_run(random), random_settings(random)
        found = honesty(inputs, settings)
        assert found is not None
        tested = wrong_claims(inputs, settings, found)
        gains, none, wrong = gains + tested[0], none + tested[1], wrong + tested[2]
        again = gains_that_fail(inputs, settings, found)
        solved, failed = solved + again[0], failed + again[1]
    sys.stdout.write(
        f"{gains} claimed gains and {none} claimed non-gains against every list: {wrong} wrong\n"
    )
    sys.stdout.write(f"{solved} claimed gains solved anew: {failed} failed\n")
    better = 0
    for _ in range(runs):
        settings = replace(
            random_settings(random), policy=Policy.LOTTERY_ORDER, seed=random.randint(0, 10**6)
        )
        better += gain_by_lottery_order(random_run(random), settings, random)
    sys.stdout.write(f"{runs} runs by lottery order: {better} gains\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
