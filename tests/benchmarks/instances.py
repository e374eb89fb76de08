"""The instances that all solvers get: generated runs, and the same runs as bare arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allocator.models import RunInputs, Settings
from allocator.rules.matrices import matrices
from tests.synthetic import synthetic_inputs

FULL_LIST = 140
"""Longest preference list unless the size says otherwise: about what a doctor will fill in."""
SPELLING = re.compile(r"(\d+)(?:x(\d+))?(?:@(\d+))?(?:/(\d+))?")


@dataclass(frozen=True, slots=True)
class Size:
    """Workers, job lines, length of a full preference list and places (None: 2 % to spare)."""

    workers: int
    job_lines: int
    ranked: int
    places: int | None = None

    @classmethod
    def parse(cls, text: str) -> Size:
        """`300`, `139x140`, `5000x1500@60/5200` (@ list length, / places); `5000` is the last one.

        Raises ValueError for anything else.
        """
        text = {"139": "139x140", "5000": "5000x1500@60/5200"}.get(text, text).replace("×", "x")
        match = SPELLING.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not a size; write 300, 139x140 or 5000x1500@60/5200")
        workers, job_lines, ranked, places = (int(n) if n else None for n in match.groups())
        assert workers is not None
        job_lines = job_lines or workers
        return cls(workers, job_lines, min(ranked or FULL_LIST, job_lines), places)

    @property
    def label(self) -> str:
        """As people write it: 139 × 140."""
        return f"{self.workers} × {self.job_lines}"

    def inputs(self, seed: int) -> RunInputs:
        """The generated run, as if hydrated."""
        return synthetic_inputs(self.workers, self.job_lines, self.ranked, seed, self.places)


@dataclass(frozen=True, eq=False)
class Table:
    """A run as the peers get it. `costs` · `unit` is the objective's coefficient of each pair,
    (workers, job lines), in whole numbers; `lower` and `upper` bound the workers of a job line."""

    costs: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    unit: float

    @classmethod
    def of(cls, inputs: RunInputs, settings: Settings) -> Table:
        """The arrays of a hydrated run."""
        arrays, costs = matrices(inputs), matrices(inputs).costs(settings)
        return cls(costs.values, arrays.allowed(settings), arrays.lower, arrays.upper, costs.unit)

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            costs, allowed, lower, upper = (
                arrays[n] for n in ("costs", "allowed", "lower", "upper")
            )
            return cls(costs, allowed, lower, upper, float(arrays["unit"]))

    def save(self, path: Path) -> None:
        """Write an uncompressed .npz file."""
        np.savez(path, **vars(self))

    @property
    def pairs(self) -> int:
        """Eligible pairs."""
        return int(self.allowed.sum())

    def objective(self, assigned: NDArray[np.intp]) -> float:
        """Objective of an allocation (job line of each worker), every hard rule tested first.

        Raises ValueError when a rule is broken.
        """
        rows = np.arange(len(self.costs))
        if assigned.shape != rows.shape or not self.allowed[rows, assigned].all():
            raise ValueError("a worker is not placed, or placed where it is not eligible")
        held = np.bincount(assigned, minlength=len(self.upper))
        if (held > self.upper).any() or (held < self.lower).any():
            raise ValueError("a job line has too many workers, or too few")
        return int(self.costs[rows, assigned].sum()) * self.unit
