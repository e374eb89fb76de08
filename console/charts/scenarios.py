"""Sweeps, and groups across scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from console.charts.theme import (
    DASHES,
    ORANGE,
    PATTERNS,
    RED,
    counted,
    empty,
    main_colour,
    plain,
    series_colour,
    short,
    styled,
)

NO_POINT = "No point of the sweep has an allocation."


def frontier_chart(points: pd.DataFrame, alpha: float, *, dark: bool = False) -> go.Figure:
    """Worker dissatisfaction against weighting points, a point for each alpha of one power.

    `points` are rows of `allocator.solving.sweep`; the one at `alpha` is ringed. `customdata` is
    (alpha, power).
    """
    if points.empty:
        return empty(NO_POINT, dark=dark)
    rows = points.sort_values("alpha")
    fig = go.Figure()
    best = rows[rows["frontier"]]
    fig.add_scatter(
        x=best["worker_dissatisfaction"],
        y=best["weighting_points"],
        mode="lines",
        line={"color": main_colour(dark), "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    now = np.isclose(rows["alpha"].to_numpy(float), alpha)
    fig.add_scatter(
        x=rows["worker_dissatisfaction"],
        y=rows["weighting_points"],
        mode="markers",
        name="Allocation",
        marker={
            "color": rows["alpha"],
            "colorscale": [[0, main_colour(dark)], [1, ORANGE]],
            "cmin": 0,
            "cmax": 1,
            "size": np.where(now, 17, 12),
            "line": {"width": np.where(now, 3, 0), "color": RED},
            "colorbar": {"title": {"text": "Alpha"}, "thickness": 12, "len": 0.8},
        },
        customdata=rows[["alpha", "power"]].astype(float).to_numpy().tolist(),
        text=[_words(row) for row in rows.itertuples()],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    styled(fig, dark=dark, height=420)
    fig.update_layout(clickmode="event+select")
    fig.update_xaxes(title_text="Workers' dissatisfaction (less is better)", showgrid=True)
    fig.update_yaxes(title_text="Organisation's weighting points (less is better)")
    return fig


def _words(row: Any) -> str:
    return (
        f"<b>Alpha {row.alpha:g}</b>, power {row.power:g}<br>"
        f"Workers' dissatisfaction: {row.worker_dissatisfaction:,.6g}<br>"
        f"Organisation's weighting points: {row.weighting_points:+,.6g}<br>"
        f"Of those who ranked: first choice {row.first_choice_share:.1%}, "
        f"top 3 {row.top_3_share:.1%}<br>"
        "Click to open it as a scenario"
    )


def shares_chart(points: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Share of those who ranked with a first and a top 3 choice, along alpha (one power)."""
    if points.empty:
        return empty(NO_POINT, dark=dark)
    rows = points.sort_values("alpha")
    fig = go.Figure()
    for column, name, colour, dash in (
        ("first_choice_share", "First choice", main_colour(dark), "solid"),
        ("top_3_share", "Within their top 3", ORANGE, "dash"),
    ):
        fig.add_scatter(
            x=rows["alpha"],
            y=rows[column].astype(float) * 100,
            name=name,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate=f"{name}: %{{y:.1f}} %<br>Alpha %{{x:.3g}}<extra></extra>",
        )
    styled(fig, dark=dark, height=420, showlegend=True)
    fig.update_xaxes(title_text="Alpha (0 = workers, 1 = organisation)")
    fig.update_yaxes(title_text="Share of those who ranked", ticksuffix=" %", rangemode="tozero")
    return fig


def group_cost_chart(
    costs: pd.DataFrame, scenarios: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Mean rank counted of each group, bars side by side for the scenarios.

    `costs` is `comparison.group_costs`.
    """
    if costs.empty:
        return empty("There is no group to draw.", dark=dark)
    fig = go.Figure()
    groups = list(dict.fromkeys(costs["group"]))
    for number, name in enumerate(scenarios):
        rows = costs[costs["scenario"] == name].set_index("group").reindex(groups)
        fig.add_bar(
            y=[short(group) for group in groups],
            x=rows["mean_score"],
            name=plain(name),
            orientation="h",
            marker={
                "color": series_colour(number, dark),
                "pattern": {
                    "shape": PATTERNS[number % len(DASHES)],
                    "size": 6,
                    "fillmode": "overlay",
                    "fgcolor": "#FFFFFF",
                },
            },
            hovertext=[
                f"<b>{plain(group)}</b><br>{plain(name)}<br>"
                f"{counted(0 if pd.isna(n) else int(n), 'worker')}, mean rank {score:.3g}"
                for group, n, score in zip(groups, rows["workers"], rows["mean_score"], strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    height = 120 + len(groups) * (18 + 14 * len(scenarios))
    styled(fig, dark=dark, barmode="group", showlegend=True, height=height)
    fig.update_yaxes(autorange="reversed", showgrid=False)
    fig.update_xaxes(title_text="Mean rank counted (less is better)", showgrid=True)
    return fig


NOTHING_SOLVED = "There is no solved scenario to draw."


def overlaid_distributions(
    distributions: Mapping[str, pd.DataFrame], *, dark: bool = False
) -> go.Figure:
    """Share of workers within their top k, a line for each scenario (name → `rank_distribution`).

    `customdata` is the scenario's name.
    """
    drawn = {n: d for n, d in distributions.items() if d["choice"].notna().any()}
    if not drawn:
        return empty(NOTHING_SOLVED, dark=dark)
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
        return empty(NOTHING_SOLVED, dark=dark)
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
