"""Why did this worker not get that job line, told in sentences.

To a coordinator with names; in a letter to the doctor with nobody else's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from allocator.explanation.fairness import all_ties
from allocator.explanation.optimum import Chains, Move, Optimum, optimum
from allocator.explanation.wording import (
    AIMS,
    change_words,
    choice_words,
    joined,
    outcome_words,
    sentence,
    signed_points,
    total_words,
)
from allocator.models import Policy, RunInputs
from allocator.result import SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.naming import worker_name
from allocator.rules.ranks import NEVER_WORDS, bucket_words
from allocator.solving.residual import NO_ARC

ANOTHER = "another doctor"
Option = Mapping[Hashable, Any]
"""A row of `placement_options`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a worker did not get a job line, in sentences; those that do not apply are empty.

    `reason`: the rule, or who holds it. `price`: what giving it would do to the total.
    `chain`: one sentence for each move that would follow. `outcome`: how others would fare.
    `note`: what else the worker said of the job line, which plays no part in the allocation.
    """

    question: str
    reason: str
    price: str
    chain: tuple[str, ...]
    outcome: str
    note: str = ""

    @property
    def text(self) -> str:
        """All of it, for copying."""
        parts = [self.question, " ".join(filter(None, (self.reason, self.price, self.note)))]
        if self.outcome:
            parts.append(f"What would follow: {self.outcome}")
        return "\n\n".join([*parts, *(f"{i}. {move}" for i, move in enumerate(self.chain, 1))])


@dataclass(frozen=True, slots=True)
class Teller:
    """Answers for one worker; make it with `teller`.

    `letter` speaks to the worker and leaves the others nameless unless `others_names`; their
    moves, which give their ranks away, are then told with `others_ranks` alone. `tied` are the
    positions of job lines that an equally good allocation gives the worker.
    """

    found: Optimum
    worker: str
    tied: frozenset[int]
    letter: bool = False
    others_ranks: bool = False
    others_names: bool = False

    @property
    def who(self) -> str:
        """The worker, in a sentence."""
        return self._name(self.worker)

    def answer(self, option: Option) -> Answer:
        """The answer for one row of `placement_options`."""
        moves: tuple[Move, ...] = option["moves"]
        told = moves if not self.letter or self.others_ranks else ()
        return Answer(
            question=f"Why did {self.who} not get {option['job_line_name']}?",
            reason=sentence(self._reason(option)),
            price=sentence(self._price(option)),
            chain=tuple(map(self._move, told, (None, *told))),
            outcome=outcome_words(moves, self.worker),
            note=self._note(option),
        )

    def _note(self, option: Option) -> str:
        said = []
        if option["bucket"] == NEVER_WORDS:
            said.append(f"{self.who} put it under “never”")
        if not isnan(option["attractiveness"]):
            said.append(
                f"{self.who} left it unranked and gave it an attractiveness of "
                f"{option['attractiveness']:g}, which plays no part in the allocation"
            )
        return " ".join(map(sentence, said))

    def told_moves(self, moves: tuple[Move, ...]) -> tuple[Move, ...]:
        """The moves under the names that this teller uses, for a picture."""
        return tuple(replace(m, name=sentence(self._name(m.worker))[:-1]) for m in moves)

    def _name(self, worker: str) -> str:
        if not self.letter:
            return worker_name(self.found.inputs, worker)
        if worker == self.worker:
            return "you"
        return worker_name(self.found.inputs, worker) if self.others_names else ANOTHER

    def _move(self, move: Move, before: Move | None) -> str:
        """One move; whoever makes way for the move before it starts where that one ended."""
        whose = "your" if self.letter and move.worker == self.worker else "their"
        now, then = (choice_words(rank, whose) for rank in (move.rank_before, move.rank_after))
        follows = before is not None and before.to_job_line == move.from_job_line
        start = "there" if follows else move.from_name
        return sentence(
            f"{self._name(move.worker)} would move from {start} ({now}) to {move.to_name}"
            f" ({then}): {change_words(move)}"
        )

    def _holders(self, option: Option) -> str:
        """Who holds a job line and how they ranked it; a letter says no more than how many."""
        ids = option["holder_ids"]
        if self.letter and not self.others_names:
            return ANOTHER if len(ids) == 1 else f"{len(ids)} other doctors"
        if self.letter and not self.others_ranks:
            return joined([self._name(worker) for worker in ids])
        column = self.found.columns[option["job_line"]]
        ranks = (choice_words(self.found.rank(self.found.rows[w], column)) for w in ids)
        return joined([f"{self._name(w)} ({rank})" for w, rank in zip(ids, ranks, strict=True)])

    def _reason(self, option: Option) -> str:
        match Situation(option["situation"]):
            case Situation.HELD:
                return f"{self.who} {'hold' if self.letter else 'holds'} it"
            case Situation.INELIGIBLE:
                rule: str = option["rule"]
                return f"{self.who} may not hold it: {rule[:1].lower()}{rule[1:]}"
            case Situation.BEYOND_CAP:
                cap = self.found.result.settings.worst_rank
                return (
                    f"this run was solved so that nobody who ranked is placed beyond rank {cap:g}"
                )
            case Situation.IMPOSSIBLE:
                return (
                    f"if {self.who} had it, no allocation would be left that gives everybody a"
                    " job line and keeps every rule"
                )
            case Situation.FULL:
                places = option["places"]
                taken = "its only place is" if places == 1 else f"its {places} places are"
                return f"it is full: {taken} held by {self._holders(option)}"
        beside = f", beside {self._holders(option)}" if option["holder_ids"] else ""
        return f"it has a free place{beside}"

    def _price(self, option: Option) -> str:
        situation, price = Situation(option["situation"]), float(option["price"])
        if situation is Situation.HELD or isnan(price):
            return ""
        chosen, allowed = self.found.result.settings, situation in (Situation.FULL, Situation.FREE)
        if self.found.columns[option["job_line"]] in self.tied:
            return (
                f"an equally good allocation would give it to {self.who}; drawing lots with the"
                f" number {chosen.seed} decided between them"
            )
        giving = f"giving it to {self.who} would"
        if not allowed:
            giving = f"{'even ' * (price > 0)}as an exception, it would"
        effect, aim = f"{giving} {total_words(price)}", chosen.policy
        if aim is Policy.LEAST_TOTAL:
            return effect + self._split(option, price)
        if allowed and price <= 0:
            return f"{effect}, but fall short of this run's first aim, {AIMS[aim]}"
        return f"{effect}; this run's first aim is {AIMS[aim]}, and the total comes after it"

    def _split(self, option: Option, price: float) -> str:
        """Whose part of the price it is, where the organisation has one."""
        chosen = self.found.result.settings
        ranks = (1 - chosen.alpha) * sum(
            m.score_after**chosen.power - m.score_before**chosen.power for m in option["moves"]
        )
        held = self.found.inputs.baseline.placements
        moves = chosen.move_price * sum(
            (m.to_job_line != held[m.worker]) - (m.from_job_line != held[m.worker])
            for m in option["moves"]
            if m.worker in held
        )
        parts = [
            (ranks, "from doctors' ranks"),
            (price - ranks - moves, "from the organisation's weightings"),
            (moves, "from doctors who move"),
        ]
        if all(abs(part) < 1e-6 for part, _ in parts[1:]):
            return ""
        told = [part for part in parts if part is parts[0] or abs(part[0]) >= 1e-6]
        return ": " + ", ".join(f"{signed_points(points)} {words}" for points, words in told)


def teller(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    *,
    letter: bool = False,
    others_ranks: bool = False,
    others_names: bool = False,
) -> Teller:
    """A teller for one worker. Raises KeyError when it does not take part, NotExplained."""
    inputs.worker(worker_id)
    found = optimum(inputs, result)
    lines = frozenset(all_ties(inputs, result).of(found.rows[worker_id]).tolist())
    return Teller(found, worker_id, lines, letter, others_ranks, others_names)


def worker_answers(
    inputs: RunInputs,
    result: SolveResult,
    worker_id: str,
    *,
    letter: bool = False,
    others_ranks: bool = False,
    others_names: bool = False,
    better_only: bool = False,
) -> list[tuple[dict[Hashable, Any], Answer]]:
    """Every row of `placement_options`, best first, with its answer; with `better_only` those of
    the job lines that the worker would have liked better than its own.

    Raises KeyError when the worker does not take part, NotExplained.
    """
    tells = teller(
        inputs,
        result,
        worker_id,
        letter=letter,
        others_ranks=others_ranks,
        others_names=others_names,
    )
    options: list[dict[Hashable, Any]]
    if better_only:
        options = list(_better(tells.found, worker_id))
    else:
        options = placement_options(inputs, result, worker_id).to_dict("records")
    return [(option, tells.answer(option)) for option in options]


class Situation(StrEnum):
    """How a worker stands to a job line."""

    HELD = "holds it"
    INELIGIBLE = "ineligible"
    BEYOND_CAP = "beyond the cap on the worst rank"
    IMPOSSIBLE = "would leave no possible allocation"
    FULL = "full"
    FREE = "has a free place"


OPTION_COLUMNS = {
    "job_line": "str",
    "job_line_name": "str",
    "rank": "float64",
    "score": "float64",
    "score_change": "float64",
    "bucket": "str",
    "attractiveness": "float64",
    "situation": "str",
    "eligible": "bool",
    "rule": "str",
    "places": "int64",
    "holders": "str",
    "holder_ids": "object",
    "price": "float64",
    "moves": "object",
}


def placement_options(inputs: RunInputs, result: SolveResult, worker_id: str) -> pd.DataFrame:
    """Every job line of the run for one worker, best score first.

    Columns: job_line (id), job_line_name, rank (NaN: unranked), score, score_change (to the
    present placement, negative = better), bucket (`Love` … `Never`, empty: in none),
    attractiveness (the worker's own figure for an unranked job line: information, no rule; NaN
    where there is none), situation (`Situation`), eligible, rule in words,
    places, holders (names with the rank that each gave it), holder_ids, price and moves.
    `price` is the exact change of the objective when the pair is forced and everybody else is
    placed anew (for an ineligible pair: as an exception); NaN when that leaves no possible
    allocation. It is ≥ 0 under the default policy; another policy may gain objective and lose
    what it puts first. `moves` is the chain that follows, the worker's own move first; among
    chains of equal price one is shown. Raises KeyError when the worker does not take part,
    NotExplained.
    """
    found = optimum(inputs, result)
    row = found.rows[worker_id]
    prices, chains = found.forcing(row)
    records = [
        _record(found, row, column, int(prices[column]), chains)
        for column in range(len(inputs.job_lines))
    ]
    frame = pd.DataFrame(records, columns=list(OPTION_COLUMNS)).astype(OPTION_COLUMNS)
    return frame.sort_values(["score", "job_line_name", "job_line"], ignore_index=True)


def _better(found: Optimum, worker_id: str) -> Iterator[dict[Hashable, Any]]:
    """The rows of `placement_options` with a negative score change, in its order; `holders`, which
    no answer tells, are left out."""
    row = found.rows[worker_id]
    scores = found.matrices.scores[row]
    columns = np.flatnonzero(scores < scores[found.assigned[row]]).tolist()
    if not columns:
        return
    prices, chains = found.forcing(row)
    names = found.by_name
    for column in sorted(columns, key=lambda j: (scores[j], names[j])):
        option = _record(found, row, column, int(prices[column]), chains, named=False)
        yield {name: nan if value is None else value for name, value in option.items()}


def chain(found: Optimum, row: int, column: int, chains: Chains) -> tuple[Move, ...]:
    """The moves when the worker is forced to the job line; none when it holds it."""
    if column == found.assigned[row]:
        return ()
    return (found.move(row, column), *found.moves(chains, chains.path(column)))


def _record(
    found: Optimum, row: int, column: int, price: int, chains: Chains, *, named: bool = True
) -> dict[Hashable, Any]:
    line, arrays = found.inputs.job_lines[column], found.matrices
    score, here = float(arrays.scores[row, column]), int(found.assigned[row])
    rule, possible = Rule(int(arrays.rules[row, column])), price < NO_ARC
    holders, chosen = found.holders[column], found.inputs.workers[row].preferences
    return {
        "job_line": line.id,
        "job_line_name": found.line_name(column),
        "rank": score if found.matrices.ranked[row, column] else None,
        "score": score,
        "score_change": score - float(arrays.scores[row, here]),
        "bucket": bucket_words(chosen, line.id),
        "attractiveness": chosen.attractiveness.get(line.id),
        "situation": _situation(found, row, column, possible).value,
        "eligible": rule.eligible,
        "rule": rule.words,
        "places": line.places,
        "holders": ", ".join(f"{found.name(w)} ({found.rank(w, column)})" for w in holders * named),
        "holder_ids": tuple(found.inputs.workers[w].id for w in holders),
        "price": price * found.costs.unit + found.cut(row, column) if possible else None,
        "moves": chain(found, row, column, chains) if possible else (),
    }


def _situation(found: Optimum, row: int, column: int, possible: bool) -> Situation:
    if column == found.assigned[row]:
        return Situation.HELD
    if not found.matrices.eligible[row, column]:
        return Situation.INELIGIBLE
    if not found.residual.face.allowed[row, column]:
        return Situation.BEYOND_CAP
    if not possible:
        return Situation.IMPOSSIBLE
    full = len(found.holders[column]) >= found.inputs.job_lines[column].places
    return Situation.FULL if full else Situation.FREE
