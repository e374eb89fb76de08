"""A cause as a small picture: workers left, job lines right, a line for each eligible pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from allocator.diagnosis import BlockedPairs
from allocator.models import RunInputs
from allocator.rules.naming import job_line_name, places, worker_name
from console.charts.theme import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    counted,
    folded,
    plain,
    short,
    styled,
)

MOST_NODES = 60
"""With more on one side, those with the same partners are drawn as one."""
MOST_DRAWN = 150
"""With still more on one side, each side is drawn as one."""
NODE_ROW = 27
ALONG = (0.25, 0.5, 0.75)
"""Where on a pair's line the mouse finds its rule."""


@dataclass(frozen=True, slots=True)
class Node:
    """A worker, a job line, or several with the same partners."""

    ids: tuple[str, ...]
    label: str
    words: str
    inside: str = ""


def cause_graph(
    inputs: RunInputs, shown: BlockedPairs, *, selected: str = "", dark: bool = False
) -> go.Figure:
    """Who can go where within a cause. `customdata` of a node is its id (empty for several)."""
    partners = _partners(shown)
    workers = _grouped(shown.workers, partners)
    lines = _grouped(shown.job_lines, partners)
    if max(len(workers), len(lines)) > MOST_DRAWN:
        workers, lines = [shown.workers], [shown.job_lines]
    workers, lines = _untangled(workers, lines, partners)
    left = [_worker_node(inputs, group, partners) for group in workers]
    right = [_line_node(inputs, group) for group in lines]
    tall = max(len(left), len(right), 1)
    y_left, y_right = _heights(len(left), tall), _heights(len(right), tall)
    fig = go.Figure()
    _draw_pairs(fig, shown, inputs, (left, y_left), (right, y_right), selected)
    _draw_nodes(fig, left, 0, y_left, selected, dark)
    _draw_nodes(fig, right, 1, y_right, selected, dark)
    _say_who_is_missing(fig, left, right, tall)
    styled(fig, dark=dark, height=90 + NODE_ROW * max(tall, 3), showlegend=False)
    return _axes(fig, left, right, y_left, y_right, tall)


def _partners(shown: BlockedPairs) -> dict[str, frozenset[str]]:
    """The other side's ids that each node is joined to."""
    found: dict[str, set[str]] = {row: set() for row in (*shown.workers, *shown.job_lines)}
    for edge in shown.edges:
        found[edge.worker].add(edge.job_line)
        found[edge.job_line].add(edge.worker)
    return {row: frozenset(others) for row, others in found.items()}


def _grouped(ids: Sequence[str], partners: dict[str, frozenset[str]]) -> list[tuple[str, ...]]:
    if len(ids) <= MOST_NODES:
        return [(row,) for row in ids]
    alike: dict[frozenset[str], list[str]] = {}
    for row in ids:
        alike.setdefault(partners[row], []).append(row)
    return [tuple(rows) for rows in alike.values()]


def _untangled(
    workers: list[tuple[str, ...]],
    lines: list[tuple[str, ...]],
    partners: dict[str, frozenset[str]],
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Both sides ordered by where their partners are, so that fewer lines cross."""
    for _ in range(3):
        workers = _by_partners(workers, lines, partners)
        lines = _by_partners(lines, workers, partners)
    return workers, lines


def _by_partners(
    groups: list[tuple[str, ...]],
    others: list[tuple[str, ...]],
    partners: dict[str, frozenset[str]],
) -> list[tuple[str, ...]]:
    place = {row: i / max(1, len(others)) for i, group in enumerate(others) for row in group}

    def middle(group: tuple[str, ...]) -> float:
        at = [place[row] for row in partners[group[0]] if row in place]
        return sum(at) / len(at) if at else 0.5

    return sorted(groups, key=middle)


def _worker_node(
    inputs: RunInputs, group: tuple[str, ...], partners: dict[str, frozenset[str]]
) -> Node:
    count = counted(len(partners[group[0]]), "job line")
    if len(group) > 1:
        label = counted(len(group), "worker")
        alike = len({partners[row] for row in group}) == 1
        words = f"each eligible for the same {count}" if alike else "eligible for some of these"
        return Node(group, label, f"<b>{label}</b><br>{words}")
    worker = inputs.worker(group[0])
    name = worker_name(inputs, group[0])
    more = " · ".join(filter(None, (plain(worker.internal_id), plain(worker.qualificationlevel))))
    return Node(group, short(name, 17), f"<b>{plain(name)}</b><br>{more}<br>Eligible for {count}")


def _line_node(inputs: RunInputs, group: tuple[str, ...]) -> Node:
    seats = sum(inputs.job_line(row).places for row in group)
    if len(group) > 1:
        label = counted(len(group), "job line")
        words = f"<b>{label}</b><br>{places(seats)} together"
        return Node(group, label, words, str(seats))
    name = job_line_name(inputs, group[0])
    must = "<br>Must have somebody" if inputs.job_line(group[0]).least_places else ""
    words = f"<b>{folded(name)}</b><br>{places(seats)}{must}"
    return Node(group, short(name, 20), words, str(seats))


def _heights(count: int, tall: int) -> np.ndarray:
    """Evenly spread over the taller side's height, the first on top."""
    return tall - (np.arange(count) + 0.5) * tall / max(count, 1)


def _draw_pairs(
    fig: go.Figure,
    shown: BlockedPairs,
    inputs: RunInputs,
    left: tuple[list[Node], np.ndarray],
    right: tuple[list[Node], np.ndarray],
    selected: str,
) -> None:
    at = {row: (n, y) for nodes, ys in (left, right) for n, y in zip(nodes, ys, strict=True)
          for row in n.ids}  # fmt: skip
    pairs: dict[tuple[str, str], str] = {}
    for edge in shown.edges:
        worker, line = at[edge.worker][0], at[edge.job_line][0]
        words = f"{worker.label} may hold {line.label}"
        if len(worker.ids) == len(line.ids) == 1:
            words += f":<br>{folded(edge.rule.words)}"
        pairs.setdefault((worker.ids[0], line.ids[0]), words)
    for chosen in (False, True):
        lines = [p for p in pairs if (selected in p) is chosen]
        _draw_lines(fig, [(at[w][1], at[j][1]) for w, j in lines], chosen)
    mouse = [(t, at[w][1] + t * (at[j][1] - at[w][1]), words)
             for (w, j), words in pairs.items() for t in ALONG]  # fmt: skip
    fig.add_scatter(
        x=[x for x, _, _ in mouse],
        y=[y for _, y, _ in mouse],
        mode="markers",
        marker={"size": 12, "opacity": 0, "color": GREY},
        hovertext=[words for _, _, words in mouse],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _draw_lines(fig: go.Figure, ends: list[tuple[float, float]], chosen: bool) -> None:
    fig.add_scatter(
        x=[x for _ in ends for x in (0, 1, None)],
        y=[y for left, right in ends for y in (left, right, None)],
        mode="lines",
        line={"color": ORANGE if chosen else GREY, "width": 3 if chosen else 1.3},
        opacity=1 if chosen else 0.75,
        hoverinfo="skip",
    )


def _draw_nodes(
    fig: go.Figure, nodes: list[Node], side: int, y: np.ndarray, selected: str, dark: bool
) -> None:
    chosen = [selected in node.ids for node in nodes]
    fig.add_scatter(
        x=[side] * len(nodes),
        y=y,
        yaxis="y2" if side else "y",
        mode="markers+text",
        text=[f"<b>{node.inside}</b>" for node in nodes],
        textfont={"color": "#FFFFFF", "size": 12},
        marker={
            "symbol": "square" if side else "circle",
            "size": [max(22, 10 * len(node.inside)) if side else 16 for node in nodes],
            "color": GREEN if side else BLUE,
            "opacity": 1,
            "line": {
                "width": [4 if c else 1 for c in chosen],
                "color": [ORANGE if c else ("#10181F" if dark else "#FFFFFF") for c in chosen],
            },
        },
        # Streamlit dims what is not selected; the page marks the selected node itself.
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}, "textfont": {"color": "#FFFFFF"}},
        customdata=[[node.ids[0] if len(node.ids) == 1 else ""] for node in nodes],
        hovertext=[node.words for node in nodes],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _say_who_is_missing(fig: go.Figure, left: list[Node], right: list[Node], tall: int) -> None:
    if left and right:
        return
    words = "no job line<br>is open" if left else "nobody is<br>eligible"
    fig.add_annotation(
        text=f"<b>{words}</b>",
        x=0.5,
        y=tall / 2,
        showarrow=False,
        font={"color": RED, "size": 14},
    )


def _axes(
    fig: go.Figure,
    left: list[Node],
    right: list[Node],
    y_left: np.ndarray,
    y_right: np.ndarray,
    tall: int,
) -> go.Figure:
    fig.update_xaxes(range=[-0.12, 1.12], showticklabels=False, showline=False, ticks="")
    common = {"range": [0, tall], "showgrid": False, "ticks": "", "showline": False}
    fig.update_layout(
        clickmode="event+select",
        yaxis=common | {"tickvals": y_left, "ticktext": [node.label for node in left]},
        yaxis2=common
        | {
            "tickvals": y_right,
            "ticktext": [node.label for node in right],
            "overlaying": "y",
            "side": "right",
            "automargin": True,
            "fixedrange": True,
            "zeroline": False,
        },
    )
    return fig
