"""Charts of what each job line got."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from console.charts.theme import (
    GREEN,
    GREY,
    NOTHING,
    counted,
    empty,
    main_colour,
    plain,
    short,
    styled,
    unique_labels,
)

MOST_LINES = 40
ROW = 22


def job_line_satisfaction(
    lines: pd.DataFrame, *, dark: bool = False, most: int = MOST_LINES
) -> go.Figure:
    """Mean rank of each job line's holders, worst first, at most `most`. From `by_job_line`."""
    held = lines[lines["filled"] > 0].sort_values(["mean_score", "job_line_name"])
    if held.empty:
        return empty(NOTHING, dark=dark)
    held = held.tail(most)
    labels = unique_labels(list(held["job_line_name"]))
    words = [
        f"<b>{label}</b><br>{counted(filled, 'worker')}, mean rank {mean:.3g}<br>"
        f"Received as: {plain(offers)}<br>First choice of {counted(first, 'worker')}"
        for label, filled, mean, offers, first in zip(
            labels,
            held["filled"],
            held["mean_score"],
            held["offers"],
            held["first_choices"],
            strict=True,
        )
    ]
    fig = go.Figure(
        go.Bar(
            y=labels,
            x=held["mean_score"],
            orientation="h",
            marker={"color": main_colour(dark)},
            customdata=np.column_stack([held["job_line"], words]),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    )
    styled(fig, dark=dark, height=90 + ROW * len(held), showlegend=False)
    fig.update_xaxes(title_text="Mean rank of the holders", rangemode="tozero", showgrid=True)
    return _named_rows(fig, labels, list(held["job_line_name"]))


def seats_filled(lines: pd.DataFrame, *, dark: bool = False, most: int = MOST_LINES) -> go.Figure:
    """Places filled and open, most open first, at most `most` job lines.

    Job lines whose single place is filled are not drawn; the axis says how many those are.
    """
    if lines.empty:
        return empty("There is no job line to draw.", dark=dark)
    ordered = lines[(lines["open"] > 0) | (lines["places"] > 1)].sort_values(
        ["open", "places", "job_line_name"], ascending=[False, False, True]
    )
    if ordered.empty:
        return empty(f"All {counted(int(lines['places'].sum()), 'place')} are filled.", dark=dark)
    shown = ordered.head(most).iloc[::-1]
    labels = unique_labels(list(shown["job_line_name"]))
    fig = go.Figure()
    for column, name, colour, pattern in (
        ("filled", "Filled", GREEN, ""),
        ("open", "Open", GREY, "/"),
    ):
        fig.add_bar(
            y=labels,
            x=shown[column],
            orientation="h",
            name=name,
            marker={
                "color": colour,
                "pattern": {
                    "shape": pattern,
                    "fgcolor": "#FFFFFF",
                    "size": 6,
                    "fillmode": "overlay",
                },
            },
            customdata=np.column_stack(
                [
                    shown["job_line"],
                    [
                        f"<b>{label}</b><br>{filled} of {counted(places, 'place')} filled<br>"
                        f"First choice of {counted(first, 'worker')}, "
                        f"{counted(n, 'worker')} eligible"
                        for label, filled, places, first, n in zip(
                            labels,
                            shown["filled"],
                            shown["places"],
                            shown["first_choices"],
                            shown["eligible_workers"],
                            strict=True,
                        )
                    ],
                ]
            ),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    styled(fig, dark=dark, height=110 + ROW * len(shown), barmode="stack", showlegend=True)
    fig.update_layout(legend={"y": 1, "yanchor": "bottom", "traceorder": "normal"})
    fig.update_xaxes(
        title_text=_places_title(lines, ordered, shown),
        rangemode="tozero",
        showgrid=True,
        tickformat="d",
    )
    if shown["places"].max() <= 10:
        fig.update_xaxes(dtick=1)
    return _named_rows(fig, labels, list(shown["job_line_name"]))


def _places_title(lines: pd.DataFrame, ordered: pd.DataFrame, shown: pd.DataFrame) -> str:
    rest = len(lines) - len(ordered)
    left = len(ordered) - len(shown)
    notes = []
    if rest:
        notes.append(f"{counted(rest, 'filled single place')} not drawn")
    if left:
        notes.append(f"{counted(left, 'more job line')} not drawn")
    return "Places" + "".join(f"<br><sup>{note}</sup>" for note in notes)


def _named_rows(fig: go.Figure, labels: list[str], names: list[str]) -> go.Figure:
    return fig.update_yaxes(
        type="category", tickvals=labels, ticktext=[short(name) for name in names], showgrid=False
    )
