"""Contested job lines: what one more place would save, and who would move."""

from __future__ import annotations

import numpy as np
import pandas as pd

from allocator.explanation.chains import Chains
from allocator.explanation.graph import Graph, Move, graph
from allocator.models import RunInputs, SolveResult

COLUMNS = {
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
    found = graph(inputs, result)
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
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    return frame.sort_values(
        ["saving", "preferred_by", "job_line_name", "job_line"],
        ascending=[False, False, True, True],
        ignore_index=True,
    )


def _moves(found: Graph, chains: Chains, column: int) -> tuple[Move, ...]:
    """The chain into the new place, the worker who takes it first."""
    return tuple(reversed(found.moves(chains, chains.path(column)[::-1])))


def _preferred_by(found: Graph) -> np.ndarray:
    scores = found.matrices.scores
    own = scores[np.arange(len(found.assigned)), found.assigned]
    better = (scores < own[:, None]) & found.matrices.eligible
    return np.asarray(better.sum(axis=0))
