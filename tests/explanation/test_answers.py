"""Explanations: every price against a forced re-solve, every claim against all allocations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import NotExplained, NotSolved
from allocator.explanation import (
    Situation,
    contested_job_lines,
    extremes,
    placement_options,
    tied_workers,
    wanted_swaps,
)
from allocator.explanation.fairness import cap_words
from allocator.measures import outcome
from allocator.models import JobLine, Policy, RunInputs, Settings, Worker
from allocator.result import SolveResult, Status
from allocator.rules.matrices import matrices
from allocator.rules.ranks import preferences
from allocator.solving.solver import solve
from allocator.solving.tie_break import lottery_numbers
from tests.builders import small_run
from tests.profiles import examples
from tests.strategies import RUN, after_another_allocation, run_inputs

some_settings = st.builds(
    Settings,
    alpha=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    power=st.sampled_from([1.0, 2.0, 1.7]),
    seed=st.integers(0, 3),
    policy=st.sampled_from(Policy),
    move_price=st.sampled_from([0.0, 0.0, 1.5]),
)
small_runs = run_inputs(max_workers=5, max_job_lines=5, feasible=True, scenario=True).map(
    after_another_allocation
)
few = examples(25)


def forced(inputs: RunInputs, worker: str, job_line: str) -> RunInputs:
    """The worker must get the job line, eligible or not."""
    return replace(
        inputs,
        pins={**inputs.pins, worker: job_line},
        rulings={**inputs.rulings, (worker, job_line): True},
    )


def every_allocation(inputs: RunInputs) -> Iterator[tuple[int, ...]]:
    """Column of each worker, in each allocation that satisfies the hard rules."""
    arrays = matrices(inputs)
    options = [np.flatnonzero(row).tolist() for row in arrays.eligible]
    for columns in product(*options):
        filled = np.bincount(np.array(columns, dtype=int), minlength=len(inputs.job_lines))
        if (filled >= arrays.lower).all() and (filled <= arrays.upper).all():
            yield columns


def judgement(inputs: RunInputs, chosen: Settings, columns: tuple[int, ...]) -> tuple[float, ...]:
    """What the policy compares, less is better: its counts, class by class, then the cost."""
    choices, scores = [], []
    for worker, column in zip(inputs.workers, columns, strict=True):
        ranked = worker.preferences.scores
        own = ranked.get(inputs.job_lines[column].id)
        better = sum(score < own for score in ranked.values()) if own is not None else np.inf
        choices.append(min(better + 1, len(inputs.job_lines) + 1))
        scores.append(worker.preferences.unranked_score if own is None else own)
    values = matrices(inputs).costs(chosen).values
    cost = float(values[np.arange(len(columns)), list(columns)].sum())
    held = inputs.baseline.placements
    pairs = zip(inputs.workers, columns, strict=True)
    moved = sum(held[w.id] != inputs.job_lines[column].id for w, column in pairs)
    last_to_first = range(len(inputs.job_lines) + 1, 0, -1)
    match chosen.policy:
        case Policy.GREEDY:
            return (*(-choices.count(c) for c in reversed(last_to_first)), cost)
        case Policy.GENEROUS:
            return (*(choices.count(c) for c in last_to_first), cost)
        case Policy.LEXIMIN:
            return (*sorted(scores, reverse=True), cost)
        case Policy.LOTTERY_ORDER:
            drawn = lottery_numbers(chosen.seed, [worker.id for worker in inputs.workers])
            return (*(scores[i] for i in np.argsort(drawn, kind="stable")), cost)
        case Policy.FEWEST_MOVES:
            return (moved, cost)
        case Policy.MOST_MOVES:
            return (-moved, cost)
    return (cost,)


def columns_of(inputs: RunInputs, result: SolveResult) -> list[int]:
    places = {line.id: i for i, line in enumerate(inputs.job_lines)}
    held = {a.worker_mapping: places[a.job_line] for a in result.allocations}
    return [held[worker.id] for worker in inputs.workers]


@few
@given(small_runs, some_settings)
def test_every_price_is_that_of_a_forced_solve(inputs: RunInputs, chosen: Settings) -> None:
    result = solve(inputs, chosen)
    assert result.objective is not None
    for worker in inputs.workers:
        frame = placement_options(inputs, result, worker.id)
        assert sorted(frame["job_line"]) == [line.id for line in inputs.job_lines]
        for row in frame.itertuples():
            again = solve(forced(inputs, worker.id, row.job_line), chosen)
            if np.isnan(row.price):
                assert again.status is Status.INFEASIBLE
            else:
                assert again.objective is not None
                assert row.price == pytest.approx(again.objective - result.objective, abs=1e-6)


@few
@given(small_runs, some_settings)
def test_every_chain_is_a_legal_allocation_at_its_price(
    inputs: RunInputs, chosen: Settings
) -> None:
    result = solve(inputs, chosen)
    arrays, costs = matrices(inputs), matrices(inputs).costs(chosen)
    rows = {worker.id: i for i, worker in enumerate(inputs.workers)}
    lines = {line.id: i for i, line in enumerate(inputs.job_lines)}
    for worker in inputs.workers:
        for option in placement_options(inputs, result, worker.id).itertuples():
            if np.isnan(option.price):
                assert option.moves == ()
                continue
            after = columns_of(inputs, result)
            before = list(after)
            for move in option.moves:
                assert after[rows[move.worker]] == lines[move.from_job_line]
                after[rows[move.worker]] = lines[move.to_job_line]
                score = arrays.scores[rows[move.worker], lines[move.to_job_line]]
                assert move.score_after == score
            assert after[rows[worker.id]] == lines[option.job_line]
            assert len({move.worker for move in option.moves}) == len(option.moves)
            filled = np.bincount(after, minlength=len(lines))
            assert (filled >= arrays.lower).all()
            assert (filled <= arrays.upper).all()
            for row, column in enumerate(after):
                assert arrays.eligible[row, column] or row == rows[worker.id]
            total = sum(
                costs.values[i, a] - costs.values[i, b]
                for i, (a, b) in enumerate(zip(after, before, strict=True))
            )
            assert option.price == pytest.approx(total * costs.unit)
            assert option.price == pytest.approx(sum(move.cost for move in option.moves))


@few
@given(small_runs, some_settings)
def test_the_saving_of_a_place_is_that_of_a_solve_with_it(
    inputs: RunInputs, chosen: Settings
) -> None:
    result = solve(inputs, chosen)
    assert result.objective is not None
    frame = contested_job_lines(inputs, result).set_index("job_line")
    for line in inputs.job_lines:
        wider = replace(line, max_n_workers=line.max_n_workers + 1)
        lines = tuple(wider if other is line else other for other in inputs.job_lines)
        again = solve(replace(inputs, job_lines=lines), chosen)
        saving = float(frame.loc[line.id, "saving"])
        assert saving == pytest.approx(result.objective - (again.objective or 0), abs=1e-6)
        moves = frame.loc[line.id, "moves"]
        assert -sum(move.cost for move in moves) == pytest.approx(saving, abs=1e-6)
        if moves:
            assert moves[0].to_job_line == line.id
            net = Counter(move.to_job_line for move in moves)
            net.subtract(move.from_job_line for move in moves)
            assert net[line.id] == 1
    assert frame["saving"].is_monotonic_decreasing


@few
@given(small_runs, some_settings)
def test_tied_workers_are_those_whom_optimal_allocations_place_differently(
    inputs: RunInputs, chosen: Settings
) -> None:
    result = solve(inputs, chosen)
    judged = {a: judgement(inputs, chosen, a) for a in every_allocation(inputs)}
    optimal = [a for a, verdict in judged.items() if verdict == min(judged.values())]
    held = columns_of(inputs, result)
    expected = {
        worker.id: {inputs.job_lines[a[i]].id for a in optimal} - {inputs.job_lines[held[i]].id}
        for i, worker in enumerate(inputs.workers)
    }
    frame = tied_workers(inputs, result)
    found = {row.worker: set(row.alternative_ids) for row in frame.itertuples()}
    assert found == {worker: others for worker, others in expected.items() if others}


@few
@given(small_runs, some_settings)
def test_wanted_swaps_are_all_pairs_who_would_both_gain(
    inputs: RunInputs, chosen: Settings
) -> None:
    result = solve(inputs, chosen)
    arrays, held = matrices(inputs), columns_of(inputs, result)
    expected = {}
    for a, first in enumerate(inputs.workers):
        for b, second in enumerate(inputs.workers[:a]):
            gains = (
                arrays.scores[a, held[b]] < arrays.scores[a, held[a]]
                and arrays.scores[b, held[a]] < arrays.scores[b, held[b]]
            )
            if gains:
                allowed = arrays.eligible[a, held[b]] and arrays.eligible[b, held[a]]
                expected[frozenset({first.id, second.id})] = bool(allowed)
    frame = wanted_swaps(inputs, result)
    found = {frozenset({row.first, row.second}): row.allowed for row in frame.itertuples()}
    assert found == expected
    # Moves come before the total: a swap that both like may be a move too many, or too few.
    assert chosen.policy.needs_baseline or (frame["price"].dropna() >= 0).all()
    assert (frame["why_not"] != "").all()
    assert (frame["price"].isna() == ~frame["allowed"]).all()


@few
@given(small_runs, some_settings)
def test_extremes_are_the_best_of_all_allocations(inputs: RunInputs, chosen: Settings) -> None:
    scores, rows = matrices(inputs).scores, np.arange(len(inputs.workers))
    chose = np.array([bool(w.preferences.scores) for w in inputs.workers])
    worst, first = np.inf, 0
    for columns in every_allocation(inputs):
        own = scores[rows, list(columns)][chose]
        worst = min(worst, own.max(initial=0))
        first = max(first, firsts(inputs, [inputs.job_lines[j].id for j in columns]))
    found = extremes(inputs, chosen)
    assert (found.worst_score or 0, found.first_choices) == (worst, first)
    reached = outcome(inputs, solve(inputs, found.for_worst_off))
    assert (reached.worst_score or 0) == worst
    most = solve(inputs, found.for_first_choices)
    assert firsts(inputs, [a.job_line for a in most.allocations]) == first


def firsts(inputs: RunInputs, job_lines: list[str]) -> int:
    """How many workers, in order, are on a first choice, alone or one of several."""
    return sum(
        job_line in worker.preferences.scores
        and worker.preferences.scores[job_line] == min(worker.preferences.scores.values())
        for worker, job_line in zip(inputs.workers, job_lines, strict=True)
    )


@given(run_inputs(feasible=False))
def test_extremes_of_an_infeasible_run_are_refused(inputs: RunInputs) -> None:
    with pytest.raises(NotSolved):
        extremes(inputs, Settings())


def line_of(*wishes: str, places: int = 1) -> RunInputs:
    """Workers Ada, Ben … who each rank the job lines named by the letters, in that order."""
    letters = sorted({letter for wish in wishes for letter in wish})
    workers = tuple(
        Worker(
            name.lower(),
            name,
            preferences=preferences(
                {letter: i for i, letter in enumerate(wish, start=1)}, set(letters)
            ),
        )
        for name, wish in zip(["Ada", "Ben", "Cleo", "Dan"], wishes, strict=False)
    )
    lines = tuple(JobLine(letter, f"Line {letter.upper()}") for letter in letters)
    return RunInputs(RUN, workers, lines, fingerprint="f")


def test_a_chain_is_told_in_words() -> None:
    """Ada and Ben want A. Giving it to Ben pushes Ada to her last choice."""
    inputs = line_of("abc", "acb", "bac")
    options = placement_options(inputs, solve(inputs, Settings(alpha=0)), "ben")
    full = options.set_index("job_line").loc["a"]
    assert full["situation"] == Situation.FULL
    assert full["holders"] == "Ada (1st)"
    assert [move.words for move in full["moves"]] == [
        "Ben: Line C (2nd) → Line A (1st)",
        "Ada: Line A (1st) → Line C (3rd)",
    ]
    assert full["price"] == 1


def test_a_job_line_beyond_the_cap_on_the_worst_rank_is_told_apart() -> None:
    inputs = line_of("abc", "acb", "bac")
    result = solve(inputs, Settings(alpha=0, worst_rank=2))
    options = placement_options(inputs, result, "ada").set_index("job_line")
    assert options.loc["c", "situation"] == Situation.BEYOND_CAP
    assert options.loc["c", "eligible"]


def test_a_result_without_proof_is_not_explained() -> None:
    inputs = line_of("ab", "ba")
    result = solve(inputs, Settings())
    for other in (
        replace(result, status=Status.FEASIBLE),
        replace(result, allocations=()),
    ):
        with pytest.raises(NotExplained):
            placement_options(inputs, other, "ada")


def test_a_result_of_other_inputs_is_not_explained() -> None:
    result = solve(line_of("ab", "ba"), Settings())
    with pytest.raises(NotExplained, match="not optimal for these inputs"):
        tied_workers(line_of("ba", "ab"), result)


def test_unknown_worker_is_a_key_error() -> None:
    inputs = line_of("ab", "ba")
    with pytest.raises(KeyError):
        placement_options(inputs, solve(inputs, Settings()), "nobody")


def test_options_of_an_intern_year_name_every_job_line() -> None:
    random = np.random.default_rng(11)
    lines = [f"line {i:03}" for i in range(140)]
    popular = random.normal(size=140)
    workers = []
    for i in range(139):
        liked = np.argsort(popular + random.normal(size=140))[: random.integers(5, 60)]
        order = {lines[int(j)]: k for k, j in enumerate(liked, start=1)}
        workers.append(Worker(f"worker {i:03}", preferences=preferences(order, set(lines))))
    inputs = RunInputs(RUN, tuple(workers), tuple(JobLine(line) for line in lines))
    result = solve(inputs, Settings())
    assert list(placement_options(inputs, result, "worker 077")["job_line"].sort_values()) == lines


def test_cap_that_leaves_no_allocation_names_the_least_one_that_does() -> None:
    inputs = small_run()
    assert extremes(inputs, Settings()).worst_score == 2.0
    assert cap_words(inputs, Settings()) == cap_words(inputs, Settings(worst_rank=2.0)) == ""
    assert solve(inputs, Settings(worst_rank=2.0)).status is Status.OPTIMAL
    assert solve(inputs, Settings(worst_rank=1.5)).status is Status.INFEASIBLE
    assert "Rank 2 is the least cap" in cap_words(inputs, Settings(worst_rank=1.5))
