"""Time against eligible pairs × their logarithm, both on log scales."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from tests.benchmarks.records import Outcome, Run
from tests.benchmarks.solvers import LABELS, OURS
from tests.benchmarks.summary import Growth, growth, lines, work

COLOURS = ("#0b5cad", "#d1495b", "#e08e45", "#b56576", "#6a4c93", "#2a9d8f", "#6b7280")


def figure(run: Run) -> go.Figure:
    """A line for each solver, open triangles where it did not finish, and our fitted growth."""
    chart = go.Figure()
    for colour, solver in zip(COLOURS, LABELS, strict=True):
        _add_solver(chart, run, solver, colour)
    fit = growth(run)
    if fit is not None:
        _add_fit(chart, fit)
    chart.update_xaxes(type="log", title="Eligible pairs × log₂(eligible pairs)")
    chart.update_yaxes(type="log", title="Seconds to a proven optimum")
    chart.update_layout(
        title=f"Time to a proven optimum, {run.date[:10]}",
        template="plotly_white",
        legend={"orientation": "h", "y": -0.2},
        font={"size": 14},
    )
    return chart


def save(run: Run, path: Path) -> None:
    """Write the chart as one HTML file that needs no network."""
    figure(run).write_html(path, include_plotlyjs=True)


def _add_solver(chart: go.Figure, run: Run, solver: str, colour: str) -> None:
    finished: list[tuple[float, float, str]] = []
    stopped: list[tuple[float, float, str]] = []
    for instance in run.instances:
        for line in lines(run, instance.label):
            if line.solver == solver and line.seconds is not None:
                finished.append((work(instance), line.seconds, instance.label))
            elif line.solver == solver and line.outcome is Outcome.UNFINISHED:
                stopped.append((work(instance), run.options["limit"], instance.label))
    ours = solver == OURS
    label = LABELS[solver]
    if finished:
        x, y, text = zip(*finished, strict=True)
        chart.add_scatter(
            x=x,
            y=y,
            text=text,
            name=label,
            mode="lines+markers",
            line={"color": colour, "width": 4 if ours else 2},
            marker={"size": 10 if ours else 8},
            hovertemplate="%{text}: %{y:.3g} s",
        )
    if stopped:
        x, y, text = zip(*stopped, strict=True)
        chart.add_scatter(
            x=x,
            y=y,
            text=text,
            name=f"{label}, unfinished",
            mode="markers",
            marker={"size": 11, "color": colour, "symbol": "triangle-up-open"},
            hovertemplate="%{text}: not proven after %{y:.3g} s",
        )


def _add_fit(chart: go.Figure, fit: Growth) -> None:
    """Our fit, and for the eye the growth that is allowed: exponent 1 through our first point."""
    x = np.array(sorted(point[0] for point in fit.points))
    first = min(fit.points)
    for name, y, dash in (
        (f"Our fit: exponent {fit.exponent:.2f}", fit.factor * x**fit.exponent, "dash"),
        ("Exponent 1", first[1] * x / first[0], "dot"),
    ):
        chart.add_scatter(
            x=x, y=y, name=name, mode="lines", line={"dash": dash, "color": "#374151", "width": 1.5}
        )
