"""The random choices behind a synthetic run, as arrays over worker and job line positions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TAGS = (
    "Advanced life support",
    "Neonatal resuscitation",
    "Rural pathway",
    "Part-time 0.6 FTE",
    "Night shift exemption",
)
TAG_SHARES = (0.6, 0.5, 0.45, 0.3, 0.2)
"""Share of the workers who hold each tag."""


@dataclass(frozen=True)
class RuleDraw:
    """Eligibility of one job line; tags and workers by position."""

    job_line: int
    tags: tuple[int, ...] = ()
    not_tags: tuple[int, ...] = ()
    workers: tuple[int, ...] = ()
    not_workers: tuple[int, ...] = ()


@dataclass(frozen=True)
class WeightingDraw:
    """One weighting; positive = less wanted, no job line = every job line."""

    value: int
    job_line: int | None = None
    tags: tuple[int, ...] = ()
    workers: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Draw:
    """`chosen` and `ranks` have shape (workers, n_ranked), best first; a worker's list is the
    first `lengths[worker]` of them."""

    chosen: NDArray[np.intp]
    ranks: NDArray[np.int64]
    lengths: NDArray[np.int64]
    tags_of_worker: list[list[int]]
    places: NDArray[np.int64]
    must: NDArray[np.bool_]
    rules: list[RuleDraw]
    weightings: list[WeightingDraw]

    def list_of(self, worker: int) -> Iterator[tuple[int, int]]:
        """(job line position, rank), best first."""
        length = int(self.lengths[worker])
        chosen, ranks = self.chosen[worker, :length], self.ranks[worker, :length]
        return zip(chosen.tolist(), ranks.tolist(), strict=True)


def draw(
    n_workers: int, n_job_lines: int, n_ranked: int, seed: int, places: int | None = None
) -> Draw:
    """Draw a run; see `synthetic.synthetic_inputs` for the arguments and the ValueError."""
    total = max(n_job_lines, math.ceil(1.02 * n_workers)) if places is None else places
    if n_workers < 1 or n_job_lines < 1 or not 0 <= n_ranked <= n_job_lines:
        raise ValueError("a run needs workers, job lines and lists no longer than its job lines")
    if total < max(n_job_lines, n_workers):
        raise ValueError("there must be a place for each worker and one on each job line")
    rng = np.random.default_rng(seed)
    held = rng.random((n_workers, len(TAGS))) < TAG_SHARES
    return Draw(
        _chosen(rng, n_workers, n_job_lines, n_ranked),
        _ranks(rng, n_workers, n_ranked),
        _lengths(rng, n_workers, n_ranked),
        [np.flatnonzero(row).tolist() for row in held],
        _places(rng, n_job_lines, total),
        rng.random(n_job_lines) < 0.02,
        _rules(rng, n_workers, n_job_lines),
        _weightings(rng, n_workers, n_job_lines),
    )


def _chosen(
    rng: np.random.Generator, n_workers: int, n_job_lines: int, n_ranked: int
) -> NDArray[np.intp]:
    """Appeal that all agree on, three traits that workers weigh differently, and chance."""
    appeal = rng.normal(0, 1.5, n_job_lines)
    traits = rng.normal(0, 1, (n_workers, 3)) @ rng.normal(0, 0.6, (3, n_job_lines))
    dislike = -(appeal + traits + rng.normal(0, 0.8, (n_workers, n_job_lines)))
    if n_ranked < n_job_lines:
        best = np.argpartition(dislike, n_ranked, axis=1)[:, :n_ranked]
    else:
        best = np.tile(np.arange(n_job_lines), (n_workers, 1))
    order = np.argsort(np.take_along_axis(dislike, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def _ranks(rng: np.random.Generator, n_workers: int, n_ranked: int) -> NDArray[np.int64]:
    """Plain 1 … r for two in three; else 1, 1, 3 or 1, 1, 2 or 1, 2, 5."""
    shape = (n_workers, n_ranked)
    plain = np.broadcast_to(np.arange(1, n_ranked + 1), shape)
    tied = rng.random(shape) < 0.3
    tied[:, :1] = False
    competition = np.maximum.accumulate(np.where(tied, 0, plain), axis=1)
    dense = np.cumsum(~tied, axis=1)
    gaps = np.cumsum(rng.choice((1, 1, 1, 2, 4), shape), axis=1)
    habit = rng.choice(4, n_workers, p=(0.65, 0.2, 0.05, 0.1))[:, None]
    return np.choose(habit, (plain, competition, dense, gaps)).astype(np.int64)


def _lengths(rng: np.random.Generator, n_workers: int, n_ranked: int) -> NDArray[np.int64]:
    """Full lists for 85 %, nothing for 3 %, something in between for the rest."""
    kind = rng.random(n_workers)
    partial = rng.integers(min(1, n_ranked), n_ranked + 1, n_workers)
    return np.where(kind < 0.85, n_ranked, np.where(kind < 0.97, partial, 0))


def _places(rng: np.random.Generator, n_job_lines: int, total: int) -> NDArray[np.int64]:
    """At least one place each, the others anywhere."""
    spare = rng.multinomial(total - n_job_lines, np.full(n_job_lines, 1 / n_job_lines))
    return (1 + spare).astype(np.int64)


def _rules(rng: np.random.Generator, n_workers: int, n_job_lines: int) -> list[RuleDraw]:
    """Restrictions on about half of the job lines."""
    rules = []
    for job_line, kind in enumerate(rng.random(n_job_lines)):
        tag = int(rng.integers(0, 3))
        named = tuple(rng.choice(n_workers, n_workers // 10, replace=False).tolist())
        if kind < 0.22:
            rules.append(RuleDraw(job_line, tags=(tag,)))
        elif kind < 0.34:
            rules.append(RuleDraw(job_line, not_tags=(3 + tag % 2,)))
        elif kind < 0.44:
            rules.append(RuleDraw(job_line, not_workers=named))
        elif kind < 0.47:
            rules.append(RuleDraw(job_line, tags=(tag,), not_tags=(4,), workers=named))
    return rules


def _weightings(rng: np.random.Generator, n_workers: int, n_job_lines: int) -> list[WeightingDraw]:
    """Two that reach every job line, and one for about every eighth job line."""
    weightings = [WeightingDraw(2), WeightingDraw(-5, tags=(2,))]
    for job_line in np.flatnonzero(rng.random(n_job_lines) < 0.125).tolist():
        value = int(rng.integers(-40, 41))
        if rng.random() < 0.7:
            weightings.append(WeightingDraw(value, job_line, tags=(int(rng.integers(0, 5)),)))
        else:
            named = rng.choice(n_workers, min(n_workers, 3), replace=False).tolist()
            weightings.append(WeightingDraw(value, job_line, workers=tuple(named)))
    return weightings
