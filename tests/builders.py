"""Hand-made runs and results whose every figure can be worked out on paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from allocator.models import (
    Eligibility,
    JobLine,
    LeftOut,
    QualificationTag,
    RunInputs,
    Settings,
    Weighting,
    Worker,
)
from allocator.result import Allocation, SolveResult, Status
from allocator.rules.matrices import matrices
from allocator.rules.ranks import original_preference, preferences
from tests.strategies import RUN

W1, W2, W3, W4 = (f"{n}a000000-0000-4000-8000-00000000000{n}" for n in (4, 1, 3, 2))
J1, J2, J3, J4 = (f"{n}b000000-0000-4000-8000-00000000000{n}" for n in (3, 4, 1, 2))
OUTSIDE = "9c000000-0000-4000-8000-000000000009"
RURAL, ICU = "7d000000-0000-4000-8000-000000000007", "6d000000-0000-4000-8000-000000000006"


def small_run() -> RunInputs:
    """Four workers, four job lines, six places.

    Ada ranks Surgery 1, Medicine 2, Rural 3. Ben ties Surgery and Medicine as first, Emergency
    next. Cy ranks one job line outside the run, then Surgery with a gap. Di ranks nothing.
    Rural takes only holders of the rural tag (Di) and Ada by name; ICU holders (Cy) may not
    have Emergency.
    """
    lines = {J1, J2, J3, J4}
    workers = [
        _worker(W1, "Ada", "Archer", "PGY1", {J1: 1, J2: 2, J4: 3}, lines),
        _worker(W2, "Ben", "Birch", "PGY1", {J1: 1, J2: 1, J3: 3}, lines),
        _worker(W3, "Cy", "Cole", "PGY2", {OUTSIDE: 1, J1: 4}, lines, frozenset({ICU})),
        _worker(W4, "Di", "Dale", "PGY2", {}, lines, frozenset({RURAL})),
    ]
    job_lines = [
        JobLine(J1, "Surgery", 1),
        JobLine(J2, "Medicine", 2, max_n_workers=2),
        JobLine(J3, "Emergency", 3, max_n_workers=2, eligibility=_excluding(J3, ICU)),
        JobLine(J4, "Rural", 4, must_have_workers=True, eligibility=_including(J4, RURAL, W1)),
    ]
    return RunInputs(
        run=RUN,
        workers=tuple(sorted(workers, key=lambda w: w.id)),
        job_lines=tuple(sorted(job_lines, key=lambda j: j.id)),
        weightings=(
            Weighting("w1", 3, J4, frozenset({RURAL})),
            Weighting("w2", -2, None, worker_mapping_ids=frozenset({W1})),
        ),
        tags=(QualificationTag(RURAL, "Rural scheme"), QualificationTag(ICU, "ICU course")),
        left_out=(LeftOut("worker", OUTSIDE, "Eve Early", "withdrawn on 1 March 2026"),),
        fingerprint="f" * 64,
    )


def _worker(
    key: str,
    first: str,
    last: str,
    level: str,
    order: Mapping[str, int],
    lines: set[str],
    tags: frozenset[str] = frozenset(),
) -> Worker:
    return Worker(
        id=key,
        firstname=first,
        lastname=last,
        internal_id=f"N{first.upper()}",
        qualificationlevel=level,
        submitted=bool(order),
        qualification_ids=tags,
        preferences=preferences(order, lines),
    )


def _excluding(job_line: str, tag: str) -> Eligibility:
    return Eligibility(job_line, excluded_qualification_tag_ids=frozenset({tag}))


def _including(job_line: str, tag: str, worker: str) -> Eligibility:
    return Eligibility(
        job_line,
        included_qualification_tag_ids=frozenset({tag}),
        included_worker_mapping_ids=frozenset({worker}),
    )


PLACEMENTS = {W1: J4, W2: J1, W3: J2, W4: J3}
"""Ada 3rd, Ben on a tied first (1.5), Cy unranked (score 3), Di unranked (score 2.5)."""


def result_for(
    inputs: RunInputs,
    placements: Mapping[str, str],
    settings: Settings | None = None,
    status: Status = Status.OPTIMAL,
) -> SolveResult:
    """The result that a solver would report for these placements (worker → job line)."""
    settings = settings or Settings()
    arrays = matrices(inputs)
    costs = arrays.costs(settings)
    rows = {w.id: i for i, w in enumerate(inputs.workers)}
    columns = {j.id: i for i, j in enumerate(inputs.job_lines)}
    allocations = tuple(
        Allocation(
            worker_mapping=w,
            job_line=j,
            score=float(arrays.scores[rows[w], columns[j]]),
            original_preference=original_preference(inputs.worker(w).preferences, j),
            cost=float(costs.values[rows[w], columns[j]] * costs.unit),
        )
        for w, j in sorted(placements.items())
    )
    objective = sum(a.cost for a in allocations) if allocations else None
    return SolveResult(
        status=status,
        settings=settings,
        fingerprint=inputs.fingerprint,
        allocations=allocations,
        objective=objective,
        bound=objective,
        gap=None if objective is None else 0.0,
    )


def small_result(settings: Settings | None = None) -> SolveResult:
    """`PLACEMENTS` of `small_run`."""
    return result_for(small_run(), PLACEMENTS, settings)


def renamed(inputs: RunInputs, worker_id: str, firstname: str) -> RunInputs:
    """The run with another first name for one worker."""
    workers = tuple(
        replace(w, firstname=firstname) if w.id == worker_id else w for w in inputs.workers
    )
    return replace(inputs, workers=workers)
