"""By lot: what the lottery among equally good allocations could have given each worker.

Where few allocations are equally good, every course of the lottery is followed and the odds are
exact: whoever's turn it is, is equally likely to be any worker; that worker takes the job line it
likes best among the allocations that are left, each of several equally liked ones equally likely
(see `solving.tie_break`). Otherwise the lottery is drawn again and again, until every share is
known to a margin with 95 % confidence, or until the time is up: `margin` says how far it came.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
from numpy.typing import NDArray

from allocator.explanation.courses import Courses
from allocator.explanation.optimum import Optimum, optimum
from allocator.models import RunInputs
from allocator.result import SolveResult
from allocator.rules.naming import job_line_name
from allocator.solving.tie_break import TieBreak

MOST_OPTIMA, MOST_STATES = 400, 4000
"""More equally good allocations, or courses of the lottery, than this are drawn, not followed."""
MARGIN, CONFIDENCE = 0.01, 1.96
SECONDS = 9.0
MOST = 6
"""More job lines than this are counted in words."""
ROUND = 200
"""Draws between two looks at the clock and the margin."""

Shares = dict[tuple[int, int], float]
OnDraws = Callable[[int, int], None]
"""Told how many draws are made, and how many it may take at most."""


@dataclass(frozen=True, slots=True)
class Odds:
    """`shares`: worker → job line → probability, for the workers whose placement lots decide; all
    others are placed alike in every optimal allocation. `draws` is 0 when the shares are exact;
    otherwise they are right to ± `margin` with 95 % confidence. `stopped`: by a cancel."""

    shares: Mapping[str, Mapping[str, float]]
    draws: int = 0
    margin: float = 0.0
    stopped: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether every course of the lottery was followed."""
        return not self.draws

    def is_drawn(self, worker: str) -> bool:
        """Whether lots decide the worker's placement."""
        return worker in self.shares

    @property
    def words(self) -> str:
        """How the shares were found."""
        if self.is_exact:
            return "The odds are exact."
        return (
            f"From {self.draws:,} draws; right to ±{100 * self.margin:.1f} % with 95 % confidence."
        )


def odds(
    inputs: RunInputs,
    result: SolveResult,
    *,
    seconds: float = SECONDS,
    margin: float = MARGIN,
    on_draws: OnDraws | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Odds:
    """The odds of every placement, drawn shares to `margin`; kept with the result until a smaller
    margin is asked for. Raises NotExplained."""
    kept: _Kept = result.derived(_Kept)
    if kept.odds is not None and kept.margin <= margin:
        return kept.odds
    found = optimum(inputs, result)
    made = _exact(found) or _drawn(found, seconds, margin, on_draws, stop)
    if not made.stopped:
        kept.odds, kept.margin = made, 0.0 if made.is_exact else margin
    return made


class _Kept:
    """Where a result keeps its odds, and the margin that they were asked for."""

    def __init__(self, _result: SolveResult) -> None:
        self.odds: Odds | None = None
        self.margin = 0.0


def _named(found: Optimum, shares: Shares) -> dict[str, dict[str, float]]:
    """Worker id → job line id → share, the likeliest first."""
    named: dict[str, dict[str, float]] = {}
    for (row, column), share in sorted(shares.items(), key=lambda item: (item[0][0], -item[1])):
        of_worker = named.setdefault(found.inputs.workers[row].id, {})
        of_worker[found.inputs.job_lines[column].id] = share
    return named


# -- exact ------------------------------------------------------------------------------


def _exact(found: Optimum) -> Odds | None:
    """The odds by following every course; None when there are too many."""
    ties = TieBreak(found.optimal, found.assigned)
    contested = ties.contested.tolist()
    optima = _optima(ties, contested)
    if optima is None:
        return None
    scores = found.matrices.scores[contested]
    known: dict[frozenset[int], dict[int, Fraction]] = {}
    try:
        chances = _followed(frozenset(range(len(optima))), optima, scores, known)
    except OverflowError:
        return None
    shares: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for number, chance in chances.items():
        for row, column in zip(contested, optima[number], strict=True):
            shares[row, column] += chance
    return Odds(_named(found, {pair: float(share) for pair, share in shares.items()}))


def _optima(ties: TieBreak, contested: list[int]) -> list[tuple[int, ...]] | None:
    """Every optimal placement of the contested workers; None when there are more than a few."""
    options: dict[int, list[int]] = defaultdict(list)
    for row, column in zip(ties.workers.tolist(), ties.lines.tolist(), strict=True):
        options[row].append(column)
    filled = ties.filled.copy()
    np.subtract.at(filled, ties.assigned[contested], 1)
    optima: list[tuple[int, ...]] = []
    tried = 0
    stack: list[tuple[int, ...]] = [()]
    while stack:
        placed = stack.pop()
        tried += 1
        if tried > 50 * MOST_OPTIMA or len(optima) > MOST_OPTIMA:
            return None
        taken = filled + np.bincount(np.array(placed, dtype=np.intp), minlength=ties.outside)
        if len(placed) == len(contested):
            if (taken >= ties.face.lower).all():
                optima.append(placed)
            continue
        free = (j for j in options[contested[len(placed)]] if taken[j] < ties.face.upper[j])
        stack += [(*placed, j) for j in free]
    return optima


def _followed(
    left: frozenset[int],
    optima: list[tuple[int, ...]],
    scores: NDArray[np.float64],
    known: dict[frozenset[int], dict[int, Fraction]],
) -> dict[int, Fraction]:
    """Number of an optimum → its probability, when these are left and nothing else is settled.

    Workers whom all of them place alike change nothing when it is their turn.
    """
    if len(left) == 1:
        return dict.fromkeys(left, Fraction(1))
    if left in known:
        return known[left]
    if len(known) >= MOST_STATES:
        raise OverflowError
    branches = list(_branches(left, optima, scores))
    chances: dict[int, Fraction] = defaultdict(Fraction)
    for rest, weight in branches:
        for number, chance in _followed(rest, optima, scores, known).items():
            chances[number] += weight * chance
    known[left] = chances
    return chances


def _branches(
    left: frozenset[int], optima: list[tuple[int, ...]], scores: NDArray[np.float64]
) -> Iterator[tuple[frozenset[int], Fraction]]:
    """What is left after the next worker that has a choice, and the probability of that."""
    choosing = [i for i in range(len(scores)) if len({optima[n][i] for n in left}) > 1]
    for worker in choosing:
        by_line: dict[int, set[int]] = defaultdict(set)
        for number in left:
            by_line[optima[number][worker]].add(number)
        best = min(scores[worker, line] for line in by_line)
        liked = [line for line in by_line if scores[worker, line] == best]
        for line in liked:
            yield frozenset(by_line[line]), Fraction(1, len(choosing) * len(liked))


# -- drawn ------------------------------------------------------------------------------


def _drawn(
    found: Optimum,
    seconds: float,
    wanted: float,
    on_draws: OnDraws | None,
    stop: Callable[[], bool],
) -> Odds:
    """The odds from draws with numbers of their own, the same ones each time."""
    ties, scores = TieBreak(found.optimal, found.assigned), found.matrices.scores
    courses = Courses(ties, scores, Random(0))
    most = int((CONFIDENCE / wanted) ** 2 / 4) + 1
    ends, draws, margin = time.perf_counter() + seconds, 0, 1.0
    while draws < most and margin > wanted:
        courses.draw()
        draws += 1
        if draws % 10 == 0:
            if on_draws is not None:
                on_draws(draws, most)
            if stop() or time.perf_counter() > ends:
                break
        if draws % ROUND == 0:
            margin = _margin(courses.counts, draws)
    counts = courses.counts
    pairs = zip(*np.nonzero(counts), strict=True)
    shares = {(int(i), int(j)): counts[i, j] / draws for i, j in pairs}
    return Odds(_named(found, shares), draws, _margin(counts, draws), stopped=stop())


def _margin(counts: NDArray[np.int64], draws: int) -> float:
    """Half the width of the widest 95 % interval of a share."""
    shares = counts / draws
    return float(CONFIDENCE * np.sqrt((shares * (1 - shares)).max(initial=0.0) / draws))


def odds_words(found: Odds, inputs: RunInputs, worker: str, held: str) -> str:
    """A worker's odds in plain words; `held` is the job line received."""
    shares = found.shares.get(worker)
    if shares is None:
        return "No lot was drawn over this placement: every equally good allocation has it."
    likely = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{share_words(share)} for {job_line_name(inputs, j)}" for j, share in likely[:MOST]]
    more = f" and less for {len(likely) - MOST} more" if len(likely) > MOST else ""
    return (
        f"This placement was drawn by lot, with a chance of {share_words(shares.get(held, 0.0))}. "
        f"Before the draw the chances were {', '.join(told)}{more}. {found.words}"
    )


def share_words(share: float) -> str:
    """A probability: `25 %`, `under 1 %`, `over 99 %`."""
    if share < 0.01:
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"
