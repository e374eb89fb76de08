"""Swap rounds against brute force, and what is set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import UsageError
from allocator.models import JobLine, RunInputs, Settings, Worker
from allocator.repair.swaps import swap_round
from allocator.result import Status
from allocator.rules.ranks import preferences
from allocator.scenario.changes import SetBaseline
from allocator.solving.checker import check
from tests.brute_force import cost, feasible, may_hold, own_rank
from tests.builders import J1, J2, J3, J4, PLACEMENTS, W1, W2, W3, W4, small_run
from tests.profiles import examples
from tests.strategies import run_inputs

SETTINGS = Settings()


@st.composite
def rounds(draw: st.DrawFn) -> tuple[RunInputs, dict[str, str], dict[str, list[str]]]:
    """A run, one of its allocations, and wishes of any kind."""
    inputs = draw(run_inputs(5, 5, feasible=True, min_workers=2))
    chosen = draw(st.sampled_from(list(feasible(inputs))))
    held = {w.id: line.id for w, line in zip(inputs.workers, chosen, strict=True)}
    lines = st.sampled_from([line.id for line in inputs.job_lines])
    wishes = draw(
        st.dictionaries(st.sampled_from(sorted(held)), st.lists(lines, unique=True, max_size=4))
    )
    return inputs, held, wishes


def exchanges(
    inputs: RunInputs, held: dict[str, str], wishes: dict[str, list[str]]
) -> list[tuple[int, Fraction]]:
    """(Workers who get a wish, total) of every set of exchanges that the rules of a round allow."""

    def accepts(worker: Worker, line: JobLine) -> bool:
        own = held[worker.id]
        return line.id == own or (
            line.id in wishes.get(worker.id, [])
            and may_hold(worker, line)
            and own_rank(worker, line.id) <= own_rank(worker, own)
        )

    options = [[j for j in inputs.job_lines if accepts(w, j)] for w in inputs.workers]
    numbers = Counter(held.values())
    found = []
    for chosen in product(*options):
        if Counter(line.id for line in chosen) == numbers:
            pairs = list(zip(inputs.workers, chosen, strict=True))
            total = sum((cost(inputs, SETTINGS, w, j) for w, j in pairs), Fraction(0))
            found.append((sum(held[w.id] != j.id for w, j in pairs), total))
    return found


@given(rounds())
@examples(300)
def test_swap_round_grants_as_many_wishes_as_brute_force(drawn):
    inputs, held, wishes = drawn
    found = swap_round(inputs, SetBaseline(tuple(held.items())), wishes, SETTINGS)
    best = max(exchanges(inputs, held, wishes), key=lambda each: (each[0], -each[1]))
    assert found.result.status is Status.OPTIMAL
    assert found.gainers == best[0]
    assert found.result.objective == pytest.approx(float(best[1]))
    assert found.result.certificate is not None
    assert found.result.certificate.verified
    after = {a.worker_mapping: a.job_line for a in found.result.allocations}
    assert Counter(after.values()) == Counter(held.values())
    assert sum(map(len, found.cycles)) == found.gainers
    for cycle in found.cycles:
        for shift, following in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert shift.from_job_line == following.to_job_line
    for worker, line in after.items():
        assert line == held[worker] or line in wishes[worker]


@given(rounds())
@examples(40)
def test_check_refuses_a_move_that_nobody_wished_for(drawn):
    inputs, held, wishes = drawn
    found = swap_round(inputs, SetBaseline(tuple(held.items())), wishes, SETTINGS)
    for row in found.result.allocations:
        for line in inputs.job_lines:
            worker = inputs.worker(row.worker_mapping)
            below = own_rank(worker, line.id) > own_rank(worker, held[worker.id])
            wished = line.id in wishes.get(worker.id, []) and may_hold(worker, line) and not below
            if line.id == held[worker.id] or wished:
                continue
            rows = [
                replace(a, job_line=line.id) if a is row else a for a in found.result.allocations
            ]
            verdict = check(found.inputs, found.scenario.settings, rows, 0.0, None)
            failed = [c.rule for c in verdict.checks if c.failures]
            assert "Nobody moves against the rules on moves" in failed


def test_swap_round_sets_aside_what_cannot_be_granted_and_says_why():
    wishes = {W1: [J4, J3], W2: [J4, J3], W3: [J3, J1]}
    found = swap_round(small_run(), SetBaseline(tuple(PLACEMENTS.items())), wishes, SETTINGS)
    told = {(row.worker, row.job_line): row.why for row in found.set_aside}
    assert told == {
        (W1, J4): "holds it already",
        (W1, J3): "ranks it below the job line that they have",
        (W2, J4): "may not hold it: holds none of the qualifications that the job line asks for",
        (W2, J3): "ranks it below the job line that they have",
        (W3, J3): "may not hold it: holds an excluded qualification",
    }
    assert (found.gainers, found.cycles) == (0, ())


def test_swap_round_leaves_out_whoever_has_nothing_to_swap():
    held = {W1: J1, W2: J2, W3: "a job line that is closed"}
    found = swap_round(
        small_run(), SetBaseline(tuple(held.items())), {W1: [J2], W4: [J1]}, SETTINGS
    )
    assert {worker.id for worker in found.inputs.workers} == {W1, W2}
    assert [row.why for row in found.set_aside if row.worker == W4] == [
        "has no job line in this run to give for it"
    ]
    with pytest.raises(UsageError, match="Nobody of the run holds"):
        swap_round(small_run(), SetBaseline((("nobody", J1),)), {W1: [J2]}, SETTINGS)


def test_swap_round_as_a_scenario_solves_to_the_same_and_survives_its_file():
    ids = {j: JobLine(j, f"Line {j}") for j in "ABC"}
    workers = tuple(
        Worker(w, firstname=w, preferences=preferences({}, set(ids))) for w in ("x", "y", "z")
    )
    inputs = replace(small_run(), workers=workers, job_lines=tuple(ids.values()), weightings=())
    held = {"x": "A", "y": "B", "z": "C"}
    wishes = {"x": ["B"], "y": ["C"], "z": ["A"]}
    found = swap_round(inputs, SetBaseline(tuple(held.items())), wishes, SETTINGS)
    assert (found.gainers, [len(cycle) for cycle in found.cycles]) == (3, [3])
    scenario = type(found.scenario).from_json(found.scenario.to_json())
    assert scenario == found.scenario
    assert scenario.conflicts(inputs) == ()
    assert scenario.words(inputs)[1] == "Whom no other change names may not move."
