"""Scenarios: undo, contradictions, names that the run lacks, data that changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.models import (
    RunInputs,
)
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from tests.scenario.conftest import (
    ADA,
    BEN,
    FOR_SURGERY,
    MEDICINE,
    SURGERY,
    applied,
    refusal,
)


def test_no_changes_keep_everything_but_the_name(inputs: RunInputs) -> None:
    after = applied(inputs)
    assert after.scenario == "Try"
    assert replace(after, scenario="").__dict__ == inputs.__dict__


def test_without_undoes_one_change_only(inputs: RunInputs) -> None:
    scenario = Scenario("Two", changes=(ch.BanPair(ADA, SURGERY), ch.SetPlaces(SURGERY, 4)))
    undone = scenario.without(0)
    assert undone.words(inputs) == ("Surgery has 4 places instead of 1.",)
    assert len(scenario.changes) == 2
    with pytest.raises(IndexError):
        scenario.without(2)


def test_then_lets_the_later_change_about_the_same_thing_win(inputs: RunInputs) -> None:
    scenario = Scenario("One", changes=(ch.Pin(ADA, SURGERY), ch.BanPair(BEN, MEDICINE)))
    pinned = scenario.then(ch.Pin(ADA, MEDICINE), ch.AllowPair(BEN, MEDICINE))
    assert pinned.changes == (ch.Pin(ADA, MEDICINE), ch.AllowPair(BEN, MEDICINE))
    assert pinned.then(ch.LiftPin(ADA)).changes == (ch.AllowPair(BEN, MEDICINE),)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ch.Pin(ADA, SURGERY), ch.Pin(ADA, MEDICINE)),
        (ch.Pin(ADA, SURGERY), ch.BanPair(ADA, SURGERY)),
        (ch.BanPair(ADA, SURGERY), ch.AllowPair(ADA, SURGERY)),
        (ch.LeaveOut(ADA), ch.Pin(ADA, MEDICINE)),
        (ch.SetPlaces(SURGERY, 1), ch.SetPlaces(SURGERY, 2)),
        (ch.SetWeighting(FOR_SURGERY, 1), ch.SwitchOffWeighting(FOR_SURGERY)),
    ],
)
def test_contradictions_are_named(inputs: RunInputs, first: ch.Change, second: ch.Change) -> None:
    message = refusal(inputs, first, second)
    assert "contradict each other" in message
    assert first.words(inputs).rstrip(".") in message
    assert second.words(inputs).rstrip(".") in message


def test_saying_the_same_twice_is_no_contradiction(inputs: RunInputs) -> None:
    applied(inputs, ch.Pin(ADA, SURGERY, reason="x"), ch.Pin(ADA, SURGERY, reason="y"))


def test_unknown_names_are_refused_all_at_once(inputs: RunInputs) -> None:
    message = refusal(
        inputs, ch.Pin("nobody", "nowhere"), ch.SetWeighting("nothing", 1), ch.LeaveOut(ADA)
    )
    assert "Change 1 (pin): the run has no worker nobody." in message
    assert "Change 1 (pin): the run has no job line nowhere." in message
    assert "Change 2 (set weighting): the run has no weighting nothing." in message


def test_inputs_are_not_touched(inputs: RunInputs) -> None:
    before = dict(inputs.__dict__)
    applied(inputs, ch.Pin(ADA, SURGERY), ch.LeaveOut(BEN), ch.SetPlaces(MEDICINE, 0))
    assert {key: inputs.__dict__[key] for key in before} == before
    assert inputs.pins == {}


def test_stale_when_the_fingerprint_differs(inputs: RunInputs) -> None:
    assert not Scenario("Any").is_stale(inputs)
    assert not Scenario("Same", fingerprint=inputs.fingerprint).is_stale(inputs)
    assert Scenario("Old", fingerprint="0" * 64).is_stale(inputs)


def test_each_later_contradiction_is_named_with_the_first(inputs: RunInputs) -> None:
    places = [ch.SetPlaces(SURGERY, number) for number in (1, 2, 3)]
    assert len(Scenario("A", changes=tuple(places)).conflicts(inputs)) == 2
