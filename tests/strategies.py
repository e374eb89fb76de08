"""Hypothesis strategies of the domain: small allocator runs with everything that may occur.

Ids are random uuids drawn apart from everything else, so neither their order nor the order of
generation carries meaning. `feasible=True` and `feasible=False` are built, not filtered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from allocator.models import (
    AllocatorRun,
    Baseline,
    Eligibility,
    JobLine,
    QualificationTag,
    RunInputs,
    Weighting,
    Worker,
)
from allocator.rules.ranks import preferences

RUN = AllocatorRun(
    id="0f0e0d0c-0000-4000-8000-000000000001",
    allocation_run="0f0e0d0c-0000-4000-8000-000000000002",
    created_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    plan_name="Intern year",
    timezone="Australia/Sydney",
)


def ids(count: int) -> st.SearchStrategy[list[str]]:
    """`count` distinct uuid strings in no particular order."""
    uuids = st.uuids(version=4).map(str)
    return st.lists(uuids, min_size=count, max_size=count, unique=True)


def subsets(of: Sequence[str], max_size: int = 2) -> st.SearchStrategy[frozenset[str]]:
    """Small subsets, the empty one most often."""
    if not of:
        return st.just(frozenset())
    some = st.frozensets(st.sampled_from(list(of)), min_size=1, max_size=max_size)
    return st.one_of(st.just(frozenset()), st.just(frozenset()), some)


@st.composite
def orders(draw: st.DrawFn, job_lines: Sequence[str]) -> dict[str, int]:
    """Raw ranks of any number of job lines: ties, gaps, short lists, nothing at all."""
    highest = len(job_lines) + 3
    ranked = draw(st.lists(st.sampled_from(list(job_lines)), unique=True))
    ranks = draw(
        st.lists(st.integers(1, highest), min_size=len(ranked), max_size=len(ranked))
        if draw(st.booleans())
        else st.permutations(range(1, len(ranked) + 1))
    )
    return dict(zip(ranked, ranks, strict=True))


@st.composite
def eligibilities(
    draw: st.DrawFn, job_line: str, workers: Sequence[str], tags: Sequence[str]
) -> Eligibility | None:
    """No row as often as a row; its arrays may be empty, overlap or contradict."""
    if draw(st.booleans()):
        return None
    return Eligibility(
        job_line=job_line,
        included_qualification_tag_ids=draw(subsets(tags)),
        excluded_qualification_tag_ids=draw(subsets(tags, max_size=1)),
        included_worker_mapping_ids=draw(subsets(workers)),
        excluded_worker_mapping_ids=draw(subsets(workers)),
    )


@st.composite
def weightings(
    draw: st.DrawFn, key: str, workers: Sequence[str], job_lines: Sequence[str], tags: Sequence[str]
) -> Weighting:
    """A weighting of either sign, for one job line or all, for some workers or all."""
    return Weighting(
        id=key,
        weighting=draw(st.integers(-4, 4)),
        job_line=draw(st.one_of(st.none(), st.sampled_from(list(job_lines)))),
        qualification_tag_ids=draw(subsets(tags)),
        worker_mapping_ids=draw(subsets(workers)),
    )


@st.composite
def run_inputs(
    draw: st.DrawFn,
    max_workers: int = 6,
    max_job_lines: int = 6,
    feasible: bool | None = None,
    min_workers: int = 1,
    scenario: bool = False,
) -> RunInputs:
    """A small run. `feasible` None: either; True or False: certainly so.

    With `scenario`, some runs carry rulings and pins (pins only where the pair is not banned).
    """
    n_workers = draw(st.integers(min_workers, max_workers))
    n_job_lines = draw(st.integers(1, max_job_lines))
    drawn = draw(ids(n_workers + n_job_lines + 9))
    workers, rest = sorted(drawn[:n_workers]), drawn[n_workers:]
    job_lines, rest = sorted(rest[:n_job_lines]), rest[n_job_lines:]
    outside, tags, keys = rest[:2], rest[2:5], rest[5:]
    inputs = RunInputs(
        run=RUN,
        workers=tuple(
            draw(_worker(w, i, [*job_lines, *outside], job_lines, tags))
            for i, w in enumerate(workers)
        ),
        job_lines=tuple(draw(_job_line(j, i, workers, tags)) for i, j in enumerate(job_lines)),
        weightings=tuple(
            draw(weightings(key, workers, job_lines, tags))
            for key in keys[: draw(st.integers(0, 4))]
        ),
        tags=tuple(QualificationTag(tag, f"Tag {i}") for i, tag in enumerate(tags)),
        fingerprint="test",
    )
    if scenario:
        inputs = draw(_edited(inputs))
    if feasible is None:
        return inputs
    return draw(_made_feasible(inputs) if feasible else _made_infeasible(inputs))


def after_another_allocation(inputs: RunInputs) -> RunInputs:
    """The run with a baseline: its workers had its job lines in turn, allowed or not."""
    lines = [line.id for line in inputs.job_lines]
    held = {w.id: lines[row % len(lines)] for row, w in enumerate(inputs.workers)}
    return replace(inputs, baseline=Baseline(held))


@st.composite
def _worker(
    draw: st.DrawFn,
    key: str,
    number: int,
    rankable: Sequence[str],
    job_lines: Sequence[str],
    tags: Sequence[str],
) -> Worker:
    order = draw(orders(rankable))
    buckets = draw(
        st.dictionaries(st.sampled_from(list(rankable)), st.sampled_from([10, 20, 35, 40, 50]))
    )
    return Worker(
        id=key,
        firstname=f"Worker{number}",
        lastname="Test",
        internal_id=f"W{number:03}",
        qualificationlevel=draw(st.sampled_from(["PGY1", "PGY2"])),
        submitted=bool(order),
        qualification_ids=draw(subsets(tags)),
        preferences=replace(preferences(order, set(job_lines)), buckets=buckets),
    )


@st.composite
def _job_line(
    draw: st.DrawFn, key: str, number: int, workers: Sequence[str], tags: Sequence[str]
) -> JobLine:
    return JobLine(
        id=key,
        name=f"Line {number}",
        sort_order=number,
        max_n_workers=draw(st.integers(1, 3)),
        must_have_workers=draw(st.integers(0, 3)) == 0,
        eligibility=draw(eligibilities(key, workers, tags)),
    )


@st.composite
def _edited(draw: st.DrawFn, inputs: RunInputs) -> RunInputs:
    """Rulings and pins of a scenario, which do not contradict each other."""
    pairs = st.tuples(
        st.sampled_from([w.id for w in inputs.workers]),
        st.sampled_from([j.id for j in inputs.job_lines]),
    )
    rulings = draw(st.dictionaries(pairs, st.booleans(), max_size=3))
    pins = dict(draw(st.lists(pairs, max_size=1)))
    pins = {w: j for w, j in pins.items() if rulings.get((w, j), True)}
    return replace(inputs, rulings=rulings, pins=pins)


def _including(job_line: JobLine, workers: frozenset[str]) -> JobLine:
    """The job line with these workers named as included, whatever else its row says."""
    row = job_line.eligibility or Eligibility(job_line.id)
    named = row.included_worker_mapping_ids | workers
    return replace(job_line, eligibility=replace(row, included_worker_mapping_ids=named))


@st.composite
def _made_feasible(draw: st.DrawFn, inputs: RunInputs) -> RunInputs:
    """Plant a hidden allocation: its pairs are named as included, and it has the places."""
    hidden: dict[str, set[str]] = {j.id: set() for j in inputs.job_lines}
    for worker in inputs.workers:
        chosen = draw(st.sampled_from([j.id for j in inputs.job_lines]))
        hidden[inputs.pins.get(worker.id, chosen)].add(worker.id)
    rulings = {(w, j): allowed for (w, j), allowed in inputs.rulings.items() if w not in hidden[j]}
    job_lines = []
    for job_line in inputs.job_lines:
        held = frozenset(hidden[job_line.id])
        if not held:
            job_lines.append(replace(job_line, must_have_workers=False))
            continue
        places = max(job_line.max_n_workers, len(held))
        job_lines.append(_including(replace(job_line, max_n_workers=places), held))
    return replace(inputs, job_lines=tuple(job_lines), rulings=rulings)


def _excluding(job_line: JobLine, workers: frozenset[str]) -> JobLine:
    row = job_line.eligibility or Eligibility(job_line.id)
    return replace(
        job_line,
        eligibility=replace(
            row,
            included_worker_mapping_ids=row.included_worker_mapping_ids - workers,
            excluded_worker_mapping_ids=row.excluded_worker_mapping_ids | workers,
        ),
    )


@st.composite
def _made_infeasible(draw: st.DrawFn, inputs: RunInputs) -> RunInputs:
    """Plant a cause: somebody with nowhere to go, nobody for a mandatory line, too few places."""
    inputs = replace(inputs, pins={}, rulings={})
    cause = draw(st.sampled_from(["worker", "job line", "places"]))
    job_lines = list(inputs.job_lines)
    if cause == "worker":
        stuck = frozenset({draw(st.sampled_from([w.id for w in inputs.workers]))})
        job_lines = [_excluding(j, stuck) for j in job_lines]
    elif cause == "job line":
        place = draw(st.integers(0, len(job_lines) - 1))
        everybody = frozenset(w.id for w in inputs.workers)
        empty = _excluding(job_lines[place], everybody)
        job_lines[place] = replace(empty, must_have_workers=True)
    else:
        left = len(inputs.workers) - 1
        for place, job_line in enumerate(job_lines):
            kept = min(job_line.max_n_workers, left)
            left -= kept
            job_lines[place] = replace(job_line, max_n_workers=kept, must_have_workers=False)
    return replace(inputs, job_lines=tuple(job_lines))
