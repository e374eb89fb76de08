"""Does an honest list pay? For each worker exactly what any other list of its own would bring.

Under the least total, with everybody else's lists and the feasible allocations as they are:

1. In the residual graph of the optimum the cheapest chain from job line j to the worker's own is
   what giving it j costs everybody else. All pairs of chains (Floyd 1962, on costs made
   non-negative by the optimal prices) price every job line for every worker at once.
2. With any list a worker gets a job line where others' cost + its own reported cost is least.
3. A list reports the ranks 1 … N, each block of equals at its mean, the unranked ones as the last
   block. To get into a set of job lines the best list has the set's cheapest for the others first,
   then the rest of the set and what it cannot get anyway; the threats follow in blocks, the one
   that must be reported worst last. A block may begin anywhere behind a block that holds.

*Sure* is what some list brings in every best allocation, whatever lots are drawn; *luck* what
some list brings in at least one. Both are ranks by the worker's own list, compared with the best
and the worst that the honest list may bring.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allocator.errors import NotSolved, UsageError
from allocator.explanation.optimum import Optimum, optimum
from allocator.models import Policy, RunInputs, Settings
from allocator.result import Phase, Progress, Status
from allocator.rules.naming import job_line_name, worker_name
from allocator.rules.ranks import read_by, unranked_score
from allocator.solving.residual import NO_ARC, Residual
from allocator.solving.solver import solve

WORKED_OUT = (Policy.LEAST_TOTAL, Policy.LOTTERY_ORDER)
"""The policies whose figures are known; by lottery order no list is ever better than the honest."""
ALPHAS, POWERS = (0.0, 0.3, 0.6, 0.9), (1.0, 2.0, 3.0)
"""What stands beside the settings at hand."""
TOLD = 4
"""Places of a list that are told in words."""

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class Honesty:
    """What lists of their own could bring the workers; ranks by each one's own list, (workers,).

    `best` and `worst`: of the equally good allocations under the honest list. `sure`: the worst
    that the best list for that purpose leaves. `luck`: the best that any list may bring. `exact`:
    without rounding (a whole power). `lists`: worker → raw ranks of a list that surely gains.
    """

    settings: Settings
    best: NDArray[np.float64]
    worst: NDArray[np.float64]
    sure: NDArray[np.float64]
    luck: NDArray[np.float64]
    exact: bool = True
    lists: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @cached_property
    def gains(self) -> NDArray[np.float64]:
        """Ranks that each surely gains, 0 where none, whatever lots are drawn."""
        gained: NDArray[np.float64] = np.maximum(0.0, self.best - self.sure)
        return gained

    @property
    def n_sure(self) -> int:
        """Workers who surely gain."""
        return int((self.gains > 0).sum())

    @property
    def n_safer(self) -> int:
        """Of the others, those whom a list would spare a worse draw."""
        return int(((self.gains == 0) & (self.sure < self.worst)).sum())

    @property
    def n_by_luck(self) -> int:
        """Of the others, those whom a list may bring more, but not surely."""
        other = (self.gains == 0) & (self.sure == self.worst)
        return int((other & (self.luck < self.best)).sum())

    @property
    def share(self) -> float:
        """Share of the workers who surely gain, 0 … 1."""
        return self.n_sure / max(1, len(self.gains))

    @property
    def mean_gain(self) -> float:
        """Mean ranks gained by those who surely gain, 0 when nobody does."""
        return float(self.gains[self.gains > 0].mean()) if self.n_sure else 0.0

    @property
    def most(self) -> float:
        """The largest sure gain in ranks."""
        return float(self.gains.max(initial=0.0))

    def as_dict(self) -> dict[str, Any]:
        """The figures, JSON-ready."""
        chosen = self.settings
        return {
            "policy": chosen.policy.value,
            "alpha": chosen.alpha,
            "power": chosen.power,
            "workers": len(self.gains),
            "surely_gain": self.n_sure,
            "share": self.share,
            "mean_gain": self.mean_gain,
            "largest_gain": self.most,
            "safer": self.n_safer,
            "by_luck": self.n_by_luck,
            "exact": self.exact,
        }


def honesty(
    inputs: RunInputs,
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Honesty | None:
    """What other lists would bring each worker; None when cancelled.

    The feasible allocations stay those of the honest lists, also under a cap on the worst rank.
    Raises InvalidData, NotSolved without a proven optimum, UsageError for a policy that is not
    in WORKED_OUT.
    """
    if settings.policy not in WORKED_OUT:
        raise UsageError("This is worked out for the least total and by lottery order only.")
    began = time.perf_counter()

    def tell(done: int, total: int, words: str) -> bool:
        if on_progress is not None:
            elapsed = time.perf_counter() - began
            on_progress(Progress(Phase.PRICING, elapsed, words, variables=total, iterations=done))
        return cancel is not None and cancel.is_set()

    read = read_by(inputs, settings)
    result = solve(read, settings, cancel=cancel)
    if cancel is not None and cancel.is_set():
        return None
    if result.status is not Status.OPTIMAL:
        raise NotSolved(result.message or "The best allocation was not proven.")
    if settings.policy is Policy.LOTTERY_ORDER:
        held = np.array([row.score for row in result.allocations])
        return Honesty(settings, held, held, held, held)
    found = optimum(read, result)
    chains = _all_chains(found.residual, tell)
    if chains is None:
        return None
    return _of_workers(found, chains, tell)


def side_by_side(
    inputs: RunInputs,
    settings: Settings,
    *,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> list[Honesty]:
    """The settings at hand, other alphas and powers under the least total, then the lottery order.

    Ends early when cancelled. Raises as `honesty`.
    """
    base = replace(settings, policy=Policy.LEAST_TOTAL)
    wanted = [base]
    wanted += [replace(base, alpha=alpha) for alpha in ALPHAS]
    wanted += [replace(base, power=power) for power in POWERS]
    wanted += [replace(base, policy=Policy.LOTTERY_ORDER)]
    wanted = list(dict.fromkeys(wanted))
    found = []
    for number, one in enumerate(wanted, start=1):

        def told(event: Progress, number: int = number) -> None:
            if on_progress is not None:
                words = f"{event.message}, setting {number} of {len(wanted)}"
                on_progress(replace(event, message=words))

        figures = honesty(inputs, one, on_progress=told, cancel=cancel)
        if figures is None:
            break
        found.append(figures)
    return found


def budget_words(inputs: RunInputs) -> str:
    """What leaving job lines out of a list does in this run, with its figures; plain text."""
    n = len(inputs.job_lines)
    lengths = [len(worker.preferences.scores) for worker in inputs.workers]
    named = [length for length in lengths if 0 < length < n]
    if not named:
        return ""
    short, long = min(named), max(named)
    words = (
        f"With {n:,} job lines, a list of {short:,} counts each job line left out as rank "
        f"{unranked_score(n, short):g}, the mean of the ranks that are left open"
    )
    if long > short:
        words += f"; a list of {long:,} counts each as rank {unranked_score(n, long):g}"
    return (
        f"{words}. So a short list makes all other job lines look alike, and worse than the next "
        "few ranks would: that can keep a worker off a job line it would have named next, and it "
        "can also bring one that it likes less than those it left out."
    )


def verdict_words(found: Honesty) -> str:
    """What the figures say, in sentences for a coordinator."""
    n = len(found.gains)
    if found.settings.policy is Policy.LOTTERY_ORDER:
        words = "By lottery order no list ever brings a worker more than its honest one"
        if found.settings.worst_rank is None:
            return f"{words}."
        return f"{words}, as long as it does not change whom the limit on the worst rank binds."
    rest = f" {found.n_safer:,} more could rule out a worse draw." if found.n_safer else ""
    rest += f" {found.n_by_luck:,} more might gain with luck." if found.n_by_luck else ""
    if not found.n_sure:
        return f"None of the {n:,} workers would surely gain by another list of their own.{rest}"
    return (
        f"{found.n_sure:,} of {n:,} workers ({found.share:.0%}) would surely get a better job line "
        "with another list of their own, if nobody else changed theirs: "
        f"{found.mean_gain:.1f} ranks better on average, {found.most:g} at most.{rest}"
    )


def gains_table(inputs: RunInputs, found: Honesty) -> pd.DataFrame:
    """One row for each worker who surely gains, the largest gain first: worker (id), name, now
    (best rank of the honest list), instead (rank at worst with the other list), gain in ranks, and
    list: how such a list begins, in words."""
    rows = [
        {
            "worker": worker.id,
            "name": worker_name(inputs, worker.id),
            "now": float(found.best[i]),
            "instead": float(found.sure[i]),
            "gain": float(found.gains[i]),
            "list": _list_words(inputs, found.lists.get(worker.id, {})),
        }
        for i, worker in enumerate(inputs.workers)
        if found.gains[i] > 0
    ]
    frame = pd.DataFrame(rows, columns=["worker", "name", "now", "instead", "gain", "list"])
    return frame.sort_values(["gain", "name"], ascending=[False, True], ignore_index=True)


def _list_words(inputs: RunInputs, ranks: Mapping[str, int]) -> str:
    """The first places of a list: `Surgery, then Emergency = Ward 3, then 12 more`."""
    places: dict[int, list[str]] = {}
    for line, rank in ranks.items():
        places.setdefault(rank, []).append(job_line_name(inputs, line))
    first = [" = ".join(places[rank]) for rank in sorted(places)[:TOLD]]
    named = sum(len(places[rank]) for rank in sorted(places)[:TOLD])
    more = [f"{len(ranks) - named} more"] if len(ranks) > named else []
    return ", then ".join(first + more)


def _all_chains(
    residual: Residual, tell: Callable[[int, int, str], bool]
) -> NDArray[np.int64] | None:
    """Cost of the cheapest chain from each job line to each other, (job lines, job lines), NO_ARC
    where there is none; None when stopped."""
    prices, _ = residual.optimise()
    assert prices is not None
    worth = np.append(prices, 0)
    costs = np.where(residual.arcs < NO_ARC, residual.arcs + worth - worth[:, None], NO_ARC)
    np.fill_diagonal(costs, 0)
    through = np.empty_like(costs)
    for node in range(len(costs)):
        np.add(costs[:, node, None], costs[node], out=through)
        np.minimum(costs, through, out=costs)
        if node % 50 == 0 and tell(node, len(costs), "Pricing every job line for everybody else"):
            return None
    costs = np.where(costs < NO_ARC, costs - worth + worth[:, None], NO_ARC)
    return costs[:-1, :-1]


def _of_workers(
    found: Optimum, chains: NDArray[np.int64], tell: Callable[[int, int, str], bool]
) -> Honesty | None:
    settings, arrays = found.result.settings, found.matrices
    n_workers, n_job_lines = arrays.scores.shape
    ranks = found.costs.of_scores(settings, n_job_lines)
    own = ranks[np.rint(2 * arrays.scores).astype(np.intp)]
    figures = np.empty((4, n_workers))
    lists: dict[str, Mapping[str, int]] = {}
    lines = [line.id for line in found.inputs.job_lines]
    for i, here in enumerate(found.assigned.tolist()):
        others = chains[:, here]
        open_to = found.residual.face.allowed[i] & (others < NO_ARC)
        fixed = np.where(open_to, others + found.costs.values[i] - own[i], NO_ARC)
        chooser = _Lists(arrays.scores[i], fixed, open_to, ranks, settings.ties_allowed)
        total = np.where(open_to, fixed + own[i], NO_ARC)
        honest = arrays.scores[i][total == total.min()]
        now, at_worst = float(honest.min()), float(honest.max())
        surely = chooser.least(at_worst, True)
        figures[:, i] = now, at_worst, surely, chooser.least(now, False)
        if surely < now:
            blocks = chooser.blocks(surely, True)
            assert blocks is not None
            lists[found.inputs.workers[i].id] = {
                lines[j]: rank for rank, block in enumerate(blocks[:-1], start=1) for j in block
            }
        if i % 20 == 0 and tell(i, n_workers, "Trying every list of every worker"):
            return None
    best, worst, sure, luck = figures
    return Honesty(settings, best, worst, sure, luck, found.costs.exact, lists)


@dataclass(frozen=True, eq=False)
class _Lists:
    """All lists of one worker: `scores` are its honest ranks, `fixed` what each job line costs but
    for its own part, `open_to` the job lines that it may get, `ranks` the cost of half ranks."""

    scores: NDArray[np.float64]
    fixed: NDArray[np.int64]
    open_to: NDArray[np.bool_]
    ranks: NDArray[np.int64]
    ties_allowed: bool

    def least(self, known: float, surely: bool) -> float:
        """The least rank that some list reaches, surely or with luck; `known` is reached."""
        levels = np.unique(self.scores[self.open_to & (self.scores <= known)])
        low, high = 0, len(levels) - 1
        while low < high:
            middle = (low + high) // 2
            if self.blocks(float(levels[middle]), surely) is None:
                low = middle + 1
            else:
                high = middle
        return float(levels[low])

    def blocks(self, level: float, surely: bool) -> list[list[int]] | None:
        """A list that brings a job line of rank `level` or better, as blocks of equals, best
        first, the last one unranked; None when there is none."""
        wanted = np.flatnonzero(self.open_to & (self.scores <= level))
        threats = np.flatnonzero(self.open_to & (self.scores > level))
        target = int(wanted[self.fixed[wanted].argmin()])
        limit = self.fixed[target] + self.ranks[2] - self.fixed[threats]
        need = 2 + np.searchsorted(self.ranks[2:], limit, side="right" if surely else "left")
        order = np.argsort(need, kind="stable")
        ahead = len(self.scores) - len(threats)
        starts = self._starts(need[order], ahead)
        if starts is None:
            return None
        harmless = np.setdiff1d(np.arange(len(self.scores)), [*threats, target]).tolist()
        first = [[target], *([j] for j in harmless)]
        if not starts:
            return [*first, []]
        return first + [part.tolist() for part in np.split(threats[order], starts[1:])]

    def _starts(self, need: NDArray[np.intp], ahead: int) -> list[int] | None:
        """Where blocks begin so that twice each block's mean rank is what its last job line
        needs; `need` is sorted, `ahead` ranks are taken. None when it cannot be."""
        places = 2 * (ahead + np.arange(1, len(need) + 1))
        if not len(need):
            return []
        short = np.flatnonzero(need > places)
        if not len(short):
            return list(range(len(need)))
        if need[-1] > places[-1]:
            return None
        starts = list(_greedy(need.tolist(), ahead, int(short[0]), self.ties_allowed))
        end = len(need)
        return starts if 2 * ahead + starts[-1] + 1 + end >= need[-1] else None


def _greedy(need: list[int], ahead: int, first: int, ties_allowed: bool) -> Iterator[int]:
    """Block starts: each block ends as soon as its mean is enough for its last job line."""
    yield from range(first + 1)
    if not ties_allowed:
        return
    start = first
    for end in range(first + 1, len(need)):
        if 2 * ahead + start + 1 + end >= need[end - 1]:
            start = end
            yield start
