"""Fractional ranks and the unranked budget."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import Preferences, Settings, Worker
from allocator.rules.ranks import (
    Encoding,
    bucket_reading,
    data_fingerprint,
    fractional_ranks,
    in_run,
    original_preference,
    preferences,
    read_by,
    tied_groups,
    unranked_score,
)
from tests.builders import small_run

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


LOVE, LIKE, DISLIKE = 10, 20, 40


def by_bucket(order: dict[str, int], buckets: dict[str, int], run: str = "abcdef") -> Preferences:
    return in_run(Preferences(order, buckets=buckets, by_bucket=True), set(run))


def test_bucket_order_sorts_by_bucket_and_then_by_rank_inside_it():
    buckets = {"a": DISLIKE, "b": LOVE, "c": LOVE, "d": LIKE, "f": LOVE}
    found = by_bucket({"a": 1, "b": 1, "c": 2, "d": 1}, buckets)
    # f stays unranked, whatever its bucket.
    assert list(found.scores.items()) == [("b", 1), ("c", 2), ("d", 3), ("a", 4)]
    assert original_preference(found, "a") == 4
    assert original_preference(found, "f") is None


def test_bucket_order_keeps_ties_inside_a_bucket_and_takes_no_bucket_for_pending():
    found = by_bucket({"a": 3, "b": 3, "c": 1, "d": 1}, {"a": LIKE, "b": LIKE, "d": DISLIKE})
    assert dict(found.scores) == {"a": 1.5, "b": 1.5, "c": 3, "d": 4}


@given(ORDERS)
def test_bucket_order_without_buckets_is_the_stored_order(order):
    assert dict(by_bucket(order, {}, "abcdefgh").scores) == dict(fractional_ranks(order))


def test_read_by_goes_there_and_back_and_is_the_same_each_time():
    inputs = small_run()
    first = Settings(bucket_order=True)
    other = read_by(inputs, first)
    assert read_by(inputs, Settings()) is inputs
    assert read_by(inputs, first) is other
    assert read_by(other, first) is other
    assert read_by(other, Settings()) is inputs
    assert other.fingerprint != inputs.fingerprint
    assert data_fingerprint(other.fingerprint) == inputs.fingerprint


def worker(key: str, order: dict[str, int], buckets: dict[str, int]) -> Worker:
    return Worker(key, preferences=Preferences(order, buckets=buckets))


def test_bucket_reading_of_one_order_over_all_buckets():
    one = worker("w", {"a": 1, "b": 2, "c": 3}, {"a": LOVE, "b": LOVE, "c": DISLIKE})
    alone = worker("v", {"a": 5, "b": 1}, {"a": LOVE})
    found = bucket_reading([one, alone])
    assert (found.encoding, found.lists, found.contradictions) == (Encoding.OVER_ALL, 1, ())


@pytest.mark.parametrize(
    "order", [{"a": 1, "b": 2, "c": 1}, {"a": 1, "c": 1}], ids=["restarts", "one in each"]
)
def test_bucket_reading_of_an_order_inside_each_bucket(order):
    found = bucket_reading([worker("w", order, {"a": LOVE, "b": LOVE, "c": LIKE})])
    assert found.encoding is Encoding.INSIDE_EACH
    (contradiction,) = found.contradictions
    assert (contradiction.worker, contradiction.worse) == ("w", "c")


def test_bucket_reading_of_lists_that_contradict_themselves_gives_the_starkest_pair():
    buckets = {"a": LOVE, "b": LIKE, "c": DISLIKE}
    found = bucket_reading(
        [worker("w", {"a": 9, "b": 7, "c": 2}, buckets), worker("v", {"a": 1, "b": 2}, buckets)]
    )
    assert (found.encoding, found.lists) == (Encoding.MIXED, 2)
    (contradiction,) = found.contradictions
    assert (contradiction.better, contradiction.worse) == ("a", "c")


def test_bucket_reading_takes_a_tie_between_buckets_for_a_tie():
    buckets = {"a": LOVE, "b": LIKE}
    found = bucket_reading(
        [worker("w", {"a": 2, "b": 2}, buckets), worker("v", {"a": 1, "b": 2}, buckets)]
    )
    assert found.encoding is Encoding.OVER_ALL


def test_bucket_reading_without_buckets_knows_nothing():
    assert bucket_reading(small_run().workers).encoding is Encoding.NOT_KNOWN
