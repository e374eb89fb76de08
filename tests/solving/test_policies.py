"""Every policy against brute force, and the checker against false proofs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import JobLine, Policy, RunInputs, Settings, Worker
from allocator.result import Status
from allocator.rules.ranks import preferences
from allocator.solving.checker import check
from allocator.solving.solver import solve
from tests.brute_force import cost, feasible, score, within_cap
from tests.profiles import examples
from tests.strategies import RUN, run_inputs


def choice(inputs: RunInputs, worker, line: JobLine) -> int:
    """1 + job lines that the worker ranked better; one past the last when unranked."""
    in_run = {row.id for row in inputs.job_lines}
    order = {j: rank for j, rank in worker.preferences.order.items() if j in in_run}
    if line.id not in order:
        return len(in_run) + 1
    return 1 + sum(rank < order[line.id] for rank in order.values())


def profile(policy: Policy, inputs: RunInputs, chosen: tuple[JobLine, ...]) -> list:
    """What the policy compares: smaller is better, position by position."""
    placed = list(zip(inputs.workers, chosen, strict=True))
    if policy is Policy.LEXIMIN:
        return sorted((score(inputs, w, line) for w, line in placed), reverse=True)
    counts = Counter(choice(inputs, w, line) for w, line in placed)
    numbers = range(1, len(inputs.job_lines) + 2)
    if policy is Policy.GREEDY:
        return [-counts[k] for k in numbers]
    return [counts[k] for k in reversed(numbers)]


@given(
    run_inputs(max_workers=5, max_job_lines=4, feasible=True),
    st.sampled_from([Policy.GREEDY, Policy.GENEROUS, Policy.LEXIMIN]),
)
@examples(120)
def test_solve_policy_is_the_best_profile_then_the_least_total(inputs: RunInputs, policy: Policy):
    settings = Settings(policy=policy)
    best = min(
        (
            profile(policy, inputs, chosen),
            sum(
                cost(inputs, settings, w, line)
                for w, line in zip(inputs.workers, chosen, strict=True)
            ),
        )
        for chosen in feasible(inputs)
    )
    result = solve(inputs, settings)
    held = {row.worker_mapping: row.job_line for row in result.allocations}
    chosen = tuple(inputs.job_line(held[w.id]) for w in inputs.workers)
    assert result.status is Status.OPTIMAL
    assert result.certificate is not None
    assert result.certificate.verified
    assert profile(policy, inputs, chosen) == best[0]
    assert result.objective == pytest.approx(float(best[1]))


@given(run_inputs(max_workers=5, max_job_lines=4, feasible=True), st.integers(1, 5))
@examples(60)
def test_solve_cap_on_the_worst_rank_holds_or_is_infeasible(inputs: RunInputs, cap: int):
    settings = Settings(worst_rank=cap)
    within = [
        sum(cost(inputs, settings, w, j) for w, j in zip(inputs.workers, chosen, strict=True))
        for chosen in feasible(inputs)
        if within_cap(inputs, chosen, cap)
    ]
    result = solve(inputs, settings)
    if not within:
        assert result.status is Status.INFEASIBLE
    else:
        assert result.objective == pytest.approx(float(min(within)))
        held = {row.worker_mapping: inputs.job_line(row.job_line) for row in result.allocations}
        assert within_cap(inputs, tuple(held[w.id] for w in inputs.workers), cap)


def test_check_of_the_cap_binds_workers_who_ranked_and_exempts_the_others():
    lines = tuple(JobLine(j, f"Line {j}") for j in "ABCD")
    ids = {line.id for line in lines}
    lists = {"nothing": {}, "two": {"A": 1, "B": 2}}
    workers = tuple(Worker(w, preferences=preferences(order, ids)) for w, order in lists.items())
    inputs = RunInputs(RUN, workers, lines)
    result = solve(inputs, Settings(worst_rank=1))
    assert result.status is Status.OPTIMAL
    assert {a.worker_mapping: a.score for a in result.allocations} == {"nothing": 2.5, "two": 1}
    cap = next(c for c in result.checks if "above the cap" in c.rule)
    assert (cap.tested, cap.failures) == (1, ())
    moved = solve(replace(inputs, pins={"two": "B"}), Settings())
    verdict = check(inputs, Settings(worst_rank=1), moved.allocations, 0.0, None)
    assert [c.failures for c in verdict.checks if "above the cap" in c.rule] == [
        ("two is above the cap on the worst rank",)
    ]


@given(run_inputs(max_workers=5, max_job_lines=5, feasible=True), st.data())
@examples(60)
def test_check_refuses_a_proof_for_any_allocation_that_is_not_optimal(inputs: RunInputs, data):
    settings = Settings()
    result = solve(inputs, settings)
    chosen = data.draw(st.sampled_from(list(feasible(inputs))))
    costs = [
        float(cost(inputs, settings, w, j)) for w, j in zip(inputs.workers, chosen, strict=True)
    ]
    rows = []
    for worker, line, price in zip(inputs.workers, chosen, costs, strict=True):
        template = next(row for row in result.allocations if row.worker_mapping == worker.id)
        rank = worker.preferences.order.get(line.id)
        ranks = sorted(worker.preferences.order.values())
        own = [i for i, other in enumerate(ranks, 1) if other == rank]
        rows.append(
            replace(
                template,
                job_line=line.id,
                score=float(score(inputs, worker, line)),
                original_preference=sum(own) / len(own) if own else None,
                cost=price,
            )
        )
    verdict = check(inputs, settings, rows, sum(costs), result.certificate)
    assert verdict.passed
    assert verdict.proven == (sum(costs) <= result.objective + 1e-9)
    raised = dict(result.certificate.prices)
    raised[next(iter(raised))] += 1000.0
    false = replace(result.certificate, prices=raised)
    assert not check(inputs, settings, rows, sum(costs) + 1, false).passed
