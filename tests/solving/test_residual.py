"""The residual graph from any start: same optimum, same prices, exact chains."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from allocator.solving.residual import NO_ARC, Face, Residual


@st.composite
def faces(draw):
    """Small costs, places and fewest workers, and every allocation that fits them."""
    n_workers, n_lines = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    pairs = n_workers * n_lines
    costs = draw(st.lists(st.integers(-9, 9), min_size=pairs, max_size=pairs))
    allowed = draw(
        st.lists(st.sampled_from([True, True, True, False]), min_size=pairs, max_size=pairs)
    )
    upper = np.array(draw(st.lists(st.integers(0, 3), min_size=n_lines, max_size=n_lines)))
    lower = np.array(draw(st.lists(st.integers(0, 1), min_size=n_lines, max_size=n_lines)))
    shape = (n_workers, n_lines)
    face = Face(np.array(allowed).reshape(shape), lower, upper)
    fitting = []
    for chosen in product(range(n_lines), repeat=n_workers):
        row = np.array(chosen, dtype=np.intp)
        filled = np.bincount(row, minlength=n_lines)
        fits = (filled <= upper).all() and (filled >= lower).all()
        if fits and face.allowed[range(n_workers), row].all():
            fitting.append(row)
    assume(fitting)
    return np.array(costs, dtype=np.int64).reshape(shape), face, fitting


@given(faces(), st.data())
@hypothesis_settings(deadline=None)
def test_optimise_reaches_the_optimum_and_its_prices_from_any_start(drawn, data):
    costs, face, fitting = drawn
    rows = np.arange(len(costs))
    best = min(int(costs[rows, row].sum()) for row in fitting)
    starts = [data.draw(st.sampled_from(fitting)), data.draw(st.sampled_from(fitting))]
    outcomes = [Residual(costs, face, start.copy()) for start in starts]
    prices = [residual.optimise()[0] for residual in outcomes]
    assert [residual.total for residual in outcomes] == [best, best]
    np.testing.assert_array_equal(*prices)
    reduced = np.where(face.allowed, costs + prices[0], NO_ARC).min(axis=1).sum()
    paid = np.where(prices[0] > 0, prices[0] * face.upper, prices[0] * face.lower).sum()
    assert reduced - paid == best


@given(faces())
@hypothesis_settings(deadline=None)
def test_narrowed_keeps_exactly_the_optima(drawn):
    costs, face, fitting = drawn
    rows = np.arange(len(costs))
    residual = Residual(costs, face, fitting[0].copy())
    prices, _ = residual.optimise()
    left = face.narrowed(costs, prices)
    for row in fitting:
        filled = np.bincount(row, minlength=len(left.lower))
        inside = left.allowed[rows, row].all()
        inside = inside and (filled >= left.lower).all() and (filled <= left.upper).all()
        assert inside == (costs[rows, row].sum() == residual.total)


@given(faces())
@hypothesis_settings(deadline=None)
def test_distances_to_a_job_line_are_what_a_chain_of_moves_costs(drawn):
    """From j to k: the best allocation with one worker more at k and one fewer at j."""
    costs, face, fitting = drawn
    rows = np.arange(len(costs))
    residual = Residual(costs, face, fitting[0].copy())
    residual.optimise()
    n_lines = costs.shape[1]
    for target in range(n_lines):
        distance, _ = residual.distances_to(target)
        for origin in set(range(n_lines)) - {target}:
            shift = np.zeros(n_lines, dtype=int)
            shift[[origin, target]] = [1, -1]
            totals = []
            for row in map(np.array, product(range(n_lines), repeat=len(costs))):
                filled = np.bincount(row, minlength=n_lines) + shift
                fits = (filled <= face.upper).all() and (filled >= face.lower).all()
                if fits and face.allowed[rows, row].all():
                    totals.append(int(costs[rows, row].sum()))
            expected = min(totals) - residual.total if totals else NO_ARC
            assert distance[origin] == expected
