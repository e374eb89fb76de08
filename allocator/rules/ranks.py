"""Ranks: raw `order_preference` values → fractional ranks and the unranked budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping

from allocator.models import Preferences


def fractional_ranks(order: Mapping[str, int]) -> OrderedDict[str, float]:
    """Rank 1 … r, best first; tied job lines share the mean of the positions that they take.

    1,1,3 and 1,1,2 both give 1.5, 1.5, 3: competition, dense and gapped ranks mean the same.
    Tied job lines are listed by id, so that the mapping does not depend on row order.
    """
    by_rank: dict[int, list[str]] = {}
    for job_line, rank in order.items():
        by_rank.setdefault(rank, []).append(job_line)
    scores: OrderedDict[str, float] = OrderedDict()
    taken = 0
    for rank in sorted(by_rank):
        tied = sorted(by_rank[rank])
        mean = taken + (len(tied) + 1) / 2
        scores.update((job_line, mean) for job_line in tied)
        taken += len(tied)
    return scores


def unranked_score(n_job_lines: int, n_ranked: int) -> float:
    """What each unranked job line scores: the mean of the positions that the ranked ones left.

    (N(N+1)/2 − r(r+1)/2) / (N−r) = (N+r+1)/2, so every worker's scores add up to N(N+1)/2.
    """
    return (n_job_lines + n_ranked + 1) / 2


def preferences(order: Mapping[str, int], job_lines: Collection[str]) -> Preferences:
    """Preferences in a run with these job lines (a set is fastest); ranks elsewhere drop out."""
    scores = fractional_ranks({j: rank for j, rank in order.items() if j in job_lines})
    return Preferences(dict(order), scores, unranked_score(len(job_lines), len(scores)))


def original_preference(chosen: Preferences, job_line: str) -> float | None:
    """Fractional rank among all that the worker ranked in the allocation run; None: unranked."""
    rank = chosen.order.get(job_line)
    if rank is None:
        return None
    ranks = list(chosen.order.values())
    equal = ranks.count(rank)
    better = sum(1 for other in ranks if other < rank)
    return better + (equal + 1) / 2


def tied_groups(order: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """(rank, job lines that share it), best first, only where two or more share."""
    by_rank: dict[int, list[str]] = {}
    for job_line, rank in order.items():
        by_rank.setdefault(rank, []).append(job_line)
    return [(rank, sorted(tied)) for rank, tied in sorted(by_rank.items()) if len(tied) > 1]
