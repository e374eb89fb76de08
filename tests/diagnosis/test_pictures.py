"""Pictures of a cause: its pairs with their rules, and the matrix with the blocks first."""

from __future__ import annotations

from allocator.diagnosis import (
    blocked_pairs,
    diagnose,
    reordered,
)
from allocator.models import Settings
from tests.diagnosis.test_causes import only_cause
from tests.open_runs import open_run


def test_pairs_of_a_cause_come_with_their_rules() -> None:
    run = open_run({"a": "XY", "b": "X", "c": "XY", "d": "Z"})
    cause = only_cause(run)
    picture = blocked_pairs(run, Settings(), cause)
    assert {(e.worker, e.job_line) for e in picture.edges} == {
        ("a", "X"), ("a", "Y"), ("b", "X"), ("c", "X"), ("c", "Y"),
    }  # fmt: skip
    assert {e.rule.words for e in picture.edges} == {"The job line asks for no qualification"}
    assert (picture.places, picture.seats, picture.needed) == ((1, 1), 2, 3)


def test_matrix_is_reordered_with_the_blocks_first() -> None:
    run = open_run({"a": "VW", "b": "VW", "c": "YZ", "d": "YZ", "e": "YZ"})
    whole = reordered(run, diagnose(run))
    assert [run.workers[row].id for row in whole.rows] == list("cdeab")
    assert [run.job_lines[column].id for column in whole.columns] == list("YZVW")
    assert whole.row_block.tolist() == [0, 0, 0, -1, -1]
    assert whole.column_block.tolist() == [0, 0, -1, -1]
    assert whole.allowed[:3, :2].all()
    assert not whole.allowed[:3, 2:].any()
