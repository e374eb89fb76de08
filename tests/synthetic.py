"""Made-up runs of any size, as table rows or as hydrated inputs, for tests of scale.

Tastes are correlated, one worker in three has ties or gaps, about 15 % of the pairs are
ineligible through tags and names, and the places add up to slightly more than the workers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from random import Random

from allocator.demo.demo_data import REFERENCE_DAY
from allocator.demo.people import People
from allocator.demo.run_builder import RunBuilder, Tables, empty_tables, uid
from allocator.models import (
    AllocatorRun,
    Eligibility,
    JobLine,
    QualificationTag,
    RunInputs,
    Weighting,
    Worker,
)
from allocator.rules.ranks import preferences
from tests.synthetic_draw import TAGS, Draw, draw

TIMEZONE = "Australia/Brisbane"


def large_rows(
    n_workers: int,
    n_job_lines: int,
    n_ranked: int,
    seed: int = 1,
    places: int | None = None,
) -> Tables:
    """Table → rows of one pending run, as `demo.rows`; arguments as for `synthetic_inputs`."""
    drawn = draw(n_workers, n_job_lines, n_ranked, seed, places)
    tables, key = empty_tables(), _key(n_workers, n_job_lines, n_ranked, seed, places)
    run = RunBuilder(
        tables,
        People(Random(seed)),
        Random(seed),
        key,
        _plan_name(n_workers, n_job_lines),
        _org(key),
        TIMEZONE,
        REFERENCE_DAY,
        REFERENCE_DAY.replace(year=REFERENCE_DAY.year + 1, month=1, day=11),
        "SYN",
    )
    for number, tags in enumerate(drawn.tags_of_worker, start=1):
        submitted = bool(drawn.lengths[number - 1])
        run.worker(number, "PGY1", [TAGS[tag] for tag in tags], submitted=submitted)
    for number in range(1, n_job_lines + 1):
        of = number - 1
        run.job_line(number, "Scale", places=int(drawn.places[of]), must=bool(drawn.must[of]))
    tables["preference_worker_job_lines"] = _preference_rows(drawn, key, run.at(-20, 12))
    for rule in drawn.rules:
        run.eligibility(
            _job_line(key, rule.job_line),
            tags=[TAGS[tag] for tag in rule.tags],
            not_tags=[TAGS[tag] for tag in rule.not_tags],
            workers=[_mapping(key, worker) for worker in rule.workers],
            not_workers=[_mapping(key, worker) for worker in rule.not_workers],
        )
    for number, weighting in enumerate(drawn.weightings, start=1):
        job_line = weighting.job_line
        run.weighting(
            number,
            weighting.value,
            job_line=None if job_line is None else _job_line(key, job_line),
            tags=[TAGS[tag] for tag in weighting.tags],
            workers=[_mapping(key, worker) for worker in weighting.workers],
        )
    run.allocator_run()
    return tables


def synthetic_inputs(
    n_workers: int,
    n_job_lines: int,
    n_ranked: int,
    seed: int = 1,
    places: int | None = None,
) -> RunInputs:
    """The run of `large_rows` with the same arguments, as if hydrated.

    `n_ranked` ≤ `n_job_lines` is the length of a full list (most workers hand one in). `places`
    is the sum of all capacities, at least one a job line; by default 2 % more than the workers.
    Raises ValueError when these do not fit together.
    """
    drawn = draw(n_workers, n_job_lines, n_ranked, seed, places)
    key = _key(n_workers, n_job_lines, n_ranked, seed, places)
    mappings = [_mapping(key, worker) for worker in range(n_workers)]
    job_lines = [_job_line(key, job_line) for job_line in range(n_job_lines)]
    tags = [uid("tag", _org(key), name) for name in TAGS]
    rules = {
        rule.job_line: Eligibility(
            job_lines[rule.job_line],
            frozenset(tags[tag] for tag in rule.tags),
            frozenset(tags[tag] for tag in rule.not_tags),
            frozenset(mappings[worker] for worker in rule.workers),
            frozenset(mappings[worker] for worker in rule.not_workers),
        )
        for rule in drawn.rules
    }
    weightings = [
        Weighting(
            uid(key, "weighting", number),
            weighting.value,
            None if weighting.job_line is None else job_lines[weighting.job_line],
            frozenset(tags[tag] for tag in weighting.tags),
            frozenset(mappings[worker] for worker in weighting.workers),
        )
        for number, weighting in enumerate(drawn.weightings, start=1)
    ]
    return RunInputs(
        _run(key, n_workers, n_job_lines),
        tuple(sorted(_workers(drawn, mappings, job_lines, tags, seed), key=lambda row: row.id)),
        tuple(sorted(_job_lines(drawn, job_lines, rules), key=lambda row: row.id)),
        tuple(sorted(weightings, key=lambda row: row.id)),
        tuple(QualificationTag(tag, name) for tag, name in zip(tags, TAGS, strict=True)),
        fingerprint=sha256(key.encode()).hexdigest(),
    )


def _key(*arguments: int | None) -> str:
    """Prefix of the run's ids: runs of different arguments may live in one database."""
    return " ".join(["synthetic", *map(str, arguments)])


def _org(key: str) -> str:
    return f"Test of scale ({key})"


def _plan_name(n_workers: int, n_job_lines: int) -> str:
    return f"Test of scale, {n_workers} by {n_job_lines}"


def _mapping(key: str, worker: int) -> str:
    return uid(key, "mapping", worker + 1)


def _job_line(key: str, job_line: int) -> str:
    return uid(key, "job line", job_line + 1)


def _run(key: str, n_workers: int, n_job_lines: int) -> AllocatorRun:
    return AllocatorRun(
        uid(key, "allocator run", "batch"),
        uid(key, "allocation run"),
        datetime.fromisoformat("2026-09-29T09:05:00+10:00"),
        allocation_run_status="closed",
        plan_name=_plan_name(n_workers, n_job_lines),
        org=uid("org", _org(key)),
        timezone=TIMEZONE,
    )


def _preference_rows(drawn: Draw, key: str, updated_at: str) -> list[dict[str, object]]:
    job_lines = [_job_line(key, job_line) for job_line in range(len(drawn.places))]
    return [
        {
            "allocation_run_worker_mapping": mapping,
            "job_line": job_lines[job_line],
            "order_preference": rank,
            "like_dislike_preference": None,
            "attractiveness_score": None,
            "notes": None,
            "updated_at": updated_at,
        }
        for worker in range(len(drawn.lengths))
        for mapping in (_mapping(key, worker),)
        for job_line, rank in drawn.list_of(worker)
    ]


def _workers(
    drawn: Draw, mappings: list[str], job_lines: list[str], tags: list[str], seed: int
) -> list[Worker]:
    people, present = People(Random(seed)), frozenset(job_lines)
    workers = []
    for number, mapping in enumerate(mappings):
        first, last, preferred = people.next()
        order = {job_lines[job_line]: rank for job_line, rank in drawn.list_of(number)}
        workers.append(
            Worker(
                mapping,
                first,
                last,
                preferred or "",
                f"SYN-{number + 1:04d}",
                "PGY1",
                submitted=bool(drawn.lengths[number]),
                qualification_ids=frozenset(tags[tag] for tag in drawn.tags_of_worker[number]),
                preferences=preferences(order, present),
            )
        )
    return workers


def _job_lines(drawn: Draw, ids: list[str], rules: dict[int, Eligibility]) -> list[JobLine]:
    return [
        JobLine(
            id_,
            f"Line {number + 1:03d} · Scale",
            number + 1,
            int(drawn.places[number]),
            bool(drawn.must[number]),
            eligibility=rules.get(number),
        )
        for number, id_ in enumerate(ids)
    ]


def crowded(run: RunInputs) -> RunInputs:
    """The run with its first ten workers kept to eight places, and the next one kept out."""
    crowd, alone = {w.id for w in run.workers[:10]}, {run.workers[10].id}
    lines = []
    for number, job_line in enumerate(run.job_lines):
        row = job_line.eligibility or Eligibility(job_line.id)
        shut = alone if number < 8 else alone | crowd
        row = replace(
            row,
            included_worker_mapping_ids=row.included_worker_mapping_ids - shut,
            excluded_worker_mapping_ids=row.excluded_worker_mapping_ids | shut,
        )
        places = 1 if number < 8 else job_line.max_n_workers
        lines.append(replace(job_line, eligibility=row, max_n_workers=places))
    return replace(run, job_lines=tuple(lines))
