"""Satisfaction measures against figures worked out by hand, and against each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.measures import (
    bands,
    by_group,
    by_job_line,
    by_location,
    headline,
    higher_choices,
    job_lines_by_location,
    list_lengths,
    offers_by_rank,
    outcome,
    outcome_of_ranks,
    placements,
    rank_distribution,
    status_words,
    unfilled,
    without_preferences,
    worst_off,
)
from allocator.measures.bands import amount
from allocator.measures.headline import alike_words, ranks_apart
from allocator.measures.outcome import NEVER_PLACED, scoreboard
from allocator.models import RunInputs, Settings, Term, Worker
from allocator.result import SolveResult, Status
from tests.builders import J1, J2, PLACEMENTS, W1, W3, W4, result_for, small_result, small_run
from tests.strategies import run_inputs


@st.composite
def placed_runs(draw: st.DrawFn) -> tuple[RunInputs, SolveResult]:
    """A run and any assignment of some of its workers, feasible or not."""
    inputs = draw(run_inputs())
    lines = st.sampled_from([j.id for j in inputs.job_lines])
    chosen = {w.id: draw(lines) for w in inputs.workers if draw(st.booleans())}
    return inputs, result_for(inputs, chosen)


@pytest.fixture
def placed() -> pd.DataFrame:
    return placements(small_run(), small_result())


def test_placements_by_hand(placed: pd.DataFrame) -> None:
    assert list(placed["name"]) == ["Ada Archer", "Ben Birch", "Cy Cole", "Di Dale"]
    assert list(placed["job_line_name"]) == ["Rural", "Surgery", "Medicine", "Emergency"]
    np.testing.assert_array_equal(placed["rank"], [3.0, 1.5, np.nan, np.nan])
    assert placed["choice"].tolist() == [3, 1, pd.NA, pd.NA]
    assert placed["score"].tolist() == [3.0, 1.5, 3.0, 2.5]
    assert placed["first_choice"].tolist() == [False, True, False, False]
    assert placed["weighting"].tolist() == [-2, 0, 0, 0]
    assert placed["rule"].iloc[0] == "Named as included"
    assert placed["cost"].sum() == pytest.approx(0.7 * 10 + 0.3 * 8)


def test_placements_power_raises_worker_dissatisfaction() -> None:
    placed = placements(small_run(), small_result(Settings(power=2)))
    assert placed["worker_dissatisfaction"].tolist() == [9.0, 2.25, 9.0, 6.25]


def test_placements_without_allocation_is_empty_with_columns() -> None:
    placed = placements(small_run(), result_for(small_run(), {}, status=Status.INFEASIBLE))
    assert placed.empty
    assert {"name", "rank", "cost"} <= set(placed.columns)


def test_placements_of_stranger_raises() -> None:
    with pytest.raises(KeyError):
        placements(small_run(), result_for(run_with_stranger(), {"x": J1}))


def run_with_stranger() -> RunInputs:
    inputs = small_run()
    return replace(inputs, workers=(*inputs.workers, Worker("x")))


def test_headline_by_hand() -> None:
    head = headline(small_run(), small_result())
    got = head.outcome
    assert (got.workers, head.submitted, got.ranked, got.no_preferences) == (4, 3, 3, (W4,))
    assert (head.job_lines, head.places, head.filled, head.not_placed) == (4, 6, 4, 0)
    assert (got.first_choices, got.first_choices_possible) == (1, 2)
    assert got.first_choice_words == "1 of 3 who ranked · best possible 2"
    assert got.within == {3: 2, 5: 2, 10: 2}
    assert got.unranked == 1
    assert (got.mean_rank, got.median_rank) == (2.25, 2.25)
    assert got.share(3) == pytest.approx(2 / 3)
    assert (got.mean_score, got.worst_score, got.n_worst) == (2.5, 3.0, 2)
    assert got.weighting_points == -2
    assert head.worst_off == ("Ada Archer", "Cy Cole")
    assert head.without_preferences == ("Di Dale",)
    assert head.status_words.startswith("Proven optimal")


def test_headline_rank_that_moved_up_is_counted() -> None:
    inputs = small_run()
    head = headline(inputs, result_for(inputs, {W3: J1}))
    assert head.moved_up == 1  # first in this run, second on the whole list
    assert head.outcome.first_choices == 1
    assert head.not_placed == 3


def test_headline_without_allocation_has_no_averages() -> None:
    head = headline(small_run(), result_for(small_run(), {}, status=Status.INFEASIBLE))
    got = head.outcome
    assert (got.mean_score, got.worst_score, head.ranks_apart) == (None, None, None)
    assert (head.worst_off, head.not_placed, got.first_choice_share) == ((), 4, 0.0)
    assert head.status_words == "No allocation satisfies every rule."


def test_outcome_of_stored_ranks_tells_what_they_can() -> None:
    got = outcome_of_ranks([1, 1.5, 2, None, 11])
    within = {"3": 3, "5": 3, "10": 3}
    assert got == {"placed": 5, "first_choices": 2, "within": within, "unranked": 1}


def test_status_words_name_the_gap() -> None:
    result = replace(small_result(), status=Status.FEASIBLE, gap=0.5, objective=10.0, bound=9.5)
    assert "at most 0.5 (5.00% of the total)" in status_words(result)
    cancelled = result_for(small_run(), {}, status=Status.CANCELLED)
    assert status_words(cancelled) == "Cancelled before an allocation was found."


def test_rank_distribution_by_hand(placed: pd.DataFrame) -> None:
    frame = rank_distribution(placed, 5)
    labels = ["1st", "2nd", "3rd", "Unranked", "No preferences", "Not placed"]
    assert list(frame["label"]) == labels
    assert list(frame["workers"]) == [1, 0, 1, 1, 1, 1]
    assert frame["cumulative_share"].tolist()[:3] == [0.2, 0.2, 0.4]
    assert frame["cumulative_workers"].isna().tolist() == [False] * 3 + [True] * 3


@given(placed_runs())
def test_distribution_bands_and_headline_agree(case: tuple[RunInputs, SolveResult]) -> None:
    inputs, result = case
    placed = placements(inputs, result)
    n = len(inputs.workers)
    distribution = rank_distribution(placed, n)
    assert distribution["workers"].sum() == n
    table = bands(placed, n, len(inputs.job_lines))
    assert table.loc[~table["of_above"], "workers"].sum() == n
    got = outcome(inputs, result)
    assert table["workers"].iloc[0] == got.first_choices
    assert distribution.loc[distribution["choice"] == 1, "workers"].sum() == got.first_choices
    top_three = table["workers"].iloc[:2].sum()
    assert top_three == (distribution["choice"].le(3) * distribution["workers"]).sum()
    # Six or more tied firsts share a rank beyond 3: a first choice, but not within the top 3.
    assert top_three == got.within[3] + (placed["first_choice"] & (placed["rank"] > 3)).sum()
    assert placed["cost"].sum() == pytest.approx(result.objective or 0.0)


@given(placed_runs(), st.sampled_from(["qualificationlevel", "tag"]))
def test_by_group_rows_add_up(case: tuple[RunInputs, SolveResult], grouping: str) -> None:
    inputs, result = case
    frame = by_group(inputs, placements(inputs, result), grouping)
    counts = frame.drop(columns=["group", "workers", "mean_rank"])
    assert (counts.sum(axis=1) == frame["workers"]).all()
    assert frame["workers"].iloc[-1] == len(inputs.workers)
    if grouping == "qualificationlevel":
        assert frame["workers"].iloc[:-1].sum() == len(inputs.workers)


def test_bands_labels_configurable_and_bottom(placed: pd.DataFrame) -> None:
    frame = bands(placed, 4, 12, edges=(1, 2), bottom=10)
    assert list(frame["band"]) == [
        "1st",
        "2nd",
        "Outside the top two",
        "of whom in the bottom ten",
        "Unranked",
        "No preferences",
    ]
    assert list(frame["workers"]) == [1, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("edges", [(), (0, 2), (3, 1), (1, 1)])
def test_bands_bad_limits_raise(placed: pd.DataFrame, edges: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="limits"):
        bands(placed, 4, 4, edges)


def test_by_group_by_hand(placed: pd.DataFrame) -> None:
    frame = by_group(small_run(), placed).set_index("group")
    assert frame.loc["PGY1", ["1st", "2nd–3rd"]].tolist() == [1, 1]
    assert frame.loc["PGY2", ["Unranked", "No preferences"]].tolist() == [1, 1]
    tags = by_group(small_run(), placed, "tag")
    assert list(tags["group"]) == ["ICU course", "Rural scheme", "No qualification", "All workers"]
    with pytest.raises(ValueError, match="group by"):
        by_group(small_run(), placed, "hospital")


def test_by_job_line_by_hand(placed: pd.DataFrame) -> None:
    frame = by_job_line(small_run(), placed)
    assert list(frame["job_line_name"]) == ["Surgery", "Medicine", "Emergency", "Rural"]
    assert list(frame["first_choices"]) == [3, 1, 0, 0]  # Ada, Ben (tied), Cy; Ben (tied)
    assert list(frame["times_ranked"]) == [3, 2, 1, 1]
    assert list(frame["eligible_workers"]) == [4, 4, 3, 2]
    assert list(frame["filled"]) == [1, 1, 1, 1]
    assert list(frame["open"]) == [0, 1, 1, 0]
    assert list(frame["offers"]) == ["1.5 (tied)", "Unranked", "Unranked", "3rd"]
    assert frame["holders"].iloc[0] == ("Ben Birch",)
    assert list(unfilled(small_run(), placed)["job_line_name"]) == ["Medicine", "Emergency"]


def test_by_job_line_of_nothing_is_all_open() -> None:
    inputs = small_run()
    placed = placements(inputs, result_for(inputs, {}, status=Status.INFEASIBLE))
    frame = by_job_line(inputs, placed)
    assert frame["filled"].sum() == 0
    assert set(frame["offers"]) == {""}
    assert (
        offers_by_rank(inputs, placed).drop(columns=["job_line", "job_line_name"]).sum().sum() == 0
    )


@given(placed_runs())
def test_offers_by_rank_adds_up_to_filled(case: tuple[RunInputs, SolveResult]) -> None:
    inputs, result = case
    placed = placements(inputs, result)
    offers = offers_by_rank(inputs, placed).drop(columns=["job_line", "job_line_name"])
    assert offers.sum(axis=1).tolist() == by_job_line(inputs, placed)["filled"].tolist()
    assert offers.sum().sum() == len(result.allocations)


def test_worst_off_orders_by_score_then_name(placed: pd.DataFrame) -> None:
    assert list(worst_off(placed, 3)["name"]) == ["Ada Archer", "Cy Cole", "Ben Birch"]
    assert list(without_preferences(placed)["name"]) == ["Di Dale"]


def test_higher_choices_say_who_holds_them() -> None:
    frame = higher_choices(small_run(), small_result(), W1)
    assert list(frame["job_line_name"]) == ["Surgery", "Medicine"]
    assert list(frame["holders"]) == ["Ben Birch (1.5 (tied))", "Cy Cole (Unranked)"]
    assert frame["eligible"].all()


def test_higher_choices_of_unplaced_is_the_whole_list() -> None:
    inputs = small_run()
    frame = higher_choices(inputs, result_for(inputs, {W4: J2}), W1)
    assert list(frame["rank"]) == [1, 2, 3]
    assert higher_choices(inputs, result_for(inputs, PLACEMENTS), W4).empty


def test_list_lengths_by_hand(placed: pd.DataFrame) -> None:
    frame = list_lengths(small_run(), placed, limits=(0, 1, 5))
    assert list(frame["group"]) == ["Ranked nothing", "1", "2–5", "All workers"]
    assert list(frame["workers"]) == [1, 1, 2, 4]
    assert list(frame["Unranked"]) == [0, 1, 0, 1]
    assert list(frame["No preferences"]) == [1, 0, 0, 1]


def test_ranks_apart_known_values() -> None:
    assert ranks_apart(np.array([4.0, 4.0, 4.0])) == 0.0
    assert ranks_apart(np.array([1.0, 3.0])) == pytest.approx(2)
    assert ranks_apart(np.array([1.0])) is None
    assert alike_words(None) == ""
    assert alike_words(0.0) == "All who ranked fare alike."
    assert "2.5 ranks apart" in alike_words(2.5)


@given(st.lists(st.floats(0.5, 100), min_size=2, max_size=8))
def test_ranks_apart_is_the_mean_over_all_pairs(values: list[float]) -> None:
    differences = [abs(a - b) for a, b in combinations(values, 2)]
    assert ranks_apart(np.array(values)) == pytest.approx(np.mean(differences), abs=1e-9)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (33.2, "33.2"),
        (3622.45, "3,622.45"),
        (86_673.4, "86,673"),
        (0.0125, "0.0125"),
        (1e-7, "less than 0.0001"),
    ],
)
def test_amount_never_shows_powers_of_ten(value, words):
    assert amount(value) == words


def never_on(inputs: RunInputs, worker_id: str, job_line: str) -> RunInputs:
    """The run with the job line in that worker's bucket *never*."""
    workers = [
        replace(w, preferences=replace(w.preferences, buckets={job_line: 50}))
        if w.id == worker_id
        else w
        for w in inputs.workers
    ]
    return replace(inputs, workers=tuple(workers))


def test_never_is_counted_named_and_told_beside_every_rank() -> None:
    inputs, result = never_on(small_run(), W1, PLACEMENTS[W1]), small_result()
    placed = placements(inputs, result)
    assert placed["bucket"].tolist() == ["Never", "", "", ""]
    assert outcome(inputs, result).never == 1
    assert headline(inputs, result).never == ("Ada Archer",)
    offers = by_job_line(inputs, placed)["offers"]
    assert [told for told in offers if "never" in told] == ["3rd · never"]
    kept = outcome(inputs, result).as_dict()
    assert (NEVER_PLACED, "1") in scoreboard(kept)
    assert all(label != NEVER_PLACED for label, _ in scoreboard({**kept, "never": 0}))


def test_outcome_by_hospital_counts_a_worker_at_each_hospital_of_the_year() -> None:
    inputs, result = small_run(), small_result()
    assert by_location(inputs, placements(inputs, result))["group"].tolist() == ["All workers"]
    at = {PLACEMENTS[W1]: ("North", "South"), PLACEMENTS[W3]: ("South",)}
    lines = [
        replace(j, terms=tuple(Term(None, None, location=name) for name in at.get(j.id, ())))
        for j in inputs.job_lines
    ]
    inputs = replace(inputs, job_lines=tuple(lines))
    frame = by_location(inputs, placements(inputs, result)).set_index("group")
    assert frame["workers"].to_dict() == {
        "North": 1,
        "South": 2,
        "No hospital given": 2,
        "All workers": 4,
    }
    assert job_lines_by_location(inputs)["South"] == {PLACEMENTS[W1], PLACEMENTS[W3]}
