"""Figures: what they draw, plain words in hovers, ids in customdata only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given

from allocator.measures import bands, by_job_line, placements, rank_distribution
from allocator.models import RunInputs, Settings
from allocator.result import Phase, Progress, SolveResult, Status
from allocator.review import rule_matrix_frame
from allocator.solving.solver import solve
from console import charts
from console.charts.theme import short, unique_labels
from tests.builders import W1, renamed, result_for, small_result, small_run
from tests.profiles import examples
from tests.strategies import RUN, run_inputs

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Draw = Callable[[RunInputs, SolveResult, bool], go.Figure]


def _distribution(inputs: RunInputs, result: SolveResult):
    return rank_distribution(placements(inputs, result), len(inputs.workers))


def _lines(inputs: RunInputs, result: SolveResult):
    return by_job_line(inputs, placements(inputs, result))


def _bands(inputs: RunInputs, result: SolveResult):
    return bands(placements(inputs, result), len(inputs.workers), len(inputs.job_lines))


DRAWINGS: dict[str, Draw] = {
    "distribution": lambda i, r, d: charts.rank_distribution_chart(_distribution(i, r), dark=d),
    "by worker": lambda i, r, d: charts.satisfaction_by_worker(placements(i, r), dark=d),
    "by job line": lambda i, r, d: charts.job_line_satisfaction(_lines(i, r), dark=d),
    "scatter": lambda i, r, d: charts.dissatisfaction_scatter(placements(i, r), dark=d),
    "seats": lambda i, r, d: charts.seats_filled(_lines(i, r), dark=d),
    "preferences": lambda i, r, d: charts.preference_heatmap(i, dark=d),
    "eligibility": lambda i, r, d: charts.eligibility_heatmap(i, dark=d),
    "over": lambda i, r, d: charts.overlaid_distributions({"A": _distribution(i, r)}, dark=d),
    "over bands": lambda i, r, d: charts.overlaid_bands({"A": _bands(i, r)}, dark=d),
}


def words(fig: go.Figure) -> str:
    """Everything a reader can see: the figure without its customdata's first column."""
    drawn = json.loads(fig.to_json())
    for trace in drawn["data"]:
        trace.pop("customdata", None)
    return json.dumps(drawn, ensure_ascii=False)


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("dark", [False, True])
def test_chart_shows_no_ids_and_labels_its_axes(name: str, dark: bool) -> None:
    fig = DRAWINGS[name](small_run(), small_result(), dark)
    assert not UUID.search(words(fig))
    assert fig.layout.xaxis.title.text
    assert fig.layout.yaxis.title.text or name in ("by job line", "seats")
    for trace in fig.data:
        assert trace.hovertemplate is None or trace.hovertemplate.endswith("<extra></extra>")


@pytest.mark.parametrize("name", DRAWINGS)
def test_chart_of_nothing_says_so(name: str) -> None:
    empty = RunInputs(RUN, (), ())
    result = result_for(empty, {}, status=Status.INFEASIBLE)
    fig = DRAWINGS[name](empty, result, False)
    assert not fig.data or name == "over bands"
    assert fig.layout.annotations or name == "over bands"


@examples(25)
@given(run_inputs(feasible=True))
def test_charts_of_any_solved_run_can_be_drawn(inputs: RunInputs) -> None:
    result = solve(inputs, Settings())
    for draw in DRAWINGS.values():
        draw(inputs, result, False).to_json()


def test_rank_distribution_draws_counts_and_running_share() -> None:
    bars, line = DRAWINGS["distribution"](small_run(), small_result(), False).data
    assert list(bars.x) == ["1st", "2nd", "3rd", "Unranked", "No preferences"]
    assert list(bars.y) == [1, 0, 1, 1, 1]
    np.testing.assert_allclose(line.y, [25, 25, 50])


def test_by_worker_carries_ids_and_is_sorted() -> None:
    fig = DRAWINGS["by worker"](small_run(), small_result(), False)
    by_place = {x: y for trace in fig.data for x, y in zip(trace.x, trace.y, strict=True)}
    heights = [by_place[place] for place in sorted(by_place)]
    assert heights == [1.5, 2.5, 3.0, 3.0]
    ids = {row[0] for trace in fig.data for row in trace.customdata}
    assert ids == {w.id for w in small_run().workers}


def test_scatter_spreads_coinciding_points_but_names_true_figures() -> None:
    inputs = small_run()
    fig = DRAWINGS["scatter"](inputs, small_result(), False)
    points = {(x, y) for trace in fig.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert len(points) == 4
    text = " ".join(row[1] for trace in fig.data for row in trace.customdata)
    assert "weighting -2: more wanted" in text


def test_seats_filled_leaves_out_single_filled_places() -> None:
    fig = DRAWINGS["seats"](small_run(), small_result(), False)
    assert set(fig.data[0].y) == {"Medicine", "Emergency"}
    assert "2 filled single places not drawn" in fig.layout.xaxis.title.text


def test_eligibility_draws_each_pair_once() -> None:
    fig = DRAWINGS["eligibility"](small_run(), small_result(), False)
    layers = [~np.isnan(t.z) for t in fig.data if isinstance(t, go.Heatmap)]
    assert (np.sum(layers, axis=0) == 1).all()


def test_eligibility_of_a_large_run_is_one_light_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.charts.review.MOST_CELLS", 1)
    fig = DRAWINGS["eligibility"](small_run(), small_result(), False)
    (heat,) = [t for t in fig.data if isinstance(t, go.Heatmap)]
    assert heat.z.dtype == np.uint8
    legend = [t.name for t in fig.data if isinstance(t, go.Scatter)]
    rules = rule_matrix_frame(small_run()).to_numpy()
    assert len(legend) == len(np.unique(rules)) == len(np.unique(heat.z))


def test_preference_heatmap_leaves_unranked_blank() -> None:
    (heat,) = DRAWINGS["preferences"](small_run(), small_result(), False).data
    assert (~np.isnan(heat.z)).sum() == 7
    assert list(heat.y) == ["Ada Archer", "Ben Birch", "Cy Cole", "Di Dale"]


def test_names_of_the_database_cannot_bring_markup() -> None:
    inputs = renamed(small_run(), W1, '<a href="http://x">')
    for draw in DRAWINGS.values():
        assert "<a href" not in draw(inputs, small_result(), False).to_json()


def test_same_names_stay_apart() -> None:
    assert unique_labels(["Jo", "Jo"]) == ["Jo", "Jo (2)"]
    assert len(short("x" * 50)) == 22


def test_long_job_line_keeps_what_tells_it_from_others() -> None:
    name = "Line 087 · ED – Surgery – O&G – Gen Med – Ortho · Wattle Bay"
    assert short(name) == "Line 087 … Wattle Bay"
    assert short(name, 16) == "Line 087 … Watt…"


def test_progress_draws_incumbent_and_bound_when_known() -> None:
    history = [
        Progress(Phase.FORMULATE, 0.1),
        Progress(Phase.MASTER, 0.2, bound=10.0),
        Progress(Phase.MASTER, 0.3, incumbent=12.0, bound=11.0),
    ]
    found, bound = charts.progress_chart(history).data
    assert list(found.y) == [12.0]
    assert list(bound.y) == [10.0, 11.0]
    assert not charts.progress_chart(history[:1]).data


def test_overlaid_distributions_follow_on_to_the_longest() -> None:
    inputs, result = small_run(), small_result()
    short_one = result_for(inputs, {W1: replace(result.allocations[0]).job_line})
    frames = {"One": _distribution(inputs, result), "Two": _distribution(inputs, short_one)}
    fig = charts.overlaid_distributions(frames)
    assert {len(trace.y) for trace in fig.data} == {3}
    assert [trace.name for trace in fig.data] == ["One", "Two"]
