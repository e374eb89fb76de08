"""Scenarios: each change's effect and words, undo, contradictions, JSON files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import UsageError
from allocator.models import (
    Eligibility,
    JobLine,
    Notice,
    NoticeKind,
    OtherPlacement,
    Policy,
    QualificationTag,
    RunInputs,
    Settings,
    SolverName,
    Weighting,
    Worker,
)
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.matrices import matrices
from allocator.rules.ranks import preferences
from allocator.scenario import Scenario, apply_changes
from allocator.scenario import changes as ch
from allocator.scenario.file import changes_from
from tests.strategies import RUN, run_inputs

ADA, BEN, CLEO = "a" * 8, "b" * 8, "c" * 8
SURGERY, MEDICINE = "s" * 8, "m" * 8
SENIOR, FOR_SURGERY = "t" * 8, "w" * 8


@pytest.fixture
def inputs() -> RunInputs:
    """Three workers, two job lines; only seniors may do surgery, and Ben and Cleo are not."""
    order = {SURGERY: 1, MEDICINE: 2}
    return RunInputs(
        run=RUN,
        workers=(
            Worker(
                ADA,
                "Ada",
                "Lovelace",
                qualification_ids=frozenset({SENIOR}),
                preferences=preferences(order, set(order)),
            ),
            Worker(BEN, "Ben", "Nevis", preferences=preferences(order, set(order))),
            Worker(CLEO, "Cleo", "Smith", preferences=preferences({}, set(order))),
        ),
        job_lines=(
            JobLine(MEDICINE, "Medicine", max_n_workers=3, used_places=1),
            JobLine(
                SURGERY,
                "Surgery",
                must_have_workers=True,
                eligibility=Eligibility(SURGERY, frozenset({SENIOR})),
            ),
        ),
        weightings=(Weighting(FOR_SURGERY, 2, SURGERY, frozenset({SENIOR})),),
        tags=(QualificationTag(SENIOR, "Senior"),),
        fingerprint="f" * 64,
    )


def applied(inputs: RunInputs, *changes: ch.Change) -> RunInputs:
    return Scenario("Try", changes=changes).apply(inputs)


def refusal(inputs: RunInputs, *changes: ch.Change) -> str:
    with pytest.raises(UsageError) as caught:
        applied(inputs, *changes)
    return caught.value.message


def test_no_changes_keep_everything_but_the_name(inputs: RunInputs) -> None:
    after = applied(inputs)
    assert after.scenario == "Try"
    assert replace(after, scenario="").__dict__ == inputs.__dict__


def test_set_weighting_changes_the_net_weighting(inputs: RunInputs) -> None:
    change = ch.SetWeighting(FOR_SURGERY, -3)
    assert matrices(applied(inputs, change)).weightings.tolist() == [[0, -3], [0, 0], [0, 0]]
    assert change.words(inputs) == (
        "The weighting of +2 (less wanted) for holders of Senior on Surgery"
        " becomes -3 (more wanted)."
    )


def test_switch_off_weighting_removes_it(inputs: RunInputs) -> None:
    change = ch.SwitchOffWeighting(FOR_SURGERY)
    assert applied(inputs, change).weightings == ()
    assert change.words(inputs).endswith("on Surgery is switched off.")


def test_add_weighting_reaches_whom_it_names(inputs: RunInputs) -> None:
    change = ch.AddWeighting(5, None, workers=frozenset({BEN}))
    assert matrices(applied(inputs, change)).weightings.tolist() == [[0, 2], [5, 5], [0, 0]]
    words = "A new weighting of +5 (less wanted) for Ben Nevis on every job line."
    assert change.words(inputs) == words


def test_allow_pair_overrides_the_eligibility_rules(inputs: RunInputs) -> None:
    change = ch.AllowPair(BEN, SURGERY)
    after = applied(inputs, change)
    assert rule_for(after, after.worker(BEN), after.job_line(SURGERY)) is Rule.ALLOWED
    assert change.words(inputs) == (
        "Ben Nevis may hold Surgery, as an exception to its eligibility rules."
    )


def test_ban_pair_overrides_the_eligibility_rules(inputs: RunInputs) -> None:
    change = ch.BanPair(ADA, SURGERY)
    after = applied(inputs, change)
    assert rule_for(after, after.worker(ADA), after.job_line(SURGERY)) is Rule.BANNED
    assert change.words(inputs) == "Ada Lovelace may not hold Surgery."


def test_pin_leaves_only_its_job_line_and_can_be_lifted(inputs: RunInputs) -> None:
    change = ch.Pin(ADA, MEDICINE)
    after = applied(inputs, change)
    assert matrices(after).eligible[0].tolist() == [True, False]
    assert change.words(inputs) == "Ada Lovelace must get Medicine."
    freed = apply_changes(after, [ch.LiftPin(ADA)], "Free")
    assert matrices(freed).eligible[0].tolist() == [True, True]


def test_set_places_counts_this_run_only(inputs: RunInputs) -> None:
    change = ch.SetPlaces(MEDICINE, 1)
    after = applied(inputs, change).job_line(MEDICINE)
    assert (after.places, after.max_n_workers) == (1, 2)
    assert change.words(inputs) == "Medicine has 1 place instead of 2."


@pytest.mark.parametrize(
    ("mandatory", "words"),
    [(True, "Surgery must have somebody."), (False, "Surgery may stay empty.")],
)
def test_set_mandatory(inputs: RunInputs, mandatory: bool, words: str) -> None:
    change = ch.SetMandatory(SURGERY, mandatory)
    assert applied(inputs, change).job_line(SURGERY).least_places == int(mandatory)
    assert change.words(inputs) == words


def test_leave_out_lists_the_worker_and_keeps_the_others_preferences(inputs: RunInputs) -> None:
    change = ch.LeaveOut(BEN, reason="on leave")
    after = applied(inputs, change)
    assert [w.id for w in after.workers] == [ADA, CLEO]
    assert after.worker(ADA).preferences == inputs.worker(ADA).preferences
    [left_out] = after.left_out
    assert left_out.name == "Ben Nevis"
    assert left_out.reason == "Left out in the scenario “Try”: on leave"
    assert change.words(after) == "Ben Nevis is left out."


def test_leave_out_may_come_before_a_weighting_that_names_the_worker(inputs: RunInputs) -> None:
    after = applied(inputs, ch.LeaveOut(BEN), ch.AddWeighting(1, None, workers=frozenset({BEN})))
    assert not matrices(after).weightings[1].any()


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


@given(run_inputs(), st.data())
def test_every_change_is_phrased_without_ids_and_can_be_applied(
    inputs: RunInputs, data: st.DataObject
) -> None:
    worker = data.draw(st.sampled_from(inputs.workers)).id
    job_line = data.draw(st.sampled_from(inputs.job_lines)).id
    made: list[ch.Change] = [
        ch.Pin(worker, job_line),
        ch.AllowPair(worker, job_line),
        ch.SetPlaces(job_line, 2),
        ch.SetMandatory(job_line, True),
        ch.AddWeighting(1, job_line, frozenset(t.id for t in inputs.tags), frozenset({worker})),
        *(ch.SetWeighting(w.id, 0) for w in inputs.weightings),
    ]
    scenario = Scenario("All", changes=tuple(made))
    assert scenario.apply(inputs).fingerprint == inputs.fingerprint
    rows = [*inputs.workers, *inputs.job_lines, *inputs.weightings, *inputs.tags]
    for sentence in scenario.words(inputs):
        assert sentence.endswith(".")
        assert not any(row.id in sentence for row in rows)


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


def test_each_later_contradiction_is_named_with_the_first(inputs: RunInputs) -> None:
    places = [ch.SetPlaces(SURGERY, number) for number in (1, 2, 3)]
    assert len(Scenario("A", changes=tuple(places)).conflicts(inputs)) == 2


def placed_elsewhere(inputs: RunInputs) -> RunInputs:
    """Ben on Medicine (one of its places is left after this), by another application."""
    placed = OtherPlacement(BEN, MEDICINE, "Ben Nevis", "Medicine", "locked", "3 March 2026 10:00")
    notice = Notice(NoticeKind.PLACED_ELSEWHERE, "Ben Nevis", "…", (BEN, MEDICINE), True)
    return replace(inputs, other_placements=(placed,), notices=(notice,))


def test_other_placements_are_taken_out_where_the_scenario_says_so(inputs: RunInputs) -> None:
    found = Scenario("All", changes=(ch.RespectOtherPlacements(),)).apply(placed_elsewhere(inputs))
    assert [worker.id for worker in found.workers] == [ADA, CLEO]
    assert (found.job_line(MEDICINE).places, found.notices) == (1, ())
    (left,) = [left for left in found.left_out if left.id == BEN]
    assert left.reason == (
        "Already placed on Medicine by another application (locked 3 March 2026 10:00)"
    )


def test_a_job_line_that_other_placements_fill_leaves_the_run_and_the_ranks_move_up(
    inputs: RunInputs,
) -> None:
    placed = OtherPlacement(BEN, SURGERY, "Ben Nevis", "Surgery", "released", "3 March 2026 10:00")
    inputs = replace(inputs, other_placements=(placed,))
    changes = (ch.SetPlaces(job_line=SURGERY, places=1), ch.RespectOtherPlacements())
    found = Scenario("All", changes=changes).apply(inputs)
    assert [line.id for line in found.job_lines] == [MEDICINE]
    assert dict(found.worker(ADA).preferences.scores) == {MEDICINE: 1.0}
    assert ("job line", SURGERY) in [(left.kind, left.id) for left in found.left_out]


def test_never_means_ineligible_unless_the_pair_is_allowed(inputs: RunInputs) -> None:
    chosen = replace(inputs.worker(ADA).preferences, buckets={SURGERY: 50, MEDICINE: 40})
    workers = tuple(replace(w, preferences=chosen) if w.id == ADA else w for w in inputs.workers)
    inputs = replace(inputs, workers=workers)
    ada, surgery = inputs.worker(ADA), inputs.job_line(SURGERY)
    found = Scenario("No", changes=(ch.NeverMeansIneligible(),)).apply(inputs)
    assert rule_for(found, ada, surgery) is Rule.BANNED
    assert rule_for(found, ada, inputs.job_line(MEDICINE)).eligible
    allowed = ch.AllowPair(worker=ADA, job_line=SURGERY)
    for changes in ((allowed, ch.NeverMeansIneligible()), (ch.NeverMeansIneligible(), allowed)):
        found = Scenario("But", changes=changes).apply(inputs)
        assert rule_for(found, ada, surgery) is Rule.ALLOWED


def test_changes_about_the_whole_run_survive_a_file() -> None:
    changes = (ch.NeverMeansIneligible(reason="asked"), ch.RespectOtherPlacements(author="ada"))
    scenario = Scenario("Both", Settings(bucket_order=True), changes)
    assert Scenario.from_json(scenario.to_json()) == scenario
