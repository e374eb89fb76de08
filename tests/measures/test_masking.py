"""Masked tables: an attacker with linear programming learns no small count."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from allocator.measures import mask_small_counts
from tests.profiles import examples

BANDS = ["1st", "2nd–3rd", "Unranked"]


def table(rows: list[list[int]]) -> pd.DataFrame:
    """Counts by group and band, with totals both ways and a mean to blank."""
    counts = np.array(rows)
    frame = pd.DataFrame(counts, columns=BANDS)
    frame.loc[len(frame)] = counts.sum(axis=0)
    frame.insert(0, "group", [f"G{i}" for i in range(len(rows))] + ["All workers"])
    frame["workers"] = frame[BANDS].sum(axis=1)
    frame["mean_rank"] = 2.5
    return frame


def test_mask_small_count_takes_a_rectangle_with_it() -> None:
    shown = mask_small_counts(table([[10, 20, 3], [30, 6, 9], [12, 13, 14]]), BANDS, "workers")
    assert shown.loc[0, "Unranked"] == "<5"
    assert (shown[[*BANDS, "workers"]] == "hidden").sum().sum() == 3
    assert shown["mean_rank"].isna().tolist().count(False) == 2


def test_mask_leaves_the_totals_alone() -> None:
    shown = mask_small_counts(table([[10, 20, 1], [1, 0, 1], [9, 9, 0]]), BANDS, "workers")
    assert shown.loc[3, [*BANDS, "workers"]].tolist() == ["20", "29", "2", "51"]
    assert set(shown.loc[1, [*BANDS, "workers"]]) <= {"<5", "hidden"}


def test_mask_without_small_counts_changes_nothing_but_type() -> None:
    frame = table([[10, 20, 7], [30, 6, 9]])
    shown = mask_small_counts(frame, BANDS, "workers")
    assert (shown[BANDS] == frame[BANDS].astype(str)).all().all()


def test_mask_of_a_single_group_shows_what_the_totals_say() -> None:
    shown = mask_small_counts(table([[10, 20, 1]]), BANDS, "workers")
    assert shown.loc[0, "Unranked"] == "1"


def test_mask_overlapping_groups_hides_those_who_lack_the_tag() -> None:
    frame = table([[10, 20, 8], [30, 6, 9]])
    frame.loc[2, [*BANDS, "workers"]] = [31, 21, 30, 82]
    shown = mask_small_counts(frame, BANDS, "workers")
    assert shown.loc[1, "1st"] == "hidden"  # all but one of those placed 1st
    assert shown.loc[0, "2nd–3rd"] == "hidden"


@examples(60)
@given(
    st.lists(
        st.lists(st.one_of(st.integers(0, 6), st.integers(0, 40)), min_size=3, max_size=3).filter(
            any
        ),
        min_size=2,
        max_size=4,
    )
)
def test_mask_leaves_every_small_count_undetermined(rows: list[list[int]]) -> None:
    frame = table(rows)
    names = [*BANDS, "workers"]
    shown = mask_small_counts(frame, BANDS, "workers")[names].to_numpy()
    counts = frame[names].to_numpy(dtype=int)
    bounds = [
        {"<5": (0, 4), "hidden": (0, None)}.get(cell, (count, count))
        for cell, count in zip(shown.ravel(), counts.ravel(), strict=True)
    ]
    equations = []
    for axis, length in ((0, counts.shape[1]), (1, counts.shape[0])):
        for line in range(length):
            row = np.zeros(counts.shape)
            target = row[:, line] if axis == 0 else row[line, :]
            target[:-1], target[-1] = 1, -1
            equations.append(row.ravel())
    small = (counts > 0) & (counts < 5)
    small[-1] = False
    for position in np.flatnonzero(small.ravel()):
        ends = []
        for sign in (1, -1):
            goal = np.zeros(counts.size)
            goal[position] = sign
            found = linprog(goal, A_eq=equations, b_eq=np.zeros(len(equations)), bounds=bounds)
            ends.append(np.inf if found.status == 3 else abs(found.fun))
        assert ends[1] - ends[0] > 0.5, "a small count follows from the published figures"
