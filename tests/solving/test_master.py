"""The PuLP master decides: its answer and duals are what is proven, and what it lacks is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from allocator.errors import NotExplained
from allocator.explanation.optimum import optimum
from allocator.measures import status_words
from allocator.measures.outcome import audit_counts
from allocator.models import Policy, RunInputs, Settings, SolverName
from allocator.result import NOT_DECIDING, Effort, Phase, Progress, Status
from allocator.solving.master import Master, exact_prices
from allocator.solving.problem import Answer, Columns, Problem
from allocator.solving.residual import NO_ARC, Face
from allocator.solving.solver import solve
from allocator.solving.starting import Start, feasible_allocation
from tests.brute_force import optima
from tests.solving.test_residual import faces
from tests.strategies import run_inputs
from tests.synthetic import synthetic_inputs

BOTH = pytest.mark.parametrize("solver", list(SolverName))
GENUINE = Problem.solve
Crippled = Callable[[Problem, Answer | None], Answer | None]


def cripple(monkeypatch: pytest.MonkeyPatch, spoil: Crippled) -> None:
    """Let every answer of the PuLP master pass through `spoil`."""

    def answer(problem: Problem, *args: object) -> Answer | None:
        return spoil(problem, GENUINE(problem, *args))  # type: ignore[arg-type]

    monkeypatch.setattr(Problem, "solve", answer)


def nothing(_problem: Problem, _answer: Answer | None) -> None:
    return None


def another_allocation(problem: Problem, answer: Answer | None) -> Answer | None:
    """Any allocation, under the duals of the best one."""
    assert answer is not None
    return replace(answer, assigned=feasible_allocation(problem.face))


def wrong_duals(_problem: Problem, answer: Answer | None) -> Answer | None:
    """The best allocation, with reduced costs that name another tree."""
    assert answer is not None
    return replace(answer, reduced=1 / (1 + np.abs(answer.reduced)), duals=answer.duals + 3)


def no_duals(_problem: Problem, answer: Answer | None) -> Answer | None:
    """What a solver without duals leaves."""
    assert answer is not None
    return replace(
        answer, reduced=np.full_like(answer.reduced, np.nan), duals=np.full_like(answer.duals, 0)
    )


def placed(result) -> dict[str, str]:
    return {row.worker_mapping: row.job_line for row in result.allocations}


@BOTH
def test_solve_records_who_decided_and_what_it_took(solver: SolverName):
    inputs = synthetic_inputs(60, 61, 40)
    result = solve(inputs, Settings(solver=solver))
    assert result.status is Status.OPTIMAL
    assert result.solver == solver.value
    assert result.effort.rounds >= 1
    assert 60 <= result.effort.columns < 60 * 61 / 2
    assert result.effort.repairs == 0
    assert result.effort.steps == 0
    assert audit_counts(inputs, result)["effort"] == {
        "rounds": result.effort.rounds,
        "columns": result.effort.columns,
        "repairs": 0,
        "steps": 0,
    }


@BOTH
@pytest.mark.parametrize("power", [0.5, 1, 2, 3, 7.3, 10])
@pytest.mark.parametrize("alpha", [0.0, 0.123457])
def test_solve_needs_no_repairs_whatever_the_size_of_costs(
    solver: SolverName, power: float, alpha: float
):
    for seed in (1, 2):
        inputs = synthetic_inputs(60, 40, 25, seed=seed, places=63)
        result = solve(inputs, Settings(solver=solver, power=power, alpha=alpha))
        assert result.solver == solver.value
        assert result.effort.repairs == 0


@given(
    run_inputs(max_workers=6, max_job_lines=5, feasible=True),
    st.sampled_from(list(SolverName)),
    st.sampled_from([p for p in Policy if not p.needs_baseline]),
    st.sampled_from([0.5, 1.0, 2.0, 10.0]),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_solve_needs_no_repairs_with_a_sound_solver(
    inputs: RunInputs, solver: SolverName, policy: Policy, power: float
):
    result = solve(inputs, Settings(solver=solver, policy=policy, power=power))
    assert result.solver == solver.value
    assert result.effort.repairs == 0


def test_solve_tells_the_steps_of_an_aim_that_network_code_decided():
    result = solve(synthetic_inputs(40, 41, 20), Settings(policy=Policy.GREEDY))
    assert result.certificate is not None
    assert result.effort.steps == len(result.certificate.stages) > 0
    assert result.effort.rounds >= 1
    assert result.solver == "highs"


@BOTH
def test_solve_says_so_when_the_solver_brings_nothing(monkeypatch, solver: SolverName):
    inputs, chosen = synthetic_inputs(40, 41, 20), Settings(solver=solver)
    sound = solve(inputs, chosen)
    cripple(monkeypatch, nothing)
    result = solve(inputs, chosen)
    assert result.solver == NOT_DECIDING + solver.value
    assert result.effort.repairs > 0
    assert result.effort.words(result.solver).startswith("None:")
    assert result.status is Status.OPTIMAL
    assert placed(result) == placed(sound)


@pytest.mark.parametrize("spoil", [another_allocation, wrong_duals, no_duals])
def test_solve_counts_what_had_to_be_mended(monkeypatch, spoil: Crippled):
    inputs = synthetic_inputs(40, 41, 20)
    sound = solve(inputs, Settings())
    cripple(monkeypatch, spoil)
    result = solve(inputs, Settings())
    assert result.solver == "highs"
    assert result.effort.repairs > 0
    assert result.status is Status.OPTIMAL
    assert result.objective == sound.objective
    assert placed(result) == placed(sound)


@given(
    run_inputs(max_workers=5, max_job_lines=4, feasible=True),
    st.sampled_from([nothing, another_allocation, wrong_duals, no_duals]),
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_solve_is_right_with_any_crippled_solver(inputs: RunInputs, spoil: Crippled):
    best, _ = optima(inputs, Settings())
    assert best is not None
    with pytest.MonkeyPatch.context() as patch:
        cripple(patch, spoil)
        result = solve(inputs, Settings())
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(float(best), rel=1e-9)
    assert result.solver.startswith(NOT_DECIDING) == (spoil is nothing)
    assert (result.effort.repairs > 0) or spoil is not nothing


@BOTH
@given(faces(), st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_run_decides_from_any_start(solver: SolverName, drawn, data):
    """A bad start costs rounds, never the optimum: the answer and its proof are the solver's."""
    costs, face, fitting = drawn
    assigned = data.draw(st.sampled_from(fitting))
    high = st.integers(-20, 20)
    lines = costs.shape[1]
    prices = data.draw(st.lists(high, min_size=lines, max_size=lines))
    master = Master(costs, face, Start(assigned, np.array(prices, dtype=np.int64)))
    assert master.run(solver, lambda: 60.0, lambda: False, lambda _: lambda _: None, lambda: None)
    rows = np.arange(len(costs))
    best = min(int(costs[rows, row].sum()) for row in fitting)
    assert master.answered
    assert master.repairs == 0
    assert face.holds(master.assigned)
    assert master.total == master.bound == best
    assert face.bound(costs, master.prices) == best


def test_run_asks_again_for_pairs_that_the_columns_lacked(monkeypatch):
    """With one column for each worker the master needs the pairs that pricing brings."""
    for name in ("COLUMNS_OF_WORKER", "COLUMNS_OF_JOB_LINE"):
        monkeypatch.setattr(f"allocator.solving.master.{name}", 1)
    for solver in SolverName:
        result = solve(synthetic_inputs(60, 61, 40), Settings(solver=solver))
        assert result.status is Status.OPTIMAL
        assert result.effort.rounds > 1
        assert result.effort.repairs == 0


@given(faces())
@hypothesis_settings(deadline=None)
def test_exact_prices_are_optimal_however_the_duals_are_rounded(drawn):
    """Eight digits of a dual say less than its cost; which reduced costs are 0 says everything."""
    costs, face, fitting = drawn
    costs = costs * (2**40 + 1)
    columns = Columns(*np.nonzero(face.allowed))
    problem = Problem(costs, face, columns, fitting[0])
    answer = problem.solve(SolverName.HIGHS, 60.0, lambda: False, lambda _: None)
    assert answer is not None
    noisy = replace(answer, reduced=np.array([float(f"{x:.1g}") for x in answer.reduced]))
    prices = exact_prices(costs, columns, noisy)
    rows = np.arange(len(costs))
    assert face.bound(costs, prices) == min(int(costs[rows, row].sum()) for row in fitting)


@BOTH
def test_problem_refuses_an_answer_that_breaks_a_rule(monkeypatch, solver: SolverName):
    """A solver that fills a job line over its places has brought nothing usable."""
    face = Face(np.ones((2, 2), dtype=bool), np.array([0, 0]), np.array([1, 1]))
    costs = np.array([[0, 5], [0, 5]])
    problem = Problem(costs, face, Columns(*np.nonzero(face.allowed)), np.array([0, 1]))
    assert problem.solve(solver, 60.0, lambda: False, lambda _: None) is not None
    wider = Face(face.allowed, face.lower, np.array([2, 2]))
    problem = Problem(costs, wider, Columns(*np.nonzero(face.allowed)), np.array([0, 1]))
    problem.face = face
    assert problem.solve(solver, 60.0, lambda: False, lambda _: None) is None


@BOTH
@given(faces(), st.data())
@hypothesis_settings(max_examples=30, deadline=None)
def test_run_stopped_in_the_solver_keeps_the_start_and_an_honest_bound(solver, drawn, data):
    costs, face, fitting = drawn
    start = Start(data.draw(st.sampled_from(fitting)), np.zeros(costs.shape[1], dtype=np.int64))
    master, late = Master(costs, face, start), threading.Event()

    def on_solve(_problem: Problem) -> Callable[[int], None]:
        late.set()
        return lambda _: None

    assert not master.run(solver, lambda: 60.0, late.is_set, on_solve, lambda: None)
    best = min(int(costs[np.arange(len(costs)), row].sum()) for row in fitting)
    assert face.holds(master.assigned)
    assert master.bound <= best <= master.total


def test_bound_never_overtakes_an_allocation_at_absurd_prices():
    face = Face(np.ones((3, 2), dtype=bool), np.array([0, 0]), np.array([10**9, 2]))
    costs = np.array([[1, 2], [3, 4], [5, 6]])
    for price in (2**58, -(2**58), 7, -7):
        assert face.bound(costs, np.array([price, 0])) <= 9
    assert face.bound(costs, np.zeros(2, dtype=np.int64)) == 9
    assert NO_ARC > 2**58 + 2**50


def test_solve_cancelled_in_the_draw_is_proven_but_not_drawn():
    inputs = synthetic_inputs(139, 140, 60)
    cancel = threading.Event()

    def at_draw(event: Progress) -> None:
        if event.phase is Phase.TIE_BREAK:
            cancel.set()

    result = solve(inputs, Settings(), on_progress=at_draw, cancel=cancel)
    assert result.status is Status.CANCELLED
    assert result.bound == result.objective == solve(inputs, Settings()).objective
    assert result.gap == 0
    assert "optimum was proven" in result.message
    assert "optimum was proven" in status_words(result)
    assert result.certificate is not None
    assert result.certificate.verified
    assert result.solver == "highs"
    assert result.is_checked
    with pytest.raises(NotExplained):
        optimum(inputs, result)


def test_effort_words_tell_rounds_and_repairs():
    assert Effort(2, 1168, 0).words("highs") == (
        "HiGHS, in 2 rounds over 1,168 possible placements, with 0 repairs."
    )
    assert "1 round " in Effort(1, 5, 1, 3).words("cbc")
    assert "decided 3 steps" in Effort(1, 5, 1, 3).words("cbc")
    assert Effort().words("") == "None: the solve ended before a solver had decided."
