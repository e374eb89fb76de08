"""The intern year: 139 workers, one of them withdrawn, and 140 job lines of one place each."""

from __future__ import annotations

from random import Random

from allocator.demo.people import SITES
from allocator.demo.run_builder import RunBuilder
from allocator.demo.tastes import STYLES, JobLineSpec, Tastes, make_specs, submit

WORKERS = 139
JOB_LINES = 140
WITHDRAWN = 77
RANKED_NOTHING = frozenset({12, 31, 58, 90, 101, 133})
STARTED_NOT_SUBMITTED = frozenset({23, 66, 119})

RURAL, BONDED, ALS = "Rural pathway", "Bonded scholarship", "Advanced life support"
PAEDS, NEONATAL = "Paediatrics interest", "Neonatal resuscitation"
PART_TIME, NO_NIGHTS = "Part-time 0.6 FTE", "Night shift exemption"


def add_intern_year(run: RunBuilder) -> str:
    """Fill the allocation run; returns the pending allocator run's id."""
    job_lines = _job_lines(run)
    mappings = [_worker(run, number) for number in range(1, WORKERS + 1)]
    _preferences(run, job_lines, mappings)
    _eligibility(run, job_lines, mappings)
    _weightings(run, job_lines, mappings)
    return run.allocator_run()


def _special(position: int) -> str | None:
    if position % 12 == 5:
        return "Rural GP"
    if position % 14 == 3:
        return "ICU"
    return "Relief" if position % 10 == 7 else None


def _job_lines(run: RunBuilder) -> list[JobLineSpec]:
    specs = make_specs(run.rng, [_special(position) for position in range(JOB_LINES)])
    job_lines = []
    for number, (rotations, site) in enumerate(specs, start=1):
        must = "Rural GP" in rotations and number % 24 == 6
        name = f"{' – '.join(rotations)} · {site}"
        run.terms(number, rotations, site)
        job_lines.append(JobLineSpec(run.job_line(number, name, must=must), rotations, site))
    return job_lines


def _tags(rng: Random, number: int) -> list[str]:
    """About one worker in five is rural or bonded, three in five hold advanced life support."""
    tags = []
    if number % 9 == 2:
        tags.append(RURAL)
    if number % 10 == 4:
        tags.append(BONDED)
    for name, share in ((ALS, 0.6), (PAEDS, 0.2), (NEONATAL, 0.1)):
        if rng.random() < share:
            tags.append(name)
    if number % 14 == 8:
        tags.append(PART_TIME)
    if number % 33 == 9:
        tags.append(NO_NIGHTS)
    return tags


def _worker(run: RunBuilder, number: int) -> str:
    return run.worker(
        number,
        "PGY1",
        _tags(run.rng, number),
        submitted=number not in RANKED_NOTHING | STARTED_NOT_SUBMITTED,
        withdrawn="Accepted an interstate intern place" if number == WITHDRAWN else None,
    )


def _preferences(run: RunBuilder, job_lines: list[JobLineSpec], mappings: list[str]) -> None:
    rng = run.rng
    tastes = Tastes(rng, job_lines)
    for number, mapping in enumerate(mappings, start=1):
        if number in RANKED_NOTHING:
            continue
        home = rng.choice(SITES) if rng.random() < 0.35 else None
        style = rng.choices(STYLES, weights=(50, 20, 12, 13, 5))[0]
        submit(run, mapping, tastes.ranking(home), _length(rng, number), style)


def _length(rng: Random, number: int) -> int:
    if number in STARTED_NOT_SUBMITTED:
        return 2 + number % 3
    kind = rng.random()
    if kind < 0.15:
        return JOB_LINES
    return rng.randint(4, 14) if kind < 0.35 else rng.randint(20, 70)


def _eligibility(run: RunBuilder, job_lines: list[JobLineSpec], mappings: list[str]) -> None:
    for position, job_line in enumerate(job_lines):
        if "Rural GP" in job_line.rotations:
            run.eligibility(job_line.id, tags=(RURAL, BONDED), not_tags=(PART_TIME,))
        elif "ICU" in job_line.rotations:
            run.eligibility(job_line.id, tags=(ALS,), not_tags=(NO_NIGHTS,))
        elif "Relief" in job_line.rotations:
            run.eligibility(job_line.id, not_tags=(PART_TIME, NO_NIGHTS))
        elif position % 35 == 20:
            # A supervisor's relative does not work in the supervisor's unit.
            run.eligibility(job_line.id, not_workers=(mappings[position], mappings[position // 2]))
    named = next(line for line in job_lines if _unrestricted(run, line.id))
    # Held for the two who return from leave, and for any bonded graduate.
    run.eligibility(named.id, tags=(BONDED,), workers=(mappings[2], mappings[40]))


def _unrestricted(run: RunBuilder, job_line: str) -> bool:
    return all(row["job_line"] != job_line for row in run.tables["job_line_eligibility"])


def _weightings(run: RunBuilder, job_lines: list[JobLineSpec], mappings: list[str]) -> None:
    """Global ones have no job line; they never change who goes where, only the total."""
    rules: list[tuple[int, str | None, tuple[str, ...], tuple[str, ...]]] = [
        (2, None, (), ()),
        (-5, None, (BONDED,), ()),
    ]
    for job_line in job_lines:
        if "Rural GP" in job_line.rotations:
            rules.append((-40, job_line.id, (RURAL,), ()))
        if "ICU" in job_line.rotations:
            rules.append((12, job_line.id, (PART_TIME,), ()))
        if "Paeds" in job_line.rotations and job_line.site == SITES[0]:
            rules.append((-25, job_line.id, (PAEDS, NEONATAL), ()))
    rules.append((30, job_lines[28].id, (), (mappings[9], mappings[17])))
    rules.append((-60, job_lines[63].id, (), (mappings[44],)))
    for number, (weighting, job_line_id, tags, workers) in enumerate(rules, start=1):
        run.weighting(number, weighting, job_line=job_line_id, tags=tags, workers=workers)
