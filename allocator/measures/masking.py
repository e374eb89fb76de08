"""Hide counts small enough to identify somebody, so that the totals do not give them away."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from allocator.lazily import Lazily

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = Lazily("pandas")

SMALL = 5
HIDDEN = "hidden"

CountTable = NDArray[np.int64]
Marks = NDArray[np.int8]
Corner = tuple[int, int]


class Mark(IntEnum):
    """What is printed in place of a count."""

    SHOWN = 0
    SMALL = 1
    HIDDEN = 2


def mask_small_counts(
    frame: pd.DataFrame, columns: Sequence[str], total: str, small: int = SMALL
) -> pd.DataFrame:
    """A copy for export in which no group's count of 1 … small−1 can be read or worked out.

    `frame` holds one row a group and a last row for everybody, which stays as it is; `columns`
    are counts that add up to the column `total`. A group's count below `small` becomes `<5`, zero
    included. Where it would follow from the totals, further counts become `hidden`. Groups that
    overlap (they do not add up to the last row) are each masked against everybody else. The
    other numeric columns of a row that hides something (means, say) are blanked.
    """
    names = [*columns, total]
    counts = frame[names].to_numpy(dtype=np.int64)
    marks = np.zeros(counts.shape, dtype=np.int8)
    if (counts[:-1].sum(axis=0) == counts[-1]).all():
        marks[:-1] = _marks(counts, small)
    else:
        for row in range(len(counts) - 1):
            rest = counts[-1] - counts[row]
            marks[row] = _marks(np.vstack([counts[row], rest, counts[-1]]), small)[0]
    shown = frame.copy()
    for column, name in enumerate(names):
        shown[name] = [
            (str(count), f"<{small}", HIDDEN)[mark]
            for count, mark in zip(counts[:, column], marks[:, column], strict=True)
        ]
    others = [c for c in frame.select_dtypes("number").columns if c not in names]
    shown.loc[marks.any(axis=1), others] = np.nan
    return shown


def _marks(counts: CountTable, small: int) -> Marks:
    """A mark for each count of each group; the last row of `counts` is the groups' known sum.

    Small counts first, then whatever it takes until none of them can be worked out.
    """
    groups = counts[:-1]
    marks = np.where(groups < small, Mark.SMALL, Mark.SHOWN).astype(np.int8)
    if (groups[:, -1] > 0).sum() < 2:
        return np.zeros_like(marks)  # one group is everybody: the totals say it all
    while (exposed := _exposed(counts, marks, small)) is not None:
        row, column = exposed
        beside = np.zeros(marks.shape, dtype=bool)
        beside[row, :] = beside[:, column] = True
        corners = _rectangle(groups, marks, row, column)
        if corners is not None:
            for corner in corners:
                marks[corner] = marks[corner] or Mark.HIDDEN
        elif (marks[beside] == Mark.SMALL).any():
            marks[beside] = Mark.HIDDEN  # that they are small was what gave them away
        else:
            marks[:] = Mark.HIDDEN
            break
    return marks


def _rectangle(groups: CountTable, marks: Marks, row: int, column: int) -> list[Corner] | None:
    """The cheapest rectangle with this corner that hides something more: its other corners.

    The four corners can trade workers without changing any total. None when every rectangle is
    hidden already.
    """
    cost = np.where(marks == Mark.SHOWN, groups + 1.0, 0.0)
    costs = cost[row, :][None, :] + cost[:, column][:, None] + cost
    costs[row, :] = costs[:, column] = np.inf
    costs[costs == 0] = np.inf
    if not np.isfinite(costs).any():
        return None
    other, across = (int(n) for n in np.unravel_index(costs.argmin(), costs.shape))
    return [(other, column), (row, across), (other, across)]


def _exposed(counts: CountTable, marks: Marks, small: int) -> tuple[int, int] | None:
    """A small count above zero that can still be worked out, or None.

    Rows and columns are the nodes of a graph, the counts not shown its edges: a count follows
    from the totals if its edge is a bridge. It may also follow from the limits 0 … small−1 of
    the counts marked as small; linear programming finds that out.
    """
    secret = (counts[:-1] > 0) & (counts[:-1] < small)
    cells = np.argwhere(marks != Mark.SHOWN)
    for number, (row, column) in enumerate(cells):
        others = np.delete(cells, number, axis=0)
        if secret[row, column] and _is_bridge(marks.shape, others, int(row), int(column)):
            return int(row), int(column)
    low, high = counts.astype(float), counts.astype(float)
    low[:-1][marks != Mark.SHOWN] = 0
    high[:-1][marks == Mark.SMALL] = small - 1
    high[:-1][marks == Mark.HIDDEN] = np.inf
    for row, column in np.argwhere(secret):
        if _is_pinned(low, high, int(row), int(column)):
            return int(row), int(column)
    return None


def _is_bridge(shape: tuple[int, ...], others: NDArray[np.intp], row: int, column: int) -> bool:
    """Whether, without it, its row and its column are no longer linked by hidden cells."""
    n_rows, nodes = shape[0], shape[0] + shape[1]
    links = (others[:, 0], others[:, 1] + n_rows)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = csr_array((np.ones(len(others)), links), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    return bool(label[row] != label[column + n_rows])


def _is_pinned(low: NDArray[np.float64], high: NDArray[np.float64], row: int, column: int) -> bool:
    """Whether adding up leaves one value only (the system is a network, so ends are whole)."""
    from scipy.optimize import linprog

    rows, columns = low.shape
    down = np.array([1.0] * (rows - 1) + [-1.0])
    across = np.array([1.0] * (columns - 1) + [-1.0])
    sums = np.vstack([np.kron(np.eye(rows), across), np.kron(down, np.eye(columns))])
    goal = np.zeros(rows * columns)
    goal[row * columns + column] = 1
    bounds = np.column_stack([low.ravel(), high.ravel()])
    least, most = (
        linprog(sign * goal, A_eq=sums, b_eq=np.zeros(rows + columns), bounds=bounds)
        for sign in (1, -1)
    )
    if least.status or most.status:
        return False  # unbounded
    return bool(-most.fun - least.fun < 0.5)
