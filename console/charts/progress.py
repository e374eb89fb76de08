"""How a solve closes in on the optimum."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from allocator.result import Progress
from console.charts.theme import ORANGE, empty, main_colour, styled


def progress_chart(history: Sequence[Progress], *, dark: bool = False) -> go.Figure:
    """Best total found and proven bound over time; they meet when optimality is proven."""
    found = [(p.elapsed, p.incumbent) for p in history if p.incumbent is not None]
    bound = [(p.elapsed, p.bound) for p in history if p.bound is not None]
    if not found and not bound:
        return empty("No allocation and no bound yet.", dark=dark)
    fig = go.Figure()
    for points, name, colour, dash in (
        (found, "Best allocation found", main_colour(dark), "solid"),
        (bound, "Proven: no allocation can be below", ORANGE, "dash"),
    ):
        if points:
            fig.add_scatter(
                x=[elapsed for elapsed, _ in points],
                y=[value for _, value in points],
                name=name,
                mode="lines+markers",
                line={"shape": "hv", "color": colour, "dash": dash, "width": 2},
                marker={"size": 6, "symbol": "circle" if dash == "solid" else "diamond"},
                hovertemplate=f"{name}: %{{y:,.6g}}<br>after %{{x:.2f}} s<extra></extra>",
            )
    styled(fig, dark=dark, height=300, showlegend=True)
    fig.update_xaxes(title_text="Seconds since the start", rangemode="tozero")
    fig.update_yaxes(title_text="Total dissatisfaction")
    return fig
