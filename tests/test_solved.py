"""A solve's identity: one for whatever a commit would write alike."""

from __future__ import annotations

from dataclasses import replace

from allocator.models import Settings
from allocator.scenario import Scenario
from allocator.scenario.changes import LeaveOut
from allocator.solved import AS_IT_IS, Solved, identity_of
from tests.builders import small_result, small_run


def test_identity_is_the_same_whoever_solves_and_however_long_it_takes():
    inputs, result = small_run(), small_result()
    one = Solved(inputs, result, inputs, solved_by="Ada")
    slower = replace(result, timings={"solve": 9.0}, allocations=result.allocations[::-1])
    other = Solved(small_run(), slower, inputs, solved_by="Ben")
    assert one.identity == other.identity
    assert len(one.identity) == 64


def test_identity_differs_with_allocation_settings_scenario_and_data():
    result = small_result()
    first, *rest = result.allocations
    scenario = Scenario("Wards", changes=(LeaveOut("w"),))
    identities = {
        identity_of(result, {}),
        identity_of(replace(result, allocations=tuple(rest)), {}),
        identity_of(replace(result, allocations=(replace(first, job_line="x"), *rest)), {}),
        identity_of(replace(result, settings=Settings(seed=99)), {}),
        identity_of(replace(result, fingerprint="another"), {}),
        identity_of(result, scenario.audit()),
        identity_of(result, replace(scenario, name="Theatres").audit()),
    }
    assert len(identities) == 7


def test_solve_of_the_run_as_it_is_has_no_audited_scenario():
    inputs = small_run()
    solved = Solved(inputs, small_result(), inputs)
    assert (solved.name, solved.audit) == (AS_IT_IS, {})
    assert solved.placed is solved.placed
