"""The master with a budget of moves: the best allocation within it, or that there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.solving.budget import BudgetAnswer, BudgetProblem
from allocator.solving.problem import Columns
from allocator.solving.residual import Face
from tests.profiles import examples
from tests.solving.test_residual import faces


def never() -> bool:
    return False


def within(
    costs: np.ndarray, face: Face, moves: np.ndarray, budget: int, seconds: float = 60.0
) -> BudgetAnswer:
    columns = Columns(*np.nonzero(face.allowed))
    return BudgetProblem(costs, face, columns, moves, budget).solve_whole(seconds, never)


@given(faces(), st.data())
@examples(2000)
def test_answer_is_the_best_of_every_allocation_within_the_budget(drawn, data):
    costs, face, fitting = drawn
    marks = st.lists(st.booleans(), min_size=costs.size, max_size=costs.size)
    moves = np.array(data.draw(marks)).reshape(costs.shape)
    budget = data.draw(st.integers(0, len(costs)))
    rows = np.arange(len(costs))
    totals = [int(costs[rows, row].sum()) for row in fitting if moves[rows, row].sum() <= budget]
    answer = within(costs, face, moves, budget)
    if not totals:
        assert answer == BudgetAnswer(None, None)
        return
    assert answer.assigned is not None
    assert face.holds(answer.assigned)
    assert moves[rows, answer.assigned].sum() <= budget
    assert int(costs[rows, answer.assigned].sum()) == answer.bound == min(totals)


PRIZE = np.array([[0, 5], [5, 0]], dtype=np.int64)
FACE = Face(np.ones((2, 2), dtype=bool), np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.int64))
EXCHANGE = np.eye(2, dtype=bool)
"""The cheap pairs are the moves."""


@pytest.mark.parametrize(("budget", "total"), [(0, 10), (1, 10), (2, 0)])
def test_half_an_exchange_is_none(budget, total):
    answer = within(PRIZE, FACE, EXCHANGE, budget)
    assert answer.bound == total


def test_large_costs_are_told_apart_to_the_last_unit():
    costs = PRIZE * 10**12 + np.array([[0, 1], [2, 0]])
    answer = within(costs, FACE, EXCHANGE, 1)
    assert answer.bound == 10 * 10**12 + 3


def test_a_budget_without_any_move_in_reach_is_no_row():
    answer = within(PRIZE, FACE, np.zeros((2, 2), dtype=bool), 0)
    assert answer.bound == 0


def test_what_is_stopped_claims_no_more_than_it_knows():
    rng = np.random.default_rng(7)
    costs = rng.integers(0, 1000, (60, 60)).astype(np.int64)
    face = Face(
        np.ones((60, 60), dtype=bool),
        np.zeros(60, dtype=np.int64),
        np.ones(60, dtype=np.int64),
    )
    moves = rng.random((60, 60)) < 0.9
    columns = Columns(*np.nonzero(face.allowed))
    problem = BudgetProblem(costs, face, columns, moves, 40)
    stopped = problem.solve_whole(60.0, lambda: True)
    best = within(costs, face, moves, 40)
    assert best.assigned is not None
    assert stopped.bound is not None
    assert stopped.bound <= int(costs[np.arange(60), best.assigned].sum())
    if stopped.assigned is not None:
        assert face.holds(stopped.assigned)
        assert int(costs[np.arange(60), stopped.assigned].sum()) >= best.bound
