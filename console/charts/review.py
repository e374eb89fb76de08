"""Charts of what the solver will see: preferences and eligibility."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allocator.models import RunInputs
from allocator.review import never_preferences, rule_matrix_frame, score_matrix
from allocator.rules.eligibility import Rule
from allocator.rules.naming import job_line_name, worker_name
from console.charts.theme import BLUE, GREEN, ORANGE, RED, SKY, empty, short, styled, unique_labels

MOST_LABELS = 30
MOST_CELLS = 100_000
"""Larger matrices are drawn in one layer, to keep the page light."""
BEST_TO_LAST = ("#053C68", "#0B5186", "#2A7CB7", "#4792C7", "#8EBDDF", "#C3DCEE")
BEST_TO_LAST_DARK = ("#EAF3FA", "#B0D1E9", "#6AA8D4", "#2A7CB7", "#1A6099", "#1F4666")
"""Best stands out most from the page, last stays apart from it (a gap is unranked)."""

LOOKS = {
    Rule.NO_RULES: ("Eligible: no rules", "#D3E3EF"),
    Rule.NOT_RESTRICTED: ("Eligible: asks for no qualification", "#A3C9E2"),
    Rule.INCLUDED_TAG: ("Eligible: holds an included qualification", SKY),
    Rule.INCLUDED_WORKER: ("Eligible: named as included", BLUE),
    Rule.ALLOWED: ("Eligible: exception in this scenario", GREEN),
    Rule.TAG_MISSING: ("Ineligible: lacks the qualification", "#F2CC7C"),
    Rule.EXCLUDED_TAG: ("Ineligible: holds an excluded qualification", ORANGE),
    Rule.EXCLUDED_WORKER: ("Ineligible: named as excluded", RED),
    Rule.BANNED: ("Ineligible: banned in this scenario", "#8F3B00"),
    Rule.PINNED_ELSEWHERE: ("Ineligible: pinned to another job line", "#6B6B6B"),
    Rule.MAY_NOT_MOVE: ("Ineligible: a move that the scenario forbids", "#A8A8A8"),
}
"""Blues and green may, oranges may not: told apart by lightness too."""


def preference_heatmap(inputs: RunInputs, *, dark: bool = False) -> go.Figure:
    """Fractional ranks, workers by name down, job lines by popularity across; blank: unranked. A
    cross marks a job line of the worker's bucket *never*."""
    if not inputs.workers or not inputs.job_lines:
        return empty("There is nobody or nothing to rank in this run.", dark=dark)
    scores = score_matrix(inputs, ranked_only=True)
    popularity = scores.notna().sum().sort_values(ascending=False, kind="stable")
    frame = _by_name(inputs, scores)[popularity.index]
    names = [job_line_name(inputs, j) for j in frame.columns]
    columns, rows = unique_labels(names), _worker_labels(inputs, frame)
    sequence = BEST_TO_LAST_DARK if dark else BEST_TO_LAST
    fig = go.Figure(
        go.Heatmap(
            z=frame.to_numpy(np.float32),
            x=columns,
            y=rows,
            colorscale=[[i / 5, colour] for i, colour in enumerate(sequence)],
            hoverongaps=False,
            hovertemplate="<b>%{y}</b><br>%{x}<br>Rank %{z}<extra></extra>",
            colorbar={
                "dtick": 1 if np.nanmax(frame.to_numpy(), initial=1) <= 10 else None,
                "orientation": "h",
                "thickness": 10,
                "y": 1.0,
                "yanchor": "bottom",
                "title": {"text": "Rank (1 = first choice)", "side": "top"},
            },
        )
    )
    note = ", most ranked first"
    fig = _matrix_axes(fig, inputs, frame, columns, names, dark, note)
    never = never_preferences(inputs)
    if never.empty:
        return fig
    down, across = (
        dict(zip(frame.index, rows, strict=True)),
        dict(zip(frame.columns, columns, strict=True)),
    )
    fig.add_scatter(
        x=never["job_line"].map(across),
        y=never["worker"].map(down),
        mode="markers",
        name="Under “never”",
        marker={"symbol": "x", "size": 8, "color": RED, "line": {"width": 1, "color": "#FFFFFF"}},
        hovertemplate="<b>%{y}</b><br>%{x}<br>Under “never”<extra></extra>",
        showlegend=False,
    )
    return fig


def eligibility_heatmap(inputs: RunInputs, *, dark: bool = False) -> go.Figure:
    """Who may hold what, coloured by the rule that decided; workers by name, lines in order."""
    if not inputs.workers or not inputs.job_lines:
        return empty("There is nobody or nothing to place in this run.", dark=dark)
    ordered = sorted(inputs.job_lines, key=lambda j: (j.sort_order, j.name, j.id))
    frame = _by_name(inputs, rule_matrix_frame(inputs))[[j.id for j in ordered]]
    names = [job_line_name(inputs, j.id) for j in ordered]
    columns, rows = unique_labels(names), _worker_labels(inputs, frame)
    rules = frame.to_numpy(np.uint8)
    drawn = {rule: look for rule, look in LOOKS.items() if (rules == rule).any()}
    layers = _one_layer if rules.size > MOST_CELLS else _layers
    fig = go.Figure(layers(rules, drawn, columns, rows))
    for words, colour in drawn.values():
        fig.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=words,
            marker={"symbol": "square", "size": 12, "color": colour},
        )
    fig = _matrix_axes(fig, inputs, frame, columns, names, dark)
    return fig.update_layout(
        showlegend=True, legend={"y": 1.0, "yanchor": "bottom", "itemclick": False}
    )


def _layers(
    rules: np.ndarray, drawn: dict[Rule, tuple[str, str]], columns: list[str], rows: list[str]
) -> list[go.Heatmap]:
    """One trace a rule, so that the hover can say it."""
    return [
        go.Heatmap(
            z=np.where(rules == rule, np.float32(1), np.float32(np.nan)),
            x=columns,
            y=rows,
            colorscale=[[0, colour], [1, colour]],
            showscale=False,
            hoverongaps=False,
            name=words,
            hovertemplate=f"<b>%{{y}}</b><br>%{{x}}<br>{rule.words}<extra></extra>",
        )
        for rule, (words, colour) in drawn.items()
    ]


def _one_layer(
    rules: np.ndarray, drawn: dict[Rule, tuple[str, str]], columns: list[str], rows: list[str]
) -> list[go.Heatmap]:
    """All rules in one trace of one byte a pair; the colour alone says the rule."""
    steps = len(drawn)
    position = np.zeros(max(Rule) + 1, dtype=np.uint8)
    scale = []
    for number, (rule, (_, colour)) in enumerate(drawn.items()):
        position[rule] = number
        scale += [[number / steps, colour], [(number + 1) / steps, colour]]
    heat = go.Heatmap(
        z=position[rules],
        zmin=-0.5,
        zmax=steps - 0.5,
        x=columns,
        y=rows,
        colorscale=scale,
        showscale=False,
        hovertemplate="<b>%{y}</b><br>%{x}<extra></extra>",
    )
    return [heat]


def _by_name(inputs: RunInputs, frame: pd.DataFrame) -> pd.DataFrame:
    ordered = sorted(inputs.workers, key=lambda w: (w.name, w.internal_id, w.id))
    return frame.loc[[w.id for w in ordered]]


def _worker_labels(inputs: RunInputs, frame: pd.DataFrame) -> list[str]:
    return unique_labels([worker_name(inputs, w) for w in frame.index])


def _matrix_axes(
    fig: go.Figure,
    inputs: RunInputs,
    frame: pd.DataFrame,
    columns: list[str],
    names: list[str],
    dark: bool,
    note: str = "",
) -> go.Figure:
    """First worker on top; names on the axes while there is room for them, hovers always."""
    n_rows, n_columns = frame.shape
    styled(
        fig, dark=dark, height=min(900, 200 + max(6, 20 if n_rows <= MOST_LABELS else 5) * n_rows)
    )
    fig.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=columns,
        title_text=f"Job lines ({n_columns:,}{note})",
        showticklabels=n_columns <= MOST_LABELS,
        tickvals=columns,
        ticktext=[short(name, 16) for name in names],
        tickangle=-60,
    )
    if n_columns > MOST_LABELS:
        # An axis title without tick labels lands inside the plot beside a horizontal colour bar.
        title = fig.layout.xaxis.title.text
        fig.update_xaxes(title_text="", ticks="")
        fig.update_layout(margin={"b": 40})
        fig.add_annotation(
            text=title, x=0.5, y=0, xref="paper", yref="paper", yanchor="top", showarrow=False
        )
    workers = [worker_name(inputs, w) for w in frame.index]
    return fig.update_yaxes(
        type="category",
        autorange="reversed",
        title_text=f"Workers ({n_rows:,})",
        showticklabels=n_rows <= MOST_LABELS,
        tickvals=_worker_labels(inputs, frame) if n_rows <= MOST_LABELS else None,
        ticktext=[short(name, 16) for name in workers] if n_rows <= MOST_LABELS else None,
        showgrid=False,
    )
