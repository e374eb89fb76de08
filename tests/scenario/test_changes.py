"""Each change's effect on a run, and its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import (
    Notice,
    NoticeKind,
    OtherPlacement,
    RunInputs,
)
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.matrices import matrices
from allocator.scenario import Scenario, apply_changes
from allocator.scenario import changes as ch
from tests.scenario.conftest import (
    ADA,
    BEN,
    CLEO,
    FOR_SURGERY,
    MEDICINE,
    SURGERY,
    applied,
)
from tests.strategies import run_inputs


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
