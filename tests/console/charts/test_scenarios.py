"""Charts of sweeps and of groups across scenarios."""

from __future__ import annotations

import pandas as pd

from allocator.measures.comparison import group_costs
from allocator.models import Settings
from allocator.scenario import Scenario
from allocator.solved import Solved
from allocator.solving.solver import solve
from allocator.solving.sweep import grid, sweep
from console.charts.scenarios import frontier_chart, group_cost_chart, shares_chart
from tests.builders import small_run


def swept() -> pd.DataFrame:
    return sweep(small_run(), grid(Settings(), [0.0, 0.5, 1.0]), address="", processes=1)


def test_frontier_has_a_point_for_each_alpha_and_says_which():
    points = swept()
    line, markers = frontier_chart(points, 0.5).data
    assert [row[0] for row in markers.customdata] == [0.0, 0.5, 1.0]
    assert list(markers.x) == list(points["worker_dissatisfaction"])
    assert len(line.x) == points["frontier"].sum()
    rings = list(markers.marker.line.width)
    assert rings.index(max(rings)) == 1
    assert "Alpha 0.5" in markers.text[1]


def test_shares_are_in_per_cent_along_alpha():
    points = swept()
    first, top_three = shares_chart(points).data
    assert list(first.x) == [0.0, 0.5, 1.0]
    assert list(first.y) == [share * 100 for share in points["first_choice_share"]]
    assert all(a <= b for a, b in zip(first.y, top_three.y, strict=True))


def test_empty_sweep_says_so():
    empty = swept().head(0)
    for figure in (frontier_chart(empty, 0.3), shares_chart(empty)):
        assert "No point" in figure.layout.annotations[0].text


def test_groups_have_a_bar_for_each_scenario():
    inputs = small_run()
    solved = [
        Solved(inputs, solve(inputs, Settings(alpha=alpha)), inputs, Scenario(name))
        for name, alpha in (("A", 0.0), ("<b>B</b>", 1.0))
    ]
    costs = group_costs(solved)
    figure = group_cost_chart(costs, ["A", "<b>B</b>"])
    assert [bar.name for bar in figure.data] == ["A", "&lt;b&gt;B&lt;/b&gt;"]
    mine = costs[costs["scenario"] == "A"]
    assert list(figure.data[0].x) == list(mine["mean_score"])
