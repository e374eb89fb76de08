"""Workers whom equally good allocations place elsewhere: forced, or one of several."""

from __future__ import annotations

import pandas as pd

from allocator.explanation.graph import graph
from allocator.models import RunInputs, SolveResult
from allocator.tie_break import TieBreak

COLUMNS = {
    "worker": "str",
    "name": "str",
    "job_line": "str",
    "job_line_name": "str",
    "score": "float64",
    "alternatives": "str",
    "alternative_ids": "object",
    "best_alternative": "float64",
}


def tied_workers(inputs: RunInputs, result: SolveResult) -> pd.DataFrame:
    """Workers whose placement is one of several that equally good allocations give, by name.

    Everybody who is not listed is placed as in every optimal allocation. Columns: worker (id),
    name, job_line (id), job_line_name, score (of the present placement), alternatives (the
    other job lines with the worker's rank in words, best first), alternative_ids,
    best_alternative (least score among them). Raises NotExplained.
    """
    found = graph(inputs, result)
    scores = found.matrices.scores
    ties = TieBreak(found.optimal, found.assigned)
    others: dict[int, list[int]] = {}
    for row, column in zip(ties.workers.tolist(), ties.lines.tolist(), strict=True):
        if column != found.assigned[row]:
            others.setdefault(row, []).append(column)
    records = []
    for row, columns in others.items():
        here = int(found.assigned[row])
        ordered = [
            j for _, _, j in sorted((scores[row, j], found.line_name(j), j) for j in columns)
        ]
        words = (f"{found.line_name(j)} ({found.rank(row, j)})" for j in ordered)
        records.append(
            {
                "worker": inputs.workers[row].id,
                "name": found.name(row),
                "job_line": inputs.job_lines[here].id,
                "job_line_name": found.line_name(here),
                "score": float(scores[row, here]),
                "alternatives": ", ".join(words),
                "alternative_ids": tuple(inputs.job_lines[j].id for j in ordered),
                "best_alternative": float(scores[row, ordered[0]]),
            }
        )
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.sort_values(["name", "worker"], ignore_index=True)
