"""Eligibility: the first rule that applies decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from allocator.models import Eligibility, JobLine, RunInputs, Worker
from allocator.rules.eligibility import Rule, rule_for, rule_matrix
from tests.brute_force import may_hold
from tests.strategies import RUN, run_inputs

TAGGED = frozenset({"tag"})


def one_pair(rules: Eligibility | None, tags: frozenset[str] = TAGGED, **more) -> Rule:
    line = JobLine("line", eligibility=rules)
    inputs = RunInputs(RUN, (Worker("ada", qualification_ids=tags),), (line,), **more)
    assert rule_matrix(inputs)[0, 0] == rule_for(inputs, inputs.workers[0], line)
    return Rule(rule_matrix(inputs)[0, 0])


@pytest.mark.parametrize(
    ("fields", "tags", "expected"),
    [
        ({}, TAGGED, Rule.NOT_RESTRICTED),
        ({"included_qualification_tag_ids": TAGGED}, TAGGED, Rule.INCLUDED_TAG),
        ({"included_qualification_tag_ids": TAGGED}, frozenset(), Rule.TAG_MISSING),
        ({"excluded_qualification_tag_ids": TAGGED}, TAGGED, Rule.EXCLUDED_TAG),
        (
            {"excluded_qualification_tag_ids": TAGGED, "included_qualification_tag_ids": TAGGED},
            TAGGED,
            Rule.EXCLUDED_TAG,
        ),
        ({"excluded_worker_mapping_ids": frozenset({"ada"})}, TAGGED, Rule.EXCLUDED_WORKER),
        (
            {
                "included_worker_mapping_ids": frozenset({"ada"}),
                "excluded_worker_mapping_ids": frozenset({"ada"}),
                "excluded_qualification_tag_ids": TAGGED,
            },
            TAGGED,
            Rule.INCLUDED_WORKER,
        ),
        (
            {
                "excluded_worker_mapping_ids": frozenset({"ada"}),
                "included_qualification_tag_ids": TAGGED,
            },
            TAGGED,
            Rule.EXCLUDED_WORKER,
        ),
    ],
)
def test_rule_first_that_applies_decides(fields, tags, expected):
    assert one_pair(Eligibility("line", **fields), tags) is expected


def test_rule_without_a_row_lets_everybody_in():
    assert one_pair(None) is Rule.NO_RULES
    assert Rule.NO_RULES.eligible


def test_rule_of_a_scenario_comes_before_every_row():
    excluded = Eligibility("line", excluded_worker_mapping_ids=frozenset({"ada"}))
    assert one_pair(excluded, rulings={("ada", "line"): True}) is Rule.ALLOWED
    assert one_pair(None, rulings={("ada", "line"): False}) is Rule.BANNED
    assert one_pair(None, pins={"ada": "elsewhere"}) is Rule.PINNED_ELSEWHERE


def test_rule_pin_does_not_make_eligible():
    excluded = Eligibility("line", excluded_worker_mapping_ids=frozenset({"ada"}))
    assert one_pair(excluded, pins={"ada": "line"}) is Rule.EXCLUDED_WORKER


@given(run_inputs())
def test_rule_matrix_agrees_with_the_rules_read_one_by_one(inputs: RunInputs):
    inputs = replace(inputs, pins={}, rulings={})
    rules = rule_matrix(inputs)
    for i, worker in enumerate(inputs.workers):
        for j, line in enumerate(inputs.job_lines):
            assert rules[i, j] == rule_for(inputs, worker, line)
            assert Rule(rules[i, j]).eligible == may_hold(worker, line)
