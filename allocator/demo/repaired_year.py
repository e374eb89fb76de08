"""A year that was filled and published before a doctor withdrew, and a batch to repair it in."""

from __future__ import annotations

from allocator.demo.run_builder import RunBuilder
from allocator.demo.tastes import JobLineSpec, Tastes, make_specs, submit
from allocator.demo.two_batches import best_pairs, hydrated_batch
from allocator.rules.ranks import original_preference

REGISTRARS = 24
REGISTRAR_JOB_LINES = 24
WITHDRAWN_REGISTRAR = 2
LISTED = (6, 20, 9, 14)
"""How many job lines registrars 1, 2, 3, 4 ranked, then again."""
WITHOUT_LIST = (4, 11, 15, 22)
"""Registrars who handed in a list without any rank."""
ADVANCED = "Advanced life support"
COMPLETED_DAYS_AGO = 12


def add_repaired_year(run: RunBuilder) -> tuple[str, str]:
    """24 registrars, 24 job lines; the ids of the completed run and of the batch after it.

    The first batch placed everybody, by a best allocation under the default settings. Three days
    later registrar 2 withdrew. The second batch stands alone: it takes the whole year again, so
    that it can begin with what the first one gave and move as few as need be.
    """
    lines = _registrar_job_lines(run)
    mappings = [_registrar(run, number) for number in range(1, REGISTRARS + 1)]
    tastes = Tastes(run.rng, lines)
    for number, mapping in enumerate(mappings, start=1):
        length = 0 if number in WITHOUT_LIST else LISTED[(number - 1) % len(LISTED)]
        submit(run, mapping, tastes.ranking(), length, "plain" if number % 3 else "competition")
    run.eligibility(lines[4].id, tags=(ADVANCED,))
    run.weighting(1, -8, job_line=lines[10].id, tags=(ADVANCED,))
    run.weighting(2, 6, job_line=lines[2].id)
    job_lines = [line.id for line in lines]
    completed = run.allocator_run("first", days_ago=COMPLETED_DAYS_AGO, completed=True)
    inputs = hydrated_batch(run, completed, job_lines, mappings)
    for mapping, job_line in best_pairs(inputs):
        original = original_preference(inputs.worker(mapping).preferences, job_line)
        run.allocation(completed, mapping, job_line, original, days_ago=COMPLETED_DAYS_AGO)
    return completed, run.allocator_run("second", days_ago=1)


def _registrar_job_lines(run: RunBuilder) -> list[JobLineSpec]:
    lines = []
    specs = make_specs(run.rng, [None] * REGISTRAR_JOB_LINES)
    for number, (rotations, site) in enumerate(specs, start=1):
        row = run.job_line(number, f"{' – '.join(rotations)} · {site}", must=number == 7)
        run.terms(number, rotations, site)
        lines.append(JobLineSpec(row, rotations, site))
    return lines


def _registrar(run: RunBuilder, number: int) -> str:
    tags = [ADVANCED] if number % 3 == 0 else []
    withdrawn = "Accepted a research post" if number == WITHDRAWN_REGISTRAR else None
    return run.worker(number, "PGY4", tags, withdrawn=withdrawn)
