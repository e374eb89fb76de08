"""Hide counts small enough to identify somebody, so that the totals do not give them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

SMALL = 5
HIDDEN = "hidden"

Mask = NDArray[np.bool_]
Counts = NDArray[np.int64]


def mask_small_counts(
    frame: pd.DataFrame, columns: Sequence[str], total: str, small: int = SMALL
) -> pd.DataFrame:
    """A copy for export in which no count of 1 … small−1 can be read or worked out.

    `frame` holds one row a group and a last row for everybody; `columns` are counts that add up
    to the column `total`. Small counts become `<5`; every count of a group that is itself small
    does too. Where a hidden count would follow from the totals, further ones become `hidden`:
    seen as a graph of rows and columns with the hidden counts as its edges, a count follows
    from the others when its edge is a bridge, or when the sums and the limits 1 … small−1 leave
    one value only (linear programming finds out); counts are hidden until neither is so.
    The other numeric columns of a row with a hidden count (means, say) are blanked.
    """
    names = [*columns, total]
    counts = frame[names].to_numpy(dtype=np.int64)
    primary = (counts > 0) & (counts < small)
    primary |= ((counts[:, -1] > 0) & (counts[:, -1] < small))[:, None]
    hidden = _completed(counts, primary, small)
    shown = frame.copy()
    for position, name in enumerate(names):
        shown[name] = [
            f"<{small}" if first else HIDDEN if masked else str(count)
            for first, masked, count in zip(
                primary[:, position], hidden[:, position], counts[:, position], strict=True
            )
        ]
    others = [c for c in frame.select_dtypes("number").columns if c not in names]
    shown.loc[hidden.any(axis=1), others] = np.nan
    return shown


def _completed(counts: Counts, primary: Mask, small: int) -> Mask:
    """`primary` and as many further cells as it takes."""
    hidden = primary.copy()
    while True:
        exposed = _exposed(counts, hidden, primary, small)
        if exposed is None:
            return hidden
        row, column = exposed
        beside = np.zeros_like(hidden)
        beside[row, :] = beside[:, column] = True
        candidates = np.argwhere(beside & ~hidden)
        if not len(candidates):
            hidden[:] = True
            return hidden
        # A cell whose other line hides something too closes a rectangle; then the smallest count.
        across = np.where(
            candidates[:, 0] == row,
            hidden.sum(axis=0)[candidates[:, 1]],
            hidden.sum(axis=1)[candidates[:, 0]],
        )
        size = counts[candidates[:, 0], candidates[:, 1]]
        best = np.lexsort((size, size == 0, across == 0))[0]
        hidden[tuple(candidates[best])] = True


def _exposed(counts: Counts, hidden: Mask, primary: Mask, small: int) -> tuple[int, int] | None:
    """A hidden cell that can still be worked out, or None."""
    cells = np.argwhere(hidden)
    for number, (row, column) in enumerate(cells):
        if _is_bridge(hidden.shape, np.delete(cells, number, axis=0), int(row), int(column)):
            return int(row), int(column)
    low, high = _known_range(counts, hidden, primary, small)
    for row, column in np.argwhere(primary & (counts > 0)):
        if _is_pinned(low, high, int(row), int(column)):
            return int(row), int(column)
    return None


def _is_bridge(shape: tuple[int, ...], others: NDArray[np.intp], row: int, column: int) -> bool:
    """Whether, without it, its row and its column are no longer linked by hidden cells."""
    n_rows, nodes = shape[0], shape[0] + shape[1]
    links = (others[:, 0], others[:, 1] + n_rows)
    graph = csr_array((np.ones(len(others)), links), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    return bool(label[row] != label[column + n_rows])


def _known_range(
    counts: Counts, hidden: Mask, primary: Mask, small: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a reader knows of each cell before adding up: lowest and highest count."""
    low, high = counts.astype(float), counts.astype(float)
    low[hidden], high[hidden] = 0, np.inf
    low[primary], high[primary] = 1, small - 1
    inside_small_group = primary[:, -1].copy()
    low[inside_small_group, :-1] = 0
    return low, high


def _is_pinned(low: NDArray[np.float64], high: NDArray[np.float64], row: int, column: int) -> bool:
    """Whether the totals leave one value only (the system is a network, so ends are whole)."""
    rows, columns = low.shape
    sign_rows = np.array([1.0] * (rows - 1) + [-1.0])
    sign_columns = np.array([1.0] * (columns - 1) + [-1.0])
    adding_up = np.vstack(
        [np.kron(np.eye(rows), sign_columns), np.kron(sign_rows, np.eye(columns))]
    )
    goal = np.zeros(rows * columns)
    goal[row * columns + column] = 1
    bounds = np.column_stack([low.ravel(), high.ravel()])
    ends = [
        linprog(sign * goal, A_eq=adding_up, b_eq=np.zeros(rows + columns), bounds=bounds)
        for sign in (1, -1)
    ]
    return all(end.status == 0 for end in ends) and -ends[1].fun - ends[0].fun < 0.5
