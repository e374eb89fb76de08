"""What moving fewer doctors costs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from allocator.repair.points import Point
from console.charts.theme import ORANGE, RED, counted, empty, main_colour, styled

NO_POINT = "There is no allocation to draw."
AT_A_PRICE, BETWEEN, OPEN = "Best at some price of a move", "Best for its moves", "Not proven yet"


def moves_chart(points: Sequence[Point], chosen: int, *, dark: bool = False) -> go.Figure:
    """Doctors moved (across) against total dissatisfaction in points (up); the point with `chosen`
    moves is ringed. `customdata` is (moves,). The dashed line is what prices prove that no
    allocation is below."""
    if not points:
        return empty(NO_POINT, dark=dark)
    fig = go.Figure()
    fig.add_scatter(
        x=[point.moves for point in points],
        y=[point.bound for point in points],
        mode="lines",
        name="No total is below",
        line={"color": main_colour(dark), "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    for name, symbol, colour, shown in (
        (AT_A_PRICE, "circle", main_colour(dark), [p for p in points if p.breakpoint]),
        (BETWEEN, "diamond", ORANGE, [p for p in points if p.proven and not p.breakpoint]),
        (OPEN, "x", RED, [p for p in points if not p.proven]),
    ):
        if not shown:
            continue
        ringed = [point.moves == chosen for point in shown]
        fig.add_scatter(
            x=[point.moves for point in shown],
            y=[point.total for point in shown],
            mode="markers",
            name=name,
            cliponaxis=False,
            marker={
                "symbol": symbol,
                "color": colour,
                "size": [18 if ring else 12 for ring in ringed],
                "line": {"width": [3 if ring else 0 for ring in ringed], "color": RED},
            },
            customdata=[[point.moves] for point in shown],
            text=[point_words(point) for point in shown],
            hovertemplate="%{text}<extra></extra>",
        )
    styled(fig, dark=dark, height=420, showlegend=True)
    fig.update_layout(clickmode="event+select")
    fig.update_xaxes(title_text="Doctors moved", showgrid=True, rangemode="tozero")
    if points[-1].moves <= 12:
        fig.update_xaxes(dtick=1)
    fig.update_yaxes(title_text="Total dissatisfaction, points (less is better)")
    return fig


def point_words(point: Point) -> str:
    """A point's hover."""
    gap = point.total - point.bound
    proof = "Proven" if point.proven else "Not proven: it may be lower"
    return (
        f"<b>{counted(point.moves, 'doctor')} moved</b><br>"
        f"Total dissatisfaction: {point.total:,.6g} points<br>"
        + ("" if point.breakpoint else f"Prices alone leave a gap of {gap:,.4g}<br>")
        + f"{proof}<br>Click to see who moves"
    )
