"""A run that has no allocation, for three reasons that no single row shows."""

from __future__ import annotations

from allocator.embedded.demo_preferences import JobLineSpec, Tastes, make_specs, submit
from allocator.embedded.demo_tables import RunBuilder

WORKERS = 31
JOB_LINES = 32
WITHDRAWN = 31
SUPERVISED_WORKERS = (4, 9, 15, 22, 27)
SUPERVISED_JOB_LINES = (6, 17, 25)
"""One place each, except the middle one with two."""
NOBODY_MAY_HOLD = 30
NOWHERE_TO_GO = 19

SUPERVISED, ALS = "Supervised practice", "Advanced life support"
PART_TIME, RETRIEVAL = "Part-time 0.6 FTE", "Aeromedical retrieval"
CHILD_CHECK = "Working with children check"


def add_infeasible(run: RunBuilder) -> str:
    """30 workers take part in 32 job lines with 33 places. Returns the allocator run's id.

    - Five doctors in supervised practice have three job lines with four places together: half of
      the others exclude their tag, half ask for a qualification that they lack.
    - Job line 30 must have somebody and asks for aeromedical retrieval; its one holder withdrew.
    - Worker 19 works part-time: some job lines exclude that, the rest ask for qualifications that
      the worker lacks.

    Everybody else, and every other job line, has an allocation.
    """
    specs = make_specs(run.rng, [None] * JOB_LINES)
    job_lines = []
    for number, (rotations, site) in enumerate(specs, start=1):
        row = run.job_line(
            number,
            f"{' – '.join(rotations)} · {site}",
            places=2 if number == SUPERVISED_JOB_LINES[1] else 1,
            must=number in (8, NOBODY_MAY_HOLD),
        )
        job_lines.append(JobLineSpec(row, rotations, site))
    mappings = [_worker(run, number) for number in range(1, WORKERS + 1)]
    tastes = Tastes(run.rng, job_lines)
    for number, mapping in enumerate(mappings, start=1):
        submit(run, mapping, tastes.ranking(), 6 + number % 13, "gaps" if number % 5 else "dense")
    for number, job_line in enumerate(job_lines, start=1):
        _restrict(run, number, job_line.id)
    run.weighting(1, -10, tags=(ALS,))
    run.weighting(2, 15, job_line=job_lines[11].id, tags=(CHILD_CHECK,))
    return run.allocator_run()


def _worker(run: RunBuilder, number: int) -> str:
    if number in SUPERVISED_WORKERS:
        tags = [SUPERVISED, *([CHILD_CHECK] if number % 2 else [])]
    elif number == NOWHERE_TO_GO:
        tags = [PART_TIME]
    elif number == WITHDRAWN:
        tags = [ALS, RETRIEVAL]
    else:
        tags = [ALS if number % 2 else CHILD_CHECK, *([CHILD_CHECK] if number % 3 == 0 else [])]
        tags = sorted(set(tags))
    withdrawn = "Took up a research fellowship" if number == WITHDRAWN else None
    return run.worker(number, "PGY2" if number % 3 else "PGY3", tags, withdrawn=withdrawn)


def _restrict(run: RunBuilder, number: int, job_line: str) -> None:
    if number == NOBODY_MAY_HOLD:
        run.eligibility(job_line, tags=(RETRIEVAL,))
    elif number in SUPERVISED_JOB_LINES:
        run.eligibility(job_line, not_tags=(PART_TIME,))
    elif number % 2:
        run.eligibility(job_line, not_tags=(SUPERVISED, PART_TIME))
    else:
        # Supervised doctors may hold the child check, so it does not open these job lines to them.
        run.eligibility(job_line, tags=(ALS, CHILD_CHECK), not_tags=(SUPERVISED,))
