"""A year filled in two batches: the first is completed, the second takes what it left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from scipy.optimize import linear_sum_assignment

from allocator.demo.run_builder import RunBuilder
from allocator.demo.tastes import JobLineSpec, Tastes, make_specs, submit
from allocator.models import (
    AllocatorRun,
    Eligibility,
    JobLine,
    RunInputs,
    Settings,
    Weighting,
    Worker,
)
from allocator.rules.matrices import Matrices
from allocator.rules.ranks import original_preference, preferences

WORKERS = 45
WITHDRAWN = 36
FIRST_BATCH_WORKERS = 20
GAVE_BACK, LEAVES_LATER = 7, 30
"""Placed by the first batch and withdrawn since; and one whose withdrawal is still to come."""
JOB_LINES = 26
FIRST_BATCH_JOB_LINES = 18
MUST_HAVE = (5, 20, 23)
PLACES = (1, 2, 3, 2)
"""Places of job lines 1, 2, 3, 4, then again."""

CONTINUING, NEONATAL, NO_NIGHTS = (
    "Continuing contract",
    "Neonatal resuscitation",
    "Night shift exemption",
)


@dataclass(frozen=True)
class Batches:
    """The allocator runs' ids."""

    completed: str
    second: str


def add_two_batches(run: RunBuilder) -> Batches:
    """Continuing residents first, then everybody else into the places that are left.

    The first batch's allocation is a best one under the default settings, so that it obeys every
    rule. It leaves some job lines full and others part-filled. One of its workers has withdrawn
    since, so that a place is free again; one of the second batch is about to.
    """
    job_lines = _job_lines(run)
    mappings = [_worker(run, number) for number in range(1, WORKERS + 1)]
    tastes = Tastes(run.rng, job_lines)
    for number, mapping in enumerate(mappings, start=1):
        if number != 41:
            submit(run, mapping, tastes.ranking(), 5 + (number * 5) % 17, _style(number))
    _restrict(run, job_lines, mappings)
    first_job_lines = [line.id for line in job_lines[:FIRST_BATCH_JOB_LINES]]
    first_mappings = mappings[:FIRST_BATCH_WORKERS]
    completed = run.allocator_run(
        "first",
        days_ago=8,
        completed=True,
        job_lines=first_job_lines,
        workers=first_mappings,
    )
    inputs = hydrated_batch(run, completed, first_job_lines, first_mappings)
    for mapping, job_line in best_pairs(inputs):
        original = original_preference(inputs.worker(mapping).preferences, job_line)
        run.allocation(completed, mapping, job_line, original, days_ago=8)
    return Batches(completed, run.allocator_run("second", days_ago=1, exclusive=True))


def _job_lines(run: RunBuilder) -> list[JobLineSpec]:
    special = ["Relief" if number in (4, 11, 22) else None for number in range(1, JOB_LINES + 1)]
    job_lines = []
    for number, (rotations, site) in enumerate(make_specs(run.rng, special), start=1):
        name = f"{' – '.join(rotations)} · {site}"
        places = PLACES[(number - 1) % len(PLACES)]
        row = run.job_line(number, name, places=places, must=number in MUST_HAVE)
        run.terms(number, rotations, site)
        job_lines.append(JobLineSpec(row, rotations, site))
    return job_lines


def _worker(run: RunBuilder, number: int) -> str:
    tags = [CONTINUING] if number <= FIRST_BATCH_WORKERS else []
    if number % 4 == 1:
        tags.append(NEONATAL)
    if number % 11 == 6:
        tags.append(NO_NIGHTS)
    reasons = {
        WITHDRAWN: "Moving overseas",
        GAVE_BACK: "Accepted a training post elsewhere",
        LEAVES_LATER: "Parental leave",
    }
    return run.worker(
        number,
        "PGY2",
        tags,
        submitted=number != 41,
        withdrawn=reasons.get(number),
        withdrawn_days_ago=3 if number == GAVE_BACK else 9,
        effective_in=200 if number == LEAVES_LATER else None,
    )


def _style(number: int) -> str:
    return ("plain", "competition", "plain", "gaps", "dense")[number % 5]


def _restrict(run: RunBuilder, job_lines: list[JobLineSpec], mappings: list[str]) -> None:
    run.eligibility(job_lines[2].id, tags=(NEONATAL,))
    for number in (4, 11, 22):
        run.eligibility(job_lines[number - 1].id, not_tags=(NO_NIGHTS,))
    run.eligibility(job_lines[7].id, not_workers=(mappings[6], mappings[29]))
    run.eligibility(job_lines[14].id, tags=(NEONATAL,), workers=(mappings[25],))
    run.weighting(1, -6, tags=(CONTINUING,))
    run.weighting(2, -15, job_line=job_lines[22].id, tags=(NEONATAL,))
    run.weighting(3, 20, job_line=job_lines[1].id, workers=(mappings[33],))
    run.weighting(4, 3, job_line=job_lines[9].id)


def hydrated_batch(
    run: RunBuilder, run_id: str, job_line_ids: list[str], mapping_ids: list[str]
) -> RunInputs:
    """A batch as the allocator reads it when all of these workers take part."""
    tables = run.tables
    tags: dict[object, set[str]] = {}
    for row in tables["worker_qualifications"]:
        tags.setdefault(row["worker"], set()).add(str(row["qualification_tag"]))
    people = {row["id"]: row["worker"] for row in tables["allocation_run_worker_mappings"]}
    orders: dict[object, dict[str, int]] = {}
    for row in tables["preference_worker_job_lines"]:
        rank = row["order_preference"]
        if isinstance(rank, int):
            order = orders.setdefault(row["allocation_run_worker_mapping"], {})
            order[str(row["job_line"])] = rank
    included = frozenset(job_line_ids)
    workers = [
        Worker(
            mapping,
            qualification_ids=frozenset(tags.get(people[mapping], ())),
            preferences=preferences(orders.get(mapping, {}), included),
        )
        for mapping in sorted(mapping_ids)
    ]
    return RunInputs(
        AllocatorRun(run_id, run.allocation_run, datetime.now(UTC)),
        tuple(workers),
        tuple(_first_batch_job_lines(run, included)),
        tuple(
            Weighting(
                str(row["id"]),
                _int(row["weighting"]),
                None if row["job_line"] is None else str(row["job_line"]),
                _ids(row["qualification_tag_ids"]),
                _ids(row["worker_mapping_ids"]),
            )
            for row in tables["allocation_run_preferencer_weightings"]
            if row["allocation_run"] == run.allocation_run
        ),
    )


def _first_batch_job_lines(run: RunBuilder, included: frozenset[str]) -> list[JobLine]:
    rules = {
        str(row["job_line"]): Eligibility(
            str(row["job_line"]),
            _ids(row["included_qualification_tag_ids"]),
            _ids(row["excluded_qualification_tag_ids"]),
            _ids(row["included_worker_mapping_ids"]),
            _ids(row["excluded_worker_mapping_ids"]),
        )
        for row in run.tables["job_line_eligibility"]
    }
    job_lines = [
        JobLine(
            str(row["id"]),
            max_n_workers=_int(row["max_n_workers"]),
            must_have_workers=bool(row["must_have_workers"]),
            eligibility=rules.get(str(row["id"])),
        )
        for row in run.tables["job_lines"]
        if row["id"] in included
    ]
    return sorted(job_lines, key=lambda job_line: job_line.id)


def best_pairs(inputs: RunInputs) -> list[tuple[str, str]]:
    """(mapping, job line) of a best allocation: one column for each place, Hungarian method."""
    arrays = Matrices(inputs)
    costs = np.where(arrays.eligible, arrays.costs(Settings()).values, np.inf)
    places = np.repeat(np.arange(len(inputs.job_lines)), arrays.upper)
    first_place = np.r_[True, places[1:] != places[:-1]]
    # A reward larger than any saving fills one place of each job line that must have somebody.
    reward = 1.0 + costs[arrays.eligible].max() * len(inputs.workers)
    seats = costs[:, places] - reward * (first_place & (arrays.lower[places] > 0))
    rows, columns = linear_sum_assignment(seats)
    return [
        (inputs.workers[row].id, inputs.job_lines[places[column]].id)
        for row, column in zip(rows, columns, strict=True)
    ]


def _ids(value: object) -> frozenset[str]:
    return frozenset(str(item) for item in value) if isinstance(value, list) else frozenset()


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
