"""Charts of an allocation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from allocator.measures.bands import rank_words
from console.charts.theme import (
    GREEN,
    GREY,
    NOTHING,
    ORANGE,
    RED,
    counted,
    empty,
    main_colour,
    plain,
    short,
    styled,
    unique_labels,
)

LEAST_SPAN = 4.0


def rank_distribution_chart(distribution: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Bars: workers by choice number; line: running share. From `rank_distribution`."""
    if not distribution["workers"].sum():
        return empty(NOTHING, dark=dark)
    ranked = distribution["choice"].notna()
    words = [
        f"<b>{label} choice</b><br>{counted(n, 'worker')} ({share:.1%})"
        if is_rank
        else f"<b>{label}</b><br>{counted(n, 'worker')} ({share:.1%})"
        for label, n, share, is_rank in zip(
            distribution["label"],
            distribution["workers"],
            distribution["share"],
            ranked,
            strict=True,
        )
    ]
    fig = go.Figure(
        go.Bar(
            x=distribution["label"],
            y=distribution["workers"],
            name="Workers",
            marker={"color": np.where(ranked, main_colour(dark), ORANGE)},
            hovertext=words,
            hovertemplate="%{hovertext}<extra></extra>",
            customdata=distribution["label"],
        )
    )
    line = distribution[ranked]
    fig.add_scatter(
        x=line["label"],
        y=line["cumulative_share"].astype(float) * 100,
        name="Running share of all workers",
        yaxis="y2",
        mode="lines+markers" if len(line) <= 30 else "lines",
        line={"color": RED, "width": 2, "shape": "hv" if len(line) > 30 else "linear"},
        marker={"size": 6},
        hovertemplate="Up to the %{x} choice: %{y:.1f} %<extra></extra>",
    )
    styled(
        fig,
        dark=dark,
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 104],
            "tickmode": "array",
            "tickvals": [0, 25, 50, 75, 100],
            "ticksuffix": " %",
            "showgrid": False,
            "title": {"text": "Running share (%)"},
        },
    )
    labels = list(distribution["label"])
    step = max(1, -(-len(line) // 12))
    last = len(line) - step if len(line) > 8 else len(line)  # room for the words that follow
    at = [*range(0, last, step), *range(len(line), len(labels))]
    numbers = [str(i + 1) if i < len(line) else labels[i].replace(" ", "<br>") for i in at]
    fig.update_xaxes(
        title_text="Choice received (1 = first choice)",
        type="category",
        tickvals=[labels[i] for i in at],
        ticktext=[
            text.replace("Unranked", "Un-<br>ranked").replace("No<br>", "<br><br>No<br>")
            for text in numbers  # one below the other, because their bars are neighbours
        ],
        tickangle=0,
    )
    return fig.update_layout(
        yaxis={"title": {"text": "Workers"}, "rangemode": "tozero"}, yaxis2={"showgrid": False}
    )


def satisfaction_by_worker(placed: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Each worker's rank (or unranked budget), best first. `customdata[0]` is the worker's id."""
    if placed.empty:
        return empty(NOTHING, dark=dark)
    ordered = placed.sort_values(["score", "name", "worker"], ignore_index=True)
    fig = go.Figure()
    for name, colour, kept in (
        ("On their list", main_colour(dark), ordered["rank"].notna()),
        ("Unranked: the mean of the ranks left", ORANGE, ordered["rank"].isna()),
    ):
        rows = ordered[kept]
        if rows.empty:
            continue
        fig.add_bar(
            x=rows.index + 1,
            y=rows["score"],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=np.column_stack([rows["worker"], _worker_words(rows)]),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    styled(fig, dark=dark, barmode="overlay", showlegend=True)
    fig.update_layout(bargap=0.05 if len(ordered) > 60 else 0.15)
    fig.update_xaxes(title_text="Workers, best placed first", tickformat=",d")
    fig.update_yaxes(title_text="Rank received (1 = first choice)", rangemode="tozero")
    if ordered["score"].max() <= 10:
        fig.update_yaxes(dtick=1)
    return fig


def _worker_words(rows: pd.DataFrame) -> list[str]:
    return [
        f"<b>{plain(name)}</b><br>{plain(line)}<br>"
        + (f"Rank {words}" if not np.isnan(rank) else f"{words}, counts as {score:g}")
        for name, line, rank, score, words in zip(
            rows["name"],
            rows["job_line_name"],
            rows["rank"],
            rows["score"],
            map(rank_words, rows["rank"], rows["bucket"]),
            strict=True,
        )
    ]


def dissatisfaction_scatter(placed: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Worker's dissatisfaction against weighting points; `customdata[0]` is the worker's id.

    Points that coincide are spread a little; the hover gives the exact figures.
    """
    if placed.empty:
        return empty(NOTHING, dark=dark)
    x, y = _spread(placed["worker_dissatisfaction"], placed["weighting"])
    words = [
        f"<b>{plain(name)}</b><br>{plain(line)}<br>Worker's dissatisfaction: {own:.4g}<br>"
        f"Organisation: {_sign(weighting)}"
        for name, line, own, weighting in zip(
            placed["name"],
            placed["job_line_name"],
            placed["worker_dissatisfaction"],
            placed["weighting"],
            strict=True,
        )
    ]
    fig = go.Figure()
    unranked = placed["rank"].isna().to_numpy()
    for name, colour, symbol, kept in (
        ("On their list", main_colour(dark), "circle", ~unranked),
        ("Unranked", ORANGE, "diamond", unranked),
    ):
        if not kept.any():
            continue
        fig.add_scatter(
            x=x[kept],
            y=y[kept],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 9, "opacity": 0.75},
            customdata=np.column_stack(
                [placed["worker"][kept], np.array(words, dtype=object)[kept]]
            ),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    styled(fig, dark=dark, height=420, showlegend=True)
    fig.update_xaxes(
        title_text="Worker's dissatisfaction (less is better)",
        showgrid=True,
        range=_range(placed["worker_dissatisfaction"]),
    )
    fig.update_yaxes(
        title_text="Organisation's weighting points (less is better)",
        range=_range(placed["weighting"]),
    )
    return fig


def _range(values: pd.Series) -> list[float]:
    """The values with a margin, never so narrow that the spreading of points would show."""
    middle = (values.max() + values.min()) / 2
    half = max(float(np.ptp(values)), LEAST_SPAN) * 0.56
    return [middle - half, middle + half]


def _sign(weighting: int) -> str:
    if not weighting:
        return "no weighting"
    return f"weighting {weighting:+d}: {'less' if weighting > 0 else 'more'} wanted"


def _spread(x: pd.Series, y: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Coinciding points on a small sunflower around their place, within 5 % of the range."""
    number = pd.DataFrame({"x": x, "y": y}).groupby(["x", "y"]).cumcount().to_numpy()
    reach = np.minimum(np.sqrt(number) * 0.008, 0.05)
    angle = number * 2.399963
    spans = [max(float(np.ptp(values)), LEAST_SPAN) for values in (x, y)]
    return (
        x.to_numpy(float) + reach * np.cos(angle) * spans[0],
        y.to_numpy(float) + reach * np.sin(angle) * spans[1],
    )


MOST_LINES = 40
LINE_ROW = 22


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
    styled(fig, dark=dark, height=90 + LINE_ROW * len(held), showlegend=False)
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
    styled(fig, dark=dark, height=110 + LINE_ROW * len(shown), barmode="stack", showlegend=True)
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
