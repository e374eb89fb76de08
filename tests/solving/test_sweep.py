"""Sweeps: every point as solved alone, the frontier, progress, cancel, a real cluster."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import DataIssue, UsageError
from allocator.measures import outcome
from allocator.models import JobLine, RunInputs, Settings, Weighting, Worker
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from allocator.solving.sweep import SweepProgress, grid, on_frontier, sweep
from tests.strategies import RUN

MEASURES = ["worker_dissatisfaction", "organisation_dissatisfaction"]


def run(size: int = 12, issues: tuple[DataIssue, ...] = ()) -> RunInputs:
    """Workers with random lists, weightings that pull against them."""
    random = np.random.default_rng(5)
    lines = [f"l{i:03}" for i in range(size)]
    workers = []
    for i in range(size):
        order = {lines[int(j)]: k for k, j in enumerate(random.permutation(size), start=1)}
        workers.append(Worker(f"w{i:03}", f"W{i}", preferences=preferences(order, set(lines))))
    weightings = tuple(
        Weighting(
            f"x{i}",
            int(random.integers(-6, 7)),
            str(random.choice(lines)),
            worker_mapping_ids=frozenset({str(random.choice([w.id for w in workers]))}),
        )
        for i in range(4 * size)
    )
    job_lines = tuple(JobLine(line, line) for line in lines)
    return RunInputs(RUN, tuple(workers), job_lines, weightings, issues=issues, fingerprint="f")


def test_every_point_equals_its_own_solve() -> None:
    inputs, events = run(), []
    points = grid(Settings(), [0, 0.25, 0.5, 0.75, 1], [1, 2])
    frame = sweep(inputs, points, on_progress=events.append, address="", processes=2)
    assert list(frame["alpha"]) == [0, 0.25, 0.5, 0.75, 1] * 2
    assert list(frame["power"]) == [1] * 5 + [2] * 5
    assert set(frame["status"]) == {"optimal"}
    for row, settings in zip(frame.itertuples(), points, strict=True):
        alone = solve(inputs, settings)
        assert row.objective == alone.objective
        assert row.worker_dissatisfaction == alone.worker_dissatisfaction
        assert row.organisation_dissatisfaction == alone.organisation_dissatisfaction
        scores = [a.score for a in alone.allocations]
        assert row.mean_rank == pytest.approx(np.mean(scores))
        assert row.first_choice_share == outcome(inputs, alone).first_choice_share
        assert row.weighting_points == outcome(inputs, alone).weighting_points
        assert row.top_3_share == outcome(inputs, alone).share(3)
    assert (events[0].done, events[0].total, events[0].point) == (0, 10, None)
    assert events[-1].done == 10
    assert sorted(e.done for e in events) == [e.done for e in events]
    between = frame[(frame["power"] == 1) & frame["alpha"].between(0.1, 0.9)]
    assert between["frontier"].all()


def test_a_cluster_gives_the_same_frame(dask_scheduler: str) -> None:
    inputs, points = run(), grid(Settings(), [0.2, 0.8])
    here = sweep(inputs, points, address="", processes=1)
    there = sweep(inputs, points, address=dask_scheduler)
    pd.testing.assert_frame_equal(here.drop(columns="seconds"), there.drop(columns="seconds"))


def test_cancel_ends_solves_that_have_begun_and_keeps_what_is_solved() -> None:
    cancel, seen = threading.Event(), []

    def stop_after_first(progress: SweepProgress) -> None:
        seen.append(progress)
        if progress.done:
            cancel.set()

    points = grid(Settings(), np.linspace(0, 1, 1000))
    frame = sweep(
        run(40), points, on_progress=stop_after_first, cancel=cancel, address="", processes=1
    )
    counts = frame["status"].value_counts()
    assert len(frame) == 1000
    assert counts["optimal"] >= 1
    assert counts["cancelled"] >= 1
    assert frame.loc[frame["status"] == "cancelled", "objective"].isna().all()
    assert not frame.loc[frame["status"] == "cancelled", "frontier"].any()


def test_cancelled_before_it_starts_solves_nothing() -> None:
    cancel = threading.Event()
    cancel.set()
    frame = sweep(run(), grid(Settings(), [0, 1]), cancel=cancel, address="", processes=1)
    assert frame["status"].tolist() == ["cancelled", "cancelled"]


def test_data_errors_are_told_at_each_point() -> None:
    broken = run(issues=(DataIssue("workers", "W0", "is wrong.", "Mend it."),))
    frame = sweep(broken, grid(Settings(), [0, 1]), address="", processes=1)
    assert frame["status"].tolist() == ["invalid_data", "invalid_data"]
    assert frame["message"].str.contains("data error").all()


def test_grid_keeps_each_pair_once_in_order() -> None:
    points = grid(Settings(seed=7, power=3), [0.5, 0.1, 0.5])
    assert [(p.alpha, p.power, p.seed) for p in points] == [(0.1, 3, 7), (0.5, 3, 7)]


def test_grid_refuses_a_value_out_of_range() -> None:
    with pytest.raises(UsageError, match="alpha must lie between"):
        grid(Settings(), [0.5, 1.5])


@given(
    st.lists(st.tuples(*[st.one_of(st.integers(0, 4).map(float), st.just(np.nan))] * 2), max_size=8)
)
def test_frontier_is_what_nobody_beats(points: list[tuple[float, float]]) -> None:
    flags = on_frontier(np.array(points, dtype=float).reshape(-1, 2))
    for flag, (x, y) in zip(flags, points, strict=True):
        beaten = any(a <= x and b <= y and (a, b) != (x, y) for a, b in points)
        assert flag == (not np.isnan([x, y]).any() and not beaten)
