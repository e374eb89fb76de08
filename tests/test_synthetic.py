"""Synthetic runs: the same as rows and as inputs, feasible, with the promised shape."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.rules.matrices import Matrices
from allocator.rules.ranks import tied_groups
from tests.synthetic import large_rows, synthetic_inputs
from tests.table_inputs import inputs_from, is_feasible


def test_rows_and_inputs_are_the_same_run() -> None:
    inputs = synthetic_inputs(40, 30, 12, seed=3, places=44)
    again = inputs_from(large_rows(40, 30, 12, seed=3, places=44), inputs.run.id)
    assert inputs.run.id == again.run.id
    assert inputs.run.allocation_run == again.run.allocation_run
    assert inputs.workers == again.workers
    assert [vars_of(line) for line in inputs.job_lines] == [vars_of(j) for j in again.job_lines]
    assert inputs.weightings == again.weightings


def vars_of(line: object) -> list[object]:
    return [getattr(line, name) for name in line.__slots__]  # type: ignore[attr-defined]


def test_the_seed_decides() -> None:
    first, again, other = (synthetic_inputs(30, 30, 10, seed=seed) for seed in (1, 1, 2))
    assert (first.workers, first.job_lines) == (again.workers, again.job_lines)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert not {w.id for w in first.workers} & {w.id for w in other.workers}


@pytest.mark.parametrize(
    ("n_workers", "n_job_lines", "n_ranked", "places"),
    [(139, 140, 40, None), (300, 300, 300, None), (1000, 300, 60, 1010)],
)
def test_shape_of_large_runs(
    n_workers: int, n_job_lines: int, n_ranked: int, places: int | None
) -> None:
    inputs = synthetic_inputs(n_workers, n_job_lines, n_ranked, seed=5, places=places)
    arrays = Matrices(inputs)
    assert arrays.eligible.shape == (n_workers, n_job_lines)
    assert arrays.upper.min() >= 1
    assert n_workers <= arrays.upper.sum() <= 1.03 * n_workers
    assert 0.1 < 1 - arrays.eligible.mean() < 0.2
    assert is_feasible(inputs)
    lists = [worker.preferences.order for worker in inputs.workers]
    assert max(map(len, lists)) == n_ranked
    assert min(map(len, lists)) == 0
    assert all(min(order.values()) >= 1 for order in lists if order)
    assert sum(bool(tied_groups(order)) for order in lists) > 0.15 * n_workers
    first_choices = np.argmin(arrays.scores, axis=1)
    assert np.bincount(first_choices).max() > 5 * n_workers / n_job_lines


@pytest.mark.parametrize(
    "arguments", [(0, 5, 1), (5, 0, 0), (5, 4, 5), (5, 5, -1), (5, 5, 3, 1, 4), (5, 8, 3, 1, 7)]
)
def test_sizes_that_do_not_fit_are_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"there must be a place|a run needs"):
        synthetic_inputs(*arguments)
