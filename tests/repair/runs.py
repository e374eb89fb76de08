"""Small runs with a baseline, for hypothesis; and what brute force says about them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from allocator.models import Baseline, RunInputs, Settings
from tests.brute_force import cost, feasible, moves
from tests.strategies import run_inputs


@st.composite
def runs_with_baseline(
    draw: st.DrawFn, max_workers: int = 5, max_job_lines: int = 5, rules: bool = True
) -> RunInputs:
    """A feasible run whose baseline is any other placement: of most workers, not always allowed
    or even in the run; with `rules`, some may not move, or only to gain."""
    inputs = draw(run_inputs(max_workers, max_job_lines, feasible=True, min_workers=2))
    lines = [line.id for line in inputs.job_lines]
    anywhere = st.sampled_from([*lines, *lines, "a job line of another year", ""])
    held = {w.id: draw(anywhere) for w in inputs.workers}
    held = {w: j for w, j in held.items() if j}
    if not held:
        held = {inputs.workers[0].id: lines[0]}
    some = st.frozensets(st.sampled_from(sorted(held)), max_size=2)
    improving = draw(some) if rules else frozenset()
    base = Baseline(held, "drawn", improving=improving)
    tried = replace(inputs, baseline=base)
    return (
        tried
        if not rules or any(True for _ in feasible(tried))
        else replace(inputs, baseline=Baseline(held, "drawn"))
    )


def totals_by_moves(inputs: RunInputs, settings: Settings) -> dict[int, Fraction]:
    """Moves → the least total of any allocation with exactly so many."""
    table = {
        (w.id, line.id): cost(inputs, settings, w, line)
        for w in inputs.workers
        for line in inputs.job_lines
    }
    best: dict[int, Fraction] = {}
    for chosen in feasible(inputs):
        total = sum(
            (table[w.id, line.id] for w, line in zip(inputs.workers, chosen, strict=True)),
            Fraction(0),
        )
        number = moves(inputs, chosen)
        best[number] = min(total, best.get(number, total))
    return best


def pareto(totals: dict[int, Fraction]) -> list[tuple[int, Fraction]]:
    """The (moves, total) that no allocation with as few moves undercuts."""
    points: list[tuple[int, Fraction]] = []
    for number in sorted(totals):
        if not points or totals[number] < points[-1][1]:
            points.append((number, totals[number]))
    return points


def corners(points: list[tuple[int, Fraction]]) -> list[tuple[int, Fraction]]:
    """Those on the lower convex hull where it bends, and both ends."""
    hull: list[tuple[int, Fraction]] = []
    for point in points:
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _is_above(
    left: tuple[int, Fraction], middle: tuple[int, Fraction], right: tuple[int, Fraction]
) -> bool:
    width, drop = right[0] - left[0], right[1] - left[1]
    return (middle[1] - left[1]) * width >= drop * (middle[0] - left[0])
