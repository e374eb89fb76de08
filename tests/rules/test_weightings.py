"""Weightings: whom they reach and what they add up to."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from allocator.models import JobLine, RunInputs, Weighting, Worker
from allocator.rules.weightings import net_weightings, organisation_base, reached_workers
from tests.brute_force import extra
from tests.strategies import RUN, run_inputs

WORKERS = (
    Worker("ada", qualification_ids=frozenset({"rural"})),
    Worker("ben"),
    Worker("cy", qualification_ids=frozenset({"rural", "bonded"})),
)
LINES = (JobLine("north"), JobLine("south"))


def net(*weightings: Weighting) -> list[list[int]]:
    return net_weightings(RunInputs(RUN, WORKERS, LINES, weightings)).tolist()


def test_net_weightings_of_a_global_one_reach_every_pair():
    assert net(Weighting("w", 3)) == [[3, 3], [3, 3], [3, 3]]


def test_net_weightings_by_tag_name_and_job_line_add_up():
    by_tag = Weighting("a", -2, "north", qualification_tag_ids=frozenset({"rural"}))
    by_name = Weighting("b", 5, worker_mapping_ids=frozenset({"ben", "cy"}))
    assert net(by_tag, by_name) == [[-2, 0], [5, 5], [3, 5]]


def test_net_weightings_of_a_job_line_outside_the_run_reach_nobody():
    assert net(Weighting("w", 9, "elsewhere")) == [[0, 0]] * 3


def test_reached_workers_named_or_tagged_once():
    both = Weighting("w", 1, None, frozenset({"bonded", "rural"}), frozenset({"cy", "unknown"}))
    inputs = RunInputs(RUN, WORKERS, LINES, (both,))
    assert reached_workers(inputs, both).tolist() == [True, False, True]


def test_organisation_base_is_the_rank_of_all_tied():
    assert organisation_base(139) == 70


@given(run_inputs())
def test_net_weightings_agree_with_the_definition(inputs: RunInputs):
    expected = [[extra(inputs, w, j) for j in inputs.job_lines] for w in inputs.workers]
    np.testing.assert_array_equal(net_weightings(inputs), expected)
