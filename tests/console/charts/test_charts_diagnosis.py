"""Pictures of a cause and of the whole run: ids to act on, rules in the hover, blocks framed."""

from __future__ import annotations

import pytest

from allocator.diagnosis import blocked_pairs, diagnose, reordered
from allocator.models import Settings
from console.charts import cause_graph, run_matrix
from tests.open_runs import open_run


@pytest.fixture
def crowded():
    """Three workers for two job lines, and one worker with nowhere to go."""
    run = open_run({"a": "XY", "b": "XY", "c": "XY", "d": "Z", "e": ""})
    return run, diagnose(run)


def cause_of(found, n_workers):
    return next(cause for cause in found.causes if len(cause.workers) == n_workers)


def ids(figure):
    return [point[0] for trace in figure.data if trace.customdata is not None
            for point in trace.customdata]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_cause_graph_has_every_node_pair_and_rule(crowded, dark):
    run, found = crowded
    cause = cause_of(found, 3)
    shown = blocked_pairs(run, found.settings, cause)
    figure = cause_graph(run, shown, selected=cause.workers[0], dark=dark)
    assert set(ids(figure)) == {*cause.workers, *cause.job_lines}
    hovers = [text for trace in figure.data for text in trace.hovertext or ()]
    rules = {text for text in hovers if "may hold" in text}
    assert len(rules) == len(shown.edges) == 6
    marked = [w for trace in figure.data if trace.customdata is not None
              for w in trace.marker.line.width]  # fmt: skip
    assert marked.count(4) == 1


def test_cause_graph_of_nobody_and_nothing_says_so(crowded):
    run, found = crowded
    figure = cause_graph(run, blocked_pairs(run, found.settings, cause_of(found, 1)))
    assert "no job line" in figure.layout.annotations[0].text


def test_cause_graph_of_very_many_draws_alike_ones_as_one():
    run = open_run({f"w{number}": "XY" for number in range(80)})
    found = diagnose(run)
    figure = cause_graph(run, blocked_pairs(run, found.settings, found.blocks[0]))
    assert "80 workers" in figure.layout.yaxis.ticktext
    assert len(figure.layout.yaxis2.ticktext) == 2


def test_run_matrix_frames_each_block_and_names_rules(crowded):
    run, found = crowded
    figure = run_matrix(run, reordered(run, found), found.blocks)
    assert len(figure.layout.shapes) == len(found.blocks) == 2
    hovers = " ".join(trace.hovertemplate or "" for trace in figure.data)
    assert "May not hold:" in hovers
    assert "May hold:" in hovers
    assert {trace.name for trace in figure.data} >= {"May hold", "May not hold, and blocks here"}


def test_run_matrix_names_the_cap_where_it_alone_closes_a_pair():
    run = open_run({"a": "XY", "b": "XY"})
    found = diagnose(run, Settings(worst_rank=1))
    figure = run_matrix(run, reordered(run, found), found.blocks)
    assert found.feasible is False
    hovers = " ".join(trace.hovertemplate or "" for trace in figure.data)
    assert "beyond the cap" in hovers.replace("<br>", " ")
