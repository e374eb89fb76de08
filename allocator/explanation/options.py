"""Why a worker did not get a job line: every job line at once, with price and chain."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd

from allocator.eligibility import Rule
from allocator.explanation.chains import Chains
from allocator.explanation.graph import Graph, Move, graph
from allocator.models import RunInputs, SolveResult
from allocator.residual import NO_ARC


class Situation(StrEnum):
    """How a worker stands to a job line."""

    HELD = "holds it"
    INELIGIBLE = "ineligible"
    BEYOND_CAP = "beyond the cap on the worst rank"
    IMPOSSIBLE = "would leave no possible allocation"
    FULL = "full"
    FREE = "has a free place"


COLUMNS = {
    "job_line": "str",
    "job_line_name": "str",
    "rank": "float64",
    "score": "float64",
    "score_change": "float64",
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
    present placement, negative = better), situation (`Situation`), eligible, rule in words,
    places, holders (names with the rank that each gave it), holder_ids, price and moves.
    `price` is the exact change of the objective when the pair is forced and everybody else is
    placed anew (for an ineligible pair: as an exception); NaN when that leaves no possible
    allocation. It is ≥ 0 under the default policy; another policy may gain objective and lose
    what it puts first. `moves` is the chain that follows, the worker's own move first; among
    chains of equal price one is shown. Raises KeyError when the worker does not take part,
    NotExplained.
    """
    found = graph(inputs, result)
    row = found.rows[worker_id]
    prices, chains = found.forcing(row)
    records = [
        _record(found, row, column, int(prices[column]), chains)
        for column in range(len(inputs.job_lines))
    ]
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.sort_values(["score", "job_line_name", "job_line"], ignore_index=True)


def chain(found: Graph, row: int, column: int, chains: Chains) -> tuple[Move, ...]:
    """The moves when the worker is forced to the job line; none when it holds it."""
    if column == found.assigned[row]:
        return ()
    return (found.move(row, column), *found.moves(chains, chains.path(column)))


def _record(found: Graph, row: int, column: int, price: int, chains: Chains) -> dict[str, object]:
    line, arrays = found.inputs.job_lines[column], found.matrices
    score, here = float(arrays.scores[row, column]), int(found.assigned[row])
    rule, possible = Rule(int(arrays.rules[row, column])), price < NO_ARC
    holders = found.holders[column]
    return {
        "job_line": line.id,
        "job_line_name": found.line_name(column),
        "rank": score if found.ranked[row, column] else None,
        "score": score,
        "score_change": score - float(arrays.scores[row, here]),
        "situation": _situation(found, row, column, possible).value,
        "eligible": rule.eligible,
        "rule": rule.words,
        "places": line.places,
        "holders": ", ".join(f"{found.name(w)} ({found.rank(w, column)})" for w in holders),
        "holder_ids": tuple(found.inputs.workers[w].id for w in holders),
        "price": price * found.costs.unit + found.cut(row, column) if possible else None,
        "moves": chain(found, row, column, chains) if possible else (),
    }


def _situation(found: Graph, row: int, column: int, possible: bool) -> Situation:
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
