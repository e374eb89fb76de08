"""Runs told by who may hold what, and brute-force answers about them that share no code with us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from allocator.models import Eligibility, JobLine, RunInputs, Settings, Worker
from allocator.rules.eligibility import rule_for
from allocator.rules.ranks import preferences
from tests.strategies import RUN

Placement = tuple[str | None, ...]


def open_run(
    open_to: Mapping[str, str],
    places: Mapping[str, int] | None = None,
    mandatory: str = "",
    pins: Mapping[str, str] | None = None,
    job_lines: str = "",
) -> RunInputs:
    """Workers and job lines named by one letter; `open_to` says where each worker may go.

    Every worker ranks the job lines alphabetically. `job_lines` adds those nobody may hold.
    """
    lines = sorted({*"".join(open_to.values()), *job_lines, *mandatory, *(places or {})})
    workers = [
        Worker(w, f"Dr {w}", preferences=preferences({j: i for i, j in enumerate(lines, 1)}, lines))
        for w in sorted(open_to)
    ]
    rows = [
        JobLine(
            j,
            f"Line {j}",
            max_n_workers=(places or {}).get(j, 1),
            must_have_workers=j in mandatory,
            eligibility=Eligibility(
                j, excluded_worker_mapping_ids=frozenset(w for w in open_to if j not in open_to[w])
            ),
        )
        for j in lines
    ]
    return RunInputs(RUN, tuple(workers), tuple(rows), pins=dict(pins or {}), fingerprint="test")


def may_hold(inputs: RunInputs, settings: Settings | None = None) -> dict[str, set[str]]:
    """Worker → job lines that it may hold, pair by pair."""
    cap = (settings or Settings()).worst_rank
    return {
        worker.id: {
            job_line.id
            for job_line in inputs.job_lines
            if rule_for(inputs, worker, job_line).eligible and within_cap(worker, job_line.id, cap)
        }
        for worker in inputs.workers
    }


def within_cap(worker: Worker, job_line: str, cap: float | None) -> bool:
    """Whether a cap on the worst rank lets the worker have the job line."""
    chosen = worker.preferences
    if cap is None or not chosen.scores:
        return True
    return chosen.scores.get(job_line, chosen.unranked_score) <= cap


def everywhere(inputs: RunInputs, also_nowhere: bool = False) -> Iterator[Placement]:
    """Every way to send each worker to some job line, allowed or not, or nowhere (None)."""
    choices: list[str | None] = [j.id for j in inputs.job_lines]
    if also_nowhere:
        choices.append(None)
    return product(choices, repeat=len(inputs.workers))


def has_allocation(inputs: RunInputs, settings: Settings | None = None) -> bool:
    """Whether any allocation keeps every hard rule, by trying them all."""
    open_to = may_hold(inputs, settings)
    return any(
        keeps_the_rules(inputs, placement, open_to) for placement in _within(inputs, open_to)
    )


def _within(inputs: RunInputs, open_to: Mapping[str, set[str]]) -> Iterator[Placement]:
    return product(*(sorted(open_to[worker.id]) for worker in inputs.workers))


def keeps_the_rules(
    inputs: RunInputs, placement: Sequence[str | None], open_to: Mapping[str, set[str]]
) -> bool:
    """Whether everybody has an allowed job line, within places, mandatory ones filled."""
    for worker, job_line in zip(inputs.workers, placement, strict=True):
        if job_line not in open_to[worker.id]:
            return False
    return all(
        job_line.least_places <= list(placement).count(job_line.id) <= job_line.places
        for job_line in inputs.job_lines
    )


def covers(open_to: Mapping[str, set[str]], places: Mapping[str, int]) -> bool:
    """Whether everybody in `open_to` can have a place at once, mandatory flags aside."""
    if not open_to:
        return True
    (_, lines), *rest = open_to.items()
    return any(
        covers(dict(rest), {**places, line: places[line] - 1}) for line in lines if places[line] > 0
    )
