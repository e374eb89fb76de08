"""Pairs of workers who would both like to swap, and why they were not given that."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.eligibility import Rule
from allocator.explanation.graph import Graph, graph
from allocator.models import RunInputs, SolveResult
from allocator.naming import signed

COLUMNS = {
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
    found = graph(inputs, result)
    scores, rows = found.matrices.scores, np.arange(len(found.assigned))
    # Entry (a, b): what a would gain or lose with b's job line.
    change = scores[:, found.assigned] - scores[rows, found.assigned][:, None]
    both = np.argwhere(np.triu((change < 0) & (change.T < 0)))
    records = [_record(found, change, int(a), int(b)) for a, b in both]
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    total = frame["first_score_change"] + frame["second_score_change"]
    return (
        frame.assign(total=total)
        .sort_values(["total", "first_name", "second_name"], ignore_index=True)
        .drop(columns="total")
    )


def _record(found: Graph, change: np.ndarray, a: int, b: int) -> dict[str, object]:
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


def _ineligible(found: Graph, barred: list[tuple[int, int]]) -> str:
    return " ".join(
        f"{found.name(row)} may not hold {found.line_name(column)}:"
        f" {Rule(int(found.matrices.rules[row, column])).words}."
        for row, column in barred
    )


def _outweighed(found: Graph, a: int, b: int) -> str:
    """An allowed swap helps both workers, so at an optimum only weightings stand against it."""
    at_a, at_b = int(found.assigned[a]), int(found.assigned[b])
    net = found.matrices.weightings
    before, after = net[a, at_a] + net[b, at_b], net[a, at_b] + net[b, at_a]
    return (
        f"The organisation's weightings of the two placements would change from"
        f" {signed(int(before))} to {signed(int(after))}, which weighs as much or more"
        f" while the organisation's wishes count {found.result.settings.alpha:g} (alpha)."
    )
