"""Displayed frames: labels, words, ids by position, the plan's own time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from allocator.database.records import LoggedSolve
from allocator.errors import DataIssue, InputChange
from allocator.measures import by_job_line, higher_choices, placements, worst_off
from allocator.measures.comparison import EVERYBODY
from allocator.models import AllocatorRun
from allocator.result import Check, Status
from allocator.review import eligibility_by_worker, review_workers
from console.screens.scenarios.compare import masked
from console.ui import tables
from console.ui.solve_progress import log_frame
from tests.builders import W1, small_result, small_run


def test_display_uses_labels_and_words() -> None:
    shown = tables.display(review_workers(small_run()))
    assert list(shown["Submitted"]) == ["Yes", "Yes", "Yes", "No", ""]
    assert "worker" not in shown.columns
    flags = tables.display(eligibility_by_worker(small_run()))
    assert list(flags["Note"]) == ["Few", "", "", ""]


def test_display_joins_holders() -> None:
    lines = by_job_line(small_run(), placements(small_run(), small_result()))
    assert list(tables.display(lines)["Held by"]) == [
        "Ben Birch",
        "Cy Cole",
        "Di Dale",
        "Ada Archer",
    ]


def test_allocation_table_says_signs_in_words_and_keeps_positions() -> None:
    placed = placements(small_run(), small_result())
    shown = tables.allocation_table(placed)
    assert list(shown["Organisation's view"])[:2] == ["2 ranks more wanted", "No effect"]
    assert tables.id_at(placed, 0) == W1
    assert shown["Name"].iloc[0] == "Ada Archer"
    with pytest.raises(IndexError):
        tables.id_at(placed, 9)


def test_column_config_formats_shares_and_ranks() -> None:
    shown = tables.worst_off_table(worst_off(placements(small_run(), small_result())))
    assert set(tables.column_config(shown)) == {"Rank", "Rank counted"}
    higher = tables.higher_choices_table(higher_choices(small_run(), small_result(), W1))
    assert list(higher["Eligible"]) == ["Yes", "Yes"]


def test_issues_that_stop_the_run_come_first() -> None:
    issues = [
        DataIssue("t", "Ada", "is unknown.", "Remove it.", acknowledgeable=True),
        DataIssue("t", "Ben", "has rank 0.", "Mend it."),
    ]
    shown = tables.issues_table(issues)
    assert list(shown["Effect"]) == ["Stops the run", "Can be accepted"]
    assert list(shown["Where"]) == ["Ben", "Ada"]


def test_changes_and_checks_in_words() -> None:
    changes = tables.changes_table([InputChange("t", "Ada", "rank 1", "rank 2")])
    assert changes.to_numpy().tolist() == [["Ada", "rank 1", "rank 2"]]
    checks = tables.checks_table([Check("One job line each", 4), Check("Places", 4, ("Surgery",))])
    assert list(checks["Outcome"]) == ["Passed", "Surgery"]


def test_dates_are_in_the_plans_time_zone() -> None:
    noon = datetime(2026, 3, 1, 20, 5, tzinfo=UTC)
    run = AllocatorRun("r", "a", noon, timezone="Pacific/Auckland", startdate=date(2027, 1, 9))
    assert tables.moment_words(run, noon) == "2 March 2026 09:05 (Pacific/Auckland)"
    assert tables.moment_words(run, None) == ""
    assert tables.period(run) == "9 January 2027"


def test_costs_of_small_groups_are_blank_in_the_file():
    frame = pd.DataFrame(
        {
            "group": [EVERYBODY, EVERYBODY, "F1", "F1", "F2", "F2", "F3", "F3"],
            "scenario": ["a", "b"] * 4,
            "workers": [20, 20, 2, 2, 8, 8, 10, 10],
            "mean_score": [2.5] * 8,
        }
    )
    made = masked(frame)
    assert list(made["group"]) == list(frame["group"])
    by_group = made.set_index(["group", "scenario"])
    assert by_group.loc[(EVERYBODY, "a"), "workers"] == "20"
    assert pd.isna(by_group.loc[("F1", "a"), "mean_score"])
    assert by_group.loc[("F1", "b"), "workers"] in ("<5", "hidden")
    # One small group alone could be worked out from the others.
    assert by_group["mean_score"].isna().sum() > 2


@pytest.mark.parametrize(
    ("certified", "words"),
    [
        (False, "Stopped by hand, not proven optimal"),
        (True, "Stopped by hand: proven, but lots were not drawn"),
    ],
)
def test_solve_log_tells_a_stopped_draw_from_a_stopped_proof(certified: bool, words: str) -> None:
    at, status = datetime(2026, 1, 5, tzinfo=UTC), Status.CANCELLED.value
    facts = {"settings": {}, "scenario": "", "status": status, "objective": 1.0, "bound": 1.0}
    facts |= {"solver": "highs", "fingerprint": "f", "counts": {"certified": certified}}
    solve = LoggedSolve(id="s", operator="Ada", solved_at=at, seed=1, **facts)
    assert list(log_frame(small_run().run, [solve])["Outcome"]) == [words]
