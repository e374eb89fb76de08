"""How an allocation came out, in counts: what the audit row and the log of solves keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from allocator.models import RunInputs, SolveResult

TOPS = (1, 3, 5, 10)
"""Placements are counted within each worker's top k."""


def counts_of(inputs: RunInputs, result: SolveResult) -> dict[str, Any]:
    """JSON-ready counts. Ranks are those within the run; an unranked placement is in no top k.
    `effort` are the rounds, columns, repairs and steps of `effort.Effort`."""
    ranks = [
        a.score if a.job_line in inputs.worker(a.worker_mapping).preferences.scores else None
        for a in result.allocations
    ]
    return {
        "status": result.status.value,
        "workers": len(inputs.workers),
        "submitted": sum(w.submitted for w in inputs.workers),
        "job_lines": len(inputs.job_lines),
        "seats": sum(j.places for j in inputs.job_lines),
        **outcome_counts(ranks),
        "left_out": len(inputs.left_out),
        "acknowledged_data_errors": len(inputs.issues),
        "certified": result.certificate is not None and result.certificate.verified,
        "effort": asdict(result.effort),
        "checks": {check.rule: check.tested for check in result.checks},
    }


def outcome_counts(ranks: Iterable[float | None]) -> dict[str, Any]:
    """`placed`, `within` (k → placed within their top k) and `unranked` (rank None)."""
    all_ranks = list(ranks)
    ranked = [rank for rank in all_ranks if rank is not None]
    return {
        "placed": len(all_ranks),
        "within": {str(k): sum(rank <= k for rank in ranked) for k in TOPS},
        "unranked": len(all_ranks) - len(ranked),
    }
