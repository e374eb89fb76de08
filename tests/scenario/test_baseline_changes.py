"""A scenario's baseline and rules on moves: words, files, contradictions and effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.errors import UsageError
from allocator.models import Policy, Settings
from allocator.rules.eligibility import Rule, rule_for, rule_matrix
from allocator.scenario import Scenario
from allocator.scenario.changes import (
    Hold,
    ImproveOnly,
    KeepNumbers,
    LeaveOut,
    Pin,
    SetBaseline,
    SwapWish,
)
from allocator.solved import identity_of
from allocator.solving.solver import solve
from tests.builders import J1, J2, J3, J4, PLACEMENTS, W1, W2, W3, W4, small_result, small_run

BASE = SetBaseline(tuple(PLACEMENTS.items()), "the run completed on Monday")


def applied(*changes):
    return Scenario("After", Settings(), changes).apply(small_run())


def test_rules_on_moves_close_pairs_and_say_so():
    inputs = applied(
        BASE,
        Hold(frozenset({W3})),
        ImproveOnly(frozenset({W1})),
        SwapWish(W2, frozenset({J2, J3})),
        KeepNumbers(),
    )
    rules = rule_matrix(inputs)
    barred = {
        (worker.id, line.id)
        for row, worker in enumerate(inputs.workers)
        for column, line in enumerate(inputs.job_lines)
        if rules[row, column] == Rule.MAY_NOT_MOVE
    }
    # Ada (4th) would gain from Surgery and Medicine. Ben ranks Emergency below his Surgery.
    assert barred == {(W1, J3), (W2, J3), (W3, J1)}
    for worker in inputs.workers:
        for line in inputs.job_lines:
            position = inputs.worker_positions[worker.id], inputs.job_line_positions[line.id]
            assert rule_for(inputs, worker, line) == rules[position]
    assert {line.id: line.places for line in inputs.job_lines} == dict.fromkeys((J1, J2, J3, J4), 1)


def test_everybody_is_held_but_those_whom_another_change_names():
    inputs = applied(SwapWish(W1, frozenset({J2})), Hold(), BASE)
    assert inputs.baseline.only_to == {
        W1: frozenset({J2}),
        W2: frozenset(),
        W3: frozenset(),
        W4: frozenset(),
    }


def test_a_baseline_keeps_those_who_left_and_a_rule_reaches_only_those_who_are_there():
    inputs = applied(BASE, LeaveOut(W4), ImproveOnly())
    assert inputs.baseline.placements == PLACEMENTS
    assert len(inputs.workers) == 3
    assert solve(inputs, Settings(policy=Policy.FEWEST_MOVES)).allocations


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((Hold(frozenset({W1})),), "Ada Archer has no job line in the baseline, but a rule"),
        ((SetBaseline((("someone", J1),)),), "names nobody who takes part"),
        ((SetBaseline(((W1, "shut"),)), Hold(frozenset({W1}))), "does not take part"),
        ((BASE, Hold(frozenset({W1})), Pin(W1, J1)), "is pinned to another job line"),
        ((BASE, SwapWish(W1, frozenset({"nowhere"}))), "has no job line nowhere"),
        ((BASE, SwapWish(W1, frozenset({J1})), SwapWish(W1, frozenset({J2}))), "contradict"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(changes, words):
    with pytest.raises(UsageError, match=words):
        applied(*changes)


def test_baseline_and_price_survive_the_file_and_change_the_identity():
    scenario = Scenario(
        "After",
        Settings(policy=Policy.FEWEST_MOVES, move_price=0.25),
        (BASE, Hold(frozenset({W1})), ImproveOnly(), SwapWish(W2, frozenset({J2})), KeepNumbers()),
    )
    again = Scenario.from_json(scenario.to_json())
    assert again == scenario
    assert again.words(small_run())[0] == (
        "It begins with 4 earlier placements, the run completed on Monday; 4 of these workers take"
        " part."
    )
    other = replace(
        scenario, changes=(replace(BASE, placements=((W1, J1),)), *scenario.changes[1:])
    )
    result = small_result()
    identities = {identity_of(result, each.audit()) for each in (scenario, other)}
    priced = replace(result, settings=replace(result.settings, move_price=1.0))
    identities.add(identity_of(priced, scenario.audit()))
    assert len(identities) == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "baseline", "placements": []}, "at least one placement"),
        ({"kind": "baseline", "placements": [[W1, J1], [W1, J2]]}, "each worker once"),
        ({"kind": "baseline", "placements": [[W1]]}, "placements"),
    ],
)
def test_a_wrong_baseline_in_a_file_is_told_by_its_place(wrong, words):
    content = {**Scenario("After").as_dict(), "changes": [wrong]}
    with pytest.raises(UsageError, match=words) as refused:
        Scenario.from_dict(content)
    assert "Change 1 (baseline)" in refused.value.message
