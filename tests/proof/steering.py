"""Attempts to steer a sealed draw after its number is known: none of them may commit anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from allocator.models import Policy, RunInputs
from allocator.proof.seal import Seal
from allocator.service import AllocatorService

Attempt = tuple[str, Callable[[], Any]]


def attempts(
    service: AllocatorService, database: Any, run: RunInputs, seal: Seal, count: int
) -> Iterator[Attempt]:
    """`count` attempts in turn: other seed, other settings, other scenario, seal or number anew,
    changed data. The data is as it was when the next one is asked for."""
    random, sealed = Random(1), seal.settings
    kinds = ("seed", "settings", "scenario", "seal", "number", "data")
    for turn in range(count):
        name = kinds[turn % len(kinds)]
        if name == "seal":
            past = datetime.now(UTC) + timedelta(hours=random.choice((-1, 1)))
            options = {"source": "another", "not_before": past}
            yield name, lambda o=options: service.seal(run, sealed, "Eve", **o)
        elif name == "number":
            number = str(random.randrange(10**6))
            yield name, lambda n=number: service.enter_draw(run.run.id, n, "Eve")
        elif name == "seed":
            other = replace(sealed, seed=random.randrange(2**52))
            yield name, _commit(service, run, other)
        elif name == "settings":
            options = random.choice(({"alpha": random.random()}, {"policy": Policy.GREEDY}))
            yield name, _commit(service, run, replace(sealed, **options))
        elif name == "scenario":
            yield name, _commit(service, run, sealed, scenario={"name": "Eve's", "changes": []})
        else:
            line = random.choice(run.job_lines).id
            change = "update job_lines set max_n_workers = max_n_workers + %s where id = %s"
            database.rows(change, 1, line)
            yield name, _commit(service, service.hydrate(run.run.id), sealed)
            database.rows(change, -1, line)


def _commit(
    service: AllocatorService, run: RunInputs, settings: Any, **options: Any
) -> Callable[[], Any]:
    result = service.solve(run, settings)
    return lambda: service.commit(run, result, "Eve", **options)
