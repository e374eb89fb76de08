"""The odds are those of the lottery: followed exactly, or drawn until they are known well."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from allocator.explanation import odds as module
from allocator.explanation.courses import Courses
from allocator.explanation.odds import odds, odds_words
from allocator.explanation.optimum import optimum
from allocator.models import JobLine, RunInputs, Settings, Worker
from allocator.result import Status
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from allocator.solving.tie_break import TieBreak, lottery_numbers
from tests.strategies import RUN, run_inputs

SEEDS = 300


def rivals(n: int = 3, order: tuple[str, ...] = ("a", "b", "c")) -> RunInputs:
    """`n` workers who all rank the same job lines alike."""
    ranks = {line: rank for rank, line in enumerate(order, start=1)}
    lines = tuple(JobLine(key, key.upper(), i) for i, key in enumerate(order))
    workers = (Worker(f"w{i}", preferences=preferences(ranks, set(order))) for i in range(n))
    return RunInputs(RUN, tuple(workers), lines)


def test_three_who_want_the_same_have_a_third_of_each():
    inputs = rivals()
    found = odds(inputs, solve(inputs, Settings()))
    assert found.is_exact
    assert {w: dict(shares) for w, shares in found.shares.items()} == {
        f"w{i}": {"a": pytest.approx(1 / 3), "b": pytest.approx(1 / 3), "c": pytest.approx(1 / 3)}
        for i in range(3)
    }


def test_a_placement_that_every_optimum_has_is_not_drawn():
    inputs = rivals(1)
    result = solve(inputs, Settings())
    found = odds(inputs, result)
    assert not found.is_drawn("w0")
    assert "No lot" in odds_words(found, inputs, "w0", "a")


@given(run_inputs(feasible=True, max_workers=5, max_job_lines=5))
@settings(max_examples=15, deadline=None)
def test_the_odds_are_those_of_many_seeds(inputs):
    result = solve(inputs, Settings())
    if result.status is not Status.OPTIMAL:
        return
    found = odds(inputs, result)
    assert found.is_exact
    best, drawn = optimum(inputs, result), Counter[tuple[str, str]]()
    ids = [w.id for w in inputs.workers], [j.id for j in inputs.job_lines]
    for seed in range(SEEDS):
        mine, theirs = (lottery_numbers(seed, of) for of in ids)
        assigned = TieBreak(best.optimal, best.assigned).run(best.matrices.scores, mine, theirs)
        drawn.update(zip(ids[0], (ids[1][j] for j in assigned), strict=True))
    for worker, shares in found.shares.items():
        assert sum(shares.values()) == pytest.approx(1)
        for line, share in shares.items():
            # Five standard deviations: once in millions of runs of this test.
            width = 5 * np.sqrt(share * (1 - share) / SEEDS) + 1 / SEEDS
            assert abs(drawn[worker, line] / SEEDS - share) <= width


def test_many_optima_are_drawn_and_the_margin_is_told(monkeypatch):
    inputs = rivals(5, ("a", "b", "c", "d", "e"))
    result = solve(inputs, Settings())
    exact = odds(inputs, result)
    assert exact.is_exact
    monkeypatch.setattr(module, "MOST_OPTIMA", 10)
    told = []
    again = odds(
        inputs, replace(result), seconds=600, on_draws=lambda done, most: told.append((done, most))
    )
    assert again.margin <= module.MARGIN
    assert again.draws == told[-1][0] <= told[-1][1]
    for worker, shares in again.shares.items():
        for line, share in shares.items():
            assert abs(share - exact.shares[worker][line]) < 3 * module.MARGIN
    assert "95 % confidence" in odds_words(again, inputs, "w0", "a")


def test_a_cancel_ends_the_draws_and_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(module, "MOST_OPTIMA", 1)
    inputs = rivals()
    result = solve(inputs, Settings())
    stopped = odds(inputs, result, stop=lambda: True)
    assert stopped.stopped
    assert odds(inputs, result, seconds=600) is not stopped


@given(run_inputs(feasible=True, max_workers=5, max_job_lines=5))
@settings(max_examples=15, deadline=None)
def test_courses_drawn_quickly_have_the_exact_odds(inputs):
    result = solve(inputs, Settings())
    if result.status is not Status.OPTIMAL:
        return
    exact, best, draws = odds(inputs, result), optimum(inputs, result), 2000
    ties = TieBreak(best.optimal, best.assigned)
    if not len(ties.contested):
        return
    courses = Courses(ties, best.matrices.scores, ties.contested, np.random.default_rng(1))
    courses.draw(draws)
    rows, columns = courses.workers.tolist(), courses.lines.tolist()
    for worker, shares in exact.shares.items():
        row = inputs.worker_positions[worker]
        for line, share in shares.items():
            width = 5 * np.sqrt(share * (1 - share) / draws) + 1 / draws
            column = columns.index(inputs.job_line_positions[line])
            drawn = courses.counts[rows.index(row), column] / draws
            assert abs(drawn - share) <= width
        assert courses.counts[rows.index(row)].sum() == draws


def test_parts_that_do_not_touch_are_told_on_their_own(monkeypatch):
    """Two who want the same are followed exactly beside six others who must be drawn."""
    monkeypatch.setattr(module, "MOST_OPTIMA", 100)
    pair, crowd = ("a", "b"), ("c", "d", "e", "f", "g", "h")
    lines = tuple(JobLine(key, key.upper(), i) for i, key in enumerate(pair + crowd))
    workers = []
    for group in (pair, crowd):
        ranks = {line: rank for rank, line in enumerate(group, start=1)}
        prefers = preferences(ranks, {line.id for line in lines})
        workers += [Worker(f"{group[0]}{i}", preferences=prefers) for i in range(len(group))]
    inputs = RunInputs(RUN, tuple(workers), lines)
    found = odds(inputs, solve(inputs, Settings()), seconds=600)
    assert not found.is_exact
    assert found.shares["a0"] == {"a": 0.5, "b": 0.5}
    for line in crowd:
        assert abs(found.shares["c0"][line] - 1 / 6) < 3 * module.MARGIN


def test_a_wider_margin_takes_fewer_draws_and_gives_way_to_a_narrower_one(monkeypatch):
    monkeypatch.setattr(module, "MOST_OPTIMA", 1)
    inputs = rivals()
    result = solve(inputs, Settings())
    wide = odds(inputs, result, margin=0.05)
    assert 0 < wide.margin <= 0.05
    narrow = odds(inputs, result, margin=0.02)
    assert narrow.margin <= 0.02
    assert narrow.draws > wide.draws
    assert odds(inputs, result, margin=0.05) is narrow
