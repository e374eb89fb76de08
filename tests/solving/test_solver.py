"""The solver against brute force, and its promises: exact, repeatable, fair, interruptible."""

from __future__ import annotations

import random
import tempfile
import threading
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import (
    JobLine,
    Phase,
    Progress,
    RunInputs,
    Settings,
    SolverName,
    Status,
    Worker,
)
from allocator.rules.ranks import preferences
from allocator.solving.checker import check
from allocator.solving.solver import solve
from allocator.solving.tie_break import lottery_numbers
from tests.brute_force import optima, score
from tests.builders import small_run
from tests.profiles import examples
from tests.strategies import RUN, run_inputs
from tests.synthetic import synthetic_inputs

ALPHAS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.95, 1.0])
POWERS = st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 7.3, 10.0])


def placed(result) -> dict[str, str]:
    return {row.worker_mapping: row.job_line for row in result.allocations}


@pytest.mark.parametrize("power", [0.1, 2.5, 3.7, 5, 7, 10])
def test_solve_proves_the_optimum_at_any_power(power: float):
    result = solve(synthetic_inputs(30, 120, 120), Settings(power=power))
    assert result.status is Status.OPTIMAL
    assert result.certificate is not None
    assert result.certificate.verified
    total = sum(row.score**power for row in result.allocations)
    assert result.worker_dissatisfaction == pytest.approx(total, rel=1e-12)
    assert result.objective == pytest.approx(sum(row.cost for row in result.allocations))


@given(run_inputs(max_workers=5, max_job_lines=5), ALPHAS, POWERS)
@examples(150)
def test_solve_finds_the_brute_force_optimum(inputs: RunInputs, alpha: float, power: float):
    settings = Settings(alpha=alpha, power=power)
    best, allocations = optima(inputs, settings)
    result = solve(inputs, settings)
    if best is None:
        assert result.status is Status.INFEASIBLE
        assert not result.allocations
        return
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(float(best), rel=1e-9)
    assert result.bound == result.objective
    assert result.certificate is not None
    assert result.certificate.verified
    assert result.is_checked
    held = placed(result)
    assert [held[w.id] for w in inputs.workers] in [[j.id for j in row] for row in allocations]


@given(run_inputs(max_workers=4, max_job_lines=4), ALPHAS)
@examples(80)
def test_solve_by_bucket_first_finds_the_brute_force_optimum(inputs: RunInputs, alpha: float):
    settings = Settings(alpha=alpha, bucket_order=True)
    best, allocations = optima(replace(inputs, bucket_order=True), settings)
    result = solve(inputs, settings)
    if best is None:
        assert result.status is Status.INFEASIBLE
        return
    assert result.objective == pytest.approx(float(best), rel=1e-9)
    assert result.certificate is not None
    assert result.certificate.verified
    held = placed(result)
    assert [held[w.id] for w in inputs.workers] in [[j.id for j in row] for row in allocations]
    assert result.fingerprint != solve(inputs, Settings(alpha=alpha)).fingerprint


def test_the_check_refuses_a_result_of_the_other_reading():
    inputs = small_run()
    buckets = {line.id: 10 * (9 - number) for number, line in enumerate(inputs.job_lines)}
    workers = (
        replace(w, preferences=replace(w.preferences, buckets=buckets)) for w in inputs.workers
    )
    inputs = replace(inputs, workers=tuple(workers))
    settings = Settings(bucket_order=True)
    own, other = solve(inputs, settings), solve(inputs, Settings())
    assert check(inputs, settings, own.allocations, own.objective, own.certificate).proven
    verdict = check(inputs, settings, other.allocations, other.objective, other.certificate)
    assert {c.rule for c in verdict.checks if c.failures} == {
        "Scores, costs and the objective add up",
        "Original preferences are the workers' own ranks",
    }


@given(run_inputs(max_workers=5, max_job_lines=4, feasible=True), st.randoms(use_true_random=False))
@examples(60)
def test_solve_does_not_depend_on_the_order_of_rows_or_the_solver(
    inputs: RunInputs, shuffler: random.Random
):
    expected = placed(solve(inputs, Settings()))
    workers, job_lines, weightings = map(
        list, (inputs.workers, inputs.job_lines, inputs.weightings)
    )
    for rows in (workers, job_lines, weightings):
        shuffler.shuffle(rows)
    shuffled = replace(
        inputs,
        workers=tuple(workers),
        job_lines=tuple(job_lines),
        weightings=tuple(weightings),
    )
    assert placed(solve(shuffled, Settings())) == expected
    assert placed(solve(shuffled, Settings(solver=SolverName.CBC))) == expected


@given(run_inputs(max_workers=4, max_job_lines=4, feasible=True), st.integers(0, 10**6))
@examples(60)
def test_solve_renamed_ids_keep_the_objective(inputs: RunInputs, salt: int):
    renamed = _renamed(inputs, salt)
    assert solve(renamed, Settings()).objective == solve(inputs, Settings()).objective


@given(run_inputs(max_workers=5, max_job_lines=4, feasible=True), st.integers(0, 10**9))
@examples(100)
def test_solve_lottery_serves_workers_in_the_order_of_their_numbers(inputs: RunInputs, seed: int):
    """Each in turn gets its least score among the optima that the earlier ones left."""
    _, left = optima(inputs, Settings())
    numbers = lottery_numbers(seed, [worker.id for worker in inputs.workers])
    held = placed(solve(inputs, Settings(seed=seed)))
    for turn in np.argsort(numbers):
        worker = inputs.workers[turn]
        scores = [score(inputs, worker, row[turn]) for row in left]
        assert score(inputs, worker, inputs.job_line(held[worker.id])) == min(scores)
        left = [row for row in left if row[turn].id == held[worker.id]]
    assert len(left) == 1


def test_solve_equal_workers_share_the_better_job_line_over_seeds():
    """Four workers with one taste, two wanted places: each gets one in about half of all seeds."""
    lines = tuple(JobLine(f"j{i}", f"Line {i}") for i in range(4))
    ids = {line.id for line in lines}
    taste = preferences({"j0": 1, "j1": 1, "j2": 3, "j3": 3}, ids)
    inputs = RunInputs(RUN, tuple(Worker(f"w{i}", preferences=taste) for i in range(4)), lines)
    wins: Counter[str] = Counter()
    tries = 400
    for seed in range(tries):
        for worker, line in placed(solve(inputs, Settings(seed=seed))).items():
            wins[worker] += line in ("j0", "j1")
    # Standard deviation of each count is 10; six of them leave one chance in a million.
    assert all(abs(wins[f"w{i}"] - tries / 2) < 60 for i in range(4))


def test_solve_reports_every_phase_in_order():
    events: list[Progress] = []
    result = solve(synthetic_inputs(60, 60, 30, places=61), Settings(), on_progress=events.append)
    phases = list(dict.fromkeys(event.phase for event in events))
    assert phases == list(Phase)
    assert events[0].elapsed >= 0
    assert events[-1].incumbent == result.objective
    assert events[-1].gap == 0
    assert max(event.variables for event in events) > 0
    assert all(a.elapsed <= b.elapsed for a, b in pairwise(events))


def test_solve_cancelled_returns_the_best_so_far_marked_as_such():
    inputs = synthetic_inputs(139, 140, 60)
    cancel = threading.Event()

    def at_master(event: Progress) -> None:
        if event.phase is Phase.MASTER:
            cancel.set()

    result = solve(inputs, Settings(), on_progress=at_master, cancel=cancel)
    assert result.status is Status.CANCELLED
    assert len(result.allocations) == 139
    assert result.certificate is None
    assert result.gap is not None
    assert result.gap >= 0
    assert result.objective == pytest.approx(result.bound + result.gap)
    assert result.is_checked


def test_solve_cancelled_before_anything_was_found_has_no_allocation():
    cancel = threading.Event()
    cancel.set()
    result = solve(synthetic_inputs(20, 20, 10), Settings(), cancel=cancel)
    assert result.status is Status.CANCELLED
    assert result.allocations == ()
    assert result.objective is None


def test_solve_cancelled_while_cbc_runs_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cancel = threading.Event()

    def on_progress(event: Progress) -> None:
        if event.phase is Phase.MASTER:
            cancel.set()

    inputs = synthetic_inputs(139, 140, 60)
    chosen = Settings(solver=SolverName.CBC)
    result = solve(inputs, chosen, on_progress=on_progress, cancel=cancel)
    assert result.status is Status.CANCELLED
    assert result.is_checked
    assert list(tmp_path.iterdir()) == []


def test_solve_out_of_time_says_so():
    result = solve(synthetic_inputs(139, 140, 60), Settings(time_limit=0.001))
    assert result.status is Status.FEASIBLE
    assert result.certificate is None
    assert result.is_checked
    assert result.gap > 0
    assert "time limit" in result.message


def test_solve_without_time_still_finds_that_there_is_no_allocation():
    inputs = synthetic_inputs(20, 21, 10)
    crowded = replace(inputs, job_lines=inputs.job_lines[:3])
    lines = {line.id for line in crowded.job_lines}
    workers = [
        replace(w, preferences=preferences(w.preferences.order, lines)) for w in inputs.workers
    ]
    result = solve(replace(crowded, workers=tuple(workers)), Settings(time_limit=1e-9))
    assert result.status is Status.INFEASIBLE
    assert result.timings["solve"] > 0


def _renamed(inputs: RunInputs, salt: int) -> RunInputs:
    """The same run under other ids, in another order."""
    new = {
        row.id: f"{(hash((salt, i)) & 0xFFFFFFFF):08x}-{row.id}"
        for i, row in enumerate((*inputs.workers, *inputs.job_lines))
    }
    outside = lambda ids: frozenset(new.get(i, i) for i in ids)  # noqa: E731
    lines = []
    for line in inputs.job_lines:
        rules = line.eligibility
        if rules is not None:
            rules = replace(
                rules,
                job_line=new[line.id],
                included_worker_mapping_ids=outside(rules.included_worker_mapping_ids),
                excluded_worker_mapping_ids=outside(rules.excluded_worker_mapping_ids),
            )
        lines.append(replace(line, id=new[line.id], eligibility=rules))
    in_run = {line.id for line in lines}
    workers = []
    for worker in inputs.workers:
        order = {new.get(j, j): rank for j, rank in worker.preferences.order.items()}
        workers.append(replace(worker, id=new[worker.id], preferences=preferences(order, in_run)))
    weightings = [
        replace(
            row,
            job_line=None if row.job_line is None else new.get(row.job_line, row.job_line),
            worker_mapping_ids=outside(row.worker_mapping_ids),
        )
        for row in inputs.weightings
    ]
    key = lambda row: row.id  # noqa: E731
    return replace(
        inputs,
        workers=tuple(sorted(workers, key=key)),
        job_lines=tuple(sorted(lines, key=key)),
        weightings=tuple(weightings),
    )
