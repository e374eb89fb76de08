"""A point of the frontier as a scenario; who moves in it, along which chains, and who gains."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import JobLine, RunInputs, Settings, Worker
from allocator.repair.choice import scenario_for
from allocator.repair.frontier import frontier
from allocator.repair.gains import free_places, gains
from allocator.repair.moves import chains, shift_cells, shifts
from allocator.result import Status
from allocator.rules.ranks import preferences
from allocator.scenario import Scenario
from allocator.scenario.changes import SetBaseline
from allocator.solving.solver import solve
from tests.brute_force import cost, feasible, own_rank
from tests.builders import J1, J2, J3, J4, PLACEMENTS, W1, W3, small_run
from tests.profiles import examples
from tests.repair.runs import runs_with_baseline
from tests.strategies import RUN


def begun_with(inputs: RunInputs, settings: Settings | None = None) -> tuple[RunInputs, Scenario]:
    """The run without its baseline, and a scenario that begins with it."""
    held = tuple(inputs.baseline.placements.items())
    scenario = Scenario("Repair", settings or Settings(), (SetBaseline(held),))
    return replace(inputs, baseline=type(inputs.baseline)()), scenario


@given(runs_with_baseline(rules=False), st.sampled_from([1.0, 2.0]))
@examples(60)
def test_scenario_of_every_point_solves_to_the_point(inputs: RunInputs, power: float):
    as_read, begun = begun_with(inputs, Settings(power=power))
    found = frontier(begun.apply(as_read), begun.settings)
    for point in found.points:
        scenario = scenario_for(found, point, begun)
        tried = Scenario.from_json(scenario.to_json()).apply(as_read)
        result = solve(tried, scenario.settings)
        assert result.status is Status.OPTIMAL
        assert result.certificate is not None
        assert result.certificate.verified
        placements = {a.worker_mapping: a.job_line for a in result.allocations}
        moved = shifts(tried, placements)
        assert len(moved) == point.moves
        paid = scenario.settings.move_price * len(moved)
        assert result.objective - paid == pytest.approx(point.total)
        assert sorted(s.worker for chain in chains(moved) for s in chain) == sorted(
            s.worker for s in moved
        )
        for chain in chains(moved):
            for ahead, behind in pairwise(chain):
                assert behind.to_job_line == ahead.from_job_line


@given(runs_with_baseline(rules=False))
@examples(60)
def test_gains_are_the_least_total_in_which_whoever_moves_gains(inputs: RunInputs):
    lines = {line.id for line in inputs.job_lines}
    held = {w: j for w, j in inputs.baseline.placements.items() if j in lines}
    if not held:
        return
    as_read, begun = begun_with(replace(inputs, baseline=replace(inputs.baseline, placements=held)))
    found = gains(as_read, begun)
    totals = [
        sum(cost(inputs, Settings(), w, j) for w, j in zip(inputs.workers, chosen, strict=True))
        for chosen in feasible(replace(inputs, baseline=type(inputs.baseline)()))
        if all(
            w.id not in held or held[w.id] == j.id or own_rank(w, j.id) < own_rank(w, held[w.id])
            for w, j in zip(inputs.workers, chosen, strict=True)
        )
    ]
    if not totals:
        assert found.result.status is Status.INFEASIBLE
        assert found.chains == ()
        return
    assert found.result.objective == pytest.approx(float(min(totals)))
    assert all(shift.ranks < 0 for chain in found.chains for shift in chain)


def test_a_free_place_and_the_chain_that_fills_it_are_told_in_words():
    """Ann leaves Alpha; Bob likes Alpha best, Cat likes Bob's Beta, Dan stays."""
    lines = tuple(
        JobLine(j, j.title(), n) for n, j in enumerate(("alpha", "beta", "gamma", "delta"))
    )
    ids = {line.id for line in lines}
    lists = {
        "bob": {"alpha": 1, "beta": 2},
        "cat": {"beta": 1, "gamma": 2},
        "dan": {"delta": 1},
    }
    workers = tuple(
        Worker(w, firstname=w.title(), preferences=preferences(order, ids))
        for w, order in lists.items()
    )
    inputs = RunInputs(RUN, workers, lines, fingerprint="f")
    held = {"ann": "alpha", "bob": "beta", "cat": "gamma", "dan": "delta"}
    begun = Scenario("Repair", Settings(), (SetBaseline(tuple(held.items())),))
    (free,) = free_places(begun.apply(inputs))
    assert (free.name, free.places, free.gainers) == ("Alpha", 1, (("bob", "Bob", "1st", 1.0),))
    found = gains(inputs, begun)
    (chain,) = found.chains
    assert [shift_cells(shift) for shift in chain] == [
        ("Bob", "Beta", "2nd", "Alpha", "1st", "-1", "is better placed"),
        ("Cat", "Gamma", "2nd", "Beta", "1st", "-1", "is better placed"),
    ]
    assert found.gainers == 2


def test_shifts_say_why_somebody_must_move():
    held = {**PLACEMENTS, W1: "closed", W3: J3}
    base = replace(small_run().baseline, placements=held)
    inputs = replace(small_run(), baseline=base)
    found = shifts(inputs, {**PLACEMENTS, W1: J2, W3: J4})
    assert [(s.name, s.rank_before, s.why, s.ranks) for s in found] == [
        ("Ada Archer", "–", "it takes no part any more", None),
        ("Cy Cole", "Unranked", "may not keep it: holds an excluded qualification", 0.0),
    ]
    assert shifts(inputs, {**held, W1: J1})[0].to_job_line == J1
