"""Costs on the whole-number grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import RunInputs, Settings
from allocator.rules.matrices import matrices, most_cost
from tests.brute_force import cost
from tests.strategies import run_inputs
from tests.synthetic import synthetic_inputs


@given(run_inputs(), st.floats(0, 1), st.sampled_from([0.5, 1, 1.7, 2, 3, 10]))
def test_costs_are_the_objective_s_coefficients(inputs: RunInputs, alpha: float, power: float):
    settings = Settings(alpha=alpha, power=power)
    costs = matrices(inputs).costs(settings)
    expected = [
        [float(cost(inputs, settings, w, j)) for j in inputs.job_lines] for w in inputs.workers
    ]
    found = costs.values * costs.unit
    same = np.isclose(found, expected, rtol=1e-9, atol=2 * costs.unit)
    assert (same | (not costs.exact and found < expected)).all()
    assert np.abs(costs.values).max() < most_cost(*costs.values.shape)


@pytest.mark.parametrize("alpha", [0.0, 0.1 + 0.2, 0.3, 0.25, 1 / 3, 0.123456, 1.0])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_costs_are_exact_for_short_alphas_and_whole_powers(alpha: float, power: float):
    inputs = synthetic_inputs(20, 21, 10)
    assert matrices(inputs).costs(Settings(alpha=alpha, power=power)).exact
