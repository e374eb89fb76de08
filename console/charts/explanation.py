"""A chain of moves as a small picture: one row a doctor, from the present rank to the next."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from allocator.explanation import Move
from allocator.explanation.wording import change_words
from console.charts.theme import GREY, ORANGE, empty, main_colour, plain, short, styled

MOVE_ROW = 60  # pixels
NAME, LINE = 34, 21  # longest texts that fit 390 px


def chain_picture(moves: Sequence[Move], *, dark: bool = False) -> go.Figure:
    """Rows in the order of the chain; the arrow's head is the rank after the move.

    `customdata[0]` is the worker's id.
    """
    if not moves:
        return empty("Nobody would have to move.", dark=dark)
    fig = go.Figure()
    ink = "#E8EEF3" if dark else "#1B2733"
    for row, move in enumerate(moves):
        colour = _colour(move, dark)
        fig.add_scatter(
            x=[move.score_before, move.score_after],
            y=[-row, -row],
            mode="lines+markers",
            line={"color": colour, "width": 3},
            marker={
                "color": colour,
                "size": [9, 14],
                "symbol": ["circle-open", _head(move)],
                "line": {"width": 2, "color": colour},
            },
            customdata=[[move.worker]] * 2,
            hovertext=[_words(move)] * 2,
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
            cliponaxis=False,
        )
        fig.add_annotation(
            text=f"<b>{row + 1}. {short(move.name, NAME)}</b>, {plain(change_words(move))}<br>"
            f"{short(move.from_name, LINE)} → {short(move.to_name, LINE)}",
            x=0,
            xref="paper",
            y=-row,
            yshift=26,
            xanchor="left",
            align="left",
            showarrow=False,
            font={"color": ink, "size": 12},
        )
    styled(fig, dark=dark, height=MOVE_ROW * len(moves) + 64)
    fig.update_yaxes(visible=False, range=[-len(moves) + 0.55, 0.75])
    least = min(min(m.score_before, m.score_after) for m in moves)
    most = max(max(m.score_before, m.score_after) for m in moves)
    margin = max(0.5, (most - least) * 0.05)
    fig.update_xaxes(
        title_text="Rank (1 = first choice)",
        range=[least - margin, most + margin],
        showgrid=True,
        dtick=1 if most - least <= 10 else None,
    )
    return fig


def chain_words(moves: Sequence[Move]) -> str:
    """What the picture shows, for those who cannot see it."""
    return "; ".join(f"{move.words}, {change_words(move)}" for move in moves)


def _colour(move: Move, dark: bool) -> str:
    if not move.score_change:
        return GREY
    return main_colour(dark) if move.score_change < 0 else ORANGE


def _head(move: Move) -> str:
    if not move.score_change:
        return "circle"
    return "triangle-left" if move.score_change < 0 else "triangle-right"


def _words(move: Move) -> str:
    return (
        f"<b>{plain(move.name)}</b>: {plain(change_words(move))}<br>"
        f"from {plain(move.from_name)} ({plain(move.rank_before)})<br>"
        f"to {plain(move.to_name)} ({plain(move.rank_after)})"
    )
