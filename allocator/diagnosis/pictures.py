"""Causes as graphs and as a reordered matrix: what a picture needs, nothing about drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.diagnosis.results import Block, Cause, Diagnosis
from allocator.diagnosis.violators import Bools, Positions
from allocator.eligibility import Rule, rule_for
from allocator.matrices import matrices
from allocator.models import RunInputs, Settings


@dataclass(frozen=True, slots=True)
class Edge:
    """An allowed pair, and the eligibility rule that allows it."""

    worker: str
    job_line: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Graph:
    """A cause or block as a bipartite graph: workers left, job lines right, allowed pairs."""

    workers: tuple[str, ...]
    job_lines: tuple[str, ...]
    edges: tuple[Edge, ...]
    places: tuple[int, ...]
    seats: int
    needed: int


def graph(inputs: RunInputs, settings: Settings, of: Cause | Block) -> Graph:
    """The graph of a cause or block; `places` in the order of its job lines."""
    allowed = matrices(inputs).allowed(settings)
    rows = _positions(of.workers, tuple(w.id for w in inputs.workers))
    columns = _positions(of.job_lines, tuple(j.id for j in inputs.job_lines))
    edges = []
    for row, column in np.argwhere(allowed[np.ix_(rows, columns)]):
        worker = inputs.workers[rows[row]]
        job_line = inputs.job_lines[columns[column]]
        edges.append(Edge(worker.id, job_line.id, rule_for(inputs, worker, job_line)))
    places = tuple(inputs.job_lines[column].places for column in columns)
    return Graph(of.workers, of.job_lines, tuple(edges), places, of.seats, of.needed)


@dataclass(frozen=True, eq=False)
class Reordered:
    """The whole run's matrix with the blocks first, each along the diagonal.

    rows, columns: positions in `inputs`, in drawing order. allowed: (workers, job lines) in that
    order. row_block, column_block: position in `Diagnosis.blocks`, −1 = in none.
    """

    rows: Positions
    columns: Positions
    allowed: Bools
    row_block: Positions
    column_block: Positions


def reordered(inputs: RunInputs, diagnosis: Diagnosis) -> Reordered:
    """The eligibility matrix reordered so that the blocking blocks stand out."""
    allowed = matrices(inputs).allowed(diagnosis.settings)
    row_block = _membership(tuple(w.id for w in inputs.workers), diagnosis, "workers")
    column_block = _membership(tuple(j.id for j in inputs.job_lines), diagnosis, "job_lines")
    rows = _blocks_first(row_block, allowed.sum(axis=1))
    columns = _blocks_first(column_block, allowed.sum(axis=0))
    return Reordered(
        rows,
        columns,
        allowed[np.ix_(rows, columns)],
        row_block[rows],
        column_block[columns],
    )


def _positions(ids: tuple[str, ...], order: tuple[str, ...]) -> Positions:
    position = {row: number for number, row in enumerate(order)}
    return np.array([position[row] for row in ids], dtype=np.intp)


def _membership(order: tuple[str, ...], diagnosis: Diagnosis, side: str) -> Positions:
    block = np.full(len(order), -1, dtype=np.intp)
    for number in reversed(range(len(diagnosis.blocks))):
        block[_positions(getattr(diagnosis.blocks[number], side), order)] = number
    return block


def _blocks_first(block: Positions, n_allowed: Positions) -> Positions:
    """Block by block, the rest last; within each, the most restricted first."""
    key = np.where(block < 0, block.max(initial=0) + 1, block)
    return np.lexsort((np.arange(len(block)), n_allowed, key))
