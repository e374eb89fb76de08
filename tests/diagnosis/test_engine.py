"""A diagnosis as a whole: whether a run can be done at all, progress, cancelling, JSON."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given

from allocator.diagnosis import (
    diagnose,
    pre_checks,
)
from allocator.errors import DataIssue, InvalidData
from allocator.models import RunInputs, Settings
from tests.diagnosis.test_causes import CAPPED
from tests.open_runs import has_allocation, open_run
from tests.strategies import run_inputs
from tests.synthetic import crowded, synthetic_inputs


def test_feasible_run_has_nothing_to_say() -> None:
    found = diagnose(open_run({"a": "XY", "b": "X"}, mandatory="Y"))
    assert found.feasible is True
    assert (found.causes, found.blocks, found.fixes, found.partial) == ((), (), (), None)
    assert all(check.passed for check in found.pre_checks)


@given(run_inputs(max_workers=5, max_job_lines=4, scenario=True), CAPPED)
def test_feasible_exactly_when_brute_force_finds_an_allocation(
    run: RunInputs, cap: float | None
) -> None:
    chosen = Settings(worst_rank=cap)
    found = diagnose(run, chosen)
    assert found.feasible is has_allocation(run, chosen)
    assert bool(found.causes) is not found.feasible


@given(run_inputs(max_workers=6, max_job_lines=4, feasible=False))
def test_planted_infeasible_runs_have_a_cause_and_json(run: RunInputs) -> None:
    found = diagnose(run)
    assert found.feasible is False
    printed = json.loads(json.dumps(found.as_dict()))
    assert printed["feasible"] is False
    assert {"kind", "workers", "job_lines", "seats", "needed", "rules", "explanation"} <= set(
        printed["causes"][0]
    )
    assert sum(block.n_independent for block in found.blocks) == found.n_independent


def test_pre_checks_name_who_and_what() -> None:
    run = open_run({"a": "X", "b": "", "c": "X"}, mandatory="Z", pins={"a": "Z"})
    failed = {check.name: check for check in pre_checks(run) if not check.passed}
    assert set(failed) == {
        "workers without an eligible job line",
        "mandatory job lines without an eligible worker",
        "fewer places than workers",
        "pins that collide",
    }
    assert failed["workers without an eligible job line"].workers == ("a", "b")
    assert failed["pins that collide"].words == "Dr a pinned to Line Z, which they may not hold."


def test_blocking_data_errors_are_raised() -> None:
    issue = DataIssue("job_lines", "Line X", "Its places are negative.", "Mend it.")
    with pytest.raises(InvalidData):
        diagnose(replace(open_run({"a": "X"}), issues=(issue,)))


def test_progress_counts_up_and_ends_done() -> None:
    steps: list[tuple[int, str]] = []
    diagnose(
        open_run({"a": ""}, job_lines="X"), on_progress=lambda p: steps.append((p.done, p.step))
    )
    assert steps[0] == (0, "pre-checks")
    assert steps == sorted(steps, key=lambda step: step[0])
    assert steps[-1][1] == "done"


def test_cancel_keeps_what_was_found() -> None:
    cancel = threading.Event()
    cancel.set()
    found = diagnose(open_run({"a": ""}, job_lines="X"), cancel=cancel)
    assert (found.feasible, found.cancelled) == (None, True)

    cancel = threading.Event()
    later = diagnose(
        open_run({"a": ""}, job_lines="X"),
        on_progress=lambda p: cancel.set() if p.step.startswith("fixes") else None,
        cancel=cancel,
    )
    assert later.cancelled
    assert later.feasible is False
    assert later.causes
    assert later.partial is not None
    assert not later.fixes


def test_run_of_an_intern_years_size_is_diagnosed_to_the_end() -> None:
    found = diagnose(crowded(synthetic_inputs(139, 140, 30)))
    assert found.feasible is False
    assert not found.cancelled
    assert len(found.causes) == 3  # ten workers for eight places, and one with nowhere to go
    assert found.fixes
