"""Who moves between a baseline and an allocation: in words, by ranks, and along which chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from allocator.measures.bands import rank_words
from allocator.models import RunInputs
from allocator.rules.eligibility import Rule
from allocator.rules.matrices import matrices
from allocator.rules.naming import job_line_name, worker_name


@dataclass(frozen=True, slots=True)
class Shift:
    """One worker's way from its job line of the baseline to another.

    Ranks are in words. `ranks` is the change of the score, negative = better; None where the old
    job line takes no part any more. `why` is a sentence part.
    """

    worker: str
    name: str
    from_job_line: str
    from_name: str
    to_job_line: str
    to_name: str
    rank_before: str
    rank_after: str
    ranks: float | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


COLUMNS = ("Worker", "From", "Rank", "To", "Rank then", "Ranks", "Why")


def shift_cells(shift: Shift) -> tuple[str, ...]:
    """A shift as a row under `COLUMNS`."""
    change = "–" if shift.ranks is None else f"{shift.ranks:+g}" if shift.ranks else "0"
    return (
        shift.name,
        shift.from_name,
        shift.rank_before,
        shift.to_name,
        shift.rank_after,
        change,
        shift.why,
    )


def shifts(inputs: RunInputs, placements: Mapping[str, str]) -> tuple[Shift, ...]:
    """Everybody of the baseline whom `placements` (worker → job line) put elsewhere, by name."""
    held = inputs.baseline.placements
    moved = [w.id for w in inputs.workers if held.get(w.id, placements[w.id]) != placements[w.id]]
    found = [_shift(inputs, worker, held[worker], placements[worker]) for worker in moved]
    return tuple(sorted(found, key=lambda shift: (shift.name, shift.worker)))


def _shift(inputs: RunInputs, worker: str, before: str, after: str) -> Shift:
    arrays, columns = matrices(inputs), inputs.job_line_positions
    row, to = inputs.worker_positions[worker], columns[after]

    def rank(column: int) -> str:
        score = float(arrays.scores[row, column])
        return rank_words(score if arrays.ranked[row, column] else None)

    ranks, rank_before = None, "–"
    if before not in columns:
        why = "it takes no part any more"
    else:
        ranks = float(arrays.scores[row, to] - arrays.scores[row, columns[before]])
        rank_before = rank(columns[before])
        rule = Rule(int(arrays.rules[row, columns[before]]))
        if after in inputs.baseline.only_to.get(worker, ()):
            why = "wished for it"
        elif not rule.eligible:
            why = f"may not keep it: {rule.words[:1].lower()}{rule.words[1:]}"
        elif ranks < 0:
            why = "is better placed"
        elif ranks > 0:
            why = "makes way for others"
        else:
            why = "makes way at no loss"
    return Shift(
        worker,
        worker_name(inputs, worker),
        before,
        job_line_name(inputs, before),
        after,
        job_line_name(inputs, after),
        rank_before,
        rank(to),
        ranks,
        why,
    )


def chains(moved: tuple[Shift, ...]) -> tuple[tuple[Shift, ...], ...]:
    """The shifts as chains: each but the first takes the place that the one before has left.

    A cycle's last shift goes where its first began. The longest come first; which of several
    workers follows at a job line with several places is decided by name.
    """
    leaving: defaultdict[str, list[Shift]] = defaultdict(list)
    for shift in reversed(moved):
        leaving[shift.from_job_line].append(shift)
    into: defaultdict[str, int] = defaultdict(int)
    for shift in moved:
        into[shift.to_job_line] += 1
    # A chain is told from the free place backwards, so it begins where more come than leave.
    ends = [j for j in sorted(into) for _ in range(into[j] - len(leaving[j]))]
    coming: defaultdict[str, list[Shift]] = defaultdict(list)
    for shift in reversed(moved):
        coming[shift.to_job_line].append(shift)
    found = []
    for start in [*ends, *(s.to_job_line for s in moved)]:
        chain, line = [], start
        while coming[line]:
            shift = coming[line].pop()
            chain.append(shift)
            line = shift.from_job_line
            if line == start:
                break
        if chain:
            found.append(tuple(chain))
    return tuple(sorted(found, key=lambda chain: (-len(chain), chain[0].name)))
