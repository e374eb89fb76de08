"""Two small runs: one that can be checked by eye, one that needs an acknowledgement."""

from __future__ import annotations

from allocator.demo.people import SITES
from allocator.demo.run_builder import LIKE, LOVE, NEVER, RunBuilder, uid
from allocator.demo.tastes import JobLineSpec, Tastes, make_specs, submit

BY_EYE = {
    1: (1, 2, 3),
    2: (2, 3, 4),
    3: (3, 4, 5),
    4: (4, 5, 6),
    5: (5, 6, 7),
    6: (6, 7, 8),
    7: (7, 8, 1),
    8: (8, 1, 2),
    9: (9, 10),
    10: (9, 11, 10),
    11: (11, 10),
    12: (10, 12),
}
"""Worker number → job line numbers, best first."""

GETS_A_NEVER = (12, 12)
"""Worker and job line: its second choice, which the worker cannot accept and gets."""

BY_EYE_OPTIMUM = {number: number for number in range(1, 9)} | {9: 10, 10: 9, 11: 11, 12: 12}
"""Worker number → job line number in the only best allocation; see `add_by_eye`."""

_BY_EYE_ROTATIONS = (
    "Paeds – ED – Surgery",
    "Psych – ED – Gen Med",
    "O&G – Surgery – ED",
    "Ortho – Gen Med – ED",
    "Cardiology – ED – Surgery",
    "Geriatrics – ED – Surgery",
    "Renal – Surgery – ED",
    "Neurology – ED – Gen Med",
    "Anaesthetics – ICU – ED",
    "Palliative – Gen Med – ED",
    "Respiratory – ED – Surgery",
    "Oncology – Gen Med – ED",
)


def add_by_eye(run: RunBuilder) -> str:
    """12 workers, 12 job lines; without weightings the ranks alone decide. Returns the run's id.

    Workers 1 to 8 and 11 each put a job line first that nobody else puts first. Workers 9 and 10
    both put job line 9 first, so one of them gets at best its second choice. Worker 12 may not
    hold its first choice, job line 10, so it gets at best its second. Hence no allocation has
    ranks that add up to less than 10·1 + 2 + 2 = 14. One reaches 14: worker 10 gets job line 9,
    worker 9 its second choice 10, worker 12 its second choice 12, everybody else their first.
    It is the only one: were worker 9 to get job line 9, worker 10's second choice is job line
    11, which is worker 11's first. Worker 12 put that second choice under *never*, which is no
    rule, so that somebody gets what they cannot accept.
    """
    job_lines = {
        number: run.job_line(number, f"{rotations} · {SITES[number % len(SITES)]}")
        for number, rotations in enumerate(_BY_EYE_ROTATIONS, start=1)
    }
    for number, rotations in enumerate(_BY_EYE_ROTATIONS, start=1):
        run.terms(number, rotations.split(" – "), SITES[number % len(SITES)])
    mappings = {number: run.worker(number, "PGY1") for number in BY_EYE}
    for number, choices in BY_EYE.items():
        for rank, choice in enumerate(choices, start=1):
            bucket = LOVE if rank == 1 else LIKE
            if (number, choice) == GETS_A_NEVER:
                bucket = NEVER
            run.prefer(mappings[number], job_lines[choice], rank, like=bucket)
    run.eligibility(job_lines[10], not_workers=(mappings[12],))
    return run.allocator_run()


def add_needs_acknowledgement(run: RunBuilder, foreign_mapping: str) -> str:
    """6 workers and 7 job lines, solvable once two dead references are acknowledged.

    The batch names a job line that has been deleted since, and a worker mapping of another
    allocation run. Returns the run's id.
    """
    rotations = ("ED – ICU", "ED – Paeds", "Gen Med – Renal", "Surgery – Ortho")
    job_lines = [
        run.job_line(number, f"{rotations[number % 4]} · {SITES[number % len(SITES)]}")
        for number in range(1, 8)
    ]
    for number in range(1, 8):
        run.terms(number, rotations[number % 4].split(" – "), SITES[number % len(SITES)])
    mappings = [run.worker(number, "PGY3") for number in range(1, 7)]
    for position, mapping in enumerate(mappings):
        for rank in (1, 2, 3):
            bucket = LOVE if rank == 1 else LIKE
            run.prefer(mapping, job_lines[(position * 2 + rank) % 7], rank, like=bucket)
    deleted = uid(run.key, "job line", 8)
    return run.allocator_run(
        job_lines=[*job_lines, deleted], workers=[*mappings, foreign_mapping], days_ago=1
    )


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
        run.terms(number, rotations, site)
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
