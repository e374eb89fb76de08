"""Fixes: applied and solved, as cheap as the least by brute force, nothing frozen moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.diagnosis import Diagnosis, Fix, FixKind, Frozen, Weights, diagnose
from allocator.models import RunInputs, Settings
from allocator.rules.eligibility import rule_for
from allocator.rules.matrices import matrices
from allocator.scenario.changes import AllowPair, LeaveOut, LiftPin, SetMandatory, SetPlaces
from tests.open_runs import Placement, everywhere, keeps_the_rules, may_hold, open_run, within_cap
from tests.profiles import examples
from tests.strategies import run_inputs

CAPPED = st.sampled_from([None, None, 1.5, 2.0])
CURRENCIES = ("extra_places", "exceptions", "mandatory_dropped", "left_out", "pins_lifted")


def fix_of(found: Diagnosis, kind: FixKind) -> Fix | None:
    return next((fix for fix in found.fixes if kind in (fix.kind, *fix.also)), None)


def the_fix(found: Diagnosis, kind: FixKind) -> Fix:
    fix = fix_of(found, kind)
    assert fix is not None, found.unavailable
    assert fix.verified
    assert fix.is_least
    return fix


def changes_of(
    run: RunInputs, placement: Placement, cap: float | None, frozen: Frozen
) -> dict[str, int] | None:
    """How many changes of each kind a placement needs; None when it needs a frozen one."""
    counts = dict.fromkeys(CURRENCIES, 0)
    unpinned = replace(run, pins={})
    for worker, j in zip(run.workers, placement, strict=True):
        if j is None:
            counts["left_out"] += 1
            if worker.id in frozen.workers:
                return None
            continue
        if not within_cap(worker, j, cap):
            return None
        if run.pins.get(worker.id, j) != j:
            counts["pins_lifted"] += 1
            if worker.id in frozen.pins:
                return None
        if not rule_for(unpinned, worker, run.job_line(j)).eligible:
            counts["exceptions"] += 1
            if (worker.id, j) in frozen.pairs or j in frozen.eligibility:
                return None
    for row in run.job_lines:
        held = placement.count(row.id)
        over = max(0, held - row.places)
        counts["extra_places"] += over
        if over and row.id in frozen.places:
            return None
        if held < row.least_places:
            counts["mandatory_dropped"] += 1
            if row.id in frozen.mandatory:
                return None
    return counts


def every_count(
    run: RunInputs, cap: float | None = None, frozen: Frozen | None = None
) -> Iterator[dict[str, int]]:
    for placement in everywhere(run, also_nowhere=True):
        counts = changes_of(run, placement, cap, frozen or Frozen())
        if counts is not None:
            yield counts


def least_objective(run: RunInputs, chosen: Settings) -> float:
    arrays = matrices(run)
    costs = arrays.costs(chosen)
    columns = {j.id: i for i, j in enumerate(run.job_lines)}
    open_to = may_hold(run, chosen)
    return min(
        sum(costs.values[w, columns[j]] for w, j in enumerate(placement) if j) * costs.unit
        for placement in everywhere(run)
        if keeps_the_rules(run, placement, open_to)
    )


def test_each_currency_has_its_own_least_fix() -> None:
    run = open_run({"a": "XY", "b": "XY", "c": "XY", "d": "XYZ"}, job_lines="W")
    found = diagnose(run)
    exception = the_fix(found, FixKind.EXCEPTIONS)
    assert exception.is_pure
    assert exception.cost == 1
    assert isinstance(exception.changes[0], AllowPair)
    place = the_fix(found, FixKind.EXTRA_PLACES)
    assert (place.is_pure, place.cost) == (True, 1)
    assert isinstance(place.changes[0], SetPlaces)
    out = the_fix(found, FixKind.LEFT_OUT)
    assert (out.is_pure, out.cost) == (True, 1)
    assert isinstance(out.changes[0], LeaveOut)
    assert fix_of(found, FixKind.MANDATORY) is None
    assert any("mandatory" in words for words in found.unavailable)


def test_unmet_flag_is_dropped_when_that_is_the_currency() -> None:
    fix = the_fix(diagnose(open_run({"a": "X"}, mandatory="XZ")), FixKind.MANDATORY)
    assert (fix.is_pure, fix.cost) == (True, 1)
    assert isinstance(fix.changes[0], SetMandatory)


def test_flags_are_dropped_even_where_an_exception_would_do_two_things_at_once() -> None:
    run = open_run({"a": "X", "b": ""}, mandatory="Z", job_lines="Y")
    found = diagnose(run)
    assert the_fix(found, FixKind.EXCEPTIONS).cost == 1
    dropped = the_fix(found, FixKind.MANDATORY)
    assert not dropped.is_pure
    assert SetMandatory(job_line="Z", mandatory=False) in dropped.changes


def test_colliding_pins_are_fixed_by_lifting_one() -> None:
    run = open_run({"a": "XY", "b": "XY"}, pins={"a": "X", "b": "X"})
    found = diagnose(run)
    lifted = the_fix(found, FixKind.PINS)
    assert (lifted.is_pure, lifted.cost) == (True, 1)
    assert isinstance(lifted.changes[0], LiftPin)
    assert found.fixes[0] is lifted


def test_cap_is_raised_no_further_than_needed() -> None:
    run = open_run({"a": "WXYZ", "b": "WXYZ", "c": "WXYZ"})
    fix = the_fix(diagnose(run, Settings(worst_rank=1)), FixKind.WORST_RANK)
    assert fix.settings.worst_rank == 3
    assert fix.words == ("The cap on the worst rank is 3 instead of 1.",)
    assert fix.as_dict()["changes"] == [
        {"kind": "set worst rank", "worst_rank": 3.0, "words": fix.words[0]}
    ]


def test_cap_is_raised_where_it_is_to_blame_and_the_mix_does_the_rest() -> None:
    run = open_run({"a": "XY", "b": "XY", "c": ""}, {"Y": 2})
    fix = the_fix(diagnose(run, Settings(worst_rank=1)), FixKind.WORST_RANK)
    assert (fix.settings.worst_rank, fix.is_pure, fix.cost) == (2, False, 2)
    kinds = [change["kind"] for change in fix.as_dict()["changes"]]
    assert kinds == ["set worst rank", "allow pair"]


def test_cap_that_is_not_to_blame_is_left_alone() -> None:
    found = diagnose(open_run({"a": "X", "b": ""}), Settings(worst_rank=1))
    assert fix_of(found, FixKind.WORST_RANK) is None
    assert "Raising the cap on the worst rank would not help here." in found.unavailable


def test_leaving_everybody_out_is_told_for_what_it_is() -> None:
    found = diagnose(open_run({"a": "", "b": ""}, job_lines="X"), frozen=Frozen(eligibility=ALL_X))
    assert fix_of(found, FixKind.LEFT_OUT) is None
    told = "Fewest workers left out: nothing helps but leaving everybody out."
    assert told in found.unavailable
    assert not any("in time" in words for words in found.unavailable)


ALL_X = frozenset("X")


def test_fix_opens_as_a_scenario_with_words_and_outcome() -> None:
    run = open_run({"a": "XY", "b": "XY", "c": "XY"}, job_lines="Z")
    fix = the_fix(diagnose(run), FixKind.EXCEPTIONS)
    scenario = fix.scenario(run, author="Kim")
    assert scenario.name == "Fewest eligibility exceptions"
    assert (scenario.run, scenario.fingerprint) == (run.run.id, run.fingerprint)
    assert scenario.words(run) == fix.words
    assert fix.outcome is not None
    assert (fix.outcome.placed, fix.outcome.worst_score) == (3, 3.0)
    assert (fix.outcome.first_choices, fix.outcome.within[3]) == (1, 3)


def test_frozen_kinds_are_not_offered_and_nothing_helps_when_all_are() -> None:
    run = open_run({"a": "X", "b": "X"}, job_lines="Y")
    kinds = frozenset({FixKind.EXTRA_PLACES, FixKind.EXCEPTIONS, FixKind.LEFT_OUT})
    found = diagnose(run, frozen=Frozen(kinds=kinds))
    assert found.feasible is False
    assert found.fixes == ()


def test_weights_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="exceptions"):
        Weights(exceptions=0)


def assert_least_mix(found: Diagnosis, run: RunInputs, counts: list[dict[str, int]]) -> None:
    """There is a mix unless nothing may change or the least of all leaves nobody to place."""

    def weight(count: dict[str, int]) -> int:
        return sum(getattr(Weights(), kind) * count[kind] for kind in CURRENCIES)

    mix = fix_of(found, FixKind.MIX)
    least = min(map(weight, counts), default=0)
    leaves_some = {c["left_out"] < len(run.workers) for c in counts if weight(c) == least}
    if len(leaves_some) == 1:
        assert (mix is not None) is (leaves_some == {True})
    elif not leaves_some:
        assert mix is None
    if mix is not None:
        assert mix.weight == least


@examples(60)
@given(run_inputs(max_workers=4, max_job_lines=3, scenario=True), CAPPED)
def test_every_fix_is_least_and_solves_the_run(run: RunInputs, cap: float | None) -> None:
    chosen = Settings(worst_rank=cap)
    found = diagnose(run, chosen)
    if found.feasible:
        return
    counts = list(every_count(run, cap))
    for kind in CURRENCIES:
        pure = [c[kind] for c in counts if sum(c.values()) == c[kind]]
        fix = fix_of(found, FixKind(kind))
        if pure and not (kind == "left_out" and min(pure) == len(run.workers)):
            assert fix is not None
            assert fix.is_pure
            assert fix.cost == min(pure)
    assert_least_mix(found, run, counts)
    for fix in found.fixes:
        assert fix.verified
        assert fix.is_least
        fixed = fix.scenario(run).apply(run)
        if fixed.workers:
            assert fix.objective == pytest.approx(least_objective(fixed, fix.settings))


@examples(60)
@given(st.data(), run_inputs(max_workers=4, max_job_lines=3, feasible=False))
def test_frozen_items_never_move(data: st.DataObject, run: RunInputs) -> None:
    workers = st.sampled_from([w.id for w in run.workers])
    lines = st.sampled_from([j.id for j in run.job_lines])
    frozen = Frozen(
        places=data.draw(st.frozensets(lines)),
        pairs=data.draw(st.frozensets(st.tuples(workers, lines))),
        eligibility=data.draw(st.frozensets(lines, max_size=1)),
        mandatory=data.draw(st.frozensets(lines)),
        workers=data.draw(st.frozensets(workers)),
    )
    found = diagnose(run, frozen=frozen)
    counts = list(every_count(run, None, frozen))
    assert_least_mix(found, run, counts)
    for fix in found.fixes:
        assert fix.is_least
        for change in fix.changes:
            match change:
                case SetPlaces(job_line=j):
                    assert j not in frozen.places
                case AllowPair(worker=w, job_line=j):
                    assert (w, j) not in frozen.pairs
                    assert j not in frozen.eligibility
                case SetMandatory(job_line=j):
                    assert j not in frozen.mandatory
                case LeaveOut(worker=w):
                    assert w not in frozen.workers


@examples(60)
@given(run_inputs(max_workers=4, max_job_lines=3, scenario=True))
def test_best_partial_allocation_places_the_most_then_fills_the_most(run: RunInputs) -> None:
    found = diagnose(run)
    if found.feasible:
        return
    arrays, partial = matrices(run), found.partial
    assert partial is not None
    costs = arrays.costs(found.settings)
    columns = {j.id: i for i, j in enumerate(run.job_lines)}

    def rank(placement: Placement) -> tuple[int, int, float]:
        counts = changes_of(run, placement, None, Frozen())
        assert counts is not None
        total = sum(costs.values[w, columns[j]] for w, j in enumerate(placement) if j)
        return counts["left_out"], counts["mandatory_dropped"], float(total * costs.unit)

    def keeps(placement: Placement) -> bool:
        counts = changes_of(run, placement, None, Frozen())
        return counts is not None and not (
            counts["extra_places"] or counts["exceptions"] or counts["pins_lifted"]
        )

    best = min(rank(p) for p in everywhere(run, also_nowhere=True) if keeps(p))
    placed = dict(partial.placed)
    ours = tuple(placed.get(w.id) for w in run.workers)
    assert keeps(ours)
    assert rank(ours) == pytest.approx(best)
    assert partial.objective == pytest.approx(best[2])
    assert (len(partial.left), len(partial.unfilled)) == best[:2]
    assert partial.is_exact
