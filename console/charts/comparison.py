"""Scenarios over one another."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from console.charts.theme import (
    DASHES,
    PATTERNS,
    counted,
    empty,
    plain,
    series_colour,
    styled,
)

NOTHING = "There is no solved scenario to draw."


def overlaid_distributions(
    distributions: Mapping[str, pd.DataFrame], *, dark: bool = False
) -> go.Figure:
    """Share of workers within their top k, a line for each scenario (name → `rank_distribution`).

    `customdata` is the scenario's name.
    """
    drawn = {n: d for n, d in distributions.items() if d["choice"].notna().any()}
    if not drawn:
        return empty(NOTHING, dark=dark)
    longest = max(int(frame["choice"].max()) for frame in drawn.values())
    fig = go.Figure()
    for number, (name, frame) in enumerate(drawn.items()):
        ranked = frame.dropna(subset=["choice"]).set_index("choice")["cumulative_share"]
        shares = ranked.astype(float).reindex(range(1, longest + 1)).ffill() * 100
        unranked = int(frame.loc[frame["label"] == "Unranked", "workers"].sum())
        fig.add_scatter(
            x=list(shares.index),
            y=shares,
            name=plain(name),
            mode="lines+markers" if longest <= 30 else "lines",
            line={"color": series_colour(number, dark), "dash": DASHES[number % 7], "width": 2},
            customdata=[name] * len(shares),
            hovertemplate=f"<b>{plain(name)}</b><br>Within the top %{{x}}: %{{y:.1f}} %"
            f"<br>{counted(unranked, 'worker')} unranked<extra></extra>",
        )
    styled(fig, dark=dark, showlegend=True)
    fig.update_xaxes(title_text="Within their top … choices", rangemode="tozero")
    if longest <= 10:
        fig.update_xaxes(dtick=1)
    fig.update_yaxes(title_text="Share of all workers", ticksuffix=" %", range=[0, 104])
    return fig


def overlaid_bands(tables: Mapping[str, pd.DataFrame], *, dark: bool = False) -> go.Figure:
    """Workers in each band of choices, bars side by side (scenario's name → `bands`)."""
    if not tables:
        return empty(NOTHING, dark=dark)
    fig = go.Figure()
    for number, (name, table) in enumerate(tables.items()):
        rows = table[~table["of_above"]]
        fig.add_bar(
            x=rows["band"],
            y=rows["workers"],
            name=plain(name),
            marker={
                "color": series_colour(number, dark),
                "pattern": {
                    "shape": PATTERNS[number % 7],
                    "size": 6,
                    "fillmode": "overlay",
                    "fgcolor": "#FFFFFF",
                },
            },
            customdata=[name] * len(rows),
            hovertemplate=f"<b>{plain(name)}</b><br>%{{x}}: %{{y}} workers<extra></extra>",
        )
    styled(fig, dark=dark, barmode="group", showlegend=True)
    labels = list(dict.fromkeys(band for table in tables.values() for band in table["band"]))
    fig.update_xaxes(
        title_text="Choice received",
        type="category",
        tickvals=labels,
        ticktext=[label.replace("Outside the ", "Outside<br>the<br>") for label in labels],
        tickangle=0,
    )
    fig.update_yaxes(title_text="Workers", rangemode="tozero")
    return fig
