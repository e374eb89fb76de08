"""One look for every chart: Okabe and Ito's palette, light and dark, narrow screens included."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, GREY = "#56B4E9", "#D55E00", "#8A949C"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
PATTERNS = ("", "/", ".", "x", "-", "\\", "+")

CONFIG = {
    "displayModeBar": "hover",
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "chart"},
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
}
"""For `st.plotly_chart(config=…)`; pass `theme=None` too, the figures bring their own. The one
button downloads the chart as a picture."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
LONGEST_TICK = 22
SEPARATOR = " · "
NOTHING = "There is no allocation to draw."


def main_colour(dark: bool) -> str:
    """Blue, lighter on a dark page."""
    return "#4BA3DC" if dark else BLUE


def series_colour(number: int, dark: bool) -> str:
    """The colour of the series with this number, from 0; they repeat after seven."""
    return main_colour(dark) if number % len(SERIES) == 0 else SERIES[number % len(SERIES)]


def styled(fig: go.Figure, *, dark: bool, height: int = 380, **layout: Any) -> go.Figure:
    """The figure with colours, font, margins and a legend that fits 390 px."""
    ink, grid = ("#E8EEF3", "#33424E") if dark else ("#1B2733", "#DDE4EA")
    fig.update_layout(
        template="none",
        colorway=list(SERIES),
        font={"family": FONT, "size": 13, "color": ink},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=height,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        hoverlabel={
            "bgcolor": "#1B2731" if dark else "#FFFFFF",
            "bordercolor": grid,
            "font": {"family": FONT, "size": 13, "color": ink},
            "align": "left",
        },
        legend={"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
        bargap=0.15,
        dragmode=False,
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": ink},
        **layout,
    )
    axis = {
        "automargin": True,
        "gridcolor": grid,
        "linecolor": grid,
        "zeroline": False,
        "tickcolor": grid,
        "title_standoff": 8,
        "fixedrange": True,
    }
    fig.update_xaxes(**axis, showgrid=False, showline=True)
    fig.update_yaxes(**axis)
    return fig


def empty(message: str, *, dark: bool) -> go.Figure:
    """A figure that says why there is nothing to draw."""
    fig = go.Figure()
    fig.add_annotation(text=message, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    styled(fig, dark=dark, height=160)
    fig.update_xaxes(visible=False)
    return fig.update_yaxes(visible=False)


def plain(text: object) -> str:
    """Text from the database, safe in labels and hovers (Plotly renders tags and links)."""
    return html.escape(str(text), quote=False)


def short(text: str, longest: int = LONGEST_TICK) -> str:
    """A tick label of at most `longest` characters."""
    return plain(shortened(text, longest))


def shortened(text: str, longest: int) -> str:
    """The text, cut to at most `longest` characters; not yet safe in labels.

    A name in several parts, such as `Line 087 · ED – Surgery · Wattle Bay`, keeps the first and
    the last, which tell it from others, as far as there is room.
    """
    if len(text) <= longest:
        return text
    parts = text.split(SEPARATOR)
    ends = f"{parts[0]} … {parts[-1]}" if len(parts) > 2 else text
    return ends if len(ends) <= longest else f"{ends[: longest - 1].rstrip()}…"


def folded(text: str, width: int = 38) -> str:
    """A hover's sentence in lines of at most `width` characters, which fits a narrow chart."""
    return "<br>".join(plain(line) for line in textwrap.wrap(text, width))


def unique_labels(names: Sequence[str]) -> list[str]:
    """The names, safe in labels; those that repeat get a number."""
    labels = [plain(name) for name in names]
    seen: dict[str, int] = {}
    unique = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        unique.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return unique


def counted(number: int, noun: str) -> str:
    """`1 worker`, `2 workers`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
