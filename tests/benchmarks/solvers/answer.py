"""What a solver answers, and the stopwatch that it is timed with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Answer:
    """`proven` is the solver's own claim of optimality; `assigned` is the job line of each
    worker, None without an allocation; `build` and `solve` are seconds."""

    proven: bool
    assigned: NDArray[np.intp] | None
    build: float
    solve: float
    phases: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


class Stopwatch:
    """Splits the time into building a model and solving it."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.build = 0.0

    def built(self) -> float:
        """The model is complete; returns the seconds that it took."""
        self.build = time.perf_counter() - self.began
        return self.build

    def answer(self, proven: bool, assigned: NDArray[np.intp] | None, note: str = "") -> Answer:
        """Stop the clock."""
        total = time.perf_counter() - self.began
        return Answer(proven, assigned, self.build, total - self.build, note=note)
