"""The Review page's frames: what the solver will see, named and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.models import JobLine, LeftOut, RunInputs, Weighting
from allocator.review import (
    eligibility_by_job_line,
    eligibility_by_worker,
    net_effects,
    preferences_long,
    review_job_lines,
    review_weightings,
    review_workers,
    rule_counts,
    rule_matrix_frame,
    score_matrix,
    tied_preferences,
)
from allocator.review.people import rank_gaps
from allocator.rules.eligibility import Rule, rule_for
from allocator.rules.weightings import net_weightings
from tests.builders import J4, W1, W2, W4, small_run
from tests.strategies import RUN, run_inputs


def test_review_workers_by_hand() -> None:
    frame = review_workers(small_run())
    assert list(frame["name"]) == ["Ada Archer", "Ben Birch", "Cy Cole", "Di Dale", "Eve Early"]
    assert list(frame["status"]) == ["Takes part"] * 4 + ["Left out"]
    assert frame["reason"].iloc[-1] == "withdrawn on 1 March 2026"
    assert list(frame["n_ranked"].iloc[:4]) == [3, 3, 1, 0]
    assert list(frame["n_ranked_elsewhere"].iloc[:4]) == [0, 0, 1, 0]
    assert list(frame["n_tied"].iloc[:4]) == [0, 2, 0, 0]
    assert list(frame["n_gaps"].iloc[:4]) == [0, 0, 1, 0]
    assert list(frame["unranked_score"].iloc[:4]) == [4.0, 4.0, 3.0, 2.5]
    assert list(frame["n_eligible"].iloc[:4]) == [4, 3, 2, 4]
    assert list(frame["n_ranked_eligible"].iloc[:4]) == [3, 3, 1, 0]
    assert frame["qualifications"].iloc[2] == "ICU course"
    assert frame["n_ranked"].isna().iloc[-1]


def test_review_of_empty_run_has_columns_and_no_rows() -> None:
    empty = RunInputs(RUN, (), ())
    frames = [review_workers(empty), preferences_long(empty), review_job_lines(empty)]
    frames += [rule_counts(empty), eligibility_by_worker(empty), review_weightings(empty)]
    frames += [net_effects(empty), tied_preferences(empty), score_matrix(empty)]
    assert all(frame.empty for frame in frames)
    assert all(len(frame.columns) for frame in frames[:-1])


def test_preferences_long_by_hand() -> None:
    frame = preferences_long(small_run()).set_index(["name", "job_line_name"])
    assert frame.loc[("Ben Birch", "Surgery"), "rank"] == 1.5
    assert frame.loc[("Ben Birch", "Surgery"), "tied_with"] == 1
    assert frame.loc[("Ben Birch", "Emergency"), "gap_before"] == 0
    assert frame.loc[("Cy Cole", "Surgery"), "gap_before"] == 2
    assert frame.loc[("Cy Cole", "Surgery"), "rank"] == 1.0
    outside = frame.loc[("Cy Cole", "a job line outside this run")]
    assert not outside["in_run"]
    assert np.isnan(outside["rank"])


@given(run_inputs())
def test_preferences_long_repeats_every_rank(inputs: RunInputs) -> None:
    frame = preferences_long(inputs)
    assert len(frame) == sum(len(w.preferences.order) for w in inputs.workers)
    inside = frame[frame["in_run"]]
    scores = score_matrix(inputs, ranked_only=True)
    assert scores.notna().sum().sum() == len(inside)
    for row in inside.itertuples():
        assert scores.loc[row.worker, row.job_line] == row.rank


@pytest.mark.parametrize(
    ("ranks", "gaps"),
    [
        ([1, 2, 3], []),
        ([1, 1, 3], []),
        ([1, 1, 2], []),
        ([1, 1, 2, 4], [(4, 1)]),
        ([2, 5], [(2, 1), (5, 2)]),
        ([1, 1, 1, 3], [(3, 1)]),
        ([], []),
    ],
)
def test_rank_gaps_dense_and_competition_have_none(
    ranks: list[int], gaps: list[tuple[int, int]]
) -> None:
    assert [(rank, gap) for rank, gap in rank_gaps(ranks).items() if gap] == gaps


def test_tied_preferences_by_hand() -> None:
    frame = tied_preferences(small_run())
    assert frame[["name", "rank", "job_lines"]].values.tolist() == [
        ["Ben Birch", 1.5, "Medicine, Surgery"]
    ]


def test_score_matrix_fills_in_the_budget() -> None:
    scores = score_matrix(small_run())
    assert (scores.sum(axis=1) == 10).all()
    assert scores.loc[W4].tolist() == [2.5] * 4


@given(run_inputs(scenario=True))
def test_eligibility_frames_agree_with_the_rules(inputs: RunInputs) -> None:
    expected = Counter(rule_for(inputs, w, j) for w in inputs.workers for j in inputs.job_lines)
    counts = rule_counts(inputs)
    assert dict(zip(counts["rule"], counts["pairs"], strict=True)) == {
        rule.words: n for rule, n in expected.items()
    }
    eligible = sum(n for rule, n in expected.items() if rule.eligible)
    assert eligibility_by_worker(inputs)["n_eligible"].sum() == eligible
    assert eligibility_by_job_line(inputs)["n_eligible"].sum() == eligible
    assert rule_matrix_frame(inputs).shape == (len(inputs.workers), len(inputs.job_lines))


def test_eligibility_flags_none_and_few() -> None:
    inputs = replace(small_run(), pins={W2: J4})
    frame = eligibility_by_worker(inputs)
    assert frame.loc[0, ["name", "n_eligible", "flag"]].tolist() == ["Ben Birch", 0, "none"]
    assert frame.set_index("name").loc["Cy Cole", "flag"] == "few"
    assert Rule(rule_matrix_frame(inputs).loc[W1, J4]) is Rule.INCLUDED_WORKER


def test_review_weightings_in_words() -> None:
    frame = review_weightings(small_run())
    assert list(frame["effect"]) == ["3 ranks less wanted", "2 ranks more wanted"]
    assert list(frame["whom"]) == ["Holders of Rural scheme", "Ada Archer"]
    assert list(frame["where"]) == ["Rural", "Every job line"]
    assert list(frame["n_workers"]) == [1, 1]
    assert list(frame["n_pairs"]) == [1, 4]


def test_review_weightings_outside_the_run_reach_nobody() -> None:
    inputs = replace(small_run(), weightings=(Weighting("w", 0, "elsewhere"),))
    row = review_weightings(inputs).iloc[0]
    assert (row["effect"], row["whom"], row["n_pairs"]) == ("No effect", "Every worker", 0)


@given(run_inputs())
def test_net_effects_are_the_nonzero_net_weightings(inputs: RunInputs) -> None:
    net = net_weightings(inputs)
    frame = net_effects(inputs)
    assert len(frame) == np.count_nonzero(net)
    assert frame["weighting"].sum() == net.sum()


def test_review_job_lines_lists_those_left_out() -> None:
    inputs = small_run()
    inputs = replace(inputs, left_out=(LeftOut("job line", "x", "Ward", "no place left"),))
    frame = review_job_lines(inputs)
    assert list(frame["job_line_name"]) == ["Surgery", "Medicine", "Emergency", "Rural", "Ward"]
    assert list(frame["first_choices"].iloc[:4]) == [3, 1, 0, 0]
    assert frame["status"].iloc[-1] == "Left out"
    assert pd.isna(frame["capacity"].iloc[-1])


@given(st.integers(1, 3), st.integers(0, 4))
def test_review_job_lines_takes_used_places_off(capacity: int, used: int) -> None:
    line = JobLine("j", "Line", max_n_workers=capacity, used_places=used)
    row = review_job_lines(RunInputs(RUN, (), (line,))).iloc[0]
    assert (row["capacity"], row["used_places"]) == (capacity, used)
    assert row["places"] == max(0, capacity - used)
