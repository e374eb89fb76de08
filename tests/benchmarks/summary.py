"""Medians, ratios to ours, objectives that differ, and growth, from the records of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from statistics import median

import numpy as np

from tests.benchmarks.records import Instance, Measurement, Outcome, Run
from tests.benchmarks.solvers import LABELS, OURS

TOLERANCE = 1e-9
"""Relative difference up to which two objectives are the same."""


@dataclass(frozen=True)
class Line:
    """One solver on one instance, over its repeats.

    `seconds`, `build`, `solve` are medians (`seconds` is None unless proven); `ratio` and
    `memory_ratio` divide by ours. `at_least` says that `ratio` is only a lower bound, because
    the solver did not finish within the limit. `same` compares the objective with ours.
    """

    solver: str
    outcome: Outcome
    repeats: int
    seconds: float | None
    spread: tuple[float, float] | None
    build: float | None
    solve: float | None
    peak_mb: float | None
    ratio: float | None
    at_least: bool
    memory_ratio: float | None
    same: bool | None
    phases: Mapping[str, float]
    note: str

    @property
    def label(self) -> str:
        """The solver's name for readers."""
        return LABELS[self.solver]


def of(run: Run, size: str, solver: str) -> list[Measurement]:
    """The repeats of one solver on one instance."""
    return [m for m in run.measurements if m.size == size and m.solver == solver]


def lines(run: Run, size: str) -> list[Line]:
    """One line for each solver that was asked for, ours first."""
    solvers = dict.fromkeys(m.solver for m in run.measurements if m.size == size)
    ours = _line(run, of(run, size, OURS), None) if OURS in solvers else None
    return [
        ours if ours is not None and solver == OURS else _line(run, of(run, size, solver), ours)
        for solver in sorted(solvers, key=list(LABELS).index)
    ]


def _line(run: Run, repeats: list[Measurement], ours: Line | None) -> Line:
    worst = next((m for m in repeats if m.outcome is not Outcome.PROVEN), repeats[0])
    proven = worst.outcome is Outcome.PROVEN
    seconds = _median(m.seconds for m in repeats) if proven else None
    peaks = [m.peak_mb for m in repeats if m.peak_mb is not None]
    known = [m.seconds for m in repeats if m.seconds is not None]
    floor = run.options["limit"] if worst.outcome is Outcome.UNFINISHED else None
    took = seconds if proven else floor
    base = worst if ours is None else next(iter(of(run, worst.size, OURS)))
    return Line(
        worst.solver,
        worst.outcome,
        len(repeats),
        seconds,
        (min(known), max(known)) if proven else None,
        _median(m.build for m in repeats) if proven else None,
        _median(m.solve for m in repeats) if proven else None,
        max(peaks, default=None),
        _ratio(took, seconds if ours is None else ours.seconds),
        not proven,
        _ratio(max(peaks, default=None), None if ours is None else ours.peak_mb),
        _same(worst.objective, base.objective) if proven else None,
        {name: _median(m.phases.get(name) for m in repeats) or 0.0 for name in worst.phases},
        worst.note,
    )


def _median(values: object) -> float | None:
    known = [value for value in values if value is not None]  # type: ignore[attr-defined]
    return median(known) if known else None


def _ratio(mine: float | None, ours: float | None) -> float | None:
    return mine / ours if mine is not None and ours else None


def _same(one: float | None, other: float | None) -> bool | None:
    if one is None or other is None:
        return None
    return abs(one - other) <= TOLERANCE * max(1.0, abs(other))


def disagreements(run: Run) -> list[str]:
    """What makes the comparison worthless: ours unproven, or an objective that differs."""
    found = []
    for instance in run.instances:
        size = instance.label
        ours = of(run, size, OURS)
        found += [
            f"{size}: ours is {m.outcome.value}, not proven. {m.note}".strip()
            for m in ours
            if m.outcome is not Outcome.PROVEN
        ]
        target = next((m.objective for m in ours if m.objective is not None), None)
        for m in run.measurements if target is not None else ():
            if m.size != size or m.objective is None or _same(m.objective, target):
                continue
            if m.outcome is Outcome.PROVEN or m.objective < target:
                found.append(
                    f"{size}: {LABELS[m.solver]} has {m.objective!r}, ours has {target!r}."
                )
        found += [
            f"{size}: {LABELS[m.solver]} failed. {m.note}"
            for m in run.measurements
            if m.size == size and m.solver != OURS and m.outcome is Outcome.FAILED
        ]
    return found


def work(instance: Instance) -> float:
    """Eligible pairs times their binary logarithm: what the cost may grow with."""
    return instance.pairs * log2(max(2, instance.pairs))


@dataclass(frozen=True)
class Growth:
    """seconds = `factor` · work^`exponent`, fitted to `points` (work, seconds) on log scales."""

    exponent: float
    factor: float
    points: tuple[tuple[float, float], ...]


def growth(run: Run, solver: str = OURS) -> Growth | None:
    """The fit of a solver's medians; None with fewer than two sizes finished."""
    points = []
    for instance in run.instances:
        line = next((row for row in lines(run, instance.label) if row.solver == solver), None)
        if line is not None and line.seconds:
            points.append((work(instance), line.seconds))
    if len(points) < 2:
        return None
    logs = np.log(np.array(points))
    exponent, intercept = np.polyfit(logs[:, 0], logs[:, 1], 1)
    return Growth(float(exponent), float(np.exp(intercept)), tuple(points))


def percentile(latencies: tuple[float, ...], percent: float) -> float:
    """By linear interpolation, in the unit of the latencies."""
    return float(np.percentile(latencies, percent))
