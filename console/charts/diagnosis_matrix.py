"""The whole run as a map, the blocking workers and job lines first and outlined."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go

from allocator.diagnosis import Block, Reordered
from allocator.models import RunInputs
from allocator.review import rule_matrix_frame
from allocator.rules.eligibility import Rule
from allocator.rules.naming import job_line_name, worker_name
from console.charts.theme import BLUE, RED, empty, folded, shortened, styled, unique_labels

MOST_MATRIX_CELLS = 100_000
"""On larger maps only the pairs of the blocking workers and job lines name their rule."""

LIGHT = ("#E9EEF2", "#B4D4EA", "#F7D3A6", BLUE)
DARK = ("#24323D", "#35617F", "#7A5320", "#5DB4EE")
MATRIX_LOOKS = (
    "May not hold",
    "May hold",
    "May not hold, and blocks here",
    "May hold, and is short",
)
SHUT, OPEN, BLOCKS, SCARCE = range(4)
LONGEST_NAME = 36
CAPPED = 0
"""Stands for the cap on the worst rank, which closes a pair that every rule allows."""


def run_matrix(
    inputs: RunInputs,
    view: Reordered,
    blocks: tuple[Block, ...],
    *,
    shown: int = 0,
    dark: bool = False,
) -> go.Figure:
    """Who may hold what; `shown` is the block that is coloured, every block is outlined."""
    if not view.allowed.size:
        return empty("There is nobody or nothing to place in this run.", dark=dark)
    rules = rule_matrix_frame(inputs).to_numpy()[np.ix_(view.rows, view.columns)]
    rules = np.where(view.allowed | ~_eligible(rules), rules, CAPPED)
    looks = _looks(view, blocks[shown], shown) if blocks else view.allowed.astype(np.uint8)
    rows = unique_labels([worker_name(inputs, inputs.workers[row].id) for row in view.rows])
    names = [job_line_name(inputs, inputs.job_lines[column].id) for column in view.columns]
    columns = unique_labels([shortened(name, LONGEST_NAME) for name in names])
    palette = DARK if dark else LIGHT
    fig = go.Figure(list(_layers(rules, looks, rows, columns, palette, view)))
    for code in np.unique(looks):
        fig.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=MATRIX_LOOKS[code],
            marker={"symbol": "square", "size": 12, "color": palette[code]},
        )
    styled(fig, dark=dark, height=_height(len(rows), len(columns)), showlegend=True)
    fig.update_layout(shapes=list(_outlines(view, len(blocks), shown)))
    fig.update_layout(legend={"itemclick": False, "itemdoubleclick": False})
    return _axes(fig, rows, columns)


def _eligible(rules: np.ndarray) -> np.ndarray:
    return np.isin(rules, [rule for rule in Rule if rule.eligible])


def _looks(view: Reordered, block: Block, number: int) -> np.ndarray:
    """Colour of each pair: that of the shown block's workers (mirror: job lines) stands out."""
    looks = np.where(view.allowed, OPEN, SHUT).astype(np.uint8)
    inside = view.column_block == number if block.is_mirror else view.row_block == number
    part = (slice(None), inside) if block.is_mirror else (inside, slice(None))
    looks[part] = np.where(view.allowed[part], SCARCE, BLOCKS)
    return looks


def _layers(
    rules: np.ndarray,
    looks: np.ndarray,
    rows: list[str],
    columns: list[str],
    palette: tuple[str, ...],
    view: Reordered,
) -> Iterator[go.Heatmap]:
    """One trace a rule, so that the hover can name it; a plain one below when there are many."""
    look = {
        "zmin": -0.5,
        "zmax": 3.5,
        "colorscale": [[(i + j) / 4, c] for i, c in enumerate(palette) for j in (0, 1)],
        "showscale": False,
        "hoverongaps": False,
    }
    n_rows, n_columns = rules.shape
    if rules.size > MOST_MATRIX_CELLS:
        yield go.Heatmap(
            z=looks, x=columns, y=rows, hovertemplate="<b>%{y}</b><br>%{x}<extra></extra>", **look
        )
        n_rows = min(int((view.row_block >= 0).sum()), MOST_MATRIX_CELLS // n_columns)
        n_columns = n_columns if n_rows else min(int((view.column_block >= 0).sum()), 50)
        n_rows = n_rows or rules.shape[0]
    rules, looks = rules[:n_rows, :n_columns], looks[:n_rows, :n_columns]
    for rule in np.unique(rules):
        yield go.Heatmap(
            z=np.where(rules == rule, looks, np.float32(np.nan)).astype(np.float32),
            x=columns[:n_columns],
            y=rows[:n_rows],
            hovertemplate=f"<b>%{{y}}</b><br>%{{x}}<br>{_words(int(rule))}<extra></extra>",
            **look,
        )


def _words(rule: int) -> str:
    if rule == CAPPED:
        return folded("May not hold: beyond the cap on the worst rank")
    found = Rule(rule)
    return folded(f"{'May' if found.eligible else 'May not'} hold: {found.words}")


def _outlines(view: Reordered, n_blocks: int, shown: int) -> Iterator[dict[str, object]]:
    """A frame around each block; a strip when nobody or nothing is left on the other side."""
    for number in range(n_blocks):
        rows = np.flatnonzero(view.row_block == number)
        columns = np.flatnonzero(view.column_block == number)
        if not len(rows) and not len(columns):
            continue
        top, bottom = (rows[0], rows[-1]) if len(rows) else (0, len(view.rows) - 1)
        first, last = (columns[0], columns[-1]) if len(columns) else (0, len(view.columns) - 1)
        yield {
            "type": "rect",
            "x0": first - 0.5,
            "x1": last + 0.5,
            "y0": top - 0.5,
            "y1": bottom + 0.5,
            "line": {"color": RED, "width": 3 if number == shown else 1.5},
        }


def _height(n_rows: int, n_columns: int) -> int:
    return int(np.clip(130 + n_rows * (14 if n_rows <= 40 else 4), 300, 640))


def _axes(fig: go.Figure, rows: list[str], columns: list[str]) -> go.Figure:
    for labels, update, title in (
        (columns, fig.update_xaxes, f"Job lines ({len(columns):,}), the blocking ones first"),
        (rows, fig.update_yaxes, f"Workers ({len(rows):,}), the blocking ones on top"),
    ):
        update(
            type="category",
            categoryorder="array",
            categoryarray=labels,
            showticklabels=False,
            ticks="",
            showgrid=False,
            showline=False,
            title_text=title,
        )
    return fig.update_yaxes(autorange="reversed")
