"""The one count of an outcome against the definitions, worker by worker."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given

from allocator.measures import headline, outcome, placements
from allocator.measures.outcome import (
    audit_counts,
    first_choices_possible,
    outcome_of_audit,
    scoreboard,
)
from allocator.models import JobLine, RunInputs, Worker
from allocator.result import SolveResult
from allocator.rules.matrices import matrices
from tests.brute_force import extra, feasible, ranked_something, score
from tests.builders import result_for, small_result, small_run
from tests.measures.test_headline import placed_runs
from tests.strategies import run_inputs


def is_first_choice(inputs: RunInputs, worker: Worker, line: JobLine) -> bool:
    in_run = {row.id for row in inputs.job_lines}
    order = {j: rank for j, rank in worker.preferences.order.items() if j in in_run}
    return line.id in order and order[line.id] == min(order.values())


@given(placed_runs())
def test_outcome_is_what_the_definitions_say(case: tuple[RunInputs, SolveResult]) -> None:
    inputs, result = case
    held = [(inputs.worker(a.worker_mapping), inputs.job_line(a.job_line))
            for a in result.allocations]  # fmt: skip
    chose = [(w, line) for w, line in held if ranked_something(inputs, w)]
    got = outcome(inputs, result)
    assert got.workers == len(inputs.workers)
    assert got.placed == len(held)
    assert got.ranked == sum(ranked_something(inputs, w) for w in inputs.workers)
    nothing = {w.id for w in inputs.workers if not ranked_something(inputs, w)}
    assert set(got.no_preferences) == nothing
    assert got.first_choices == sum(is_first_choice(inputs, w, line) for w, line in chose)
    ranked = [score(inputs, w, line) for w, line in chose if line.id in w.preferences.order]
    assert got.within == {k: sum(rank <= k for rank in ranked) for k in (3, 5, 10)}
    assert got.unranked == len(chose) - len(ranked)
    worst = max((score(inputs, w, line) for w, line in chose), default=None)
    assert got.worst_score == worst
    assert got.n_worst == sum(score(inputs, w, line) == worst for w, line in chose)
    assert got.mean_rank == (pytest.approx(sum(ranked) / len(ranked)) if ranked else None)
    assert got.weighting_points == sum(extra(inputs, w, line) for w, line in held)


@given(run_inputs(max_workers=5, max_job_lines=4))
def test_first_choices_possible_is_the_most_of_all_allocations(inputs: RunInputs) -> None:
    most = max(
        (
            sum(is_first_choice(inputs, w, j) for w, j in zip(inputs.workers, chosen, strict=True))
            for chosen in feasible(inputs)
        ),
        default=None,
    )
    assert first_choices_possible(inputs) == most


def test_every_count_of_one_allocation_is_the_same() -> None:
    inputs, result = small_run(), small_result()
    got = outcome(inputs, result)
    assert headline(inputs, result).outcome is got
    counts = json.loads(json.dumps(audit_counts(inputs, result)))
    assert counts["first_choices"] == got.first_choices == 1
    assert counts["first_choices_possible"] == got.first_choices_possible == 2
    assert counts["no_preferences"] == 1
    kept = outcome_of_audit(counts)
    assert (kept["ranked"], kept["first_choices"], kept["within"]["3"]) == (3, 1, 2)


def test_audit_rows_of_former_versions_still_tell_first_choices() -> None:
    old = {"placed": 4, "within": {"1": 2, "3": 3}, "unranked": 1, "workers": 4}
    assert outcome_of_audit(old)["first_choices"] == 2
    assert scoreboard(old) == [
        ("First choices", "2"),
        ("Within the top 3", "3"),
        ("On a job line not ranked", "1"),
    ]
    now = dict(scoreboard(audit_counts(small_run(), small_result())))
    assert now["First choices"] == "1 of 3 who ranked · best possible 2"
    assert now["Weighting points"] == "-2"


def test_what_is_derived_stays_with_its_owner_and_is_not_pickled() -> None:
    inputs, result = small_run(), small_result()
    bare = len(pickle.dumps(inputs))
    assert matrices(inputs) is matrices(inputs)
    assert outcome(inputs, result) is outcome(inputs, result)
    assert len(pickle.dumps(inputs)) == bare
    again = pickle.loads(pickle.dumps(inputs))
    assert matrices(again) is not matrices(inputs)
    assert again.workers == inputs.workers
    other = small_run()
    assert outcome(other, result) == outcome(inputs, result)


def test_a_changed_frame_of_placements_changes_nobody_elses() -> None:
    inputs, result = small_run(), result_for(small_run(), {})
    result = small_result()
    frame = placements(inputs, result)
    frame["rank"] = 99.0
    frame.loc[0, "name"] = "Somebody else"
    assert "Somebody else" not in set(placements(inputs, result)["name"])
    assert (placements(inputs, result)["rank"] != 99.0).all()
