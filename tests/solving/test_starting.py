"""The start is exact: however a run is cut into parts, its prices prove its allocation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from allocator.errors import Infeasible
from allocator.solving import starting
from allocator.solving.residual import Face
from allocator.solving.starting import Start, best_allocation, feasible_allocation


def never() -> bool:
    return False


def proven_total(costs: np.ndarray, face: Face, start: Start | None) -> int:
    """The start's total, after the proof that none is below."""
    assert start is not None
    assert face.holds(start.assigned)
    total = int(costs[np.arange(len(costs)), start.assigned].sum())
    assert face.bound(costs, start.prices) == total
    return total


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a few workers are cut into parts as if they were large."""
    monkeypatch.setattr(starting, "WHOLE", 8)
    monkeypatch.setattr(starting, "WHOLE_CROWDED", 8)
    monkeypatch.setattr(starting, "QUICK", 4)
    for name in ("FOR_WORKER", "FOR_JOB_LINE", "MORE"):
        monkeypatch.setattr(starting, name, 1)


@st.composite
def any_faces(draw: st.DrawFn) -> tuple[np.ndarray, Face]:
    """Costs of any sign, and rules that may leave no allocation."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    costs = draw(st.lists(st.integers(-9, 9), min_size=n * m, max_size=n * m))
    allowed = draw(st.lists(st.sampled_from([True, True, False]), min_size=n * m, max_size=n * m))
    lower = draw(st.lists(st.sampled_from([0, 0, 1]), min_size=m, max_size=m))
    room = draw(st.lists(st.sampled_from([0, 1, 20]), min_size=m, max_size=m))
    face = Face(
        np.array(allowed).reshape(n, m),
        np.array(lower, dtype=np.int64),
        np.array(lower, dtype=np.int64) + np.array(room, dtype=np.int64),
    )
    return np.array(costs, dtype=np.int64).reshape(n, m), face


def check_any(costs: np.ndarray, face: Face) -> None:
    """There is a proven start exactly when the maximum flow finds an allocation."""
    try:
        feasible_allocation(face)
    except Infeasible:
        with pytest.raises(Infeasible):
            best_allocation(costs, face, never)
        return
    proven_total(costs, face, best_allocation(costs, face, never))


@given(any_faces())
@hypothesis_settings(deadline=None)
def test_whole_start_is_proven_or_there_is_none(drawn):
    check_any(*drawn)


def test_start_in_parts_is_proven_or_there_is_none(in_parts):
    @given(any_faces())
    @hypothesis_settings(deadline=None)
    def holds(drawn):
        check_any(*drawn)

    holds()


def taste_of(n_workers: int, places: np.ndarray, seed: int, mandatory: int) -> tuple:
    """A run whose workers share a taste, a seventh of the pairs forbidden."""
    draw = np.random.default_rng(seed)
    shape = n_workers, len(places)
    costs = draw.integers(0, 1000, shape) + draw.integers(0, 3000, len(places))
    face = Face(draw.random(shape) < 0.86, (np.arange(len(places)) < mandatory) * 1, places)
    return costs, face


@pytest.mark.parametrize("places", [np.full(60, 1), np.full(30, 2), np.full(5, 12)])
@pytest.mark.parametrize("mandatory", [0, 4])
def test_parts_cost_what_the_whole_costs(
    places: np.ndarray, mandatory: int, monkeypatch: pytest.MonkeyPatch
):
    """One place each, some places each, crowded: the same total by all three ways."""
    costs, face = taste_of(57, places, 3, mandatory)
    whole = proven_total(costs, face, best_allocation(costs, face, never))
    monkeypatch.setattr(starting, "WHOLE", 300)
    monkeypatch.setattr(starting, "WHOLE_CROWDED", 300)
    assert proven_total(costs, face, best_allocation(costs, face, never)) == whole


def test_stopped_start_in_parts_brings_nothing(in_parts):
    costs, face = taste_of(20, np.full(21, 1), 1, 0)
    assert best_allocation(costs, face, lambda: True) is None
    asked = iter(range(100))
    assert best_allocation(costs, face, lambda: next(asked) > 3) is None


def test_huge_costs_are_decided_in_whole_numbers():
    """Differences of 1 beside costs near 2⁵⁰, which floating point does not add up exactly."""
    costs, face = taste_of(30, np.full(33, 1), 2, 5)
    costs = costs % 3 + (costs > 2000) * 2**50
    proven_total(costs, face, best_allocation(costs, face, never))
