"""Fractional ranks and the unranked budget."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.rules.ranks import (
    fractional_ranks,
    original_preference,
    preferences,
    tied_groups,
    unranked_score,
)

ORDERS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), max_size=8)


@pytest.mark.parametrize(
    "raw", [(1, 1, 3), (1, 1, 2), (5, 5, 9)], ids=["competition", "dense", "gaps"]
)
def test_fractional_ranks_of_every_notation_are_the_same(raw):
    assert list(fractional_ranks(dict(zip("abc", raw, strict=True))).values()) == [1.5, 1.5, 3]


@given(ORDERS)
def test_fractional_ranks_are_ascending_and_share_the_positions(order):
    scores = fractional_ranks(order)
    assert list(scores.values()) == sorted(scores.values())
    assert sum(scores.values()) == len(order) * (len(order) + 1) / 2
    for one in order:
        for other in order:
            assert (scores[one] < scores[other]) == (order[one] < order[other])


@given(st.integers(1, 300), st.data())
def test_unranked_score_is_the_budget_that_the_ranked_left(n, data):
    r = data.draw(st.integers(0, n - 1))
    budget = Fraction(n * (n + 1) - r * (r + 1), 2 * (n - r))
    assert unranked_score(n, r) == budget


def test_unranked_score_of_a_worker_who_ranked_nothing_is_the_middle():
    assert unranked_score(140, 0) == 70.5


@given(ORDERS)
def test_preferences_drop_job_lines_outside_the_run_and_move_up(order):
    in_run = set("abcd")
    chosen = preferences(order, in_run)
    assert set(chosen.scores) == set(order) & in_run
    assert sum(chosen.scores.values()) == len(chosen.scores) * (len(chosen.scores) + 1) / 2
    left = 4 - len(chosen.scores)
    assert sum(chosen.scores.values()) + left * (chosen.unranked_score if left else 0) == 10


@given(ORDERS)
def test_original_preference_counts_everything_that_the_worker_ranked(order):
    chosen = preferences(order, {"a", "b"})
    whole = fractional_ranks(order)
    assert all(original_preference(chosen, line) == whole.get(line) for line in "abcdefgh")


def test_tied_groups_names_the_job_lines_that_share_a_rank():
    assert tied_groups({"c": 2, "a": 2, "b": 1, "d": 7, "e": 7}) == [
        (2, ["a", "c"]),
        (7, ["d", "e"]),
    ]
