"""Replays without a database place everybody alike; pseudonymised bundles too, without a name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from allocator.errors import UsageError
from allocator.models import Policy, Settings, SolverName
from allocator.proof.bundle import packed, parsed, unpacked
from allocator.proof.pseudonyms import pseudonymised
from allocator.proof.replay import bundled_inputs, replay
from allocator.rules.fingerprint import fingerprint
from tests.proof.bundles import bundle_of, hydrated_like, medium_run
from tests.proof.mutations import complaint
from tests.strategies import run_inputs


@pytest.fixture(scope="module")
def bundle():
    return bundle_of(medium_run(), Settings(policy=Policy.LEXIMIN), scenario=True)


@pytest.mark.parametrize("solver", SolverName)
def test_replay_is_identical_whatever_the_solver(bundle, solver):
    again = replay(bundle, solver)
    assert again.is_identical
    assert again.result.objective == bundle["objective"]
    assert again.result.solver == solver.value


def test_replay_tells_who_is_placed_elsewhere(bundle):
    first, second = bundle["allocation"][:2]
    swapped = [[first[0], second[1], None], [second[0], first[1], None]]
    again = replay({**bundle, "allocation": [*swapped, *bundle["allocation"][2:]]})
    assert not again.is_identical
    assert set(again.moved) == {first[0], second[0]}


@given(run_inputs())
@settings(max_examples=25, deadline=None)
def test_the_facts_hold_all_that_the_fingerprint_covers(inputs):
    made = bundle_of(inputs)
    assert fingerprint(bundled_inputs(made)) == made["fingerprint"] == fingerprint(inputs)


@given(run_inputs(feasible=True))
@settings(max_examples=25, deadline=None)
def test_a_pseudonymised_bundle_proves_the_same_and_names_nobody(inputs):
    inputs = hydrated_like(inputs)
    made = bundle_of(inputs)
    hidden, slips = pseudonymised(made)
    assert complaint(hidden) == ""
    assert replay(hidden).is_identical
    text = json.dumps(hidden)
    assert not [w.id for w in inputs.workers if w.id in text or (w.lastname and w.lastname in text)]
    lines = {row[0]: row[1] for row in hidden["allocation"]}
    held = {row[0]: row[1] for row in made["allocation"]}
    assert {slip.worker: lines[slip.pseudonym] for slip in slips} == held


def test_a_pseudonymised_scenario_keeps_its_effects_and_withholds_its_words(bundle):
    hidden, _ = pseudonymised(bundle)
    assert complaint(hidden) == ""
    assert replay(hidden, SolverName.CBC).is_identical
    assert "Family" not in json.dumps(hidden)
    assert hidden["committed_fingerprint"] == bundle["fingerprint"] != hidden["fingerprint"]
    other, _ = pseudonymised(bundle)
    assert other["allocation"] != hidden["allocation"]


def test_a_stored_bundle_comes_back_as_it_was(bundle):
    assert unpacked(packed(bundle)) == bundle


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "allocator-console-proof"}'])
def test_a_file_that_is_no_bundle_is_said_to_be_none(text):
    with pytest.raises(UsageError, match="proof bundle"):
        parsed(text)


def test_a_bundle_that_lacks_a_part_is_said_to_be_incomplete(bundle):
    for part in ("settings", "inputs", "allocation", "names"):
        lacking = {key: value for key, value in bundle.items() if key != part}
        with pytest.raises(UsageError, match="incomplete"):
            replay(lacking)
