"""A fix is shown only after it was applied and the run was solved with it."""

from __future__ import annotations

import threading
from dataclasses import replace

from allocator.diagnosis.results import Fix, Satisfaction
from allocator.models import RunInputs, SolveResult, Status
from allocator.solver import solve


def verified(fix: Fix, inputs: RunInputs, cancel: threading.Event | None = None) -> Fix:
    """The fix with what solving it gave; `verified` stays False when it has no allocation."""
    fixed = fix.scenario(inputs).apply(inputs)
    result = solve(fixed, fix.settings, cancel=cancel)
    if result.status not in (Status.OPTIMAL, Status.FEASIBLE) or not result.is_checked:
        return fix
    return replace(
        fix,
        verified=True,
        objective=result.objective,
        satisfaction=summary(fixed, result),
        result=result,
    )


def summary(inputs: RunInputs, result: SolveResult) -> Satisfaction:
    """How satisfied the workers who are placed would be."""
    scores = [allocation.score for allocation in result.allocations]
    ranked = [
        allocation.job_line in inputs.worker(allocation.worker_mapping).preferences.scores
        for allocation in result.allocations
    ]
    wished = [score for score, is_ranked in zip(scores, ranked, strict=True) if is_ranked]
    return Satisfaction(
        placed=len(scores),
        mean_score=sum(scores) / len(scores),
        worst_score=max(scores),
        first_choices=sum(score < 2 for score in wished),
        top_three=sum(score <= 3 for score in wished),
        unranked=ranked.count(False),
    )
