"""Contested job lines: what one more place would save, and who would move."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.explanation.optimum import Chains, Move, Optimum, optimum
from allocator.explanation.wording import AIMS
from allocator.models import RunInputs
from allocator.result import SolveResult
from allocator.rules.eligibility import Rule
from allocator.rules.naming import signed

CONTESTED_COLUMNS = {
    "job_line": "str",
    "job_line_name": "str",
    "places": "int64",
    "filled": "int64",
    "preferred_by": "int64",
    "saving": "float64",
    "moves": "object",
}


def contested_job_lines(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """Every job line of the run, the most contested first.

    Columns: job_line (id), job_line_name, places, filled, preferred_by (eligible workers who
    like it strictly better than what they got), saving and moves. `saving` is the exact
    fall of the objective if the job line had one more place (a policy other than the default
    may raise it for what it puts first); `moves` is the chain that would then follow, empty
    when nothing would change. Raises NotExplained.
    """
    found = optimum(inputs, result)
    # Chains that start where somebody can be spared and end at the job line.
    chains = found.chains(found.residual.outside, outward=True)
    wanted = _preferred_by(found)
    records = []
    for column, line in enumerate(inputs.job_lines):
        filled = len(found.holders[column])
        helps = chains.sign[column] < 0 and filled >= line.places
        records.append(
            {
                "job_line": line.id,
                "job_line_name": found.line_name(column),
                "places": line.places,
                "filled": filled,
                "preferred_by": int(wanted[column]),
                "saving": -int(chains.distance[column]) * found.costs.unit if helps else 0.0,
                "moves": _moves(found, chains, column) if helps else (),
            }
        )
    frame = pd.DataFrame(records, columns=list(CONTESTED_COLUMNS)).astype(CONTESTED_COLUMNS)
    return frame.sort_values(
        ["saving", "preferred_by", "job_line_name", "job_line"],
        ascending=[False, False, True, True],
        ignore_index=True,
    )


def _moves(found: Optimum, chains: Chains, column: int) -> tuple[Move, ...]:
    """The chain into the new place, the worker who takes it first."""
    return tuple(reversed(found.moves(chains, chains.path(column)[::-1])))


def _preferred_by(found: Optimum) -> np.ndarray:
    scores = found.matrices.scores
    own = scores[np.arange(len(found.assigned)), found.assigned]
    better = (scores < own[:, None]) & found.matrices.eligible
    return np.asarray(better.sum(axis=0))


SWAP_COLUMNS = {
    "first": "str",
    "first_name": "str",
    "first_job_line": "str",
    "first_score_change": "float64",
    "second": "str",
    "second_name": "str",
    "second_job_line": "str",
    "second_score_change": "float64",
    "allowed": "bool",
    "price": "float64",
    "why_not": "str",
}


def wanted_swaps(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """Pairs of workers who each like the other's job line strictly better, the keenest first.

    Columns: first and second (worker ids), their names, first_job_line and second_job_line
    (names of what they hold now), the score changes (negative = better), allowed (eligibility
    permits the swap), price (change of the objective; NaN when not allowed) and why_not in
    words. Raises NotExplained.
    """
    found = optimum(inputs, result)
    scores, rows = found.matrices.scores, np.arange(len(found.assigned))
    # Entry (a, b): what a would gain or lose with b's job line.
    change = scores[:, found.assigned] - scores[rows, found.assigned][:, None]
    both = np.argwhere(np.triu((change < 0) & (change.T < 0)))
    records = [_record(found, change, int(a), int(b)) for a, b in both]
    frame = pd.DataFrame(records, columns=list(SWAP_COLUMNS)).astype(SWAP_COLUMNS)
    total = frame["first_score_change"] + frame["second_score_change"]
    return (
        frame.assign(total=total)
        .sort_values(["total", "first_name", "second_name"], ignore_index=True)
        .drop(columns="total")
    )


def _record(found: Optimum, change: np.ndarray, a: int, b: int) -> dict[str, object]:
    at_a, at_b = int(found.assigned[a]), int(found.assigned[b])
    values = found.costs.values
    price = values[a, at_b] + values[b, at_a] - values[a, at_a] - values[b, at_b]
    barred = [pair for pair in ((a, at_b), (b, at_a)) if not found.matrices.eligible[pair]]
    return {
        "first": found.inputs.workers[a].id,
        "first_name": found.name(a),
        "first_job_line": found.line_name(at_a),
        "first_score_change": float(change[a, b]),
        "second": found.inputs.workers[b].id,
        "second_name": found.name(b),
        "second_job_line": found.line_name(at_b),
        "second_score_change": float(change[b, a]),
        "allowed": not barred,
        "price": None if barred else float(price) * found.costs.unit,
        "why_not": _ineligible(found, barred) if barred else _outweighed(found, a, b),
    }


def _ineligible(found: Optimum, barred: list[tuple[int, int]]) -> str:
    return " ".join(
        f"{found.name(row)} may not hold {found.line_name(column)}:"
        f" {Rule(int(found.matrices.rules[row, column])).words}."
        for row, column in barred
    )


def _outweighed(found: Optimum, a: int, b: int) -> str:
    """An allowed swap helps both workers, so at an optimum only weightings, or what moves count,
    stand against it."""
    policy = found.result.settings.policy
    if policy.needs_baseline:
        return f"The run's first aim is {AIMS[policy]}; the total comes after it."
    at_a, at_b = int(found.assigned[a]), int(found.assigned[b])
    net = found.matrices.weightings
    before, after = net[a, at_a] + net[b, at_b], net[a, at_b] + net[b, at_a]
    moved, price = found.matrices.moved, found.result.settings.move_price
    more = int(moved[a, at_b]) + moved[b, at_a] - moved[a, at_a] - moved[b, at_b]
    if price and more > 0:
        return f"More doctors would have moved, which counts {price * more:g} points."
    return (
        f"The organisation's weightings of the two placements would change from"
        f" {signed(int(before))} to {signed(int(after))}, which weighs as much or more"
        f" while the organisation's wishes count {found.result.settings.alpha:g} (alpha)."
    )
