"""The frontier of moves and total against brute force, and its scenarios and proofs."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import SolveCancelled, UsageError
from allocator.models import Policy, RunInputs, Settings
from allocator.repair.frontier import frontier
from allocator.repair.points import RepairProgress
from allocator.repair.proof import frontier_faults
from allocator.result import Status
from allocator.scenario import apply_changes
from allocator.scenario.changes import LeaveOut, SetBaseline
from allocator.solving.solver import solve
from tests.builders import small_run
from tests.profiles import examples
from tests.repair.runs import corners, pareto, runs_with_baseline, totals_by_moves
from tests.synthetic import synthetic_inputs

SETTINGS = st.builds(
    Settings,
    alpha=st.sampled_from([0.0, 0.3, 1.0]),
    power=st.sampled_from([1.0, 2.0]),
    seed=st.integers(0, 5),
)


@given(runs_with_baseline(), SETTINGS)
@examples(300)
def test_frontier_points_are_those_of_brute_force(inputs: RunInputs, settings: Settings):
    expected = pareto(totals_by_moves(inputs, settings))
    found = frontier(inputs, settings)
    assert found.complete
    assert [point.moves for point in found.points] == [moves for moves, _ in expected]
    totals = [float(total) for _, total in expected]
    assert [point.total for point in found.points] == pytest.approx(totals)
    assert all(point.proven for point in found.points)
    breakpoints = {point.moves for point in found.points if point.breakpoint}
    assert breakpoints >= {moves for moves, _ in corners(expected)}


@given(runs_with_baseline(), SETTINGS, st.floats(0, 4))
@examples(90)
def test_solve_fewest_moves_and_price_of_a_move_match_brute_force(
    inputs: RunInputs, settings: Settings, price: float
):
    totals = totals_by_moves(inputs, settings)
    fewest = solve(inputs, replace(settings, policy=Policy.FEWEST_MOVES))
    assert fewest.status is Status.OPTIMAL
    assert fewest.certificate is not None
    assert fewest.certificate.verified
    assert fewest.objective == pytest.approx(float(totals[min(totals)]))
    price = round(price, 2)
    priced = solve(inputs, replace(settings, move_price=price))
    assert priced.certificate is not None
    assert priced.certificate.verified
    best = min(float(total) + price * moves for moves, total in totals.items())
    assert priced.objective == pytest.approx(best)


@given(runs_with_baseline(), st.data())
@examples(60)
def test_frontier_proof_refuses_what_is_false(inputs: RunInputs, data: st.DataObject):
    found = frontier(inputs, Settings())
    assert frontier_faults(found) == []
    at = data.draw(st.integers(0, len(found.points) - 1))
    point, others = found.points[at], found.points

    def with_point(**change: object) -> list[str]:
        changed = replace(point, **change)
        return frontier_faults(replace(found, points=(*others[:at], changed, *others[at + 1 :])))

    assert with_point(total=point.total - 1, bound=point.bound - 1)
    assert with_point(moves=point.moves + 1)
    assert with_point(bound=point.bound + 1)
    worker, line = next(iter(point.placements.items()))
    assert with_point(placements={w: j for w, j in point.placements.items() if w != worker})
    assert with_point(placements={**point.placements, worker: line + "?"})
    for number, proof in enumerate(found.lines):
        false = replace(proof, value=proof.value + 1)
        assert frontier_faults(
            replace(found, lines=(*found.lines[:number], false, *found.lines[number + 1 :]))
        )
    assert frontier_faults(replace(found, lines=found.lines[:1]))
    assert frontier_faults(replace(found, points=found.points[::-1] * 2))


def test_frontier_without_a_baseline_says_what_is_missing():
    with pytest.raises(UsageError, match="nothing to repair"):
        frontier(small_run(), Settings())
    with pytest.raises(UsageError, match="nothing to move from"):
        solve(small_run(), Settings(policy=Policy.FEWEST_MOVES))


@pytest.fixture(scope="module")
def withdrawn() -> RunInputs:
    """30 by 30 after one withdrawal; its frontier has points between breakpoints."""
    inputs = synthetic_inputs(30, 30, 30, seed=5)
    before = solve(inputs, Settings())
    held = tuple((a.worker_mapping, a.job_line) for a in before.allocations)
    changes = (SetBaseline(held), LeaveOut(inputs.workers[3].id))
    return apply_changes(inputs, changes, "After a withdrawal")


def test_frontier_without_time_or_cancelled_early_gives_nothing(withdrawn: RunInputs):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(SolveCancelled):
        frontier(withdrawn, Settings(), cancel=cancel)
    with pytest.raises(SolveCancelled):
        frontier(withdrawn, Settings(time_limit=1e-9))


def test_frontier_cancelled_between_breakpoints_shows_bounds_instead_of_guesses(
    withdrawn: RunInputs,
):
    whole = {point.moves: point for point in frontier(withdrawn, Settings()).points}
    assert [moves for moves, point in whole.items() if not point.breakpoint] == [1, 2]
    cancel = threading.Event()

    def stop(progress: RepairProgress) -> None:
        if progress.step == "between breakpoints":
            cancel.set()

    cut = frontier(withdrawn, Settings(), on_progress=stop, cancel=cancel)
    assert not cut.complete
    for point in cut.points:
        known = whole[point.moves]
        assert point.bound <= known.total <= point.total
        assert point.proven == known.breakpoint
    assert [point for point in cut.points if not point.proven]


def test_at_gives_the_best_point_within_so_many_moves(withdrawn: RunInputs):
    found = frontier(withdrawn, Settings())
    assert found.at(2).moves == 2
    assert found.at(99) == found.points[-1]
    assert found.forced == ()
