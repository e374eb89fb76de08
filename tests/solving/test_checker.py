"""The independent check: a right result passes, and each way to spoil it fails its own rule alone.

Amounts come from `brute_force`, not from the solver, so that both sides of a comparison are
worked out apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from allocator.models import (
    Allocation,
    Certificate,
    Eligibility,
    JobLine,
    RunInputs,
    Settings,
    Weighting,
    Worker,
)
from allocator.rules.ranks import preferences
from allocator.solving.checker import Verdict, check
from tests.brute_force import cost, score
from tests.strategies import RUN

EVERYBODY = "Every worker gets exactly one job line"
KNOWN = "Every job line belongs to the run"
ELIGIBLE = "Every placement is eligible"
PLACES = "No job line is over its places"
MANDATORY = "Every mandatory job line has a worker"
PINS = "Every pin holds"
CAP = "Nobody who ranked is placed above the cap on the worst rank"
AMOUNTS = "Scores, costs and the objective add up"
ORIGINALS = "Original preferences are the workers' own ranks"

SETTINGS = Settings(alpha=0.3, power=2.0, worst_rank=5)
LINES = ("surgery", "medicine", "emergency", "rural", "clinic", "relief")
RIGHT = {
    "ada": "surgery",
    "ben": "emergency",
    "cy": "emergency",
    "di": "rural",
    "eve": "medicine",
    "fay": "relief",
}


def run() -> RunInputs:
    """Six workers and six job lines; every hard rule has something to forbid.

    A place of Surgery, of Medicine and of Clinic is used, so Clinic need not be filled again.
    Cy may hold Emergency by the scenario's ruling alone. Ada ranks a job line of another run
    first; Fay ranks nothing.
    """
    tastes = {
        "ada": ("elsewhere", "surgery", "medicine", "rural", "clinic", "emergency", "relief"),
        "ben": ("surgery", "emergency", "medicine", "relief", "clinic", "rural"),
        "cy": ("emergency", "surgery", "relief", "rural", "medicine", "clinic"),
        "di": ("surgery", "rural", "clinic", "medicine", "relief", "emergency"),
        "eve": ("surgery", "medicine", "clinic", "emergency", "rural", "relief"),
        "fay": (),
    }
    tags = {"cy": {"icu"}, "di": {"rural"}, "eve": {"rural", "icu"}, "fay": {"rural"}}
    workers = [
        Worker(
            name,
            firstname=name.title(),
            qualification_ids=frozenset(tags.get(name, ())),
            preferences=preferences({j: i for i, j in enumerate(order, 1)}, set(LINES)),
        )
        for name, order in tastes.items()
    ]
    emergency = Eligibility("emergency", excluded_qualification_tag_ids=frozenset({"icu"}))
    rural = Eligibility(
        "rural",
        included_qualification_tag_ids=frozenset({"rural"}),
        included_worker_mapping_ids=frozenset({"ada"}),
        excluded_worker_mapping_ids=frozenset({"fay"}),
    )
    job_lines = [
        JobLine("surgery", "Surgery", max_n_workers=2, used_places=1),
        JobLine("medicine", "Medicine", max_n_workers=2, used_places=1),
        JobLine("emergency", "Emergency", max_n_workers=3, eligibility=emergency),
        JobLine("rural", "Rural", max_n_workers=2, must_have_workers=True, eligibility=rural),
        JobLine("clinic", "Clinic", max_n_workers=2, must_have_workers=True, used_places=1),
        JobLine("relief", "Relief", max_n_workers=9),
    ]
    return RunInputs(
        RUN,
        tuple(workers),
        tuple(sorted(job_lines, key=lambda line: line.id)),
        weightings=(
            Weighting("1", 3, "rural", qualification_tag_ids=frozenset({"rural"})),
            Weighting("2", -2, None, worker_mapping_ids=frozenset({"ada"})),
            Weighting("3", 1, "emergency"),
            Weighting("4", 2, None),
        ),
        pins={"ben": "emergency"},
        rulings={("eve", "clinic"): False, ("eve", "surgery"): False, ("cy", "emergency"): True},
    )


def rows_of(
    inputs: RunInputs, placements: Mapping[str, str], settings: Settings = SETTINGS
) -> list[Allocation]:
    """These placements with the amounts that the domain's definitions give them."""
    return [row_of(inputs, settings, w, j) for w, j in placements.items()]


def row_of(inputs: RunInputs, settings: Settings, worker_id: str, line_id: str) -> Allocation:
    worker, line = inputs.worker(worker_id), inputs.job_line(line_id)
    ranks = worker.preferences.order
    better = sum(rank < ranks.get(line_id, 0) for rank in ranks.values())
    equal = sum(rank == ranks.get(line_id, 0) for rank in ranks.values())
    return Allocation(
        worker_id,
        line_id,
        float(score(inputs, worker, line)),
        better + (equal + 1) / 2 if line_id in ranks else None,
        float(cost(inputs, settings, worker, line)),
    )


def verdict_on(
    rows: Sequence[Allocation],
    settings: Settings = SETTINGS,
    *,
    inputs: RunInputs | None = None,
    off: float = 0.0,
    certificate: Certificate | None = None,
) -> Verdict:
    """The check of these rows; the objective is their sum plus `off`."""
    objective = sum(row.cost for row in rows) + off
    return check(inputs or run(), settings, rows, objective, certificate)


def failed(verdict: Verdict) -> list[str]:
    return [item.rule for item in verdict.checks if item.failures]


def test_check_right_result_passes_every_rule():
    verdict = verdict_on(rows_of(run(), RIGHT))
    assert verdict.passed
    assert [item.rule for item in verdict.checks] == [
        EVERYBODY,
        KNOWN,
        ELIGIBLE,
        PLACES,
        MANDATORY,
        PINS,
        CAP,
        AMOUNTS,
        ORIGINALS,
    ]
    assert all(item.tested for item in verdict.checks)
    assert not verdict.proven


def test_check_worker_named_as_included_needs_no_tag():
    moved = rows_of(run(), RIGHT | {"ada": "rural"})
    assert verdict_on(moved).passed


MOVES = {
    "lacks the included tag": ("cy", "rural", ELIGIBLE),
    "holds an excluded tag": ("eve", "emergency", ELIGIBLE),
    "is excluded by name": ("fay", "rural", ELIGIBLE),
    "is banned by the scenario": ("eve", "clinic", ELIGIBLE),
    "takes a place that is used": ("fay", "medicine", PLACES),
    "leaves the mandatory job line": ("di", "relief", MANDATORY),
    "leaves the pin": ("ben", "relief", PINS),
    "is above the cap": ("ada", "relief", CAP),
}


@pytest.mark.parametrize(("worker", "line", "rule"), MOVES.values(), ids=MOVES)
def test_check_move_against_one_rule_fails_that_rule_alone(worker: str, line: str, rule: str):
    verdict = verdict_on(rows_of(run(), RIGHT | {worker: line}))
    assert failed(verdict) == [rule]
    [reason] = next(item.failures for item in verdict.checks if item.failures)
    named = "Medicine" if rule is PLACES else "Rural" if rule is MANDATORY else worker
    assert named in reason


def test_check_too_many_workers_on_a_job_line_fails_its_places():
    inputs = run()
    crowded = [replace(j, max_n_workers=1) if j.id == "emergency" else j for j in inputs.job_lines]
    inputs = replace(inputs, job_lines=tuple(crowded))
    verdict = verdict_on(rows_of(inputs, RIGHT), inputs=inputs)
    assert failed(verdict) == [PLACES]


def without_fay(rows: list[Allocation]) -> list[Allocation]:
    return [row for row in rows if row.worker_mapping != "fay"]


def fay_twice(rows: list[Allocation]) -> list[Allocation]:
    return [*rows, row_of(run(), SETTINGS, "fay", "clinic")]


def a_stranger(rows: list[Allocation]) -> list[Allocation]:
    return [*rows, replace(rows[-1], worker_mapping="zoe")]


def another_runs_job_line(rows: list[Allocation]) -> list[Allocation]:
    return [*rows[:-1], replace(rows[-1], job_line="elsewhere")]


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (without_fay, EVERYBODY),
        (fay_twice, EVERYBODY),
        (a_stranger, EVERYBODY),
        (another_runs_job_line, KNOWN),
    ],
)
def test_check_rows_that_are_not_one_a_worker_fail(
    spoil: Callable[[list[Allocation]], list[Allocation]], rule: str
):
    assert failed(verdict_on(spoil(rows_of(run(), RIGHT)))) == [rule]


@pytest.mark.parametrize("worker", RIGHT)
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda row: replace(row, score=row.score + 1), AMOUNTS),
        (lambda row: replace(row, score=float("nan")), AMOUNTS),
        (lambda row: replace(row, cost=row.cost - 0.5), AMOUNTS),
        (lambda row: replace(row, original_preference=7.0), ORIGINALS),
    ],
    ids=["score", "score is no number", "cost", "original preference"],
)
def test_check_wrong_figure_of_a_row_fails(
    worker: str, change: Callable[[Allocation], Allocation], rule: str
):
    rows = [change(r) if r.worker_mapping == worker else r for r in rows_of(run(), RIGHT)]
    assert failed(verdict_on(rows)) == [rule]


def test_check_costs_wrong_in_sum_alone_fail_by_name():
    """Two wrong costs that cancel out in the objective."""
    rows = rows_of(run(), RIGHT)
    rows[0] = replace(rows[0], cost=rows[0].cost + 1)
    rows[1] = replace(rows[1], cost=rows[1].cost - 1)
    verdict = verdict_on(rows)
    assert failed(verdict) == [AMOUNTS]
    [reasons] = [item.failures for item in verdict.checks if item.failures]
    assert [reason.split(":")[0] for reason in reasons] == ["ada", "ben"]


@pytest.mark.parametrize("off", [0.001, -0.001, float("nan")])
def test_check_wrong_objective_fails(off: float):
    assert failed(verdict_on(rows_of(run(), RIGHT), off=off)) == [AMOUNTS]


def test_check_original_preference_counts_the_whole_list():
    """Ada's first job line is another run's, so Surgery is her second, though she scores 1."""
    rows = rows_of(run(), RIGHT)
    assert (rows[0].score, rows[0].original_preference) == (1.0, 2.0)
    for wrong in (1.0, None):
        spoiled = [replace(rows[0], original_preference=wrong), *rows[1:]]
        assert failed(verdict_on(spoiled)) == [ORIGINALS]
