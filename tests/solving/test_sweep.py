"""Sweeps: every point as solved alone, the frontier, cancel; local processes, a real cluster."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import ConfigurationError, DataIssue, UsageError
from allocator.measures import outcome
from allocator.models import JobLine, RunInputs, Settings, Weighting, Worker
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from allocator.solving.sweep import (
    SCHEDULER_VARIABLE,
    SweepProgress,
    grid,
    on_frontier,
    scheduler_address,
    sweep,
    sweep_executor,
)
from tests.strategies import RUN
from tests.waiting import PATIENCE

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


ROOT = Path(__file__).resolve().parents[2]


def test_local_processes_are_other_processes() -> None:
    with sweep_executor(processes=2) as executor:
        assert executor.submit(os.getpid).result(timeout=PATIENCE) != os.getpid()


def test_local_processes_do_not_run_the_main_module_again(tmp_path: Path) -> None:
    """As under Streamlit: a main module without a guard, a pool used from a thread."""
    script = tmp_path / "app.py"
    script.write_text(
        textwrap.dedent(
            """
            import operator, threading
            from allocator.solving.sweep import sweep_executor

            print("main module runs")

            def work():
                with sweep_executor(processes=2) as executor:
                    print(sum(executor.map(operator.neg, range(5))))

            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["main module runs", "-10"]
    assert done.stdout.count("main module runs") == 1


def test_a_dask_cluster_does_the_work(dask_scheduler: str) -> None:
    with sweep_executor(dask_scheduler) as executor:
        assert executor.submit(operator.neg, 3).result(timeout=PATIENCE) == -3
        assert executor.submit(os.getpid).result(timeout=PATIENCE) != os.getpid()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://"])
def test_an_unusable_scheduler_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allocator.solving.sweep.CONNECT_SECONDS", 1)
    with pytest.raises(ConfigurationError, match=address), sweep_executor(address):
        pass


def test_scheduler_address_comes_from_the_environment_or_the_secrets_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets.toml"
    monkeypatch.setenv("ALLOCATOR_SECRETS", str(secrets))
    monkeypatch.delenv(SCHEDULER_VARIABLE, raising=False)
    assert scheduler_address() == ""
    secrets.write_text('[console]\ndask_scheduler = "tcp://file:8786"\n')
    assert scheduler_address() == "tcp://file:8786"
    monkeypatch.setenv(SCHEDULER_VARIABLE, " tcp://head:8786 ")
    assert scheduler_address() == "tcp://head:8786"
