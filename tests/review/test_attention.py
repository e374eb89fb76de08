"""What needs attention in a run: by name, and each kind apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allocator.models import LeftOut, RunInputs
from allocator.review import attention, left_out_words
from tests.builders import W1, W4, small_run


def told(inputs: RunInputs) -> dict[str, tuple[str, ...]]:
    return {point.headline: point.names for point in attention(inputs)}


def silent(inputs: RunInputs, *workers: str) -> RunInputs:
    """The run, in which only these workers did not submit."""
    people = tuple(replace(w, submitted=w.id not in workers) for w in inputs.workers)
    return replace(inputs, workers=people)


def test_attention_names_who_did_not_submit_and_who_ranked_nothing() -> None:
    points = told(silent(small_run(), W1))
    assert points["Did not submit: 1 doctor"] == ("Ada Archer (ranked 3 job lines)",)
    assert points["Submitted, but ranked no job line of this run: 1 doctor"] == ("Di Dale",)
    assert told(silent(small_run(), W4))["Did not submit: 1 doctor"] == (
        "Di Dale (ranked nothing)",
    )


def test_attention_names_lines_that_few_may_hold_and_contested_ones() -> None:
    points = told(small_run())
    assert points["Job lines that fewer than 3 doctors may hold: 1"] == ("Rural (2)",)
    assert points["Job lines with more first choices than places: 1"] == (
        "Surgery (3 first choices for 1 place)",
    )
    nobody = replace(
        small_run(),
        workers=tuple(
            replace(w, preferences=small_run().worker(W4).preferences) for w in small_run().workers
        ),
    )
    (lines,) = (names for words, names in told(nobody).items() if "nobody ranked" in words)
    assert sorted(lines) == ["Emergency", "Medicine", "Rural", "Surgery"]


def test_attention_splits_who_and_what_was_left_out_by_kind_and_reason() -> None:
    out = (
        LeftOut("worker", "a", "Ann", "Withdrawn on 1 March 2026"),
        LeftOut("worker", "b", "Bob", "Already placed on Ward 1 by the run completed 2 May 2026"),
        LeftOut("worker", "c", "Cat", "Withdrawn on 2 March 2026"),
        LeftOut("job line", "d", "Ward 1", "Earlier completed runs took its place"),
    )
    points = told(replace(small_run(), left_out=out))
    doctors = points["Left out: 3 doctors (2 withdrawn, 1 already placed)"]
    assert doctors[0] == "Ann: Withdrawn on 1 March 2026"
    assert len(doctors) == 3
    assert points["Left out: 1 job line (1 filled by earlier runs)"] == (
        "Ward 1: Earlier completed runs took its place",
    )


@pytest.mark.parametrize(
    ("workers", "lines", "words"),
    [(0, 0, ""), (1, 0, "1 doctor"), (7, 24, "7 doctors, 24 job lines")],
)
def test_left_out_is_told_by_kind(workers: int, lines: int, words: str) -> None:
    assert left_out_words(workers, lines) == words
