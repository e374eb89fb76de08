"""By lot: what the lottery among equally good allocations could have given each worker.

The lots fall into parts that do not touch each other: no chain of moves leads from one to another.
Where few allocations of a part are equally good, every course of its lottery is followed and the
odds are exact: whoever's turn it is, is equally likely to be any worker; that worker takes the job
line it likes best among the allocations that are left, each of several equally liked ones equally
likely (see `solving.tie_break`). Otherwise the part is drawn again and again, until every share is
known to a margin with 95 % confidence, or until the time is up: `margin` says how far it came.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

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
FIRST = 400
"""Courses that are drawn at first; how many more it takes, and how long, is judged by them."""
WORTH_IT = 0.5
"""In less than this share of the time that the batch before took, no other is begun."""

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
        return not self.draws and not self.stopped

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
    made = _by_parts(optimum(inputs, result), seconds, margin, on_draws, stop)
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


# -- parts ------------------------------------------------------------------------------


def _by_parts(
    found: Optimum,
    seconds: float,
    wanted: float,
    on_draws: OnDraws | None,
    stop: Callable[[], bool],
) -> Odds:
    """The odds of each part, followed where that is possible, else drawn."""
    ties, scores = TieBreak(found.optimal, found.assigned), found.matrices.scores
    part_of = ties.component[ties.assigned]
    shares: Shares = {}
    drawn: list[Courses] = []
    random = np.random.default_rng(0)
    for part in np.unique(part_of[ties.contested]).tolist():
        workers = ties.contested[part_of[ties.contested] == part]
        exact = _exact(ties, scores, workers)
        if exact is None:
            drawn.append(Courses(ties, scores, workers, random))
        else:
            shares |= exact
    draws, margin = _draw(drawn, seconds, wanted, on_draws, stop)
    for courses in drawn:
        for i, j in zip(*np.nonzero(courses.counts), strict=True):
            pair = int(courses.workers[i]), int(courses.lines[j])
            shares[pair] = float(courses.counts[i, j] / courses.draws)
    return Odds(_named(found, shares), draws, margin, stopped=stop())


# -- exact ------------------------------------------------------------------------------


def _exact(ties: TieBreak, scores: NDArray[np.float64], workers: NDArray[np.intp]) -> Shares | None:
    """The odds of some workers by following every course; None when there are too many."""
    contested = workers.tolist()
    optima = _optima(ties, contested)
    if optima is None:
        return None
    known: dict[frozenset[int], dict[int, Fraction]] = {}
    try:
        chances = _followed(frozenset(range(len(optima))), optima, scores[contested], known)
    except OverflowError:
        return None
    shares: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for number, chance in chances.items():
        for row, column in zip(contested, optima[number], strict=True):
            shares[row, column] += chance
    return {pair: float(share) for pair, share in shares.items()}


def _optima(ties: TieBreak, contested: list[int]) -> list[tuple[int, ...]] | None:
    """Every optimal placement of contested workers, all others as they are; None when there are
    more than a few."""
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


def _draw(
    parts: list[Courses],
    seconds: float,
    wanted: float,
    on_draws: OnDraws | None,
    stop: Callable[[], bool],
) -> tuple[int, float]:
    """Draw all parts with numbers of their own, the same ones each time: (draws, margin)."""
    if not parts:
        return 0, 0.0
    most = int((CONFIDENCE / wanted) ** 2 / 4) + 1
    began, draws, count, margin = time.perf_counter(), 0, FIRST, 1.0

    def go_on(part: int, share: float) -> bool:
        if on_draws is not None:
            on_draws(min(most, draws + int(count * (part + share) / len(parts))), most)
        return not stop() and (not draws or time.perf_counter() - began < seconds)

    while count and margin > wanted:
        before = time.perf_counter()
        for number, courses in enumerate(parts):
            if not courses.draw(count, partial(go_on, number)):
                return draws, margin
        draws += count
        margin = max(_margin(courses.counts, draws) for courses in parts)
        enough = min(most, int(draws * (margin / wanted) ** 2 * 1.02) + 1)
        # Larger batches take less time for each course, so that these will be done in time.
        now = time.perf_counter()
        left = max(0.0, seconds - (now - began)) / (now - before)
        count = min(max(1, enough - draws), int(count * left)) if left > WORTH_IT else 0
    if on_draws is not None:
        on_draws(draws, most)
    return draws, margin


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
