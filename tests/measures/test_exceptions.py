"""Placements by exception, and what the source system says otherwise."""

from __future__ import annotations

from dataclasses import replace

from allocator.measures.exceptions import exceptions, rule_words, to_change
from allocator.models import RunInputs
from allocator.scenario import Scenario
from allocator.scenario.change import Change
from allocator.scenario.changes import AllowPair, BanPair, LeaveOut, SetMandatory, SetPlaces
from allocator.solved import Solved
from tests.builders import J1, J2, J3, J4, PLACEMENTS, W1, W2, W3, W4, result_for, small_run


def solved(read: RunInputs, placements: dict[str, str], *changes: Change) -> Solved:
    scenario = Scenario("Tried", changes=changes)
    inputs = scenario.apply(read)
    return Solved(inputs, result_for(inputs, placements), read, scenario)


def test_placements_under_the_rules_are_no_exceptions() -> None:
    one = solved(small_run(), PLACEMENTS, BanPair(W1, J1))
    assert exceptions(one) == to_change(one) == ()
    assert rule_words(one) == "4 by rule, 0 by exception"


def test_exception_names_what_it_waives_and_why() -> None:
    read = small_run()
    allowed = AllowPair(W3, J4, reason="Grew up there")
    one = solved(read, {W1: J1, W2: J2, W3: J4, W4: J3}, allowed, AllowPair(W2, J4))
    [found] = exceptions(one)
    assert (found.name, found.job_line_name) == ("Cy Cole", "Rural")
    assert (found.waives, found.reason) == ("waives: Rural scheme", "Grew up there")
    assert rule_words(one) == "3 by rule, 1 by exception"
    [told] = to_change(one)
    assert "Rural" in told.where
    assert "Cy Cole" in told.what
    assert told.reason == "Grew up there"

    bare = tuple(replace(worker, qualification_ids=frozenset()) for worker in read.workers)
    one = solved(replace(read, workers=bare), {W1: J1, W2: J2, W3: J4, W4: J3}, allowed)
    assert exceptions(one)[0].waives == "waives: Rural scheme, which nobody in the run holds"


def test_excluded_qualification_is_told() -> None:
    one = solved(small_run(), {W1: J4, W2: J1, W3: J3, W4: J2}, AllowPair(W3, J3))
    assert [e.waives for e in exceptions(one)] == ["waives: closed to holders of ICU course"]


def test_places_mandatory_lines_and_those_left_out_are_to_be_changed() -> None:
    changes = (
        SetPlaces(J1, 2, reason="One more bed"),
        SetMandatory(J4, False, reason="Nobody wants it"),
        LeaveOut(W4, reason="Abroad"),
    )
    told = to_change(solved(small_run(), {W1: J1, W2: J1, W3: J2}, *changes))
    assert {one.where: one.reason for one in told} == {
        "Places of Surgery": "One more bed",
        "Places of Rural": "Nobody wants it",
        "Di Dale": "Abroad",
    }
    assert [one for one in told if "from 1 to 2 places" in one.what]
