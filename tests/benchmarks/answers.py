"""What pages ask of a run beside its solve, as times of one solve, and what a reading weighs."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator

from allocator.diagnosis import diagnose
from allocator.explanation import placement_options
from allocator.explanation.answers import worker_answers
from allocator.explanation.optimum import optimum
from allocator.models import RunInputs, Settings
from allocator.solving.solver import solve
from console.state.readings import weight_of_inputs
from tests.benchmarks import words
from tests.benchmarks.instances import Size
from tests.synthetic import crowded

MOST_WORKERS = 400
"""Above it pages work in the background, and nobody waits."""


def figures(size: Size, seed: int) -> Iterator[str]:
    """A line for each question, about the size's run and about one that cannot be done."""
    inputs, settings = size.inputs(seed), Settings()
    worker = inputs.workers[size.workers // 2].id
    whole = _seconds(lambda: solve(inputs, settings))
    result = solve(inputs, settings)
    shut = crowded(inputs)
    asked: dict[str, Callable[[], object]] = {
        "one worker's job lines with their prices": (
            lambda: placement_options(inputs, result, worker)
        ),
        "the same in words": lambda: worker_answers(inputs, result, worker),
        "the diagnosis of a run that cannot be done": lambda: diagnose(shut),
    }
    for question, ask in asked.items():
        took = _seconds(ask)
        yield f"{size.label}: {question}: {words.seconds(took)}, {took / whole:.1f} × a solve"
    share = weight_of_inputs(size.inputs(seed)) / _bytes(size, seed)
    yield f"{size.label}: a reading and its solve count for {share:.2f} × what Python allocates"


def _seconds(work: Callable[[], object]) -> float:
    """The quickest of three, as the first one loads what it needs."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def _bytes(size: Size, seed: int) -> int:
    """What the inputs take with all that a solve and its explanation hang on them."""
    gc.collect()
    tracemalloc.start()
    inputs: RunInputs = size.inputs(seed)
    result = solve(inputs, Settings())
    kept = result, optimum(inputs, result)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return taken
