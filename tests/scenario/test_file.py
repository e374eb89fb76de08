"""Scenario files: what is written is read again, what is wrong is named with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import UsageError
from allocator.models import (
    Policy,
    RunInputs,
    Settings,
    SolverName,
)
from allocator.scenario import Scenario
from allocator.scenario import changes as ch
from allocator.scenario.file import changes_from
from tests.scenario.conftest import (
    ADA,
    CLEO,
    SENIOR,
    SURGERY,
)


def test_audit_is_json_and_gives_the_changes_back() -> None:
    scenario = Scenario("A", changes=(ch.AddWeighting(1, tags=frozenset({SENIOR})),), author="Jo")
    audit = json.loads(json.dumps(scenario.audit()))
    assert audit["name"] == "A"
    assert audit["author"] == "Jo"
    assert changes_from(audit["changes"]) == scenario.changes


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ids = st.uuids().map(str)
signed = {"reason": texts, "author": texts}
any_change = st.one_of(
    st.builds(ch.SetWeighting, ids, st.integers(-32768, 32767), **signed),
    st.builds(
        ch.AddWeighting,
        st.integers(-9, 9),
        st.none() | ids,
        st.frozensets(ids, max_size=2),
        st.frozensets(ids, max_size=2),
        ids,
        **signed,
    ),
    st.builds(ch.SwitchOffWeighting, ids, **signed),
    *(st.builds(cls, ids, ids, **signed) for cls in (ch.AllowPair, ch.BanPair, ch.Pin)),
    st.builds(ch.LiftPin, ids, **signed),
    st.builds(ch.SetPlaces, ids, st.integers(0, 9), **signed),
    st.builds(ch.SetMandatory, ids, st.booleans(), **signed),
    st.builds(ch.LeaveOut, ids, **signed),
)
any_settings = st.builds(
    Settings,
    alpha=st.floats(0, 1),
    power=st.floats(0.1, 10),
    seed=st.integers(0, 2**70),
    time_limit=st.floats(0.001, 1e6),
    ties_allowed=st.booleans(),
    solver=st.sampled_from(SolverName),
    policy=st.sampled_from(Policy),
    worst_rank=st.none() | st.floats(1, 500),
)


@given(
    st.builds(
        Scenario,
        name=texts.filter(bool),
        settings=any_settings,
        changes=st.lists(any_change, max_size=6).map(tuple),
        author=texts,
        run=ids,
        fingerprint=texts,
    )
)
def test_json_round_trip_is_exact(scenario: Scenario) -> None:
    again = Scenario.from_json(scenario.to_json().encode())
    assert again == scenario
    assert again.to_json() == scenario.to_json()
    assert Scenario.from_dict(json.loads(json.dumps(scenario.as_dict()))) == scenario


def minimal(**more: object) -> str:
    return json.dumps({"format": "allocator-console-scenario", "version": 1, "name": "A", **more})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "The file is not JSON: EOF while parsing an object at line 1"),
        (b"\xff", "The file is not JSON"),
        ("[" * 100_000, "The file is nested too deep."),
        ("[]", "Format: must be"),
        (json.dumps({"format": "allocator-console-scenario", "version": 9}), "Version: must be 1"),
        (minimal(name=""), "Name: is missing"),
        (minimal(author=3), "Author: must be text"),
        (minimal(author="a\0"), "Author: must be text"),
        (minimal(author="a" * 10_001), "Author: must be at most 10,000 characters"),
        (minimal(extra=3), "Extra: is not known"),
        (minimal(settings=3), "Settings: must be an object"),
        (minimal(settings={"alpha": 2}), "Settings: alpha must lie between"),
        (minimal(settings={"alpha": "2"}), "Settings, alpha: must be a number"),
        (minimal(settings={"alpha": True}), "Settings, alpha: must be a number"),
        (minimal(settings={"ties_allowed": "no"}), "Settings, ties allowed: must be true or false"),
        (minimal(settings={"power": 10**400}), "Settings, power: must be a finite number"),
        (minimal(settings={"policy": "best"}), "Settings, policy: must be one of least_total"),
        (minimal(settings={"policy": []}), "Settings, policy: must be one of least_total"),
        (minimal(settings={"beta": 2}), "Settings, beta: is not known"),
        (minimal(changes={}), "Changes: must be a list"),
        (minimal(changes=[1]), "Change 1: must be an object"),
        (minimal(changes=[{"kind": "fly"}]), "Change 1: its kind must be one of"),
        (minimal(changes=[{"kind": []}]), "Change 1: its kind must be one of"),
        (minimal(changes=[{"kind": "pin", "worker": "w"}]), "Change 1 (pin), job line: is missing"),
        (
            minimal(changes=[{"kind": "leave out", "worker": "w", "x": 1}]),
            "Change 1 (leave out), x: is not known",
        ),
        (
            minimal(changes=[{"kind": "set places", "job_line": "j", "places": -1}]),
            "Change 1 (set places): the number of places must be a whole number between 0 and",
        ),
        (
            minimal(changes=[{"kind": "set places", "job_line": "j", "places": 10**30}]),
            "Change 1 (set places): the number of places must be a whole number between 0 and",
        ),
        (
            minimal(changes=[{"kind": "set mandatory", "job_line": "j", "mandatory": 1}]),
            "Change 1 (set mandatory), mandatory: must be true or false",
        ),
        (minimal(changes=[{}] * 10_001), "Changes: holds more than 10,000 entries"),
        (minimal() + " " * 2**23, "The file is larger than 8 MB"),
        (
            minimal(changes=[{"kind": "add weighting", "value": 1, "tags": [1]}]),
            "Change 1 (add weighting), tags: must be a list of ids",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text: str | bytes, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        Scenario.from_json(text)
    assert place in caught.value.message


def test_every_wrong_place_of_a_file_is_listed() -> None:
    text = minimal(settings={"seed": "x"}, changes=[{"kind": "fly"}, {"kind": "pin"}])
    with pytest.raises(UsageError) as caught:
        Scenario.from_json(text)
    assert len(caught.value.facts["problems"]) == 4


def test_a_file_wrong_in_thousands_of_places_is_told_briefly() -> None:
    with pytest.raises(UsageError) as caught:
        Scenario.from_json(minimal(changes=[{"kind": "pin"}] * 3000))
    assert caught.value.message.endswith("And 5,980 more.")


def test_thousands_of_changes_are_read_and_made_without_comparing_each_with_each(
    inputs: RunInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [ch.AddWeighting(1, workers=frozenset({ADA})) for _ in range(1500)]
    rows += [ch.BanPair(CLEO, SURGERY, reason=f"reason {n}") for n in range(1500)]
    scenario = Scenario.from_json(Scenario("Many", changes=tuple(rows)).to_json())
    compared = []
    same_effect = ch.Change.same_effect
    monkeypatch.setattr(
        ch.Change, "same_effect", lambda a, b: compared.append(1) or same_effect(a, b)
    )
    after = scenario.apply(inputs)
    assert len(after.weightings) == 1501
    assert len(compared) <= len(rows)


def test_changes_about_the_whole_run_survive_a_file() -> None:
    changes = (ch.NeverMeansIneligible(reason="asked"), ch.RespectOtherPlacements(author="ada"))
    scenario = Scenario("Both", Settings(bucket_order=True), changes)
    assert Scenario.from_json(scenario.to_json()) == scenario
