"""The goals that the benchmark holds us to, and whether a run met them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.records import Run
from tests.benchmarks.solvers import DENSE, LINEAR_SUM, OURS
from tests.benchmarks.summary import Line, growth, lines, percentile


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in words, what was measured, and whether that meets it."""

    text: str
    measured: str
    met: bool


SECONDS = {"139 × 140": 0.1, "1000 × 1000": 1.0, "5000 × 1500": 60.0}
MEMORY_MB = {"5000 × 1500": 4096.0}
RE_SOLVE_SECONDS = {"139 × 140": 0.2, "1000 × 1000": 2.0}
DENSE_RATIO = {"1000 × 1000": 100.0}
LINEAR_SUM_RATIO = {"1000 × 1000": 10.0}


def goals(run: Run) -> list[Goal]:
    """The goals for what this run measured; the others are left out."""
    found = []
    for instance in run.instances:
        size = instance.label
        rows = {line.solver: line for line in lines(run, size)}
        ours = rows.get(OURS)
        if ours is None or ours.seconds is None:
            continue
        if size in SECONDS:
            found.append(_below(f"{size}: proven and checked", ours.seconds, SECONDS[size], "s"))
        if size in MEMORY_MB and ours.peak_mb is not None:
            found.append(_below(f"{size}: peak memory", ours.peak_mb, MEMORY_MB[size], "MB"))
        found += _against_dense(size, rows.get(DENSE))
        found += _against_linear_sum(size, ours.seconds, rows.get(LINEAR_SUM))
    for what_if in run.what_if:
        if what_if.size in RE_SOLVE_SECONDS:
            text = f"{what_if.size}: what-if re-solve, 95th percentile"
            slow = percentile(what_if.latencies, 95)
            found.append(_below(text, slow, RE_SOLVE_SECONDS[what_if.size], "s"))
    fit = growth(run)
    if fit is not None:
        text = "Time grows no faster than eligible pairs × their logarithm: exponent at most 1"
        found.append(Goal(text, f"{fit.exponent:.2f}", fit.exponent <= 1.0))
    return found


def _below(text: str, measured: float, most: float, unit: str) -> Goal:
    return Goal(f"{text} under {most:g} {unit}", f"{measured:.3g} {unit}", measured < most)


def _against_dense(size: str, dense: Line | None) -> list[Goal]:
    if size not in DENSE_RATIO or dense is None or dense.ratio is None:
        return []
    least = DENSE_RATIO[size]
    text = f"{size}: at least {least:g} times faster than the dense PuLP model with HiGHS"
    sign = "> " if dense.at_least else ""
    return [Goal(text, f"{sign}{dense.ratio:.0f} times", dense.ratio >= least)]


def _against_linear_sum(size: str, ours: float, linear_sum: Line | None) -> list[Goal]:
    """Against the algorithm alone, without laying out its table."""
    if size not in LINEAR_SUM_RATIO or linear_sum is None or not linear_sum.solve:
        return []
    ratio, most = ours / linear_sum.solve, LINEAR_SUM_RATIO[size]
    text = f"{size}: within {most:g} times of linear_sum_assignment alone"
    return [Goal(text, f"{ratio:.1f} times", ratio <= most)]
