"""Moves and totals in words that a doctor can be shown."""

from __future__ import annotations

from collections.abc import Sequence

from allocator.explanation.optimum import Move
from allocator.measures.bands import NEVER_MARK, UNRANKED, rank_words
from allocator.models import Policy, RunInputs
from allocator.result import SolveResult
from allocator.rules.naming import job_line_name
from allocator.rules.ranks import bucket_words

AIMS = {
    Policy.LEAST_TOTAL: "the least total dissatisfaction",
    Policy.GREEDY: "as many first choices as possible, then second choices, and so on",
    Policy.GENEROUS: "as few last choices as possible, then the choice before, and so on",
    Policy.LEXIMIN: "the worst-placed doctors first",
    Policy.LOTTERY_ORDER: "that the doctors choose in turn, in an order drawn by lot",
    Policy.FEWEST_MOVES: "as few doctors as possible on another job line than before",
    Policy.MOST_MOVES: "as many granted wishes for another job line as possible",
}


def choice_words(rank: str, whose: str = "their") -> str:
    """A rank in words as part of a sentence: `3rd choice`, `not on their list`; of a job line
    of the bucket *never*, `not on their list, and under “never”`."""
    rank, is_never, _ = rank.partition(NEVER_MARK)
    number, is_tied, _ = rank.partition(" (tied)")
    said = f"tied at rank {number}" if is_tied else f"{rank} choice"
    if rank == UNRANKED:
        said = f"not on {whose} list"
    return f"{said}, and under “never”" if is_never else said


def change_words(move: Move) -> str:
    """What a move means for its doctor: `2 ranks better`."""
    change = move.score_change
    if not change:
        return "neither better nor worse"
    way = "better" if change < 0 else "worse"
    if any(rank.startswith(UNRANKED) for rank in (move.rank_before, move.rank_after)):
        return f"{way} placed"
    return f"{abs(change):g} rank{'' if abs(change) == 1 else 's'} {way}"


def outcome_words(moves: Sequence[Move], worker_id: str = "") -> str:
    """How many others a chain would move, and how they would fare; empty without moves."""
    others = [move.score_change for move in moves if move.worker != worker_id]
    if not others:
        return "Nobody else would have to move." if moves else ""
    counts = (
        (sum(change < 0 for change in others), "better placed"),
        (sum(change > 0 for change in others), "worse placed"),
        (sum(change == 0 for change in others), "placed as well as now"),
    )
    fates = ", ".join(f"{count} {words}" for count, words in counts if count)
    number = "1 other doctor" if len(others) == 1 else f"{len(others)} other doctors"
    return f"{number} would have to move: {fates}."


def total_words(price: float) -> str:
    """A change of the objective: `raise the total dissatisfaction by 4.2 points`."""
    if not price:
        return "leave the total dissatisfaction as it is"
    way, size = ("raise" if price > 0 else "lower"), f"{abs(price):,.4g}"
    return f"{way} the total dissatisfaction by {size} point{'' if size == '1' else 's'}"


def signed_points(points: float) -> str:
    """`+4.2` or `−1`; what rounding leaves of nothing is 0."""
    return "0" if abs(points) < 1e-9 else f"{points:+,.4g}".replace("-", "−")


def joined(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def sentence(text: str) -> str:
    """With a capital and a full stop; empty stays empty."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def placed_words(inputs: RunInputs, result: SolveResult, worker_id: str) -> tuple[str, str]:
    """The worker's job line and its rank in words; empty when not placed."""
    for placed in result.allocations:
        if placed.worker_mapping == worker_id:
            chosen, line = inputs.worker(worker_id).preferences, placed.job_line
            rank = rank_words(chosen.scores.get(line), bucket_words(chosen, line))
            return job_line_name(inputs, line), rank
    return "", ""
